"""The vocabulary everyone may import: market, trade, order book, candle, gap, notice, sighting, listing.

All types are frozen. Times are `int` UTC epoch milliseconds and name their clock: `traded_ms`, `published_ms`,
`taken_ms` are the exchange's, `received_ms`, `seen_ms` are ours. Prices are in quote units, volumes in base units.
"""

from collections.abc import Iterator, Sequence
from enum import Enum
from typing import Literal

from msgspec import Struct

Exchange = Literal["upbit", "bithumb"]
EXCHANGES: tuple[Exchange, ...] = ("upbit", "bithumb")
Side = Literal["buy", "sell"]
AskBid = Literal["ASK", "BID"]


class Market(Struct, frozen=True, cache_hash=True, order=True):
    """One book on one exchange: `Market("upbit", "BTC", "KRW")` is BTC priced in KRW at Upbit."""

    exchange: Exchange
    base: str
    quote: str

    @property
    def code(self) -> str:
        """The exchange's own spelling, quote first: `KRW-BTC` (Upbit and Bithumb API 2.x)."""
        return f"{self.quote}-{self.base}"


def market_of(exchange: Exchange, code: str) -> Market:
    """The market behind a code such as `KRW-BTC`; raise ValueError if it is not `QUOTE-BASE`."""
    quote, dash, base = code.partition("-")
    if not (quote and dash and base):
        raise ValueError(f"{exchange}: {code!r} is not a market code of the form QUOTE-BASE")
    return Market(exchange, base, quote)


class Trade(Struct, frozen=True, gc=False):
    """One public fill. `side` is the taker's. `trade_id` is the wire's `sequential_id` on the channel it came by.

    Upbit's id is the same over socket and REST and orders trades inside a millisecond; Bithumb's socket id is unique
    on the socket only. `snapshot` marks the last trade before a subscription, repeated by the exchange when it starts.
    """

    market: Market
    price: float
    volume: float
    side: Side
    traded_ms: int
    received_ms: int
    trade_id: int
    snapshot: bool = False


class Fill(Struct, gc=False):
    """A trade as it stands among others that came with it, in the exchange's own words; `Fills` has the rest.

    `ask_bid` is the taker's side: ASK sold into a bid. The fields stand in the order of the wire, in which the decoder
    looks for them.
    """

    code: str
    traded_ms: int
    price: float
    volume: float
    ask_bid: AskBid
    trade_id: int


class Fills(Struct, frozen=True):
    """Trades of one exchange that were received together, at least one, in the order they came; no snapshot.

    So nearly all come. To make each a `Trade` costs about as much as to decode it, and a candle needs none.
    """

    exchange: Exchange
    received_ms: int
    each: Sequence[Fill]

    def trades(self) -> Iterator[Trade]:
        """They, each for itself."""
        for fill in self.each:
            yield whole(fill, market_of(self.exchange, fill.code), self.received_ms)


def whole(fill: Fill, market: Market, received_ms: int) -> Trade:
    """The trade that stands alone; `market` is that of its code."""
    side: Side = "sell" if fill.ask_bid == "ASK" else "buy"
    return Trade(market, fill.price, fill.volume, side, fill.traded_ms, received_ms, fill.trade_id)


class OrderBook(Struct, frozen=True):
    """Best-first (price, size) levels of both sides; never a zero price or size. `taken_ms` is the exchange's time."""

    market: Market
    bids: tuple[tuple[float, float], ...]
    asks: tuple[tuple[float, float], ...]
    taken_ms: int
    received_ms: int


class Candle(Struct, frozen=True, gc=False):
    """A closed interval that starts at `open_ms` (exchange time); one second or one minute, as the context says.

    `volume` is in base units, `quote_volume` is the sum of price × volume, `trades` is a count and at least 1.
    """

    market: Market
    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: int


class GapCause(Enum):
    """Why we did not listen."""

    START = "start"  # before the daemon's first coverage, or between two runs
    STOP = "stop"
    DISCONNECT = "disconnect"
    STALE = "stale"
    NEVER_LIVE = "never_live"  # connected, but no first message by the deadline
    DROPPED = "dropped"  # candles or trades that could not be kept
    PAUSED = "paused"  # storage full or locked
    QUARANTINED = "quarantined"  # a trade we refused to believe
    MARKET_ADDED = "market_added"
    DIFFERED = "differed"  # found afterwards: the exchange's own record differs from ours


