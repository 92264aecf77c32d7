"""What a foreign venue or a bank can tell about a coin, as values; "not listed" and "no answer" are two of them. Pure.

Prices and sizes are of *one coin*, also where the contract is a multiple (`1000SHIBUSDT`) or sized in contracts (OKX).
A figure that the source left empty, null or zero is None: unknown, never zero. Quote volumes are in USDT.
"""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import overload

from msgspec import Struct
from msgspec.structs import replace

from analysis.verdict import TransferState


class Levels(Sequence[tuple[float, float]]):
    """One side of a book: pairs of price and size, best first. Nothing of it is ever changed.

    A coin under watch holds some twenty books for hours, so their numbers lie side by side: 16 bytes a level, where a
    tuple of two floats takes 112.
    """

    __slots__ = ("prices", "sizes")

    def __init__(self, levels: Iterable[tuple[float, float]] = ()) -> None:
        pairs = list(levels)
        self.prices = array("d", [price for price, _ in pairs])
        self.sizes = array("d", [size for _, size in pairs])

    def __len__(self) -> int:
        return len(self.prices)

    def __iter__(self) -> Iterator[tuple[float, float]]:
        return zip(self.prices, self.sizes, strict=True)

    @overload
    def __getitem__(self, place: int) -> tuple[float, float]: ...

    @overload
    def __getitem__(self, place: slice) -> "Levels": ...

    def __getitem__(self, place: int | slice) -> "tuple[float, float] | Levels":
        if isinstance(place, slice):
            return Levels(zip(self.prices[place], self.sizes[place], strict=True))
        return self.prices[place], self.sizes[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Levels):
            return NotImplemented
        return self.prices == other.prices and self.sizes == other.sizes

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return f"Levels({list(self)})"

    def per_coin(self, price: float, size: float) -> "Levels":
        """The same levels where a unit of the wire is so many coins: prices divided by `price`, sizes times `size`."""
        return Levels(zip((each / price for each in self.prices), (each * size for each in self.sizes), strict=True))


class NotListed(Struct, frozen=True):
    """The venue answered, and does not trade it."""


class Silent(Struct, frozen=True):
    """No usable answer: unreachable, late, refused, limited, geo-blocked or unreadable. Says nothing about the coin."""

    reason: str


class Figure(Struct, frozen=True):
    """One number, who said it, and when: the source's own time where it gives one, else our time of receipt."""

    value: float
    source: str
    taken_ms: int


class Book(Struct, frozen=True):
    """Levels of both sides; a side may be empty before an opening. `taken_ms` as for a Figure."""

    bids: Levels
    asks: Levels
    taken_ms: int
    received_ms: int
    source: str

    @property
    def mid(self) -> float | None:
        """Half way between the best quotes; None while one side is empty."""
        return (self.bids[0][0] + self.asks[0][0]) / 2 if self.bids and self.asks else None

    def per_coin(self, price: float, size: float) -> "Book":
        """The same book with prices divided by `price`, sizes times `size`."""
        return replace(self, bids=self.bids.per_coin(price, size), asks=self.asks.per_coin(price, size))


class Spot(Struct, frozen=True):
    """The market against USDT. `multiplier` is how many coins the venue calls one (`1000SATS`)."""

    symbol: str
    last: Figure | None = None
    bid: Figure | None = None
    ask: Figure | None = None
    quote_volume_24h: Figure | None = None
    book: Book | None = None
    multiplier: int = 1


class Perp(Struct, frozen=True):
    """The linear USDT perpetual. `funding_rate` > 0: longs pay, once an interval.

    `pre_market`: listed, but not open for ordinary trading; no usual hedge.
    """

    symbol: str
    multiplier: int = 1
    mark: Figure | None = None
    index: Figure | None = None
    funding_rate: Figure | None = None
    funding_interval_h: Figure | None = None
    next_funding_ms: int | None = None
    book: Book | None = None
    pre_market: bool = False


