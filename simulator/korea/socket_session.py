"""One client on a socket of a Korean exchange: requests in, frames out, keep-alive, limits, faults.

What is subscribed means something only to the `Desk` behind it. Facts: docs.upbit.com/kr websocket-guide and
rate-limits (2026-10), apidocs.bithumb.com 연결-관리 (2026-06-30). Chosen where nothing is documented: an error frame
leaves the connection open; after too many messages an error frame is sent and the connection closed (1008); the
repeated `{"status":"UP"}` does not count as traffic, so a client must go on sending PING to stay beyond 120 s.
"""

import asyncio
from collections import deque
from typing import Protocol

from aiohttp import WSMsgType, web

from simulator.counters import ServiceCount
from simulator.faults import SocketFaults
from simulator.korea.subscriptions import (
    WRONG_FORMAT,
    Dialect,
    Format,
    ListSubscriptions,
    RequestRefused,
    Subscription,
    parse_request,
)
from simulator.korea.wire import error, quoted
from simulator.limits import Window
from simulator.world.clock import SimClock

STATUS_UP = b'{"status":"UP"}'
IDLE_MS = 120_000
STATUS_EVERY_MS = 10_000
REFRESH_S = 0.2  # real seconds between two looks at what has changed
OUTBOX_BYTES = 64_000_000  # a client that is further behind than this is cut off
MAX_MESSAGE_BYTES = 1 << 20
CLOSE_S = 1.0  # real seconds that a client has to answer a close

Pair = tuple[str, str]  # the same frame in long and in short keys


class Desk(Protocol):
    """Who knows what the subscriptions of a session mean."""

    def subscribed(self, session: "Session") -> None:
        """The session has a new set of subscriptions: forget the old one, send the snapshots."""
        ...

    def refresh(self, session: "Session", now_ms: int) -> None:
        """Send what has changed since the last look; called a few times a second."""
        ...

    def left(self, session: "Session") -> None: ...


class Messages:
    """How many messages a connection may send: 5 a second and 100 a minute, PING and LIST_SUBSCRIPTIONS included."""

    def __init__(self) -> None:
        self._windows = (Window(5, 1_000), Window(100, 60_000))

    def allow(self, now_ms: int) -> bool:
        left = [window.take("", now_ms) for window in self._windows]  # each counts, whatever the other says
        return None not in left


