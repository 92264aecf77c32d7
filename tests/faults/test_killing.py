"""Faults 22 and 33: the recording side, killed at any instant, told its alerts and lost no second without saying so."""

import random
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from collectors.aggregator import Aggregator
from collectors.recorder import Recorder
from config.settings import Recording, Retention, Writing
from store import candles
from store.database import Connection
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording_process import MARKETS, alert_at, price_at

ROOT = Path(__file__).resolve().parents[2]
RETENTION_S = 120
DOWN_S = 7  # between two lives
MINUTE_MS = 60_000


class Life:
    """One run of the recording process, from `from_s` on, and what it told until it was killed."""

    def __init__(self, path: Path, from_s: int) -> None:
        self.alerts: list[int] = []
        self.last_s = from_s
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fakes.recording_process", path, str(from_s), str(RETENTION_S)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )

    def kill_after(self, lines: int) -> None:
        told = self._process.stdout
        assert told is not None
        for _ in range(lines):
            self._hear(told.readline())
        self._process.kill()
        for line in told:
            self._hear(line)
        told.close()
        assert self._process.wait(10) == -9

    def _hear(self, line: str) -> None:
        if line.endswith("\n"):  # else cut off by the kill
            what, second = line.split()
            self.last_s = int(second)
            if what == "alert":
                self.alerts.append(int(second))


def assert_nothing_torn(connection: Connection, told: list[int]) -> None:
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    stored = {key for (key,) in connection.execute("SELECT key FROM alerts JOIN deliveries ON alert_id = alerts.id")}
    assert {alert_at(second).key for second in told} <= stored


def assert_no_minute_is_both_complete_and_missing(connection: Connection) -> None:
    """Every market trades once in every second, so a minute holds at least the trades of its covered seconds."""
    minutes = connection.execute("SELECT open_ms, open, trades, covered_s FROM candles_1m").fetchall()
    assert all(trades >= covered_s for _, _, trades, covered_s in minutes)
    assert all(
        (trades, first) == (60, price_at((open_ms - START_MS) // 1_000))
        for open_ms, first, trades, covered_s in minutes
        if covered_s == 60
    )
    for exchange in ("upbit", "bithumb"):
        rolled_ms = candles.rolled_until(connection, exchange) or 0
        missing = connection.execute(
            "SELECT DISTINCT market_id, open_ms / 60000 FROM candles_1s JOIN markets AS m ON m.id = market_id"
            " WHERE exchange = ? AND open_ms < ? AND NOT EXISTS (SELECT 1 FROM candles_1m AS c WHERE"
            " c.market_id = candles_1s.market_id AND c.open_ms = candles_1s.open_ms / 60000 * 60000)",
            (exchange, rolled_ms),
        ).fetchall()
        assert missing == []


def assert_every_second_is_right_or_missed(connection: Connection, until_s: int) -> None:
    purged_s = (candles.purged_until(connection) - START_MS) // 1_000
    gaps: dict[int, list[tuple[int, int]]] = {}
    for market_id, from_ms, to_ms in connection.execute("SELECT market_id, from_ms, to_ms FROM gaps"):
        gaps.setdefault(market_id, []).append((from_ms, 2**62 if to_ms is None else to_ms))
    ids = [market_id for (market_id,) in connection.execute("SELECT id FROM markets")]
    assert len(ids) == len(MARKETS)
    closes = {
        (market_id, (open_ms - START_MS) // 1_000): (close, trades)
        for market_id, open_ms, close, trades in connection.execute(
            "SELECT market_id, open_ms, close, trades FROM candles_1s"
        )
    }
    for market_id in ids:
        for second in range(max(0, purged_s), until_s):
            at_ms = START_MS + second * 1_000
            missed = any(from_ms < at_ms + 1_000 and to_ms > at_ms for from_ms, to_ms in gaps.get(market_id, ()))
            assert missed or closes.get((market_id, second)) == (price_at(second), 1), (market_id, second)


async def restart_and_stop(path: Path, at_s: int) -> None:
    """The next start on the same file, in this process, and its orderly end."""
    clock = FakeClock(START_MS + at_s * 1_000)
    with DatabaseWriter.open(path, clock, Writing(batch_ms=1)) as writer:
        recorder = Recorder(writer, clock, Recording(), ["upbit", "bithumb"])
        await recorder.start()
        aggregator = Aggregator(writer, recorder, clock, Retention(seconds_s=RETENTION_S))
        await aggregator.heal()
        await recorder.expect(MARKETS)
        recorder.close()
        aggregator.force_rollup()


@pytest.mark.parametrize("seed", [1, 2])
async def test_fault_22_kill_9_at_any_instant_tears_nothing_and_hides_nothing(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "radar.db", random.Random(seed)
    told: list[int] = []
    at_s = 0
    for _ in range(2):
        life = Life(path, at_s)
        life.kill_after(chance.randrange(1, 500))
        told += life.alerts
        at_s = life.last_s + DOWN_S
        with closing(sqlite3.connect(path)) as connection:
            assert_nothing_torn(connection, told)
            assert_no_minute_is_both_complete_and_missing(connection)
    await restart_and_stop(path, at_s)
    with closing(sqlite3.connect(path)) as connection:
        assert_nothing_torn(connection, told)
        assert_no_minute_is_both_complete_and_missing(connection)
        assert_every_second_is_right_or_missed(connection, at_s)
