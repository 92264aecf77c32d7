"""The SQL of what was traded around one listing: its seconds, folded to what a chart can show, and gaps."""

import sqlite3

from msgspec import Struct

from store.tables.gaps import UNTIL_AFTER

POINTS_MAX = 1_200
STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300)
FRESH_MS = 180_000  # what is not in listing_seconds yet stands in candles_1s
GAPS_MAX = 500


class KrwMarket(Struct, frozen=True):
    """The coin's KRW market on one exchange."""

    exchange: str
    market_id: int
    code: str


class Point(Struct, frozen=True):
    """`step_s` seconds of one market from `at_ms` on (the exchange's time); volumes in KRW."""

    at_ms: int
    low: float
    high: float
    close: float
    volume_krw: float
    trades: int


class Blind(Struct, frozen=True):
    """A gap that touches the span, cut to it. `state` healed: it was filled later."""

    from_ms: int
    to_ms: int
    cause: str
    state: str


_POINTS = """
SELECT b.at, b.low, b.high, s.close, b.volume, b.trades
FROM (
    SELECT open_ms - open_ms % :step AS at, MIN(low) AS low, MAX(high) AS high, SUM(quote_volume) AS volume,
        SUM(trades) AS trades, MAX(open_ms) AS newest
    FROM listing_seconds WHERE market_id = :market AND open_ms >= :from_ms AND open_ms < :to_ms GROUP BY at
) AS b JOIN listing_seconds AS s ON s.market_id = :market AND s.open_ms = b.newest
ORDER BY b.at
"""

# By time through the primary key, so the span must be short.
_FRESH = """
SELECT open_ms, low, high, close, quote_volume, trades FROM candles_1s
WHERE open_ms >= ? AND open_ms < ? AND market_id = ? ORDER BY open_ms
"""

_GAPS = f"""
SELECT MAX(from_ms, :from_ms), MIN(COALESCE(to_ms, :to_ms), :to_ms), cause, state
FROM {UNTIL_AFTER}
WHERE exchange = :exchange AND (market_id IS NULL OR market_id = :market) AND from_ms < :to_ms
ORDER BY from_ms LIMIT :most
"""  # noqa: S608 - parts of our own


def krw_markets(connection: sqlite3.Connection, base: str) -> list[KrwMarket]:
    """Where the coin trades against KRW, as far as we recorded it."""
    rows = connection.execute(
        "SELECT exchange, id, code FROM markets WHERE base = ? AND quote = 'KRW' ORDER BY exchange DESC", (base,)
    )
    return [KrwMarket(*row) for row in rows]


def step_of(from_ms: int, to_ms: int) -> int:
    """Seconds in a point, so that the span has no more than `POINTS_MAX` of them."""
    seconds = (to_ms - from_ms) / 1000
    return next((step for step in STEPS_S if seconds / step <= POINTS_MAX), STEPS_S[-1])


def points(connection: sqlite3.Connection, market_id: int, from_ms: int, to_ms: int, step_s: int) -> list[Point]:
    """What was traded in [from_ms, to_ms), oldest first; a step without trades has no point."""
    step = step_s * 1000
    span = {"step": step, "market": market_id, "from_ms": from_ms, "to_ms": to_ms}
    found = [Point(*row) for row in connection.execute(_POINTS, span)]
    (kept_ms,) = connection.execute(
        "SELECT MAX(open_ms) FROM listing_seconds WHERE market_id = ? AND open_ms < ?", (market_id, to_ms)
    ).fetchone()
    after_ms = max(from_ms, to_ms - FRESH_MS, (kept_ms + 1000) if kept_ms is not None else 0)
    for open_ms, *rest in connection.execute(_FRESH, (after_ms, to_ms, market_id)):
        fresh = Point(open_ms - open_ms % step, *rest)
        if found and found[-1].at_ms == fresh.at_ms:
            found[-1] = _joined(found[-1], fresh)
        else:
            found.append(fresh)
    return found


def _joined(point: Point, later: Point) -> Point:
    return Point(
        point.at_ms,
        min(point.low, later.low),
        max(point.high, later.high),
        later.close,
        point.volume_krw + later.volume_krw,
        point.trades + later.trades,
    )


def blinds(connection: sqlite3.Connection, market: KrwMarket, from_ms: int, to_ms: int) -> list[Blind]:
    """What we did not hear of the market in the span as it happened, oldest first."""
    span = {"exchange": market.exchange, "market": market.market_id, "from_ms": from_ms, "to_ms": to_ms}
    return [Blind(*row) for row in connection.execute(_GAPS, span | {"most": GAPS_MAX})]
