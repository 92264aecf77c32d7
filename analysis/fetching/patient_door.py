"""A door that lets a request outlive the deadline of the look that asked: what it brings late is kept for the next one.

A look is answered when its deadline has passed, with what has come by then. Breaking the rest off would mean that a
venue that takes a second, as they do when a coin is listed, is never heard, and soon left alone as broken.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from analysis.fetching.sources import Answer, Door
from collectors.net.deadline import wait_until_done
from collectors.net.http import DeadlineExceeded, DoorError
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

PATIENCE_S = 5.0
KEEPS_S = 5.0  # how long a late answer stands in for one that is on its way …
FRESH_S = 1.0  # … and for one that was not asked for again: it is the news that woke the look
MOST = 512

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class PatientDoor:
    """`analysis.fetching.sources.Door` for questions with a deadline below `PATIENCE_S`; all others pass unchanged.

    While `run()` runs; before and after it a deadline is the end of a request. The same question is never under way
    twice. `on_late()` follows each answer that came after its deadline.
    """

    def __init__(self, door: Door, clock: Clock) -> None:
        self._door = door
        self._clock = clock
        self._owner: TaskGroup | None = None
        self._flying: dict[Key, asyncio.Task[Answer | DoorError]] = {}
        self._overdue: set[Key] = set()
        self._came: dict[Key, tuple[float, Answer]] = {}
        self.on_late: Callable[[], None] = lambda: None

    async def run(self) -> None:
        """Own the requests that are under way; for ever."""
        async with TaskGroup() as owner:
            self._owner = owner
            try:
                await asyncio.Event().wait()
            finally:
                self._owner = None
                self._flying.clear()

    async def get(
        self,
        service: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        group: str = "default",
        deadline_s: float | None = None,
    ) -> Answer:
        """The answer within `deadline_s`, or one that came late a moment ago; raise DoorError."""

        async def send(limit_s: float | None) -> Answer:
            return await self._door.get(service, path, params=params, headers=headers, group=group, deadline_s=limit_s)

        if self._owner is None or deadline_s is None or deadline_s >= PATIENCE_S:
            return await send(deadline_s)
        key = service, path, tuple((params or {}).items())
        flying = self._flying.get(key)
        if flying is None:
            if (late := self._late(key, FRESH_S)) is not None:
                return late
            flying = self._owner.create_task(self._fly(key, send))
            self._flying[key] = flying
        await wait_until_done([flying], self._clock, deadline_s)
        if flying.cancelled():  # the owner has gone; whoever asked is not to be ended with it
            raise DeadlineExceeded(service, "broken off", sent=True)
        if not flying.done():
            self._overdue.add(key)
            if (late := self._late(key, KEEPS_S)) is not None:
                return late
            raise DeadlineExceeded(service, f"no answer within {deadline_s:g} s", sent=True)
        answer = flying.result()
        if isinstance(answer, DoorError):
            raise answer
        return answer

    async def _fly(self, key: Key, send: Callable[[float | None], Awaitable[Answer]]) -> Answer | DoorError:
        """One request to its end; an error is a value here, so that it ends nobody else's."""
        try:
            answer = await send(PATIENCE_S)
        except DoorError as error:
            return error
        finally:
            self._flying.pop(key, None)
            overdue = key in self._overdue
            self._overdue.discard(key)
        self._came.pop(key, None)
        if overdue:
            self._came[key] = self._clock.monotonic(), answer
            if len(self._came) > MOST:
                del self._came[next(iter(self._came))]
            self.on_late()
        return answer

    def _late(self, key: Key, keeps_s: float) -> Answer | None:
        came = self._came.get(key)
        return came[1] if came is not None and self._clock.monotonic() - came[0] <= keeps_s else None
