"""Joins the wake-ups of many sockets: those that rest are all looked at again at one moment, 50 times a second, so that
a packet for each trade is no wake-up each.

What comes meanwhile waits in the kernel. A socket that has plenty wakes us before its turn, and so does one that ends.
"""

import asyncio
import socket
import sys

PLENTY_BYTES = 65_536  # about 200 trades
# Linux tells at once what had come when the mark is lowered again (since 4.18). That costs a tenth of taking the socket
# off the selector and putting it back, which is the way elsewhere.
MARKS = sys.platform == "linux"


class Turns:
    """`rest` a socket once it is read; `every_s` is of real time, and so is how late it may be read again."""

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self._resting: list[asyncio.Transport] = []

    def rest(self, transport: asyncio.Transport) -> None:
        """Do not be woken for it until the next turn. Whoever has it rest has read all there was."""
        if transport.is_closing():
            return
        if MARKS:
            _mark(transport, PLENTY_BYTES)
        else:
            transport.pause_reading()
        if not self._resting:
            asyncio.get_running_loop().call_later(self.every_s, self._read_again)
        self._resting.append(transport)

    def _read_again(self) -> None:
        resting, self._resting = self._resting, []
        for transport in resting:
            if not transport.is_closing():
                if MARKS:
                    _mark(transport, 1)
                else:
                    transport.resume_reading()


def _mark(transport: asyncio.Transport, least_bytes: int) -> None:
    """Have the socket count as readable from so many bytes on."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least_bytes)
