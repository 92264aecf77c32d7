"""What a query may ask for, checked before anything is read: whole numbers in a range, a coin's name, a span. Pure."""

from collections.abc import Mapping

HOURS = (1, 6, 24, 168)
STEP_MS: Mapping[int, int] = {1: 10_000, 6: 60_000, 24: 180_000, 168: 1_200_000}
SPAN_MAX_MS = 30 * 3_600_000
COIN_MAX = 32  # characters
LATEST_MS = 4_102_444_800_000  # the year 2100


class BadQuery(ValueError):
    """The query cannot be answered; the text says what was expected."""


def number(query: Mapping[str, str], name: str, least: int, most: int, default: int | None = None) -> int:
    """A whole number from `least` to `most`; `default` where it is left out."""
    text = query.get(name)
    if text is None and default is not None:
        return default
    if text is None or not (text.isascii() and text.isdecimal() and len(text) < 20 and least <= int(text) <= most):
        raise BadQuery(f"{name}: expected a whole number of {least} to {most}")
    return int(text)


def span(query: Mapping[str, str]) -> tuple[int, int]:
    """[from_ms, to_ms) of at most `SPAN_MAX_MS`."""
    from_ms, to_ms = number(query, "from_ms", 0, LATEST_MS), number(query, "to_ms", 0, LATEST_MS)
    if not 0 < to_ms - from_ms <= SPAN_MAX_MS:
        raise BadQuery(f"to_ms: expected it after from_ms, by {SPAN_MAX_MS} at most")
    return from_ms, to_ms


def hours(query: Mapping[str, str]) -> int:
    """How far back a chart goes."""
    asked = number(query, "hours", 1, 168, 24)
    if asked not in HOURS:
        raise BadQuery(f"hours: expected one of {', '.join(map(str, HOURS))}")
    return asked


def coin(query: Mapping[str, str]) -> str | None:
    """A coin's ticker; None where the market itself is asked for."""
    text = query.get("coin", "").strip()
    if len(text) > COIN_MAX or not text.isprintable():
        raise BadQuery(f"coin: expected a ticker of at most {COIN_MAX} characters")
    return text.upper() or None
