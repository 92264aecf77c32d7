import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.alert import Alert, AlertKind, AlertLevel
from store.readings.delivery_report import last_alerts, statistics
from store.tables import deliveries, delivery_outcomes
from store.tables.deliveries import Claim, add_alert, claim, edit_alert
from store.tables.delivery_outcomes import mark_failed, mark_retry, mark_sent, mark_uncertain
from tests.fakes.clock import START_MS
from tests.fakes.outbox import CHAT, GROUP, a_first_sight, an_alert, open_database

NOW = START_MS


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path)
    yield connection
    connection.close()


def rows(db: sqlite3.Connection, columns: str = "target, op, state") -> list[tuple[object, ...]]:
    return db.execute(f"SELECT {columns} FROM deliveries ORDER BY id").fetchall()


def texts(claimed: Claim) -> list[str]:
    return [delivery.text for delivery in claimed.due]


def test_an_alert_has_one_pending_delivery_a_target(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(), [CHAT, GROUP, CHAT], NOW)
    assert rows(db) == [(CHAT, "send", "pending"), (GROUP, "send", "pending")]


def test_an_alert_and_its_event_are_committed_together_or_not_at_all(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    add_alert(db, a_first_sight(), [CHAT], NOW)
    db.execute("ROLLBACK")
    assert rows(db) == []
    assert db.execute("SELECT COUNT(*) FROM alerts").fetchone() == (0,)


def test_only_a_first_sight_counts_as_requested_from_the_start(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="upbit:OLD:1"), [CHAT], NOW)
    first = add_alert(db, a_first_sight(), [CHAT, "webhook"], NOW)
    assert rows(db, "target, requested_ms, attempts, next_try_ms") == [
        (CHAT, None, 0, NOW),
        (CHAT, NOW, 1, NOW),
        ("webhook", None, 0, NOW + deliveries.STANDBY_MS),
    ]
    assert [delivery.target for delivery in deliveries.fresh(db, first)] == [CHAT]


def test_a_key_has_one_first_sight_for_ever(db: sqlite3.Connection) -> None:
    first = add_alert(db, a_first_sight(), [CHAT], NOW)
    assert add_alert(db, a_first_sight(text="other words"), [CHAT, GROUP], NOW + 1) == first
    assert len(rows(db)) == 1
    assert deliveries.first_sight_of(db, "upbit:NOVA:1") == first
    assert deliveries.first_sight_of(db, "upbit:NOVA:2") is None
    with pytest.raises(sqlite3.IntegrityError):
        db.execute(
            "INSERT INTO alerts (key, kind, level, created_ms, text) VALUES ('upbit:NOVA:1', 'first_sight', 40, 0, '')"
        )


def test_a_claim_takes_first_sights_first_then_the_louder_then_the_older(db: sqlite3.Connection) -> None:
    for key, level in (("m", AlertLevel.MEDIUM), ("h", AlertLevel.HIGH), ("c", AlertLevel.CRITICAL)):
        add_alert(db, an_alert(key=key, level=level, text=key), [CHAT], NOW)
    add_alert(db, a_first_sight(), [CHAT], NOW)
    order = []
    taken: list[int] = []
    while due := claim(db, NOW, taken=taken).due:
        order.append(due[0].text)
        taken.append(due[0].delivery_id)
    assert order == ["first", "c", "h", "m"]


def test_a_claim_takes_one_delivery_a_target_and_as_many_as_there_is_room_for(db: sqlite3.Connection) -> None:
    targets = [f"telegram:{chat}" for chat in range(5)]
    add_alert(db, an_alert(key="a"), targets, NOW)
    add_alert(db, an_alert(key="b"), targets, NOW)
    assert [delivery.target for delivery in claim(db, NOW, room=3).due] == targets[:3]


def test_closed_targets_take_nothing_and_reserved_ones_first_sights_only(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="a", text="ordinary"), [CHAT, GROUP], NOW)
    assert texts(claim(db, NOW, closed=[CHAT], reserved=[GROUP])) == []
    add_alert(db, a_first_sight(), [CHAT, GROUP], NOW)
    claimed = claim(db, NOW, closed=[CHAT], reserved=[GROUP])
    assert [(delivery.target, delivery.text) for delivery in claimed.due] == [(GROUP, "first")]


