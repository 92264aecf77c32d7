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

from scripts.bench_storage import STORED_MINUTES

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / ".venv-bench" / "bin" / "python"
MARKETS = 120  # on one connection, for the saturation
PACED_MARKETS = 600
PACED_RATE = 2_000
TIMEOUT_S = 120
ENOUGH = 0.99  # of the trades sent; the last tick of a paced feed may fall after its end
PEER_NAMES = {"cryptofeed": "cryptofeed 2.4.1", "ccxt": "ccxt pro 4.5.90"}
LIBRARIES = {"picows": (5.0, 10.0), "websockets": (1.7, 5.0)}  # least × cryptofeed: trades; a trade and two books
NAMES = {"picows": "ours, picows", "websockets": "ours, websockets", **PEER_NAMES}
# Trades a measurement: as many as each takes in two or three seconds, so that start and end weigh the same in all.
TRADES = {"picows": 1_400_000, "websockets": 450_000, "cryptofeed": 250_000, "ccxt": 100_000}
TRADES_WITH_BOOKS = {"picows": 600_000, "websockets": 150_000, "cryptofeed": 32_000}
SECTIONS = ("trades", "books", "paced", "storage", "daemon", "verdict", "alerts")  # in the order of the table

OTHERS = (
    "As the first word, each with its own --help: --detection (how soon a listing is known and told), "
    "--soak MINUTES (the daemon left alone), --year (a year of listings in six simulated hours)"
)

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


def ours(folder: Path, markets: int, library: str) -> Command:
    database = folder / "collector.db"

    def command(url: str) -> Sequence[str | Path]:
        for end in ("", "-wal", "-shm"):
            database.with_name(database.name + end).unlink(missing_ok=True)
        return [sys.executable, "-m", "scripts.bench_collector", url, str(markets), database, library]

    return command


def peer(name: str, markets: int, trades: int, books: int) -> Command:
    script = ROOT / "scripts" / "bench_peers.py"
    return lambda url: [PEER, script, name, url, str(markets), str(trades), str(books)]


class Field:
    """Everyone on the same feed: round after round, one right after the other; `ratios` are taken within a round."""

    def __init__(self, sender: Sender, rounds: int) -> None:
        self._sender = sender
        self._rounds = rounds
        self._measured: dict[str, list[Measured]] = {}

    def run(self, path: Callable[[int], str], runners: Mapping[str, tuple[int, Command]]) -> None:
        """Let each runner take its number of trades from the path for that number, every round."""
        self._measured = {name: [] for name in runners}
        for _ in range(self._rounds):
            for name, (trades, command) in runners.items():
                self._measured[name].append(self._sender.measure(path(trades), trades, command))

    def median(self, name: str, of: Callable[[Measured], float]) -> float:
        return statistics.median(map(of, self._measured[name]))

    def ratio(self, name: str, other: str, of: Callable[[Measured], float]) -> float:
        pairs = zip(self._measured[name], self._measured[other], strict=True)
        return statistics.median(of(a) / of(b) for a, b in pairs)

    def least_kept(self, names: Iterable[str]) -> float:
        return min(each.kept for name in names for each in self._measured[name])


def per_s(measured: Measured) -> float:
    return measured.per_s


def cpu_us(measured: Measured) -> float:
    return measured.cpu_us


def saturation(sender: Sender, folder: Path, rounds: int) -> Iterator[Row]:
    field = Field(sender, rounds)
    runners = {library: (TRADES[library], ours(folder, MARKETS, library)) for library in LIBRARIES}
    runners |= {name: (TRADES[name], peer(name, MARKETS, TRADES[name], 0)) for name in PEER_NAMES}
    field.run(lambda trades: f"/blast?n={trades}", runners)
    for name in runners:
        yield Row(f"trades: {NAMES[name]}", field.median(name, per_s), "trades/s")
    for name in runners:
        yield Row(f"trades: CPU of {NAMES[name]}", field.median(name, cpu_us), "µs a trade")
    yield Row("trades: stored of those sent", field.least_kept(LIBRARIES), "part", 1.0)
    for library, target in LIBRARIES.items():
        for name in PEER_NAMES:
            bound = target[0] if name == "cryptofeed" else None
            yield Row(f"trades: {NAMES[library]} / {NAMES[name]}", field.ratio(library, name, per_s), "×", bound)
        # On a machine with other work the rate depends on whose turn it is; what a trade costs does not.
        spared = field.ratio("cryptofeed", library, cpu_us)
        yield Row(f"trades: CPU of {NAMES['cryptofeed']} / {NAMES[library]}", spared, "×")


def with_books(sender: Sender, folder: Path, rounds: int) -> Iterator[Row]:
    field, many = Field(sender, rounds), TRADES_WITH_BOOKS
    runners = {library: (many[library], ours(folder, MARKETS, library)) for library in LIBRARIES}
    runners["cryptofeed"] = many["cryptofeed"], peer("cryptofeed", MARKETS, many["cryptofeed"], 2)
    field.run(lambda trades: f"/blast?n={trades}&books=2", runners)
    what = "a trade and two books"
    for name in runners:
        yield Row(f"{what}: {NAMES[name]}", field.median(name, per_s), "trades/s")
    for library, target in LIBRARIES.items():
        ratio = field.ratio(library, "cryptofeed", per_s)
        yield Row(f"{what}: {NAMES[library]} / {NAMES['cryptofeed']}", ratio, "×", target[1])
        spared = field.ratio("cryptofeed", library, cpu_us)
        yield Row(f"{what}: CPU of {NAMES['cryptofeed']} / {NAMES[library]}", spared, "×")


