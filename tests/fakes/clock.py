"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools
from collections.abc import Sized

START_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z, a whole second
MANY_TURNS = 10_000  # of the loop; in-memory work is done long before


class FakeClock:
    """Keeps a heap of sleepers; `advance` wakes those due, in deadline order, and lets the loop settle after each."""

    def __init__(self, start_ms: int = START_MS) -> None:
        self._start_ms = start_ms
        self._elapsed_s = 0.0
        self._tie = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        return self._start_ms + round(self._elapsed_s * 1000)

    def monotonic(self) -> float:
        return self._elapsed_s

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._elapsed_s + seconds, next(self._tie), woken))
        await woken

    def step_wall(self, by_ms: int) -> None:
        """Move the wall clock alone, as an operator or NTP would; durations do not notice."""
        self._start_ms += by_ms

    def sleep_through(self, seconds: float) -> None:
        """The machine sleeps: both clocks go on, and nobody is woken before it is."""
        self._elapsed_s += seconds

    async def advance(self, seconds: float) -> None:
        """Let `seconds` pass, waking each sleeper at its own deadline."""
        until = self._elapsed_s + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= until:
            due_s, _, woken = heapq.heappop(self._sleepers)
            self._elapsed_s = max(self._elapsed_s, due_s)
            if not woken.done():
                woken.set_result(None)
            await self.settle()
        self._elapsed_s = until
        await self.settle()

    async def settle(self) -> None:
        """Run what is ready, and what that makes ready, until nothing is; never wait for real time. One task at a time.

        asyncio tells nobody when its loop has nothing to do, so its queue is looked at. Each turn also asks the
        sockets first: what this loop sent to itself over loopback counts as ready.
        """
        ready: Sized = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]
        for _ in range(MANY_TURNS):
            await asyncio.sleep(0)
            if not ready:
                return
        raise AssertionError(f"something is still at it after {MANY_TURNS} turns of the loop")
