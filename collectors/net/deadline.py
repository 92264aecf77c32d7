"""Waiting no longer than a clock allows."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from config.clock import Clock, SystemClock

T = TypeVar("T")


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T:
    """What `work` returns, if it does so within `seconds` of `clock`; else cancel it and raise TimeoutError.

    Cancelling this cancels `work` and waits until it has let go. On the system's own clock the loop's timer does it:
    it needs no task, and a look at a page is half as dear.
    """
    if isinstance(clock, SystemClock):
        async with asyncio.timeout(seconds):
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
