import sqlite3
from collections.abc import Iterator

import pytest

from store.rows import MAX_VALUES, WIDTHS, Rows, execute, widened

INSERT = "INSERT INTO t (k, v) VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = excluded.v"


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("CREATE TABLE t (k INTEGER PRIMARY KEY, v REAL NOT NULL)")
    yield connection
    connection.close()


@pytest.mark.parametrize("count", [0, 1, 9, 99, 100, 101, 257])
def test_every_row_arrives_however_many_there_are(connection: sqlite3.Connection, count: int) -> None:
    wanted = [(k, k / 7) for k in range(count)]
    execute(connection, Rows(INSERT, wanted))
    assert connection.execute("SELECT k, v FROM t ORDER BY k").fetchall() == wanted


def test_of_two_rows_with_one_key_the_later_stands(connection: sqlite3.Connection) -> None:
    execute(connection, Rows(INSERT, [(k % 60, float(k)) for k in range(120)]))
    assert connection.execute("SELECT k, v FROM t ORDER BY k").fetchall() == [(k, k + 60.0) for k in range(60)]


def test_a_row_of_the_wrong_length_never_shifts_its_neighbours(connection: sqlite3.Connection) -> None:
    rows = [(k, float(k)) for k in range(200)]
    rows[150:152] = [(150, 1.0, 151), (2.0,)]  # type: ignore[list-item]  # two wrong rows that add up to two right ones
    with pytest.raises(sqlite3.ProgrammingError):
        execute(connection, Rows(INSERT, rows))
    assert connection.execute("SELECT COUNT(*) FROM t WHERE k <> v").fetchone() == (0,)


def test_only_plain_inserts_are_widened() -> None:
    assert widened("UPDATE t SET v = ? WHERE k = ?") is None
    assert widened("INSERT INTO t VALUES (?, 1)") is None
    assert widened("INSERT INTO t VALUES (?, ?) ON CONFLICT (k) DO UPDATE SET v = ?") is None
    wide = widened(INSERT)
    assert wide is not None
    assert [(count, sql.count("?")) for count, sql in wide[1]] == [(count, 2 * count) for count in WIDTHS]


def test_a_statement_with_many_values_stays_below_what_sqlite_takes() -> None:
    wide = widened(f"INSERT INTO t VALUES ({', '.join('?' * 1_000)})")
    assert wide is not None
    assert all(sql.count("?") <= MAX_VALUES for _, sql in wide[1])
    assert [count for count, _ in wide[1]] == [10]
