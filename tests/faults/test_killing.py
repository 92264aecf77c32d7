"""Faults 22 and 33: the recording side killed at any instant, and just between rolling up and purging."""

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, answer
from tests.fakes.recording import BTC, ETH
from tests.fakes.station import Station, recording
from tests.fakes.steady import (
    Steady,
    assert_every_second_is_right_or_missed,
    assert_no_minute_is_both_complete_and_missing,
    assert_nothing_torn,
)
from tests.fakes.tape import Tape

ROOT = Path(__file__).resolve().parents[2]
RETENTION_S = 120
DOWN_S = 7  # between two lives
URL = "ws://exchange.test/websocket/v1"


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
        assert self._process.stdout is not None
        self._told = self._process.stdout

    def hear(self) -> str:
        """The next thing it tells; empty for a line that a kill cut off."""
        line = self._told.readline()
        if not line.endswith("\n"):
            return ""
        what, second = line.split()
        self.last_s = int(second)
        if what == "alert":
            self.alerts.append(self.last_s)
        return what

    def kill(self) -> None:
        self._process.kill()
        while self.hear():
            pass
        self._told.close()
        assert self._process.wait(10) == -signal.SIGKILL


async def assert_sound_after_a_restart(path: Path, at_s: int, told: list[int]) -> None:
    """Nothing is torn and nothing hidden after the next start on the same file, in this process, and its end."""
    steady = Steady(path, at_s, RETENTION_S)
    with steady.writer:
        await steady.begin()
        steady.end()
    with closing(sqlite3.connect(path)) as connection:
        assert_nothing_torn(connection, told)
        assert_no_minute_is_both_complete_and_missing(connection)
        assert_every_second_is_right_or_missed(connection, at_s)


@pytest.mark.parametrize("seed", [1, 2])
async def test_fault_22_kill_9_at_any_instant_tears_nothing_and_hides_nothing(tmp_path: Path, seed: int) -> None:
    path, chance = tmp_path / "radar.db", random.Random(seed)
    told: list[int] = []
    at_s = 0
    for _ in range(2):
        life = Life(path, at_s)
        for _ in range(chance.randrange(1, 500)):
            life.hear()
        life.kill()
        told += life.alerts
        at_s = life.last_s + DOWN_S
        with closing(sqlite3.connect(path)) as connection:
            assert_nothing_torn(connection, told)
            assert_no_minute_is_both_complete_and_missing(connection)
    await assert_sound_after_a_restart(path, at_s, told)


@pytest.mark.parametrize("silent_s", [8.5, 12.0, 18.0])
async def test_fault_22_a_kill_in_a_silence_that_is_not_understood_yet_hides_nothing_of_it(
    tmp_path: Path, silent_s: float
) -> None:
    clock = FakeClock()
    exchange = FakeExchange(clock)
    tape = Tape(clock, exchange)
    for _ in range(2):
        exchange.script(answer(tape.snapshots))
    alive = tmp_path / "alive"
    station = Station(alive, clock, {"upbit": URL}, exchange.connect, codes=1)
    async with recording(station, {"upbit": [BTC, ETH]}), running(tape.run()):
        await clock.advance(60.5)
        exchange.connections[0].fall_silent()
        await clock.advance(silent_s)
        await station.stored()
        assert [gap for gap in station.rows("SELECT * FROM gaps") if gap["cause"] != "start"] == []
        shutil.copytree(alive, tmp_path / "killed", ignore=shutil.ignore_patterns("*-shm"))
    second = Station(tmp_path / "killed", clock, {"upbit": URL}, exchange.connect)
    async with recording(second, {"upbit": [BTC, ETH]}):
        await second.stored()
        begins = {gap["from_ms"] for gap in second.open_gaps()}
    assert max(begins) <= START_MS + 61_000, "the first second of which nothing came"
    assert min(begins) >= START_MS + 55_000


async def test_fault_33_a_crash_between_rollup_and_purge_loses_no_second_that_is_not_rolled_and_kept(
    tmp_path: Path,
) -> None:
    path = tmp_path / "radar.db"
    life = Life(path, 0)
    rolled = 0
    while rolled < 10:  # both exchanges roll together; from the fifth minute on there is something to purge
        rolled += life.hear() == "rolled"
    life.kill()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM rollup_state WHERE name = 'purged'").fetchone() == (1,)
        assert_no_minute_is_both_complete_and_missing(connection)
    await assert_sound_after_a_restart(path, life.last_s + DOWN_S, life.alerts)
