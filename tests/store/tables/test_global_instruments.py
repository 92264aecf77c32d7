"""Who trades what abroad, as rows: first sights stay, what left is dated, a silent list keeps its last count."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from store.rows import Rows
from store.tables import global_instruments
from store.tables.global_instruments import ListRead, Traded
from tests.fakes.blank import open_blank

SPOT = Traded("gate", "spot", "QRX", "QRX_USDT")
PERP = Traded("gate", "perp", "QRX", "QRX_USDT", contract_size=10.0, live=False, pre_market=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radar.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_blank(path)
    yield opened
    opened.close()


def write(connection: sqlite3.Connection, rows: Rows) -> None:
    connection.executemany(rows.sql, rows.rows)


def times(connection: sqlite3.Connection) -> list[tuple[int, int, int | None]]:
    return connection.execute(
        "SELECT first_seen_ms, changed_ms, gone_ms FROM global_instruments ORDER BY kind"
    ).fetchall()


def test_what_is_listed_comes_back_as_it_was(connection: sqlite3.Connection, path: Path) -> None:
    write(connection, global_instruments.kept([SPOT, PERP], 1_000))
    assert set(global_instruments.present(connection)) == {SPOT, PERP}
    assert set(global_instruments.read(path)) == {SPOT, PERP}


def test_a_coin_that_left_keeps_its_row_and_its_first_sight(connection: sqlite3.Connection) -> None:
    write(connection, global_instruments.kept([SPOT], 1_000))
    write(connection, global_instruments.kept([SPOT], 2_000, gone=True))
    assert global_instruments.present(connection) == []
    assert times(connection) == [(1_000, 2_000, 2_000)]
    write(connection, global_instruments.kept([SPOT], 3_000))
    assert times(connection) == [(1_000, 3_000, None)]


def test_a_list_that_fails_keeps_when_it_was_read_last(connection: sqlite3.Connection) -> None:
    write(connection, global_instruments.read_lists([ListRead("gate", "spot", 1_000, 2_200)]))
    write(connection, global_instruments.read_lists([ListRead("gate", "spot", trouble="HTTP 502, server error")]))
    row = connection.execute("SELECT taken_ms, listed, trouble FROM global_lists").fetchone()
    assert tuple(row) == (1_000, 2_200, "HTTP 502, server error")
    write(connection, global_instruments.read_lists([ListRead("gate", "spot", 5_000, 2_201)]))
    row = connection.execute("SELECT taken_ms, listed, trouble FROM global_lists").fetchone()
    assert tuple(row) == (5_000, 2_201, None)


def test_without_a_database_nothing_is_known(tmp_path: Path) -> None:
    assert global_instruments.read(tmp_path / "none.db") == []
