"""Spans of time in milliseconds, and where the one that holds a moment begins. Pure."""

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


def whole_second(at_ms: int) -> int:
    """The start of the second that holds `at_ms`."""
    return at_ms - at_ms % SECOND_MS


def whole_minute(at_ms: int) -> int:
    """The start of the minute that holds `at_ms`."""
    return at_ms - at_ms % MINUTE_MS


def next_whole(at_ms: int, unit_ms: int) -> int:
    """`at_ms`, or else the next start of a span of `unit_ms`."""
    return at_ms + -at_ms % unit_ms
