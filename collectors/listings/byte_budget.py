"""How often a large page may be read: a bound on its bytes in any hour. Pure; `now` is monotonic seconds."""

BURST = 0.1  # this part of the hour's bytes may be spent at any pace, so that an opening can be watched more closely


class ByteBudget:
    """At most `per_hour` bytes in any hour, and the page on which it runs out.

    Nine tenths flow in evenly; the rest is what unspent bytes may add up to. Bytes are those of the text, uncompressed:
    what the wire carries is a fraction of it and not told for every answer.
    """

    def __init__(self, per_hour: float) -> None:
        self._burst = per_hour * BURST
        self._per_s = per_hour * (1.0 - BURST) / 3_600.0
        self._level = self._burst
        self._since = 0.0

    def wait_s(self, now: float) -> float:
        """Seconds until another page may be read; 0 now."""
        self._flow(now)
        return max(0.0, -self._level / self._per_s)

    def spend(self, size: int, now: float) -> None:
        """A page of `size` bytes came."""
        self._flow(now)
        self._level -= size

    def _flow(self, now: float) -> None:
        self._level = min(self._burst, self._level + (now - self._since) * self._per_s)
        self._since = now
