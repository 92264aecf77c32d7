"""This machine's wall clock, and by how much it is wrong: what the exchanges' answers tell at first, and its own jumps,
which are what it gained on the monotonic clock.
"""

import logging

from config.clock import Clock

log = logging.getLogger(__name__)

STEP_MS = 2_000  # a difference of our two clocks beyond this is a step of the wall clock


class HostClock:
    """`wall_ms` is what it showed when it was read last."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.wall_ms, self._monotonic_s = clock.now_ms(), clock.monotonic()
        self._told = False

    def read(self) -> int:
        """Read it; by how much it has jumped since it was read last, or 0."""
        wall_ms, monotonic_s = self._clock.now_ms(), self._clock.monotonic()
        by_ms = wall_ms - self.wall_ms - round((monotonic_s - self._monotonic_s) * 1000)
        self.wall_ms, self._monotonic_s = wall_ms, monotonic_s
        if abs(by_ms) <= STEP_MS:
            return 0
        log.warning("the clock of this machine jumped by %+.1f s", by_ms / 1000)
        return by_ms

    def is_off(self, low_ms: int, high_ms: int) -> int:
        """It lies between these ahead of the exchanges', as they tell; by how much it is wrong, where that is plain.

        Told once, else 0: its later steps show by themselves.
        """
        if self._told:
            return 0
        self._told = True
        if low_ms <= STEP_MS and high_ms >= -STEP_MS:
            return 0
        off_ms = (low_ms + high_ms) // 2
        log.warning("the clock of this machine is off by %+.1f s", off_ms / 1000)
        return off_ms
