"""Everyone who can be asked about a coin, behind the three protocols of `gathering.py`."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from msgspec.structs import replace

from analysis.bank import Bank
from analysis.evidence import FxLegs, KoreanFacts
from analysis.fx_legs import FxSources
from analysis.korea import Korea
from analysis.quotes import BankRate, Book, NotListed
from analysis.sources import Door, Venue
from analysis.venues.binance import Binance
from analysis.venues.bybit import Bybit
from analysis.venues.okx import Okx
from collectors.events import Exchange
from config.clock import Clock


class MakeVenue(Protocol):
    def __call__(self, door: Door, clock: Clock, deadline_s: float) -> Venue: ...


VENUES: dict[str, MakeVenue] = {"binance": Binance, "okx": Okx, "bybit": Bybit}


class Everyone:
    """The venues named in `gate.venues`, the Korean exchanges, and the sources of the exchange rate."""

    def __init__(
        self,
        door: Door,
        clock: Clock,
        venues: Sequence[str],
        deadline_s: float,
        upbit_bearer: Callable[[], str] | None = None,
    ) -> None:
        self.venues = tuple(VENUES[name](door, clock, deadline_s) for name in venues)
        self.korean = KoreanDesk(Korea(door, clock, deadline_s, upbit_bearer))
        self.rates = RateDesk(FxSources(door, clock, deadline_s), Bank(door, clock, deadline_s))


class KoreanDesk:
    """One exchange's answer as the facts that are judged."""

    def __init__(self, korea: Korea) -> None:
        self._korea = korea

    async def facts(self, exchange: Exchange, base: str) -> KoreanFacts:
        answer = await self._korea.ask(exchange, base)
        book = answer.book if isinstance(answer.book, Book) else None
        listed = True if book is not None else False if isinstance(answer.book, NotListed) else None
        return KoreanFacts(book=book, listed=listed, transfers=answer.transfers)


class RateDesk:
    """The legs of the exchange rate with the bank's rate beside them."""

    def __init__(self, sources: FxSources, bank: Bank) -> None:
        self._sources = sources
        self._bank = bank

    async def legs(self, exchange: Exchange) -> FxLegs:
        async with asyncio.TaskGroup() as calls:
            told = calls.create_task(self._sources.legs(exchange))
            bank = calls.create_task(self._bank.rate())
        rate = bank.result()
        return replace(told.result().legs, bank=rate if isinstance(rate, BankRate) else None)
