"""Joins the wake-ups of many sockets: those that rest are read one after the other a few times a second, so not each
trade wakes us.

What comes meanwhile waits in the kernel. A socket that has plenty wakes us before its turn, and so does one that ends
or was asked something. After a rest everything that a wake-up touches has gone cold, so that a turn costs ten times
what it would at once: hence few turns, and they read the transports themselves, past the selector, futures and tasks.
"""

import asyncio
import socket
import sys
from collections.abc import Callable

PLENTY_BYTES = 65_536  # about 200 trades
HURRIED_S = 0.02  # between two turns while somebody waits for what one of the sockets may bring
# A socket of Linux can wait for so many bytes, and be read at any time before. Elsewhere it is taken off the selector.
MARKS = sys.platform == "linux"


class Place:
    """One socket's place in the turns. `rest` it whenever all there was is read, `stir` it when there may be more."""

    __slots__ = ("_turns", "hurried", "look", "read", "resting", "transport")

    def __init__(self, turns: "Turns", transport: asyncio.Transport, look: Callable[[], bool]) -> None:
        """`look` is called at a turn: it may call `read`, which reads what has come without waiting, and says whether
        the socket goes on resting. If not, it is woken by what comes as any other socket is.
        """
        self._turns = turns
        self.transport = transport
        self.look = look
        self.hurried: Callable[[], bool] = bool
        # What the selector calls. It is private to asyncio's transports and to aiofastnet's, whose versions are pinned;
        # without it the selector is asked to call it.
        self.read: Callable[[], None] | None = getattr(transport, "_read_ready", None) if MARKS else None
        self.resting = False

    def rest(self) -> None:
        """Not to be woken until the next turn."""
        if not self.resting and not self.transport.is_closing():
            self.resting = True
            if MARKS:
                self._mark(PLENTY_BYTES)
            else:
                self.transport.pause_reading()
            self._turns.add(self)

    def stir(self) -> None:
        """To be woken as soon as something is there."""
        if self.resting:
            self.resting = False
            self._turns.drop(self)
            if self.transport.is_closing():
                return
            if MARKS:
                self._mark(1)
            else:
                self.transport.resume_reading()

    def _mark(self, least_bytes: int) -> None:
        """Have the socket count as readable from so many bytes on; Linux tells at once what had come (since 4.18)."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, least_bytes)


class Turns:
    """The sockets in `resting`. `every_s` is of real time, and so is how late one of them may be read; HURRIED_S is the
    most while one of them is `hurried`.
    """

    def __init__(self, every_s: float) -> None:
        self.every_s = every_s
        self.resting: dict[Place, None] = {}
        self._due: asyncio.TimerHandle | None = None

    def add(self, place: Place) -> None:
        self.resting[place] = None
        if self._due is None:
            self._set_timer()
        elif place.hurried() and self._due.when() - asyncio.get_running_loop().time() > HURRIED_S:
            self._due.cancel()  # it was set while nobody hurried
            self._set_timer()

    def drop(self, place: Place) -> None:
        self.resting.pop(place, None)

    def _set_timer(self) -> None:
        hurried = any(place.hurried() for place in self.resting)
        wait_s = min(self.every_s, HURRIED_S) if hurried else self.every_s
        self._due = asyncio.get_running_loop().call_later(wait_s, self.turn)

    def turn(self) -> None:
        """Read all that rest; those that brought nothing rest no longer."""
        self._due = None
        try:
            for place in list(self.resting):
                if not (place.read is not None and place.transport.is_reading() and place.look()):
                    place.stir()
        finally:
            if self.resting and self._due is None:
                self._set_timer()
