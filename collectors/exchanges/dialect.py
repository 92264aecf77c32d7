"""The socket dialect that Upbit introduced and Bithumb's API 2.x copied: shapes of frames and requests, no quirks.

Both name a field in full (format DEFAULT) or in short (SIMPLE); both are read here into the same shape, so each codec
only adds what is its own. Upbit docs v1.6.4 and Bithumb docs v2.1.5, checked 2026-11-20. Unknown keys are let through:
both exchanges add some every year.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from collectors.events import AskBid, Exchange, Fill, Market, Trade, market_of
from collectors.exchanges.frames import BadFrame, FeedError, StatusUp, Subscriptions

FIRST_MS = 1_000_000_000_000  # 2001; a smaller time is in seconds
LAST_MS = 10_000_000_000_000  # 2286; a larger one is in microseconds
CODE_CHARS = 40
MOST_CODES = 20_000  # that are remembered; no exchange has a tenth of it
ERROR_CHARS = 300  # of what an exchange says of an error; it goes into logs and health.json
INFINITY = float("inf")
MOST_LEVELS = 30  # of one side: Upbit sends so many, Bithumb half of it


class Level(Struct, gc=False):
    """One row of a book: the n-th best of both sides, side by side."""

    ask_price: float
    ask_size: float
    bid_price: float
    bid_size: float


class WireTrade(Struct, gc=False):
    """A trade as it came. `ask_bid` is the taker's side: ASK sold into a bid. Ids exceed 2^53."""

    code: str
    trade_price: float
    trade_volume: float
    ask_bid: AskBid
    trade_timestamp: int
    sequential_id: int
    stream_type: str = ""


class WireBook(Struct):
    """A whole book as it came; never a difference to the one before."""

    code: str
    orderbook_units: Sequence[Level]
    timestamp: int


class _Trade(WireTrade, tag_field="type", tag="trade", gc=False):
    pass


class _ShortTrade(
    WireTrade,
    tag_field="ty",
    tag="trade",
    gc=False,
    rename={
        "code": "cd",
        "trade_price": "tp",
        "trade_volume": "tv",
        "ask_bid": "ab",
        "trade_timestamp": "ttms",
        "sequential_id": "sid",
        "stream_type": "st",
    },
):
    code: str
    trade_price: float
    trade_volume: float
    ask_bid: AskBid
    trade_timestamp: int
    sequential_id: int
    stream_type: str = ""


class _ShortLevel(Level, gc=False, rename={"ask_price": "ap", "ask_size": "as", "bid_price": "bp", "bid_size": "bs"}):
    ask_price: float
    ask_size: float
    bid_price: float
    bid_size: float


class _Book(WireBook, tag_field="type", tag="orderbook"):
    orderbook_units: list[Level]


class _ShortBook(
    WireBook, tag_field="ty", tag="orderbook", rename={"code": "cd", "orderbook_units": "obu", "timestamp": "tms"}
):
    code: str
    orderbook_units: list[_ShortLevel]
    timestamp: int


_CANDLES = tuple(f"candle.{unit}" for unit in ("1s", "1m", "3m", "5m", "10m", "15m", "30m", "60m", "240m"))


def _ignored(tag_field: str) -> list[type[Struct]]:
    """Shapes of the known frames that nobody here asks for."""
    return [
        msgspec.defstruct(f"_Ignored{n}", (), tag_field=tag_field, tag=tag)
        for n, tag in enumerate(("ticker", *_CANDLES))
    ]


def _decoder(trade: type[Struct], book: type[Struct], tag_field: str) -> msgspec.json.Decoder[Any]:
    """One decoder over the tagged union of what a socket sends, alone or as a one-element array (the LIST formats)."""
    frame: Any = trade | book
    for ignored in _ignored(tag_field):
        frame = frame | ignored
    return msgspec.json.Decoder(frame | list[frame])


_LONG = _decoder(_Trade, _Book, "type")
_SHORT = _decoder(_ShortTrade, _ShortBook, "ty")


