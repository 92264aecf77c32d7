"""The single writer: one thread, one connection, a bounded inbox, commits of many operations at a time.

Order: the inbox is FIFO, so what is queued after a flush sees that flush; urgent work overtakes everything that waits
and commits at once. Full policy: `offer` is refused while the inbox holds its bound (in rows); `run` is not bounded,
because its caller waits for the answer.

Failure: a bad row or operation costs only itself (a batch that fails is rolled back and replayed one savepoint an
operation; work may therefore run twice, and only its last run counts). A full, failing or locked disk costs nothing:
the batch is kept and tried again with growing pauses, `fault` says why. Anything else is a bug: `fatal` is set, every
waiting caller is told, the thread ends, and recording must end with it.

WriterGone (Exception)   the writer has ended (closed, or fatal); the work was not committed
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

from config.clock import Clock
from config.settings import Writing
from store.database import StorageUnusable, connect, migrate
from store.rows import Rows, execute

__all__ = ["DatabaseWriter", "Rows", "Work", "WriterGone", "is_environmental"]

log = logging.getLogger(__name__)
T = TypeVar("T")

Work = Rows | Callable[[sqlite3.Connection], Any]  # Any: the result belongs to whoever asked

RETRY_FIRST_S = 0.05
RETRY_CAP_S = 5.0
BUSY_TRIES = 3  # a lock that outlives this many tries (each up to the busy timeout) counts as a fault
DRAIN_DEADLINE_S = 10.0  # how long leaving waits for a disk that can't take the rest
CHECKPOINT_CHANGES = 5_000  # rows between two checkpoints when nothing waits: about 0.5 MB of WAL …
CHECKPOINT_CHANGES_BUSY = 40_000  # … and when something does
IDLE_S = 1.0
BAD_ROWS_SHOWN = 10

DISK_TROUBLE = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOMEM", "SQLITE_PERM")
LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
BAD_VALUES = (sqlite3.Error, OverflowError, ValueError, TypeError)  # what binding or inserting a row may raise


class WriterGone(Exception):
    """The writer has ended; the work was not committed."""


def is_locked(error: BaseException) -> bool:
    return _named(error, LOCKED)


def is_environmental(error: BaseException) -> bool:
    """Whether the disk or a lock is to blame, so that the same work may succeed later."""
    return _named(error, LOCKED) or _named(error, DISK_TROUBLE)


def _named(error: BaseException, names: tuple[str, ...]) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "").startswith(names)


Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Future[Any]]


class _Job:
    """One operation in the inbox, and who waits for it (None: nobody)."""

    __slots__ = ("error", "result", "waiting", "weight", "work")

    def __init__(self, work: Work, weight: int, waiting: Waiting | None) -> None:
        self.work = work
        self.weight = weight
        self.waiting = waiting
        self.result: Any = None
        self.error: BaseException | None = None

    def answer(self) -> None:
        if self.waiting is not None:
            _tell(self.waiting, self.result, self.error)


def _tell(waiting: Waiting, result: object, error: BaseException | None) -> None:
    """Settle a future on its own loop, from any thread."""
    loop, future = waiting
    try:
        loop.call_soon_threadsafe(_settle, future, result, error)
    except RuntimeError:  # the loop is closed: nobody waits any more
        log.debug("an answer of the writer came after its loop had closed")


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


class DatabaseWriter:
    """Owns the only connection that writes. A context manager: entering starts the thread, leaving drains and closes.

    `queue_size` is rows accepted and not yet committed. `dropped` counts rows given up on leaving, `failed` rows and
    operations that could never be stored. `fault` is why commits fail now, None while they don't. `commit_ms_p99` is
    over the last 500 commits. All are safe to read from any thread.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Clock, settings: Writing) -> None:
        self._path = path
        self._connection = connection
        self._clock = clock
        self._settings = settings
        self._changed = threading.Condition()
        self._inbox: deque[_Job] = deque()
        self._urgent: deque[_Job] = deque()
        self._queued = 0
        self._waiting_rows = 0
        self._closing = False
        self._give_up_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._batch: list[_Job] = []
        self._watchers: list[Waiting] = []
        self._durations_ms: deque[float] = deque(maxlen=500)
        self._checkpointed_at = connection.total_changes
        self.failed = 0
        self.dropped = 0
        self.last_commit_ms: int | None = None
        self.fault: str | None = None
        self.fatal: BaseException | None = None

    @classmethod
    def open(cls, path: Path, clock: Clock, settings: Writing) -> Self:
        """Open and migrate the database; raise StorageUnusable if it can't serve. Enter the result to start it."""
        connection = connect(path)
        try:
            migrate(connection, clock.now_ms())
        except StorageUnusable:
            connection.close()
            raise
        return cls(path, connection, clock, settings)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what the loop's side calls ---------------------------------------------------------------------------------

    def offer(self, work: Work, weight: int | None = None) -> bool:
        """Queue `work` if there is room; its outcome is only counted and logged. `weight` is in rows.

        An empty inbox takes anything, so that one large batch can't be refused for ever.
        """
        if weight is None:
            weight = len(work.rows) if isinstance(work, Rows) else 1
        with self._changed:
            full = self._queued > 0 and self._queued + weight > self._settings.inbox
            if self._closing or self.fatal is not None or full:
                return False
            self._put(self._inbox, _Job(work, weight, None))
            return True

    async def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False) -> T:
        """Run `work` in a transaction and return its result once that is committed.

        What `work` raises is raised here, after everything it wrote is undone. It must touch nothing but the
        connection, because it may run twice. Raises WriterGone if the writer ends first. Cancelling the wait does not
        take the work back.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._changed:
            if self._closing or self.fatal is not None or not self._thread.is_alive():
                raise WriterGone("the database writer is not running") from self.fatal
            self._put(self._urgent if urgent else self._inbox, _Job(work, 1, (loop, future)))
        return await future

    async def watch(self) -> None:
        """Wait for ever; raise WriterGone when the thread dies of a bug."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._changed:
            if self.fatal is not None:
                raise WriterGone(f"the database writer died: {self.fatal!r}") from self.fatal
            self._watchers.append((loop, future))
        await future

    def close(self) -> None:
        """Commit what waits, checkpoint, close; if the disk refuses for 10 s, give up and say what is lost."""
        with self._changed:
            self._closing = True
            self._give_up_at = time.monotonic() + DRAIN_DEADLINE_S
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()
        elif self._thread.ident is None:  # never entered
            self._connection.close()

    @property
    def queue_size(self) -> int:
        return self._queued

    @property
    def healthy(self) -> bool:
        return self.fault is None and self.fatal is None

    @property
    def commit_ms_p99(self) -> float:
        with self._changed:
            durations = sorted(self._durations_ms)
        return durations[min(len(durations) - 1, int(len(durations) * 0.99))] if durations else 0.0

    @property
    def wal_bytes(self) -> int:
        try:
            return self._path.with_name(self._path.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    def _put(self, lane: deque[_Job], job: _Job) -> None:
        lane.append(job)
        self._queued += job.weight
        if lane is self._inbox:
            self._waiting_rows += job.weight
        self._changed.notify_all()

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (batch := self._take()) is not None:
                self._batch = batch
                if batch:
                    self._commit(batch)
                    busy = bool(self._inbox or self._urgent)
                    self._checkpoint(CHECKPOINT_CHANGES_BUSY if busy else CHECKPOINT_CHANGES)
                else:
                    self._checkpoint(1)
                self._batch = []
            self._finish()
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for a dead thread
            self._die(error)
        finally:
            self._connection.close()

    def _take(self) -> list[_Job] | None:
        """The next batch: urgent work alone and at once, else what came within `batch_ms`.

        Empty: nothing came for a while. None: closing, and all is done.
        """
        with self._changed:
            while not (self._inbox or self._urgent):
                if self._closing:
                    return None
                if not self._changed.wait(IDLE_S):
                    return []
            deadline = time.monotonic() + self._settings.batch_ms / 1000
            while not (self._urgent or self._closing or self._waiting_rows >= self._settings.batch_rows):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            if self._urgent:
                batch = list(self._urgent)
                self._urgent.clear()
                return batch
            batch, rows = [], 0
            while self._inbox and rows < self._settings.batch_rows:
                job = self._inbox.popleft()
                batch.append(job)
                rows += job.weight
            self._waiting_rows -= rows
            return batch

    def _commit(self, batch: Sequence[_Job]) -> None:
        """Commit the batch, however long the disk refuses; give up only after `close` has waited long enough."""
        tries, pause_s = 0, RETRY_FIRST_S
        while True:
            started = time.monotonic()
            try:
                self._attempt(batch)
                break
            except sqlite3.Error as error:
                self._roll_back()
                if not is_environmental(error):
                    raise
                tries += 1
                if not (is_locked(error) and tries < BUSY_TRIES):
                    self._blame(error)
                if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
                    self._abandon(batch)
                    return
                self._pause(pause_s)
                pause_s = min(pause_s * 2, RETRY_CAP_S)
        if self.fault is not None:
            log.warning("the database takes writes again, after %d tries", tries)
        with self._changed:
            self.fault = None
            self.last_commit_ms = self._clock.now_ms()
            self._durations_ms.append((time.monotonic() - started) * 1000)
            self._queued -= sum(job.weight for job in batch)
        for job in batch:
            job.answer()

    def _pause(self, seconds: float) -> None:
        """Wait for the disk; `close` cuts a long wait short."""
        with self._changed:
            if self._closing:
                self._changed.wait(RETRY_FIRST_S)
            else:
                self._changed.wait_for(lambda: self._closing, seconds)

    def _attempt(self, batch: Sequence[_Job]) -> None:
        """One transaction for the whole batch; if a Rows fails, again with a savepoint each and row by row."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            for job in batch:
                if isinstance(job.work, Rows):
                    execute(connection, job.work)
                else:
                    self._call(job)
        except BAD_VALUES as error:
            if is_environmental(error) or _named(error, DAMAGED):
                raise
            self._roll_back()
            connection.execute("BEGIN IMMEDIATE")
            for job in batch:
                if isinstance(job.work, Rows):
                    self._one_by_one(job.work)
                else:
                    self._call(job)
        connection.execute("COMMIT")

    def _call(self, job: _Job) -> None:
        """Run a caller's function in a savepoint of its own; what it raises is the caller's."""
        connection = self._connection
        connection.execute("SAVEPOINT work")
        assert not isinstance(job.work, Rows)
        job.error = None
        try:
            job.result = job.work(connection)
        except Exception as error:
            if is_environmental(error) or _named(error, DAMAGED):
                raise
            connection.execute("ROLLBACK TO work")
            job.error = error
            if job.waiting is None:
                self.failed += 1
                log.exception("an operation could not be stored")
        connection.execute("RELEASE work")

    def _one_by_one(self, work: Rows) -> None:
        """Keep the good rows; log the bad ones with their values, and count them."""
        bad = 0
        for row in work.rows:
            try:
                self._connection.execute(work.sql, row)
            except BAD_VALUES as error:
                if is_environmental(error) or _named(error, DAMAGED):
                    raise
                bad += 1
                if bad <= BAD_ROWS_SHOWN:
                    log.error("a row could not be stored (%s): %r in %s", error, row, " ".join(work.sql.split()))  # noqa: TRY400
        if bad > BAD_ROWS_SHOWN:
            log.error("%d more rows of the same statement could not be stored", bad - BAD_ROWS_SHOWN)
        self.failed += bad

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite ends it by itself after some errors
            self._connection.execute("ROLLBACK")

    def _blame(self, error: sqlite3.Error) -> None:
        reason = f"{error.sqlite_errorname}: {error}"
        if self.fault is None:
            log.error("the database takes no writes (%s); they are kept and tried again", reason)
        self.fault = reason

    def _abandon(self, batch: Sequence[_Job]) -> None:
        """On leaving, with a disk that still refuses."""
        with self._changed:
            lost = [*batch, *self._urgent, *self._inbox]
            self._urgent.clear()
            self._inbox.clear()
            self._queued = 0
        rows = sum(job.weight for job in lost)
        self.dropped += rows
        log.error("%d rows are lost: the database took no writes until the end (%s)", rows, self.fault)
        for job in lost:
            job.error = WriterGone(f"the database took no writes: {self.fault}")
            job.answer()

    def _checkpoint(self, changes: int) -> None:
        """Move what is committed from the WAL into the database, if that is at least so many rows; blocks no one."""
        if self._connection.total_changes - self._checkpointed_at < changes:
            return
        try:
            self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        except sqlite3.Error as error:
            if not is_environmental(error):
                raise
            log.warning("a checkpoint had to wait: %s", error)
        self._checkpointed_at = self._connection.total_changes

    def _finish(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            log.warning("the last checkpoint is left to the next start: %s", error)

    def _die(self, error: BaseException) -> None:
        log.critical("the database writer died of a bug", exc_info=error)
        with self._changed:
            self.fatal = error
            waiting = [job.waiting for job in (*self._batch, *self._urgent, *self._inbox) if job.waiting is not None]
            waiting += self._watchers
        gone = WriterGone(f"the database writer died: {error!r}")
        gone.__cause__ = error
        for each in waiting:
            _tell(each, None, gone)