class Gap(Struct, frozen=True):
    """An interval [from_ms, to_ms) that we know we missed; `market` None: every market of the exchange.

    `to_ms` None: still open.
    """

    exchange: Exchange
    market: Market | None
    from_ms: int
    to_ms: int | None
    cause: GapCause


class Notice(Struct, frozen=True):
    """One version of an exchange's announcement, text exactly as received.

    `notice_id` is Upbit's `uuid` (the one name that socket and site share) or the digits that end Bithumb's `pc_url`.
    `published_ms` is the first publication, `edited_ms` this version's; both the exchange's clock.
    """

    exchange: Exchange
    notice_id: str
    title: str
    categories: tuple[str, ...]
    published_ms: int | None
    edited_ms: int | None
    url: str | None = None
    body: str | None = None


class Channel(Enum):
    """The listing channels, under the one name each has in health.json, `sightings.channel` and the simulator."""

    UPBIT_ANNOUNCEMENT = "upbit:announcement"
    UPBIT_NOTICES = "upbit:notices"
    UPBIT_MARKET_LIST = "upbit:market_list"
    UPBIT_TICKER_ALL = "upbit:ticker_all"
    BITHUMB_NOTICES = "bithumb:notices"
    BITHUMB_MARKET_LIST = "bithumb:market_list"
    BITHUMB_TICKER_ALL = "bithumb:ticker_all"
    BITHUMB_ASSETS = "bithumb:assets"


def exchange_of(channel: Channel) -> Exchange:
    """Whose listings it shows."""
    return "upbit" if channel.value.startswith("upbit:") else "bithumb"


class SightingKind(Enum):
    """What a channel showed of one coin."""

    NOTICE = "notice"  # announced, or an announcement edited (times, quotes)
    POSTPONED = "postponed"  # the announcement was edited to move the start
    CANCELLED = "cancelled"  # the announcement was withdrawn
    IN_LIST = "in_list"  # its code appeared in a market list or an all-ticker page
    OUT_OF_LIST = "out_of_list"  # its code vanished from a list that is otherwise whole
    IN_ASSETS = "in_assets"  # it is new among the deposit and withdrawal states: a hint, no listing by itself
    DEPOSITS_OPEN = "deposits_open"
    TRADED = "traded"  # its first trade was received


class Sighting(Struct, frozen=True):
    """What one channel showed of one coin at one moment. `seen_ms` is ours; the other times are the exchange's.

    `edited_ms` is when the exchange made the version of the notice that was seen: a slow channel may show an old one.
    For TRADED, `trading_starts_ms` is the time of that first trade.
    """

    exchange: Exchange
    base: str
    quotes: tuple[str, ...]
    channel: Channel
    kind: SightingKind
    seen_ms: int
    published_ms: int | None = None
    trading_starts_ms: int | None = None
    deposit_opens_ms: int | None = None
    notice_id: str | None = None
    url: str | None = None
    title: str | None = None
    edited_ms: int | None = None


class ListingState(Enum):
    """Where a listing stands. SETTLED is 24 h after the first trade."""

    ANNOUNCED = "announced"
    POSTPONED = "postponed"
    DEPOSITS_OPEN = "deposits_open"
    TRADING = "trading"
    SETTLED = "settled"
    CANCELLED = "cancelled"


class Listing(Struct, frozen=True):
    """One coin becoming tradable on one exchange. `episode` counts relistings from 1.

    An episode ends when it is cancelled, or gone for more than 24 h. `listing_id` is the row's id once it is stored.
    `gone_ms` is when it vanished from a list or was cancelled. The two `…_told_ms` say how new the news is that gave
    the time beside them (the notice's version, else when we saw it), so that an old page cannot move a time back.
    `deposit_closed_ms` is when its deposits were first seen to be closed.
    """

    exchange: Exchange
    base: str
    episode: int
    quotes: tuple[str, ...]
    state: ListingState
    first_seen_ms: int
    first_channel: Channel
    published_ms: int | None = None
    trading_starts_ms: int | None = None
    deposit_opens_ms: int | None = None
    first_trade_ms: int | None = None
    gone_ms: int | None = None
    notice_id: str | None = None
    url: str | None = None
    title: str | None = None
    listing_id: int | None = None
    trading_told_ms: int | None = None
    deposit_told_ms: int | None = None
    deposit_closed_ms: int | None = None

    @property
    def key(self) -> str:
        """What makes two alerts the same news: `exchange:base:episode`."""
        return f"{self.exchange}:{self.base}:{self.episode}"
