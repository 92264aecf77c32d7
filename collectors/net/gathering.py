"""What the sockets of both libraries share: messages are gathered as they are parsed, and handed over once a read."""

import asyncio
import socket as plain
from collections.abc import Callable, Sequence
from typing import NoReturn

from collectors.net.socket import SocketClosed
from collectors.net.turns import Place, Turns

KERNEL_BYTES = 512 * 1024  # what may wait in the kernel, and so about the most that one read brings
MANY_MESSAGES = 256  # at once: there may be more, so the socket does not rest
HELD_BACK_FROM = 2_048  # messages that nobody takes: we stop reading, and TCP slows the sender


class Gathering:
    """The taking side of a `Socket`. The library's side fills `_messages` and calls `_opened`, `_came`, `_ended`."""

    def __init__(self, turns: Turns | None) -> None:
        self._turns = turns
        self._line: asyncio.Transport | None = None  # TCP's, or TLS's over it
        self._place: Place | None = None
        self._messages: list[bytes] = []
        self._end: SocketClosed | None = None
        self._waiter: asyncio.Future[None] | None = None  # of `receive`
        self._take: Callable[[Sequence[bytes]], object] | None = None  # of `deliver`
        self._over: asyncio.Future[NoReturn] | None = None
        self._noted = True  # the next message is for `_came`
        self._held_back = False

    # --- the library's side -------------------------------------------------------------------------------------------

    def _opened(self, line: asyncio.Transport) -> None:
        self._line = line
        line.get_extra_info("socket").setsockopt(plain.SOL_SOCKET, plain.SO_RCVBUF, KERNEL_BYTES)
        if self._turns is not None:
            self._place = Place(self._turns, line, self._look)

    def _came(self) -> None:
        """There are messages: tell whoever waits; where nobody does, hold the sender back before it is too much."""
        if self._take is not None or self._waiter is not None:
            self._tell()
        elif len(self._messages) > HELD_BACK_FROM and not self._held_back:
            assert self._line is not None
            self._held_back = True
            self._line.pause_reading()

    def _ended(self, end: SocketClosed) -> None:
        """What is gathered by now is still handed over."""
        self._end = end
        self._tell()

    def _tell(self) -> None:
        """Whoever waits goes on, once what this read brought is all there."""
        if self._take is not None:
            if self._noted:
                self._noted = False  # until that is handed over
                asyncio.get_running_loop().call_soon(self._hand_over)
        elif self._waiter is not None:
            waiter, self._waiter = self._waiter, None
            if not waiter.done():
                waiter.set_result(None)

    def _look(self) -> bool:
        """A turn: read what has come and hand it over. Whether to go on resting."""
        assert self._place is not None
        assert self._place.read is not None
        if self._take is None or not self._noted:  # `receive` is told, or what came before is about to be handed over
            self._place.read()
            return bool(self._messages)
        self._noted = False
        self._place.read()
        self._noted = True
        return 0 < self._hand_over() < MANY_MESSAGES

    # --- Socket -------------------------------------------------------------------------------------------------------

    async def receive(self) -> Sequence[bytes]:
        while not self._messages:
            if self._end is not None:
                raise self._end
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        return self._taken()

    async def deliver(self, take: Callable[[Sequence[bytes]], object], hurried: Callable[[], bool]) -> NoReturn:
        self._take, self._over = take, asyncio.get_running_loop().create_future()
        if self._place is not None:
            self._place.hurried = hurried
        self._tell()
        try:
            await self._over
        finally:
            self._take, self._noted = None, True
        raise AssertionError("it never ends without an error")

    def _hand_over(self) -> int:
        """All that has come, to whom it is delivered to; how many messages that was. Then the end, if it has come."""
        take, over = self._take, self._over
        if take is None or over is None or over.done():
            return 0
        self._noted = True
        count = len(self._messages)
        try:
            if count:
                take(self._taken())
        except Exception as e:  # noqa: BLE001 - it is for whoever waits in `deliver`
            over.set_exception(e)
            return 0
        if self._end is not None:
            over.set_exception(self._end)
            return 0
        return count

    def _taken(self) -> Sequence[bytes]:
        """What has come, and let more come: in a while, if this is all there was."""
        messages, self._messages = self._messages, []
        if self._held_back:
            self._held_back = False
            assert self._line is not None
            if not self._line.is_closing():
                self._line.resume_reading()
        elif self._place is not None:
            if len(messages) < MANY_MESSAGES:
                self._place.rest()
            else:
                self._place.stir()
        return messages
