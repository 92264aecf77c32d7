"""Faults 26 (logs), 30 and 35: a log that takes nothing, a database that is damaged or cut off, a run without end."""

import gc
import re
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import bench_storage
from tests.end_to_end.daemon import Daemon, beside_a_simulator
from tests.end_to_end.outside import command
from tests.end_to_end.pair import Pair, small_world
from tests.fakes.damaged import PAGE, leaves_of, overwrite, rows

NewPair = Callable[..., Pair]


def test_fault_26_a_log_on_a_full_disk_ends_nothing(new_pair: NewPair) -> None:
    pair = new_pair(*small_world(4.0))
    log, pair.log = pair.log, Path("/dev/full")  # every write to it fails with ENOSPC
    pair.start()
    pair.log = log
    pair.until(lambda: pair.rows("SELECT 1 FROM candles_1s"), "it records")
    pair.simulator.post("/sim/fault", target="upbit:public", kind="drop", for_s=1)  # something to log about
    pair.until(lambda: pair.rows("SELECT 1 FROM gaps WHERE cause = 'disconnect'"), "the loss was noted")
    assert pair.stop() == 0
    assert pair.rows("SELECT 1 FROM candles_1s")


def aside(daemon: Daemon, damaged: bytes) -> list[Path]:
    """Where a database went, byte by byte as it was."""
    others = (each for each in daemon.data.glob("radar.db?*") if each.stat().st_size == len(damaged))
    return [each for each in others if each.read_bytes() == damaged]


@pytest.mark.leaping
async def test_fault_30_a_damaged_database_goes_aside_is_told_and_can_be_salvaged(tmp_path: Path) -> None:
    async with beside_a_simulator(tmp_path) as daemon:
        daemon.start()
        stored = "SELECT 1 FROM candles_1s LIMIT 1 OFFSET 100"
        await daemon.until(lambda: daemon.rows(stored), "something was stored")
        assert await daemon.stop() == 0
        path = daemon.data / "radar.db"

        def overwritten() -> None:
            overwrite(path, leaves_of(path, "candles_1s")[:1])

        def cut_off() -> None:
            with path.open("r+b") as file:
                file.truncate(path.stat().st_size - 2 * PAGE)

        for times, harm in enumerate((overwritten, cut_off), start=1):
            before = len(rows(path, "candles_1s"))
            harm()
            await assert_it_goes_on(daemon, before, times)


def test_fault_30_damage_that_only_the_work_meets_ends_one_run_and_not_every_one_after_it(new_pair: NewPair) -> None:
    pair = new_pair(*small_world(4.0))
    pair.start()
    pair.until(lambda: pair.rows("SELECT 1 FROM candles_1s"), "it records")
    assert pair.stop() == 0
    path = pair.data / "radar.db"
    (index,) = rows(path, "sqlite_schema WHERE name = 'gaps_by_end'")
    overwrite(path, [int(str(index[3]))])
    pair.start()
    assert pair.ended() == 3
    pair.start()
    pair.until(lambda: list(pair.data.glob("radar.db.damaged-*")), "it went aside")
    pair.until(lambda: pair.rows("SELECT 1 FROM candles_1s"), "it records")
    assert pair.stop() == 0


async def assert_it_goes_on(daemon: Daemon, stored: int, told: int) -> None:
    """A life on a database that is damaged and held so many seconds; it is the owner's message of that number."""
    damaged = (daemon.data / "radar.db").read_bytes()
    daemon.start()
    await daemon.until(lambda: aside(daemon, damaged), "it went aside")
    await daemon.until(lambda: daemon.rows("SELECT 1 FROM candles_1s"), "it records")
    await daemon.until_told("salvage", told)
    assert await daemon.stop() == 0
    (moved,) = aside(daemon, damaged)
    assert re.search(r"\d{8}T?\d{6}", moved.name), "its name has the time"
    assert command("salvage", moved, "--data", daemon.data).returncode == 1, "not all of it could be read"
    saved = rows(moved.with_name(moved.name + ".salvaged"), "candles_1s")
    assert 0 < len(saved) <= stored


@pytest.mark.skipif(sys.platform != "linux", reason="open files are counted in /proc/self/fd, which only Linux has")
async def test_fault_35_a_long_run_holds_no_more_memory_and_no_more_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hour itself is `scripts/bench`'s; this is its feed with fewer markets, and a finer measure."""
    monkeypatch.setattr(bench_storage, "MARKETS", bench_storage.MARKETS[:10])
    hour = bench_storage.Hour(tmp_path / "radar.db")
    held, files = [], []
    with hour.writer:
        tracemalloc.start()
        try:
            await hour.begin()
            for minute in range(13):
                await hour.minute()
                if minute >= 6:  # what is remembered on purpose is remembered by now
                    gc.collect()
                    held.append(tracemalloc.get_traced_memory()[0])
                    files.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        finally:
            tracemalloc.stop()
        hour.recorder.close()
        hour.aggregator.force_rollup()
    assert min(held[-3:]) <= 1.05 * held[0]  # what comes and goes is no leak, nor one step of a table of Python's
    assert min(files[-3:]) <= files[0]  # the writer may look at its disk in this very moment
