"""How the daemon is asked to end: the first signal stops in order, the next one of its kind ends it at once.

A start that is not over yet is called off, whatever it waits for: a full disk, a lock, an exchange. A signal that comes
before there is a loop to listen to it waits, so that no run that has begun its note ends without a word.
"""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

STOPPING = (signal.SIGTERM, signal.SIGINT)
HELD_BACK = (*STOPPING, signal.SIGHUP)


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


class Stop:
    """Set by the first SIGTERM or SIGINT, or by whoever else wants the end; `signal` names the signal that came."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.signal: str | None = None
        self._starting: asyncio.Task[object] | None = None

    def listen(self) -> None:
        """Take the signals of this process, inside its running loop. The task that calls this is the start."""
        loop = asyncio.get_running_loop()
        self._starting = asyncio.current_task()
        for number in STOPPING:
            loop.add_signal_handler(number, self._once, loop, number)

    def started(self) -> None:
        """The start is over: from here on it is enough that `asked` is set."""
        self._starting = None

    @property
    def called_off(self) -> bool:
        """Whether the start was cancelled by a signal."""
        return self._starting is not None and self.asked.is_set()

    def _once(self, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
        """From now on the same signal means what it means to a process that nobody prepared."""
        self.signal = number.name
        self.asked.set()
        if self._starting is not None:
            self._starting.cancel()
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
