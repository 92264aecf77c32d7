"""The request limits that the exchanges publish, kept by plain objects that are told the time.

Upbit counts requests within a second (docs.upbit.com/kr/reference/rate-limits, 2026-10-07); whether by wall clock or
sliding is not documented, so the stricter sliding count is used. Bithumb's gateway is a token bucket (apidocs,
2026-10-27). Times are milliseconds of the simulated clock; a key is an address, an access key or a connection.
"""

from collections import deque
from collections.abc import Hashable

from msgspec import Struct


class Window:
    """At most `limit` in any span of `span_ms`, counted apart for each key."""

    def __init__(self, limit: int, span_ms: int) -> None:
        self.limit = limit
        self._span_ms = span_ms
        self._taken: dict[Hashable, deque[int]] = {}

    def take(self, key: Hashable, now_ms: int) -> int | None:
        """How many are left after this one, or None when there was none left (which then does not count)."""
        taken = self._taken.setdefault(key, deque())
        while taken and taken[0] <= now_ms - self._span_ms:
            taken.popleft()
        if len(taken) >= self.limit:
            return None
        taken.append(now_ms)
        return self.limit - len(taken)


class Bucket:
    """A token bucket for each key: `burst` at once, `per_s` more each second."""

    def __init__(self, burst: int, per_s: float) -> None:
        self.burst = burst
        self.per_s = per_s
        self._level: dict[Hashable, tuple[float, int]] = {}

    def take(self, key: Hashable, now_ms: int) -> int | None:
        """Whole tokens left after this request, or None when there was none."""
        tokens, since_ms = self._level.get(key, (float(self.burst), now_ms))
        tokens = min(float(self.burst), tokens + (now_ms - since_ms) / 1000 * self.per_s)
        if tokens < 1:
            self._level[key] = tokens, now_ms
            return None
        self._level[key] = tokens - 1, now_ms
        return int(tokens - 1)


class Offence(Struct):
    """What is remembered about a key that was limited."""

    rejected: deque[int]
    banned_until_ms: int = 0
    bans: int = 0


class Penalty:
    """Who carries on although limited is shut out, each time for longer.

    `tolerance` rejections within `within_ms` are forgiven; the next one starts a ban of `ban_ms`, doubled at each
    repetition. Neither number is published by an exchange.
    """

    def __init__(self, tolerance: int, within_ms: int, ban_ms: int) -> None:
        self._tolerance = tolerance
        self._within_ms = within_ms
        self._ban_ms = ban_ms
        self._offences: dict[Hashable, Offence] = {}

    def banned_for_ms(self, key: Hashable, now_ms: int) -> int:
        """How long this key stays shut out; zero when it is not."""
        offence = self._offences.get(key)
        return max(0, offence.banned_until_ms - now_ms) if offence else 0

    def reject(self, key: Hashable, now_ms: int) -> int:
        """Note one rejection; answers the length of the ban that it earned, or zero."""
        offence = self._offences.setdefault(key, Offence(deque()))
        offence.rejected.append(now_ms)
        while offence.rejected[0] <= now_ms - self._within_ms:
            offence.rejected.popleft()
        if len(offence.rejected) <= self._tolerance:
            return 0
        offence.rejected.clear()
        length_ms = self._ban_ms << offence.bans
        offence.bans += 1
        offence.banned_until_ms = now_ms + length_ms
        return length_ms
