"""The demo: starts the simulator and the daemon against it, and tells in plain words what happens.

Nothing here is staged for the eye: every line is read from the daemon's own health.json and database, or from what the
simulated Telegram received. Run it through `scripts/demo`.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import textwrap
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data" / "demo"
TOKEN = "100000001:" + "DEMO" * 8 + "TOK"  # a well-formed token of the simulated Bot API
CHAT = "4242"
START_DEADLINE_S = 30.0
WIDTH = 100


class DemoFailed(Exception):
    """Something that the demo promises did not happen; the text says what."""


class Story:
    """Prints lines with the time since the demo began."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def tell(self, text: str) -> None:
        passed = int(time.monotonic() - self._began)
        first, *rest = text.splitlines() or [""]
        print(f"{passed // 60:02d}:{passed % 60:02d}  {first}")
        for line in rest:
            print(f"       {line}")
        sys.stdout.flush()

    def show_message(self, title: str, text: str) -> None:
        """A message in a frame, as its reader would see it."""
        lines = [part for line in text.splitlines() for part in (textwrap.wrap(line, WIDTH) or [""])]
        self.tell("\n".join([title, "┌" + "─" * 40, *(f"│ {line}" for line in lines), "└" + "─" * 40]))


class Watched:
    """What the outside may see of the running pair: health.json, the database, the simulator's Telegram."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    def health(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((DATA / "health.json").read_text())
        except FileNotFoundError:
            return None
        return found

    def count(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query; none while the daemon has not made its tables yet."""
        path = DATA / "radar.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError as e:
                if "no such table" in str(e) or "unable to open" in str(e):
                    return []
                raise

    async def telegram(self) -> list[dict[str, Any]]:
        async with self._session.get(f"{self.url}/sim/telegram") as answer:
            messages: list[dict[str, Any]] = await answer.json()
            return messages


