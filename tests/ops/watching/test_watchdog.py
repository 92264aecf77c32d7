"""When the watchdog is fed and when not: the loop, the receivers, the disk; never the exchanges."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from msgspec import Struct

from ops.process.sd_notify import Notify
from ops.watching.liveness import COMMIT_S, FREE_BYTES_MIN, Signs, why_not
from ops.watching.watchdog import Watchdog
from store.database import Connection
from store.heartbeat import last
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import DirectWriter, open_database
from tests.fakes.service_manager import ServiceManager, listening_manager

T = TypeVar("T")
FINE = Signs({"upbit": True, "bithumb": True}, 1.0, None, 10**9)


@pytest.mark.parametrize(
    ("signs", "why"),
    [
        (FINE, None),
        (Signs({}, 0.0, None, 0), None),
        (Signs({"upbit": True, "bithumb": False}, 1.0, None, 10**9), "nothing receives bithumb any more"),
        (Signs({}, COMMIT_S, None, 10**9), None),
        (Signs({}, COMMIT_S + 0.1, None, 10**9), "nothing was committed for 20 s"),
        (Signs({}, 900.0, "SQLITE_FULL: database or disk is full", 0), None),
        (Signs({}, 900.0, "SQLITE_BUSY: database is locked", 10**9), None),
        (Signs({}, 900.0, "SQLITE_LOCKED_SHAREDCACHE: locked", 10**9), None),
        (Signs({}, 1.0, "SQLITE_IOERR_WRITE: disk I/O error", 10**9), "commits fail: SQLITE_IOERR_WRITE"),
        (Signs({}, 1.0, "SQLITE_IOERR_WRITE: disk I/O error", FREE_BYTES_MIN - 1), None),
        (Signs({}, 1.0, "SQLITE_READONLY: attempt to write a readonly database", 0), "commits fail: SQLITE_READONLY"),
        (Signs({"upbit": False}, 900.0, "SQLITE_FULL: full", 0), "nothing receives upbit any more"),
    ],
)
def test_why_the_watchdog_is_not_fed(signs: Signs, why: str | None) -> None:
    said = why_not(signs)
    assert said is None if why is None else said is not None and said.startswith(why)


class Fleet(Struct):
    alive: bool = True


class Writer:
    """A writer over a real file that can be made to hang, as behind a disk that refuses."""

    def __init__(self, folder: Path, clock: FakeClock) -> None:
        self.direct = DirectWriter(open_database(folder))
        self.fault: str | None = None
        self.hangs = False
        self._clock = clock

    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T:
        while self.hangs or self.fault is not None:
            await self._clock.sleep(0.5)
        return self.direct.do(work)


class Bench:
    def __init__(self, folder: Path, manager: ServiceManager) -> None:
        self.clock = FakeClock()
        self.writer = Writer(folder, self.clock)
        self.upbit = Fleet()
        self.manager = manager
        notify = Notify(manager.address, watchdog_s=30.0)
        fleets = {"upbit": self.upbit, "bithumb": Fleet()}
        self.watchdog = Watchdog(notify, self.writer, fleets, folder, self.clock, "recording")  # type: ignore[arg-type]

    async def told_in(self, seconds: float) -> set[str]:
        """What the manager hears during the next seconds."""
        self.manager.told()
        await self.clock.advance(seconds)
        return set(self.manager.told())


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[None]:
    task = asyncio.ensure_future(bench.watchdog.run())
    await bench.clock.settle()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    with listening_manager(tmp_path) as manager:
        made = Bench(tmp_path, manager)
        async with running(made):
            yield made


async def test_ready_needs_a_committed_row_and_every_part_in_its_place(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as manager:
        bench = Bench(tmp_path, manager)
        bench.writer.hangs = True
        async with running(bench):
            bench.watchdog.composed()
            assert await bench.told_in(60) == set()
            bench.writer.hangs = False
            await bench.clock.advance(1)
            assert manager.told()[0] == "READY=1"
            assert last(bench.writer.direct.connection) is not None


async def test_a_row_before_the_parts_are_in_place_is_not_ready(bench: Bench) -> None:
    assert await bench.told_in(60) == set()
    assert not bench.watchdog.healthy()
    bench.watchdog.composed()
    assert bench.manager.told()[0] == "READY=1"
    assert bench.watchdog.healthy()


async def test_a_start_behind_a_full_disk_asks_for_more_time(tmp_path: Path) -> None:
    with listening_manager(tmp_path) as manager:
        bench = Bench(tmp_path, manager)
        bench.writer.fault = "SQLITE_FULL: database or disk is full"
        async with running(bench):
            assert await bench.told_in(60) == {"EXTEND_TIMEOUT_USEC=30000000"}
            bench.writer.fault = "SQLITE_READONLY: no"
            assert await bench.told_in(60) == set()


async def test_it_is_fed_several_times_within_its_limit(bench: Bench) -> None:
    bench.watchdog.composed()
    bench.manager.told()
    await bench.clock.advance(30)
    assert bench.manager.told().count("WATCHDOG=1") >= 3
    assert (last(bench.writer.direct.connection) or 0) >= START_MS + 25_000


async def test_a_dead_receiver_starves_it(bench: Bench) -> None:
    bench.watchdog.composed()
    bench.upbit.alive = False
    assert await bench.told_in(60) == set()
    assert bench.watchdog.why == "nothing receives upbit any more"
    assert not bench.watchdog.healthy()


async def test_a_full_disk_does_not_starve_it_but_is_not_health(bench: Bench) -> None:
    bench.watchdog.composed()
    bench.writer.fault = "SQLITE_FULL: database or disk is full"
    assert await bench.told_in(600) == {"WATCHDOG=1"}
    assert not bench.watchdog.healthy()


async def test_commits_that_fail_otherwise_starve_it_until_they_succeed(bench: Bench) -> None:
    bench.watchdog.composed()
    bench.writer.fault = "SQLITE_READONLY: attempt to write a readonly database"
    assert await bench.told_in(60) == set()
    bench.writer.fault = None
    assert await bench.told_in(10) == {"WATCHDOG=1"}


async def test_a_writer_that_hangs_without_a_word_starves_it(bench: Bench) -> None:
    bench.watchdog.composed()
    bench.writer.hangs = True
    await bench.clock.advance(COMMIT_S + 6)
    assert await bench.told_in(60) == set()
    assert "nobody says why" in (bench.watchdog.why or "")


async def test_a_stop_that_is_slow_is_fed_and_no_trouble(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.watchdog.composed()
    bench.watchdog.stopping()
    assert "STOPPING=1" in bench.manager.told()
    bench.writer.hangs, bench.upbit.alive = True, False
    assert await bench.told_in(30) == {"WATCHDOG=1"}
    assert [each.message for each in caplog.records] == []
