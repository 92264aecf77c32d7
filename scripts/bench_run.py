"""The benchmarks: this project beside its peers, measured in the same run on the same feed; see `scripts/bench`.

Every figure is a median of several rounds, and a ratio is taken within a round, one measurement right after the other,
so that a busy machine slows both. Each measurement is a process of its own. Targets that are missed are said as such.
"""

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".venv-bench" / "bin" / "python"
MARKETS = 120  # on one connection, for the saturation
PACED_MARKETS = 600
PACED_RATE = 2_000
TIMEOUT_S = 120
ENOUGH = 0.99  # of the trades sent; the last tick of a paced feed may fall after its end
PEER_NAMES = {"cryptofeed": "cryptofeed 2.4.1", "ccxt": "ccxt pro 4.5.90"}
# Trades a measurement: enough for a second or two at the rate that each reaches.
TRADES = {"ours": 200_000, "cryptofeed": 150_000, "ccxt": 50_000}
TRADES_WITH_BOOKS = {"ours": 60_000, "cryptofeed": 20_000}


Command = Callable[[str], Sequence[str | Path]]


class Row(Struct, frozen=True):
    """One line of the table. `target` is a bound on `value`: at least it, or (`at_most`) at most; None: only shown."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_most: bool = False

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target


class Measured(Struct, frozen=True):
    """A client's run: trades a second, CPU per trade in µs, and the part of the trades that it had at the end."""

    per_s: float
    cpu_us: float
    kept: float


