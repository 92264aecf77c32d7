"""Time as an argument: the wall clock of events, the monotonic clock of durations, and a sleep that belongs to both."""

import asyncio
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Protocol


class Clock(Protocol):
    """What code may know of time. Tests hand in a fake; with a simulator, hours can pass in minutes."""

    def now_ms(self) -> int:
        """UTC epoch milliseconds of the wall clock; may step."""
        ...

    def monotonic(self) -> float:
        """Seconds that never step back; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait for `seconds` of this clock; zero or less yields once."""
        ...


class LoopClock:
    """A clock that runs by the event loop's, at whatever speed, so that the loop's own timers can wait for it.

    `speed` is how many of its seconds pass in a real one.
    """

    speed: float = 1.0

    def loop_s(self, seconds: float) -> float:
        """How long `seconds` of this clock last on the loop's; never negative."""
        return max(0.0, seconds) / self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(self.loop_s(seconds))


class SystemClock(LoopClock):
    """The host's clocks. `monotonic` goes on while the machine sleeps, as the exchanges do; sleeps of ours do not."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    if sys.platform == "linux":
        monotonic = staticmethod(partial(time.clock_gettime, time.CLOCK_BOOTTIME))
    else:
        monotonic = staticmethod(time.monotonic)


class SimulatorClock(LoopClock):
    """A clock that runs as the simulator's does: `speed` simulated seconds in each real one, from a known anchor.

    `anchor` is called with each answer of `GET /sim/clock`; between two answers `monotonic` carries on, which is the
    clock of the event loop, as it is of every sleep.
    """

    def __init__(self, now_ms: int, speed: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._started = monotonic()
        self.anchor(now_ms, speed)

    def anchor(self, now_ms: int, speed: float) -> None:
        """Take the simulator's time (`now_ms`, at this instant) and its speed as the truth from here on."""
        if not speed > 0:
            raise ValueError(f"the simulator's speed must be positive, not {speed}")
        self._anchored = self._monotonic()
        self._anchor_ms = now_ms
        self.speed = speed

    def now_ms(self) -> int:
        return self._anchor_ms + int((self._monotonic() - self._anchored) * self.speed * 1000)

    def monotonic(self) -> float:
        return (self._monotonic() - self._started) * self.speed
