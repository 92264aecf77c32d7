"""Waiting no longer than a clock allows."""

import asyncio
from collections.abc import Awaitable, Iterable
from typing import Any, TypeVar

from config.clock import Clock, LoopClock

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
