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
            self._watch(self._listings.active())
            while not self._trades.empty():
                await self._tell(self._trades.get_nowait())
            await self._clock.sleep(LOOK_S)

    def _watch(self, active: Sequence[Listing]) -> None:
        """Wait for the markets of listings that have not opened; not for those of one that was cancelled, or given up.

        Of one that opens in several at once, each is waited for.
        """
        theirs = {market for listing in active for market in self._markets(listing)}
        for market in self._watched - theirs:
            self._tape.unwatch(market)
        self._watched &= theirs
        closed = (listing for listing in active if listing.first_trade_ms is None)
        for market in {market for listing in closed for market in self._markets(listing)} - self._watched:
            self._watched.add(market)
            self._tape.watch(market, self._trades.put_nowait)

    def _markets(self, listing: Listing) -> Iterable[Market]:
        """Those of its markets that are recorded."""
        markets = (Market(listing.exchange, listing.base, quote) for quote in listing.quotes or ("KRW",))
        return (market for market in markets if market in self._recorded)

    async def _tell(self, trade: Trade) -> None:
        self._watched.discard(trade.market)
        news = await self._listings.see_trade(trade.market, trade.traded_ms, trade.received_ms)
        for listing in news.listings:
            self._gate.offer(listing)