def test_nothing_overtakes_its_own_key_at_a_target(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(text="one"), [CHAT], NOW)
    add_alert(db, an_alert(text="two", level=AlertLevel.CRITICAL), [CHAT], NOW)
    first = claim(db, NOW)
    assert texts(first) == ["one"]
    assert texts(claim(db, NOW, taken=[first.due[0].delivery_id])) == []
    mark_retry(db, first.due[0], NOW + 9_000, "reset")
    waiting = claim(db, NOW)
    assert waiting.due == ()
    assert [each.due_ms for each in waiting.later] == [NOW + 9_000]
    assert texts(claim(db, NOW + 9_000)) == ["one"]


def test_a_claim_is_written_down_and_counted(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(), [CHAT], NOW)
    delivery = claim(db, NOW + 5).due[0]
    assert rows(db, "state, attempts, requested_ms") == [("pending", 1, NOW + 5)]
    mark_retry(db, delivery, NOW + 10, "reset")
    assert rows(db, "state, attempts, requested_ms, error") == [("pending", 1, None, "reset")]
    claim(db, NOW + 10)
    assert rows(db, "attempts") == [(2,)]


@pytest.mark.parametrize(
    ("alert", "again"),
    [
        (an_alert(level=AlertLevel.MEDIUM), False),
        (an_alert(level=AlertLevel.HIGH), True),
        (an_alert(level=AlertLevel.CRITICAL), True),
        (an_alert(kind=AlertKind.DIGEST, level=AlertLevel.LOW), False),
        (an_alert(kind=AlertKind.FIRST_SIGHT, level=AlertLevel.LOW), True),
    ],
)
def test_after_uncertainty_only_urgent_alerts_are_due_again(db: sqlite3.Connection, alert: Alert, again: bool) -> None:
    add_alert(db, alert, [CHAT], NOW)
    mark_uncertain(db, claim(db, NOW).due[0], NOW + 5_000, "timed out")
    assert claim(db, NOW + 4_999).due == ()
    due = claim(db, NOW + 5_000).due
    assert bool(due) is again
    assert all(delivery.repeat for delivery in due)
    assert rows(db, "state") == [("uncertain",)]


def test_recovery_makes_requests_without_an_outcome_uncertain_and_leaves_the_rest(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="asked", level=AlertLevel.MEDIUM), [CHAT], NOW)
    claim(db, NOW)
    add_alert(db, an_alert(key="waiting"), [CHAT], NOW)
    assert delivery_outcomes.recover(db, NOW + 60, before_ms=NOW + 50) == 1
    assert rows(db, "state, error") == [("uncertain", "stopped between request and answer"), ("pending", None)]
    assert delivery_outcomes.recover(db, NOW + 70, before_ms=NOW + 60) == 0


def test_recovery_leaves_a_first_sight_of_this_run_alone(db: sqlite3.Connection) -> None:
    add_alert(db, a_first_sight(), [CHAT], NOW + 100)
    assert delivery_outcomes.recover(db, NOW + 200, before_ms=NOW + 100) == 0


def test_an_edit_broken_off_is_due_again_without_a_mark(db: sqlite3.Connection) -> None:
    alert_id = add_alert(db, a_first_sight(), [CHAT], NOW)
    mark_sent(db, claim(db, NOW).due[0], NOW, NOW + 1, "55")
    assert edit_alert(db, alert_id, "facts", NOW) == 1
    claim(db, NOW)
    delivery_outcomes.recover(db, NOW + 60, before_ms=NOW + 50)
    edit = claim(db, NOW + 60).due[0]
    assert (edit.op, edit.anchor, edit.repeat) == ("edit", "55", False)


