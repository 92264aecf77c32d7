"""Keeps market caps of coins under watch: a look takes what is known at once, and CoinGecko is asked afterwards."""

import asyncio
from collections.abc import Awaitable, Callable, Collection

from analysis.quotes import NotListed, Silent
from analysis.tokenomics import MarketCap
from config.clock import Clock

KEEP_S = 3_600.0  # what is older says nothing any more; its own time is shown with it
RENEW_S = 60.0
MOST = 256  # coins

Ask = Callable[[str, Collection[str]], Awaitable[MarketCap | NotListed | Silent]]


class SizeKeeper:
    """`latest` answers at once and asks for what is missing; `run()` fetches it, one coin after the other, for ever."""

    def __init__(self, ask: Ask, clock: Clock) -> None:
        self._ask = ask
        self._clock = clock
        self._known: dict[str, tuple[float, MarketCap]] = {}
        self._asked_s: dict[str, float] = {}
        self._wanted: dict[str, Collection[str]] = {}
        self._news = asyncio.Event()

    def latest(self, base: str, contracts: Collection[str]) -> MarketCap | None:
        """The newest that is known of a coin; None: nothing yet, or it is no longer worth much."""
        now_s = self._clock.monotonic()
        if now_s - self._asked_s.get(base, float("-inf")) >= RENEW_S and len(self._wanted) < MOST:
            self._wanted[base] = contracts
            self._news.set()
        known = self._known.get(base)
        return known[1] if known is not None and now_s - known[0] <= KEEP_S else None

    async def run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._wanted:
                base = next(iter(self._wanted))
                await self._fetch(base, self._wanted.pop(base))

    async def _fetch(self, base: str, contracts: Collection[str]) -> None:
        self._asked_s[base] = self._clock.monotonic()
        size = await self._ask(base, contracts)
        if isinstance(size, MarketCap):
            self._known[base] = self._clock.monotonic(), size
        elif isinstance(size, NotListed):
            self._known.pop(base, None)
        if len(self._asked_s) > MOST:
            for old in list(self._asked_s)[: MOST // 2]:
                self._asked_s.pop(old), self._known.pop(old, None)
