"""Sockets by the library picows: frames are parsed in C and handed over without an awaitable each.

Contract: picows 2.3, core interface. It pings a connection that has brought nothing for 5 s and waits 5 s for the
answer, so silence of the network is noticed within 10 s. It neither joins fragments nor holds the sender back; both are
done here. What it would log is told by the errors that are raised.
"""

import asyncio
import logging
import socket as plain
import ssl
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

from picows import WSCloseCode, WSError, WSFrame, WSHandshakeError, WSListener, WSMsgType, WSTransport, ws_connect

from collectors.net import dial
from collectors.net import socket as seam
from collectors.net.limits import retry_after_s
from collectors.net.socket import MAX_FRAME_BYTES, ConnectFailed, ConnectRefused, SocketClosed
from collectors.net.turns import Place, Turns

LONGEST_CONTROL_FRAME = 125  # RFC 6455, section 5.5; asking a frame for its kind costs as much as copying it
MANY_FRAMES = 256  # at once: there may be more, so the socket does not rest
KERNEL_BYTES = 512 * 1024  # what may wait in the kernel, and so about the most that one read brings
QUIET = logging.getLogger("picows.client")
QUIET.setLevel(logging.CRITICAL + 1)


class PicowsSocket(WSListener):
    """`Socket` over one connection; the library calls `on_…`."""

    def __init__(self, turns: Turns | None) -> None:
        self._turns = turns
        self._transport: WSTransport | None = None
        self._frames: list[bytes] = []
        self._parts: list[bytes] = []  # of a message that comes in fragments
        self._told: SocketClosed | None = None  # the last word of the other side
        self._end: SocketClosed | None = None
        self._place: Place | None = None
        self._waiter: asyncio.Future[None] | None = None  # of `receive`
        self._take: Callable[[Sequence[bytes]], object] | None = None  # of `deliver`
        self._over: asyncio.Future[NoReturn] | None = None
        self._noted = True  # the next frame is for `_note`
        self._held_back = False
        self.abandoned = False

    # --- what the library calls ---------------------------------------------------------------------------------------

    def on_ws_connected(self, transport: WSTransport) -> None:
        self._transport = transport
        underlying = transport.underlying_transport
        underlying.get_extra_info("socket").setsockopt(plain.SOL_SOCKET, plain.SO_RCVBUF, KERNEL_BYTES)
        if self._turns is not None:
            self._place = Place(self._turns, underlying, self._look)
        if self.abandoned:
            transport.disconnect(graceful=False)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        if frame.fin and LONGEST_CONTROL_FRAME < frame.payload_size <= MAX_FRAME_BYTES and not self._parts:
            self._frames.append(frame.get_payload_as_bytes())
        else:
            self._take_other(transport, frame)
        if self._noted:
            self._note(transport)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        self._end = self._told or _our_last_word(transport) or SocketClosed(1006, "without a word")
        self._tell()

    def _note(self, transport: WSTransport) -> None:
        """A frame came: tell whoever waits; where nobody does, hold the sender back before it is too much."""
        if self._take is not None or self._waiter is not None:
            self._tell()
        elif len(self._frames) > seam.QUEUE_FRAMES[0] and not self._held_back:
            self._held_back = True
            transport.underlying_transport.pause_reading()

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
        assert self._place.read is not None
        if self._take is None or not self._noted:  # `receive` is told, or what came before is about to be handed over
            self._place.read()
            return bool(self._frames)
        self._noted = False
        self._place.read()
        self._noted = True
        return 0 < self._hand_over() < MANY_FRAMES

    def _take_other(self, transport: WSTransport, frame: WSFrame) -> None:
        """A short message, a fragment, or what is no message."""
        if frame.payload_size > MAX_FRAME_BYTES:  # refused, and the goodbye is said; its rest came all the same
            return
        kind = frame.msg_type
        if kind is WSMsgType.CLOSE:
            self._hear_close(transport, frame.get_payload_as_bytes())
        elif kind is WSMsgType.CONTINUATION or not frame.fin:
            self._parts.append(frame.get_payload_as_bytes())
            if sum(map(len, self._parts)) > MAX_FRAME_BYTES:
                self._parts.clear()
                transport.send_close(WSCloseCode.MESSAGE_TOO_BIG)
                transport.disconnect()
            elif frame.fin:
                self._frames.append(b"".join(self._parts))
                self._parts.clear()
        elif kind is WSMsgType.TEXT or kind is WSMsgType.BINARY:
            self._frames.append(frame.get_payload_as_bytes())

    def _hear_close(self, transport: WSTransport, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if len(payload) >= 2 else 1005
        self._told = SocketClosed(code, payload[2:].decode("utf-8", "replace"))
        transport.send_close(WSCloseCode.OK)
        transport.disconnect()

    # --- Socket -------------------------------------------------------------------------------------------------------

    async def send(self, text: str) -> None:
        if (end := self._end or self._told) is not None:
            raise end
        assert self._transport is not None
        self._transport.send(WSMsgType.TEXT, text)
        if self._place is not None:
            self._place.stir()  # the answer is not to wait

    async def receive(self) -> Sequence[bytes]:
        while not self._frames:
            if self._end is not None:
                raise self._end
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
            self._take, self._noted = None, True
        raise AssertionError("it never ends without an error")

    def _hand_over(self) -> int:
        """All that has come, to whom it is delivered to; how many messages that was. Then the end, if it has come."""
        take, over = self._take, self._over
        if take is None or over is None or over.done():
            return 0
        self._noted = True
        count = len(self._frames)
        try:
            if count:
                take(self._taken())
        except Exception as e:  # noqa: BLE001 - it is for whoever waits in `deliver`
            over.set_exception(e)
            return 0
        if self._end is not None:
            over.set_exception(self._end)
            return 0
        return count

    def _taken(self) -> Sequence[bytes]:
        """What has come, and let more come: in a while, if this is all there was."""
        frames, self._frames = self._frames, []
        if self._held_back:
            self._held_back = False
            assert self._transport is not None
            if not self._transport.underlying_transport.is_closing():
                self._transport.underlying_transport.resume_reading()
        elif self._place is not None:
            if len(frames) < MANY_FRAMES:
                self._place.rest()
            else:
                self._place.stir()
        return frames

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