class Sender:
    """The load, in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "scripts.bench_sender"], stdout=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.port = int(self._told()["port"])
        self._runs = 0

    def _told(self) -> dict[str, float]:
        assert self._process.stdout is not None
        told: dict[str, float] = json.loads(self._process.stdout.readline())
        return told

    def measure(self, path: str, trades: int, command: Command) -> Measured:
        """Let a client take `trades` trades and say how it went."""
        self._runs += 1
        url = f"ws://127.0.0.1:{self.port}{path}&run={self._runs}"
        client = subprocess.run(command(url), capture_output=True, text=True, cwd=ROOT, timeout=TIMEOUT_S, check=False)
        if client.returncode != 0:
            raise SystemExit(f"a client ended with {client.returncode}:\n{client.stderr}")
        said = json.loads(client.stdout.splitlines()[-1])
        while (told := self._told())["run"] != self._runs:  # a client of before may have come back
            pass
        if said["stored"] < ENOUGH * trades:
            raise SystemExit(
                f"a client took only {said['stored']:.0f} of {trades} trades; nothing can be said of its speed"
            )
        return Measured(trades / (said["done"] - told["began"]), said["cpu_s"] / trades * 1e6, said["stored"] / trades)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextmanager
def sending() -> Iterator[Sender]:
    sender = Sender()
    try:
        yield sender
    finally:
        sender.close()


def ours(folder: Path, markets: int) -> Command:
    database = folder / "collector.db"

    def command(url: str) -> Sequence[str | Path]:
        for end in ("", "-wal", "-shm"):
            database.with_name(database.name + end).unlink(missing_ok=True)
        return [sys.executable, "-m", "scripts.bench_collector", url, str(markets), database]

    return command


def peer(name: str, markets: int, trades: int, books: int) -> Command:
    script = ROOT / "scripts" / "bench_peers.py"
    return lambda url: [PEER, script, name, url, str(markets), str(trades), str(books)]


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def beside(name: str, unit: str, mine: Sequence[Measured], theirs: Mapping[str, Sequence[Measured]]) -> Iterator[Row]:
    yield Row(f"{name}: this collector", median(each.per_s for each in mine), f"{unit}/s")
    for peer_name, measured in theirs.items():
        yield Row(f"{name}: {PEER_NAMES[peer_name]}", median(each.per_s for each in measured), f"{unit}/s")
    yield Row(f"{name}: CPU of this collector", median(each.cpu_us for each in mine), f"µs a {unit[:-1]}")
    for peer_name, measured in theirs.items():
        yield Row(
            f"{name}: CPU of {PEER_NAMES[peer_name]}", median(each.cpu_us for each in measured), f"µs a {unit[:-1]}"
        )


def saturation(sender: Sender, folder: Path, rounds: int) -> Iterator[Row]:
    mine: list[Measured] = []
    theirs: dict[str, list[Measured]] = {name: [] for name in PEER_NAMES}
    for _ in range(rounds):
        n = TRADES["ours"]
        mine.append(sender.measure(f"/blast?n={n}", n, ours(folder, MARKETS)))
        for name, measured in theirs.items():
            n = TRADES[name]
            measured.append(sender.measure(f"/blast?n={n}", n, peer(name, MARKETS, n, 0)))
    yield from beside("trades", "trades", mine, theirs)
    yield Row("trades: stored of those sent", min(each.kept for each in mine), "part", 1.0)
    targets = {"cryptofeed": 1.7, "ccxt": None}
    for name, measured in theirs.items():
        ratio = median(a.per_s / b.per_s for a, b in zip(mine, measured, strict=True))
        yield Row(f"trades: this collector / {PEER_NAMES[name]}", ratio, "×", targets[name])


def with_books(sender: Sender, folder: Path, rounds: int) -> Iterator[Row]:
    mine, theirs = [], []
    for _ in range(rounds):
        n = TRADES_WITH_BOOKS["ours"]
        mine.append(sender.measure(f"/blast?n={n}&books=2", n, ours(folder, MARKETS)))
        n = TRADES_WITH_BOOKS["cryptofeed"]
        theirs.append(sender.measure(f"/blast?n={n}&books=2", n, peer("cryptofeed", MARKETS, n, 2)))
    name = "a trade and two books"
    yield Row(f"{name}: this collector", median(each.per_s for each in mine), "trades/s")
    yield Row(f"{name}: {PEER_NAMES['cryptofeed']}", median(each.per_s for each in theirs), "trades/s")
    ratio = median(a.per_s / b.per_s for a, b in zip(mine, theirs, strict=True))
    yield Row(f"{name}: this collector / {PEER_NAMES['cryptofeed']}", ratio, "×", 5.0)


def paced(sender: Sender, folder: Path, rounds: int, seconds: float) -> Iterator[Row]:
    trades = int(PACED_RATE * seconds)
    path = f"/pace?rate={PACED_RATE}&s={seconds:g}"
    mine, theirs = [], []
    for _ in range(rounds):
        mine.append(sender.measure(path, trades, ours(folder, PACED_MARKETS)))
        theirs.append(sender.measure(path, trades, peer("cryptofeed", PACED_MARKETS, trades, 0)))
    name = f"{PACED_RATE:,} trades/s, {PACED_MARKETS} markets: CPU"
    yield Row(f"{name} of this collector", median(each.cpu_us for each in mine) * PACED_RATE / 1e4, "% of a core")
    yield Row(
        f"{name} of {PEER_NAMES['cryptofeed']}",
        median(each.cpu_us for each in theirs) * PACED_RATE / 1e4,
        "% of a core",
    )
    ratio = median(a.cpu_us / b.cpu_us for a, b in zip(mine, theirs, strict=True))
    yield Row(f"{name}, this collector / cryptofeed", ratio, "×", 0.15, at_most=True)


def part(module: str, *words: str | Path) -> dict[str, float]:
    """The numbers that another module of the benchmarks prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.{module}", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=300,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{module} failed:\n{done.stderr}")
    numbers: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return numbers


