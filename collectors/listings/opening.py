"""Waits for the first trade of each coin under watch: the opening is what the tape says, not what was announced."""

import asyncio
from collections.abc import Callable, Sequence, Set
from typing import Protocol

from collectors.events import Listing, Market, Trade
from collectors.listings.market_monitor import Gate, News
from config.clock import Clock

LOOK_S = 1.0


class Tape(Protocol):
    """Calls back with the next trade of a market, once."""

    def watch(self, market: Market, tell: Callable[[Trade], None]) -> None: ...


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
            for listing in self._listings.active():
                if listing.first_trade_ms is None:
                    self._watch(listing)
            while not self._trades.empty():
                await self._tell(self._trades.get_nowait())
            await self._clock.sleep(LOOK_S)

    def _watch(self, listing: Listing) -> None:
        for quote in listing.quotes or ("KRW",):
            market = Market(listing.exchange, listing.base, quote)
            if market in self._recorded and market not in self._watched:
                self._watched.add(market)
                self._tape.watch(market, self._trades.put_nowait)

    async def _tell(self, trade: Trade) -> None:
        self._watched.discard(trade.market)
        news = await self._listings.see_trade(trade.market, trade.traded_ms, trade.received_ms)
        for listing in news.listings:
            self._gate.offer(listing)
