"""Reads what can be read from a damaged database into a new one, table by table, and says what was lost.

A table is read along its key from both ends towards the damage. Between the two, each page is asked for by the keys at
its edges (`store/btree.py`), so that a damaged page costs its own rows and not those of its neighbours; a damaged
interior page costs what hangs below it. The damaged file is only read. A row whose bytes are wrong but well formed
can't be told from a right one.

SalvageFailed (Exception)   nothing can be read, or not all of it written; the text says why
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from store.blame import is_damaged, is_environmental
from store.btree import Key, Pages, Value, separators
from store.damage import COMPANIONS, primary_key
from store.database import SCHEMA, StorageUnusable, connect, migrate

STORED_AT_ONCE = 1_000
LATEST_MS = 2**43  # the year 2248; larger numbers are no times of ours
NOT_COPIED = ("schema_version", "sqlite_sequence", "sqlite_stat1")

Gap = tuple[Key | None, Key | None]  # between two keys; None: from the beginning, to the end
Tell = Callable[[str], None]


class SalvageFailed(Exception):
    """Nothing can be read from the file, or there is no room for what can."""


class _NotWritten(Exception):
    """The disk does not take the new database; no error of reading, which would count as damage."""


class Saved(Struct, frozen=True):
    """One table: rows that are in the new database, rows that its schema refused, and what could not be read."""

    table: str
    rows: int
    refused: int
    lost: tuple[str, ...]


def salvage(damaged: Path, target: Path, now_ms: int, tell: Tell) -> list[Saved]:
    """Read `damaged` into the new file `target`, which has the present schema; raise SalvageFailed.

    `tell` is given the name of each table before it is read, and what else a person should know.
    """
    if not damaged.exists():
        raise SalvageFailed(f"{damaged} does not exist")
    if target.exists():
        raise SalvageFailed(f"{target} exists already; move it away first")
    with closing(_open(damaged, tell)) as source, closing(Pages(damaged)) as pages:
        try:
            known = _columns(source)
        except sqlite3.Error as e:
            raise SalvageFailed(f"the list of tables cannot be read ({e}): nothing can be saved from {damaged}") from e
        try:
            with closing(connect(target)) as fresh:
                migrate(fresh, now_ms, SCHEMA)
                fresh.execute("PRAGMA foreign_keys = OFF")
                saved = list(_tables(source, pages, fresh, known, tell))
                fresh.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                fresh.execute("PRAGMA journal_mode = DELETE")
        except BaseException as e:  # what is not whole must not look as if it were, nor be in the way of another try
            for companion in COMPANIONS:
                target.with_name(target.name + companion).unlink(missing_ok=True)
            if not isinstance(e, sqlite3.Error | StorageUnusable | _NotWritten) or is_damaged(e):
                raise
            raise SalvageFailed(f"{target} cannot be written ({e}): is there room for it? Nothing is left of it") from e
    return saved


def _tables(
    source: sqlite3.Connection, pages: Pages, fresh: sqlite3.Connection, known: dict[str, list[str]], tell: Tell
) -> Iterator[Saved]:
    for table, columns in _columns(fresh).items():
        if table in NOT_COPIED:
            continue
        shared = [column for column in columns if column in known.get(table, ())]
        if shared:
            tell(table)
            yield _Table(source, pages, fresh, table, shared).save()
        else:
            yield Saved(table, 0, 0, ("the damaged database has no such table",))


def _open(path: Path, tell: Tell) -> sqlite3.Connection:
    """With its WAL where that can be read, without it otherwise."""
    connection = _forgiving(path, "mode=ro")
    try:
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as e:
        connection.close()
        tell(f"without its WAL ({e})")
        connection = _forgiving(path, "immutable=1")
    return connection


def _forgiving(path: Path, how: str) -> sqlite3.Connection:
    """A read-only connection that also opens a file which has lost its end: `writable_schema` lifts that refusal."""
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{how}", uri=True, isolation_level=None)
    connection.execute("PRAGMA writable_schema = ON")
    return connection


def _columns(connection: sqlite3.Connection) -> dict[str, list[str]]:
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return {
        name: [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))]
        for (name,) in tables
    }


class _Table:
    """One table on its way. Names come from our own schema."""

    def __init__(
        self,
        source: sqlite3.Connection,
        pages: Pages,
        fresh: sqlite3.Connection,
        table: str,
        columns: Sequence[str],
    ) -> None:
        self._source = source
        self._pages = pages
        self._fresh = fresh
        self._table = table
        # In the order of the damaged file, which may be of an older schema.
        sql = source.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
        self._keys = primary_key(source, table) if "WITHOUT ROWID" in sql.upper() else ["rowid"]
        self._width = len(columns)
        self._marks = ", ".join("?" * len(self._keys))
        names = ", ".join(f'"{column}"' for column in columns)
        self._key = ", ".join(f'"{key}"' for key in self._keys)
        self._select = f'SELECT {names}, {self._key} FROM "{table}"'  # noqa: S608
        self._insert = f'INSERT OR IGNORE INTO "{table}" ({names}) VALUES ({", ".join("?" * self._width)})'  # noqa: S608
        self._read_rows = 0
        self._refused = 0

    def save(self) -> Saved:
        self._fresh.execute("BEGIN")
        lost = self._everything()
        self._fresh.execute("COMMIT")
        stored = self._fresh.execute(f'SELECT count(*) FROM "{self._table}"').fetchone()[0]  # noqa: S608
        return Saved(self._table, stored, self._refused, tuple(self._between(low, high) for low, high in lost))

    def _everything(self) -> list[Gap]:
        """Save what can be read; answer the gaps that are left."""
        outer = self._between_ends(None, None)
        if outer is None:
            return []
        low, high = outer
        edges = [key for key in self._separators() if _inside(key, low, high)]
        for key in edges:
            self._read(f"({self._key}) = ({self._marks})", key, "ASC")  # a separator may be a row of its own
        gaps: list[Gap] = []
        for start, end in pairwise([low, *edges, high]):
            gap = self._between_ends(start, end)
            if gap is not None:
                touches = gaps and gaps[-1][1] is not None and gaps[-1][1] == gap[0]
                gaps[-1:] = [(gaps[-1][0], gap[1])] if touches else [*gaps[-1:], gap]
        return gaps

    def _between_ends(self, low: Key | None, high: Key | None) -> Gap | None:
        """Save what lies between two keys, from both ends towards the damage; None where there is none."""
        where, values = self._bounds(low, high)
        reached, done = self._read(where, values, "ASC")
        if done:
            return None
        low = reached or low
        where, values = self._bounds(low, high)
        reached, done = self._read(where, values, "DESC")
        return None if done else (low, reached or high)

    def _bounds(self, low: Key | None, high: Key | None) -> tuple[str, Key]:
        given = [(key, sign) for key, sign in ((low, ">"), (high, "<")) if key is not None]
        clauses = [f"({self._key}) {sign} ({self._marks})" for _, sign in given]
        return " AND ".join(clauses) or "1", tuple(value for key, _ in given for value in key)

    def _read(self, where: str, values: Key, direction: str) -> tuple[Key | None, bool]:
        """Read until the end or the damage: the last key read, and whether it was the end."""
        order = ", ".join(f'"{key}" {direction}' for key in self._keys)
        reached: Key | None = None
        try:
            for row in self._source.execute(f"{self._select} WHERE {where} ORDER BY {order}", values):
                self._store(row[: self._width])
                reached = row[self._width :]
        except sqlite3.DatabaseError:
            return reached, False
        return reached, True

    def _separators(self) -> list[Key]:
        root = self._source.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (self._table,)).fetchone()[0]
        return list(separators(self._pages, root, len(self._keys)))

    def _store(self, row: Key) -> None:
        """A row that the schema refuses was damaged in a way that shows."""
        self._read_rows += 1
        try:
            self._fresh.execute(self._insert, row)
        except (sqlite3.Error, OverflowError) as error:
            if is_environmental(error):
                raise _NotWritten(str(error)) from error
            self._refused += 1
        if self._read_rows % STORED_AT_ONCE == 0:
            try:
                self._fresh.execute("COMMIT")
                self._fresh.execute("BEGIN")
            except sqlite3.Error as error:
                raise _NotWritten(str(error)) from error

    def _between(self, low: Key | None, high: Key | None) -> str:
        """The last row before the gap and the first after it."""
        ends = [self._named(low) if low else "the beginning", self._named(high) if high else "the end"]
        return "rows between {} and {}".format(*ends)

    def _named(self, key: Key) -> str:
        return " ".join(f"{name}={_shown(name, value)}" for name, value in zip(self._keys, key, strict=True))


def _inside(key: Key, low: Key | None, high: Key | None) -> bool:
    """Whether a separator lies between two keys; damaged bytes may read as a key of another type."""
    try:
        return (low is None or low < key) and (high is None or key < high)
    except TypeError:
        return False


def _shown(name: str, value: Value) -> str:
    if name.endswith("_ms") and isinstance(value, int) and 0 <= value < LATEST_MS:
        return datetime.fromtimestamp(value / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return str(value)
