"""What was fetched and stays good for a while: three tiers, by the monotonic clock, bounded in size.

Not shared between threads. Times of life are counted from `set`; reading does not prolong them.
"""

from collections.abc import Hashable
from enum import Enum
from typing import Generic, TypeVar

from config.clock import Clock

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

CAPACITY = 10_000


class Tier(Enum):
    """How long an entry is good, in seconds: what hardly changes, what changes slowly, what moves."""

    DAY = 86_400.0
    HOUR = 3_600.0
    MINUTE = 60.0


class TtlCache(Generic[K, V]):
    """Values by key until their time is over. Full, it drops what is over, then what was set longest ago."""

    def __init__(self, clock: Clock, capacity: int = CAPACITY) -> None:
        if capacity < 1:
            raise ValueError(f"a cache holds at least one entry, not {capacity}")
        self._clock = clock
        self._capacity = capacity
        self._entries: dict[K, tuple[V, float, float]] = {}  # value, when set, when over; oldest first

    def __len__(self) -> int:
        """Entries held, some of which may be over."""
        return len(self._entries)

    def set(self, key: K, value: V, tier: Tier) -> None:
        """Keep `value` for the time of its tier, counted from now."""
        now = self._clock.monotonic()
        self._entries.pop(key, None)
        if len(self._entries) >= self._capacity and not self.expire():
            del self._entries[next(iter(self._entries))]
        self._entries[key] = value, now, now + tier.value

    def get(self, key: K) -> V | None:
        """The value, or None if there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        value, _, over = entry
        if self._clock.monotonic() >= over:
            del self._entries[key]
            return None
        return value

    def age_s(self, key: K) -> float | None:
        """Seconds since it was set; None if `get` would give nothing."""
        return None if self.get(key) is None else self._clock.monotonic() - self._entries[key][1]

    def drop(self, key: K) -> None:
        """Forget one entry, if it is there."""
        self._entries.pop(key, None)

    def expire(self) -> int:
        """Drop every entry whose time is over; answers how many."""
        now = self._clock.monotonic()
        over = [key for key, entry in self._entries.items() if now >= entry[2]]
        for key in over:
            del self._entries[key]
        return len(over)
