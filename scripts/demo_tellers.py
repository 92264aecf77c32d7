"""What the demo tells, and where it looks: health.json, the database and the simulated Telegram, as an outsider would.

Nothing here is staged for the eye: every line is read from what the daemon itself wrote or sent.
"""

import asyncio
import json
import sqlite3
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

WIDTH = 100
FULL_LINES = 26  # of a message; the rest of it is for who opens it on the phone
SAME_EVERY_S = 10.0  # an edit that changes no first line is told this often
PATIENCE_S = 2.0  # longer waits are told
EXCHANGES = ("upbit", "bithumb")


class Story:
    """Prints lines with the time since the demo began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.told_s = self._began

    def tell(self, text: str) -> None:
        self.told_s = time.monotonic()
        passed = int(self.told_s - self._began)
        first, *rest = text.splitlines() or [""]
        print(f"{passed // 60:02d}:{passed % 60:02d}  {first}")
        for line in rest:
            print(f"       {line}")
        sys.stdout.flush()

    def show_message(self, title: str, lines: list[str]) -> None:
        """A message in a frame, as its reader would see it."""
        wrapped = [part for line in lines for part in (textwrap.wrap(line, WIDTH) or [""])]
        self.tell("\n".join([title, "┌" + "─" * 40, *(f"│ {line}" for line in wrapped), "└" + "─" * 40]))


class Watched:
    """What the outside may see of the running pair."""

    def __init__(self, data: Path, simulator: str) -> None:
        self._data = data
        self._simulator = simulator

    def health(self) -> dict[str, Any] | None:
        try:
            found: dict[str, Any] = json.loads((self._data / "health.json").read_text())
        except FileNotFoundError:
            return None
        return found

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a query; none while the daemon has not made its tables yet."""
        path = self._data / "radar.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            try:
                return connection.execute(sql).fetchall()
            except sqlite3.OperationalError as e:
                if any(early in str(e) for early in ("no such table", "unable to open", "readonly database")):
                    return []
                raise

    def messages(self) -> list[dict[str, Any]]:
        """What reached the reader, with every edit."""
        with urllib.request.urlopen(f"{self._simulator}/sim/telegram", timeout=10) as answer:  # noqa: S310 - ours
            told: list[dict[str, Any]] = json.load(answer)
            return told


async def tell_start(story: Story, watched: Watched, alive: Callable[[], bool], deadline_s: float) -> bool:
    """Each step until the first second is stored; False if the daemon ends or takes too long."""
    steps: list[tuple[str, Callable[[], str]]] = [
        ("the daemon reads its settings and makes its database", lambda: _text(watched.rows("SELECT 1 FROM markets"))),
        ("it reads the market lists and subscribes", lambda: _markets(watched)),
        ("it waits for the first trades", lambda: _stored(watched)),
    ]
    until_s = time.monotonic() + deadline_s
    for doing, done in steps:
        while not (told := done()):
            if not alive() or time.monotonic() > until_s:
                return False
            if time.monotonic() - story.told_s > PATIENCE_S:
                story.tell(f"… {doing}")
            await asyncio.sleep(0.1)
        if told.strip():
            story.tell(told)
    return True


def _text(rows: list[tuple[Any, ...]]) -> str:
    return " " if rows else ""


def _markets(watched: Watched) -> str:
    counts = dict(watched.rows("SELECT exchange, count(*) FROM markets WHERE quote = 'KRW' GROUP BY exchange"))
    if set(counts) != set(EXCHANGES):
        return ""
    return "recording " + " and ".join(f"{counts[name]} KRW markets of {name.capitalize()}" for name in EXCHANGES)


def _stored(watched: Watched) -> str:
    return "the first second is stored" if watched.rows("SELECT 1 FROM candles_1s LIMIT 1") else ""


async def tell_feeds(story: Story, watched: Watched) -> None:
    """That an exchange's connections are open, and whenever that changes."""
    told: dict[str, bool] = {}
    while True:
        for name, feed in ((watched.health() or {}).get("feeds", {})).items():
            if feed["connected"] != told.get(name):
                told[name] = feed["connected"]
                state = "up" if feed["connected"] else "down"
                story.tell(f"the feed of {name.capitalize()} is {state}: {feed['connections']} connections")
        await asyncio.sleep(0.5)


