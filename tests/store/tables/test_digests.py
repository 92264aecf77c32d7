import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from alerts.alert import AlertLevel
from alerts.texts.operator_text import DigestItem
from store.tables.deliveries import add_alert, claim
from store.tables.delivery_outcomes import mark_retry
from store.tables.digests import fold, next_low_ms
from tests.fakes.clock import START_MS
from tests.fakes.outbox import CHAT, GROUP, a_first_sight, an_alert, open_database

NOW, HOUR = START_MS, 3_600_000
LOW = AlertLevel.LOW


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path)
    yield connection
    connection.close()


def joined(items: Sequence[DigestItem]) -> str:
    return "+".join(item.text for item in items)


def fold_at(db: sqlite3.Connection, now_ms: int, every_ms: int = HOUR) -> int:
    return fold(db, now_ms, every_ms, HOUR, joined)


def test_low_news_waits_an_hour_from_the_oldest_and_is_told_together_at_each_target(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="a", level=LOW, text="a"), [CHAT, GROUP], NOW)
    add_alert(db, an_alert(key="b", level=LOW, text="b", created_ms=NOW + 1_000), [CHAT], NOW + 1_000)
    assert next_low_ms(db, HOUR) == NOW + HOUR
    assert fold_at(db, NOW + HOUR - 1) == 0
    assert claim(db, NOW + HOUR - 1).due == ()
    assert fold_at(db, NOW + HOUR) == 3
    assert sorted((d.target, d.text) for d in claim(db, NOW + HOUR).due) == [(GROUP, "a"), (CHAT, "a+b")]
    assert next_low_ms(db, HOUR) is None


def test_a_digest_that_could_not_leave_takes_in_what_comes_later_and_grows_as_loud(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="a", level=AlertLevel.MEDIUM, text="a"), [CHAT], NOW)
    fold_at(db, NOW + HOUR)
    digest = claim(db, NOW + HOUR).due[0]
    assert (digest.text, digest.level) == ("a", AlertLevel.MEDIUM)
    mark_retry(db, digest, NOW + HOUR, "reset")
    add_alert(db, an_alert(key="b", level=AlertLevel.CRITICAL, text="b", created_ms=NOW + 1), [CHAT], NOW + 1)
    fold_at(db, NOW + HOUR + 1)
    [whole] = claim(db, NOW + HOUR + 1).due
    assert (whole.alert_id, whole.text, whole.level) == (digest.alert_id, "a+b", AlertLevel.CRITICAL)


def test_a_digest_in_flight_is_left_alone(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(key="a", level=LOW, text="a"), [CHAT], NOW)
    fold_at(db, NOW, every_ms=0)
    in_flight = claim(db, NOW).due[0]
    add_alert(db, an_alert(key="b", level=LOW, text="b"), [CHAT], NOW)
    fold_at(db, NOW, every_ms=0)
    assert [delivery.text for delivery in claim(db, NOW, taken=[in_flight.delivery_id]).due] == []  # one key, in order
    assert db.execute("SELECT text FROM alerts WHERE kind = 'digest' ORDER BY id").fetchall() == [("a",), ("b",)]


def test_a_first_sight_is_not_folded_for_a_day(db: sqlite3.Connection) -> None:
    add_alert(db, a_first_sight(), [CHAT], NOW)
    mark_retry(db, claim(db, NOW).due[0], NOW, "reset")
    assert fold_at(db, NOW + 24 * HOUR - 1) == 0
    assert fold_at(db, NOW + 24 * HOUR) == 1


def test_what_is_in_flight_is_not_folded(db: sqlite3.Connection) -> None:
    add_alert(db, an_alert(), [CHAT], NOW)
    claim(db, NOW)
    assert fold_at(db, NOW + 2 * HOUR) == 0
