"""The single writer: one thread, one connection, a bounded inbox, commits of many operations at a time.

Order: the inbox is FIFO, so what is queued after a flush sees that flush; urgent work overtakes everything that waits
and commits at once. Full policy: `offer` is refused while the inbox holds its bound (in rows); `run` is not bounded,
because its caller waits for the answer.

Time: a transaction takes up no new operation after 3 ms, and long work comes in slices of about that. The writer alone
checkpoints, passively, so neither a reader nor a checkpoint ever blocks the other. A reader that stays in one old state
keeps the WAL growing: that is said in `warnings`, with its name, and ends when the reader does or the disk is full.

Failure: a bad row or operation costs only itself (a batch that fails is rolled back and replayed one savepoint an
operation; work may therefore run twice, and only its last run counts). A full, failing or locked disk costs nothing:
the batch is kept and tried again with growing pauses, `fault` says why. Anything else is a bug, and a database that was
deleted or replaced under us counts as one: `fatal` is set, every waiting caller is told, the thread ends, and recording
must end with it.

WriterGone (Exception)   the writer has ended (closed, or fatal); the work was not committed
"""

import asyncio
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from config.clock import Clock
from config.settings import Writing
from store.blame import is_damaged, is_environmental, is_locked, writer_of
from store.checkpoint_pace import CheckpointPace
from store.database import StorageUnusable, connect, migrate
from store.disk_gauge import DiskGauge
from store.inbox import Inbox, Job, Waiting, Work, tell
from store.place import Place
from store.rows import Rows, execute

__all__ = ["DatabaseWriter", "Rows", "Work", "WriterGone", "is_environmental"]

log = logging.getLogger(__name__)
T = TypeVar("T")

RETRY_FIRST_S = 0.05
RETRY_CAP_S = 5.0
BUSY_TRIES = 3  # a lock that outlives this many tries (each up to the busy timeout) counts as a fault
DRAIN_DEADLINE_S = 10.0  # how long leaving waits for a disk that can't take the rest
SLICE_S = 0.003  # a transaction that has lasted this long takes up nothing more; also for long work in steps
ROWS_A_PAGE = 50  # of one-second candles
IDLE_S = 1.0
# For `sys.setswitchinterval`, a tenth of its default: beside a busy loop the writer waits so long for each statement.
SWITCH_S = 0.000_5
BAD_ROWS_SHOWN = 10

BAD_VALUES = (sqlite3.Error, OverflowError, ValueError, TypeError)  # what binding or inserting a row may raise


class WriterGone(Exception):
    """The writer has ended; the work was not committed."""


