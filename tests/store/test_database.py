import re
import sqlite3
from pathlib import Path

import pytest

from store.database import (
    SCHEMA,
    Migration,
    MigrationChanged,
    SchemaTooNew,
    StorageUnusable,
    connect,
    load_migrations,
    migrate,
    statements,
)
from store.reader import Reader

ONE = Migration(1, "one", "CREATE TABLE a (x INTEGER); INSERT INTO a VALUES (1);")
TWO = Migration(2, "two", "CREATE TABLE b (x INTEGER); INSERT INTO b VALUES (2); CREATE TABLE a (again INTEGER);")
TWO_MENDED = Migration(2, "two", "CREATE TABLE b (x INTEGER);")


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_every_migration_applies_and_leaves_its_row(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    assert migrate(connection, 5) == len(SCHEMA)
    applied = connection.execute("SELECT version, name, checksum, applied_ms FROM schema_version").fetchall()
    assert applied == [(each.version, each.name, each.checksum, 5) for each in SCHEMA]
    connection.close()


def test_a_step_of_an_older_database_is_told_and_left_in_its_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    connection = connect(tmp_path / "radar.db")
    migrate(connection, 5, SCHEMA[:7])
    assert caplog.messages == []
    migrate(connection, 6, SCHEMA[:8])
    assert caplog.messages == ["bringing the database to schema 8; a large one takes a while"]
    assert (tmp_path / "radar.db-wal").stat().st_size == 0
    connection.close()


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    migrate(connection, 5)
    before = connection.execute("SELECT * FROM schema_version").fetchall()
    assert migrate(connection, 6) == len(SCHEMA)
    assert connection.execute("SELECT * FROM schema_version").fetchall() == before
    connection.close()


def test_the_database_is_opened_the_way_the_writer_needs_it(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    migrate(connection, 5)
    settings = {name: connection.execute(f"PRAGMA {name}").fetchone()[0] for name in WANTED}
    assert settings == WANTED
    connection.close()


WANTED = {
    "journal_mode": "wal",
    "synchronous": 1,
    "foreign_keys": 1,
    "auto_vacuum": 2,
    "wal_autocheckpoint": 0,
    "busy_timeout": 1000,
    "journal_size_limit": 64 * 1024 * 1024,
}


def test_a_migration_that_fails_half_way_leaves_nothing_of_itself(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    with pytest.raises(StorageUnusable, match=r"migration 2 \(two\) failed"):
        migrate(connection, 5, [ONE, TWO])
    assert tables(connection) == {"schema_version", "a"}
    assert connection.execute("SELECT version FROM schema_version").fetchall() == [(1,)]
    assert migrate(connection, 6, [ONE, TWO_MENDED]) == 2
    connection.close()


def test_an_older_program_refuses_a_newer_schema_and_leaves_it_alone(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    migrate(connection, 5, [ONE, TWO_MENDED])
    with pytest.raises(SchemaTooNew, match="has schema 2, this program knows 1"):
        migrate(connection, 6, [ONE])
    assert not connection.in_transaction
    connection.close()


def test_an_applied_migration_that_changed_is_named(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    migrate(connection, 5, [ONE])
    with pytest.raises(MigrationChanged, match=r"migration 1 \(one\) is applied, but its file has changed"):
        migrate(connection, 6, [Migration(1, "one", ONE.sql + " ")])
    connection.close()


def test_a_folder_with_a_hole_in_its_numbers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "001_a.sql").write_text("SELECT 1;")
    (tmp_path / "003_c.sql").write_text("SELECT 1;")
    with pytest.raises(ValueError, match=r"\[1, 3\]"):
        load_migrations(tmp_path)


def test_a_script_is_split_where_its_statements_end() -> None:
    script = """
    -- a comment; with a semicolon
    CREATE TABLE t (x TEXT DEFAULT ';'); INSERT INTO t VALUES ('a;b');
    CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; INSERT INTO t VALUES ('c'); END;
    """
    parts = [part.strip() for part in statements(script)]
    assert [re.split(r"\s", part.splitlines()[-1].strip())[0] for part in parts] == ["CREATE", "INSERT", "CREATE"]
    connection = sqlite3.connect(":memory:")
    for part in parts:
        connection.execute(part)
    connection.close()


def test_no_migration_ends_its_own_transaction() -> None:
    for migration in SCHEMA:
        assert not re.search(r"^\s*(BEGIN|COMMIT|ROLLBACK)\b", migration.sql, re.MULTILINE | re.IGNORECASE)


def test_a_folder_that_does_not_exist_is_unusable(tmp_path: Path) -> None:
    with pytest.raises(StorageUnusable, match="cannot be"):
        connect(tmp_path / "nowhere" / "radar.db")


def test_a_file_that_is_no_database_is_unusable_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    path.write_bytes(b"this is no database, it only has its name" * 100)
    with pytest.raises(StorageUnusable, match="NOTADB"):
        connect(path)
    assert path.read_bytes().startswith(b"this is no database")


async def test_a_reader_sees_what_is_committed_and_cannot_write(tmp_path: Path) -> None:
    connection = connect(tmp_path / "radar.db")
    migrate(connection, 5, [ONE])
    async with await Reader.open(tmp_path / "radar.db") as reader:
        assert [tuple(row) for row in await reader.rows("SELECT x FROM a WHERE x = ?", (1,))] == [(1,)]
        connection.execute("INSERT INTO a VALUES (7)")
        assert [row["x"] for row in await reader.rows("SELECT x FROM a ORDER BY x")] == [1, 7]
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            await reader.rows("INSERT INTO a VALUES (8)")
    connection.close()


async def test_reading_where_there_is_no_database_says_so(tmp_path: Path) -> None:
    with pytest.raises(StorageUnusable, match="has the daemon run with this data folder"):
        await Reader.open(tmp_path / "radar.db")
