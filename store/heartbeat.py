"""The daemon's own row: written every few seconds, it proves that commits succeed where no exchange speaks."""

import sqlite3

NAME = "alive"


def beat(connection: sqlite3.Connection, now_ms: int) -> None:
    connection.execute(
        "INSERT INTO rollup_state (name, at_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms",
        (NAME, now_ms),
    )


def last(connection: sqlite3.Connection) -> int | None:
    """When the row was last written, in UTC ms."""
    row = connection.execute("SELECT at_ms FROM rollup_state WHERE name = ?", (NAME,)).fetchone()
    return None if row is None else int(row[0])
