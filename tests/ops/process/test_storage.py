"""A start over a damaged database: moved aside, said, and a sound one in its place."""

import sqlite3
from pathlib import Path

import pytest

from config.settings import Writing
from ops.process.lock import Run
from ops.process.storage import Opened, opened
from store import damage
from store.database import StorageUnusable
from tests.fakes.clock import FakeClock
from tests.fakes.damaged import filled, leaves_of, overwrite, rows


async def open_at(path: Path, why: str = "") -> Opened:
    found = await opened(path, FakeClock(), Writing(), Run(1, "", "crashed", 0, why))
    with found.writer:
        pass
    return found


async def test_a_sound_database_stays_where_it_is(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    found = await open_at(path, "WriterGone: DatabaseError('database disk image is malformed')")
    assert found.aside is None
    assert found.findings() == ()
    assert found.silent_until_ms(1_000) is None
    assert len(rows(path, "candles_1m")) > 0


async def test_a_damaged_database_goes_aside_and_a_new_one_is_begun(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    path.write_bytes(b"no database at all")
    found = await open_at(path)
    assert found.aside is not None
    assert found.aside.read_bytes() == b"no database at all"
    assert rows(path, "candles_1m") == []
    (finding,) = found.findings()
    assert found.aside.name in finding.what[1]
    assert "salvage" in finding.remedy[1]
    assert found.silent_until_ms(1_000) == 1_000  # what was published after the last heartbeat is news, told late


@pytest.mark.parametrize(
    ("why", "moved"),
    [("WriterGone: DatabaseError('database disk image is malformed')", True), ("ValueError: a bug", False)],
)
async def test_damage_deep_inside_is_looked_for_when_the_last_run_died_of_it(
    tmp_path: Path, why: str, moved: bool
) -> None:
    path = filled(tmp_path / "radar.db")
    overwrite(path, [leaves_of(path, "candles_1m")[40]])
    assert ((await open_at(path, why)).aside is not None) is moved


async def test_a_sound_database_too_large_to_be_read_whole_stays_after_a_crash_over_something_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(damage, "WHOLE_S", -1.0)
    monkeypatch.setattr(damage, "STEPS_BETWEEN_LOOKS", 1)
    path = filled(tmp_path / "radar.db")
    assert (await open_at(path, "DecodeError: JSON is malformed: invalid character (byte 0)")).aside is None


async def test_what_is_unusable_for_another_reason_is_not_moved(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (999, 'from the future', '', 0)")
    connection.close()
    with pytest.raises(StorageUnusable, match="999"):
        await open_at(path)
    assert path.exists()
