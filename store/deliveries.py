"""The SQL of `alerts` and `deliveries`: news for people, and each copy on its way to each target.

A delivery is `pending` until its request is answered: then `sent`, `failed` (it never will), `expired` (overtaken, or
told in a digest), or `uncertain` (the request left, nobody knows whether it arrived). First sights, CRITICAL and HIGH
are at-least-once: an uncertain one is due again. Lower levels are at-most-once from there: uncertain is their end.
`requested_ms` is set, and committed, before a request leaves; found on a pending row at the start, it means that we
were killed in between. Every function works inside the caller's transaction. All times are ours, in ms.
"""

import sqlite3
from collections.abc import Collection, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.delivery import TELEGRAM, WEBHOOK, scheme_of

STANDBY_MS = 30_000  # how long the second channel waits for Telegram before it takes over

REPEATED = "possible repeat"  # on a sent row: an earlier request for it may have arrived too
ALWAYS_SENT = (AlertKind.FIRST_SIGHT, AlertKind.DIGEST, AlertKind.TEST)  # one by one, whatever the level

Op = Literal["send", "edit"]

# The oldest waiting row of each key at each target. Waiting is: pending, or uncertain and at-least-once. LOW news waits
# for its digest (store/digests.py), not here.
HEADS = """
SELECT id, target, next_try_ms, urgent FROM (
    SELECT d.id, d.target, d.next_try_ms, a.level, a.kind = 'first_sight' AND d.op = 'send' AS urgent,
        ROW_NUMBER() OVER (PARTITION BY d.target, a.key ORDER BY d.id) AS place
    FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id
    WHERE d.state IN ('pending', 'uncertain')
        AND (d.state = 'pending' OR a.kind = 'first_sight' OR a.level >= 40)
        AND (a.level <> 20 OR a.kind IN ('first_sight', 'digest', 'test') OR d.op = 'edit')
)
WHERE place = 1 ORDER BY urgent DESC, level DESC, id
"""


class Delivery(Struct, frozen=True):
    """One copy of an alert, or of an edit of it, for one target, with what the notifier needs to know.

    `anchor` is the id of the message to edit or to reply to, at this target. `repeat`: an earlier request may have
    arrived.
    """

    delivery_id: int
    alert_id: int
    target: str
    op: Op
    text: str
    attempts: int
    repeat: bool
    key: str
    kind: AlertKind
    level: AlertLevel
    created_ms: int
    anchor: str | None
    links: tuple[tuple[str, str], ...]

    @property
    def urgent(self) -> bool:
        """A first sight, which goes before all others."""
        return self.kind is AlertKind.FIRST_SIGHT and self.op == "send"

    @property
    def at_least_once(self) -> bool:
        return self.kind is AlertKind.FIRST_SIGHT or self.level >= AlertLevel.HIGH


class Later(Struct, frozen=True):
    """When the oldest waiting news of one key at one target is due; in the past if only the pace holds it."""

    target: str
    due_ms: int
    urgent: bool


class Claim(Struct, frozen=True):
    """What may leave now, already marked as requested, and what waits."""

    due: tuple[Delivery, ...]
    later: tuple[Later, ...]


# --- news comes in -------------------------------------------------------------------------------------------------


def add_alert(connection: sqlite3.Connection, alert: Alert, targets: Sequence[str], now_ms: int) -> int:
    """Store an alert with one delivery a target, and return its id.

    A second first sight of a key adds nothing and returns the id of the first. A first sight's deliveries count as
    requested at once: it leaves from memory as soon as this is committed, without another commit before it. INFO is
    recorded without any delivery, LOW waits for its digest. Where there is a chat, the webhook takes only first sights
    and CRITICAL, and those only when the chat stays silent for 30 s.
    """
    first_sight = alert.kind is AlertKind.FIRST_SIGHT
    if first_sight and (known := first_sight_of(connection, alert.key)) is not None:
        return known
    added = connection.execute(
        "INSERT INTO alerts (key, kind, level, listing_id, created_ms, reply_to, text, links)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(alert.key, alert.kind.value, int(alert.level), alert.listing_id, alert.created_ms, alert.reply_to),
            *(alert.text, msgspec.json.encode(alert.links).decode()),
        ),
    )
    alert_id = added.lastrowid
    assert alert_id is not None
    if alert.level == AlertLevel.INFO and alert.kind not in ALWAYS_SENT:
        return alert_id
    chats = any(scheme_of(target) == TELEGRAM for target in targets)
    for target in dict.fromkeys(targets):
        due_ms = now_ms
        if scheme_of(target) == WEBHOOK and chats:
            if not (first_sight or alert.level >= AlertLevel.CRITICAL):
                continue
            due_ms = now_ms + STANDBY_MS
        at_once = first_sight and due_ms == now_ms
        _insert(connection, alert_id, target, "send", alert.text, due_ms, now_ms if at_once else None)
    return alert_id


