"""Sockets by the library picows: frames are parsed in C and handed over without an awaitable each.

Contract: picows 2.3, core interface. It pings a connection that has brought nothing for 5 s and waits 5 s for the
answer, so silence of the network is noticed within 10 s. It neither joins fragments nor holds the sender back; both are
done here. What it would log is told by the errors that are raised.
"""

import asyncio
import logging
import socket as plain
import ssl
from collections.abc import Mapping
from typing import Any

from picows import WSCloseCode, WSError, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from collectors.net import dial
from collectors.net import socket as seam
from collectors.net.gathering import Gathering
from collectors.net.limits import retry_after_s
from collectors.net.socket import MAX_FRAME_BYTES, ConnectFailed, ConnectRefused, SocketClosed
from collectors.net.turns import Turns

LONGEST_CONTROL_FRAME = 125  # RFC 6455, section 5.5; asking a frame for its kind costs as much as copying it
QUIET = logging.getLogger("picows.client")
QUIET.setLevel(logging.CRITICAL + 1)


class PicowsSocket(Gathering, WSListener):
    """`Socket` over one connection; the library calls `on_…`."""

    def __init__(self, turns: Turns | None) -> None:
        super().__init__(turns)
        self._transport: WSTransport | None = None
        self._told: SocketClosed | None = None  # the last word of the other side
        self._unusual = False  # a message comes in fragments, or nothing that comes counts any more
        self.abandoned = False

    # --- what the library calls ---------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        self._opened(transport.underlying_transport)
        if self.abandoned:
            transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        size = frame.payload_size
        if frame.fin and LONGEST_CONTROL_FRAME < size <= MAX_FRAME_BYTES and not self._unusual:
            self._messages.append(frame.get_payload_as_bytes())
        else:
            self._take_other(transport, frame)
        if self._noted:
            self._came(size)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._ended(self._told or _our_last_word(transport) or SocketClosed(1006, "without a word"))

    def _take_other(self, transport: WSTransport, frame: WSFrame) -> None:
        """A short message, a fragment, what is no message, or what comes after the end."""
        if self._told is not None:
            return
        kind = frame.msg_type
        if frame.payload_size > MAX_FRAME_BYTES:  # refused, and the goodbye is said; its rest came all the same
            self._end_with(transport, WSCloseCode.MESSAGE_TOO_BIG, said=True)
        elif kind is WSMsgType.CLOSE:
            self._hear_close(transport, frame.get_payload_as_bytes())
        elif kind is WSMsgType.CONTINUATION or kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
            self._take_data(transport, frame, begins=kind is not WSMsgType.CONTINUATION)

    def _take_data(self, transport: WSTransport, frame: WSFrame, *, begins: bool) -> None:
        if begins is bool(self._parts):
            self._end_with(transport, WSCloseCode.PROTOCOL_ERROR)
        elif begins and frame.fin:
            self._messages.append(frame.get_payload_as_bytes())
        elif self._add_part(frame.get_payload_as_bytes(), last=frame.fin):
            self._unusual = bool(self._parts)
        else:
            self._end_with(transport, WSCloseCode.MESSAGE_TOO_BIG)

    def _end_with(self, transport: WSTransport, code: WSCloseCode, *, said: bool = False) -> None:
        """The other side broke the protocol or our bounds: nothing that it says after that counts."""
        self._told, self._unusual = SocketClosed(int(code.value), ""), True
        if not said:
            transport.send_close(code)
            transport.disconnect()
        self._ended(self._told)

    def _hear_close(self, transport: WSTransport, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        self._told, self._unusual = SocketClosed(code, payload[2:].decode("utf-8", "replace")), True
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()
        self._ended(self._told)

    # --- Socket -------------------------------------------------------------------------------------------------------

    async def send(self, text: str) -> None:
        if (end := self._end or self._told) is not None:
            raise end.again()
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, text)
        if self._place is not None:
            self._place.stir()  # the answer is not to wait

    async def close(self) -> None:
        assert self._transport is not None
        self._transport.send_close(WSCloseCode.OK)
        try:
            async with asyncio.timeout(seam.CLOSE_WITHIN_S):
                await self._transport.wait_disconnected()
        except (TimeoutError, WSError):  # nobody answered; or the other side had broken the protocol before
            pass
        finally:
            self._transport.disconnect(graceful=False)


def _our_last_word(transport: WSTransport) -> SocketClosed | None:
    """What we, or the library for us, ended the connection with."""
    handshake = transport.close_handshake
    if handshake is None or handshake.sent is None:
        return None
    return SocketClosed(int(handshake.sent.code.value), handshake.sent.reason or "")


async def open_socket(
    url: str, headers: Mapping[str, str], wire: plain.socket, tls: ssl.SSLContext | None, turns: Turns | None
) -> PicowsSocket:
    """Open a socket to `url` over a TCP connection; raise ConnectFailed or ConnectRefused."""
    socket = PicowsSocket(turns)
    secure: dict[str, Any] = {} if tls is None else {"ssl_context": tls, "ssl_handshake_timeout": dial.TLS_S}
    try:
        _, listener = await ws_connect(
            lambda: socket,
            url,
            socket_factory=lambda _: wire,
            **secure,
            logger_name=QUIET,
            websocket_handshake_timeout=seam.OPEN_TIMEOUT_S,
            enable_auto_ping=True,
            auto_ping_idle_timeout=seam.PING_EVERY_S,
            auto_ping_reply_timeout=seam.PONG_WITHIN_S,
            max_frame_size=MAX_FRAME_BYTES,
            max_redirects=0,
            extra_headers=dict(headers),
        )
    except WSHandshakeError as e:
        if e.response is None or e.response.status == 101:
            raise ConnectFailed(f"{type(e).__name__}: {e}") from e
        stated_s = retry_after_s(e.response.headers.get("Retry-After"))
        raise ConnectRefused(int(e.response.status), stated_s, (e.raw_body or b"")[: seam.REFUSAL_BYTES]) from e
    except TimeoutError as e:
        raise ConnectFailed(f"WebSocket: no answer to the handshake within {seam.OPEN_TIMEOUT_S:g} s") from e
    except (OSError, WSError) as e:
        raise ConnectFailed(dial.told(e)) from e
    finally:
        socket.abandoned = True  # a handshake that ends only now, with nobody waiting, is closed at once
    if listener is None:
        raise ConnectFailed("the host hung up during the handshake")
    return socket