class Session:
    """Lives as long as its connection; `serve()` is the handler of the request."""

    def __init__(
        self,
        desk: Desk,
        dialect: Dialect,
        clock: SimClock,
        faults: SocketFaults,
        count: ServiceCount,
        messages: Messages | None = None,
        control_opcode: WSMsgType = WSMsgType.BINARY,
    ) -> None:
        """`control_opcode`: the kind of frame of errors, status and lists. Without `messages` there is no limit."""
        self.subscriptions: tuple[Subscription, ...] = ()
        self.format: Format = "DEFAULT"
        self._desk = desk
        self._dialect = dialect
        self._clock = clock
        self._faults = faults
        self._count = count
        self._messages = messages
        self._control = control_opcode
        self._socket = web.WebSocketResponse(timeout=CLOSE_S, autoping=False, max_msg_size=MAX_MESSAGE_BYTES)
        self._outbox: deque[tuple[int, WSMsgType, bytes]] = deque()
        self._outbox_bytes = 0
        self._waiting = asyncio.Event()
        self._active_ms = clock.now_ms()
        self._status_ms: int | None = None
        self._transport: asyncio.Transport | None = None

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        await self._socket.prepare(request)
        self._transport = request.transport
        tasks = [asyncio.ensure_future(work) for work in (self._read(), self._write(), self._refresh())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._desk.left(self)
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            if not self._socket.closed:
                await self._socket.close()
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, ConnectionError):
                raise result
        return self._socket

    def send(self, pair: Pair, opcode: WSMsgType) -> None:
        """Queue one data frame in the format of this connection."""
        self.offer(dressed(pair, self.format), opcode)

    def offer(self, frame: bytes, opcode: WSMsgType) -> None:
        """Queue one frame as it is, bent by the faults that are on."""
        due_ms = 0
        delay_s = self._faults.delay_s()
        if delay_s:
            due_ms = self._clock.now_ms() + int(delay_s * 1000)
        for sent in self._faults.mutate([frame]):
            self._outbox.append((due_ms, opcode, sent))
            self._outbox_bytes += len(sent)
        self._waiting.set()

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                return
            self._active_ms = self._clock.now_ms()
            if self._faults.silent():
                continue
            if message.type is WSMsgType.PING:
                await self._socket.pong(message.data)
            elif message.type in (WSMsgType.TEXT, WSMsgType.BINARY):
                if self._messages and not self._messages.allow(self._active_ms):
                    self._control_frame(error("TOO_MANY_REQUEST", "요청 수 제한을 초과했습니다."))
                    await self._flush()
                    await self._socket.close(code=1008)
                    return
                self._hear(message.data)

    def _hear(self, text: str | bytes) -> None:
        if text in ("PING", b"PING"):
            self._status_ms = self._active_ms
            self._control_frame(STATUS_UP.decode())
            return
        try:
            wanted = parse_request(text, self._dialect)
        except RequestRefused as e:
            self._control_frame(error(e.name, e.message))
            return
        if isinstance(wanted, ListSubscriptions):
            self.format = wanted.format or self.format
            self._control_frame(listing(self.subscriptions, wanted.ticket, self.format))
        elif self._faults.subscribe_error():
            self._control_frame(error("WRONG_FORMAT", WRONG_FORMAT))
        else:
            self.subscriptions, self.format = wanted.subscriptions, wanted.format
            self._desk.subscribed(self)

    def _control_frame(self, text: str) -> None:
        self.offer(text.encode(), self._control)

    async def _write(self) -> None:
        while True:
            await self._waiting.wait()
            self._waiting.clear()
            await self._flush()

    async def _flush(self) -> None:
        while self._outbox:
            due_ms, opcode, frame = self._outbox.popleft()
            if due_ms and (wait_ms := due_ms - self._clock.now_ms()) > 0:
                await self._clock.sleep(wait_ms / 1000)
            self._outbox_bytes -= len(frame)
            if opcode is WSMsgType.TEXT and not _is_text(frame):
                opcode = WSMsgType.BINARY  # a text frame may not hold garbage; the protocol itself would fail
            await self._socket.send_frame(frame, opcode)
            self._count.frames_sent += 1
            if frame is not STATUS_UP:
                self._active_ms = self._clock.now_ms()

    async def _refresh(self) -> None:
        """Watch over the connection, and let the desk send what is sent now and then."""
        while True:
            await self._clock.sleep(REFRESH_S * self._clock.speed)
            now_ms = self._clock.now_ms()
            if self._outbox_bytes > OUTBOX_BYTES and self._transport is not None:
                self._transport.abort()
                return
            if now_ms - self._active_ms >= IDLE_MS:
                await self._socket.close(code=1000)
                return
            if self._status_ms is not None and now_ms - self._status_ms >= STATUS_EVERY_MS:
                self._status_ms = now_ms
                self.offer(STATUS_UP, self._control)
            self._desk.refresh(self, now_ms)


def dressed(pair: Pair, format_: Format) -> bytes:
    """The frame in the format asked for."""
    text = pair[1] if format_.startswith("SIMPLE") else pair[0]
    return (f"[{text}]" if format_.endswith("_LIST") else text).encode()


def listing(subscriptions: tuple[Subscription, ...], ticket: str, format_: Format) -> str:
    """The answer to LIST_SUBSCRIPTIONS; `level` is a number here even where a text was asked."""
    simple = format_.startswith("SIMPLE")
    type_, codes, level = ("ty", "cds", "lv") if simple else ("type", "codes", "level")
    rows = []
    for wanted in subscriptions:
        row = [f'"{type_}":{quoted(wanted.type)}']
        if wanted.codes:
            row.append(f'"{codes}":[{",".join(map(quoted, wanted.codes))}]')
        if wanted.type == "orderbook":
            row.append(f'"{level}":{_number(wanted.level)}')
        rows.append("{" + ",".join(row) + "}")
    method, result, echo = ("mthd", "rslt", "tckt") if simple else ("method", "result", "ticket")
    text = f'{{"{method}":"LIST_SUBSCRIPTIONS","{result}":[{",".join(rows)}],"{echo}":{quoted(ticket)}}}'
    return f"[{text}]" if format_.endswith("_LIST") else text


def _number(level: str) -> str:
    return level if level.replace(".", "", 1).isdigit() else "0"


def _is_text(frame: bytes) -> bool:
    try:
        frame.decode()
    except UnicodeDecodeError:
        return False
    return True
