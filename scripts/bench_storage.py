"""What storage costs: rows a second, bytes a row, the minute's work, and an hour of feed through the recording side.

`python -m scripts.bench_storage FOLDER MINUTES`: measures in this process and prints one JSON line of numbers. Writer
times are CPU of the writer's thread, so that other load on the machine does not count as ours.
"""

import asyncio
import gc
import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from collectors.events import EXCHANGES, Candle, Market, Trade
from collectors.recording.aggregator import Aggregator
from collectors.recording.minutes import MinuteFold
from collectors.recording.recorder import Recorder
from config.settings import Recording, Retention, Writing
from store.database import connect, migrate
from store.tables import candles, markets
from store.writer import SLICE_S, SWITCH_S, DatabaseWriter, Rows

MARKETS = [
    *(Market("upbit", f"C{number}", "KRW") for number in range(300)),
    *(Market("bithumb", f"C{number}", "KRW") for number in range(300)),
]
START_MS = 1_800_000_000_000  # a whole minute
ROUNDS = 5
BATCH = 500
FULL_MINUTES = 60
STORED_MINUTES = (10, 100, 1_000)  # as long as seconds are kept by default, ten times that, a hundred times

Numbers = dict[str, float]


class HandClock:
    """A clock that stands still until it is moved; sleeping is only a turn of the loop."""

    def __init__(self) -> None:
        self.ms = START_MS

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 - nothing here waits for time
        await asyncio.sleep(0)


def rows_of(seconds: int, first_s: int = 0) -> list[tuple[float | int, ...]]:
    """One candle a second and market, as `candles_1s` holds them: prices that differ, as real ones do."""
    return [
        (START_MS + second * 1000, number + 1, *_values(second, number))
        for second in range(first_s, first_s + seconds)
        for number in range(len(MARKETS))
    ]


def _values(second: int, number: int) -> tuple[float | int, ...]:
    prices = 9.1e7 + number, 9.2e7 + second, 9.0e7, 9.15e7 + number / 3
    return *prices, 0.012755 * (number + 1), 1.17e6 + second / 7, 3 + number % 9


def opened(path: Path) -> sqlite3.Connection:
    connection = connect(path)
    migrate(connection, START_MS)
    return connection


