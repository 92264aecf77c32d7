"""The SQL of the present: the newest listings with their verdicts, the newest alerts, the rates, what was missed."""

import sqlite3

from msgspec import Struct

from analysis.facts import USDT_FACT
from config.units import DAY_MS
from store.readings import listing_page
from store.readings.listing_page import AlertRow, DecisionRow
from store.tables import listings
from store.tables.fx import FxInput, FxSnapshot
from store.tables.fx import latest as latest_fx
from store.tables.gaps import UNTIL_AFTER
from store.tables.listings import ListingRow

LISTINGS = 6
ALERTS = 8


class Brief(Struct, frozen=True):
    """A listing with its last verdict, None while there is none."""

    listing: ListingRow
    decision: DecisionRow | None


class GapFigures(Struct, frozen=True):
    """Gaps of one exchange that touch the last 24 h, by state; `missed_ms` sums the unhealed over all markets."""

    exchange: str
    open: int
    healed: int
    unhealable: int
    missed_ms: int


class Stamps(Struct, frozen=True):
    """Whatever changes when there is news: a view that depends on one asks again when it differs."""

    listing: int
    decision: int
    alert: int
    delivery_ms: int


class Latest(Struct, frozen=True):
    """Newest first. `usdt` is our rate with what it was computed from, `bank` the bank's; None: never known."""

    briefs: tuple[Brief, ...]
    alerts: tuple[AlertRow, ...]
    gaps: tuple[GapFigures, ...]
    usdt: FxSnapshot | None
    bank: FxSnapshot | None
    stamps: Stamps


_GAPS = f"""
SELECT exchange, COUNT(*) FILTER (WHERE state = 'open'), COUNT(*) FILTER (WHERE state = 'healed'),
    COUNT(*) FILTER (WHERE state = 'unhealable'),
    COALESCE(SUM(MIN(COALESCE(to_ms, :to_ms), :to_ms) - MAX(from_ms, :from_ms)) FILTER (WHERE state <> 'healed'), 0)
FROM {UNTIL_AFTER} WHERE from_ms < :to_ms GROUP BY exchange ORDER BY exchange DESC
"""  # noqa: S608 - parts of our own

_STAMPS = """
SELECT (SELECT COALESCE(MAX(id), 0) FROM listings), (SELECT COALESCE(MAX(id), 0) FROM decisions),
    (SELECT COALESCE(MAX(id), 0) FROM alerts),
    (SELECT COALESCE(MAX(sent_ms), 0) FROM (SELECT sent_ms FROM deliveries ORDER BY id DESC LIMIT 50))
"""


def latest(connection: sqlite3.Connection, now_ms: int) -> Latest:
    """Read it; some milliseconds."""
    return Latest(
        briefs=tuple(briefs(connection, LISTINGS)),
        alerts=tuple(listing_page.last_alerts(connection, ALERTS)),
        gaps=tuple(gap_figures(connection, now_ms)),
        usdt=latest_fx(connection, "USDT"),
        bank=latest_fx(connection, "USD"),
        stamps=Stamps(*connection.execute(_STAMPS).fetchone()),
    )


def briefs(connection: sqlite3.Connection, last: int) -> list[Brief]:
    """The newest listings, newest first, each with its last verdict."""
    found = []
    for listing in reversed(listings.report(connection, last)):
        made = listing_page.decisions(connection, listing.id, 1)
        found.append(Brief(listing, made[0] if made else None))
    return found


def gap_figures(connection: sqlite3.Connection, now_ms: int) -> list[GapFigures]:
    """The last 24 h of each exchange that has a gap in them."""
    rows = connection.execute(_GAPS, {"to_ms": now_ms, "from_ms": now_ms - DAY_MS})
    return [GapFigures(*row) for row in rows]


def usdt_usd(snapshot: FxSnapshot | None) -> float | None:
    """The price of a USDT in USD behind a rate."""
    stated = None if snapshot is None else snapshot.inputs.get(USDT_FACT)
    return stated.value if isinstance(stated, FxInput) else stated
