"""A damaged database at the start: found, moved aside with its time, and never in the way of recording.

What is looked at on every start takes milliseconds: can it be opened, is the file as long as its header says, can both
ends of each table be read. After a run that ended because the database was damaged, every page is looked at, and every
index held against its table.
"""

import logging
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

log = logging.getLogger(__name__)

DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
HEADER_BYTES = 100
MAGIC = b"SQLite format 3\x00"
COMPANIONS = ("", "-wal", "-shm")
STEPS_BETWEEN_LOOKS = 10_000  # virtual machine steps
WHOLE_S = 60.0  # the longest look at every page; a start must not hang on a large file


def damage_of(path: Path, whole: bool = False) -> str | None:
    """Why the database at `path` cannot be trusted; None where it can, where there is none, or where only the disk or a
    lock keeps us from telling. `whole`: there is reason for doubt, so read every page; what takes more than a minute
    stays in doubt.
    """
    try:
        if not path.exists() or path.stat().st_size == 0:
            return None
        if (cut := _cut_off(path)) is not None:
            return cut
        with closing(sqlite3.connect(path, timeout=1.0, isolation_level=None)) as connection:
            return _look(connection, whole)
    except sqlite3.DatabaseError as error:
        return str(error) if is_damage(error) else None
    except OSError as error:
        log.warning("%s cannot be looked at (%s)", path, error)
        return None


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file is no database, or a broken one."""
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "").startswith(DAMAGED)


def move_aside(path: Path, now_ms: int) -> Path:
    """Rename the database with its WAL, and answer its new name; the names belong together, so it stays readable."""
    at = datetime.fromtimestamp(now_ms / 1000, UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.damaged-{at}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged-{at}-{number}")
    for companion in reversed(COMPANIONS):
        found = path.with_name(path.name + companion)
        if found.exists():
            found.rename(aside.with_name(aside.name + companion))
    return aside


def _cut_off(path: Path) -> str | None:
    """A file shorter than its own header says has lost its end. (In WAL mode the header may lag behind, never lead.)"""
    with path.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(MAGIC):
        return "the file does not begin as a database does"
    page_bytes = int.from_bytes(header[16:18], "big")
    page_bytes = 65_536 if page_bytes == 1 else page_bytes
    pages = int.from_bytes(header[28:32], "big")
    length = path.stat().st_size
    wal = path.with_name(path.name + "-wal")
    if length < pages * page_bytes and not (wal.exists() and wal.stat().st_size):
        return f"the file has lost its end: {length:,} bytes of {pages * page_bytes:,}"
    return None


def _look(connection: sqlite3.Connection, whole: bool) -> str | None:
    if whole:
        return _check_every_page(connection)
    tables = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND rootpage > 0").fetchall()
    for name, sql in tables:
        quoted = '"' + name.replace('"', '""') + '"'
        keys = primary_key(connection, name) if "WITHOUT ROWID" in (sql or "").upper() else ["rowid"]
        for direction in ("ASC", "DESC"):
            order = ", ".join(f'"{key}" {direction}' for key in keys)
            connection.execute(f"SELECT * FROM {quoted} ORDER BY {order} LIMIT 1").fetchall()  # noqa: S608 - names of the schema
    return None


def _check_every_page(connection: sqlite3.Connection) -> str | None:
    until = time.monotonic() + WHOLE_S
    connection.set_progress_handler(lambda: int(time.monotonic() > until), STEPS_BETWEEN_LOOKS)
    try:
        said = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]  # quick_check skips indexes
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return f"too large to be read whole within {WHOLE_S:.0f} s"
    return None if said == "ok" else str(said)


def primary_key(connection: sqlite3.Connection, table: str) -> list[str]:
    """The columns of a table's primary key, in their order."""
    rows = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,))
    return [row[0] for row in rows]