class _Ordinary(
    Fill,
    gc=False,
    rename={
        "code": "cd",
        "price": "tp",
        "volume": "tv",
        "ask_bid": "ab",
        "traded_ms": "ttms",
        "trade_id": "sid",
        "type": "ty",
        "kind": "st",
    },
):
    """A trade as nearly every frame is one: short keys, every value believable, and no snapshot."""

    code: str
    traded_ms: Annotated[int, Meta(ge=FIRST_MS, lt=LAST_MS)]
    price: Annotated[float, Meta(gt=0)]
    volume: Annotated[float, Meta(gt=0)]
    ask_bid: AskBid
    trade_id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    type: Literal["trade"]  # no tag, which may be missing where there is but one shape
    kind: Literal["REALTIME"]


_ORDINARY = msgspec.json.Decoder(_Ordinary)


class _Error(Struct):
    name: str | int
    message: str = ""


class _Subscribed(Struct):
    type: str = ""
    ty: str = ""
    codes: tuple[str, ...] = ()
    cds: tuple[str, ...] = ()


class _Control(Struct):
    """Frames without a type: status, error, and the list of subscriptions in both formats."""

    status: str | None = None
    error: _Error | None = None
    result: list[_Subscribed] | None = None
    rslt: list[_Subscribed] | None = None
    ticket: str = ""
    tckt: str = ""


_CONTROL = msgspec.json.Decoder(_Control | list[_Control])

Wire = WireTrade | WireBook | StatusUp | FeedError | Subscriptions | None


def read(exchange: Exchange, frame: bytes) -> Wire:
    """The shape behind one frame; None for a known kind that was not asked for; raise BadFrame for anything else."""
    try:
        wire = (_SHORT if b'"ty":' in frame else _LONG).decode(frame)
    except msgspec.ValidationError as e:
        return read_control(exchange, frame, str(e))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise BadFrame(exchange, str(e), frame) from e
    if isinstance(wire, WireTrade) or isinstance(wire, WireBook):  # noqa: SIM101 - a tuple costs the hot path 50 ns
        return wire
    if isinstance(wire, list):
        if len(wire) != 1:
            raise BadFrame(exchange, "expected one object, got an array of another length", frame)
        return wire[0] if isinstance(wire[0], (WireTrade, WireBook)) else None
    return None


W = TypeVar("W")


def one_of(
    exchange: Exchange, frame: bytes, long: msgspec.json.Decoder[W | list[W]], short: msgspec.json.Decoder[W | list[W]]
) -> W | StatusUp | FeedError | Subscriptions:
    """The object of a frame in full or in short words, alone or as a one-element array, else a control frame; raise
    BadFrame for anything else. For sockets that carry one kind of thing; `read` is for trades and books.
    """
    try:
        wire = (short if b'"ty":' in frame else long).decode(frame)
    except msgspec.ValidationError as e:
        return read_control(exchange, frame, str(e))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        raise BadFrame(exchange, str(e), frame) from e
    if not isinstance(wire, list):
        return wire
    if len(wire) != 1:
        raise BadFrame(exchange, "expected one object, got an array of another length", frame)
    return wire[0]


def read_control(exchange: Exchange, frame: bytes, typed_reason: str) -> StatusUp | FeedError | Subscriptions:
    """A frame without a type; raise BadFrame with `typed_reason` (why it is no typed frame) if it is nothing known."""
    try:
        control = _CONTROL.decode(frame)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadFrame(exchange, typed_reason, frame) from None
    if isinstance(control, list):
        if len(control) != 1:
            raise BadFrame(exchange, typed_reason, frame)
        control = control[0]
    if control.error is not None:
        return FeedError(str(control.error.name)[:ERROR_CHARS], control.error.message[:ERROR_CHARS])
    listed = control.result if control.result is not None else control.rslt
    if listed is not None:
        codes = {each.type or each.ty: each.codes or each.cds for each in listed}
        return Subscriptions(codes, control.ticket or control.tckt)
    if control.status == "UP":
        return StatusUp()
    raise BadFrame(exchange, typed_reason, frame)


