"""A copy taken while the daemon writes is one moment of it, whole; what is not whole is no copy."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.backup import BackupFailed, back_up
from store.database import connect
from tests.fakes.damaged import MARKETS, MINUTES, filled, leaves_of, overwrite, rows


def test_a_copy_holds_every_row_and_stands_alone(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    copy = back_up(source, target, lambda *_: None)
    assert copy.rows["candles_1m"] == MARKETS * MINUTES
    assert copy.bytes == target.stat().st_size
    for table in ("markets", "candles_1m", "candles_1s", "quarantine", "schema_version"):
        assert rows(target, table) == rows(source, table)
    assert sorted(path.name for path in tmp_path.glob("*copy*")) == ["copy.db"]


def test_rows_that_are_only_in_the_wal_are_copied(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    with closing(connect(source)) as writing:
        writing.execute("INSERT INTO rollup_state (name, at_ms) VALUES ('late', 7)")
        back_up(source, target, lambda *_: None)
    assert ("late", 7) in rows(target, "rollup_state")


def test_what_is_written_meanwhile_neither_gets_in_nor_holds_the_copy_up(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    steps: list[int] = []
    with closing(connect(source)) as writing:

        def write(left: int, total: int) -> None:
            steps.append(left)
            writing.execute("INSERT INTO rollup_state (name, at_ms) VALUES (?, 0)", (f"meanwhile {len(steps)}",))
            assert len(steps) < 100, "the copy starts anew for ever"

        back_up(source, target, write, pages_a_step=16)
    assert len(steps) > 5
    assert [name for name, _ in rows(target, "rollup_state")] == ["rolled"]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    target.write_text("mine")
    with pytest.raises(BackupFailed, match="exists already"):
        back_up(source, target, lambda *_: None)
    assert target.read_text() == "mine"


def test_a_source_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(BackupFailed, match="does not exist"):
        back_up(tmp_path / "radar.db", tmp_path / "copy.db", lambda *_: None)


@pytest.mark.parametrize("leaf", [0, 40])
def test_a_damaged_database_gives_no_copy_and_leaves_nothing_behind(tmp_path: Path, leaf: int) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    overwrite(source, [leaves_of(source, "candles_1m")[leaf]])
    with pytest.raises(BackupFailed):
        back_up(source, target, lambda *_: None)
    assert list(tmp_path.glob("*copy*")) == []


def test_a_folder_that_does_not_exist_is_said(tmp_path: Path) -> None:
    source = filled(tmp_path / "radar.db")
    with pytest.raises(BackupFailed, match="could not be copied"):
        back_up(source, tmp_path / "nowhere" / "copy.db", lambda *_: None)


def test_the_copy_opens_as_a_database_of_the_daemon(tmp_path: Path) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    back_up(source, target, lambda *_: None)
    with closing(connect(target)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        with pytest.raises(sqlite3.IntegrityError):
            connection.execute("INSERT INTO rollup_state (name, at_ms) VALUES ('rolled', 1)")
