"""The SQL that turns many alerts into one message: LOW news when its hour comes, and what outlived its use unsent.

A folded delivery is `expired` with the error `told in alert <id>`; the digest is an alert of its own, for one target.
While a digest has not been tried yet, more is folded into it, so that hours of outage end in one message.
"""

import sqlite3
from collections.abc import Callable, Sequence

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.texts.operator_text import DigestItem
from store.tables.deliveries import add_alert

FIRST_SIGHT_KEEPS = 24  # a first sight is sent by itself, marked late, for this many times as long as the rest

Compose = Callable[[Sequence[DigestItem]], str]

# A target's LOW news is ripe once the oldest of it has waited long enough, or stems from a clock that was as far ahead.
# Anything else is ripe when it is stale.
RIPE = """
WITH waiting AS (
    SELECT d.id, d.target, d.alert_id, d.state, a.kind, a.level, a.created_ms,
        a.level = 20 AND a.kind NOT IN ('first_sight', 'digest', 'test') AS low
    FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id
    WHERE d.state IN ('pending', 'uncertain') AND d.op = 'send' AND a.kind <> 'digest'
        AND (d.requested_ms IS NULL OR d.state = 'uncertain')
),
hours AS (SELECT target, MIN(created_ms) AS oldest_ms FROM waiting WHERE low AND state = 'pending' GROUP BY target)
SELECT id, target, alert_id FROM waiting
WHERE (low AND state = 'pending'
        AND ABS(:now - (SELECT oldest_ms FROM hours WHERE hours.target = waiting.target)) >= :every)
    OR (NOT low AND (state = 'pending' OR kind = 'first_sight' OR level >= 40)
        AND created_ms <= :now - :stale * (CASE kind WHEN 'first_sight' THEN :keeps ELSE 1 END))
ORDER BY id
"""

TOLD_IN = """
SELECT DISTINCT a.level, a.created_ms, a.text FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id
WHERE d.target = ? AND d.error = ? AND d.state = 'expired' ORDER BY a.created_ms, a.id
"""


def fold(
    connection: sqlite3.Connection,
    now_ms: int,
    every_ms: int,
    stale_ms: int,
    compose: Compose,
    taken: Sequence[int] = (),
) -> int:
    """Fold what is ripe into digests, one a target; return how many deliveries were folded.

    `every_ms` is how long LOW news may wait (0: tell it now), `stale_ms` how old an unsent alert may get. `taken` are
    deliveries in flight; they are left alone.
    """
    bounds = {"now": now_ms, "every": every_ms, "stale": stale_ms, "keeps": FIRST_SIGHT_KEEPS}
    ripe: dict[str, list[tuple[int, int]]] = {}
    for delivery_id, target, alert_id in connection.execute(RIPE, bounds).fetchall():
        if delivery_id not in taken:
            ripe.setdefault(target, []).append((delivery_id, alert_id))
    for target, rows in ripe.items():
        digest_id = _open_digest(connection, target, now_ms, taken)
        told = f"told in alert {digest_id}"
        connection.executemany(
            "UPDATE deliveries SET state = 'expired', error = ?"
            " WHERE id = ? OR (alert_id = ? AND target = ? AND op = 'edit' AND state = 'pending')",
            [(told, delivery_id, alert_id, target) for delivery_id, alert_id in rows],
        )
        items = [DigestItem(AlertLevel(row[0]), row[1], row[2]) for row in connection.execute(TOLD_IN, (target, told))]
        text, level = compose(items), max(item.level for item in items)
        connection.execute("UPDATE alerts SET text = ?, level = ? WHERE id = ?", (text, int(level), digest_id))
        connection.execute("UPDATE deliveries SET text = ? WHERE alert_id = ?", (text, digest_id))
    return sum(len(rows) for rows in ripe.values())


def next_low_ms(connection: sqlite3.Connection, every_ms: int) -> int | None:
    """When the LOW news that waits is to be told; None while there is none."""
    row = connection.execute(
        "SELECT MIN(a.created_ms) FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id"
        " WHERE d.state = 'pending' AND d.op = 'send' AND a.level = 20"
        " AND a.kind NOT IN ('first_sight', 'digest', 'test')"
    ).fetchone()
    return None if row[0] is None else int(row[0]) + every_ms


def _open_digest(connection: sqlite3.Connection, target: str, now_ms: int, taken: Sequence[int]) -> int:
    """The target's digest that nobody has tried to send yet, or a new one."""
    rows = connection.execute(
        "SELECT d.id, d.alert_id FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id"
        " WHERE a.key = 'digest' AND d.target = ? AND d.state = 'pending' AND d.requested_ms IS NULL",
        (target,),
    ).fetchall()
    for delivery_id, alert_id in rows:
        if delivery_id not in taken:
            return int(alert_id)
    return add_alert(connection, Alert("digest", AlertKind.DIGEST, AlertLevel.LOW, "", now_ms), [target], now_ms)
