"""What the simulated world shows to the services: frozen values, free of any wire format.

Times are UTC epoch milliseconds of the simulated clock. Prices are floats in quote units, volumes in base units.
"""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

Side = Literal["buy", "sell"]
MarketState = Literal["PREVIEW", "ACTIVE", "DELISTED"]
Session = Literal["utc", "kst"]
Level = tuple[float, float]  # price, size


class SimMarket(Struct, frozen=True):
    """One row of a Korean exchange's market list. `warning` is 유의 (by hand), `cautions` names the automatic 주의."""

    exchange: str
    code: str
    base: str
    quote: str
    korean_name: str
    english_name: str
    state: MarketState = "ACTIVE"
    warning: bool = False
    cautions: frozenset[str] = frozenset()
    listed_ms: int = 0
    trading_starts_ms: int | None = None


class SimTrade(Struct, frozen=True, gc=False):
    """One fill; `side` is the taker's. All stamps are as sent, a skewed exchange clock included.

    `sent_ms` is the publish stamp of the socket frame. Upbit: `ws_id == rest_id`. Bithumb: `rest_id` is shared by the
    trades of one millisecond. The best quotes are those that the fill left behind.
    """

    exchange: str
    code: str
    price: float
    volume: float
    side: Side
    traded_ms: int
    sent_ms: int
    ws_id: int
    rest_id: int
    best_bid: float
    best_bid_size: float
    best_ask: float
    best_ask_size: float


class SimBook(Struct, frozen=True):
    """Best-first levels; both sides are empty before the first trade of a market. Totals run over the whole book."""

    bids: tuple[Level, ...]
    asks: tuple[Level, ...]
    total_bid_size: float
    total_ask_size: float
    taken_ms: int


class SimDay(Struct, frozen=True):
    """Statistics of a market in its present session (from 00:00 UTC or 00:00 KST), of 24 h, and of 52 weeks."""

    opening: float
    high: float
    low: float
    last: float
    prev_close: float
    last_volume: float
    last_side: Side
    last_traded_ms: int
    acc_volume: float
    acc_value: float
    acc_ask_volume: float
    acc_bid_volume: float
    acc_volume_24h: float
    acc_value_24h: float
    high_52w: float
    high_52w_ms: int
    low_52w: float
    low_52w_ms: int


class SimCandle(Struct, frozen=True, gc=False):
    """Trades of [open_ms, open_ms + unit). `value` is the sum of price × volume, `last_ms` the last trade's stamp."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    value: float
    trades: int
    last_ms: int


class SimNotice(Struct, frozen=True):
    """One notice as it stands now. `categories`: one for Upbit (거래, 입출금, …), any number for Bithumb.

    `written_ms` is Bithumb's `modified_at` of an unedited notice (written ahead, before it is published).
    `version` counts from 1; an edit raises it, and `edited_ms` with it. `body` is plain text lines, never markup.
    """

    exchange: str
    notice_id: int
    uuid: str
    title: str
    body: str
    categories: tuple[str, ...]
    published_ms: int
    edited_ms: int
    written_ms: int
    version: int = 1
    pinned: bool = False


class SimWallet(Struct, frozen=True):
    """Transfer state of one coin on one network at a Korean exchange."""

    base: str
    network: str
    network_name: str
    deposit: bool
    withdrawal: bool


class SimQuote(Struct, frozen=True):
    """Spot market `base`/USDT of a global venue. `live` False: listed, but not yet open (no book, no trades)."""

    base: str
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    last: float
    last_size: float
    open_24h: float
    high_24h: float
    low_24h: float
    volume_24h: float
    value_24h: float
    taken_ms: int
    live: bool = True


class SimPerp(Struct, frozen=True):
    """Linear USDT perpetual. Prices are of one coin: a `1000SHIB` contract (`multiplier` 1000) shows 1000 times."""

    base: str
    multiplier: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float
    last: float
    mark: float
    index: float
    funding_rate: float
    funding_interval_h: int
    next_funding_ms: int
    open_24h: float
    high_24h: float
    low_24h: float
    volume_24h: float
    value_24h: float
    open_interest: float
    taken_ms: int
    live: bool = True


class SimNetwork(Struct, frozen=True):
    """One chain of one coin at a global venue; `contract` is empty for a chain's own coin."""

    network: str
    deposit: bool
    withdrawal: bool
    withdraw_fee: float
    withdraw_min: float
    confirmations: int
    contract: str


class SimCurrency(Struct, frozen=True):
    base: str
    name: str
    networks: tuple[SimNetwork, ...]


class SimRate(Struct, frozen=True):
    """The bank's posted KRW per USD. `posted_ms` stands still outside the Seoul market's hours."""

    base_price: float
    opening: float
    high: float
    low: float
    prev_close: float
    posted_ms: int
    recurrence: int


class SimToken(Struct, frozen=True):
    """What CoinGecko knows of a coin. `platforms`: CoinGecko chain id -> (contract address, decimals).

    A coin that was created by staging has None for what nobody knows yet.
    """

    token_id: str
    symbol: str
    name: str
    platforms: Mapping[str, tuple[str, int]]
    price_usd: float
    volume_24h_usd: float
    market_cap_usd: float | None
    circulating: float | None
    total: float | None
    maximum: float | None
    rank: int | None
    updated_ms: int
