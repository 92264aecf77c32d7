"""Recorded, quiet, blind: every second of a market has an answer, whatever has been purged."""

import sqlite3
from pathlib import Path

import pytest

from collectors.events import GapCause
from collectors.repair.gaps import SECONDS_NOT_KEPT, SecondState
from store.readings.second_state import state_at
from store.rows import execute
from store.tables import candles, gaps, markets
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, database, second

RECORDED, QUIET, BLIND, COVERED = SecondState.RECORDED, SecondState.QUIET, SecondState.BLIND, SecondState.COVERED


@pytest.fixture
def connection(tmp_path: Path) -> sqlite3.Connection:
    """A market since second 0, two trades in the first minute and none in the second, missed from 70 to 75."""
    connection = database(tmp_path)
    ids = markets.intern(connection, [BTC], START_MS + 5_000)
    execute(connection, candles.seconds([second(10), second(20)], ids))
    execute(connection, gaps.added([("upbit", ids[BTC], START_MS + 70_000, START_MS + 75_000, GapCause.STALE)]))
    execute(connection, candles.recorded("upbit", START_MS + 120_000))
    candles.rollup_minute(connection, START_MS)
    candles.set_rolled(connection, "upbit", START_MS + 120_000)
    return connection


def states(connection: sqlite3.Connection, *seconds: int) -> list[SecondState]:
    return [state_at(connection, 1, START_MS + at_s * 1_000) for at_s in seconds]


def test_each_second_is_recorded_or_quiet_or_blind(connection: sqlite3.Connection) -> None:
    assert states(connection, 9, 10, 11, 20) == [QUIET, RECORDED, QUIET, RECORDED]
    assert states(connection, 69, 70, 74, 75) == [QUIET, BLIND, BLIND, QUIET]


def test_nothing_is_said_of_what_is_not_stored_yet_and_of_the_time_before_us(connection: sqlite3.Connection) -> None:
    assert states(connection, -1, 0, 119, 120, 10_000) == [BLIND, QUIET, QUIET, BLIND, BLIND]


def test_a_gap_of_the_whole_exchange_blinds_its_markets_until_it_is_healed(connection: sqlite3.Connection) -> None:
    execute(connection, gaps.added([("upbit", None, START_MS + 10_500, START_MS + 10_600, GapCause.QUARANTINED)]))
    assert states(connection, 10, 11) == [BLIND, QUIET]
    connection.execute("UPDATE gaps SET state = 'healed' WHERE market_id IS NULL")
    assert states(connection, 10, 11) == [RECORDED, QUIET]


def test_once_its_seconds_are_purged_a_minute_with_trades_only_tells_that_we_listened(
    connection: sqlite3.Connection,
) -> None:
    assert not candles.purge_seconds(connection, START_MS + 120_000, 1.0)
    assert states(connection, 10, 11, 61, 70) == [COVERED, COVERED, QUIET, BLIND]
    connection.execute("INSERT INTO listing_seconds SELECT 1, ?, 1, 1, 1, 1, 1, 1, 1", (START_MS + 10_000,))
    assert states(connection, 10, 11) == [RECORDED, COVERED]


def test_a_market_that_nobody_knows_is_an_error(connection: sqlite3.Connection) -> None:
    with pytest.raises(ValueError, match="no market has the id 7"):
        state_at(connection, 7, START_MS)


def test_what_was_healed_in_its_minute_alone_is_not_called_quiet_while_its_neighbours_are_kept(
    connection: sqlite3.Connection,
) -> None:
    execute(connection, gaps.added([("upbit", 1, START_MS + 30_000, START_MS + 40_000, GapCause.STALE)]))
    source = f"/v1/candles/minutes/1, counts are lower bounds; {SECONDS_NOT_KEPT}"
    connection.execute("UPDATE gaps SET state = 'healed', source = ? WHERE from_ms = ?", (source, START_MS + 30_000))
    assert states(connection, 29, 30, 39, 40) == [QUIET, COVERED, COVERED, QUIET]
