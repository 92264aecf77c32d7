"""The simulator's own time: it starts where it is told to and runs `speed` simulated seconds in each real one."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class SimClock(Protocol):
    """What the model and the services may know of time. Every duration in the simulator is one of this clock."""

    speed: float

    def now_ms(self) -> int:
        """UTC epoch milliseconds of the simulated world; never steps back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` simulated seconds; zero or less yields once."""
        ...


class RunningClock:
    """Runs beside the host's monotonic clock, from `start_ms` on (default: the host's present whole second)."""

    def __init__(
        self, start_ms: int | None = None, speed: float = 1.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        if not speed > 0:
            raise ValueError(f"the speed must be a positive number, not {speed}")
        self.speed = speed
        self._start_ms = int(time.time()) * 1000 if start_ms is None else start_ms
        self._monotonic = monotonic
        self._started = monotonic()

    def now_ms(self) -> int:
        return self._start_ms + int((self._monotonic() - self._started) * self.speed * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)