async def tell_candles(story: Story, watched: Watched, every_s: float = 15.0) -> None:
    """Now and then, how much is recorded and how the daemon feels."""
    while True:
        await asyncio.sleep(every_s)
        seconds = dict(watched.rows("SELECT exchange, count(*) FROM v_candles_1s GROUP BY exchange"))
        minutes = dict(watched.rows("SELECT exchange, count(*) FROM v_candles_1m GROUP BY exchange"))
        counts = ", ".join(f"{name} {seconds[name]:,} seconds {minutes.get(name, 0):,} minutes" for name in seconds)
        health = watched.health() or {"status": "not written yet", "reasons": []}
        story.tell("\n".join([f"stored so far: {counts}; health {health['status']}", *health["reasons"]]))


async def tell_messages(story: Story, watched: Watched) -> None:
    """Every message as it arrives, its first edit whole, later ones by their head."""
    shown: dict[int, tuple[int, list[str], float]] = {}  # id -> edits shown, head of the last, when
    while True:
        for message in await asyncio.to_thread(watched.messages):
            number, edits = message["message_id"], message["edits"]
            before, head_before, at_s = shown.get(number, (-1, [], 0.0))
            if len(edits) == before:
                continue
            text = edits[-1]["text"] if edits else message["text"]
            head = _head(text)
            if before > 0 and (head == head_before or (head[:1] == head_before[:1] and _lately(at_s))):
                continue
            _show(story, message, text, before)
            shown[number] = len(edits), head, time.monotonic()
        await asyncio.sleep(0.2)


def _show(story: Story, message: dict[str, Any], text: str, before: int) -> None:
    lines = text.splitlines() if before <= 0 else _head(text)
    if len(lines) > FULL_LINES:
        lines[FULL_LINES:] = [f"… and {len(lines) - FULL_LINES} lines of details"]
    what = "received" if before < 0 else "edited as facts arrived" if before == 0 else "edited again, its head now:"
    if message["reply_to"] and before < 0:
        what += f" as a reply to {message['reply_to']} (replies ring, edits do not)"
    if message.get("photo") and before < 0:
        what += ", with a picture"
    story.show_message(f"Telegram message {message['message_id']} {what}", lines)


def _head(text: str) -> list[str]:
    """What is read in three seconds: everything before the first empty line."""
    return text.partition("\n\n")[0].splitlines()


def _lately(at_s: float) -> bool:
    return time.monotonic() - at_s < SAME_EVERY_S


async def tell_listings(story: Story, watched: Watched) -> None:
    """What the listing channels saw, and how soon."""
    told = set[tuple[Any, ...]]()
    while True:
        rows = watched.rows(
            "SELECT l.exchange, l.base, s.channel, s.kind, s.seen_ms - l.published_ms FROM sightings AS s "
            "JOIN listings AS l ON l.id = s.listing_id ORDER BY s.seen_ms"
        )
        for row in rows:
            if row[:4] in told:
                continue
            told.add(row[:4])
            exchange, base, channel, kind, late_ms = row
            after = "" if late_ms is None else f", {late_ms / 1000:.1f} s after publication"
            story.tell(f"{exchange.capitalize()} lists {base}: seen by {channel} ({SIGHTS.get(kind, kind)}){after}")
        await asyncio.sleep(0.2)


SIGHTS = {
    "notice": "a notice", "in_list": "a new row", "deposits_open": "deposits are open", "traded": "the first trade",
    "in_assets": "a new wallet",
}  # fmt: skip


def summary(watched: Watched, code: int, place: Path) -> str:
    """What came of it, and where to look next."""
    counts = watched.rows(
        "SELECT exchange, count(*), sum(trades) FROM v_candles_1s GROUP BY exchange ORDER BY exchange"
    )
    lines = [f"the daemon stopped in order (exit code {code})" if code == 0 else f"the daemon ended with {code}"]
    lines += [
        f"{exchange}: {seconds:,} one-second candles of {trades:,} trades" for exchange, seconds, trades in counts
    ]
    alerts = watched.rows(
        "SELECT l.exchange, l.base, l.first_channel, l.first_seen_ms - l.published_ms, MIN(d.sent_ms) - l.published_ms"
        " FROM listings AS l JOIN alerts AS a ON a.listing_id = l.id AND a.kind = 'first_sight'"
        " JOIN deliveries AS d ON d.alert_id = a.id AND d.state = 'sent' AND d.op = 'send' GROUP BY l.id"
    )
    for exchange, base, channel, seen_ms, sent_ms in alerts:
        if seen_ms is not None:
            seen, sent = seen_ms / 1000, sent_ms / 1000
            lines.append(
                f"{exchange} {base}: seen by {channel} {seen:.1f} s after publication, on the phone at {sent:.1f} s"
            )
    command = f".venv/bin/python collector_daemon.py listings --data {place}"
    return "\n".join([*lines, f"its data stays in {place}; look with `{command}`, or alerts, gaps, status"])
