"""The SQL of `baselines`: what each list channel held when it was last whole, for a restart to tell what is new."""

import sqlite3
from collections.abc import Set

from collectors.events import Channel

BEGUN = ""  # the item that says: this channel has been read at least once


def load(connection: sqlite3.Connection) -> dict[Channel, frozenset[str]]:
    """The items of every channel that has been read before; empty sets for those that keep no list."""
    known: dict[Channel, set[str]] = {}
    for channel, item in connection.execute("SELECT channel, item FROM baselines"):
        items = known.setdefault(Channel(channel), set())
        if item != BEGUN:
            items.add(item)
    return {channel: frozenset(items) for channel, items in known.items()}


def since(connection: sqlite3.Connection) -> dict[Channel, dict[str, int]]:
    """The same with the time since when each item is known (ours)."""
    known: dict[Channel, dict[str, int]] = {}
    for channel, item, since_ms in connection.execute("SELECT channel, item, since_ms FROM baselines"):
        items = known.setdefault(Channel(channel), {})
        if item != BEGUN:
            items[item] = since_ms
    return known


def replace(connection: sqlite3.Connection, channel: Channel, items: Set[str], now_ms: int) -> None:
    """Make `items` the baseline of `channel`; items that stay keep the time since when they are known."""
    before = {row[0] for row in connection.execute("SELECT item FROM baselines WHERE channel = ?", (channel.value,))}
    after = items | {BEGUN}
    connection.executemany(
        "DELETE FROM baselines WHERE channel = ? AND item = ?", [(channel.value, item) for item in before - after]
    )
    connection.executemany(
        "INSERT INTO baselines (channel, item, since_ms) VALUES (?, ?, ?)",
        [(channel.value, item, now_ms) for item in sorted(after - before)],
    )
