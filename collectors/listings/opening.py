"""Waits for the first trade of each coin under watch: the opening is what the tape says, not what was announced."""

import asyncio
from collections.abc import Callable, Iterable, Sequence, Set
from typing import Protocol

from collectors.events import Listing, Market, Trade
from collectors.listings.market_monitor import Gate, News
from config.clock import Clock

LOOK_S = 1.0


class Tape(Protocol):
    """Calls back with the next trade of a market, once; it hurries while somebody waits for one."""

    def watch(self, market: Market, tell: Callable[[Trade], None]) -> None: ...

    def unwatch(self, market: Market) -> None: ...


class Listings(Protocol):
    def active(self) -> Sequence[Listing]: ...

    async def see_trade(self, market: Market, traded_ms: int, seen_ms: int) -> News: ...


class OpeningWatch:
    """`known` takes the markets that are recorded; `run` joins them with the listings that wait for a first trade."""

    def __init__(self, tape: Tape, listings: Listings, gate: Gate, clock: Clock) -> None:
        self._tape = tape
        self._listings = listings
        self._gate = gate
        self._clock = clock
        self._recorded: set[Market] = set()
        self._watched: set[Market] = set()
        self._trades: asyncio.Queue[Trade] = asyncio.Queue()  # bounded by what is watched: one trade a market

    def known(self, markets: Set[Market]) -> None:
        """These are recorded from now on."""
        self._recorded |= markets

    async def run(self) -> None:
        """Tell the book of each first trade as it comes, for ever."""
        while True:
            self._watch({market for listing in self._listings.active() for market in self._awaited(listing)})
            while not self._trades.empty():
                await self._tell(self._trades.get_nowait())
            await self._clock.sleep(LOOK_S)

    def _awaited(self, listing: Listing) -> Iterable[Market]:
        """Its markets that are recorded, if it has not opened."""
        if listing.first_trade_ms is not None:
            return ()
        markets = (Market(listing.exchange, listing.base, quote) for quote in listing.quotes or ("KRW",))
        return (market for market in markets if market in self._recorded)

    def _watch(self, awaited: Set[Market]) -> None:
        """Wait for these from now on, and for no others: a listing may be cancelled, or given up."""
        for market in awaited - self._watched:
            self._tape.watch(market, self._trades.put_nowait)
        for market in self._watched - awaited:
            self._tape.unwatch(market)
        self._watched = set(awaited)

    async def _tell(self, trade: Trade) -> None:
        self._watched.discard(trade.market)
        news = await self._listings.see_trade(trade.market, trade.traded_ms, trade.received_ms)
        for listing in news.listings:
            self._gate.offer(listing)
