"""How far this machine's clock is from the exchanges', as an interval that holds the truth. Pure.

Sign: ours minus theirs in ms, so positive means that ours is ahead. Two witnesses an exchange:

* The `Date` of an HTTP answer (RFC 9110, whole seconds, rounded down) was written between our sending and our
  receiving, so each answer bounds the offset from both sides by a second and the journey. Answers fall at every part
  of a second, and where their bounds cross, the edges of the second show: many answers leave little but the way.
* A trade can't be received before it happened: our receipt minus its stamp is never less than the offset.

An exchange whose own clock is wrong must not put ours in doubt: the interval told is the span of all of them.
"""

from collections import deque
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from msgspec import Struct

EXCHANGES = ("upbit", "bithumb")
WINDOW_S = 300.0
KEPT = 600  # answers an exchange
SLACK_MS = 100  # servers format their Date now and then, and clocks are slewed while we look
STEP_MS = 250  # a difference between our two clocks beyond this is a step of the wall clock


class Bounds(Struct, frozen=True, gc=False):
    """The offset lies in [low, high], in ms."""

    low: int
    high: int


class _Seen(Struct, frozen=True, gc=False):
    at_s: float
    bounds: Bounds


def bounds_of(date: str, requested_ms: int, received_ms: int) -> Bounds | None:
    """What one answer says; None where its Date is no date or our clock ran backwards meanwhile."""
    try:
        told_ms = round(parsedate_to_datetime(date).timestamp() * 1000)
    except (ValueError, TypeError, OverflowError):
        return None
    if received_ms < requested_ms:
        return None
    return Bounds(requested_ms - told_ms - 1_000 - SLACK_MS, received_ms - told_ms + SLACK_MS)


class ClockOffset:
    """Takes what answers and trades tell; `interval` is what is known by now. Times `at_s` are monotonic."""

    def __init__(self) -> None:
        self._seen: dict[str, deque[_Seen]] = {}
        self._crossed: dict[str, Bounds] = {}  # on which all that is seen of an exchange agrees
        self._ahead_ms: dict[str, int] = {}
        self._wall_minus_monotonic_ms: float | None = None

    def answered(
        self, service: str, headers: Mapping[str, str], requested_ms: int, received_ms: int, at_s: float
    ) -> None:
        """An HTTP answer of any service; a page from a cache (`Age`) says when it was made, not what time it is."""
        if service not in EXCHANGES or headers.get("age", "0") != "0" or "date" not in headers:
            return
        bounds = bounds_of(headers["date"], requested_ms, received_ms)
        if bounds is None:
            return
        seen = self._seen.setdefault(service, deque(maxlen=KEPT))
        seen.append(_Seen(at_s, bounds))
        while at_s - seen[0].at_s > WINDOW_S:
            seen.popleft()
        while (crossed := _crossed(seen)) is None:  # either clock has moved: the newest answers are right
            seen.popleft()
        self._crossed[service] = crossed

    def traded(self, exchange: str, ahead_ms: int | None) -> None:
        """The largest (stamp − our receipt) of the exchange's trades of late; None while there is none."""
        if ahead_ms is None:
            self._ahead_ms.pop(exchange, None)
        else:
            self._ahead_ms[exchange] = ahead_ms

    def clocks(self, wall_ms: int, at_s: float) -> None:
        """Compare our two clocks, read together: after a step of the wall clock, everything seen before is void."""
        difference_ms = wall_ms - at_s * 1000
        known_ms = self._wall_minus_monotonic_ms
        if known_ms is not None and abs(difference_ms - known_ms) > STEP_MS:
            self._seen.clear()
            self._crossed.clear()
            self._ahead_ms.clear()
        self._wall_minus_monotonic_ms = difference_ms

    def interval(self) -> tuple[int, int] | None:
        """[low, high] in ms, None while no exchange has told its Date."""
        known = [self._of(exchange) for exchange in self._crossed]
        if not known:
            return None
        return min(each.low for each in known), max(each.high for each in known)

    def _of(self, exchange: str) -> Bounds:
        bounds, ahead_ms = self._crossed[exchange], self._ahead_ms.get(exchange)
        if ahead_ms is None or -ahead_ms < bounds.low:
            return bounds  # trades from a future that the answers deny: their stamps are wrong
        return Bounds(bounds.low, min(bounds.high, -ahead_ms))


def _crossed(seen: deque[_Seen]) -> Bounds | None:
    """The bounds on which all agree; None where they do not."""
    low, high = max(each.bounds.low for each in seen), min(each.bounds.high for each in seen)
    return Bounds(low, high) if low <= high else None
