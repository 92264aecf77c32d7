"""Tells the service manager how we are, over the datagram socket that `NOTIFY_SOCKET` names; without one, nobody.

Protocol: man sd_notify(3), systemd 252. A manager that does not listen costs nothing: the message is lost.
"""

import logging
import os
import socket
from collections.abc import Mapping, MutableMapping

from config.clock import Clock

log = logging.getLogger(__name__)
PATIENCE_S = 30.0


class Notify:
    """Messages to the service manager. Sending never blocks and never raises."""

    def __init__(self, address: str | None, watchdog_s: float | None = None) -> None:
        """`watchdog_s`: how long the manager waits for a sign of life before it kills us; None: for ever."""
        self.watchdog_s = watchdog_s
        self._address = None if not address else "\0" + address[1:] if address.startswith("@") else address
        self._complained = False

    @classmethod
    def from_environment(cls, environ: MutableMapping[str, str]) -> "Notify":
        """Take what systemd set, and take it away, so that no child process speaks for us."""
        watchdog_s = _watchdog_s(environ)
        for name in ("WATCHDOG_USEC", "WATCHDOG_PID"):
            environ.pop(name, None)
        return cls(environ.pop("NOTIFY_SOCKET", None), watchdog_s)

    def ready(self) -> None:
        self._send("READY=1")

    def alive(self) -> None:
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        self._send("STOPPING=1")

    def status(self, text: str) -> None:
        """One line that `systemctl status` shows."""
        self._send("STATUS=" + " ".join(text.split()))

    def more_time(self, seconds: float) -> None:
        """Starting or stopping takes longer, for a reason."""
        self._send(f"EXTEND_TIMEOUT_USEC={round(seconds * 1e6)}")

    async def patience(self, clock: Clock) -> None:
        """Ask for more time, again and again: for a part of the start that may take long for good reasons."""
        while True:
            self.more_time(PATIENCE_S)
            await clock.sleep(PATIENCE_S / 3)

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as out:
                out.setblocking(False)
                out.sendto(message.encode(), self._address)
        except OSError as e:
            if not self._complained:
                log.warning("the service manager does not listen (%s)", e)
            self._complained = True


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Half-minute watchdogs and the like; None where it is meant for another process, or is no number."""
    told = environ.get("WATCHDOG_USEC", "")
    if not told.isdecimal() or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    return int(told) / 1e6 or None