class DatabaseWriter:
    """Owns the only connection that writes. A context manager: entering starts the thread, leaving drains and closes.

    `queue_size` is rows accepted and not yet committed. `dropped` counts rows given up on leaving, `failed` rows and
    operations that could never be stored. `fault` is why commits fail now, and who is in the way where that is known;
    None while they don't. `warnings` are troubles that cost nothing yet, each with its remedy. The `…_ms_p99` are over
    the last 500. All are safe to read from any thread.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, clock: Clock, settings: Writing) -> None:
        self._path = path
        self._connection = connection
        self._clock = clock
        self._inbox = Inbox(settings)
        self._gauge = DiskGauge(path)
        self._pace = CheckpointPace()
        self._place = Place(path)
        self._lock = threading.Lock()
        self._give_up_at: float | None = None
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
        self._batch: Sequence[Job] = ()
        self._watchers: list[Waiting] = []
        self._checkpointed_at = connection.total_changes
        self._scattered = 0  # rows since then that had a page of their own
        self._synced = False  # whether commits are synced now
        self._wal_synced = False  # for the checkpoint that is due
        self._failing = 0  # of the transaction that runs
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
        return self.fatal is None and self._inbox.put(Job(work, weight, None), bounded=True)

    async def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False, *, scattered: bool = False) -> T:
        """Run `work` in a transaction and return its result once that is committed.

        `scattered` work changes a page with every row; a checkpoint follows sooner, so that it stays short.
        What `work` raises is raised here, after everything it wrote is undone. It must touch nothing but the
        connection, because it may run twice. Raises WriterGone if the writer ends first. Cancelling the wait does not
        take the work back.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._lock:
            alive = self.fatal is None and self._thread.is_alive()
            if not (alive and self._inbox.put(Job(work, 1, (loop, future), urgent, scattered))):
                raise self._gone() from self.fatal
        return await future

    async def watch(self) -> None:
        """Wait for ever; raise WriterGone when the thread dies of a bug."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self.fatal is not None:
                raise self._gone() from self.fatal
            self._watchers.append((loop, future))
        await future

    def close(self) -> None:
        """Commit what waits, checkpoint, close; if the disk refuses for 10 s, give up and say what is lost."""
        self._give_up_at = time.monotonic() + DRAIN_DEADLINE_S
        self._inbox.close()
        if self._thread.is_alive():
            self._thread.join()
        elif self._thread.ident is None:  # never entered
            self._connection.close()

    @property
    def queue_size(self) -> int:
        return self._inbox.rows

    @property
    def healthy(self) -> bool:
        return self.fault is None and self.fatal is None

    @property
    def warnings(self) -> tuple[str, ...]:
        return self._gauge.warnings

    @property
    def commit_ms_p99(self) -> float:
        return self._gauge.commits.p99_ms

    @property
    def checkpoint_ms_p99(self) -> float:
        return self._gauge.checkpoints.p99_ms

    @property
    def wal_bytes(self) -> int:
        return self._gauge.wal_bytes

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while (batch := self._inbox.take(IDLE_S)) is not None:
                self._batch = batch
                if batch:
                    self._inbox.put_back(batch[self._commit(batch) :])
                    self._checkpoint(self._pace.due(self._inbox.rows))
                else:
                    self._checkpoint(1)
                self._batch = ()
            self._finish()
        except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for a dead thread
            self._die(error)
        finally:
            self._connection.close()

    def _commit(self, batch: Sequence[Job]) -> int:
        """Commit the first jobs of the batch, as many as there is time for, however long the disk refuses.

        Returns how many are done with. Gives up, on all, only after `close` has waited long enough.
        """
        tries, pause_s = 0, RETRY_FIRST_S
        while True:
            self._gauge.begin()
            try:
                done = batch[: self._attempt(batch)]
                break
            except sqlite3.Error as error:
                self._gauge.end(None)
                self._roll_back()
                if not is_environmental(error):
                    raise
                tries += 1
                if not (is_locked(error) and tries < BUSY_TRIES):
                    self._blame(error)
                if self._give_up_at is not None and time.monotonic() >= self._give_up_at:
                    self._abandon(batch)
                    return len(batch)
                self._inbox.pause(pause_s, closing_s=RETRY_FIRST_S)
                pause_s = min(pause_s * 2, RETRY_CAP_S)
        self._gauge.end(self._gauge.commits)
        if self.fault is not None:
            log.warning("the database takes writes again, after %d tries", tries)
        self.fault = None
        self.last_commit_ms = self._clock.now_ms()
        self._inbox.done(done)
        for job in done:
            job.answer()
        return len(done)

    def _attempt(self, batch: Sequence[Job]) -> int:
        """One transaction for the first jobs of the batch, until its time is up; returns how many those were.

        If a Rows fails, again with a savepoint each and row by row. Urgent work survives a power cut as soon as it is
        committed: an alert that was sent must not be forgotten. The rest does from the next checkpoint on.
        """
        if batch[0].urgent is not self._synced:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if batch[0].urgent else 'NORMAL'}")
            self._synced = batch[0].urgent
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            done = self._work_through(batch, partial(execute, self._connection))
        except BAD_VALUES as error:
            if is_environmental(error) or is_damaged(error):
                raise
            self._roll_back()
            self._connection.execute("BEGIN IMMEDIATE")
            done = self._work_through(batch, self._one_by_one)
        self._connection.execute("COMMIT")
        self.failed += self._failing
        return done

    def _work_through(self, batch: Sequence[Job], store: Callable[[Rows], None]) -> int:
        until = time.monotonic() + SLICE_S
        self._failing = 0
        for done, job in enumerate(batch, start=1):
            if isinstance(job.work, Rows):
                store(job.work)
            else:
                self._call(job)
            if time.monotonic() > until:
                return done
        return len(batch)

    def _call(self, job: Job) -> None:
        """Run a caller's function in a savepoint of its own; what it raises is the caller's."""
        connection = self._connection
        connection.execute("SAVEPOINT work")
        assert not isinstance(job.work, Rows)
        job.error = None
        changes = connection.total_changes
        try:
            job.result = job.work(connection)
            self._scattered += job.scattered * (connection.total_changes - changes)
        except Exception as error:
            if is_environmental(error) or is_damaged(error):
                raise
            connection.execute("ROLLBACK TO work")
            job.error = error
            if job.waiting is None:
                self._failing += 1
                log.exception("an operation could not be stored")
        connection.execute("RELEASE work")

    def _one_by_one(self, work: Rows) -> None:
        """Keep the good rows; log the bad ones with their values, and count them."""
        bad = 0
        for row in work.rows:
            try:
                self._connection.execute(work.sql, row)
            except BAD_VALUES as error:
                if is_environmental(error) or is_damaged(error):
                    raise
                bad += 1
                if bad <= BAD_ROWS_SHOWN:
                    log.error("a row could not be stored (%s): %r in %s", error, row, " ".join(work.sql.split()))  # noqa: TRY400
        if bad > BAD_ROWS_SHOWN:
            log.error("%d more rows of the same statement could not be stored", bad - BAD_ROWS_SHOWN)
        self._failing += bad

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite ends it by itself after some errors
            self._connection.execute("ROLLBACK")

    def _blame(self, error: sqlite3.Error) -> None:
        reason = f"{error.sqlite_errorname}: {error}"
        if is_locked(error) and (holder := writer_of(self._path)):
            reason += f", {holder}"
        if self.fault is None:
            log.error("the database takes no writes (%s); they are kept and tried again", reason)
        self.fault = reason

    def _abandon(self, batch: Sequence[Job]) -> None:
        """On leaving, with a disk that still refuses."""
        lost = [*batch, *self._inbox.empty()]
        self._inbox.done(lost)
        rows = sum(job.weight for job in lost)
        self.dropped += rows
        log.error("%d rows are lost: the database took no writes until the end (%s)", rows, self.fault)
        for job in lost:
            job.error = WriterGone(f"the database took no writes: {self.fault}")
            job.answer()

    def _checkpoint(self, changes: int) -> None:
        """Move what is committed from the WAL into the database, if that is at least so many rows; blocks no one.

        In two slices, for half of it is the sync of the WAL: what waits is served between the two.
        """
        rows = self._connection.total_changes - self._checkpointed_at + self._scattered * (ROWS_A_PAGE - 1)
        if rows < changes:
            return
        self._place.check()
        if not self._wal_synced:
            self._gauge.begin()
            sync(self._path.with_name(self._path.name + "-wal"))
            self._gauge.end(self._gauge.checkpoints)
            self._wal_synced = True
            if self._inbox.waits():
                return
        began = time.monotonic()
        self._gauge.begin()
        try:
            _, frames, moved = self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except sqlite3.Error as error:
            self._gauge.end(None)
            if not is_environmental(error):
                raise
            self._gauge.checkpoint_failed(str(error))
        else:
            self._gauge.end(self._gauge.checkpoints)
            if moved == frames:  # else a reader was in the way
                self._pace.note(rows, time.monotonic() - began)
            self._gauge.checkpointed(whole=moved == frames)
        self._checkpointed_at = self._connection.total_changes
        self._scattered = 0
        self._wal_synced = False

    def _finish(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            log.warning("the last checkpoint is left to the next start: %s", error)

    def _die(self, error: BaseException) -> None:
        log.critical("the database writer died of a bug", exc_info=error)
        with self._lock:
            self.fatal = error
            self._inbox.close()
            jobs = [*self._batch, *self._inbox.empty()]
            waiting = [job.waiting for job in jobs if job.waiting is not None] + self._watchers
        gone = self._gone()
        gone.__cause__ = error
        for each in waiting:
            tell(each, None, gone)

    def _gone(self) -> WriterGone:
        """Always with the reason: this text may be all that is known of the run's end."""
        if self.fatal is None:
            return WriterGone("the database writer is not running")
        return WriterGone(f"the database writer died: {self.fatal!r}")


def sync(path: Path) -> None:
    """Let the disk take what was written to the file. SQLite does so itself again: where this fails it will say so."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fdatasync(descriptor)
    except OSError as error:
        log.debug("%s could not be synced (%s)", path, error)
    finally:
        os.close(descriptor)