def first_sight_of(connection: sqlite3.Connection, key: str) -> int | None:
    """The id of the first-sight alert of a key: what a follow-up replies to."""
    row = connection.execute("SELECT id FROM alerts WHERE key = ? AND kind = 'first_sight'", (key,)).fetchone()
    return None if row is None else int(row[0])


def edit_alert(
    connection: sqlite3.Connection, alert_id: int, text: str, now_ms: int, targets: Sequence[str] | None = None
) -> int:
    """Have the alert's messages say `text`; return how many edits were queued.

    An edit waits until the send it rewrites is confirmed. A newer edit makes a waiting older one expire. Nothing is
    queued for a target whose message never arrived, that cannot edit, or that already says (or will say) the same.
    """
    sends = connection.execute(
        "SELECT target, state, text FROM deliveries WHERE id IN"
        " (SELECT MAX(id) FROM deliveries WHERE alert_id = ? AND op = 'send' GROUP BY target)",
        (alert_id,),
    ).fetchall()
    queued = 0
    for target, state, sent_text in sends:
        if scheme_of(target) == WEBHOOK or (targets is not None and target not in targets):
            continue
        if state in ("failed", "expired") or (state == "uncertain" and not _at_least_once(connection, alert_id)):
            continue
        newest = connection.execute(
            "SELECT text FROM deliveries WHERE alert_id = ? AND target = ? AND op = 'edit'"
            " AND state IN ('pending', 'sent') ORDER BY id DESC LIMIT 1",
            (alert_id, target),
        ).fetchone()
        if text == (newest[0] if newest is not None else sent_text):
            continue
        _expire_edits(connection, alert_id, target, "overtaken by a newer edit")
        _insert(connection, alert_id, target, "edit", text, now_ms, None)
        queued += 1
    return queued


def _insert(
    connection: sqlite3.Connection,
    alert_id: int,
    target: str,
    op: Op,
    text: str,
    due_ms: int,
    requested_ms: int | None,
) -> None:
    connection.execute(
        "INSERT INTO deliveries (alert_id, target, op, text, state, attempts, next_try_ms, requested_ms)"
        " VALUES (?, ?, ?, ?, 'pending', ?, ?, ?)",
        (alert_id, target, op, text, 0 if requested_ms is None else 1, due_ms, requested_ms),
    )


def _at_least_once(connection: sqlite3.Connection, alert_id: int) -> bool:
    row = connection.execute("SELECT kind = 'first_sight' OR level >= 40 FROM alerts WHERE id = ?", (alert_id,))
    return bool(row.fetchone()[0])


def _expire_edits(connection: sqlite3.Connection, alert_id: int, target: str, why: str) -> None:
    """End the edits that wait; one in flight goes on."""
    connection.execute(
        "UPDATE deliveries SET state = 'expired', error = ?"
        " WHERE alert_id = ? AND target = ? AND op = 'edit' AND state = 'pending' AND requested_ms IS NULL",
        (why, alert_id, target),
    )


# --- news goes out -------------------------------------------------------------------------------------------------


def fresh(connection: sqlite3.Connection, alert_id: int) -> tuple[Delivery, ...]:
    """Deliveries that `add_alert` marked as requested and that are for the outbox to send from memory, at once."""
    ids = connection.execute(
        "SELECT id FROM deliveries"
        " WHERE alert_id = ? AND op = 'send' AND state = 'pending' AND requested_ms IS NOT NULL",
        (alert_id,),
    ).fetchall()
    return _load(connection, [row[0] for row in ids])


