"""A real database with known rows, and ways to break its file."""

import functools
import random
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from store.database import SCHEMA, Migration, connect, migrate
from tests.fakes.clock import START_MS

PAGE = 4_096
MARKETS, MINUTES, TRADED_S = 20, 400, 120


def filled(path: Path, schema: Sequence[Migration] = SCHEMA) -> Path:
    """Minutes and seconds of twenty markets, a few gaps and marks; closed, with nothing left in its WAL."""
    path.write_bytes(_filled(len(schema)))
    return path


@functools.cache
def _filled(version: int) -> bytes:
    with tempfile.TemporaryDirectory(prefix="radar-filled-") as folder:
        path = Path(folder) / "radar.db"
        _fill(path, SCHEMA[:version])
        return path.read_bytes()


def _fill(path: Path, schema: Sequence[Migration]) -> None:
    with closing(connect(path)) as connection:
        migrate(connection, START_MS, schema)
        connection.execute("BEGIN")
        connection.executemany(
            "INSERT INTO markets (id, exchange, base, quote, code, first_seen_ms) VALUES (?, 'upbit', ?, 'KRW', ?, ?)",
            [(n, f"COIN{n}", f"KRW-COIN{n}", START_MS) for n in range(1, MARKETS + 1)],
        )
        connection.executemany(
            "INSERT INTO candles_1m VALUES (?, ?, 1, 2, 0.5, 1.5, 10, 15, 3, 60)",
            [(n, START_MS + m * 60_000) for n in range(1, MARKETS + 1) for m in range(MINUTES)],
        )
        connection.executemany(
            "INSERT INTO candles_1s VALUES (?, ?, 1, 2, 0.5, 1.5, 10, 15, 3)",
            [(START_MS + s * 1_000, n) for s in range(TRADED_S) for n in range(1, MARKETS + 1)],
        )
        connection.executemany(
            "INSERT INTO quarantine (at_ms, exchange, reason, sample) VALUES (?, 'upbit', 'price', ?)",
            [(START_MS + n, f"sample {n} " + "x" * 200) for n in range(500)],
        )
        connection.execute("INSERT INTO rollup_state (name, at_ms) VALUES ('rolled', ?)", (START_MS,))
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def rows(path: Path, table: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


def leaves_of(path: Path, table: str) -> list[int]:
    """Page numbers (from 1) that belong to a table and are neither its root nor page 1, found by what they hold."""
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    raw = path.read_bytes()
    children, pages = [root], []
    while children:
        number = children.pop()
        page = raw[(number - 1) * PAGE : number * PAGE]
        if page[0] in (0x05, 0x02):  # interior: of a table, of a WITHOUT ROWID table
            count = int.from_bytes(page[3:5], "big")
            cells = [int.from_bytes(page[12 + 2 * n : 14 + 2 * n], "big") for n in range(count)]
            children += [int.from_bytes(page[cell : cell + 4], "big") for cell in cells]
            children.append(int.from_bytes(page[8:12], "big"))
        else:
            pages.append(number)
    return pages


def overwrite(path: Path, pages: list[int], seed: int = 1) -> None:
    """Garbage instead of these pages, as a dying disk may leave them."""
    dice = random.Random(seed)
    with path.open("r+b") as file:
        for number in pages:
            file.seek((number - 1) * PAGE)
            file.write(dice.randbytes(PAGE))
