"""The bodies of the control calls, checked while they are parsed: an unknown or mistyped field is refused by name."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta, Struct

Ticker = Annotated[str, Meta(pattern=r"^[0-9A-Z]{1,12}$")]
ExchangeName = Literal["upbit", "bithumb"]
Seconds = Annotated[float, Meta(ge=0, le=10_000_000)]
Positive = Annotated[float, Meta(gt=0)]
Millis = Annotated[int, Meta(ge=0, le=3_600_000)]


class VenueOrder(Struct, forbid_unknown_fields=True):
    """A coin at a global venue; what is left out stays as it is (new coin: the fair price, with a perpetual)."""

    price: Positive | None = None
    latency_ms: Millis | None = None
    contract: str | None = None
    perp: bool | None = None
    withdrawal: bool | None = None


class ListingOrder(Struct, forbid_unknown_fields=True):
    """`announce_in_s` null: no notice at all. `venues` of a new coin: only those named; null takes the coin off."""

    exchange: ExchangeName
    base: Ticker
    quotes: list[str] | None = None
    name: str | None = None
    title: str | None = None
    body: str | None = None
    announce_in_s: Seconds | None = 0.0
    deposits_in_s: Seconds | None = None
    trading_in_s: Seconds = 60.0
    premium_pct: Annotated[float, Meta(gt=-100)] = 30.0
    premium_path: list[tuple[Seconds, float]] | None = None
    deposit_open: bool = True
    withdrawal_open: bool = True
    networks: list[str] | None = None
    venues: Mapping[str, VenueOrder | None] | None = None


class ListingEdit(Struct, forbid_unknown_fields=True):
    exchange: ExchangeName
    base: Ticker
    postpone_s: float | None = None
    cancel: bool = False


class NoticeOrder(Struct, forbid_unknown_fields=True):
    """`category` as the exchange spells it (거래, 입출금, …); Bithumb's may be a list."""

    exchange: ExchangeName
    title: Annotated[str, Meta(min_length=1)]
    body: str | None = None
    category: str | list[str] | None = None


class NoticeEdit(Struct, forbid_unknown_fields=True):
    exchange: ExchangeName
    notice_id: int | str
    title: str | None = None
    body: str | None = None


class MarketOrder(Struct, forbid_unknown_fields=True):
    """`to` is the new code of a rename (default: a 2 is appended)."""

    exchange: ExchangeName
    code: str
    op: Literal["add", "remove", "rename"]
    to: str | None = None


class WalletOrder(Struct, forbid_unknown_fields=True):
    exchange: ExchangeName
    base: Ticker
    network: Annotated[str, Meta(min_length=1)]
    deposit: bool
    withdrawal: bool


class FaultOrder(Struct, forbid_unknown_fields=True):
    """`every`: a frame fault hits each frame of that number. `chat_id`: a Telegram fault of that chat only."""

    target: str
    kind: str
    for_s: Annotated[float, Meta(gt=0, le=10_000_000)] = 10.0
    by_ms: Annotated[int, Meta(ge=-86_400_000, le=86_400_000)] = 0
    retry_after_s: Annotated[int, Meta(ge=0, le=1_000_000)] = 5
    factor: Positive = 1.0
    status: Annotated[int, Meta(ge=200, le=599)] | None = None
    every: Annotated[int, Meta(ge=1)] = 3
    size: Annotated[int, Meta(ge=1, le=64_000_000)] | None = None
    chat_id: int | str | None = None
    new_chat_id: int | None = None


class UserAct(Struct, forbid_unknown_fields=True):
    """What a user does to the bot: `text` is a message, `data` the button of `message_id`, `blocked` a (un)blocking."""

    chat_id: int
    text: str | None = None
    data: str | None = None
    message_id: int | None = None
    from_id: int | None = None
    blocked: bool | None = None
