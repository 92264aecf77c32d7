"""The SQL of `mutes`: which coin of which exchange a chat does not want to hear of.

A mute silences what would ring after it: replies in the thread of a listing, whatever their level. It never hides a
listing: the first sight of a new episode rings and ends the mute, edits go on, and what was silenced is kept as a
delivery that is `expired` with the error `muted`. What `alerting.mute` of radar.yaml names is muted everywhere and
outlives new episodes; a chat may still let it ring until the file is read again. Every function works inside the
caller's transaction.
"""

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from collectors.events import EXCHANGES

OF_THE_FILE = 0  # `since_ms` of what radar.yaml mutes
MUTED = "muted"  # `deliveries.error` of what a mute silenced

Coin = tuple[str, str]  # exchange, base


class Mute(Struct, frozen=True):
    """One row. `since_ms` is ours, 0 for what radar.yaml mutes."""

    target: str
    exchange: str
    base: str
    since_ms: int


def add(connection: sqlite3.Connection, target: str, coins: Iterable[Coin], now_ms: int) -> None:
    """Silence the coins at a target, also what already waits there."""
    for exchange, base in coins:
        connection.execute(
            "INSERT INTO mutes (target, exchange, base, since_ms) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (target, exchange, base) DO NOTHING",
            (target, exchange, base, now_ms),
        )
        connection.execute(
            "UPDATE deliveries SET state = 'expired', error = ?"
            " WHERE target = ? AND op = 'send' AND state = 'pending' AND requested_ms IS NULL AND alert_id IN ("
            "  SELECT a.id FROM alerts AS a JOIN listings AS l ON l.id = a.listing_id"
            "  WHERE l.exchange = ? AND l.base = ? AND a.kind <> 'first_sight')",
            (MUTED, target, exchange, base),
        )


def from_file(connection: sqlite3.Connection, targets: Iterable[str], bases: Iterable[str]) -> None:
    """Mute these coins on every exchange at every target, and nothing else of what an earlier file muted."""
    connection.execute("DELETE FROM mutes WHERE since_ms = ?", (OF_THE_FILE,))
    coins = [(exchange, base.upper()) for base in bases for exchange in EXCHANGES]
    for target in targets:
        add(connection, target, coins, OF_THE_FILE)


def end(connection: sqlite3.Connection, target: str, base: str, exchange: str | None = None) -> list[Coin]:
    """Let the coin ring again at a target, on one exchange or on all; return what was muted."""
    return connection.execute(
        "DELETE FROM mutes WHERE target = ? AND base = ? AND exchange = COALESCE(?, exchange) RETURNING exchange, base",
        (target, base, exchange),
    ).fetchall()


def listed_anew(connection: sqlite3.Connection, coin: Coin) -> None:
    """A new episode: no chat has muted it."""
    connection.execute("DELETE FROM mutes WHERE exchange = ? AND base = ? AND since_ms <> ?", (*coin, OF_THE_FILE))


def of_target(connection: sqlite3.Connection, target: str) -> list[Mute]:
    rows = connection.execute(
        "SELECT target, exchange, base, since_ms FROM mutes WHERE target = ? ORDER BY since_ms, exchange, base",
        (target,),
    )
    return [Mute(*row) for row in rows]


def targets_of(connection: sqlite3.Connection, coin: Coin) -> frozenset[str]:
    """Where the coin is muted."""
    rows = connection.execute("SELECT target FROM mutes WHERE exchange = ? AND base = ?", coin)
    return frozenset(target for (target,) in rows)


def coin_of_alert(connection: sqlite3.Connection, alert_id: int) -> Coin | None:
    """Which listed coin an alert is about; None where it is about none."""
    row = connection.execute(
        "SELECT l.exchange, l.base FROM alerts AS a JOIN listings AS l ON l.id = a.listing_id WHERE a.id = ?",
        (alert_id,),
    ).fetchone()
    return None if row is None else (row[0], row[1])


def message_of(connection: sqlite3.Connection, coin: Coin) -> int | None:
    """The first sight of the coin's newest listing: the message that carries its buttons."""
    row = connection.execute(
        "SELECT a.id FROM alerts AS a JOIN listings AS l ON l.id = a.listing_id"
        " WHERE a.kind = 'first_sight' AND l.exchange = ? AND l.base = ? ORDER BY a.id DESC LIMIT 1",
        coin,
    ).fetchone()
    return None if row is None else int(row[0])
