"""Whether the daemon may be left alone: memory by the minute, tasks and open files at the end, how long its stop takes.

`python -m scripts.bench_soak MINUTES [--markets N] [--rate R] [--speed X] [--json FILE]`: simulator and daemon as
processes of their own, at the speed of life unless told otherwise. Every ten minutes a coin is listed, so that
channels, verdicts and alerts work too. Exit 1 if a bound is missed. Linux only: it reads /proc.
"""

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import msgspec
from msgspec import Struct

from scripts.bench_daemon import resident_mb, warm_up, with_bytecode

ROOT = Path(__file__).resolve().parents[1]
SETTLED_MIN = 10  # growth counts from here: caches fill at first
MEMORY_MOST_MB = 80.0
GROWTH_MOST = 0.05
STOP_MOST_S = 5.0
LIST_EVERY_MIN, LIST_AT_MIN = 10, 3
WATCH_TASKS = 11  # of a coin under watch, until a day after its opening: its own connection, and what judges it
COINS = ("SOAKA", "SOAKB", "SOAKC", "SOAKD", "SOAKE", "SOAKF", "SOAKG", "SOAKH", "SOAKI", "SOAKJ")


class Minute(Struct, frozen=True):
    """One look at the daemon. `minute` counts from its first look."""

    minute: int
    resident_mb: float
    open_files: float
    tasks: float
    threads: float
    status: float


class Bound(Struct, frozen=True):
    """One line of the verdict, as people read it."""

    name: str
    measured: str
    most: str
    met: bool


class Soak(Struct, frozen=True):
    """What came of it. Growth is that of the last ten minutes' mean over that of the first ten after settling."""

    minutes: Sequence[Minute]
    most_mb: float
    growth: float
    files_more: float
    tasks_more: float  # beyond those of the coins that were listed meanwhile
    stop_s: float
    exit_code: int
    left_behind: Sequence[str]

    def verdict(self) -> list[Bound]:
        """Every bound that there is, in the order of the table."""
        since = f"from minute {SETTLED_MIN} on"
        growth = f"{self.growth * 100:+.1f} %"
        return [
            Bound("memory at most", f"{self.most_mb:.1f} MB", f"{MEMORY_MOST_MB:g} MB", self.most_mb <= MEMORY_MOST_MB),
            Bound(f"memory, growth {since}", growth, f"{GROWTH_MOST * 100:g} %", self.growth <= GROWTH_MOST),
            Bound(f"tasks more {since}, listings aside", f"{self.tasks_more:.0f}", "0", self.tasks_more <= 0),
            Bound(f"open files more {since}", f"{self.files_more:.0f}", "0", self.files_more <= 0),
            Bound("tasks left behind at the stop", f"{len(self.left_behind)}", "0", not self.left_behind),
            Bound("stop", f"{self.stop_s:.1f} s", f"{STOP_MOST_S:g} s", self.stop_s < STOP_MOST_S),
            Bound("exit code", f"{self.exit_code}", "0", self.exit_code == 0),
        ]


