"""How it went so far, for whoever watches over weeks: gaps by state, how long alerts took, how late channels saw.

Delays are those of the newest `NEWEST` rows, so that they tell of late and cost the same in a year.
"""

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

NEWEST = 200


class TrackRecord(Struct, frozen=True):
    """`gaps` counts rows by (exchange, state). Delays in ms, unsorted: alerts by kind, sightings by channel."""

    gaps: dict[tuple[str, str], int] = {}
    alert_ms: dict[str, list[int]] = {}
    sighting_ms: dict[str, list[int]] = {}


def track_record(connection: sqlite3.Connection) -> TrackRecord:
    """Read it; a few milliseconds, so seldom is often enough."""
    gaps = connection.execute("SELECT exchange, state, COUNT(*) FROM gaps GROUP BY exchange, state")
    alerts = connection.execute(
        "SELECT a.kind, d.sent_ms - a.created_ms FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id"
        " WHERE d.state = 'sent' AND d.op = 'send' ORDER BY d.id DESC LIMIT ?",
        (NEWEST,),
    )
    sightings = connection.execute(
        "SELECT s.channel, s.seen_ms - l.published_ms FROM sightings AS s JOIN listings AS l ON l.id = s.listing_id"
        " WHERE l.published_ms NOT NULL AND s.kind IN ('notice', 'in_list') ORDER BY s.listing_id DESC LIMIT ?",
        (NEWEST,),
    )
    return TrackRecord(
        {(exchange, state): count for exchange, state, count in gaps}, _by_name(alerts), _by_name(sightings)
    )


def _by_name(rows: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, delay_ms in rows:
        found.setdefault(name, []).append(delay_ms)
    return found