async def started(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The first line of the simulator: where it listens."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_DEADLINE_S)
    if not line:
        raise DemoFailed("the simulator did not start; run `python -m simulator` to see why")
    address: dict[str, Any] = json.loads(line)
    return address


async def tell_feeds(story: Story, watched: Watched) -> None:
    """Until both exchanges are connected and the first second is stored."""
    deadline = time.monotonic() + START_DEADLINE_S
    while not watched.count("SELECT 1 FROM candles_1s LIMIT 1"):
        if time.monotonic() > deadline:
            raise DemoFailed(f"no candle was stored within {START_DEADLINE_S:.0f} s; see {DATA / 'daemon.log'}")
        await asyncio.sleep(0.1)
    counts = watched.count("SELECT exchange, count(*) FROM markets GROUP BY exchange ORDER BY exchange DESC")
    story.tell("recording " + " and ".join(f"{n} KRW markets of {name.capitalize()}" for name, n in counts))
    story.tell("the first second is stored")


async def tell_candles(story: Story, watched: Watched, every_s: float = 15.0) -> None:
    """Now and then, how much is recorded and how the daemon feels."""
    while True:
        await asyncio.sleep(every_s)
        seconds = dict(watched.count("SELECT exchange, count(*) FROM v_candles_1s GROUP BY exchange"))
        minutes = dict(watched.count("SELECT exchange, count(*) FROM v_candles_1m GROUP BY exchange"))
        counts = ", ".join(f"{name} {seconds[name]:,} seconds {minutes.get(name, 0):,} minutes" for name in seconds)
        health = watched.health() or {"status": "unknown", "reasons": []}
        story.tell("\n".join([f"stored: {counts}; health {health['status']}", *health["reasons"]]))


async def tell_messages(story: Story, watched: Watched) -> None:
    """Every message and every edit that reached the reader, as it arrives."""
    shown: dict[int, str] = {}
    while True:
        for message in await watched.telegram():
            edits = message["edits"]
            text = edits[-1]["text"] if edits else message["text"]
            number = message["message_id"]
            if shown.get(number) == text:
                continue
            what = "edited with new facts" if number in shown else "received"
            if message["reply_to"]:
                what += f" (answers message {message['reply_to']})"
            story.show_message(f"Telegram message {number} {what}:", text)
            shown[number] = text
        await asyncio.sleep(0.2)


async def tell_listings(story: Story, watched: Watched) -> None:
    """What the listing channels saw, and how soon."""
    told = set[tuple[Any, ...]]()
    while True:
        rows = watched.count(
            "SELECT l.exchange, l.base, s.channel, s.kind, s.seen_ms - l.published_ms FROM sightings AS s "
            "JOIN listings AS l ON l.id = s.listing_id ORDER BY s.seen_ms"
        )
        for row in rows:
            if row[:4] in told:
                continue
            told.add(row[:4])
            exchange, base, channel, kind, late_ms = row
            after = "" if late_ms is None else f", {late_ms / 1000:.1f} s after publication"
            story.tell(f"{exchange.capitalize()} lists {base}: seen by {channel} ({kind}){after}")
        await asyncio.sleep(0.2)


def judge(watched: Watched, messages: Sequence[dict[str, Any]], duration: float) -> list[str]:
    """What the run should have shown and did not."""
    missing = []
    for table in ("candles_1s", "candles_1m"):
        stored = {name for (name,) in watched.count(f"SELECT DISTINCT exchange FROM v_{table}")}  # noqa: S608
        missing += [f"no row of {name} in {table}" for name in ("upbit", "bithumb") if name not in stored]
    if duration < 30:
        return missing  # too short for the staged listing
    if not watched.count("SELECT 1 FROM listings"):
        missing.append("the staged listing was not detected")
    if not any("신규 상장" in message["text"] or "NEW LISTING" in message["text"] for message in messages):
        missing.append("no alert of the listing reached Telegram")
    health = watched.health()
    if health is None or health["status"] != "green":
        missing.append(f"health is not green: {health and health['reasons']}")
    return missing


async def stop(process: asyncio.subprocess.Process) -> int:
    """End a process that we started, as its service manager would, and answer its exit code."""
    if process.returncode is None:
        process.terminate()
    return await asyncio.wait_for(process.wait(), 20)


async def tell(duration: float | None) -> int:
    story = Story()
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    words = [sys.executable, "-m", "simulator", "--port", "0", "--scenario", "demo"]
    simulator = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        return await with_simulator(story, simulator, duration, interrupted)
    finally:
        await stop(simulator)


async def with_simulator(
    story: Story, simulator: asyncio.subprocess.Process, duration: float | None, interrupted: asyncio.Event
) -> int:
    address = await started(simulator)
    story.tell(f"the exchange simulator answers at {address['url']}")
    environment = os.environ | {"TELEGRAM_BOT_TOKEN": TOKEN, "TELEGRAM_CHAT_ID": CHAT}
    words = [sys.executable, "collector_daemon.py", "--simulator", address["url"], "--data", str(DATA)]
    with (DATA / "daemon.log").open("wb") as daemon_log:
        daemon = await asyncio.create_subprocess_exec(
            *words, cwd=ROOT, env=environment, stdout=daemon_log, stderr=daemon_log, start_new_session=True
        )
    story.tell(f"the daemon runs (its log and database are in {DATA.relative_to(ROOT)}/)")
    async with aiohttp.ClientSession() as session:
        watched = Watched(address["url"], session)
        try:
            await watch(story, watched, daemon, duration, interrupted)
            messages = await watched.telegram()
        finally:
            code = await stop(daemon)
    missing = judge(watched, messages, duration or 60) if duration else []
    story.tell(f"the daemon stopped with exit code {code}; its data stays in {DATA.relative_to(ROOT)}/")
    for each in missing:
        story.tell(f"MISSING: {each}")
    return 1 if missing or code else 0


async def watch(
    story: Story,
    watched: Watched,
    daemon: asyncio.subprocess.Process,
    duration: float | None,
    interrupted: asyncio.Event,
) -> None:
    """Tell what happens until the time is over, Ctrl-C, or the daemon ends by itself."""
    await tell_feeds(story, watched)
    ends = [asyncio.create_task(daemon.wait()), asyncio.create_task(interrupted.wait())]
    tellers = [tell_candles(story, watched), tell_messages(story, watched), tell_listings(story, watched)]
    telling = [asyncio.create_task(teller) for teller in tellers]
    done, _ = await asyncio.wait([*ends, *telling], timeout=duration, return_when=asyncio.FIRST_COMPLETED)
    for task in (*ends, *telling):
        if task not in done:
            task.cancel()
    await asyncio.gather(*ends, *telling, return_exceptions=True)
    for task in done & set(telling):
        task.result()  # a teller only ends by failing: let it say why
    if ends[0] in done:
        raise DemoFailed(f"the daemon ended by itself (exit code {daemon.returncode}); see {DATA / 'daemon.log'}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Simulator and daemon together, told in words.")
    parser.add_argument("--duration", type=float, metavar="S", help="stop S seconds after the first stored second")
    asked = parser.parse_args()
    try:
        return asyncio.run(tell(asked.duration))
    except DemoFailed as e:
        print(f"The demo failed: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