def storage(folder: Path, minutes: int) -> Iterator[Row]:
    n = part("bench_storage", folder, str(minutes))
    yield Row("into SQLite, commits of 500 rows", n["rows_per_s"], "rows/s")
    yield Row("into SQLite, bare executemany in one transaction", n["bare_rows_per_s"], "rows/s")
    yield Row("into SQLite: this writer / bare executemany", n["rows_ratio"], "×", 0.8)
    yield Row("written for a one-second row, WAL and checkpoints", n["bytes_per_row"], "bytes", 300, at_most=True)
    yield Row("minute of 600 markets into 1 × data", n["rollup_ms_1x"], "ms CPU", 2.0, at_most=True)
    yield Row("minute of 600 markets into 10 × data", n["rollup_ms_10x"], "ms CPU")
    yield Row("minute at 600 rows/s: insert, roll, purge", n["minute_writer_ms"], "ms CPU", 120, at_most=True)
    yield Row("transaction, 99 of 100 under", n["commit_ms_p99"], "ms", 10, at_most=True)
    yield Row("checkpoint, 99 of 100 under", n["checkpoint_ms_p99"], "ms", 10, at_most=True)
    yield Row("restart on that data: open, heal, expect", n["restart_s"], "s")
    yield Row(f"memory of recording over {n['feed_minutes']:.0f} min of feed", n["feed_mb"], "MB")
    yield Row("memory: growth after 10 minutes", n["feed_growth"] * 100, "%", 5.0, at_most=True)
    yield Row("open files: more than after 10 minutes", n["feed_files_more"], "files", 0, at_most=True)


def daemon(folder: Path, seconds: float) -> Iterator[Row]:
    n = part("bench_daemon", folder, str(seconds))
    yield Row("daemon, 700 markets: import to first subscription", n["start_cpu_s"], "s CPU", 0.5, at_most=True)
    yield Row(f"daemon, 700 markets: resident after {seconds:.0f} s", n["daemon_mb"], "MB", 80, at_most=True)
    yield Row("daemon, 700 markets, 700 trades/s", n["daemon_cpu_part"] * 100, "% of a core")


def verdict(folder: Path, questions: int) -> Iterator[Row]:
    n = part("bench_verdict", folder, str(questions))
    beyond = "verdict on a question: beyond the slowest venue's"
    yield Row(f"{beyond} 200 ms, half under", n["over_slowest_ms_p50"], "ms")
    yield Row(f"{beyond} 200 ms, 99 of 100 under", n["over_slowest_ms_p99"], "ms", 50, at_most=True)
    yield Row("verdict with one venue hanging, longest", n["hanging_s_max"], "s", 1.0, at_most=True)
    yield Row("verdict with one venue hanging: that one named as silent", n["hanging_named"], "part", 1.0)
    yield Row("verdict: numbers worked out again from its facts", n["recomputed"], "numbers")
    yield Row("verdict: the worst of them off by", n["worst_difference_bps"], "bps", 0.0001, at_most=True)


def show(rows: Sequence[Row]) -> None:
    width = max(len(row.name) for row in rows)
    for row in rows:
        digits = 0 if row.value >= 1_000 else 1 if row.value >= 20 else 2
        verdict = ""
        if row.target is not None:
            verdict = f"{'≤' if row.at_most else '≥'} {row.target:g}  {'met' if row.met else 'MISSED'}"
        print(f"{row.name:{width}}  {row.value:>10,.{digits}f} {row.unit:<14} {verdict}".rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="This project beside its peers.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: about a minute")
    asked = parser.parse_args()
    rounds, paced_rounds, paced_s, minutes, daemon_s = (1, 1, 5.0, 6, 10.0) if asked.quick else (5, 3, 8.0, 60, 30.0)
    began = time.monotonic()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    print(f"{versions}, {os.cpu_count()} cores, {platform.machine()}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name, sending() as sender:
        folder = Path(name)
        sections: tuple[Iterator[Row], ...] = (
            saturation(sender, folder, rounds),
            with_books(sender, folder, rounds),
            paced(sender, folder, paced_rounds, paced_s),
            storage(folder, minutes),
            daemon(folder, daemon_s),
            verdict(folder, 10 if asked.quick else 60),
        )
        for section in sections:
            fresh = list(section)
            show(fresh)
            print(flush=True)
            rows += fresh
    missed, judged = (sum(row.met is met for row in rows) for met in (False, True))
    print(f"{missed} of {missed + judged} targets missed; took {time.monotonic() - began:.0f} s")
    if asked.json is not None:
        asked.json.write_text(json.dumps([{**_fields(row), "met": row.met} for row in rows], indent=2) + "\n")
    return 0


def _fields(row: Row) -> dict[str, str | float | bool | None]:
    return {name: getattr(row, name) for name in row.__struct_fields__}


if __name__ == "__main__":
    raise SystemExit(main())
