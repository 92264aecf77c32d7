"""Joins the wake-ups of many sockets: those that rest are all read again at one moment, a few times in a hundredth of a
second at most, so that a packet for every trade does not cost a wake-up each.

What comes meanwhile waits in the kernel; nothing is lost, and what a full buffer means is the same as ever.
"""

import asyncio


class Turns:
    """`rest` a socket once it is read; `every_s` is of real time, and so is how late it may be read again."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self._resting: list[asyncio.ReadTransport] = []

    def rest(self, transport: asyncio.ReadTransport) -> None:
        """Read nothing from it until the next turn. Whoever has it rest has read all there was."""
        transport.pause_reading()
        if not self._resting:
            asyncio.get_running_loop().call_later(self.every_s, self._read_again)
        self._resting.append(transport)

    def _read_again(self) -> None:
        resting, self._resting = self._resting, []
        for transport in resting:
            if not transport.is_closing():
                transport.resume_reading()
