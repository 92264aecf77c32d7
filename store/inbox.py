"""Work on its way from the event loop to the writer's thread, and the answers on their way back.

Two lanes: the common one is FIFO and bounded in rows, the urgent one overtakes it and is not bounded, because whoever
uses it waits for the answer. All methods are safe from any thread.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from config.settings import Writing
from store.rows import Rows

log = logging.getLogger(__name__)

Work = Rows | Callable[[sqlite3.Connection], Any]  # Any: the result belongs to whoever asked
Waiting = tuple[asyncio.AbstractEventLoop, asyncio.Future[Any]]


class Job:
    """One operation, in which lane it came, and who waits for it (None: nobody)."""

    __slots__ = ("error", "result", "scattered", "urgent", "waiting", "weight", "work")

    def __init__(
        self, work: Work, weight: int, waiting: Waiting | None, urgent: bool = False, scattered: bool = False
    ) -> None:
        self.work = work
        self.weight = weight
        self.waiting = waiting
        self.urgent = urgent
        self.scattered = scattered
        self.result: Any = None
        self.error: BaseException | None = None

    def answer(self) -> None:
        if self.waiting is not None:
            tell(self.waiting, self.result, self.error)


class Inbox:
    """`rows` is what was put in and is not done with yet, also while a batch of it is being worked on."""

    def __init__(self, settings: Writing) -> None:
        self._settings = settings
        self._changed = threading.Condition()
        self._common: deque[Job] = deque()
        self._urgent: deque[Job] = deque()
        self._common_rows = 0
        self._common_since = 0.0
        self._hurry = False
        self.rows = 0
        self.closed = False

    def put(self, job: Job, bounded: bool = False) -> bool:
        """Queue a job; False once closed or, if it is `bounded`, when there is no room.

        An empty inbox takes anything, so that one large batch can't be refused for ever.
        """
        with self._changed:
            if self.closed or (bounded and self.rows > 0 and self.rows + job.weight > self._settings.inbox):
                return False
            idle = not (self._common or self._urgent)
            if not (job.urgent or self._common):
                self._common_since = time.monotonic()
            (self._urgent if job.urgent else self._common).append(job)
            self.rows += job.weight
            self._common_rows += 0 if job.urgent else job.weight
            if idle or job.urgent or self._common_rows >= self._settings.batch_rows:
                self._changed.notify_all()  # else whoever takes sleeps until the batch is due
            return True

    def take(self, idle_s: float) -> list[Job] | None:
        """The next batch: urgent work alone and at once, else what came within `batch_ms`, up to `batch_rows`.

        Empty: nothing came within `idle_s`. None: closed, and all is taken.
        """
        with self._changed:
            while not (self._common or self._urgent):
                if self.closed:
                    return None
                if not self._changed.wait(idle_s):
                    return []
            # From the first that waits, so that urgent work that keeps coming does not put the rest off for ever.
            deadline = self._common_since + self._settings.batch_ms / 1000
            while not (self._urgent or self._hurry or self.closed or self._common_rows >= self._settings.batch_rows):
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    break
            batch: list[Job] = []
            if self._urgent:
                batch.extend(self._urgent)
                self._urgent.clear()
                return batch
            rows = 0
            while self._common and rows < self._settings.batch_rows:
                job = self._common.popleft()
                batch.append(job)
                rows += job.weight
            self._common_rows -= rows
            self._hurry = False
            return batch

    def put_back(self, rest: Sequence[Job]) -> None:
        """The end of a batch that could not be worked on yet: it comes first in its lane, without waiting for more."""
        if not rest:
            return
        with self._changed:
            if rest[0].urgent:
                self._urgent.extendleft(reversed(rest))
                return
            self._common.extendleft(reversed(rest))
            self._common_rows += sum(job.weight for job in rest)
            self._hurry = True

    def done(self, jobs: Sequence[Job]) -> None:
        with self._changed:
            self.rows -= sum(job.weight for job in jobs)

    def empty(self) -> list[Job]:
        """Take out everything; for the end."""
        with self._changed:
            left = [*self._urgent, *self._common]
            self._urgent.clear()
            self._common.clear()
            self._common_rows = 0
            return left

    def waits(self) -> bool:
        return bool(self._common or self._urgent)

    def close(self) -> None:
        """Nothing more comes in; what is there can still be taken."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()

    def pause(self, seconds: float, closing_s: float) -> None:
        """Let time pass; `close` cuts a long pause short, and once closed a pause is at most `closing_s`."""
        with self._changed:
            if self.closed:
                self._changed.wait(min(seconds, closing_s))
            else:
                self._changed.wait_for(lambda: self.closed, seconds)


def tell(waiting: Waiting, result: object, error: BaseException | None) -> None:
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
