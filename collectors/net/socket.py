"""The seam to the socket libraries: everything else knows `Socket`, `Connect`, `connector` and the errors below.

    SocketError (Exception)
        ConnectFailed       no connection; the text begins with what failed: DNS, TCP, TLS, WebSocket
            ConnectRefused  the host answered, but with an HTTP status instead of a socket
        SocketClosed        an open connection ended, by whichever side

Two libraries can stand behind it, each in a file of its own that is imported with the first connection: picows and
websockets. Both find a half-open connection by their own pings, in real time, whatever the daemon's clock does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal, NoReturn, Protocol
from urllib.parse import urlsplit

from collectors.net.dial import DialError, dial, tls_context
from collectors.net.lean import spare_proxies
from collectors.net.turns import Turns

MAX_FRAME_BYTES = 2 * 1024 * 1024  # of a message, in one frame or several; a 30-level book has about 3 kB
OPEN_TIMEOUT_S = 10.0  # of the handshake, once there is a TCP connection; TLS has a time of its own
PING_EVERY_S = 5.0
PONG_WITHIN_S = 5.0
CLOSE_WITHIN_S = 1.0
REFUSAL_BYTES = 2_000

Library = Literal["picows", "websockets"]


class SocketError(Exception):
    """Anything that the network did to a socket."""


class ConnectFailed(SocketError):
    """No connection came about."""


class ConnectRefused(ConnectFailed):
    """The host answered the handshake with an HTTP status; 429 means too many handshakes. `retry_after_s` if told.

    `body` is the beginning of what it said; picows knows only what came together with the head.
    """

    def __init__(self, status: int, retry_after_s: float | None = None, body: bytes = b"") -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self.body = body
        super().__init__(f"the handshake was answered with HTTP {status}")


class SocketClosed(SocketError):
    """The connection is gone. `code` is WebSocket's (1006: without a word, 1009: a frame over our bound, …)."""

    def __init__(self, code: int, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"closed with {code} {reason}".rstrip())

    def again(self) -> "SocketClosed":
        """The same, to be raised by itself: an exception keeps all that it was raised through."""
        return SocketClosed(self.code, self.reason)


class Socket(Protocol):
    """An open connection."""

    async def send(self, text: str) -> None:
        """Send one text frame; raise SocketClosed."""
        ...

    async def receive(self) -> Sequence[bytes]:
        """All messages that are ready, oldest first, at least one; text as UTF-8. Raise SocketClosed when none is left.

        Some may be bytearrays, which nobody else holds.

        Safe to cancel: no message is lost. One caller at a time.
        """
        ...

    async def deliver(self, take: Callable[[Sequence[bytes]], object], hurried: Callable[[], bool]) -> NoReturn:
        """Call `take` with what `receive` would return, for ever. Raise SocketClosed, or what `take` raises.

        Instead of `receive`, not beside it. `take` may be called from where a library reads, without a task in between.
        A socket that is read in turns has them more often while `hurried` says so.
        """
        del hurried  # here nothing waits
        while True:
            take(await self.receive())

    async def close(self) -> None:
        """Say goodbye and let go, within about a second; never raises for a connection already gone."""
        ...


async def at_once() -> None:
    """Admits a handshake without any wait."""


class Connect(Protocol):
    """Opens a socket to a URL, with headers; raises ConnectFailed or ConnectRefused.

    `admitted` is awaited when there is a line to the host, before the handshake; it may raise the same.
    """

    def __call__(
        self, url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Awaitable[Socket]: ...


def connector(library: Library, turns: Turns | None = None) -> Connect:
    """What opens sockets with this library.

    With `turns` they are read in turns with others; without, each frame is there as soon as it can be. Never sends
    `Origin`: Upbit serves a client that does once in 10 s (changelog "origin_rate_limit"). Nothing is compressed:
    inflating costs more CPU than the bytes it saves are worth here.
    """

    async def connect(
        url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Socket:
        if any(name.lower() == "origin" for name in headers):
            raise ValueError("an Origin header would be throttled to one handshake in 10 s")
        place = urlsplit(url)
        tls = tls_context() if place.scheme == "wss" else None
        try:
            wire = await dial(place.hostname or "", place.port or (80 if tls is None else 443))
        except DialError as e:
            raise ConnectFailed(str(e)) from e
        try:
            await admitted()
        except BaseException:
            wire.close()
            raise
        if library == "picows":
            spare_proxies()
            from collectors.net import picows_socket

            return await picows_socket.open_socket(url, headers, wire, tls, turns)
        from collectors.net import websockets_socket

        return await websockets_socket.open_socket(url, headers, wire, tls, turns)

    return connect


connect = connector("picows")
