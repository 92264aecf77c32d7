"""Sockets by the library websockets: pure Python, the reference of the protocol.

Contract: websockets 17, asyncio client. It pings every 5 s and waits 5 s for the answer, so silence of the network is
noticed within about 10 s.
"""

import socket as plain
import ssl
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from operator import attrgetter
from typing import Any, NoReturn

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from collectors.net import dial
from collectors.net import socket as seam
from collectors.net.limits import retry_after_s
from collectors.net.socket import ConnectFailed, ConnectRefused, Socket, SocketClosed
from collectors.net.turns import Place, Turns

IS_WHOLE = attrgetter("fin")  # of a frame: not the beginning of a message in fragments


class WebsocketsSocket(Socket):
    """`Socket` over one connection."""

    def __init__(self, connection: ClientConnection, turns: Turns | None) -> None:
        self._connection = connection
        self._place = None if turns is None else Place(turns, connection.transport, self._look)

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except ConnectionClosed as e:
            raise _closed(e) from e
        if self._place is not None:
            self._place.stir()  # the answer is not to wait

    async def receive(self) -> Sequence[bytes]:
        try:
            frames = [await self._connection.recv(decode=False)]
        except ConnectionClosed as e:
            raise _closed(e) from e
        # The messages that came with it, if whole; past `recv`, whose per-message cost is a third of the whole path.
        messages = self._connection.recv_messages
        waiting = messages.frames.queue
        whole = list(takewhile(IS_WHOLE, waiting))
        frames += [each.data for each in whole]  # type: ignore[misc]  # bytearrays that nobody else holds
        if len(whole) == len(waiting):
            waiting.clear()
        else:
            for _ in whole:
                waiting.popleft()
        messages.maybe_resume()
        if self._place is not None:
            if not waiting and len(frames) < seam.BUSY_FRAMES:
                self._place.rest()
            else:
                self._place.stir()
        return frames

    async def deliver(self, take: Callable[[Sequence[bytes]], object], hurried: Callable[[], bool]) -> NoReturn:
        if self._place is not None:
            self._place.hurried = hurried
        await super().deliver(take, hurried)

    def _look(self) -> bool:
        """A turn: read what has come; whoever receives is told. Whether another turn is worth waiting for."""
        assert self._place is not None
        assert self._place.read is not None
        self._place.read()
        return bool(self._connection.recv_messages.frames.queue)

    async def close(self) -> None:
        await self._connection.close()


def _closed(e: ConnectionClosed) -> SocketClosed:
    last = e.rcvd or e.sent
    if last is None:
        return SocketClosed(1006, "without a word")
    return SocketClosed(last.code, last.reason)


async def open_socket(
    url: str, headers: Mapping[str, str], wire: plain.socket, tls: ssl.SSLContext | None, turns: Turns | None
) -> WebsocketsSocket:
    """Open a socket to `url` over a TCP connection; raise ConnectFailed or ConnectRefused."""
    secure: dict[str, Any] = {} if tls is None else {"ssl": tls, "ssl_handshake_timeout": dial.TLS_S}
    try:
        connection = await open_connection(
            url,
            sock=wire,
            **secure,
            additional_headers=dict(headers),
            user_agent_header=None,
            origin=None,
            proxy=None,
            compression=None,
            open_timeout=seam.OPEN_TIMEOUT_S,
            ping_interval=seam.PING_EVERY_S,
            ping_timeout=seam.PONG_WITHIN_S,
            close_timeout=seam.CLOSE_WITHIN_S,
            max_size=seam.MAX_FRAME_BYTES,
            max_queue=seam.QUEUE_FRAMES,
        )
    except InvalidStatus as e:
        answer = e.response
        stated_s = retry_after_s(answer.headers.get("Retry-After"))
        raise ConnectRefused(answer.status_code, stated_s, bytes(answer.body[: seam.REFUSAL_BYTES])) from e
    except TimeoutError as e:
        raise ConnectFailed(f"WebSocket: no answer to the handshake within {seam.OPEN_TIMEOUT_S:g} s") from e
    except (OSError, WebSocketException) as e:
        raise ConnectFailed(dial.told(e)) from e
    return WebsocketsSocket(connection, turns)
