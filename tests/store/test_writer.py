"""The writer against real files: order, refusal, bad rows, full and locked disks, death, kill -9."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from config.settings import Writing
from store.database import StorageUnusable
from store.writer import DatabaseWriter, Rows, WriterGone
from tests.fakes.blank import blank
from tests.fakes.clock import FakeClock
from tests.fakes.recording import rows

ROOT = Path(__file__).resolve().parents[2]
INSERT = "INSERT INTO token_registry (symbol, decimals) VALUES (?, ?)"
SYMBOLS = "SELECT symbol FROM token_registry ORDER BY id"
FAST = Writing(batch_ms=1)
SLOW = Writing(batch_ms=60_000, batch_rows=1_000_000)  # commits on urgent work or at the end only


def opened(folder: Path, settings: Writing = FAST) -> DatabaseWriter:
    return DatabaseWriter.open(blank(folder / "radar.db"), FakeClock(), settings)


def token(symbol: str) -> Rows:
    return Rows(INSERT, [(symbol, 8)])


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT COUNT(*) FROM token_registry").fetchone()[0])


async def until(condition: Callable[[], bool]) -> None:
    """Wait for the writer's thread to reach a state; the deadline is a failure, not a guess."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.001)


async def test_what_is_offered_is_there_after_leaving(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        assert writer.offer(Rows(INSERT, [(f"S{n}", n) for n in range(250)]))
        assert writer.offer(token("LAST"))
    symbols = [symbol for (symbol,) in rows(tmp_path / "radar.db", SYMBOLS)]
    assert symbols == [*(f"S{n}" for n in range(250)), "LAST"]
    assert (writer.queue_size, writer.failed, writer.dropped) == (0, 0, 0)


async def test_a_result_comes_only_after_its_commit(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        added = await writer.run(lambda c: c.execute(INSERT, ("BTC", 8)).lastrowid)
        assert rows(tmp_path / "radar.db", SYMBOLS) == [("BTC",)]
        assert added == 1
        assert writer.last_commit_ms == FakeClock().now_ms()


async def test_work_sees_what_was_offered_before_it(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        for n in range(30):
            writer.offer(token(f"S{n}"))
        assert await writer.run(count) == 30


async def test_urgent_work_that_keeps_coming_does_not_put_the_rest_off_for_ever(tmp_path: Path) -> None:
    with DatabaseWriter.open(blank(tmp_path / "radar.db"), FakeClock(), Writing(batch_ms=100)) as writer:
        common = asyncio.ensure_future(writer.run(count))
        for _ in range(200):  # two seconds at least, an urgent one each hundredth
            await writer.run(count, urgent=True)
            await asyncio.sleep(0.01)
            if common.done():
                break
        assert common.done()


async def test_urgent_work_overtakes_what_waits_and_commits_at_once(tmp_path: Path) -> None:
    with opened(tmp_path, SLOW) as writer:
        for n in range(30):
            writer.offer(token(f"S{n}"))
        assert await writer.run(count, urgent=True) == 0
        assert writer.queue_size == 30


async def test_a_transaction_takes_up_nothing_more_after_three_milliseconds(tmp_path: Path) -> None:
    others_saw: list[int] = []

    def slow(connection: sqlite3.Connection) -> None:
        others_saw.append(len(rows(tmp_path / "radar.db", SYMBOLS)))
        connection.execute(INSERT, (f"S{len(others_saw)}", 8))
        until = time.monotonic() + 0.004
        while time.monotonic() < until:
            pass

    with opened(tmp_path, SLOW) as writer:
        for _ in range(5):
            writer.offer(slow)
    assert others_saw == [0, 1, 2, 3, 4], "each was committed before the next began"


async def test_urgent_work_is_served_between_the_two_halves_of_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "radar.db"
    loop = asyncio.get_running_loop()
    served: list[int] = []
    urgent: list[asyncio.Future[None]] = []

    def size(connection: sqlite3.Connection) -> None:
        served.append(path.stat().st_size)

    async def call_for() -> None:
        urgent.append(asyncio.ensure_future(writer.run(size, urgent=True)))
        await asyncio.sleep(0)

    def first_half(file: Path) -> None:
        assert file.name == "radar.db-wal"
        if not urgent:
            asyncio.run_coroutine_threadsafe(call_for(), loop).result()

    monkeypatch.setattr("store.writer.sync", first_half)
    with opened(tmp_path) as writer:
        before = path.stat().st_size
        writer.offer(Rows(INSERT, [(f"S{n}" + "x" * 500, 1) for n in range(2_500)]))  # one checkpoint is due
        while not urgent:
            await asyncio.sleep(0.001)
        await urgent[0]
        assert served == [before]  # nothing was moved yet
    assert path.stat().st_size > before


async def test_an_exception_of_the_work_is_its_callers_and_undoes_only_its_own_writes(tmp_path: Path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute(INSERT, ("HALF", 1))
        raise LookupError("not today")

    with opened(tmp_path) as writer:
        writer.offer(token("BEFORE"))
        failing = asyncio.ensure_future(writer.run(broken))
        writing = asyncio.ensure_future(writer.run(lambda c: c.execute(INSERT, ("AFTER", 1)).rowcount))
        with pytest.raises(LookupError, match="not today"):
            await failing
        assert await writing == 1
    assert rows(tmp_path / "radar.db", SYMBOLS) == [("BEFORE",), ("AFTER",)]


async def test_what_failed_is_counted_once_however_often_its_batch_is_tried(tmp_path: Path) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        raise LookupError("not today")

    path = tmp_path / "radar.db"
    with DatabaseWriter.open(blank(path), FakeClock(), Writing(batch_ms=100)) as writer:
        writer.offer(broken)
        writer.offer(Rows(INSERT, [("A", 8), (None, 666)]))
        await writer.run(count)
        assert writer.failed == 2


async def test_the_good_rows_of_a_bad_batch_are_kept_and_the_bad_ones_logged_with_their_values(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = [(None, 666), (2**63, 1), ("\ud800", 1), ("SHORT",)]
    with opened(tmp_path) as writer:
        writer.offer(token("A"))
        writer.offer(Rows(INSERT, [("B", 8), bad[0], ("C", 8), ("D", 2**64), bad[2], bad[3], ("E", 8)]))
        writer.offer(token("F"))
        assert await writer.run(count) == 5
        assert writer.failed == 4
    assert [symbol for (symbol,) in rows(tmp_path / "radar.db", SYMBOLS)] == ["A", "B", "C", "E", "F"]
    assert "(None, 666)" in caplog.text
    assert "NOT NULL" in caplog.text


async def test_a_bad_row_among_hundreds_costs_only_itself(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        writer.offer(Rows(INSERT, [(f"S{n}" if n != 123 else None, n) for n in range(300)]))
        assert await writer.run(count) == 299
        assert writer.failed == 1


async def test_a_statement_that_never_works_does_not_flood_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with opened(tmp_path) as writer:
        writer.offer(Rows("INSERT INTO no_such_table (x) VALUES (?)", [(n,) for n in range(300)]))
        assert await writer.run(count) == 0
    assert writer.failed == 300
    assert len(caplog.records) <= 12


def test_a_full_inbox_refuses_and_an_empty_one_takes_anything(tmp_path: Path) -> None:
    writer = opened(tmp_path, Writing(inbox=100))  # not entered: nothing is taken out
    assert writer.offer(Rows(INSERT, [(f"S{n}", n) for n in range(150)]))
    assert not writer.offer(token("MORE"))
    assert writer.queue_size == 150
    writer.close()


def test_the_inbox_counts_rows_and_takes_up_to_its_bound(tmp_path: Path) -> None:
    writer = opened(tmp_path, Writing(inbox=100))
    assert writer.offer(Rows(INSERT, [(f"S{n}", n) for n in range(60)]))
    assert not writer.offer(Rows(INSERT, [(f"T{n}", n) for n in range(41)]))
    assert writer.offer(Rows(INSERT, [(f"T{n}", n) for n in range(40)]))
    assert writer.queue_size == 100
    writer.close()


async def test_a_batch_commits_when_it_is_large_enough(tmp_path: Path) -> None:
    with opened(tmp_path, Writing(batch_ms=60_000, batch_rows=10)) as writer:
        for n in range(10):
            writer.offer(token(f"S{n}"))
        await until(lambda: writer.queue_size == 0)
        assert len(rows(tmp_path / "radar.db", SYMBOLS)) == 10


async def test_a_locked_database_loses_nothing(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        outside = sqlite3.connect(tmp_path / "radar.db", isolation_level=None)
        outside.execute("PRAGMA busy_timeout = 0")
        outside.execute("BEGIN IMMEDIATE")
        writer.offer(token("WAITS"))
        asked = asyncio.ensure_future(writer.run(count))
        await asyncio.sleep(0)
        assert writer.queue_size == 2
        outside.execute("ROLLBACK")
        outside.close()
        assert await asked == 1
        assert writer.healthy


async def test_a_full_disk_is_told_waited_for_and_forgotten_when_space_returns(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        await writer.run(lambda c: c.execute("PRAGMA max_page_count = 1").fetchall())  # SQLite's own "disk is full"
        big = asyncio.ensure_future(writer.run(lambda c: c.execute(INSERT, ("X" * 200_000, 8)).rowcount))
        await until(lambda: not writer.healthy)
        assert writer.fault is not None
        assert "SQLITE_FULL" in writer.fault
        assert writer.fatal is None
        assert not big.done()
        writer._connection.execute("PRAGMA max_page_count = 1000000")  # the disk gets larger; no other door to it
        assert await big == 1
        assert writer.fault is None


async def test_leaving_while_the_disk_stays_full_says_what_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("store.writer.DRAIN_DEADLINE_S", 0.2)
    with opened(tmp_path) as writer:
        await writer.run(lambda c: c.execute("PRAGMA max_page_count = 1").fetchall())
        writer.offer(Rows(INSERT, [("X" * 200_000, 8)] * 3))
        await until(lambda: not writer.healthy)
        asked = asyncio.ensure_future(writer.run(count))
        await asyncio.sleep(0)
    with pytest.raises(WriterGone, match="SQLITE_FULL"):
        await asked
    assert writer.dropped == 4
    assert "4 rows are lost" in caplog.text


async def test_a_bug_ends_the_writer_and_tells_everyone_who_waits(tmp_path: Path) -> None:
    def commit_behind_our_back(connection: sqlite3.Connection) -> None:
        connection.execute("COMMIT")

    with opened(tmp_path) as writer:
        watching = asyncio.ensure_future(writer.watch())
        asked = asyncio.ensure_future(writer.run(commit_behind_our_back))
        behind = asyncio.ensure_future(writer.run(count))
        for waiting in (watching, asked, behind):
            with pytest.raises(WriterGone):
                await waiting
        assert isinstance(writer.fatal, sqlite3.OperationalError)
        assert not writer.healthy
        assert not writer.offer(token("LATE"))
        with pytest.raises(WriterGone):
            await writer.run(count)


@pytest.mark.parametrize("ends", [("", "-wal", "-shm"), ("",), ("-wal",), ("-shm",)])
@pytest.mark.parametrize("replaced", [False, True])
async def test_a_database_that_is_deleted_or_replaced_while_it_is_open_ends_the_writer(
    tmp_path: Path, ends: tuple[str, ...], replaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.writer.IDLE_S", 0.01)
    with opened(tmp_path) as writer:
        await writer.run(lambda c: c.execute(INSERT, ("BTC", 8)) and None)
        for end in ends:
            path = tmp_path / f"radar.db{end}"
            copy = path.read_bytes()
            path.unlink()
            if replaced:
                (tmp_path / "aside").write_bytes(copy)
                (tmp_path / "aside").rename(path)
        assert writer.offer(Rows("UPDATE token_registry SET decimals = ?", [(18,)]))
        with pytest.raises(WriterGone, match=f"radar.db{ends[0]} was {'replaced' if replaced else 'deleted'}"):
            await asyncio.wait_for(writer.watch(), 10)
    if "" not in ends:
        assert rows(tmp_path / "radar.db", SYMBOLS) == [("BTC",)], "what was only in the WAL reached the database"


async def test_after_leaving_nothing_is_taken(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        pass
    assert not writer.offer(token("LATE"))
    with pytest.raises(WriterGone):
        await writer.run(count)


async def test_a_cancelled_caller_disturbs_nobody(tmp_path: Path) -> None:
    with opened(tmp_path, SLOW) as writer:
        asked = asyncio.ensure_future(writer.run(lambda c: c.execute(INSERT, ("BTC", 8)).rowcount))
        await asyncio.sleep(0)
        asked.cancel()
        assert await writer.run(count, urgent=True) == 0
    assert rows(tmp_path / "radar.db", SYMBOLS) == [("BTC",)]


async def test_the_wal_is_emptied_when_the_writer_leaves(tmp_path: Path) -> None:
    with opened(tmp_path) as writer:
        await writer.run(lambda c: c.execute(INSERT, ("BTC", 8)).rowcount)
        assert writer.wal_bytes > 0
        assert writer.commit_ms_p99 > 0
    assert writer.wal_bytes == 0


def test_a_database_that_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(StorageUnusable):
        DatabaseWriter.open(tmp_path / "nowhere" / "radar.db", FakeClock(), Writing())


VICTIM = """
import asyncio, sys
from pathlib import Path
from config.clock import SystemClock
from config.settings import Writing
from store.writer import DatabaseWriter, Rows

async def main():
    with DatabaseWriter.open(Path(sys.argv[1]), SystemClock(), Writing(batch_ms=1)) as writer:
        n = 0
        while True:
            def pair(connection, n=n):
                connection.execute("INSERT INTO rollup_state VALUES (?, ?)", (f"left {n}", n))
                connection.execute("INSERT INTO rollup_state VALUES (?, ?)", (f"right {n}", n))
            writer.offer(Rows("INSERT INTO token_registry (symbol) VALUES (?)", [(f"{n}:{k}",) for k in range(200)]))
            await writer.run(pair)
            print(n, flush=True)
            n += 1

asyncio.run(main())
"""


@pytest.mark.parametrize("told", [1, 7, 40])
def test_kill_9_between_two_writes_leaves_whole_transactions_and_all_that_was_confirmed(
    tmp_path: Path, told: int
) -> None:
    path = tmp_path / "radar.db"
    process = subprocess.Popen(
        [sys.executable, "-c", VICTIM, str(path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": "."},
    )
    assert process.stdout is not None
    confirmed = -1
    for line in process.stdout:
        confirmed = int(line)
        if confirmed >= told:
            break
    process.send_signal(signal.SIGKILL)
    confirmed = max([confirmed, *(int(line) for line in process.stdout if line.endswith(b"\n"))])
    process.stdout.close()
    assert process.wait(10) == -signal.SIGKILL
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    pairs = dict(connection.execute("SELECT at_ms, COUNT(*) FROM rollup_state GROUP BY at_ms"))
    assert set(pairs.values()) == {2}
    assert set(range(confirmed + 1)) <= set(pairs)
    tokens = [int(symbol.partition(":")[0]) for (symbol,) in connection.execute("SELECT symbol FROM token_registry")]
    assert all(tokens.count(n) == 200 for n in range(confirmed + 1))
    connection.close()
