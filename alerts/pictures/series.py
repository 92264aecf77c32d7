"""What a picture of a listing shows: premium and volume over the time since its opening, and what was missed. Pure."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from alerts.texts.words import Words

STEP_S = 10  # volumes are summed over this long
BREAK_S = 10.0  # two prices further apart than this are not joined by a line


class Series(Struct, frozen=True):
    """Times are seconds since the opening. A value of None breaks the line: it was not seen.

    `volumes` are won in each `STEP_S`; `gaps` are spans that we could not hear.
    """

    title: Words
    span_s: float
    premium_pct: tuple[tuple[float, float | None], ...]
    excess_pct: tuple[tuple[float, float | None], ...]
    volumes: tuple[tuple[float, float], ...]
    gaps: tuple[tuple[float, float], ...]
    korean: bool


def line(points: Iterable[tuple[int, float | None]], opened_ms: int) -> tuple[tuple[float, float | None], ...]:
    """(time in ms, basis points) as a line in percent that is broken where nothing was seen."""
    found: list[tuple[float, float | None]] = []
    for at_ms, bps in points:
        at_s = (at_ms - opened_ms) / 1000
        if found and at_s - found[-1][0] > BREAK_S:
            found.append((found[-1][0], None))
        found.append((at_s, None if bps is None else bps / 100))
    return tuple(found)


def summed(volumes: Iterable[tuple[int, float]], opened_ms: int) -> tuple[tuple[float, float], ...]:
    """(time in ms, won) summed over each step."""
    sums: dict[int, float] = {}
    for at_ms, krw in volumes:
        step = (at_ms - opened_ms) // (STEP_S * 1000)
        sums[step] = sums.get(step, 0.0) + krw
    return tuple((float(step * STEP_S), krw) for step, krw in sorted(sums.items()))


def joined(spans: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Spans in order, those that touch made one."""
    found: list[tuple[float, float]] = []
    for from_s, to_s in sorted(spans):
        if found and from_s <= found[-1][1]:
            found[-1] = (found[-1][0], max(to_s, found[-1][1]))
        else:
            found.append((from_s, to_s))
    return tuple(found)
