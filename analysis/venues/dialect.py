"""How one venue is spoken to, as a value: which calls make one answer. Pure; `rest_venue.py` asks.

Parsers give the wire's own units: prices of one listed unit, sizes in units or contracts, in the market's quote
currency. The asking side turns them into prices of one coin in USDT (`quotes.py`).
"""

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from analysis.fetching.reading import Reply
from analysis.quotes import Book, Candle, Figure, Instrument, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker

T_co = TypeVar("T_co", covariant=True)

RESOLUTIONS_S = (60, 300, 900, 3_600)


class Call(Struct, Generic[T_co], frozen=True):
    """One question. `service` empty: the venue's own host.

    `keep_s`: an answer this young is used again, for what moves slowly or is dear to ask. `parse` raises NoAnswer.
    """

    path: str
    parse: Callable[[Reply], T_co]
    params: Mapping[str, str] = {}
    group: str = "default"
    service: str = ""
    keep_s: float = 0.0


Instruments = Call[dict[str, Instrument]]


class SpotCalls(Struct, frozen=True):
    """What is asked about one spot market."""

    ticker: Call[Ticker | NotListed]
    book: Call[Book | NotListed]


class PerpCalls(Struct, frozen=True):
    """What is asked about one perpetual: tickers of different content by name, and the book."""

    tickers: Mapping[str, Call[PerpTicker | NotListed]]
    book: Call[Book | NotListed]


class Dialect(Struct, frozen=True):
    """One venue.

    `spot_names`, `perp_names`: under which symbols to ask for a coin that is in no list, the likeliest first.
    `spot`, `perp` take the instrument, and whether it is in the venue's list. `perp` None: it trades none against USDT.
    `sized_in_coins` False: sizes count contracts, whose content comes from the list or from a ticker.
    `funding_h`: hours between fundings where the venue does not tell.
    `transfers` as text says why the venue tells nobody. `dollars` prices a USDT in USD, for markets against USD.
    `candles` takes the instrument, the resolution, and from when to when (ms); at most `most_candles` come.
    """

    name: str
    spot_list: Instruments
    spot_names: Callable[[str], tuple[Instrument, ...]]
    spot: Callable[[Instrument, bool], SpotCalls]
    candles: Callable[[Instrument, int, int, int], Call[list[Candle] | NotListed]]
    most_candles: int
    transfers: Callable[[str], Call[Transfers | NotListed]] | str
    perp_list: Instruments | None = None
    perp_names: Callable[[str], tuple[Instrument, ...]] = lambda _: ()
    perp: Callable[[Instrument, bool], PerpCalls] | None = None
    sized_in_coins: bool = True
    funding_h: float | None = None
    dollars: Call[Figure] | None = None
