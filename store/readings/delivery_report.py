"""What health.json and the `alerts` command tell of deliveries."""

import sqlite3

from msgspec import Struct


class AlertStatistics(Struct, frozen=True):
    """Counts of deliveries by state; `uncertain` ones may have arrived.

    `oldest_waiting_ms`: when the alert was made; for an edit, which may be much younger than its alert, when it is due.
    """

    pending: int
    sent: int
    failed: int
    uncertain: int
    last_sent_ms: int | None
    oldest_waiting_ms: int | None


class AlertRow(Struct, frozen=True):
    """One delivery with its alert: the columns of both tables, as `alerts --json` prints them."""

    id: int
    key: str
    kind: str
    level: int
    listing_id: int | None
    created_ms: int
    reply_to: int | None
    text: str
    target: str | None
    op: str | None
    state: str | None
    attempts: int | None
    next_try_ms: int | None
    requested_ms: int | None
    sent_ms: int | None
    message_id: str | None
    error: str | None


def statistics(connection: sqlite3.Connection) -> AlertStatistics:
    """Totals over everything stored.

    LOW news before its digest and the second channel on standby wait as they should: neither counts for
    `oldest_waiting_ms`.
    """
    counts = dict(connection.execute("SELECT state, COUNT(*) FROM deliveries GROUP BY state").fetchall())
    last_sent = connection.execute("SELECT MAX(sent_ms) FROM deliveries WHERE state = 'sent'").fetchone()[0]
    oldest = connection.execute(
        "SELECT MIN(CASE d.op WHEN 'edit' THEN d.next_try_ms ELSE a.created_ms END)"
        " FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id"
        " WHERE d.state IN ('pending', 'uncertain') AND d.target <> 'webhook'"
        " AND (d.state = 'pending' OR a.kind = 'first_sight' OR a.level >= 40)"
        " AND (a.level <> 20 OR a.kind IN ('first_sight', 'digest', 'test') OR d.op = 'edit')"
    ).fetchone()[0]
    return AlertStatistics(
        pending=counts.get("pending", 0),
        sent=counts.get("sent", 0),
        failed=counts.get("failed", 0),
        uncertain=counts.get("uncertain", 0),
        last_sent_ms=last_sent,
        oldest_waiting_ms=oldest,
    )


def last_alerts(connection: sqlite3.Connection, last: int) -> list[AlertRow]:
    """The newest `last` alerts with every delivery of each, oldest first; one without deliveries has one row."""
    rows = connection.execute(
        "SELECT a.id, a.key, a.kind, a.level, a.listing_id, a.created_ms, a.reply_to, COALESCE(d.text, a.text),"
        " d.target, d.op, d.state, d.attempts, d.next_try_ms, d.requested_ms, d.sent_ms, d.message_id, d.error"
        " FROM (SELECT * FROM alerts ORDER BY id DESC LIMIT ?) AS a LEFT JOIN deliveries AS d ON d.alert_id = a.id"
        " ORDER BY a.id, d.id",
        (last,),
    )
    return [AlertRow(*row) for row in rows]
