"""Who owns a task, and what its crash means: two context managers around `asyncio.TaskGroup`.

*Recording* runs in `running(...)`: a crash of one task ends the body and travels on. *Judging* runs in
`running(restarting(...))`: a crash is told and the work starts again after a pause.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from config.clock import Clock


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` beside the body and cancel what is left of it when the body ends.

    If one crashes, the body is cancelled and the exception leaves this block (not wrapped in a group: one crash, one
    traceback). Coroutines that end by themselves are simply done.
    """
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in work]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
    except BaseExceptionGroup as crashes:
        if len(crashes.exceptions) == 1:
            raise crashes.exceptions[0] from crashes.exceptions[0].__cause__
        raise


async def restarting(
    name: str,
    make: Callable[[], Awaitable[None]],
    clock: Clock,
    on_crash: Callable[[str, Exception], None],
    pause_s: float = 5.0,
) -> None:
    """Await `make()`; when it crashes, tell `on_crash(name, error)`, wait `pause_s`, and begin again.

    One of the named bulkheads: nothing in the judging zone may end the recording one. Cancellation passes through.
    """
    while True:
        try:
            await make()
        except Exception as crash:  # noqa: BLE001 - the bulkhead between judging and recording
            on_crash(name, crash)
            await clock.sleep(pause_s)
        else:
            return
