"""A hot copy of the database: consistent while the daemon writes, and checked before it counts as one.

The copy is one snapshot: the source is held in a read transaction, so that what is written meanwhile neither gets in
nor makes the copy start anew. It becomes `target` once it has passed `integrity_check` and holds every row of the
snapshot.

BackupFailed (Exception)   there is no copy; the text says why and what to do
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from msgspec import Struct

PAGES_A_STEP = 4_096
BUSY_S = 5.0

Progress = Callable[[int, int], None]  # pages left, pages in all


class BackupFailed(Exception):
    """There is no copy."""


class Copy(Struct, frozen=True):
    """What was copied, and found there again."""

    bytes: int
    rows: Mapping[str, int]


def back_up(source: Path, target: Path, progress: Progress, pages_a_step: int = PAGES_A_STEP) -> Copy:
    """Copy the database at `source` to the new file `target`; raise BackupFailed. Any process may do it."""
    if target.exists():
        raise BackupFailed(f"{target} exists already; give the copy a name of its own")
    if not source.exists():
        raise BackupFailed(f"{source} does not exist; has the daemon run with this --data?")
    part = target.with_name(f".{target.name}.part")
    try:
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True, timeout=BUSY_S)) as connection:
            connection.execute("BEGIN")
            rows = counts(connection)
            with closing(sqlite3.connect(part)) as copy:
                connection.backup(copy, pages=pages_a_step, progress=lambda _, left, total: progress(left, total))
                _check(copy, rows)
        _sync(part)
        part.replace(target)
        _sync(target.parent)
    except (sqlite3.Error, OSError) as e:
        raise BackupFailed(f"{source} could not be copied to {target}: {e}") from e
    finally:
        part.unlink(missing_ok=True)
    return Copy(target.stat().st_size, rows)


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """Rows in every table; within a transaction, of one snapshot."""
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")]
    return {
        name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608 - names of the schema
        for name in names
    }


def _check(copy: sqlite3.Connection, rows: Mapping[str, int]) -> None:
    copy.execute("PRAGMA journal_mode = DELETE")  # one file, without companions
    said = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if said != "ok":
        raise BackupFailed(f"the copy is not sound ({said}): the database itself may be damaged; see `salvage`")
    found = counts(copy)
    if found != rows:
        missing = {name: (count, found.get(name)) for name, count in rows.items() if found.get(name) != count}
        raise BackupFailed(f"the copy lacks rows (table: in the source, in the copy): {missing}")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
