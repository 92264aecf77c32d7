"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools

START_MS = 1_800_000_000_000  # 2027-01-15T08:00:00Z, a whole second


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

    async def settle(self, rounds: int = 20) -> None:
        """Run what is ready now. In-memory work needs a handful of turns of the loop, never real time."""
        for _ in range(rounds):
            await asyncio.sleep(0)
