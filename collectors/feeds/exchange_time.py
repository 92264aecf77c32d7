"""What time it is at the exchange, as its trades tell it. Pure."""

FUTURE_MS = 5_000  # a trade stamped further ahead of our clock tells us nothing about time


class ExchangeTime:
    """The exchange's clock as its last trade told it, carried on by our monotonic one; a little behind, never ours.

    So the edges of what we heard are right in the exchange's seconds, even where the host's clock is wrong or steps.
    """

    def __init__(self) -> None:
        self._traded_ms: int | None = None
        self._told = 0.0

    def note(self, traded_ms: int, received_ms: int, now: float) -> None:
        """A trade came, no snapshot; `received_ms` by our wall clock is `now` by the monotonic one."""
        if traded_ms <= received_ms + FUTURE_MS:
            self._traded_ms, self._told = traded_ms, now

    def at_ms(self, moment: float) -> int | None:
        """What it showed at `moment` of our monotonic clock, if a trade ever told."""
        return None if self._traded_ms is None else self._traded_ms + int((moment - self._told) * 1000)
