"""Which markets are recorded: every KRW market of an exchange, from its market list, as it comes and goes.

Part of recording: it asks by itself, so that a switched-off or crashed listing channel costs no candle; what that
channel sees sooner is taken at once.
"""

import asyncio
import logging
from collections.abc import Callable, Set
from typing import Protocol

from collectors.events import Exchange, Market
from collectors.feeds.fleet import Fleet
from collectors.listings.market_monitor import ChannelTrouble, ListSource
from config.clock import Clock

log = logging.getLogger(__name__)

QUOTE = "KRW"
KEEP_GONE_S = 600.0  # a market must be missing so long before we stop listening: a list can lie, silence costs nothing
RETRY_S = 2.0


class Expects(Protocol):
    """Must know a market before its feed speaks of it, and what each list shows before that."""

    def listed(self, exchange: Exchange, shown: Set[Market]) -> None: ...

    async def expect(self, wanted: Set[Market]) -> None: ...

    def forget(self, markets_gone: Set[Market]) -> None: ...


class Universe:
    """Keeps one exchange's fleet subscribed to what its list shows. `offer` may be called from anywhere on the loop."""

    def __init__(
        self,
        exchange: Exchange,
        source: ListSource,
        recorder: Expects,
        fleet: Fleet,
        clock: Clock,
        on_known: Callable[[Set[Market]], None] = lambda markets: None,  # noqa: ARG005 - nobody has to care
        held: Callable[[], Set[Market]] = frozenset,
    ) -> None:
        """`held` are markets that must not share a connection yet, because the exchange might refuse them."""
        self._exchange = exchange
        self._source = source
        self._recorder = recorder
        self._fleet = fleet
        self._clock = clock
        self._on_known = on_known
        self._held = held
        self._last_seen: dict[Market, float] = {}
        self._shown: Set[Market] = frozenset()  # by the list itself, when it was read last
        self._offered: frozenset[Market] = frozenset()
        self._news = asyncio.Event()

    def offer(self, markets: Set[Market]) -> None:
        """What some channel's list shows now; only markets that are new matter, so nothing is ever taken away here."""
        fresh = frozenset(market for market in markets if self._records(market)) - self._last_seen.keys()
        if fresh:
            self._offered |= fresh
            self._news.set()

    async def begin(self) -> None:
        """Ask until the list has been read once; without it there is nothing to record."""
        while not self._last_seen:
            await self._look()
            if not self._last_seen:
                await self._clock.sleep(RETRY_S)

    async def run(self) -> None:
        """Take newcomers at once, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            offered, self._offered = self._offered, frozenset()
            await self._want(offered)

    async def look_again(self, every_s: float) -> None:
        """Read the list now and then, for ever, whatever the listing channels do."""
        while True:
            await self._clock.sleep(every_s)
            await self._look()

    def _records(self, market: Market) -> bool:
        return market.exchange == self._exchange and market.quote == QUOTE

    async def _look(self) -> None:
        try:
            markets = await self._source.look()
        except ChannelTrouble as trouble:
            log.warning("the markets of %s could not be read: %s", self._exchange, trouble)
            return
        if markets is not None:  # else it is unchanged: all that was there still is
            self._shown = {market for market in markets if self._records(market)}
        self._recorder.listed(self._exchange, self._shown)
        await self._want(self._shown)

    async def _want(self, shown: Set[Market]) -> None:
        now = self._clock.monotonic()
        self._last_seen |= dict.fromkeys(sorted(shown), now)
        wanted = {market: seen for market, seen in self._last_seen.items() if now - seen < KEEP_GONE_S}
        left = self._last_seen.keys() - wanted.keys()
        for market in left:
            log.info("%s %s has left the list and is recorded no longer", self._exchange, market.code)
        self._last_seen = wanted
        self._on_known(wanted.keys())
        shared = wanted.keys() - self._held()
        await self._recorder.expect(shared)
        self._fleet.change_markets(market for market in wanted if market in shared)
        if left:
            self._recorder.forget(left)
