"""Faults 21, 25 to 29, 31 and 32: storage that is full, slow, held, pinned, cut off or half migrated."""

import asyncio
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from config.settings import Writing
from ops.watching.health import has_wal_reset_bug, report
from ops.watching.vitals import limits
from store.database import Migration, SchemaTooNew, connect, migrate
from store.reader import Reader
from tests.fakes.bad_disk import bad_disk
from tests.fakes.clock import FakeClock
from tests.fakes.recording import rows
from tests.fakes.station import Station
from tests.fakes.steady import (
    MARKETS,
    Steady,
    assert_every_second_is_right_or_missed,
    assert_no_minute_is_both_complete_and_missing,
    assert_nothing_torn,
)

ROOT = Path(__file__).resolve().parents[2]
CAUSES = "SELECT DISTINCT cause FROM gaps WHERE cause NOT IN ('start', 'stop') ORDER BY cause"


async def until(condition: Callable[[], object]) -> None:
    """Wait for another thread or process to reach a state; the deadline is a failure, not a guess."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A writer that gives up waiting for a lock, and comes back to it, within hundredths of a second."""
    monkeypatch.setattr("store.database.BUSY_TIMEOUT_MS", 20)
    monkeypatch.setattr("store.writer.RETRY_CAP_S", 0.05)


