"""The SQL of what became of a delivery: it arrived, it did not, it may have, it never will. See `deliveries.py`.

Every function works inside the caller's transaction.
"""

import sqlite3
from collections.abc import Collection, Mapping

from alerts.alert import Alert, AlertKind
from alerts.delivery import TELEGRAM, WEBHOOK, scheme_of
from store.tables.deliveries import REPEATED, Delivery, expire_edits, first_sight_of, insert, load


def mark_sent(
    connection: sqlite3.Connection, delivery: Delivery, requested_ms: int, now_ms: int, message_id: str | None
) -> None:
    """It arrived. A chat that has it makes the second channel's copy needless."""
    connection.execute(
        "UPDATE deliveries SET state = 'sent', requested_ms = ?, sent_ms = ?, message_id = ?, error = ? WHERE id = ?",
        (requested_ms, now_ms, message_id, REPEATED if delivery.repeat else None, delivery.delivery_id),
    )
    if scheme_of(delivery.target) == TELEGRAM and delivery.op == "send":
        connection.execute(
            "UPDATE deliveries SET state = 'expired', error = 'Telegram has it'"
            " WHERE alert_id = ? AND target = ? AND state = 'pending' AND requested_ms IS NULL",
            (delivery.alert_id, WEBHOOK),
        )


def mark_retry(connection: sqlite3.Connection, delivery: Delivery, next_try_ms: int, error: str) -> None:
    """It did not arrive and is due again at `next_try_ms`; an edit that a newer one overtook meanwhile is not."""
    overtaken = delivery.op == "edit" and connection.execute(
        "SELECT EXISTS (SELECT 1 FROM deliveries WHERE alert_id = ? AND target = ? AND op = 'edit' AND id > ?)",
        (delivery.alert_id, delivery.target, delivery.delivery_id),
    ).fetchone() == (1,)
    if overtaken:
        error = "overtaken by a newer edit"
    connection.execute(
        "UPDATE deliveries SET requested_ms = NULL, next_try_ms = ?, error = ?,"
        " state = CASE WHEN ? THEN 'expired' ELSE state END WHERE id = ?",
        (next_try_ms, error, overtaken, delivery.delivery_id),
    )


def mark_uncertain(connection: sqlite3.Connection, delivery: Delivery, next_try_ms: int, error: str) -> None:
    """It may have arrived. At-least-once kinds are due again at `next_try_ms`; for the others this is the end.

    An edit says the same however often it is made, so for an edit this is an ordinary retry.
    """
    if delivery.op == "edit":
        mark_retry(connection, delivery, next_try_ms, error)
        return
    connection.execute(
        "UPDATE deliveries SET state = 'uncertain', next_try_ms = ?, error = ? WHERE id = ?",
        (next_try_ms, error, delivery.delivery_id),
    )
    if not delivery.at_least_once:
        expire_edits(connection, delivery.alert_id, delivery.target, "its message is uncertain")


def mark_failed(connection: sqlite3.Connection, delivery: Delivery, now_ms: int, error: str) -> None:
    """It never will. Its waiting edits expire; if no chat is left that may get it, the second channel goes at once."""
    connection.execute("UPDATE deliveries SET state = 'failed', error = ? WHERE id = ?", (error, delivery.delivery_id))
    if delivery.op == "edit":
        return
    expire_edits(connection, delivery.alert_id, delivery.target, "its message could not be sent")
    connection.execute(
        "UPDATE deliveries SET next_try_ms = MIN(next_try_ms, ?)"
        " WHERE alert_id = ? AND target = ? AND state = 'pending' AND NOT EXISTS ("
        "  SELECT 1 FROM deliveries AS other WHERE other.alert_id = deliveries.alert_id AND other.op = 'send'"
        "  AND other.target LIKE 'telegram:%' AND other.state IN ('pending', 'sent', 'uncertain'))",
        (now_ms, delivery.alert_id, WEBHOOK),
    )


def mark_lost(connection: sqlite3.Connection, delivery: Delivery, now_ms: int, error: str) -> None:
    """The message to edit is gone: the newest text becomes a message of its own, which later edits then follow."""
    newest = connection.execute(
        "SELECT text FROM deliveries WHERE alert_id = ? AND target = ? AND op = 'edit' AND state = 'pending'"
        " ORDER BY id DESC LIMIT 1",
        (delivery.alert_id, delivery.target),
    ).fetchone()
    expire_edits(connection, delivery.alert_id, delivery.target, "sent anew: the message to edit is gone")
    connection.execute("UPDATE deliveries SET state = 'failed', error = ? WHERE id = ?", (error, delivery.delivery_id))
    text = delivery.text if newest is None else newest[0]
    insert(connection, delivery.alert_id, delivery.target, "send", text, now_ms, None)


def recover(connection: sqlite3.Connection, now_ms: int, before_ms: int) -> int:
    """Make rows that were requested before `before_ms` and have no outcome uncertain; return how many.

    What was requested later than now was requested by a clock that was ahead of this one, so before.
    For the start (everything requested before it) and the end (everything). Sends become uncertain, and with that due
    again or ended, by kind; edits are simply due again.
    """
    connection.execute(
        "UPDATE deliveries SET requested_ms = NULL, next_try_ms = ?"
        " WHERE state = 'pending' AND op = 'edit' AND requested_ms NOT BETWEEN ? AND ?",
        (now_ms, before_ms, now_ms),
    )
    broken_off = connection.execute(
        "SELECT id FROM deliveries WHERE state = 'pending' AND op = 'send' AND requested_ms NOT BETWEEN ? AND ?",
        (before_ms, now_ms),
    ).fetchall()
    for delivery in load(connection, [row[0] for row in broken_off]):
        mark_uncertain(connection, delivery, now_ms, "stopped between request and answer")
    return len(broken_off)


# --- told from memory ------------------------------------------------------------------------------------------------


def stored_alert(connection: sqlite3.Connection, alert: Alert) -> int | None:
    """The id of the row of an alert; a first sight has one for each key, and may stand for a KRW market that joined."""
    if alert.kind is AlertKind.FIRST_SIGHT:
        return first_sight_of(connection, alert.key)
    row = connection.execute(
        "SELECT MAX(id) FROM alerts WHERE key = ? AND kind = ? AND created_ms = ? AND about = ?",
        (alert.key, alert.kind.value, alert.created_ms, alert.about),
    ).fetchone()
    if row[0] is None:
        return first_sight_of(connection, alert.key) if alert.lists else None
    return int(row[0])


def told_from_memory(
    connection: sqlite3.Connection,
    alert_id: int,
    sent: Mapping[str, str | None],
    unsure: Collection[str],
    failed: Mapping[str, str],
    now_ms: int,
) -> None:
    """What became of an alert before it could be stored. Where it was not tried yet, its delivery is due as ever."""
    waiting = connection.execute(
        "SELECT id, target FROM deliveries WHERE alert_id = ? AND op = 'send' AND state = 'pending'", (alert_id,)
    ).fetchall()
    for delivery in load(connection, [row[0] for row in waiting]):
        if delivery.target in sent:
            mark_sent(connection, delivery, now_ms, now_ms, sent[delivery.target])
        elif delivery.target in unsure:
            mark_uncertain(connection, delivery, now_ms, "sent from memory, no answer")
        elif delivery.target in failed:
            mark_failed(connection, delivery, now_ms, failed[delivery.target])
