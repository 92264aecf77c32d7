"""The SQL of `quarantine`: what we received and refused to believe, kept for a week so that a person can look."""

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from collectors.events import Exchange
from store.rows import Rows

SAMPLE_LETTERS = 500
PURGE_ROWS = 500  # in one transaction: a few ms, for a row takes half a kilobyte


class Refused(Struct, frozen=True):
    """One thing refused: our time, why, and what it looked like (cut to 500 letters)."""

    at_ms: int
    exchange: Exchange
    reason: str
    sample: str


def added(refused: Iterable[Refused]) -> Rows:
    """Rows for the writer."""
    return Rows(
        "INSERT INTO quarantine (at_ms, exchange, reason, sample) VALUES (?, ?, ?, ?)",
        [(each.at_ms, each.exchange, each.reason, printable(each.sample)) for each in refused],
    )


def printable(text: str) -> str:
    """The text, cut, without lone surrogates (SQLite takes none)."""
    return text[:SAMPLE_LETTERS].encode("utf-8", "backslashreplace").decode("utf-8")


def purge(connection: sqlite3.Connection, before_ms: int, after_id: int = -1) -> int | None:
    """Of the next `PURGE_ROWS` after `after_id`, delete what came before `before_ms`; the last one looked at.

    None once there are no more.
    """
    look = "SELECT MAX(id), COUNT(*) FROM (SELECT id FROM quarantine WHERE id > ? ORDER BY id LIMIT ?)"
    last_id, found = connection.execute(look, (after_id, PURGE_ROWS)).fetchone()
    connection.execute("DELETE FROM quarantine WHERE id > ? AND id <= ? AND at_ms < ?", (after_id, last_id, before_ms))
    return last_id if found == PURGE_ROWS else None
