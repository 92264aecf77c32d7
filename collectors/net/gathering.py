"""What the sockets of both libraries share: messages are gathered as they are parsed, and handed over once a read."""

import asyncio
import socket as plain
from collections.abc import Callable, Sequence
from typing import NoReturn

from collectors.net.socket import MAX_FRAME_BYTES, SocketClosed
from collectors.net.turns import Place, Turns

KERNEL_BYTES = 512 * 1024  # what may wait in the kernel, and so about the most that one read brings
MANY_MESSAGES = 256  # at once: there may be more, so the socket does not rest
HELD_BACK_FROM = 2_048  # messages that nobody takes: we stop reading, and TCP slows the sender …
HELD_BACK_BYTES = 8 * 1024 * 1024  # … and so at so many bytes
MOST_PARTS = 4_096  # of one message; empty ones cost memory, too


class Gathering:
    """The taking side of a `Socket`. The library's side calls `_opened`, fills `_messages`, itself or with `_add_part`,
    then calls `_came`, and in the end `_ended`. `_more` says that what came last may not be all there is.
    """

    def __init__(self, turns: Turns | None) -> None:
        self._turns = turns
        self._line: asyncio.Transport | None = None  # TCP's, or TLS's over it
        self._place: Place | None = None
        self._messages: list[bytes] = []
        self._parts: list[bytes] = []  # of a message that comes in fragments
        self._parts_bytes = 0
        self._untaken_bytes = 0  # that came while nobody waited
        self._more = False
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

    def _add_part(self, data: bytes, *, last: bool) -> bool:
        """A fragment, in its place. False, from then on, where a message is too large or has too many of them."""
        self._parts_bytes += len(data)
        if self._parts_bytes > MAX_FRAME_BYTES or len(self._parts) == MOST_PARTS:
            return False
        self._parts.append(data)
        if last:
            self._messages.append(b"".join(self._parts))
            self._parts.clear()
            self._parts_bytes = 0
        return True

    def _came(self, size: int) -> None:
        """So many bytes: tell whoever waits for messages; where nobody does, hold the sender back in time."""
        if self._take is not None or self._waiter is not None:
            self._tell()
            return
        self._untaken_bytes += size
        too_much = len(self._messages) > HELD_BACK_FROM or self._untaken_bytes > HELD_BACK_BYTES
        if too_much and not self._held_back:
            assert self._line is not None
            self._held_back = True
            self._line.pause_reading()

    def _ended(self, end: SocketClosed) -> None:
        """What is gathered by now is still handed over. The first end told is the one that counts."""
        if self._end is None:
            self._end = end
        if self._place is not None:
            self._place.stir()
            self._place = None
        self._parts.clear()
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
        read = self._place.read
        assert read is not None
        if self._take is None or not self._noted:  # `receive` is told, or what came before is about to be handed over
            read()
            return bool(self._messages)
        self._noted = False
        read()
        self._noted = True
        return self._hand_over()

    # --- Socket -------------------------------------------------------------------------------------------------------

    async def receive(self) -> Sequence[bytes]:
        while not self._messages:
            if self._end is not None:
                raise self._end.again()
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
            self._take, self._over, self._noted = None, None, True
        raise AssertionError("it never ends without an error")

    def _hand_over(self) -> bool:
        """All that has come, to whom it is delivered to; then the end, if it has come. Whether it was something, and
        all that there was.
        """
        take, over = self._take, self._over
        if take is None or over is None or over.done():
            return False
        self._noted = True
        count, more = len(self._messages), self._more
        try:
            if count:
                take(self._taken())
        except Exception as e:  # noqa: BLE001 - it is for whoever waits in `deliver`
            over.set_exception(e)
            return False
        if self._end is not None:
            over.set_exception(self._end.again())
            return False
        return 0 < count < MANY_MESSAGES and not more

    def _taken(self) -> Sequence[bytes]:
        """What has come, and let more come: in a while, if this is all there was."""
        messages, self._messages = self._messages, []
        self._untaken_bytes = 0
        if self._held_back:
            self._held_back = False
            assert self._line is not None
            if not self._line.is_closing():
                self._line.resume_reading()
        elif self._place is not None:
            if len(messages) < MANY_MESSAGES and not self._more:
                self._place.rest()
            else:
                self._place.stir()
        return messages
