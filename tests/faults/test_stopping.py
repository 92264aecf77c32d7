"""Faults 23, 24, 26 (at the start) and 34: the daemon as a process that is told to stop, or must not start."""

import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ops.process.lock import held
from tests.end_to_end.outside import ROOT, command, environment
from tests.end_to_end.pair import DAEMON, Pair, small_world

NewPair = Callable[..., Pair]


def assert_sound(data: Path) -> None:
    with closing(sqlite3.connect(data / "radar.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_fault_23_sigterm_under_load_stores_everything_and_ends_in_time(new_pair: NewPair) -> None:
    pair = new_pair(*small_world(8.0, markets=60, rate=600.0))
    pair.start()
    heard = "SELECT DISTINCT exchange FROM v_candles_1s"
    pair.until(lambda: len(pair.rows(heard)) == 2, "both exchanges are recorded")
    assert pair.stop() == 0  # within the time of the unit file
    assert not (pair.data / "radar.db-wal").exists()
    assert_sound(pair.data)
    open_gaps = pair.rows("SELECT cause FROM gaps WHERE to_ms IS NULL")
    assert {"stop"} <= {gap["cause"] for gap in open_gaps} <= {"stop", "stale"}  # stale: the load itself made it silent
    last_ms = pair.rows("SELECT MAX(open_ms) AS at_ms FROM candles_1s")[0]["at_ms"]
    minutes = pair.rows("SELECT SUM(trades) AS trades FROM candles_1m WHERE open_ms = ?", last_ms - last_ms % 60_000)
    seconds = pair.rows("SELECT SUM(trades) AS trades FROM candles_1s WHERE open_ms >= ?", last_ms - last_ms % 60_000)
    assert minutes == seconds


def test_fault_24_sigterm_during_start_up_calls_it_off(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:  # it accepts, and never answers
        daemon = started(tmp_path, f"http://127.0.0.1:{mute.getsockname()[1]}")
        asked, _ = mute.accept()
        daemon.send_signal(signal.SIGTERM)
        assert daemon.wait(10) == 0
        asked.close()


def started(data: Path, simulator: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, DAEMON, "--simulator", simulator, "--data", data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment({}),
    )


def test_fault_24_a_second_sigterm_ends_a_stop_that_waits_for_the_disk_at_once(new_pair: NewPair) -> None:
    pair = new_pair(*small_world(8.0))
    pair.start()
    pair.until_recording()
    with closing(sqlite3.connect(pair.data / "radar.db", isolation_level=None, timeout=10)) as outsider:
        outsider.execute("BEGIN IMMEDIATE")
        pair.daemon.send_signal(signal.SIGTERM)
        pair.until(lambda: "stopping:" in pair.log.read_text(), "it is stopping")
        pair.daemon.send_signal(signal.SIGTERM)
        assert pair.ended() == -signal.SIGTERM
    assert_sound(pair.data)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="only Linux can take room from a running process")
def test_fault_26_a_disk_that_is_full_at_the_start_is_waited_for(new_pair: NewPair) -> None:
    pair = new_pair(*small_world(8.0))
    pair.start()
    limits = resource.prlimit(pair.daemon.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    pair.until((pair.data / "radar.db").exists, "it tries to make its database")
    tried_ms = pair.simulator.now_ms()
    pair.until(lambda: pair.simulator.now_ms() > tried_ms + 4_000, "it has tried again")
    assert (pair.data / "radar.db").stat().st_size == 0
    resource.prlimit(pair.daemon.pid, resource.RLIMIT_FSIZE, limits)
    pair.until(lambda: pair.rows("SELECT 1 FROM candles_1s"), "it records")
    assert pair.stop() == 0
    assert_sound(pair.data)


def test_fault_28_a_database_that_is_held_at_the_start_is_waited_for_and_its_holder_named(new_pair: NewPair) -> None:
    pair = new_pair(*small_world(8.0))
    pair.data.mkdir()
    with closing(sqlite3.connect(pair.data / "radar.db", isolation_level=None)) as outsider:
        outsider.execute("PRAGMA journal_mode = WAL")
        outsider.execute("BEGIN IMMEDIATE")
        pair.start()
        said = pair.until(lambda: re.search(r"SQLITE_BUSY.*", pair.log.read_text()), "it says that it waits")
        outsider.execute("ROLLBACK")
    assert said is not None
    assert "held by process" in said[0] or sys.platform != "linux"
    pair.until(lambda: pair.rows("SELECT 1 FROM markets"), "it has started")
    assert pair.stop() == 0


def test_fault_34_a_second_daemon_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    with held(tmp_path / "radar.lock"):
        refused = command("run", "--data", tmp_path, "--simulator", "http://127.0.0.1:1")
    assert refused.returncode == 4
    assert "holds" in refused.stderr
    assert not (tmp_path / "radar.db").exists()
