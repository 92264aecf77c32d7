"""Opens the database and brings its schema up to date.

StorageUnusable (Exception)   the daemon cannot keep anything here; the text says what to do (exit code 2)
  StorageNotNow               only now: the disk is full or failing, or another program holds the file; worth waiting
  SchemaTooNew                a newer version of this program has used the database
  MigrationChanged            a migration that was already applied reads differently now
"""

import errno
import hashlib
import logging
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from store.blame import is_damaged, is_locked, writer_of

log = logging.getLogger(__name__)

MIGRATIONS = Path(__file__).resolve().parents[1] / "migrations"
BUSY_TIMEOUT_MS = 1_000
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
PROBE_BYTES = 65_536

SqlValue = str | int | float | bytes | None
SQLITE_VERSION = sqlite3.sqlite_version
Connection = sqlite3.Connection  # for those who are handed one and must not open one


class StorageUnusable(Exception):
    """Nothing can be kept in this data folder; the text says why and what to do."""


class StorageNotNow(StorageUnusable):
    """The disk is full or failing, or somebody holds the database: the same may succeed later."""


class SchemaTooNew(StorageUnusable):
    """The database was migrated by a newer version of this program, which an older one must not touch."""


class MigrationChanged(StorageUnusable):
    """An applied migration differs from the file of that number, so the schema on disk is not the one we expect."""


class Migration(Struct, frozen=True):
    """One step of the schema. `checksum` is of the text, so that an edit after the fact is noticed."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(folder: Path) -> list[Migration]:
    """The migrations `NNN_what.sql` of a folder; their numbers must run 1, 2, 3, …"""
    found = []
    for path in sorted(folder.glob("*.sql")):
        number, _, name = path.stem.partition("_")
        found.append(Migration(int(number), name, path.read_text(encoding="utf-8")))
    if [each.version for each in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"{folder}: migrations are not numbered 1, 2, 3, …: {[each.version for each in found]}")
    return found


SCHEMA = load_migrations(MIGRATIONS)


def connect(path: Path) -> sqlite3.Connection:
    """A connection for reading and writing, in autocommit mode; raise StorageUnusable if the file cannot serve.

    The connection may move to another thread, but belongs to one at a time. Checkpoints are left to its owner
    (`wal_autocheckpoint` is off), so that a commit never does their work as well.
    """
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_MS / 1000
        )
    except sqlite3.Error as e:
        raise _unusable(f"{path} cannot be opened", path, e) from e
    try:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # only heeded before the first table
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute("PRAGMA temp_store = MEMORY")  # also of a statement's undo, which else becomes a file
        connection.execute("PRAGMA secure_delete = OFF")  # Debian's SQLite zeroes what it deletes: twice the pages
        connection.execute("PRAGMA journal_size_limit = 67108864")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as e:
        connection.close()
        raise _unusable(f"{path} cannot be used", path, e) from e
    return connection


def _unusable(failed: str, path: Path, error: sqlite3.Error) -> StorageUnusable:
    """The error to raise: what failed and why, whether waiting may help, and the remedy."""
    said = f"{failed} ({getattr(error, 'sqlite_errorname', 'SQLITE_ERROR')}: {error})"
    if is_locked(error):
        return StorageNotNow(f"{said}; {writer_of(path) or 'another program holds it'}: end that program")
    if is_damaged(error):
        return StorageUnusable(
            f"{said}; move the file aside: a new one is started, and `salvage` reads what is left of the old one"
        )
    if getattr(error, "sqlite_errorname", "").startswith(("SQLITE_FULL", "SQLITE_IOERR")) or _no_room(path.parent):
        return StorageNotNow(f"{said}; the disk is full or failing: free some space")
    return StorageUnusable(f"{said}; does the folder exist, and may we write to the file and its folder?")


def _no_room(folder: Path) -> bool:
    """Whether we may write there, but the disk does not take it. SQLite says "cannot open" to this as well."""
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(PROBE_BYTES))
    except OSError as e:
        return e.errno in NO_ROOM
    return False


def migrate(connection: sqlite3.Connection, now_ms: int, schema: Sequence[Migration] = SCHEMA) -> int:
    """Apply what is missing and return the schema's version.

    Each migration commits together with its row in `schema_version`, or not at all. Raises SchemaTooNew,
    MigrationChanged, StorageNotNow, or StorageUnusable if a step fails.
    """
    step = "the look at the schema"
    try:
        is_new = connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone() == (0,)
        converted = False
        for migration in schema:
            step = f"migration {migration.version} ({migration.name})"
            with _transaction(connection):
                applied = _apply(connection, migration, known=schema[-1].version, now_ms=now_ms, told=not is_new)
            converted |= applied and not is_new
        if converted:  # a large table is in the WAL now, and nobody waits for the writer yet
            step = "the checkpoint after the migrations"
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as e:
        path = Path(connection.execute("SELECT file FROM pragma_database_list").fetchone()[0])
        raise _unusable(f"{step} failed and changed nothing", path, e) from e
    return schema[-1].version


def _apply(connection: sqlite3.Connection, migration: Migration, known: int, now_ms: int, told: bool) -> bool:
    """One step, inside a transaction; False if it was there already."""
    applied = _applied(connection)
    newest = max(applied, default=0)
    if newest > known:
        raise SchemaTooNew(f"the database has schema {newest}, this program knows {known}; run the newer program")
    if migration.version in applied:
        if applied[migration.version] != migration.checksum:
            raise MigrationChanged(
                f"migration {migration.version} ({migration.name}) is applied, but its file has changed since; "
                "restore the file and put the change into a new migration"
            )
        return False
    if told:
        log.warning("bringing the database to schema %d; a large one takes a while", migration.version)
    for statement in statements(migration.sql):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO schema_version (version, name, checksum, applied_ms) VALUES (?, ?, ?, ?)",
        (migration.version, migration.name, migration.checksum, now_ms),
    )
    return True


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _applied(connection: sqlite3.Connection) -> dict[int, str]:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_version ("
        "version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_ms INTEGER NOT NULL)"
    )
    return dict(connection.execute("SELECT version, checksum FROM schema_version"))


def statements(script: str) -> Iterator[str]:
    """The statements of a script one by one, so that they can share one transaction (`executescript` commits first)."""
    *ended, rest = script.split(";")
    begun = ""
    for part in ended:
        begun += part + ";"
        if sqlite3.complete_statement(begun):
            yield begun
            begun = ""
    if (begun + rest).strip():
        yield begun + rest
