"""A damaged database is found at the start, moved aside whole, and nothing sound is ever moved."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.damage import damage_of, is_damage, move_aside
from store.database import connect
from tests.fakes.clock import START_MS
from tests.fakes.damaged import PAGE, filled, leaves_of, overwrite, rows


def test_what_is_sound_absent_or_empty_is_no_damage(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    assert damage_of(path) is None
    assert damage_of(path, whole=True) is None
    assert damage_of(tmp_path / "none.db") is None
    (tmp_path / "empty.db").touch()
    assert damage_of(tmp_path / "empty.db") is None


def test_a_database_in_use_with_rows_in_its_wal_is_no_damage(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO rollup_state (name, at_ms) VALUES ('x', 1)")
        assert damage_of(path, whole=True) is None
        connection.execute("BEGIN IMMEDIATE")
        assert damage_of(path) is None


@pytest.mark.parametrize("content", [b"no database", b"x" * 10_000, b"SQLite format 3\x00"])
def test_a_file_that_does_not_begin_as_a_database_is_damage(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "radar.db"
    path.write_bytes(content)
    assert damage_of(path) == "the file does not begin as a database does"


def test_a_database_that_has_lost_its_end_is_damage(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - PAGE)
    assert "has lost its end" in (damage_of(path) or "")


def test_a_damaged_end_of_a_table_is_found_at_every_start(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    overwrite(path, [leaves_of(path, "candles_1s")[0]])
    assert damage_of(path) == "database disk image is malformed"


def test_a_damaged_middle_is_found_by_the_look_at_every_page(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    overwrite(path, [leaves_of(path, "candles_1m")[40]])
    assert damage_of(path) is None
    assert damage_of(path, whole=True) is not None


def test_an_index_that_does_not_fit_its_table_is_found_by_the_look_at_every_page(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO gaps (exchange, market_id, from_ms, cause) VALUES ('upbit', 1, 5, 'start')")
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'one_open_gap'").fetchone()
    with path.open("r+b") as file:  # one bit of it has turned
        file.seek((root - 1) * PAGE)
        page = file.read(PAGE)
        file.seek((root - 1) * PAGE)
        file.write(page.replace(b"upbit", b"upbiu"))
    assert damage_of(path, whole=True) == "row 1 missing from index one_open_gap"


def test_a_file_we_may_not_read_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    path.mkdir()  # as unreadable to us as a file of somebody else's
    assert damage_of(path) is None


def test_the_database_moves_aside_with_its_wal(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    minutes = rows(path, "candles_1m")
    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO rollup_state (name, at_ms) VALUES ('late', 1)")
        aside = move_aside(path, START_MS)
    assert aside.name == "radar.db.damaged-20270115T080000Z"
    assert not list(tmp_path.glob("radar.db-*"))
    assert not path.exists()
    assert rows(aside, "candles_1m") == minutes
    assert ("late", 1) in rows(aside, "rollup_state")


def test_two_damaged_databases_of_one_second_both_stay(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    names = set()
    for content in (b"one", b"two"):
        path.write_bytes(content)
        names.add(move_aside(path, START_MS).read_bytes())
    assert names == {b"one", b"two"}


def test_only_sqlites_own_word_counts_as_damage() -> None:
    assert not is_damage(sqlite3.OperationalError("database disk image is malformed"))  # no code: not SQLite's
    assert not is_damage(ValueError("SQLITE_CORRUPT"))
