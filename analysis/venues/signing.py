"""How requests for transfer state are signed with a read-only key. Pure: key and time in, headers and parameters out.

Binance "SIGNED endpoint security": HMAC-SHA256 in hex over the query. OKX v5 "REST authentication": HMAC-SHA256 in
base64 over time, method, path and query. Bybit v5 "Integration guidance": HMAC-SHA256 in hex over time, key, receive
window and query.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlencode

from msgspec import Struct, structs

from analysis.fetching.reading import Reply
from analysis.quotes import Silent

T = TypeVar("T")

RECEIVE_WINDOW_MS = 5_000
SHORTEST_SECRET = 8  # OKX's passphrases have 8 characters at least, all else has more


class ApiKey(Struct, frozen=True):
    """A read-only key of one venue; its repr shows nothing. `passphrase` is OKX's third part."""

    key: str
    secret: str
    passphrase: str = ""

    def __repr__(self) -> str:
        return "ApiKey(…)"

    __str__ = __repr__


HeldKey = Callable[[], ApiKey | Silent]
"""A venue's key as it stands now: the key, or why it may not be used."""

NEEDED = {"binance": "Binance", "okx": "OKX", "bybit": "Bybit"}


def absent(venue: str) -> HeldKey:
    """No key was given."""
    return lambda: Silent(f"{NEEDED[venue]} tells transfer state only with a key ({venue.upper()}_API_KEY)")


def blind(api: ApiKey, parse: Callable[[Reply], T]) -> Callable[[Reply], T]:
    """The same parser for a reply without any part of the key: what it says of a refusal goes into logs and tables."""

    def parse_blindly(reply: Reply) -> T:
        body = reply.body
        for part in (api.key, api.secret, api.passphrase):
            body = body.replace(part.encode(), b"...") if len(part) >= SHORTEST_SECRET else body
        return parse(structs.replace(reply, body=body))

    return parse_blindly


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