def removed(path: Path) -> None:
    for end in ("", "-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)


# --- rows a second, bytes a row ---------------------------------------------------------------------------------------


def bare(path: Path, rows: Sequence[tuple[float | int, ...]]) -> float:
    """The yardstick: one `executemany` in one transaction on the same table. Returns rows a second."""
    connection = opened(path)
    began = time.perf_counter()
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(candles.UPSERT_SECOND, rows)
    connection.execute("COMMIT")
    took = time.perf_counter() - began
    connection.close()
    removed(path)
    return len(rows) / took


async def through_the_writer(path: Path, rows: Sequence[tuple[float | int, ...]]) -> float:
    """In commits of 500 rows, as the recorder offers them. Returns rows a second, checkpoints included."""
    with DatabaseWriter.open(path, HandClock(), Writing(batch_rows=BATCH, batch_ms=1, inbox=len(rows))) as writer:
        began = time.perf_counter()
        for start in range(0, len(rows), BATCH):
            writer.offer(Rows(candles.UPSERT_SECOND, rows[start : start + BATCH]))
        await writer.run(_nothing)
        took = time.perf_counter() - began
    removed(path)
    return len(rows) / took


async def bytes_a_row(path: Path, seconds: int = 120) -> float:
    """What the process hands to the kernel for a row, WAL and checkpoints included, in commits of one second each."""
    with DatabaseWriter.open(path, HandClock(), Writing(batch_ms=1)) as writer:
        batches = [rows_of(1, second) for second in range(seconds)]
        await writer.run(_nothing)
        before = _written()
        for batch in batches:
            for start in range(0, len(batch), BATCH):
                writer.offer(Rows(candles.UPSERT_SECOND, batch[start : start + BATCH]))
            await writer.run(_nothing)
    after = _written()
    removed(path)
    return (after - before) / (seconds * len(MARKETS))


def _written() -> int:
    """Bytes this process has passed to write calls (Linux)."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["wchar"])


def _nothing(_: sqlite3.Connection) -> None:
    """Committed once everything before it is."""


# --- the minute -------------------------------------------------------------------------------------------------------


def rollup_ms(path: Path, stored: int) -> tuple[float, float]:
    """CPU ms to store the minute of 600 markets, folded in memory, where so many minutes of each are stored already,
    and a fifth as many minutes of seconds (at most twenty); and of a bare `executemany` of rows that are ready, which
    takes every other minute. Medians of several minutes.
    """
    connection = opened(path)
    ids = markets.intern(connection, MARKETS, START_MS)
    connection.execute("BEGIN")
    seconds = 60 * min(20, max(1, stored // 5))
    connection.executemany(candles.UPSERT_SECOND, rows_of(seconds, -seconds))
    old = (
        (number + 1, START_MS - minute * 60_000, 1.0, 2.0, 0.5, 1.5, 10.0, 15.0, 60, 60)
        for number in range(len(MARKETS))
        for minute in range(stored, 0, -1)
    )
    connection.executemany(candles.UPSERT_MINUTE, old)
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    ours, bare = list[float](), list[float]()
    for minute in range(14):
        start_ms = START_MS + minute * 60_000
        fold = MinuteFold()
        for exchange in EXCHANGES:
            fold.begin(exchange, start_ms - 60_000)
        for second in range(0, 60, 10):
            fold.add(Candle(each, start_ms + second * 1000, 1.0, 2.0, 0.5, 1.5, 3.0, 4.5, 2) for each in MARKETS)
        folded = [fold.take(exchange, start_ms + 60_000).minutes for exchange in EXCHANGES]
        ready = [(ids[each], start_ms, 1.0, 2.0, 0.5, 1.5, 18.0, 27.0, 12, 60) for each in MARKETS]
        began = time.thread_time()
        connection.execute("BEGIN IMMEDIATE")
        if minute % 2:
            connection.executemany(candles.UPSERT_MINUTE, ready)
        else:
            for minutes in folded:
                candles.store_minutes(connection, minutes, ids)
        connection.execute("COMMIT")
        (bare if minute % 2 else ours).append((time.thread_time() - began) * 1000)
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
    connection.close()
    removed(path)
    return statistics.median(ours), statistics.median(bare)


class Hour:
    """The recording side with 600 markets that trade once a second, run as fast as it goes."""

    def __init__(self, path: Path) -> None:
        self.clock = HandClock()
        self.writer = DatabaseWriter.open(path, self.clock, Writing(batch_ms=1))
        self.recorder = Recorder(self.writer, self.clock, Recording(), ["upbit", "bithumb"])
        self.aggregator = Aggregator(self.writer, self.recorder, self.clock, Retention(seconds_s=120))

    async def begin(self) -> None:
        await self.recorder.start()
        await self.aggregator.heal()
        await self.recorder.expect(MARKETS)
        self.recorder.live(MARKETS, self.clock.ms)

    async def second(self) -> None:
        self.clock.ms += 1000
        at_ms = self.clock.ms
        for number, market in enumerate(MARKETS):
            stamp_ms = at_ms - 20 - number % 900
            self.recorder.trade(
                Trade(market, 100.0 + at_ms % 7, 1.0, "buy", stamp_ms, at_ms, stamp_ms * 1_000 + number)
            )
        self.recorder.flush()
        await self.writer.run(_nothing)

    async def minute(self) -> None:
        for _ in range(60):
            await self.second()
            await self.aggregator.roll()
        await self.aggregator.keep()
        await self.aggregator.purge()


async def feed(path: Path, minutes: int) -> Numbers:
    """Writer time a minute, commit and checkpoint times, and memory and open files over the run."""
    hour = Hour(path)
    with hour.writer as writer:
        await hour.begin()
        spent, memory, files = [], [], []
        for _ in range(minutes):
            before_s = await writer.run(_thread_time)
            await hour.minute()
            spent.append((await writer.run(_thread_time) - before_s) * 1000)
            gc.collect()
            memory.append(_resident_mb())
            files.append(sum(1 for _ in Path("/proc/self/fd").iterdir()))
        settled = memory[min(10, minutes // 2) :]
        numbers = {
            "minute_writer_ms": statistics.median(spent[4:]),
            "feed_minutes": minutes,
            "start_mb": memory[0],
            "feed_mb": memory[-1],
            "feed_growth": max(settled) / settled[0] - 1,
            "feed_files_more": max(files) - files[min(10, minutes // 2)],
        }
        hour.recorder.close()
        hour.aggregator.force_rollup()
    began = time.perf_counter()
    again = Hour(path)
    again.clock.ms = hour.clock.ms + 5_000
    with again.writer:
        await again.begin()
        numbers["restart_s"] = time.perf_counter() - began
    removed(path)
    return numbers


async def normal(path: Path, seconds: int) -> Numbers:
    """Commits and checkpoints at 600 rows a second of real time, over at least one minute's end.

    In a file as it is after the first ten minutes, when purged pages are used again: one that grows waits for the file
    system's journal at each checkpoint.
    """
    connection = opened(path)
    connection.execute("BEGIN")
    connection.executemany(candles.UPSERT_SECOND, rows_of(600, -600))
    connection.execute("DELETE FROM candles_1s")
    connection.execute("COMMIT")
    connection.close()
    hour = Hour(path)
    hour.clock.ms += 60_000 - seconds // 2 * 1_000  # the minute ends half-way
    with hour.writer as writer:
        await hour.begin()
        for _ in range(seconds):
            await asyncio.sleep(1.0)
            await hour.second()
            await hour.aggregator.roll()
        await hour.aggregator.purge()
        return {"commit_ms_p99": writer.commit_ms_p99, "checkpoint_ms_p99": writer.checkpoint_ms_p99}


def purge_us(path: Path) -> float:
    """CPU of the writer's thread to purge a one-second row; the median of several minutes."""
    connection = opened(path)
    connection.execute("BEGIN")
    connection.executemany(candles.UPSERT_SECOND, rows_of(60 * ROUNDS))
    connection.execute("COMMIT")
    took = []
    for minute in range(1, ROUNDS + 1):
        began, more = time.thread_time(), True
        while more:
            connection.execute("BEGIN IMMEDIATE")
            more = candles.purge_seconds(connection, START_MS + minute * 60_000, SLICE_S)
            connection.execute("COMMIT")
        took.append((time.thread_time() - began) / (60 * len(MARKETS)) * 1e6)
    connection.close()
    removed(path)
    return statistics.median(took)


def _thread_time(_: sqlite3.Connection) -> float:
    return time.thread_time()


def _resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(folder: Path, minutes: int) -> Numbers:
    path = folder / "storage.db"
    numbers = asyncio.run(feed(path, minutes))
    numbers |= asyncio.run(normal(path, 20 if minutes < FULL_MINUTES else 90))
    removed(path)
    numbers["purge_us"] = purge_us(path)
    rows = rows_of(100)
    ratios, ours, theirs = [], [], []
    for _ in range(ROUNDS):
        theirs.append(bare(path, rows))
        ours.append(asyncio.run(through_the_writer(path, rows)))
        ratios.append(ours[-1] / theirs[-1])
    numbers |= {
        "rows_per_s": statistics.median(ours),
        "bare_rows_per_s": statistics.median(theirs),
        "rows_ratio": statistics.median(ratios),
    }
    numbers["bytes_per_row"] = asyncio.run(bytes_a_row(path))
    os.sync()  # writing back what came before is not the minute's work
    for stored in STORED_MINUTES:
        pairs = [rollup_ms(path, stored) for _ in range(ROUNDS)]
        numbers[f"rollup_ms_{stored}"] = statistics.median(ours_ms for ours_ms, _ in pairs)
        numbers[f"rollup_ratio_{stored}"] = statistics.median(ours_ms / bare_ms for ours_ms, bare_ms in pairs)
    return numbers


if __name__ == "__main__":
    sys.setswitchinterval(SWITCH_S)
    print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[2]))))
