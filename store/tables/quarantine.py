"""The SQL of `quarantine`: what we received and refused to believe, kept for a week so that a person can look."""

import sqlite3
from collections.abc import Iterable

from msgspec import Struct

from collectors.events import Exchange
from store.rows import Rows

SAMPLE_LETTERS = 500


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


def purge(connection: sqlite3.Connection, before_ms: int) -> int:
    """Delete what came before `before_ms`; return how many."""
    return connection.execute("DELETE FROM quarantine WHERE at_ms < ?", (before_ms,)).rowcount
