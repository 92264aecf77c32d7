"""Who owns a task, and what its crash means: a group of tasks, and two ways to run one.

*Recording* runs in `running(...)`: a crash of one task ends the body and travels on. *Judging* runs in
`running(restarting(...))`: a crash is told and the work starts again after a pause.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any

from config.clock import Clock

log = logging.getLogger(__name__)


class TaskGroup(asyncio.TaskGroup):
    """asyncio's, but that a cancellation is never lost: it wins over what the tasks, or the body, raise meanwhile.

    Before Python 3.13 such a group raised their exceptions alone. Whoever goes on after those was never ended then, as
    a connection that was lost just as it was to end. What they raised is the cause of the CancelledError.

    It also took a crash after the end of the body for a cancellation of its task, for good; a crash within the body it
    did not. So the tasks are waited for as if the body did.
    """

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            try:
                while self._tasks:
                    await asyncio.wait(self._tasks)
            except asyncio.CancelledError as ended:
                kind, error, trace = type(ended), ended, ended.__traceback__
        try:
            await super().__aexit__(kind, error, trace)
        except BaseExceptionGroup as crashes:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                log.debug("cancelled, and this besides: %r", crashes.exceptions)
                with suppress(asyncio.CancelledError):
                    await asyncio.sleep(0)  # from 3.13 on it comes a second time, else in the midst of a clean-up
                raise asyncio.CancelledError from crashes
            raise
        finally:
            error = trace = None  # they hold this frame, which would hold them


@asynccontextmanager
async def running(*work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run `work` beside the body and cancel what is left of it when the body ends.

    If one crashes, the body is cancelled and the exception leaves this block (not wrapped in a group: one crash, one
    traceback). A CancelledError that nobody asked for (of a future that another ended, say) is a crash: a group would
    take it for an end in order. Coroutines that end by themselves are simply done.
    """
    try:
        async with TaskGroup() as group:

            def over(task: asyncio.Task[None]) -> None:
                if task.cancelled() and not task.cancelling():
                    telling = _tell_of(task)
                    with suppress(RuntimeError):  # the group ends already, for another reason
                        group.create_task(telling)
                        return
                    telling.close()

            tasks = [group.create_task(each) for each in work]
            for task in tasks:
                task.add_done_callback(over)
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
    except BaseExceptionGroup as crashes:
        if len(crashes.exceptions) == 1:
            raise crashes.exceptions[0] from crashes.exceptions[0].__cause__
        raise


async def _tell_of(cancelled: asyncio.Task[None]) -> None:
    try:
        await cancelled
    except asyncio.CancelledError as end:
        raise RuntimeError(f"{cancelled.get_coro()!r} was cancelled, though nobody told it to end") from end


async def restarting(
    name: str,
    make: Callable[[], Awaitable[None]],
    clock: Clock,
    on_crash: Callable[[str, Exception], None],
    pause_s: float = 5.0,
) -> None:
    """Await `make()`; when it crashes, tell `on_crash(name, error)`, wait `pause_s`, and begin again.

    One of the named bulkheads: nothing in the judging zone may end the recording one. Cancellation passes through, also
    where a crash took its place, as it may in asyncio.gather: what was told to end must not begin again. A
    CancelledError that nobody asked for is a crash.
    """
    task = asyncio.current_task()
    assert task is not None
    while True:
        try:
            await make()
        except asyncio.CancelledError as end:
            if task.cancelling():
                raise
            stray = RuntimeError("cancelled, though nobody told it to end")
            stray.__cause__ = end
            on_crash(name, stray)
            await clock.sleep(pause_s)
        except Exception as crash:
            if task.cancelling():
                log.warning("%s crashed as it was ended", name, exc_info=crash)
                raise asyncio.CancelledError from crash
            on_crash(name, crash)
            await clock.sleep(pause_s)
        else:
            return
