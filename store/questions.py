"""Questions to the database beside recording: off the event loop, read-only, few at a time, each with a deadline.

Every question has a connection of its own and reads in autocommit mode, so that none pins the WAL for longer than its
longest statement; and no statement outlives the deadline, or by much whoever asked: a stop would wait for its thread.

NoAnswer (Exception)   the database could not be asked
  TooBusy              too many questions wait already
  TooSlow              the question did not end in time and was ended
"""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

AT_ONCE = 2
WAITING_MAX = 32
DEADLINE_S = 5.0  # of real time: a thread is busy for as long
STEPS_A_LOOK = 20_000  # of SQLite's machine, between two looks at the time: some ms
CACHE_KB = 1_024


class NoAnswer(Exception):
    """The database could not be asked; the text says why."""


class TooBusy(NoAnswer):
    """Too many questions wait for an answer."""


class TooSlow(NoAnswer):
    """The question took longer than its deadline and was ended."""


class Questions:
    """`ask(question)` runs `question(connection)` in a thread; at most `AT_ONCE` run and `WAITING_MAX` wait."""

    def __init__(self, path: Path, deadline_s: float = DEADLINE_S) -> None:
        self._path = path
        self._deadline_s = deadline_s
        self._turn = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    async def ask(self, question: Callable[[sqlite3.Connection], T]) -> T:
        """The answer; raise NoAnswer where there is none in time, or nothing to read."""
        if self._waiting >= WAITING_MAX:
            raise TooBusy(f"{WAITING_MAX} questions wait already")
        self._waiting += 1
        over = threading.Event()
        try:
            async with self._turn:
                return await asyncio.to_thread(self._answer, question, over)
        finally:
            over.set()
            self._waiting -= 1

    def _answer(self, question: Callable[[sqlite3.Connection], T], over: threading.Event) -> T:
        until_s = time.monotonic() + self._deadline_s
        try:
            with closing(self._connect()) as connection:
                connection.execute(f"PRAGMA cache_size = -{CACHE_KB}")
                connection.set_progress_handler(lambda: over.is_set() or time.monotonic() > until_s, STEPS_A_LOOK)
                return question(connection)
        except sqlite3.Error as e:
            if getattr(e, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
                raise TooSlow(f"no answer within {self._deadline_s:g} s") from e
            raise NoAnswer(f"{self._path.name} cannot be read: {e}") from e

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
