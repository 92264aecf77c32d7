"""Turns readings into news: what has begun to be wrong, and what is over. Pure: the caller brings readings and time.

A trouble is told once. It is over when its cause has been fine for `STEADY_S` on end, so that what flaps is told twice,
not a hundred times; not being known for a while ends nothing.
"""

from collections.abc import Mapping

from msgspec import Struct

from ops.watching.readings import Readings
from ops.watching.troubles import Pulse, Trouble, troubles

STEADY_S = 10.0
REPEATED = 3
HOLD_S: Mapping[str, float] = {"writer": 2.0}  # how long a cause must last before it is told; others at once


class Began(Struct, frozen=True):
    """Something is wrong."""

    trouble: Trouble


class Ended(Struct, frozen=True):
    """It is over; it lasted so long, up to when it was first fine again."""

    cause: str
    lasted_ms: int


class _Counter:
    """When a count of losses has last grown; one that starts above zero has just grown."""

    def __init__(self) -> None:
        self._count = 0
        self._grown_s: float | None = None

    def ago_s(self, count: int, at_s: float) -> float | None:
        if count > self._count:
            self._grown_s = at_s
        self._count = count
        return None if self._grown_s is None else at_s - self._grown_s


class Watchman:
    """`look` at every reading, in order. `open_s`: troubles that an earlier run told, and how long ago each began."""

    def __init__(self, at_s: float, open_s: Mapping[str, float] | None = None) -> None:
        self._began_s = at_s
        self._open = {cause: at_s - ago_s for cause, ago_s in (open_s or {}).items()}
        self._rising: dict[str, float] = {}
        self._fine: dict[str, float] = {}
        self._heard: dict[str, tuple[int | None, float]] = {}
        self._dropped, self._refused = _Counter(), _Counter()
        self._unreadable: dict[str, _Counter] = {}

    @property
    def open(self) -> frozenset[str]:
        """Causes that were told and are not over."""
        return frozenset(self._open)

    def look(self, readings: Readings, at_s: float) -> list[Began | Ended]:
        """What is new, at `at_s` of the monotonic clock: a wall clock that steps begins and ends nothing."""
        news: list[Began | Ended] = []
        found = troubles(readings, self._pulse(readings, at_s), self.open)
        for unknown in (self._fine.keys() | self._rising.keys()) - found.keys():
            self._fine.pop(unknown, None)
            self._rising.pop(unknown, None)
        for cause, trouble in found.items():
            if trouble is None:
                self._rising.pop(cause, None)
                fine_s = self._fine.setdefault(cause, at_s)
                if cause in self._open and at_s - fine_s >= STEADY_S:
                    news.append(Ended(cause, round((fine_s - self._open.pop(cause)) * 1000)))
                continue
            self._fine.pop(cause, None)
            risen_s = self._rising.setdefault(cause, at_s)
            hold_s = HOLD_S.get(cause, 0.0)
            if cause not in self._open and at_s - risen_s >= hold_s:
                self._open[cause] = self._since_s(cause, risen_s)
                news.append(Began(trouble))
        return news

    def _pulse(self, readings: Readings, at_s: float) -> Pulse:
        silent_s = {}
        for exchange, feed in readings.feeds.items():
            last_ms, since_s = self._heard.get(exchange, (None, self._began_s))
            if feed.last_message_ms != last_ms:
                since_s = at_s
            self._heard[exchange] = feed.last_message_ms, since_s
            silent_s[exchange] = at_s - since_s
        return Pulse(
            silent_s,
            self._dropped.ago_s(readings.writer.dropped, at_s),
            self._refused.ago_s(readings.writer.failed, at_s),
            {
                exchange: self._unreadable.setdefault(exchange, _Counter()).ago_s(_repeated(feed.unreadable), at_s)
                for exchange, feed in readings.feeds.items()
            },
        )

    def _since_s(self, cause: str, risen_s: float) -> float:
        """When it began: for a silence, with its last word."""
        kind, _, exchange = cause.partition(":")
        return self._heard[exchange][1] if kind == "feed" and exchange in self._heard else risen_s


def _repeated(unreadable: Mapping[str, int]) -> int:
    """Frames that break the contract in the same way as others did: a change of format, not noise on the way."""
    return sum(count for count in unreadable.values() if count >= REPEATED)
