"""Keeps the world's prices of all coins that trade in Korea: one all-ticker call a minute to each reference venue."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Set
from typing import Protocol

from msgspec import Struct

from analysis.fetching.reading import Reply
from analysis.fetching.sources import BACKGROUND_S, Door, Line
from analysis.keepers.world_prices import Page, global_prices, parse_binance, parse_bybit, parse_okx
from analysis.quotes import Silent
from config.clock import Clock
from config.units import MINUTE_MS, whole_minute
from ops.process.lifetimes import TaskGroup
from store.rows import Rows
from store.tables import global_minutes

log = logging.getLogger(__name__)

COINS_A_STEP = 100  # worked out between two turns of the loop


class Writer(Protocol):
    def offer(self, work: Rows) -> bool: ...


class _Pages(Struct, frozen=True):
    """How one venue tells all its tickers."""

    path: str
    params: Mapping[str, str]
    parse: Callable[[Reply], Page]


PAGES = {
    "binance": _Pages("/api/v3/ticker/24hr", {"type": "MINI"}, parse_binance),
    "okx": _Pages("/api/v5/market/tickers", {"instType": "SPOT"}, parse_okx),
    "bybit": _Pages("/v5/market/tickers", {"category": "spot"}, parse_bybit),
}


class WorldKeeper:
    """`bases()` are the coins that trade in Korea; a venue that does not answer is missing from that minute."""

    def __init__(
        self, door: Door, bases: Callable[[], Set[str]], writer: Writer, clock: Clock, spread_max: float
    ) -> None:
        self._lines = {venue: Line(door, venue, BACKGROUND_S) for venue in PAGES}
        self._bases = bases
        self._writer = writer
        self._clock = clock
        self._spread_max = spread_max

    async def run(self) -> None:
        """At each turn of the minute, for ever."""
        while True:
            await self._clock.sleep((MINUTE_MS - self._clock.now_ms() % MINUTE_MS) / 1000)
            await self.take()

    async def take(self) -> int:
        """Ask, weigh and keep one minute; return how many coins that was."""
        asked_ms = self._clock.now_ms()
        async with TaskGroup() as calls:
            tasks = {
                venue: calls.create_task(self._lines[venue].ask(of.path, of.parse, params=of.params, group="ticker"))
                for venue, of in PAGES.items()
            }
        pages: dict[str, Page] = {}
        for venue, task in tasks.items():
            said = task.result()
            if isinstance(said, Silent):
                log.warning("the tickers of %s are missing this minute: %s", venue, said.reason)
            else:
                pages[venue] = said
        kept = 0
        coins = sorted(self._bases())
        for at in range(0, len(coins), COINS_A_STEP):
            now_ms = self._clock.now_ms()
            found = list(global_prices(pages, coins[at : at + COINS_A_STEP], now_ms, self._spread_max))
            if found and self._writer.offer(global_minutes.rows(whole_minute(asked_ms), found)):
                kept += len(found)
            await asyncio.sleep(0)
        return kept