class NetworkState(Struct, frozen=True):
    """One chain of one coin, under the venue's own name for it. Fee and minimum in coins; None: not told.

    `contract` is empty for a chain's own coin and where the venue does not tell. `note` quotes the venue's reason.
    `block_age_ms`: how long the exchange itself has seen no block of this chain; None: it does not say.
    """

    network: str
    deposit: TransferState
    withdrawal: TransferState
    withdraw_fee: Decimal | None = None
    withdraw_min: Decimal | None = None
    confirmations: int | None = None
    contract: str = ""
    note: str = ""
    block_age_ms: int | None = None


class Transfers(Struct, frozen=True):
    """The chains of one coin at one exchange; none at all means that the exchange knows no chain for it.

    `lag` quotes how far behind the truth the source admits to be, besides its age; empty: it admits nothing.
    """

    networks: tuple[NetworkState, ...]
    source: str
    taken_ms: int
    lag: str = ""


class Quote(Struct, frozen=True):
    """What one venue said of one coin. At least one of `spot` and `perp` is listed.

    `missing` names each part that should have been there, with the reason: `{"spot.book": "no answer within 0.8 s"}`.
    """

    venue: str
    base: str
    taken_ms: int
    spot: Spot | NotListed | Silent
    perp: Perp | NotListed | Silent
    transfers: Transfers | NotListed | Silent
    missing: Mapping[str, str] = {}

    @property
    def contracts(self) -> tuple[str, ...]:
        """The token addresses that the venue names, as it spells them."""
        if not isinstance(self.transfers, Transfers):
            return ()
        return tuple(dict.fromkeys(state.contract for state in self.transfers.networks if state.contract))


class Listed(Struct, frozen=True):
    """The venue trades the coin, spot or perpetual."""

    quote: Quote


VenueAnswer = Listed | NotListed | Silent


def answer_of(quote: Quote) -> VenueAnswer:
    """Listed if either market is; not listed only if the venue said so of both; else it did not answer."""
    markets = (quote.spot, quote.perp)
    if any(isinstance(market, Spot | Perp) for market in markets):
        return Listed(quote)
    reasons = dict.fromkeys(market.reason for market in markets if isinstance(market, Silent))
    return Silent("; ".join(reasons)) if reasons else NotListed()


class Instrument(Struct, frozen=True, gc=False):
    """One market in a venue's list. `base` is the coin, freed from a multiplier; `live` False: not open for trading.

    `contract_size` is coins in one unit of size on the wire (OKX swaps); 1 elsewhere. `quote`: USDT, or USD where a
    venue trades mostly against dollars.
    """

    symbol: str
    base: str
    multiplier: int = 1
    live: bool = True
    pre_market: bool = False
    contract_size: float = 1.0
    funding_interval_h: float | None = None
    quote: str = "USDT"


class Instruments(Struct, frozen=True):
    """Who trades what: by coin. A list that could not be read is Silent and the other still counts."""

    venue: str
    spot: Mapping[str, Instrument] | Silent
    perp: Mapping[str, Instrument] | Silent
    taken_ms: int


class Candle(Struct, frozen=True):
    """One foreign candle; `quote_volume` in USDT."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    quote_volume: float


class Run(Struct, frozen=True):
    """How the foreign price went since a notice was published, from candles of `resolution_s`.

    `at_publication` is the open of the candle that holds the publication; None if the coin traded only later.
    `high` and `quote_volume` count from the start of that candle.
    """

    venue: str
    published_ms: int
    at_publication: float | None
    now: float
    high: float
    quote_volume: float
    resolution_s: int
    source: str
    taken_ms: int

    @property
    def run_bps(self) -> float | None:
        """The price now against that at publication."""
        return None if self.at_publication is None else (self.now / self.at_publication - 1.0) * 10_000

    @property
    def high_bps(self) -> float | None:
        """The highest price since publication against that at publication."""
        return None if self.at_publication is None else (self.high / self.at_publication - 1.0) * 10_000


class Leg(Struct, frozen=True):
    """One side of an implied rate: the mid of `base` in `quote`. `taken_ms` as for a Figure, `received_ms` ours."""

    base: str
    quote: str
    price: float
    taken_ms: int
    received_ms: int
    source: str


class BankRate(Struct, frozen=True):
    """KRW per USD as posted; `posted_ms` is the source's and stands still at night and over weekends."""

    krw_per_usd: float
    posted_ms: int
    received_ms: int
    source: str