@contextmanager
def outsider(path: Path, script: str) -> Iterator[subprocess.Popen[str]]:
    """Another program on the same database (`db`): runs `script`, says so, and ends when its standard input does."""
    prelude = f"import sqlite3, sys; db = sqlite3.connect({str(path)!r}, isolation_level=None);"
    process = subprocess.Popen(
        [sys.executable, "-c", f"{prelude} {script}; print('there', flush=True); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "there\n"
        yield process
    finally:
        process.stdin.close()
        assert process.wait(10) == 0
        process.stdout.close()


async def recorded(steady: Steady, seconds: int) -> None:
    """Let time pass no faster than the writer follows."""
    for _ in range(seconds):
        await steady.tick()
        await steady.writer.run(lambda connection: None)


def assert_sound(path: Path, until_s: int, told: list[int]) -> int:
    """Returns how many seconds are marked as missed."""
    with closing(sqlite3.connect(path)) as connection:
        assert_nothing_torn(connection, told)
        assert_no_minute_is_both_complete_and_missing(connection)
        return assert_every_second_is_right_or_missed(connection, until_s)


async def test_fault_21_a_full_queue_drops_seconds_with_a_gap_row_and_never_an_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.recording.handover.WAITING_ROWS", 10 * len(MARKETS))
    path = tmp_path / "radar.db"
    steady = Steady(path, writing=Writing(batch_ms=1, inbox=10 * len(MARKETS)))
    with steady.writer:
        await steady.begin()
        await recorded(steady, 20)
        held = asyncio.Event()
        loop, release = asyncio.get_running_loop(), asyncio.Event()

        def hold(connection: sqlite3.Connection) -> None:
            loop.call_soon_threadsafe(held.set)
            asyncio.run_coroutine_threadsafe(release.wait(), loop).result()

        holding = asyncio.ensure_future(steady.writer.run(hold))
        await held.wait()
        telling = asyncio.ensure_future(steady.tell(30))
        await steady.tick(60)
        assert steady.recorder.dropped > 0
        release.set()
        await asyncio.gather(holding, telling)
        await recorded(steady, 25)
        steady.end()
    assert rows(path, CAUSES) == [("dropped",)]
    assert assert_sound(path, 100, told=[30]) < 80 * len(MARKETS)


async def test_fault_25_a_power_cut_costs_what_was_not_synced_and_the_next_start_says_so(tmp_path: Path) -> None:
    path, survived = tmp_path / "radar.db", tmp_path / "survived"
    survived.mkdir()
    with bad_disk() as disk:
        disk.keep_syncs = True
        steady = Steady(path)
        with steady.writer:
            await steady.begin()
            for _ in range(150):
                await recorded(steady, 1)
                await steady.aggregator.roll()
            await steady.tell(150)  # an alert is on its way to Telegram now: it must not be forgotten
            await recorded(steady, 7)
            disk.after_power_cut(survived)
        lost = rows(path, "SELECT MAX(open_ms) FROM candles_1s") > rows(
            survived / "radar.db", "SELECT MAX(open_ms) FROM candles_1s"
        )
        assert lost
        after = Steady(survived / "radar.db", 170)
        with after.writer:
            await after.begin()
            await after.tick(10)
            after.end()
    missed = assert_sound(survived / "radar.db", 180, told=[150])
    assert missed < 50 * len(MARKETS)


@pytest.mark.parametrize("full_at", ["", "-wal"], ids=["everything", "the WAL"])
async def test_fault_26_a_full_disk_pauses_recording_which_goes_on_by_itself_and_the_pause_is_a_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, full_at: str, impatient: None
) -> None:
    monkeypatch.setattr("collectors.recording.handover.WAITING_ROWS", 20 * len(MARKETS))
    path = tmp_path / "radar.db"
    with bad_disk() as disk:
        steady = Steady(path, writing=Writing(batch_ms=1, inbox=20 * len(MARKETS)))
        with steady.writer:
            await steady.begin()
            await recorded(steady, 30)
            disk.full_at, disk.room = full_at, 0
            telling = asyncio.ensure_future(steady.tell(30))
            await until(lambda: steady.writer.fault)
            assert "SQLITE_FULL" in str(steady.writer.fault)
            await steady.tick(90)
            disk.room = None
            await telling
            await until(lambda: steady.writer.queue_size == 0)
            await recorded(steady, 20)
            assert steady.writer.healthy
            until_s = steady.second
            steady.end()
    assert rows(path, CAUSES) == [("paused",)]
    missed = assert_sound(path, until_s - 6, told=[30])
    assert missed < 90 * len(MARKETS)


async def test_fault_26_where_only_the_database_cannot_grow_the_wal_takes_all_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.checkpoint_pace.FEWEST_ROWS", 100)
    monkeypatch.setattr("store.checkpoint_pace.MOST_ROWS", 100)
    path = tmp_path / "radar.db"
    with bad_disk() as disk:
        steady = Steady(path)
        with steady.writer:
            await steady.begin()
            disk.full_at, disk.room = "radar.db", 0
            await recorded(steady, 60)
            assert disk.refused
            assert "only reach the WAL" in " ".join(steady.writer.warnings)
            disk.room = None
            await recorded(steady, 20)
            assert steady.writer.warnings == ()
            steady.end()
    assert rows(path, CAUSES) == []
    assert_sound(path, 75, told=[])


async def test_fault_27_a_disk_that_does_not_sync_blocks_nobody_and_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.checkpoint_pace.FEWEST_ROWS", 100)
    monkeypatch.setattr("store.checkpoint_pace.MOST_ROWS", 100)
    monkeypatch.setattr("store.disk_gauge.SLOW_S", 0.02)
    path = tmp_path / "radar.db"
    with bad_disk() as disk:
        steady = Steady(path)
        with steady.writer:
            await steady.begin()
            disk.syncs_pass.clear()
            try:
                while not disk.waiting:
                    await steady.tick()
                    await asyncio.sleep(0.001)
                await steady.tick(60)  # the loop turns, and what closes is taken
                assert steady.recorder.dropped == 0
                assert steady.writer.queue_size > 50 * len(MARKETS)
                await until(lambda: "has not answered" in " ".join(steady.writer.warnings))
            finally:
                disk.syncs_pass.set()
            await until(lambda: steady.writer.queue_size == 0)
            assert "for one write" in " ".join(steady.writer.warnings)
            steady.end()
            until_s = steady.second
    assert rows(path, CAUSES) == []
    assert_sound(path, until_s - 6, told=[])


async def test_fault_28_a_lock_from_outside_is_waited_for_and_its_holder_named(tmp_path: Path, impatient: None) -> None:
    path = tmp_path / "radar.db"
    steady = Steady(path)
    with steady.writer:
        await steady.begin()
        await recorded(steady, 10)
        with outsider(path, "db.execute('BEGIN IMMEDIATE')") as process:
            telling = asyncio.ensure_future(steady.tell(12))
            await steady.tick(30)
            await until(lambda: steady.writer.fault)
            assert "SQLITE_BUSY" in str(steady.writer.fault)
            if sys.platform == "linux":
                assert f"held by process {process.pid} (" in str(steady.writer.fault)
        await telling
        await until(lambda: steady.writer.healthy)
        steady.end()
    assert rows(path, CAUSES) == []
    assert_sound(path, 35, told=[12])


async def test_fault_29_a_reader_that_pins_the_wal_is_named_and_stops_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.checkpoint_pace.FEWEST_ROWS", 100)
    monkeypatch.setattr("store.checkpoint_pace.MOST_ROWS", 100)
    monkeypatch.setattr("store.disk_gauge.WAL_ALARM_BYTES", 100_000)
    path = tmp_path / "radar.db"
    steady = Steady(path)
    with steady.writer:
        await steady.begin()
        await recorded(steady, 20)
        with outsider(path, "db.execute('BEGIN'); db.execute('SELECT * FROM candles_1s').fetchall()") as reader:
            await recorded(steady, 100)
            assert steady.writer.healthy
            assert steady.writer.wal_bytes > 100_000
            await until(lambda: steady.writer.warnings)
            (warning,) = steady.writer.warnings
            if sys.platform == "linux":
                assert f"read by process {reader.pid} (" in warning
            assert "end that reader" in warning
        await recorded(steady, 20)
        assert steady.writer.warnings == ()
        free_bytes = steady.writer.wal_bytes
        await recorded(steady, 40)
        assert steady.writer.wal_bytes == free_bytes  # it is written over from its beginning again
        steady.end()
    assert_sound(path, 170, told=[])


async def test_fault_31_an_sqlite_with_the_wal_reset_bug_is_a_warning_in_health(tmp_path: Path) -> None:
    station = Station(tmp_path, FakeClock(), {})
    with station.writer:
        mine = [each for each in station.health().warnings if "WAL-reset bug" in each]
        assert bool(mine) is has_wal_reset_bug(station.health().sqlite_version)
        lines = limits(30.0, 120.0, 10_000)
        versions = {"3.6.23": False, "3.7.0": True, "3.40.1": True, "3.51.2": True, "3.51.3": False, "3.52.0": False}
        for version, warned in versions.items():
            told = report(replace(station.readings(), sqlite_version=version), lines)
            assert any("let nobody else write to radar.db" in each for each in told.warnings) is warned
            assert told.sqlite_version == version


async def test_fault_31_nobody_but_the_writer_can_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    steady = Steady(path)
    with steady.writer:
        await steady.begin()
        await recorded(steady, 10)
        before = path.read_bytes(), steady.writer.wal_bytes
        async with await Reader.open(path) as reader:
            with pytest.raises(sqlite3.OperationalError):
                await reader.rows("PRAGMA wal_checkpoint(TRUNCATE)")
            assert await reader.rows("SELECT 1 FROM candles_1s")
        assert (path.read_bytes(), steady.writer.wal_bytes) == before
        assert await steady.writer.run(lambda c: c.execute("PRAGMA wal_autocheckpoint").fetchone()[0]) == 0


HALF_WAY = """
import sqlite3, sys
from pathlib import Path
from store.database import Migration, connect, migrate
connection = connect(Path(sys.argv[1]))
connection.create_function("halt", 0, lambda: (print("half", flush=True), sys.stdin.read()) and 1)
ONE = Migration(1, "one", "CREATE TABLE a (x INTEGER);")
TWO = Migration(2, "two", "CREATE TABLE b (x INTEGER); INSERT INTO b SELECT halt(); CREATE TABLE c (x INTEGER);")
migrate(connection, 5, [ONE, TWO])
"""
ONE = Migration(1, "one", "CREATE TABLE a (x INTEGER);")
TWO = Migration(2, "two", "CREATE TABLE b (x INTEGER); CREATE TABLE c (x INTEGER);")


def test_fault_32_a_migration_killed_half_way_is_done_again_and_an_older_version_refuses_a_newer_schema(
    tmp_path: Path,
) -> None:
    path = tmp_path / "radar.db"
    process = subprocess.Popen(
        [sys.executable, "-c", HALF_WAY, path], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    process.kill()
    process.wait(10)
    process.stdin.close()
    process.stdout.close()
    connection = connect(path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert tables == {"schema_version", "a"}
    assert migrate(connection, 6, [ONE, TWO]) == 2
    with pytest.raises(SchemaTooNew):
        migrate(connection, 7, [ONE])
    connection.close()
