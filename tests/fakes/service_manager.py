"""A service manager's end of the notify socket: keeps what a daemon tells it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class ServiceManager:
    """`told()` gives what came until now, `wait_for` blocks for a message; STATUS lines are left out of both."""

    def __init__(self, address: str, inbox: socket.socket) -> None:
        self.address = address
        self._inbox = inbox

    def told(self) -> list[str]:
        found = []
        self._inbox.setblocking(False)
        while True:
            try:
                found.append(self._inbox.recv(4_096).decode())
            except BlockingIOError:
                return [message for message in found if not message.startswith("STATUS=")]

    def wait_for(self, message: str, within_s: float) -> list[str]:
        """Everything up to and with `message`; raise TimeoutError if nothing comes for `within_s`."""
        found = []
        self._inbox.settimeout(within_s)
        while True:
            found.append(self._inbox.recv(4_096).decode())
            if found[-1] == message:
                return found


@contextmanager
def listening_manager(folder: Path) -> Iterator[ServiceManager]:
    address = str(folder / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as inbox:
        inbox.bind(address)
        yield ServiceManager(address, inbox)
