"""An Upbit API key and the bearer token that it signs. Pure: the nonce is an argument.

Contract: docs.upbit.com/kr reference "auth": JWT, HS256, payload `access_key` and a `nonce` that is never used twice
(checked 2026-11-20). The key needs no permission for anything that the radar asks.
"""

import base64
import hashlib
import hmac

import msgspec
from msgspec import Struct

_HEADER = b'{"alg":"HS256","typ":"JWT"}'


class UpbitKey(Struct, frozen=True):
    """Never shows itself: its repr holds neither half, so that no log, traceback or debugger line can."""

    access: str
    secret: str

    def __repr__(self) -> str:
        return "UpbitKey(set)"

    __str__ = __repr__


def bearer(key: UpbitKey, nonce: str) -> str:
    """The value of the `Authorization` header for one request or handshake without parameters."""
    payload = msgspec.json.encode({"access_key": key.access, "nonce": nonce})
    signed = b".".join((_unpadded(_HEADER), _unpadded(payload)))
    signature = hmac.new(key.secret.encode(), signed, hashlib.sha256).digest()
    return f"Bearer {signed.decode()}.{_unpadded(signature).decode()}"


def _unpadded(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
