#!/usr/bin/env python3
"""Connects for real and prints what arrived, by market, and how fast. Records into a folder that is gone afterwards.

scripts/test_pipeline.py --duration 30                        the exchanges themselves
scripts/test_pipeline.py --duration 30 --simulator URL        a simulator
"""

import argparse
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.founding import ROOT, ensure_environment

SHOWN = 15
START_DEADLINE_S = 60.0
BY_MARKET = """
SELECT exchange, code, sum(trades), count(*), sum(quote_volume) FROM v_candles_1s
GROUP BY exchange, code ORDER BY sum(trades) DESC
"""
SPAN = "SELECT (max(open_ms) - min(open_ms)) / 1000 + 1 FROM candles_1s"
Row = tuple[str, str, int, int, float]


def recorded(path: Path) -> list[Row]:
    """Exchange, code, trades, seconds and quote volume of every market heard."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        try:
            return connection.execute(BY_MARKET).fetchall()
        except sqlite3.OperationalError:
            return []  # the tables are not there yet


def print_report(rows: list[Row], seconds: int, health: dict[str, object]) -> None:
    print(f"{seconds} seconds are recorded")
    for exchange in ("upbit", "bithumb"):
        heard = [row for row in rows if row[0] == exchange]
        trades = sum(row[2] for row in heard)
        print(f"{exchange}: {trades:,} trades of {len(heard)} markets, {trades / seconds:,.1f} a second")
        for _, code, count, busy, volume in heard[:SHOWN]:
            print(f"  {code:<12} {count:>7,} trades in {busy:>4} seconds, {volume:>22,.0f} quote volume")
        if len(heard) > SHOWN:
            print(f"  … and {len(heard) - SHOWN} more markets")
    print(f"health at the end: {health.get('status')} {health.get('reasons') or ''}")
    channels = health.get("channels")
    for name, channel in channels.items() if isinstance(channels, dict) else ():
        print(f"  {name:<22} {channel['state']:<9} {channel['reason']}")


def run(duration_s: float, simulator: str | None) -> int:
    with tempfile.TemporaryDirectory(prefix="radar-") as folder:
        data = Path(folder)
        words = [sys.executable, "collector_daemon.py", "--data", folder]
        words += ["--simulator", simulator] if simulator else []
        daemon = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL)
        try:
            deadline = time.monotonic() + START_DEADLINE_S
            while not recorded(data / "radar.db") and daemon.poll() is None and time.monotonic() < deadline:
                _wait(daemon, 0.2)
            _wait(daemon, duration_s)
        finally:
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(30)
        rows = recorded(data / "radar.db")
        if rows:
            health: dict[str, object] = json.loads((data / "health.json").read_text())  # its last word
            print_report(rows, _span_s(data / "radar.db"), health)
        silent = [name for name in ("upbit", "bithumb") if not any(row[0] == name for row in rows)]
        for name in silent:
            print(f"nothing arrived from {name}; `doctor` tells more", file=sys.stderr)
        return 1 if silent else 0


def _span_s(path: Path) -> int:
    """Seconds from the first stored one to the last, both counted."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute(SPAN).fetchone()[0])


def _wait(daemon: subprocess.Popen[bytes], seconds: float) -> None:
    """Let the daemon work for so long, or less if it ends by itself."""
    try:
        daemon.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def main() -> int:
    parser = argparse.ArgumentParser(description="Connect for real and print what arrived, by market, and how fast.")
    parser.add_argument("--duration", type=float, default=30.0, metavar="S", help="how long to listen (default 30)")
    parser.add_argument("--simulator", metavar="URL", help="listen to a simulator instead of the exchanges")
    asked = parser.parse_args()
    return run(asked.duration, asked.simulator or os.environ.get("RADAR_SIMULATOR"))


if __name__ == "__main__":
    ensure_environment(__file__)
    raise SystemExit(main())
