"""Questions that run beside each other, each with a deadline; an answer that comes late is kept for the next round.

The clock is injected, so that a deadline is one of the daemon's seconds, also when a simulator runs faster.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from collectors.net.deadline import within
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

log = logging.getLogger(__name__)
T = TypeVar("T")

GIVE_UP_S = 5.0  # what has not answered by then is asked anew
KEEP_S = 5.0  # how long a late or older answer stands in for one that is on its way


class Asked(Protocol):
    """A question, whatever the type of its answer."""

    @property
    def busy(self) -> asyncio.Task[None] | None: ...

    def start(self, group: TaskGroup, when_late: Callable[[], None] | None = None) -> None: ...


class Question(Generic[T]):
    """One source, asked again and again, never twice at a time.

    `nothing(reason)` is the answer when there is none. A source that raises has a bug: it is logged and says nothing.
    """

    def __init__(
        self, name: str, ask: Callable[[], Awaitable[T]], nothing: Callable[[str], T], clock: Clock, deadline_s: float
    ) -> None:
        self.name = name
        self._ask = ask
        self._nothing = nothing
        self._clock = clock
        self._deadline_s = deadline_s
        self._task: asyncio.Task[None] | None = None
        self._last: tuple[float, T] | None = None
        self.took_s: float | None = None  # the last answer, or what was waited for it in vain

    @property
    def busy(self) -> asyncio.Task[None] | None:
        """The question under way."""
        return self._task if self._task is not None and not self._task.done() else None

    def start(self, group: TaskGroup, when_late: Callable[[], None] | None = None) -> None:
        """Ask, unless the last question is still under way; `when_late()` follows an answer past the deadline."""
        if self.busy is None:
            self._task = group.create_task(self._run(when_late))

    def answer(self) -> T:
        """The newest answer, if it is new enough; what is older than a few seconds says nothing any more."""
        if self._last is not None and self._clock.monotonic() - self._last[0] <= KEEP_S:
            return self._last[1]
        return self._nothing(f"no answer within {self._deadline_s:g} s")

    async def _run(self, when_late: Callable[[], None] | None) -> None:
        began_s = self._clock.monotonic()
        try:
            answer = await within(self._clock, GIVE_UP_S, self._ask())
        except TimeoutError:
            self._last, self.took_s = None, GIVE_UP_S
            return
        except Exception as error:
            log.exception("%s: a bug in a source; taken as no answer", self.name)
            answer = self._nothing(f"failed: {type(error).__name__}")
        ended_s = self._clock.monotonic()
        self._last, self.took_s = (ended_s, answer), ended_s - began_s
        if when_late is not None and ended_s - began_s > self._deadline_s:
            when_late()
