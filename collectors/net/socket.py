"""The one-file seam to the socket library: everything else knows `Socket`, `Connect` and the errors below.

    SocketError (Exception)
        ConnectFailed       no connection; the text begins with what failed: DNS, TCP, TLS, WebSocket
            ConnectRefused  the host answered, but with an HTTP status instead of a socket
        SocketClosed        an open connection ended, by whichever side

Contract: websockets 17, asyncio client. Its keep-alive finds a half-open connection: a ping every 5 s, 5 s to answer,
so silence of the network is noticed within about 10 s of real time, whatever the daemon's clock does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from collectors.net.dial import TLS_S, dial, tls_context, told
from collectors.net.limits import retry_after_s

MAX_FRAME_BYTES = 2 * 1024 * 1024  # the largest real frame is a 30-level book of about 3 kB
OPEN_TIMEOUT_S = 10.0  # of the handshake, once there is a TCP connection; TLS has a time of its own
PING_EVERY_S = 5.0
PONG_WITHIN_S = 5.0
CLOSE_WITHIN_S = 1.0
REFUSAL_BYTES = 2_000
QUEUE_FRAMES = (2_048, 512)  # above the first we stop reading and TCP slows the sender; below the second we go on


class SocketError(Exception):
    """Anything that the network did to a socket."""


class ConnectFailed(SocketError):
    """No connection came about."""


class ConnectRefused(ConnectFailed):
    """The host answered the handshake with an HTTP status; 429 means too many handshakes. `retry_after_s` if told.

    `body` is the beginning of what it said.
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


class Socket(Protocol):
    """An open connection."""

    async def send(self, text: str) -> None:
        """Send one text frame; raise SocketClosed."""
        ...

    async def receive(self) -> Sequence[bytes]:
        """All frames that are ready, oldest first, at least one; text as UTF-8. Raise SocketClosed when none is left.

        Safe to cancel: no frame is lost. One caller at a time.
        """
        ...

    async def close(self) -> None:
        """Say goodbye and let go, within about a second; never raises for a connection already gone."""
        ...


Connect = Callable[[str, Mapping[str, str]], Awaitable[Socket]]


class _Socket:
    """`Socket` over one websockets connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as e:
            raise _closed(e) from e

    async def receive(self) -> Sequence[bytes]:
        try:
            frames = [await self._connection.recv(decode=False)]
        except ConnectionClosed as e:
            raise _closed(e) from e
        # The messages that came with it, if whole; past `recv`, whose per-message cost is a third of the whole path.
        messages = self._connection.recv_messages
        waiting = messages.frames.queue
        while waiting and waiting[0].fin:
            frames.append(bytes(waiting.popleft().data))
        messages.maybe_resume()
        return frames

    async def close(self) -> None:
        await self._connection.close()


def _closed(e: ConnectionClosed) -> SocketClosed:
    last = e.rcvd or e.sent
    if last is None:
        return SocketClosed(1006, "without a word")
    return SocketClosed(last.code, last.reason)


async def connect(url: str, headers: Mapping[str, str], *, compression: bool = False) -> Socket:
    """Open a socket to `url`; raise ConnectFailed or ConnectRefused.

    Never sends `Origin`: Upbit serves a client that does once in 10 s (changelog "origin_rate_limit"). Compression is
    off unless asked for: inflating costs more CPU than the bytes it saves are worth here.
    """
    if any(name.lower() == "origin" for name in headers):
        raise ValueError("an Origin header would be throttled to one handshake in 10 s")
    place = urlsplit(url)
    secure = place.scheme == "wss"
    tls: dict[str, Any] = {"ssl": tls_context(), "ssl_handshake_timeout": TLS_S} if secure else {}
    try:
        wire = await dial(place.hostname or "", place.port or (443 if secure else 80))
        connection = await open_connection(
            url,
            sock=wire,
            **tls,
            additional_headers=dict(headers),
            user_agent_header=None,
            origin=None,
            proxy=None,
            compression="deflate" if compression else None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=PING_EVERY_S,
            ping_timeout=PONG_WITHIN_S,
            close_timeout=CLOSE_WITHIN_S,
            max_size=MAX_FRAME_BYTES,
            max_queue=QUEUE_FRAMES,
        )
    except InvalidStatus as e:
        answer = e.response
        stated_s = retry_after_s(answer.headers.get("Retry-After"))
        raise ConnectRefused(answer.status_code, stated_s, bytes(answer.body[:REFUSAL_BYTES])) from e
    except TimeoutError as e:
        raise ConnectFailed(f"WebSocket: no answer to the handshake within {OPEN_TIMEOUT_S:g} s") from e
    except (OSError, WebSocketException) as e:
        raise ConnectFailed(told(e)) from e
    return _Socket(connection)
