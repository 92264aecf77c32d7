"""The SQL of `outcomes`: which listings are to be looked back at, what was recorded of them, and what became of them.

The look back reads a day of seconds, so it has a read-only connection of its own: the writer's is never kept that long.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from analysis.outcome import ListingOutcome, Second
from analysis.price_row import ListingPrice
from config.units import MINUTE_MS
from store.tables import listing_prices

PROVISIONAL_AFTER_MS = 30 * 60_000
COPIED_AFTER_MS = 90_000  # by then the last seconds stand in listing_seconds

# Whoever has a KRW market and opened. A first trade is certain; an announced time counts only once all is over.
_DUE = """
SELECT l.id, k.id, l.exchange, l.state = 'settled' AS over,
    COALESCE(m.first_trade_ms, l.first_trade_ms, CASE l.state WHEN 'settled' THEN l.trading_starts_ms END) AS since_ms
FROM listings AS l
JOIN listing_markets AS m ON m.listing_id = l.id AND m.quote = 'KRW'
LEFT JOIN markets AS k ON k.exchange = l.exchange AND k.base = l.base AND k.quote = 'KRW'
LEFT JOIN outcomes AS o ON o.listing_id = l.id
WHERE since_ms IS NOT NULL AND l.state <> 'cancelled' AND COALESCE(o.final, 0) = 0
    AND (over OR o.listing_id IS NULL) AND since_ms <= ?
ORDER BY l.id
"""

# What could not be heard in the first minute, and was not healed.
_BLIND = """
SELECT EXISTS (
    SELECT 1 FROM gaps WHERE exchange = ? AND (market_id IS NULL OR market_id = ?) AND state <> 'healed'
    AND from_ms < ? AND COALESCE(to_ms, ?) > ?
)
"""


class Due(Struct, frozen=True):
    """A listing to look back at. `market_id`: its KRW market, None if never recorded; `final`: it has settled."""

    listing_id: int
    market_id: int | None
    exchange: str
    final: bool
    opened_ms: int


class Recorded(Struct, frozen=True):
    """What we have of a listing; `first_minute_whole`: nothing of the first minute was missed."""

    prices: list[ListingPrice]
    seconds: list[Second]
    first_minute_whole: bool


class OutcomeRow(Struct, frozen=True):
    """What became of a listing, as its table holds it; `final` False: as seen half an hour after the opening."""

    label: str
    max_premium_bps: float | None
    max_excess_bps: float | None
    above_hit_s: float
    at_1_min_bps: float | None
    at_5_min_bps: float | None
    at_30_min_bps: float | None
    first_minute_krw: float | None
    opened_ms: int
    made_ms: int
    final: bool


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A read-only connection for the thread that asks."""
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as connection:
        yield connection


def due(connection: sqlite3.Connection, now_ms: int) -> list[Due]:
    """The listings that opened half an hour ago and have no outcome yet, and those that settled without a final one."""
    rows = connection.execute(_DUE, (now_ms - PROVISIONAL_AFTER_MS - COPIED_AFTER_MS,))
    return [
        Due(listing_id, market_id, exchange, bool(final), opened_ms)
        for listing_id, market_id, exchange, final, opened_ms in rows
    ]


def recorded(connection: sqlite3.Connection, listing: Due, until_ms: int) -> Recorded:
    """Looks and seconds from the opening on, oldest first."""
    rows = connection.execute(
        "SELECT open_ms, close, quote_volume FROM listing_seconds"
        " WHERE market_id = ? AND open_ms >= ? AND open_ms < ? ORDER BY open_ms",
        (listing.market_id, listing.opened_ms - listing.opened_ms % 1000, until_ms),
    )
    ended_ms = listing.opened_ms + MINUTE_MS
    (blind,) = connection.execute(
        _BLIND, (listing.exchange, listing.market_id, ended_ms, ended_ms, listing.opened_ms)
    ).fetchone()
    return Recorded(listing_prices.load(connection, listing.listing_id), [Second(*row) for row in rows], not blind)


def save(connection: sqlite3.Connection, listing: Due, found: ListingOutcome, made_ms: int) -> None:
    """Keep an outcome; the final one replaces the provisional, and nothing replaces the final one."""
    connection.execute(
        "INSERT INTO outcomes (listing_id, label, max_premium_bps, max_excess_bps, above_hit_s, at_1_min_bps,"
        " at_5_min_bps, at_30_min_bps, first_minute_krw, opened_ms, made_ms, final)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (listing_id) DO UPDATE SET label = excluded.label,"
        " max_premium_bps = excluded.max_premium_bps, max_excess_bps = excluded.max_excess_bps,"
        " above_hit_s = excluded.above_hit_s, at_1_min_bps = excluded.at_1_min_bps,"
        " at_5_min_bps = excluded.at_5_min_bps, at_30_min_bps = excluded.at_30_min_bps,"
        " first_minute_krw = excluded.first_minute_krw, opened_ms = excluded.opened_ms, made_ms = excluded.made_ms,"
        " final = excluded.final WHERE final = 0",
        (
            *(listing.listing_id, found.label.value, found.max_premium_bps, found.max_excess_bps, found.above_hit_s),
            *(found.at_1_min_bps, found.at_5_min_bps, found.at_30_min_bps, found.first_minute_krw),
            *(listing.opened_ms, made_ms, int(listing.final)),
        ),
    )


def of_listing(connection: sqlite3.Connection, listing_id: int) -> OutcomeRow | None:
    """What became of one listing, as far as that is known."""
    row = connection.execute(
        "SELECT label, max_premium_bps, max_excess_bps, above_hit_s, at_1_min_bps, at_5_min_bps, at_30_min_bps,"
        " first_minute_krw, opened_ms, made_ms, final FROM outcomes WHERE listing_id = ?",
        (listing_id,),
    ).fetchone()
    return None if row is None else replace(OutcomeRow(*row), final=bool(row[-1]))
