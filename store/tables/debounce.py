"""The SQL of `alert_debounce`: what rang last for each key, across restarts too, and how a new alert passes it."""

import sqlite3
from collections.abc import Sequence

from msgspec import Struct

from alerts.alert import Alert, AlertLevel
from alerts.debounce import Decision, LastSent, decide
from store.tables.deliveries import Delivery, add_alert, fresh


class Posted(Struct, frozen=True):
    """What became of an alert: the decision, its id unless it was held, and what the outbox may send from memory."""

    decision: Decision
    alert_id: int | None
    fresh: tuple[Delivery, ...] = ()


def post(connection: sqlite3.Connection, alert: Alert, targets: Sequence[str], now_ms: int, quiet_ms: int) -> Posted:
    """Decide whether the alert rings, and store it unless it is held; inside the caller's transaction."""
    decision = decide(alert.kind, alert.level, last_sent(connection, alert.key), now_ms, quiet_ms)
    if decision is Decision.HOLD:
        return Posted(decision, None)
    alert_id = add_alert(connection, alert, targets, now_ms)
    if decision.sends:
        remember(connection, alert.key, alert.level, now_ms, now_ms + quiet_ms)
    return Posted(decision, alert_id, fresh(connection, alert_id))


def last_sent(connection: sqlite3.Connection, key: str) -> LastSent | None:
    row = connection.execute("SELECT level, last_sent_ms FROM alert_debounce WHERE key = ?", (key,)).fetchone()
    return None if row is None else LastSent(AlertLevel(row[0]), row[1])


def remember(connection: sqlite3.Connection, key: str, level: AlertLevel, sent_ms: int, expires_ms: int) -> None:
    connection.execute(
        "INSERT INTO alert_debounce (key, level, last_sent_ms, expires_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET level = excluded.level, last_sent_ms = excluded.last_sent_ms,"
        " expires_ms = excluded.expires_ms",
        (key, int(level), sent_ms, expires_ms),
    )


def forget_expired(connection: sqlite3.Connection, now_ms: int) -> int:
    """Drop what can hold nothing any more; return how many rows."""
    return connection.execute("DELETE FROM alert_debounce WHERE expires_ms <= ?", (now_ms,)).rowcount