def scraped(url: str) -> dict[str, float]:
    """Samples without labels of the daemon's own metrics."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:  # noqa: S310 - our own daemon
        lines = answer.read().decode().splitlines()
    pairs = [line.split() for line in lines if not line.startswith("#") and "{" not in line]
    return {name.removeprefix("radar_"): float(value) for name, value in pairs}


def looked(number: int, pid: int, url: str) -> Minute:
    told = scraped(url)
    return Minute(number, resident_mb(pid), told["open_files"], told["tasks"], told["threads"], told["status"])


def own_config(folder: Path, port: int) -> Path:
    """The shipped configuration, listening where nobody else does."""
    shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    radar = folder / "radar.yaml"
    radar.write_text(radar.read_text(encoding="utf-8").replace("port: 8714", f"port: {port}"), encoding="utf-8")
    return folder


def list_coin(simulator: str, base: str) -> None:
    """A whole listing within five minutes: notice, deposits, opening with a premium."""
    order = {"exchange": "upbit", "base": base, "quotes": ["KRW"], "announce_in_s": 5, "deposits_in_s": 60}
    order |= {"trading_in_s": 180, "premium_pct": 30, "networks": ["ETH"], "venues": {"binance": {"price": 0.4}}}
    request = urllib.request.Request(f"{simulator}/sim/listing", json.dumps(order).encode(), method="POST")  # noqa: S310
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own simulator


def soak(folder: Path, asked: argparse.Namespace) -> Soak:
    words = ["--markets", str(asked.markets), "--rate", str(asked.rate), "--speed", str(asked.speed)]
    simulator = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", *words], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert simulator.stdout is not None
    try:
        url = json.loads(simulator.stdout.readline())["url"]
        warm_up(url)
        return with_simulator(folder, url, asked.minutes)
    finally:
        simulator.terminate()
        simulator.wait(30)
        simulator.stdout.close()


def with_simulator(folder: Path, simulator: str, minutes: int) -> Soak:
    port = free_port()
    words: list[str | Path] = [
        "--simulator",
        simulator,
        "--data",
        folder / "data",
        "--config",
        own_config(folder / "config", port),
    ]
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen(
            [sys.executable, ROOT / "collector_daemon.py", *words],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            env=with_bytecode(folder),
        )
    try:
        seen = watched(daemon, f"http://127.0.0.1:{port}", simulator, minutes)
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        code = daemon.wait(60)
        stop_s = time.monotonic() - began
    finally:
        if daemon.poll() is None:
            daemon.kill()
            daemon.wait()
    log_lines = (folder / "log").read_text(errors="replace").splitlines()
    left = [line for line in log_lines if "left behind" in line or "never retrieved" in line]
    return judged(seen, stop_s, code, left)


def watched(daemon: subprocess.Popen[bytes], url: str, simulator: str, minutes: int) -> list[Minute]:
    """A look a minute, told as it is taken; the first once the daemon has answered for a minute."""
    seen: list[Minute] = []
    print(f"{'minute':>6}  {'MB':>6}  {'files':>5}  {'tasks':>5}  {'threads':>7}  status", flush=True)
    for number in range(1, minutes + 1):
        if _lists(number):
            list_coin(simulator, COINS[number // LIST_EVERY_MIN % len(COINS)])
        try:
            raise SystemExit(f"the daemon ended by itself with {daemon.wait(60)}")
        except subprocess.TimeoutExpired:
            each = looked(number, daemon.pid, url)
        seen.append(each)
        status = ("green", "yellow", "red")[int(each.status)]
        counts = f"{each.open_files:>5.0f}  {each.tasks:>5.0f}  {each.threads:>7.0f}"
        print(f"{number:>6}  {each.resident_mb:>6.1f}  {counts}  {status}", flush=True)
    return seen


def judged(seen: Sequence[Minute], stop_s: float, code: int, left: Sequence[str]) -> Soak:
    settled = seen[min(SETTLED_MIN, len(seen) - 1) :]
    span = max(1, min(10, len(settled) // 2))
    first, last = settled[:span], settled[-span:]
    meanwhile = sum(_lists(number) for number in range(first[-1].minute + 1, last[0].minute + 1))
    return Soak(
        minutes=seen,
        most_mb=max(each.resident_mb for each in seen),
        growth=mean_mb(last) / mean_mb(first) - 1.0,
        files_more=min(each.open_files for each in last) - max(each.open_files for each in first),
        tasks_more=min(each.tasks for each in last) - max(each.tasks for each in first) - WATCH_TASKS * meanwhile,
        stop_s=stop_s,
        exit_code=code,
        left_behind=left,
    )


def _lists(minute: int) -> bool:
    """Whether a coin is listed before this look."""
    return minute % LIST_EVERY_MIN == LIST_AT_MIN


def mean_mb(minutes: Sequence[Minute]) -> float:
    return sum(each.resident_mb for each in minutes) / len(minutes)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as held:
        return int(held.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench --soak", description="The daemon left alone for a while.")
    parser.add_argument("minutes", type=int)
    parser.add_argument("--markets", type=int, default=700, help="KRW markets over both exchanges")
    parser.add_argument("--rate", type=float, default=100.0, help="trades a second over all markets")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a real one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything there too")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended, too
    with tempfile.TemporaryDirectory() as folder:
        found = soak(Path(folder), asked)
    verdict = found.verdict()
    for each in verdict:
        print(f"{each.name:42}  {each.measured:>9}   at most {each.most:>5}   {'met' if each.met else 'MISSED'}")
    for line in found.left_behind:
        print(f"left behind: {line}")
    missed = sum(not each.met for each in verdict)
    print(f"{len(verdict)} bounds, " + (f"{missed} MISSED" if missed else "all met"))
    if asked.json is not None:
        asked.json.write_bytes(msgspec.json.encode(found))
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
