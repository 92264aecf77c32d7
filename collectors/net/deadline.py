"""Waiting no longer than a clock allows."""

import asyncio
import math
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

from msgspec import Struct

from config.clock import Clock, LoopClock, SystemClock

T = TypeVar("T")


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """What `work` returns, if it does so within `seconds` of `clock`; else cancel it and raise TimeoutError.

    Cancelling this cancels `work` and waits until it has let go. On a clock of the loop's the loop's timer does it: it
    needs no task, and a look at a page is half as dear.
    """
    if isinstance(clock, LoopClock):
        async with asyncio.timeout(clock.loop_s(seconds)):
            return await work
    task = asyncio.ensure_future(work)
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, alarm}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise TimeoutError
    finally:
        alarm.cancel()
        if not task.done():
            task.cancel()
        await asyncio.gather(task, alarm, return_exceptions=True)


class _Wait(Struct, eq=False):
    """One task's wait that ends at `due`."""

    task: asyncio.Task[Any]
    due: float
    late: bool = False


class Deadlines:
    """`within` for many short waits in a row. On the system's clock all share one timer, which is set anew only when it
    has gone off or a nearer deadline comes, so that a wait that ends in time sets none. For one loop.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steady = isinstance(clock, SystemClock)  # a simulator's may change its pace while a timer runs
        self._waits: set[_Wait] = set()
        self._rings_at = math.inf  # on the clock
        self._timer: asyncio.TimerHandle | None = None

    async def by(self, due: float, work: Awaitable[T]) -> T:
        """What `work` returns, if it does so before the clock's `monotonic` reaches `due`; else cancel it and raise
        TimeoutError.
        """
        task = asyncio.current_task()
        if task is None or not self._steady:
            return await within(self._clock, due - self._clock.monotonic(), work)
        if due < self._rings_at:
            self._set(due)
        cancelling = task.cancelling()
        wait = _Wait(task, due)
        self._waits.add(wait)
        try:
            return await work
        except asyncio.CancelledError:
            if wait.late and task.cancelling() <= cancelling + 1:  # by us, and by nobody else
                raise TimeoutError from None
            raise
        finally:
            self._waits.discard(wait)
            if wait.late:
                task.uncancel()
            if task.cancelling() > cancelling:  # also where `work` took that for its own: a library does at times
                raise asyncio.CancelledError

    def close(self) -> None:
        """Leave no timer behind, unless somebody still waits."""
        if self._waits:
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = None, math.inf

    def _set(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._rings_at = due
        self._timer = asyncio.get_running_loop().call_later(due - self._clock.monotonic(), self._ring)

    def _ring(self) -> None:
        self._timer, self._rings_at = None, math.inf
        now, nearest = self._clock.monotonic(), math.inf
        for wait in self._waits:
            if wait.late:
                continue
            if wait.due <= now:
                wait.late = True
                wait.task.cancel()
            else:
                nearest = min(nearest, wait.due)
        if nearest < math.inf:
            self._set(nearest)


async def wait_until_done(
    work: Iterable[asyncio.Future[Any]], clock: Clock, seconds: float, *, first: bool = False
) -> None:
    """Return when all of `work` is done (or the `first` of it), or `seconds` have passed; cancel none of it."""
    waiting = {each for each in work if not each.done()}
    if not waiting:
        return
    until = asyncio.FIRST_COMPLETED if first else asyncio.ALL_COMPLETED
    if isinstance(clock, LoopClock):
        await asyncio.wait(waiting, timeout=clock.loop_s(seconds), return_when=until)
        return
    alarm = asyncio.ensure_future(clock.sleep(seconds))
    try:
        while waiting and not alarm.done():
            done, _ = await asyncio.wait({*waiting, alarm}, return_when=asyncio.FIRST_COMPLETED)
            waiting -= done
            if first and done:
                return
    finally:
        alarm.cancel()
        await asyncio.gather(alarm, return_exceptions=True)
