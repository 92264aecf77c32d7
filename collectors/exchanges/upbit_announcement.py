"""Upbit's announcement socket, as pure functions: the fastest official news of a listing. Needs any API key.

Contract: docs.upbit.com/kr/v1.6.4 websocket-announcement, live since 2026-08-31 (checked 2026-11-20). Only what is new
comes: there is no snapshot, so the site's list must be read once after each connect. Silence is healthy here. The form
of `url` is not verified; the notice's name is its `uuid`, the same as on the site.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from collectors.events import Notice
from collectors.exchanges import dialect
from collectors.exchanges.frames import FeedError, StatusUp, Subscriptions
from collectors.exchanges.rest import kst_ms, text

PATH = "/websocket/v1/private"
PING_EVERY_S = 30.0  # Upbit closes after 120 s without traffic; its own repeated status is not counted on
LISTINGS = ("trade",)
WANTED = (*LISTINGS, "wallet", "digital_asset", "notice")  # where halts, swaps and renames are announced as well

# What Upbit says no with, to a handshake (docs.upbit.com REST errors, 401) or in an error frame, and what helps.
REMEDIES = {
    "no_authorization_ip": "this machine's address is not on the key's list; add it under Upbit > My page > Open API",
    "expired_access_key": "the key has expired (they live a year); make a new one and set both halves",
    "invalid_access_key": "Upbit doesn't know the key; check UPBIT_ACCESS_KEY",
    "jwt_verification": "the signature is wrong; check UPBIT_SECRET_KEY",
    "nonce_used": "the token was used before; it is made anew for the next try",
    "INVALID_AUTH": "Upbit refuses the key; check UPBIT_ACCESS_KEY and UPBIT_SECRET_KEY",
}

# The socket names categories in English, the site in Korean; notices carry the site's words.
CATEGORIES = {
    "notice": "안내",
    "trade": "거래",
    "wallet": "입출금",
    "maintenance": "점검",
    "digital_asset": "디지털 자산",
    "nft": "NFT",
    "event": "이벤트",
}


class _Announcement(Struct, tag_field="type", tag="announcement"):
    """A title and a name are enough: what else is missing, or of another shape, must not hide the notice."""

    uuid: str
    title: str
    category: object = ""
    url: object = None
    body: object = None
    first_listed_at: object = None
    listed_at: object = None


class _ShortAnnouncement(
    Struct,
    tag_field="ty",
    tag="announcement",
    rename={
        "uuid": "uid",
        "title": "tt",
        "category": "cat",
        "body": "bd",
        "first_listed_at": "flat",
        "listed_at": "lat",
    },
):
    uuid: str
    title: str
    category: object = ""
    url: object = None
    body: object = None
    first_listed_at: object = None
    listed_at: object = None


_LONG = msgspec.json.Decoder(_Announcement | list[_Announcement])
_SHORT = msgspec.json.Decoder(_ShortAnnouncement | list[_ShortAnnouncement])


def subscribe(categories: Sequence[str], ticket: str, *, include_body: bool = True) -> str:
    """The request for announcements of `categories` (keys of CATEGORIES; an unknown one is refused by Upbit)."""
    wanted = {"type": "announcement", "categories": list(categories), "include_body": include_body}
    return msgspec.json.encode([{"ticket": ticket}, wanted, {"format": "DEFAULT"}]).decode()


def decode(frame: bytes) -> Notice | StatusUp | FeedError | Subscriptions:
    """One version of a notice (CREATED and UPDATED alike), or a control frame; raise BadFrame otherwise."""
    wire = dialect.one_of("upbit", frame, _LONG, _SHORT)
    if not isinstance(wire, _Announcement | _ShortAnnouncement):
        return wire
    category = text(wire.category)
    return Notice(
        exchange="upbit",
        notice_id=wire.uuid,
        title=wire.title,
        categories=(CATEGORIES.get(category, category),) if category else (),
        published_ms=kst_ms(wire.first_listed_at),
        edited_ms=kst_ms(wire.listed_at),
        url=text(wire.url) or None,
        body=wire.body if isinstance(wire.body, str) else None,
    )


class _Error(Struct):
    name: str | int
    message: str = ""


class _Refusal(Struct):
    error: _Error


def refusal(status: int, body: bytes) -> str:
    """Why a handshake was answered with an HTTP status instead of a socket, and what helps."""
    try:
        error = msgspec.json.decode(body, type=_Refusal).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"the handshake was answered with HTTP {status}"
    return explained(FeedError(str(error.name), error.message))


def explained(error: FeedError) -> str:
    """Upbit's word for it, then the remedy or else Upbit's own text."""
    return f"{error.name}: {REMEDIES.get(error.name, error.message)}"


def is_about_key(reason: str) -> bool:
    """Whether only the owner can help: asking again soon changes nothing."""
    name = reason.partition(":")[0]
    return name in REMEDIES and name != "nonce_used"
