"""How the daemon is asked to end: the first signal stops in order, the next one of its kind ends it at once."""

import asyncio
import signal

STOPPING = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Set by the first SIGTERM or SIGINT, or by whoever else wants the end; `signal` names the signal that came."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.signal: str | None = None

    def listen(self) -> None:
        """Take the signals of this process, inside its running loop."""
        loop = asyncio.get_running_loop()
        for number in STOPPING:
            loop.add_signal_handler(number, self._once, loop, number)

    def _once(self, loop: asyncio.AbstractEventLoop, number: signal.Signals) -> None:
        """From now on the same signal means what it means to a process that nobody prepared."""
        self.signal = number.name
        self.asked.set()
        loop.remove_signal_handler(number)
        signal.signal(number, signal.SIG_DFL)
