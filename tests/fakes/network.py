"""A network that misbehaves, on real sockets of the loopback interface: lines cut and frozen, hosts without answers."""

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

RESET = struct.pack("ii", 1, 0)  # linger for no time: closing sends a reset
CHUNK = 65_536


class Proxy:
    """Carries bytes between clients and one port of this machine. `port` is where clients connect.

    `reset()` cuts every line with a TCP reset. While `frozen`, nothing is carried in either direction and nothing is
    closed: what a firewall does that has forgotten a connection.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._lines: list[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = []
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.port = 0
        self.accepted = 0

    def reset(self) -> None:
        for line in self._lines:
            for end in line:
                wire = end.get_extra_info("socket")
                if wire.fileno() >= 0:
                    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    end.transport.abort()

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        """New lines flow again; those that were frozen stay as they are, for ever."""
        self._flowing = asyncio.Event()
        self._flowing.set()

    async def serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        self.accepted += 1
        flowing = self._flowing
        await flowing.wait()
        host, to_host = await asyncio.open_connection("127.0.0.1", self._target)
        line = to_client, to_host
        self._lines.append(line)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_carry(client, to_host, flowing))
                group.create_task(_carry(host, to_client, flowing))
        except* OSError:
            pass
        finally:
            self._lines.remove(line)
            for end in line:
                end.transport.abort()


async def _carry(source: asyncio.StreamReader, to: asyncio.StreamWriter, flowing: asyncio.Event) -> None:
    while data := await source.read(CHUNK):
        await flowing.wait()
        to.write(data)
        await to.drain()
    raise ConnectionResetError("one side has left")  # and takes the other one with it


@asynccontextmanager
async def proxied(target: int) -> AsyncIterator[Proxy]:
    """A proxy in front of `target`."""
    proxy = Proxy(target)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        proxy.thaw()
        proxy.reset()


@asynccontextmanager
async def mute_host(tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port of a host that takes connections and never says a word; with `tls` only once that stands."""
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    server = await asyncio.start_server(hold, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in held:
            each.transport.abort()


@contextmanager
def stalled_host(host: str = "127.0.0.1") -> Iterator[int]:
    """The port of a host whose handshakes of TCP are never finished: its queue is full and nobody takes from it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    filling: list[socket.socket] = []
    with socket.socket(family) as full:
        full.bind((host, 0))
        full.listen(0)
        port = int(full.getsockname()[1])
        try:
            while len(filling) < 8:
                filling.append(socket.socket(family))
                filling[-1].setblocking(False)
                filling[-1].connect_ex((host, port))
            yield port
        finally:
            for each in filling:
                each.close()
