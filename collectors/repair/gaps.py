"""What we missed: which seconds a set of intervals touches, and what an empty second means. Pure.

Intervals are [from_ms, to_ms) in exchange time; an end of None is open for ever. A second that is touched at all counts
as missed, because what is stored of it may be incomplete.
"""

from collections.abc import Iterable
from enum import Enum

from config.units import SECOND_MS

Interval = tuple[int, int | None]

OFFICIAL_MINUTES = "/v1/candles/minutes/1"  # in the source of a gap: its minutes are the exchange's own
SECONDS_NOT_KEPT = "its seconds are not kept"  # likewise: it was healed in its minutes alone


class SecondState(Enum):
    """What is known of one second of one market."""

    RECORDED = "recorded"  # we listened throughout, and there were trades
    QUIET = "quiet"  # we listened throughout, and there were none
    BLIND = "blind"  # we missed some or all of it; a stored candle may be incomplete
    COVERED = "covered"  # we listened throughout; whether there were trades is no longer kept second by second


def state_of(second_ms: int, stored: bool, missed: Iterable[Interval]) -> SecondState:
    """The state of the second that starts at `second_ms`; `stored` says whether it has a candle."""
    if any(touches(interval, second_ms, second_ms + SECOND_MS) for interval in missed):
        return SecondState.BLIND
    return SecondState.RECORDED if stored else SecondState.QUIET


def covered_s(minute_ms: int, missed: Iterable[Interval]) -> int:
    """How many seconds of the minute that starts at `minute_ms` no interval touches: 0 to 60."""
    blind = 0  # one bit a second
    for from_ms, to_ms in missed:
        first = max(0, (from_ms - minute_ms) // SECOND_MS)
        past = 60 if to_ms is None else min(60, -((minute_ms - to_ms) // SECOND_MS))
        if first < past and (to_ms is None or from_ms < to_ms):
            blind |= (1 << past) - (1 << first)
    return 60 - blind.bit_count()


def touches(interval: Interval, from_ms: int, to_ms: int) -> bool:
    begins, ends = interval
    return begins < to_ms and (ends is None or (from_ms < ends and begins < ends))
