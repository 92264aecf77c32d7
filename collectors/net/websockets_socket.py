"""Sockets by the library websockets: pure Python, the reference of the protocol.

Contract: websockets 17, asyncio client. It pings every 5 s and waits 5 s for the answer, so silence of the network is
noticed within about 10 s. Its queue of frames is passed by, and what is read goes into one buffer: three calls a
message and a fresh quarter of a megabyte a read took a seventh of the whole path.
"""

import asyncio
import socket as plain
import ssl
from collections.abc import Mapping
from functools import partial
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as open_connection
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.frames import DATA_OPCODES, CloseCode, Frame

from collectors.net import dial
from collectors.net import socket as seam
from collectors.net.gathering import Gathering
from collectors.net.limits import retry_after_s
from collectors.net.socket import ConnectFailed, ConnectRefused, SocketClosed
from collectors.net.turns import PLENTY_BYTES, Turns

READ_BYTES = 2 * PLENTY_BYTES  # the most of one read: nearly always all that there is, where half of it wakes us
TLS_RECORD_BYTES = 16_384


class WebsocketsSocket(Gathering, ClientConnection, asyncio.BufferedProtocol):
    """`Socket`, and the library's connection itself."""

    def __init__(self, turns: Turns | None, *args: Any, **kwargs: Any) -> None:
        Gathering.__init__(self, turns)
        ClientConnection.__init__(self, *args, **kwargs)
        self._own = self._buffer = memoryview(bytearray(READ_BYTES))

    # --- what the transport and the library call ----------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._opened(transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Ours; a larger one where TLS has more to give, which at the end of a connection it does but once."""
        self._buffer = self._own
        if sizehint + TLS_RECORD_BYTES > READ_BYTES:
            self._buffer = memoryview(bytearray(sizehint + TLS_RECORD_BYTES))
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        self._more = nbytes == len(self._buffer)
        self.data_received(bytes(self._buffer[:nbytes]))
        if (ours := self.protocol.close_sent) is not None and self._end is None:  # it broke the rules, or we go
            self._ended(SocketClosed(ours.code, ours.reason))
        elif self._noted and self._messages:
            self._came(nbytes)

    def process_event(self, event: Any) -> None:
        if event.__class__ is not Frame or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            if (close := self.protocol.close_rcvd) is not None:  # whether the line ends as well, or stays for a while
                self._ended(SocketClosed(close.code, close.reason))
        elif event.fin and not self._parts:
            self._messages.append(event.data)  # type: ignore[arg-type]  # a bytearray that nobody else holds
        elif not self._add_part(event.data, last=event.fin):  # type: ignore[arg-type]  # its place: the library's care
            self.protocol.fail(CloseCode.MESSAGE_TOO_BIG, "too many fragments")
            self.send_data()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._ended(_closed(self.protocol.close_exc))
        self._own = self._buffer = memoryview(b"")

    # --- Socket -------------------------------------------------------------------------------------------------------

    async def send(self, text: str) -> None:  # type: ignore[override]  # ours is narrower, and nobody else sends
        try:
            await super().send(text)
        except ConnectionClosed as e:
            raise _closed(e) from e
        if self._place is not None:
            self._place.stir()  # the answer is not to wait

    async def close(self, code: CloseCode | int = CloseCode.NORMAL_CLOSURE, reason: str = "") -> None:
        try:
            async with asyncio.timeout(seam.CLOSE_WITHIN_S):
                await super().close(code, reason)
        except TimeoutError:  # it takes nothing, not even the goodbye
            pass
        finally:
            self.transport.abort()


def _closed(e: ConnectionClosed) -> SocketClosed:
    last = e.rcvd or e.sent
    if last is None:
        return SocketClosed(1006, "without a word")
    return SocketClosed(last.code, last.reason)


def _failed(e: Exception) -> ConnectFailed:
    """A refusal, if the host answered with a status, whatever the library made of it."""
    cause: BaseException | None = e
    while cause is not None and not isinstance(cause, InvalidStatus):
        cause = cause.__cause__ or cause.__context__
    if cause is None:
        return ConnectFailed(dial.told(e))
    answer = cause.response
    stated_s = retry_after_s(next(iter(answer.headers.get_all("Retry-After")), None))
    return ConnectRefused(answer.status_code, stated_s, bytes(answer.body[: seam.REFUSAL_BYTES]))


async def open_socket(
    url: str, headers: Mapping[str, str], wire: plain.socket, tls: ssl.SSLContext | None, turns: Turns | None
) -> WebsocketsSocket:
    """Open a socket to `url` over a TCP connection; raise ConnectFailed or ConnectRefused."""
    secure: dict[str, Any] = {} if tls is None else {"ssl": tls, "ssl_handshake_timeout": dial.TLS_S}
    try:
        connection = await open_connection(
            url,
            create_connection=partial(WebsocketsSocket, turns),  # type: ignore[arg-type]  # it is called, no more
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
        )
    except TimeoutError as e:
        raise ConnectFailed(f"WebSocket: no answer to the handshake within {seam.OPEN_TIMEOUT_S:g} s") from e
    except (OSError, WebSocketException, ValueError) as e:  # ValueError: a redirect
        raise _failed(e) from e
    assert isinstance(connection, WebsocketsSocket)
    return connection
