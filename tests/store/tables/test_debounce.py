import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from alerts.alert import AlertLevel
from alerts.debounce import Decision
from store.tables.debounce import forget_expired, last_sent, post
from tests.fakes.clock import START_MS
from tests.fakes.outbox import CHAT, a_first_sight, an_alert, open_database

NOW, QUIET = START_MS, 300_000
MEDIUM = an_alert(level=AlertLevel.MEDIUM)


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_database(tmp_path)
    yield connection
    connection.close()


def test_a_held_alert_leaves_no_row_and_does_not_extend_the_quiet_period(db: sqlite3.Connection) -> None:
    assert post(db, MEDIUM, [CHAT], NOW, QUIET).decision is Decision.SEND_FIRST
    assert post(db, MEDIUM, [CHAT], NOW + QUIET - 1, QUIET).alert_id is None
    assert db.execute("SELECT COUNT(*) FROM alerts").fetchone() == (1,)
    assert post(db, MEDIUM, [CHAT], NOW + QUIET, QUIET).decision is Decision.SEND_REPEAT


def test_the_quiet_period_outlives_a_restart(db: sqlite3.Connection, tmp_path: Path) -> None:
    post(db, MEDIUM, [CHAT], NOW, QUIET)
    with open_database(tmp_path) as again:
        assert post(again, MEDIUM, [CHAT], NOW + 1, QUIET).decision is Decision.HOLD
    again.close()


def test_a_first_sight_is_handed_over_for_sending_from_memory(db: sqlite3.Connection) -> None:
    posted = post(db, a_first_sight(), [CHAT], NOW, QUIET)
    assert [(delivery.target, delivery.urgent) for delivery in posted.fresh] == [(CHAT, True)]


def test_what_can_hold_nothing_any_more_is_forgotten(db: sqlite3.Connection) -> None:
    post(db, MEDIUM, [CHAT], NOW, QUIET)
    assert forget_expired(db, NOW + QUIET - 1) == 0
    assert forget_expired(db, NOW + QUIET) == 1
    assert last_sent(db, MEDIUM.key) is None