class Markets(dict[str, Market]):
    """Markets of one exchange by code, each made once: the same code gives the same object, up to MOST_CODES."""

    def __init__(self, exchange: Exchange) -> None:
        super().__init__()
        self._exchange = exchange

    def __missing__(self, code: str) -> Market:
        if len(code) > CODE_CHARS or not code.isprintable() or " " in code:
            raise ValueError(f"{self._exchange}: {code[:CODE_CHARS]!r} is not a market code")
        market = market_of(self._exchange, code)
        if len(self) < MOST_CODES:
            self[code] = market
        return market

    def named_in(self, frame: bytes, code: str) -> Market:
        """The market of a code that `frame` names; raise BadFrame if it is none."""
        try:
            return self[code]
        except ValueError as e:
            raise BadFrame(self._exchange, "not a market code", frame) from e


def trade_breach(wire: WireTrade) -> str | None:
    """What makes this trade unbelievable whatever the market, or None. NaN and infinity fail the same comparisons."""
    if not 0.0 < wire.trade_price < INFINITY:
        return "non-positive price"
    if not 0.0 < wire.trade_volume < INFINITY:
        return "non-positive volume"
    if not FIRST_MS <= wire.trade_timestamp < LAST_MS:
        return "trade time is not in milliseconds"
    if not 0 <= wire.sequential_id < 2**63:
        return "sequential_id is not a 63-bit number"
    return None


def trade(markets: Markets, wire: WireTrade, frame: bytes, received_ms: int) -> Trade:
    """The trade behind one frame; raise BadFrame if it is unbelievable."""
    market = markets.named_in(frame, wire.code)
    if breach := trade_breach(wire):
        raise BadFrame(market.exchange, breach, frame)
    return Trade(
        market,
        wire.trade_price,
        wire.trade_volume,
        "sell" if wire.ask_bid == "ASK" else "buy",
        wire.trade_timestamp,
        received_ms,
        wire.sequential_id,
        wire.stream_type == "SNAPSHOT",
    )


def ordinary_trades(markets: Markets, frames: Sequence[bytes]) -> Sequence[Fill] | None:
    """All frames at once, if each is an ordinary trade; None if any is not: then they are to be read one by one.

    A line for each frame: no valid JSON holds a line break inside a value, and a frame that is more or less than one
    line shows in the count (an empty one beside one of two lines would not).
    """
    try:
        fills = _ORDINARY.decode_lines(b"\n".join(frames))
        if len(fills) != len(frames) or not all(frames):
            return None
        codes = {fill.code for fill in fills}
        if not markets.keys() >= codes:
            for code in codes:
                markets[code]  # raises ValueError for what is no code
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    return fills


Side = tuple[tuple[float, float], ...]


def sides(levels: Sequence[Level]) -> tuple[Side, Side]:
    """Bids and asks, best first, of what can be traded: rows with a zero price or size are left out.

    A book that is longer than any that is documented costs no more memory than those.
    """
    bids = [(row.bid_price, row.bid_size) for row in levels if row.bid_price > 0.0 and row.bid_size > 0.0]
    asks = [(row.ask_price, row.ask_size) for row in levels if row.ask_price > 0.0 and row.ask_size > 0.0]
    bids.sort(reverse=True)
    asks.sort()
    return tuple(bids[:MOST_LEVELS]), tuple(asks[:MOST_LEVELS])


def request(ticket: str, codes_by_type: Mapping[str, Sequence[str]], form: Literal["DEFAULT", "SIMPLE"]) -> str:
    """A subscription request. It replaces what the connection had; each code first gets a SNAPSHOT frame."""
    types = [{"type": kind, "codes": list(codes)} for kind, codes in codes_by_type.items() if codes]
    return msgspec.json.encode([{"ticket": ticket}, *types, {"format": form}]).decode()


def list_request(ticket: str) -> str:
    """The request for the connection's subscriptions. It names no format: one here would change the connection's."""
    return msgspec.json.encode([{"method": "LIST_SUBSCRIPTIONS"}, {"ticket": ticket}]).decode()