def claim(
    connection: sqlite3.Connection,
    now_ms: int,
    *,
    taken: Collection[int] = (),
    closed: Collection[str] = (),
    reserved: Collection[str] = (),
    room: int = 30,
) -> Claim:
    """At most one delivery a target, and `room` in all, that may leave now; marked as requested.

    `taken` are deliveries in flight; `closed` targets take nothing now, `reserved` ones a first sight only. First
    sights go first, then by level, then in order of arrival; nothing overtakes its own key.
    """
    due: dict[str, int] = {}
    later: list[Later] = []
    for delivery_id, target, due_ms, urgent in connection.execute(HEADS).fetchall():
        if delivery_id in taken:
            continue
        blocked = target in closed or (target in reserved and not urgent) or target in due or len(due) >= room
        if blocked or due_ms > now_ms:
            later.append(Later(target, due_ms, bool(urgent)))
        else:
            due[target] = delivery_id
    connection.executemany(
        "UPDATE deliveries SET attempts = attempts + (requested_ms IS NULL OR state = 'uncertain'), requested_ms = ?"
        " WHERE id = ?",
        [(now_ms, delivery_id) for delivery_id in due.values()],
    )
    return Claim(_load(connection, list(due.values())), tuple(later))


def _load(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Delivery, ...]:
    found = []
    for delivery_id in ids:
        row = connection.execute(
            "SELECT d.id, d.alert_id, d.target, d.op, d.text, d.attempts, d.state, a.key, a.kind, a.level,"
            " a.created_ms, a.reply_to, a.links"
            " FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id WHERE d.id = ?",
            (delivery_id,),
        ).fetchone()
        edits = row[3] == "edit"
        anchor, repeated = _anchor(connection, row[1] if edits else row[11], row[2])
        found.append(
            Delivery(
                delivery_id=row[0],
                alert_id=row[1],
                target=row[2],
                op=row[3],
                text=row[4],
                attempts=row[5],
                repeat=repeated if edits else row[6] == "uncertain",
                key=row[7],
                kind=AlertKind(row[8]),
                level=AlertLevel(row[9]),
                created_ms=row[10],
                anchor=anchor,
                links=msgspec.json.decode(row[12], type=tuple[tuple[str, str], ...]),
            )
        )
    return tuple(found)


def _anchor(connection: sqlite3.Connection, alert_id: int | None, target: str) -> tuple[str | None, bool]:
    """The id of the newest confirmed message of an alert at a target, and whether it is marked as a possible repeat."""
    row = connection.execute(
        "SELECT message_id, error FROM deliveries WHERE alert_id = ? AND target = ? AND op = 'send' AND state = 'sent'"
        " ORDER BY id DESC LIMIT 1",
        (alert_id, target),
    ).fetchone()
    return (None, False) if row is None else (row[0], row[1] == REPEATED)


# --- what became of it ---------------------------------------------------------------------------------------------


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
        _expire_edits(connection, delivery.alert_id, delivery.target, "its message is uncertain")


def mark_failed(connection: sqlite3.Connection, delivery: Delivery, now_ms: int, error: str) -> None:
    """It never will. Its waiting edits expire; if no chat is left that may get it, the second channel goes at once."""
    connection.execute("UPDATE deliveries SET state = 'failed', error = ? WHERE id = ?", (error, delivery.delivery_id))
    if delivery.op == "edit":
        return
    _expire_edits(connection, delivery.alert_id, delivery.target, "its message could not be sent")
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
    _expire_edits(connection, delivery.alert_id, delivery.target, "sent anew: the message to edit is gone")
    connection.execute("UPDATE deliveries SET state = 'failed', error = ? WHERE id = ?", (error, delivery.delivery_id))
    text = delivery.text if newest is None else newest[0]
    _insert(connection, delivery.alert_id, delivery.target, "send", text, now_ms, None)


def recover(connection: sqlite3.Connection, now_ms: int, before_ms: int) -> int:
    """Make rows that were requested before `before_ms` and have no outcome uncertain; return how many.

    For the start (everything requested before it) and the end (everything). Sends become uncertain, and with that due
    again or ended, by kind; edits are simply due again.
    """
    connection.execute(
        "UPDATE deliveries SET requested_ms = NULL, next_try_ms = ?"
        " WHERE state = 'pending' AND op = 'edit' AND requested_ms < ?",
        (now_ms, before_ms),
    )
    broken_off = connection.execute(
        "SELECT id FROM deliveries WHERE state = 'pending' AND op = 'send' AND requested_ms < ?", (before_ms,)
    ).fetchall()
    for delivery in _load(connection, [row[0] for row in broken_off]):
        mark_uncertain(connection, delivery, now_ms, "stopped between request and answer")
    return len(broken_off)
