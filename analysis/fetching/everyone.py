"""Everyone who can be asked about a coin, behind the three protocols of `gathering.py`."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from msgspec.structs import replace

from analysis.evidence import FxLegs, KoreanFacts, Rival
from analysis.fetching.bank import Bank
from analysis.fetching.gathering import NoSizes, Sizes
from analysis.fetching.keyring import Keyring
from analysis.fetching.korea import NO_BOOKS, RIVAL, Korea, LiveBooks
from analysis.fetching.patient_door import PatientDoor
from analysis.fetching.sources import Door, Venue
from analysis.fetching.travel_rule import TravelRules
from analysis.fx_legs import FxSources
from analysis.keepers.token_list import CoinNames
from analysis.quotes import BankRate, Book, Figure, NotListed, Silent
from analysis.venues.binance import Binance
from analysis.venues.bitget import BITGET
from analysis.venues.bybit import Bybit
from analysis.venues.coinbase import COINBASE
from analysis.venues.gate import GATE
from analysis.venues.htx import HTX
from analysis.venues.kraken import KRAKEN
from analysis.venues.kucoin import KUCOIN
from analysis.venues.mexc import MEXC
from analysis.venues.okx import Okx
from analysis.venues.rest_venue import RestVenue
from analysis.venues.signing import ApiKey, HeldKey
from collectors.events import Exchange
from collectors.exchanges.rest import Ticker
from config.clock import Clock
from ops.process.lifetimes import TaskGroup


class MakeVenue(Protocol):
    def __call__(self, door: Door, clock: Clock, deadline_s: float) -> Venue: ...


class MakeKeyed(Protocol):
    def __call__(self, door: Door, clock: Clock, deadline_s: float, key: HeldKey, /) -> Venue: ...


Names = Callable[[Exchange, str], Coroutine[Any, Any, CoinNames]]


async def no_names(exchange: Exchange, base: str) -> CoinNames:  # noqa: ARG001 - nobody is known
    return CoinNames()


KEYED: dict[str, MakeKeyed] = {"binance": Binance, "okx": Okx, "bybit": Bybit}
DIALECTS = (GATE, BITGET, HTX, COINBASE, KUCOIN, MEXC, KRAKEN)
VENUES: dict[str, MakeVenue] = {
    "binance": Binance,
    "okx": Okx,
    "bybit": Bybit,
    **{dialect.name: partial(RestVenue, dialect) for dialect in DIALECTS},
}


class Everyone:
    """The venues named in `gate.venues`, the Korean exchanges, and the sources of the exchange rate."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        venues: Sequence[str],
        deadline_s: float,
        upbit_bearer: Callable[[], str] | None = None,
        names: Names = no_names,
        live: LiveBooks = NO_BOOKS,
        keys: Mapping[str, ApiKey] | None = None,
        sizes: Sizes | None = None,
    ) -> None:
        """`live` holds the order books of coins under watch, as the sockets bring them.

        `keys` by venue; none is used before `keys.run` has seen that it can only read.
        """
        self.keys = Keyring(door, clock, keys or {}, has_upbit=upbit_bearer is not None)
        self.patient = door = PatientDoor(door, clock)
        self.spot_only = frozenset(dialect.name for dialect in DIALECTS if dialect.perp is None)
        self.venues = tuple(self._venue(name, door, clock, deadline_s) for name in venues)
        self.travel_rules = TravelRules(door, clock, upbit_bearer)
        self.korean = KoreanDesk(Korea(door, clock, deadline_s, upbit_bearer, live), names, self.travel_rules)
        self.sizes = sizes or NoSizes()
        self.paces_s: dict[str, float] = {}
        self.rates = RateDesk(FxSources(door, clock, deadline_s), Bank(door, clock, deadline_s))

    def _venue(self, name: str, door: Door, clock: Clock, deadline_s: float) -> Venue:
        if name in KEYED:
            return KEYED[name](door, clock, deadline_s, self.keys.held(name))
        return VENUES[name](door, clock, deadline_s)


class KoreanDesk:
    """One exchange's answer as the facts that are judged, with what the notice and the token registry name."""

    def __init__(self, korea: Korea, names: Names, travel_rules: TravelRules) -> None:
        self._korea = korea
        self._names = names
        self._travel_rules = travel_rules

    async def facts(self, exchange: Exchange, base: str) -> KoreanFacts:
        async with TaskGroup() as calls:
            asked = calls.create_task(self._korea.ask(exchange, base))
            named = calls.create_task(self._names(exchange, base))
        answer, names = asked.result(), named.result()
        book, listed = _market(answer.book)
        rival_book, rival_listed = _market(answer.rival)
        return KoreanFacts(
            book=book,
            listed=listed,
            volume_24h_krw=_volume(answer.ticker, exchange),
            transfers=answer.transfers,
            announced_networks=names.networks,
            contracts=names.contracts,
            rival=Rival(RIVAL[exchange], rival_listed, rival_book),
            travel_rule=self._travel_rules.of(exchange),
        )


def _market(told: Book | NotListed | Silent) -> tuple[Book | None, bool | None]:
    """A market's book, and whether the exchange has that market at all (None: it did not say)."""
    book = told if isinstance(told, Book) else None
    return book, True if book is not None else False if isinstance(told, NotListed) else None


def _volume(told: Ticker | NotListed | Silent, exchange: Exchange) -> Figure | None:
    if not isinstance(told, Ticker):
        return None
    return Figure(told.quote_volume_24h, f"{exchange} ticker", told.traded_ms)


class RateDesk:
    """The legs of the exchange rate with the bank's rate beside them."""

    def __init__(self, sources: FxSources, bank: Bank) -> None:
        self._sources = sources
        self._bank = bank

    async def legs(self, exchange: Exchange) -> FxLegs:
        async with TaskGroup() as calls:
            told = calls.create_task(self._sources.legs(exchange))
            bank = calls.create_task(self._bank.rate())
        rate = bank.result()
        return replace(told.result().legs, bank=rate if isinstance(rate, BankRate) else None)
