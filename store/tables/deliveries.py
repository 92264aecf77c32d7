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
from store.tables import mutes

STANDBY_MS = 30_000  # how long the second channel waits for Telegram before it takes over
LONGEST_WAIT_MS = 600_000  # for another try; what is due later was written by a clock that was ahead

REPEATED = "possible repeat"  # on a sent row: an earlier request for it may have arrived too
ALWAYS_SENT = (AlertKind.FIRST_SIGHT, AlertKind.DIGEST, AlertKind.TEST)  # one by one, whatever the level

Op = Literal["send", "edit"]

# The oldest waiting row of each key at each target, and the edit that waits there once no send of its message does.
# What rings goes before what only rewrites. Waiting is: pending, or uncertain and at-least-once. LOW news waits for
# its digest (store/tables/digests.py), not here.
HEADS = """
WITH waiting AS (
    SELECT d.id, d.target, d.alert_id, d.op, d.next_try_ms, a.key, a.level,
        a.kind = 'first_sight' AND d.op = 'send' AS urgent
    FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id
    WHERE d.state IN ('pending', 'uncertain')
        AND (d.state = 'pending' OR a.kind = 'first_sight' OR a.level >= 40)
        AND (a.level <> 20 OR a.kind IN ('first_sight', 'digest', 'test') OR d.op = 'edit')
),
heads AS (SELECT *, ROW_NUMBER() OVER (PARTITION BY target, key, op ORDER BY id) AS place FROM waiting)
SELECT id, target, next_try_ms, urgent, op FROM heads
WHERE place = 1 AND NOT (op = 'edit' AND EXISTS (
    SELECT 1 FROM waiting AS w WHERE w.alert_id = heads.alert_id AND w.target = heads.target AND w.op = 'send'))
ORDER BY urgent DESC, op = 'send' DESC, level DESC, id
"""


class Delivery(Struct, frozen=True):
    """One copy of an alert, or of an edit of it, for one target, with what the notifier needs to know.

    `anchor` is the id of the message to edit or to reply to, at this target. `repeat`: an earlier request may have
    arrived. `muted`: the chat does not want to hear of the coin. `picture` is a PNG.
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
    muted: bool = False
    picture: bytes | None = None

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
    op: Op = "send"


class Claim(Struct, frozen=True):
    """What may leave now, already marked as requested, and what waits."""

    due: tuple[Delivery, ...]
    later: tuple[Later, ...]


# --- news comes in -------------------------------------------------------------------------------------------------


def add_alert(connection: sqlite3.Connection, alert: Alert, targets: Sequence[str], now_ms: int) -> int:
    """Store an alert with one delivery a target, and return its id.

    A second first sight of a key adds nothing and returns the id of the first. A first sight's deliveries count as
    requested at once: it leaves from memory as soon as this is committed, without another commit before it. INFO is
    recorded without any delivery, LOW waits for its digest. Where there is a chat, the webhook takes only listings and
    CRITICAL, and those only when the chat stays silent for 30 s. What a chat has muted is kept as expired there; a
    listing ends every mute of its coin: a first sight, or the KRW market of one listed in others.
    """
    first_sight = alert.kind is AlertKind.FIRST_SIGHT
    if first_sight and (known := first_sight_of(connection, alert.key)) is not None:
        return known
    added = connection.execute(
        "INSERT INTO alerts (key, kind, level, listing_id, created_ms, reply_to, text, links, about)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(alert.key, alert.kind.value, int(alert.level), alert.listing_id, alert.created_ms, alert.reply_to),
            *(alert.text, msgspec.json.encode(alert.links).decode(), alert.about),
        ),
    )
    alert_id = added.lastrowid
    assert alert_id is not None
    if alert.picture is not None:
        connection.execute("INSERT INTO alert_pictures (alert_id, png) VALUES (?, ?)", (alert_id, alert.picture))
    if alert.level == AlertLevel.INFO and alert.kind not in ALWAYS_SENT:
        return alert_id
    chats = {target for target in targets if scheme_of(target) == TELEGRAM}
    muted = _muted_at(connection, alert_id, alert.lists)
    for target in dict.fromkeys(targets):
        due_ms = now_ms
        if scheme_of(target) == WEBHOOK and chats:
            if not (alert.lists or alert.level >= AlertLevel.CRITICAL):
                continue
            due_ms = now_ms + STANDBY_MS
        at_once = first_sight and due_ms == now_ms
        insert(connection, alert_id, target, "send", alert.text, due_ms, now_ms if at_once else None)
        if target in muted or (target == WEBHOOK and chats and chats <= muted):
            connection.execute(
                "UPDATE deliveries SET state = 'expired', error = ? WHERE alert_id = ? AND target = ?",
                (mutes.MUTED, alert_id, target),
            )
    return alert_id


def _muted_at(connection: sqlite3.Connection, alert_id: int, lists: bool) -> frozenset[str]:
    """The chats that do not want to hear of the alert's coin; of a listing everyone hears."""
    coin = mutes.coin_of_alert(connection, alert_id)
    if coin is None:
        return frozenset()
    if lists:
        mutes.listed_anew(connection, coin)
        return frozenset()
    return mutes.targets_of(connection, coin)