def paced(sender: Sender, folder: Path, rounds: int, seconds: float) -> Iterator[Row]:
    field, trades = Field(sender, rounds), int(PACED_RATE * seconds)
    runners = {library: (trades, ours(folder, PACED_MARKETS, library)) for library in LIBRARIES}
    runners["cryptofeed"] = trades, peer("cryptofeed", PACED_MARKETS, trades, 0)
    field.run(lambda _: f"/pace?rate={PACED_RATE}&s={seconds:g}", runners)
    what = f"{PACED_RATE:,} trades/s, {PACED_MARKETS} markets: CPU"
    for name in runners:
        yield Row(f"{what} of {NAMES[name]}", field.median(name, cpu_us) * PACED_RATE / 1e4, "% of a core")
    for library in LIBRARIES:
        ratio, bound = field.ratio(library, "cryptofeed", cpu_us), 0.15 if library == "picows" else None
        yield Row(f"{what}, {NAMES[library]} / cryptofeed", ratio, "×", bound, at_most=True)


def part(module: str, *words: str | Path) -> dict[str, float]:
    """The numbers that another module of the benchmarks prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"scripts.{module}", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=600,
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
    for stored in STORED_MINUTES:
        into = f"minute of 600 markets, {stored:,} minutes of each stored"
        yield Row(into, n[f"rollup_ms_{stored}"], "ms CPU", 2.0, at_most=True)
        yield Row(f"{into}: ours / bare executemany", n[f"rollup_ratio_{stored}"], "×")
    yield Row("minute at 600 rows/s: insert, roll, purge", n["minute_writer_ms"], "ms CPU", 120, at_most=True)
    yield Row("purge of a one-second row", n["purge_us"], "µs CPU")
    yield Row("at 600 rows/s: transaction, 99 of 100 under", n["commit_ms_p99"], "ms", 10, at_most=True)
    yield Row("at 600 rows/s: checkpoint, 99 of 100 under", n["checkpoint_ms_p99"], "ms", 10, at_most=True)
    yield Row("restart on that data: open, heal, expect", n["restart_s"], "s")
    yield Row("memory of recording after its first minute", n["start_mb"], "MB")
    yield Row(f"memory of recording after {n['feed_minutes']:.0f} min of feed", n["feed_mb"], "MB")
    yield Row("memory: growth after 10 minutes", n["feed_growth"] * 100, "%", 5.0, at_most=True)
    yield Row("open files: more than after 10 minutes", n["feed_files_more"], "files", 0, at_most=True)


def daemon(folder: Path, seconds: float) -> Iterator[Row]:
    n = part("bench_daemon", folder, str(seconds))
    yield Row("daemon, 700 markets: import to first subscription", n["start_cpu_s"], "s CPU", 0.5, at_most=True)
    yield Row("daemon, 700 markets: resident at its first subscription", n["started_mb"], "MB")
    yield Row(f"daemon, 700 markets: resident after {seconds:.0f} s", n["daemon_mb"], "MB", 80, at_most=True)
    yield Row("daemon, 700 markets: stop, an alert hanging at Telegram", n["stop_s"], "s", 5.0, at_most=True)
    yield Row("daemon, 700 markets, 700 trades/s", n["daemon_cpu_part"] * 100, "% of a core")


def alerts(folder: Path, count: int) -> Iterator[Row]:
    n = part("bench_alerts", folder, str(count), "1")
    storm = f"{count} alerts in a storm, {n['kills']:.0f} kill -9"
    yield Row(f"{storm}: first sights, CRITICAL, HIGH to {n['chats']:.0f} chats", n["urgent"], "messages")
    yield Row(f"{storm}: of those not delivered", n["urgent_missing"], "messages", 0, at_most=True)
    yield Row(f"{storm}: copies that Telegram accepted", n["copies"], "messages")
    yield Row(f"{storm}: copies marked as a possible repeat", n["marked"], "messages")
    yield Row(f"{storm}: repeats without that mark", n["unmarked_repeats"], "messages", 0, at_most=True)
    yield Row(f"{storm}: lower levels delivered twice", n["lower_twice"], "messages", 0, at_most=True)
    yield Row(f"{storm}: out of order within a key", n["out_of_order"], "messages", 0, at_most=True)
    yield Row("first sight, commit to Telegram: alone, half under", n["first_sight_ms_alone_p50"], "ms")
    yield Row("first sight, commit to Telegram: 500 waiting, half under", n["first_sight_ms_among_p50"], "ms")
    yield Row("first sight, commit to Telegram: 500 waiting, longest", n["first_sight_ms_among_max"], "ms")


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
    parser = argparse.ArgumentParser(prog="scripts/bench", description="This project beside its peers.", epilog=OTHERS)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there too")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds: about a minute")
    parser.add_argument("--only", action="append", choices=SECTIONS, help="this part, may be given several times")
    asked = parser.parse_args()
    rounds, paced_s, minutes, daemon_s = (1, 8.0, 6, 10.0) if asked.quick else (3, 25.0, 60, 30.0)
    began = time.monotonic()
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    print(f"{versions}, {os.cpu_count()} cores, {platform.machine()}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as place, sending() as sender:
        folder = Path(place)
        sections: tuple[Iterator[Row], ...] = (
            saturation(sender, folder, 1 if asked.quick else 5),
            with_books(sender, folder, rounds),
            paced(sender, folder, rounds, paced_s),
            storage(folder, minutes),
            daemon(folder, daemon_s),
            verdict(folder, 10 if asked.quick else 120),
            alerts(folder, 150 if asked.quick else 1_000),
        )
        for name, section in zip(SECTIONS, sections, strict=True):
            if asked.only and name not in asked.only:
                continue
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
