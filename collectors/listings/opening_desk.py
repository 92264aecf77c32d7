"""Keeps listed coins on connections of their own around their opening, and has their first minute held against REST.

What is to be done is decided in `openings.py`; this waits, connects and asks.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence, Set
from typing import NoReturn, Protocol

from msgspec.structs import replace

from collectors.events import Exchange, Listing, Market
from collectors.feeds.robust_ws import Shard
from collectors.feeds.sink import Pace
from collectors.listings.openings import QUOTE, Seat, seats
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

log = logging.getLogger(__name__)

LOOK_S = 1.0
CALM = Pace(silent_s=None, first_message_s=4.0, reconnect_first_s=1.0, reconnect_cap_s=10.0)
EAGER = replace(CALM, reconnect_cap_s=1.0)


class Listings(Protocol):
    def active(self) -> Sequence[Listing]: ...


class Expects(Protocol):
    """Must know a market before its feed speaks of it."""

    async def expect(self, wanted: Iterable[Market]) -> None: ...

    def leave(self, markets: Iterable[Market]) -> None: ...


class OpeningDesk:
    """`run` it. `listed` takes what market lists show; `held` are coins that nobody else may subscribe to yet."""

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        listings: Listings,
        recorder: Expects,
        make_shard: Callable[[Exchange, Sequence[Market], Pace], Shard],
        check_later: Callable[[Market, int, int], None],
        on_known: Callable[[Set[Market]], None],
        clock: Clock,
    ) -> None:
        """`make_shard` makes a connection that is not running; `check_later` has a stretch held against REST."""
        self._exchanges = exchanges
        self._listings = listings
        self._recorder = recorder
        self._make_shard = make_shard
        self._check_later = check_later
        self._on_known = on_known
        self._clock = clock
        self._listed: set[Market] = set()
        self._shards: dict[str, tuple[Shard, asyncio.Task[NoReturn]]] = {}
        self._checked: dict[str, tuple[int, int]] = {}

    def listed(self, markets: Set[Market]) -> None:
        """A market list shows these."""
        self._listed |= markets

    def held(self) -> frozenset[Market]:
        """Markets that must not be subscribed together with others yet."""
        now_ms = self._clock.now_ms()
        return frozenset(market for seat in self._seats(now_ms) if seat.alone(now_ms) for market in seat.markets)

    async def run(self) -> NoReturn:
        """Look after every listed coin, for ever. A bug in one of their connections is raised here."""
        async with TaskGroup() as group:
            try:
                while True:
                    await self._look(group)
                    await self._clock.sleep(LOOK_S)
            finally:
                self._shards.clear()  # their tasks end with the group

    async def _look(self, group: TaskGroup) -> None:
        now_ms = self._clock.now_ms()
        taken = self._seats(now_ms)
        self._leave({seat.key for seat in taken})
        for seat in taken:
            if seat.key not in self._shards:
                await self._sit(group, seat)
            await self._attend(seat, now_ms)
            self._check(seat, now_ms)

    def _seats(self, now_ms: int) -> list[Seat]:
        listings = [each for each in self._listings.active() if each.exchange in self._exchanges]
        return seats(listings, self._listed, now_ms)

    async def _sit(self, group: TaskGroup, seat: Seat) -> None:
        log.info("%s: listening to %s on a connection of its own", seat.exchange, seat.markets[0].base)
        await self._expect(seat.markets)
        shard = self._make_shard(seat.exchange, seat.markets, CALM)
        shard.change_markets(seat.markets, books=seat.markets if seat.has_books else ())
        self._shards[seat.key] = shard, group.create_task(shard.run())

    async def _expect(self, markets: Sequence[Market]) -> None:
        await self._recorder.expect(markets)
        self._on_known(set(markets))

    def _leave(self, wanted: Set[str]) -> None:
        for key in self._shards.keys() - wanted:
            shard, task = self._shards.pop(key)
            task.cancel()
            self._checked.pop(key, None)
            self._let_go(shard.markets)

    def _let_go(self, markets: Iterable[Market]) -> None:
        """Nobody else listens to what does not trade in KRW."""
        self._recorder.leave([market for market in markets if market.quote != QUOTE])

    async def _attend(self, seat: Seat, now_ms: int) -> None:
        shard, _ = self._shards[seat.key]
        if seat.markets != shard.markets:
            gone = set(shard.markets).difference(seat.markets)
            await self._expect([market for market in seat.markets if market not in shard.markets])
            shard.change_markets(seat.markets, books=seat.markets if seat.has_books else ())
            self._let_go(gone)
        eager = seat.eager(now_ms)
        shard.pace = EAGER if eager else CALM
        if eager:
            shard.ask_again()

    def _check(self, seat: Seat, now_ms: int) -> None:
        """Once, when the first minute is over: the socket may have begun later than the trading.

        Once more where that turns out to be another one: it opens late, or another time is told.
        """
        minute = seat.first_minute()
        if minute is None or now_ms < minute[1] or self._checked.get(seat.key) == minute:
            return
        self._checked[seat.key] = minute
        for market in seat.markets:
            self._check_later(market, *minute)
