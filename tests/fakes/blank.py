"""A migrated database without migrating: the first test that wants one makes it, the others copy the file."""

import functools
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from store.database import connect, migrate
from tests.fakes.clock import START_MS


def blank(path: Path) -> Path:
    """Put a migrated and empty database there, unless there is one already."""
    if not path.exists():
        path.write_bytes(_migrated())
    return path


_opened: list[sqlite3.Connection] = []


def open_blank(path: Path) -> sqlite3.Connection:
    """The same, open for writing until the test is over."""
    connection = connect(blank(path))
    _opened.append(connection)
    return connection


def close_all() -> None:
    """Close what `open_blank` has opened; to close a connection twice is harmless."""
    while _opened:
        _opened.pop().close()


@functools.cache
def _migrated() -> bytes:
    with tempfile.TemporaryDirectory(prefix="radar-blank-") as folder:
        path = Path(folder) / "radar.db"
        with closing(connect(path)) as connection:
            migrate(connection, START_MS)
        return path.read_bytes()
