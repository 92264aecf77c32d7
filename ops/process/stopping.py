"""How the daemon is asked to end: the first signal stops in order, the next one of its kind ends it at once.

A start that is not over yet is called off, whatever it waits for: a full disk, a lock, an exchange. A signal that comes
before there is a loop to listen to it waits, so that no run that has begun its note ends without a word.
"""

import asyncio
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

log = logging.getLogger(__name__)

LATE_S = 10.0  # the service manager kills after 30 s (deploy/cex-dominance.service)
STOPPING = (signal.SIGTERM, signal.SIGINT)
HELD_BACK = (*STOPPING, signal.SIGHUP)
STOP_S = 4.2  # of a stop, up to the end of the last alerts; the writer and the interpreter take their moment after it
FLUSH_S, LEAST_FLUSH_S = 2.5, 0.5


@contextmanager
def holding_back() -> Iterator[None]:
    """Signals wait, until `let_in` or the end of the block."""
    signal.pthread_sigmask(signal.SIG_BLOCK, HELD_BACK)
    try:
        yield
    finally:
        let_in()


def let_in() -> None:
    """Somebody listens; what has waited comes now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD_BACK)


def flush_s(spent_s: float) -> float:
    """How long alerts may go on leaving, where the stop has taken `spent_s` by then; what is left stays in its table.

    Sockets and questions under way have a second or more each to end, and with a network that is out they need it.
    """
    return max(LEAST_FLUSH_S, min(FLUSH_S, STOP_S - spent_s))


class Stop:
    """Set by the first SIGTERM or SIGINT, or by whoever else wants the end; `signal` names the signal that came."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.signal: str | None = None
        self._starting: asyncio.Task[object] | None = None
        self._late: asyncio.TimerHandle | None = None

    def listen(self) -> None:
        """Take the signals of this process, inside its running loop. The task that calls this is the start."""
        loop = asyncio.get_running_loop()
        self._starting = asyncio.current_task()
        for number in STOPPING:
            loop.add_signal_handler(number, self._once, loop, number)

    def started(self) -> None:
        """The start is over: from here on it is enough that `asked` is set."""
        self._starting = None

    def ending(self) -> None:
        """The end has begun: from now on the log tells what holds it up, once, should it take too long."""
        if self._late is None:
            self._late = asyncio.get_running_loop().call_later(LATE_S, _say_what_is_left)

    @property
    def spent_s(self) -> float:
        """How long the end has taken by now; 0 before it has begun."""
        return 0.0 if self._late is None else asyncio.get_running_loop().time() + LATE_S - self._late.when()

    def ended(self) -> None:
        """It has ended."""
        if self._late is not None:
            self._late.cancel()

    @property
    def called_off(self) -> bool:
        """Whether the start was cancelled by a signal."""
        return self._starting is not None and self.asked.is_set()

    def _once(self, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
        """From now on the same signal means what it means to a process that nobody prepared."""
        self.signal = number.name
        self.asked.set()
        self.ending()
        if self._starting is not None:
            self._starting.cancel()
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)


def _say_what_is_left() -> None:
    tasks = asyncio.all_tasks()
    log.error("the stop takes more than %g s; %d tasks are left, those that were told to end first", LATE_S, len(tasks))
    for task in sorted(tasks, key=lambda each: not each.cancelling()):
        log.error("%s %s", "told to end:" if task.cancelling() else "still at it:", " > ".join(_awaited(task)))


def _awaited(task: asyncio.Task[Any]) -> list[str]:
    """The functions that a task stands in, the outermost first."""
    found: list[str] = []
    at: Any = task.get_coro()
    while (code := getattr(at, "cr_code", None)) is not None:
        found.append(f"{code.co_qualname}:{at.cr_frame.f_lineno}" if at.cr_frame else code.co_qualname)
        at = at.cr_await
    return found
