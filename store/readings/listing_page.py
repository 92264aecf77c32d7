"""The SQL of one listing's page: its notice, its verdicts, its alerts, and what else is told beside its own row."""

import sqlite3
from collections.abc import Mapping

import msgspec
from msgspec import Struct

from analysis.verdict import FactValue, Finding
from store.tables import notices
from store.tables.notices import NoticeRow

DECISIONS_MAX = 300
ALERTS_MAX = 100
TEXT_MAX = 1_200  # characters of an alert's text


class FactRow(Struct, frozen=True):
    """One input of a verdict as it was stored; `age_ms` when the verdict was made, None while it is unknown."""

    value: FactValue
    unit: str
    source: str
    age_ms: int | None


class Judged(Struct, frozen=True):
    """One verdict without reasons and facts; premiums and route are among those, read out here. Level as in alerts."""

    id: int
    made_ms: int
    mode: str
    verdict: str
    level: int
    net_bps: float | None
    premium_bps: float | None
    excess_bps: float | None
    route: str | None


class DecisionRow(Judged, frozen=True):
    """One verdict with its reasons."""

    blockers: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


class AlertRow(Struct, frozen=True):
    """One alert with how far it came: times of the first request and delivery, and deliveries by state."""

    id: int
    key: str
    kind: str
    level: int
    listing_id: int | None
    created_ms: int
    text: str
    requested_ms: int | None
    sent_ms: int | None
    sent: int
    waiting: int
    failed: int


_DECISION = """
SELECT id, made_ms, mode, verdict, level, net_bps,
    json_extract(facts, '$.premium_bps.value'), json_extract(facts, '$.excess_bps.value'),
    json_extract(facts, '$.route.value'), blockers, warnings
FROM decisions WHERE listing_id = ? ORDER BY made_ms DESC, id DESC LIMIT ?
"""

_ALERTS = """
SELECT a.id, a.key, a.kind, a.level, a.listing_id, a.created_ms, substr(a.text, 1, ?),
    MIN(d.requested_ms), MIN(d.sent_ms), COUNT(*) FILTER (WHERE d.state = 'sent'),
    COUNT(*) FILTER (WHERE d.state IN ('pending', 'uncertain')),
    COUNT(*) FILTER (WHERE d.state IN ('failed', 'expired'))
FROM (SELECT * FROM alerts {which} ORDER BY id DESC LIMIT ?) AS a
LEFT JOIN deliveries AS d ON d.alert_id = a.id AND d.op = 'send'
GROUP BY a.id ORDER BY a.id DESC
"""


def decisions(connection: sqlite3.Connection, listing_id: int, last: int = DECISIONS_MAX) -> list[DecisionRow]:
    """The newest verdicts of a listing, newest first."""
    rows = connection.execute(_DECISION, (listing_id, last))
    return [DecisionRow(*(*row[:-2], _findings(row[-2]), _findings(row[-1]))) for row in rows]


def _findings(stored: str) -> tuple[Finding, ...]:
    return msgspec.json.decode(stored, type=tuple[Finding, ...])


def facts(connection: sqlite3.Connection, decision_id: int) -> Mapping[str, FactRow]:
    """Every input of one verdict by name; none if there is no such verdict."""
    row = connection.execute("SELECT facts FROM decisions WHERE id = ?", (decision_id,)).fetchone()
    return {} if row is None else msgspec.json.decode(row[0], type=dict[str, FactRow])


def last_alerts(connection: sqlite3.Connection, last: int) -> list[AlertRow]:
    """The newest alerts of all, newest first."""
    return [AlertRow(*row) for row in connection.execute(_ALERTS.format(which=""), (TEXT_MAX, last))]


def alerts(connection: sqlite3.Connection, listing_id: int) -> list[AlertRow]:
    """The newest alerts of one listing, newest first."""
    sql = _ALERTS.format(which="WHERE listing_id = ?")
    return [AlertRow(*row) for row in connection.execute(sql, (TEXT_MAX, listing_id, ALERTS_MAX))]


def notice_versions(connection: sqlite3.Connection, listing_id: int) -> list[NoticeRow]:
    """Every version of the listing's notice, oldest first; none where no notice told of it."""
    row = connection.execute("SELECT exchange, notice_ref FROM listings WHERE id = ?", (listing_id,)).fetchone()
    return [] if row is None or row[1] is None else notices.versions(connection, row[0], row[1])
