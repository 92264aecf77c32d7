"""An event loop that leaps over time in which nothing happens: minutes of waiting cost a moment, work takes no time.

Its clock all but stands while anything is ready; where nothing is, it does not wait for the next timer but is set to
it. So what is shown of real sockets and real deadlines needs no faster world and no luck: on a busy machine the test
takes longer, and nothing in it is late. What shall leap must take its time from the loop, as asyncio itself does; work
that shall last says so with `last`.

Threads live in the host's time: each leap leaves them a moment, and there is none while one of them works, waits for
a disk, or has only begun to look up a name.
"""

import asyncio
import contextlib
import os
import selectors
import threading
import time
from asyncio import SelectorEventLoop
from collections.abc import Callable
from concurrent.futures import Executor
from select import select
from typing import Any

TURN_S = 0.000_001  # a turn of the loop by its clock; else who waits for less than a float can add would do so for ever
MOMENT_S = 0.000_2  # of real time before each leap
ANSWER_S = 0.5  # of real time for a thread of `HOST_THREADS`, which waits for the system's word, not for ours
HOST_THREADS = ("resolver",)
WORK_S = 0.000_02  # of CPU: a thread that used more in a moment is at work


class LeapingLoop(SelectorEventLoop):
    """See the module; the clock is `time()`."""

    def __init__(self) -> None:
        self._now_s = time.monotonic()
        self.asked = 0  # calls in an executor that have not answered yet
        self._seen: dict[int | None, float] = {}  # threads that ask the system -> when they were first there
        super().__init__(_Selector(self))

    def time(self) -> float:
        return self._now_s

    def last(self, seconds: float) -> None:
        """What runs now lasts that long, and nobody else has his turn meanwhile."""
        self._now_s += seconds

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = super().run_in_executor(executor, func, *args)
        self.asked += 1
        future.add_done_callback(self._answered)
        return future

    def _answered(self, _: asyncio.Future[Any]) -> None:
        self.asked -= 1

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        """However long its threads take: Python 3.12 gives them five minutes, which this loop would leap over."""
        await super().shutdown_default_executor()

    def asks_the_system(self) -> bool:
        """Whether a thread waits for an answer of the system that may still come."""
        threads = {each.native_id for each in threading.enumerate() if each.name in HOST_THREADS}
        now_s = time.monotonic()
        self._seen = {each: self._seen.get(each, now_s) for each in threads}
        return any(now_s - since_s < ANSWER_S for since_s in self._seen.values())


class _Selector(selectors.DefaultSelector):
    def __init__(self, loop: LeapingLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; if there is nothing, a moment later it is the end of `timeout`, or still now."""
        self._loop.last(TURN_S)
        if timeout is None or timeout <= 0:
            return super().select(timeout)
        if ready := super().select(0):
            return ready
        worked_s = _others_s()
        select([self.fileno()], [], [], min(timeout, MOMENT_S))
        ready = super().select(0)
        works = self._loop.asked or _others_s() - worked_s > WORK_S or _a_thread_is_busy()
        if not (ready or works or self._loop.asks_the_system()):
            self._loop.last(timeout)
        return ready


def _others_s() -> float:
    """What all threads but this one have used of the CPU."""
    return time.process_time() - time.thread_time()


def _a_thread_is_busy() -> bool:
    """Whether another thread of ours runs, or waits for a disk; only Linux tells."""
    for thread in threading.enumerate():
        if thread is not threading.current_thread():
            with contextlib.suppress(OSError):
                stat = os.open(f"/proc/self/task/{thread.native_id}/stat", os.O_RDONLY)
                try:
                    if os.read(stat, 200).rpartition(b") ")[2][:1] in (b"R", b"D"):
                        return True
                finally:
                    os.close(stat)
    return False