def first_sight_of(connection: sqlite3.Connection, key: str) -> int | None:
    """The id of the first-sight alert of a key: what a follow-up replies to."""
    row = connection.execute("SELECT id FROM alerts WHERE key = ? AND kind = 'first_sight'", (key,)).fetchone()
    return None if row is None else int(row[0])


def follow_up_of(connection: sqlite3.Connection, key: str, about: str) -> int | None:
    """The id of the newest follow-up of a key that tells of `about`."""
    row = connection.execute(
        "SELECT MAX(id) FROM alerts WHERE key = ? AND kind = 'follow_up' AND about = ?", (key, about)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def edit_alert(
    connection: sqlite3.Connection,
    alert_id: int,
    text: str | None,
    now_ms: int,
    targets: Sequence[str] | None = None,
    links: tuple[tuple[str, str], ...] | None = None,
) -> int:
    """Have the alert's messages say `text`, with these `links` if any are given; return how many edits were queued.

    An edit waits until the send it rewrites is confirmed. A newer edit makes a waiting older one expire. Nothing is
    queued for a target whose message never arrived, that cannot edit, or that already says (or will say) the same.
    Without a `text` the message is drawn anew as it is, for the sake of its buttons.
    """
    if links is not None:
        wire = msgspec.json.encode(links).decode()
        connection.execute("UPDATE alerts SET links = ? WHERE id = ? AND links <> ?", (wire, alert_id, wire))
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
        shown = newest[0] if newest is not None else sent_text
        if text == shown:
            continue
        expire_edits(connection, alert_id, target, "overtaken by a newer edit")
        insert(connection, alert_id, target, "edit", shown if text is None else text, now_ms, None)
        queued += 1
    return queued


def insert(
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


def expire_edits(connection: sqlite3.Connection, alert_id: int, target: str, why: str) -> None:
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
    return load(connection, [row[0] for row in ids])


def claim(
    connection: sqlite3.Connection,
    now_ms: int,
    *,
    taken: Collection[int] = (),
    closed: Collection[str] = (),
    reserved: Collection[str] = (),
    unedited: Collection[str] = (),
    room: int = 30,
) -> Claim:
    """At most one delivery a target, and `room` in all, that may leave now; marked as requested.

    `taken` are deliveries in flight; `closed` targets take nothing now, `reserved` ones a first sight only, `unedited`
    ones no edit. First sights go first, then other sends before edits, by level, in order of arrival; no send overtakes
    one of its own key.
    """
    due: dict[str, int] = {}
    later: list[Later] = []
    for delivery_id, target, due_ms, urgent, op in connection.execute(HEADS).fetchall():
        if delivery_id in taken:
            continue
        if due_ms > now_ms + LONGEST_WAIT_MS:
            due_ms = now_ms
        held = (target in reserved and not urgent) or (target in unedited and op == "edit")
        if held or due_ms > now_ms or target in closed or target in due or len(due) >= room:
            later.append(Later(target, due_ms, bool(urgent), op))
        else:
            due[target] = delivery_id
    connection.executemany(
        "UPDATE deliveries SET attempts = attempts + (requested_ms IS NULL OR state = 'uncertain'), requested_ms = ?"
        " WHERE id = ?",
        [(now_ms, delivery_id) for delivery_id in due.values()],
    )
    return Claim(load(connection, list(due.values())), tuple(later))


def load(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Delivery, ...]:
    found = []
    for delivery_id in ids:
        row = connection.execute(
            "SELECT d.id, d.alert_id, d.target, d.op, d.text, d.attempts, d.state, a.key, a.kind, a.level,"
            " a.created_ms, a.reply_to, a.links, p.png, EXISTS (SELECT 1 FROM listings AS l JOIN mutes AS m"
            "  ON m.exchange = l.exchange AND m.base = l.base AND m.target = d.target WHERE l.id = a.listing_id)"
            " FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id"
            " LEFT JOIN alert_pictures AS p ON p.alert_id = a.id WHERE d.id = ?",
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
                picture=row[13],
                muted=bool(row[14]),
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