def test_an_edit_is_queued_only_where_the_message_is_or_may_still_come(db: sqlite3.Connection) -> None:
    alert_id = add_alert(db, an_alert(level=AlertLevel.MEDIUM), ["telegram:1", "telegram:2", "telegram:3", "log"], NOW)
    sent, failed, unsure, _ = claim(db, NOW).due
    mark_sent(db, sent, NOW, NOW, "7")
    mark_failed(db, failed, NOW, "Forbidden")
    mark_uncertain(db, unsure, NOW, "timed out")
    assert edit_alert(db, alert_id, "facts", NOW) == 2
    assert [row[0] for row in rows(db, "target, op") if row[1] == "edit"] == ["telegram:1", "log"]


def test_an_edit_that_says_nothing_new_is_not_queued(db: sqlite3.Connection) -> None:
    alert_id = add_alert(db, an_alert(text="same"), [CHAT], NOW)
    assert edit_alert(db, alert_id, "same", NOW) == 0
    assert edit_alert(db, alert_id, "new", NOW) == 1
    assert edit_alert(db, alert_id, "new", NOW) == 0
    assert edit_alert(db, alert_id, "same", NOW) == 1  # back to what was sent, after another text


def test_an_edit_in_flight_is_not_expired_but_does_not_come_back_after_a_newer_one(db: sqlite3.Connection) -> None:
    alert_id = add_alert(db, an_alert(), [CHAT], NOW)
    mark_sent(db, claim(db, NOW).due[0], NOW, NOW, "7")
    edit_alert(db, alert_id, "older", NOW)
    in_flight = claim(db, NOW).due[0]
    edit_alert(db, alert_id, "newer", NOW)
    assert rows(db, "text, state")[1:] == [("older", "pending"), ("newer", "pending")]
    mark_retry(db, in_flight, NOW, "reset")
    assert rows(db, "text, state")[1:] == [("older", "expired"), ("newer", "pending")]


def test_when_a_send_fails_its_waiting_edits_end_with_it(db: sqlite3.Connection) -> None:
    alert_id = add_alert(db, an_alert(), [CHAT], NOW)
    delivery = claim(db, NOW).due[0]
    edit_alert(db, alert_id, "facts", NOW)
    mark_failed(db, delivery, NOW, "Forbidden")
    assert rows(db, "op, state") == [("send", "failed"), ("edit", "expired")]


def test_statistics_count_states_and_leave_out_what_waits_as_it_should(db: sqlite3.Connection) -> None:
    assert statistics(db).oldest_waiting_ms is None
    add_alert(db, an_alert(key="a", created_ms=NOW), [CHAT], NOW)
    mark_sent(db, claim(db, NOW).due[0], NOW, NOW + 40, "7")
    add_alert(db, an_alert(key="low", level=AlertLevel.LOW, created_ms=NOW), [CHAT], NOW)
    add_alert(db, an_alert(key="b", created_ms=NOW + 7), [CHAT], NOW)
    found = statistics(db)
    assert (found.pending, found.sent, found.failed, found.uncertain) == (2, 1, 0, 0)
    assert (found.last_sent_ms, found.oldest_waiting_ms) == (NOW + 40, NOW + 7)


def test_a_fresh_edit_of_an_old_alert_has_not_waited_since_the_alert(db: sqlite3.Connection) -> None:
    alert_id = add_alert(db, a_first_sight(), [CHAT], NOW)
    mark_sent(db, deliveries.fresh(db, alert_id)[0], NOW, NOW + 40, "7")
    edit_alert(db, alert_id, "an hour later", NOW + 3_600_000)
    assert statistics(db).oldest_waiting_ms == NOW + 3_600_000


def test_the_last_alerts_are_told_with_every_delivery(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="old"), [CHAT], NOW)
    add_alert(db, an_alert(key="info", level=AlertLevel.INFO, kind=AlertKind.NEWS), [CHAT], NOW)
    add_alert(db, an_alert(key="new"), [CHAT, GROUP], NOW)
    told = last_alerts(db, 2)
    assert [(row.key, row.target, row.state) for row in told] == [
        *(("info", None, None), ("new", CHAT, "pending"), ("new", GROUP, "pending"))
    ]
