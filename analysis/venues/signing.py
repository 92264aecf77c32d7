"""How requests for transfer state are signed with a read-only key. Pure: key and time in, headers and parameters out.

Binance "SIGNED endpoint security": HMAC-SHA256 in hex over the query. OKX v5 "REST authentication": HMAC-SHA256 in
base64 over time, method, path and query. Bybit v5 "Integration guidance": HMAC-SHA256 in hex over time, key, receive
window and query.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from msgspec import Struct

RECEIVE_WINDOW_MS = 5_000


class ApiKey(Struct, frozen=True):
    """A read-only key of one venue; its repr shows nothing. `passphrase` is OKX's third part."""

    key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "ApiKey(…)"

    __str__ = __repr__


def binance(api: ApiKey, params: Mapping[str, str], now_ms: int) -> tuple[dict[str, str], dict[str, str]]:
    """The parameters with time and signature, and the header with the key."""
    signed = {**params, "recvWindow": str(RECEIVE_WINDOW_MS), "timestamp": str(now_ms)}
    signed["signature"] = _mac(api.secret, urlencode(signed)).hex()
    return signed, {"X-MBX-APIKEY": api.key}


def okx(api: ApiKey, path: str, params: Mapping[str, str], now_ms: int) -> dict[str, str]:
    """The headers for GET `path` with these parameters."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    query = f"?{urlencode(params)}" if params else ""
    return {
        "OK-ACCESS-KEY": api.key,
        "OK-ACCESS-SIGN": base64.b64encode(_mac(api.secret, f"{at}GET{path}{query}")).decode(),
        "OK-ACCESS-TIMESTAMP": at,
        "OK-ACCESS-PASSPHRASE": api.passphrase,
    }


def bybit(api: ApiKey, params: Mapping[str, str], now_ms: int) -> dict[str, str]:
    """The headers for a GET with these parameters."""
    told = f"{now_ms}{api.key}{RECEIVE_WINDOW_MS}{urlencode(params)}"
    return {
        "X-BAPI-API-KEY": api.key,
        "X-BAPI-TIMESTAMP": str(now_ms),
        "X-BAPI-RECV-WINDOW": str(RECEIVE_WINDOW_MS),
        "X-BAPI-SIGN": _mac(api.secret, told).hex(),
    }


def _mac(secret: str, text: str) -> bytes:
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()
