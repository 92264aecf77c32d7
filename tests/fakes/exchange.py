"""An exchange's socket that plays one script per connection, in memory or on a real loopback server.

    exchange.script(send(TRADE), wait(3), garbage(), stall())      # first connection
    exchange.script(refuse(429))                                   # second
    exchange.script(answer(lambda codes: ...))                     # third: reply to every subscription request

A script starts when the client has sent its first subscription; text `PING` is answered until the script stalls. When a
script ends, or none is left, the connection stays open and silent but answers PING.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus

from msgspec import Struct
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from collectors.net.socket import ConnectRefused, Socket, SocketClosed, at_once
from config.clock import Clock

UP = b'{"status":"UP"}'
GARBAGE = b'{"ty":"trade","cd":"KRW-BT\xff'


class _Send(Struct):
    frames: tuple[bytes | str, ...]


class _Wait(Struct):
    seconds: float


class _Stall(Struct):
    pass


class _Drop(Struct):
    code: int
    reason: str


class _Refuse(Struct):
    status: int
    retry_after_s: int | None


class _Hang(Struct):
    pass


class _Answer(Struct):
    reply: Callable[[Sequence[str]], Sequence[bytes]]


Step = _Send | _Wait | _Stall | _Drop | _Refuse | _Hang | _Answer


def send(*frames: bytes | str) -> Step:
    """These frames, at once; `str` goes out as a text frame, `bytes` as a binary one."""
    return _Send(frames)


def garbage() -> Step:
    """A frame that is neither JSON nor UTF-8."""
    return _Send((GARBAGE,))


def wait(seconds: float) -> Step:
    """Nothing for so long, by the clock of the test."""
    return _Wait(seconds)


def stall() -> Step:
    """The connection stays open and nothing comes any more, no answer to PING either."""
    return _Stall()


def drop(code: int = 1006, reason: str = "") -> Step:
    """Close; 1006 cuts the line without a word."""
    return _Drop(code, reason)


def refuse(status: int = 429, retry_after_s: int | None = None) -> Step:
    """Answer the handshake with an HTTP status. Only as the first step."""
    return _Refuse(status, retry_after_s)


def hang() -> Step:
    """Never finish the handshake. Only as the first step, in memory."""
    return _Hang()


def answer(reply: Callable[[Sequence[str]], Sequence[bytes]]) -> Step:
    """From here on, send `reply(codes)` to every subscription request, the first one included."""
    return _Answer(reply)


def trade_frame(
    code: str,
    price: float,
    traded_ms: int,
    trade_id: int,
    *,
    volume: float = 1.0,
    side: str = "BID",
    st: str = "REALTIME",
) -> bytes:
    """A SIMPLE trade frame with every documented key that matters."""
    frame = {"ty": "trade", "cd": code, "tms": traded_ms + 55, "ttms": traded_ms, "tp": price, "tv": volume, "ab": side}
    return json.dumps(frame | {"sid": trade_id, "st": st}).encode()


def error_frame(name: str, message: str = "") -> bytes:
    return json.dumps({"error": {"name": name, "message": message}}, ensure_ascii=False).encode()


def listing_frame(codes: Sequence[str]) -> bytes:
    """The answer to LIST_SUBSCRIPTIONS, in the short keys of SIMPLE."""
    rows = [{"ty": "trade", "cds": list(codes)}] if codes else []
    return json.dumps({"mthd": "LIST_SUBSCRIPTIONS", "rslt": rows, "tckt": "t"}).encode()


class FakeConnection:
    """One connection as the exchange sees it: what it was asked, and what it still has to say."""

    def __init__(self, script: Sequence[Step], url: str, headers: Mapping[str, str]) -> None:
        self.url = url
        self.headers = dict(headers)
        self.sent: list[str] = []
        self.closed = False
        self.forgotten: set[str] = set()
        self._script = script
        self._asked = asyncio.Event()
        self._stalled = False
        self._silent = False
        self._reply: Callable[[Sequence[str]], Sequence[bytes]] | None = None
        self._out: deque[bytes | str] = deque()
        self._end: SocketClosed | None = None
        self._ready = asyncio.Event()

    @property
    def requests(self) -> list[list[str]]:
        """The codes of every subscription request, in order."""
        return [_codes(text) for text in self.sent if text.startswith("[") and "LIST_SUBSCRIPTIONS" not in text]

    def listed(self) -> list[str]:
        """What LIST_SUBSCRIPTIONS tells: the codes of the last request, but for those in `forgotten`."""
        asked = self.requests[-1] if self.requests else []
        return [code for code in asked if code not in self.forgotten]

    def hear(self, text: str) -> None:
        """The client says something."""
        self.sent.append(text)
        if text == "PING":
            if not self._stalled:
                self.say(UP)
            return
        if "LIST_SUBSCRIPTIONS" in text:
            if not self._stalled:
                self.say(listing_frame(self.listed()))
            return
        self._asked.set()
        if self._reply is not None:
            self.say(*self._reply(_codes(text)))

    def say(self, *frames: bytes | str) -> None:
        """Send frames from outside of the script."""
        if not self._silent:
            self._out.extend(frames)
            self._ready.set()

    def fall_silent(self) -> None:
        """Nothing arrives any more, as on a line that is cut without a word."""
        self._silent = True

    def cut(self, code: int = 1006, reason: str = "") -> None:
        """End the connection from outside of the script."""
        self._end = SocketClosed(code, reason)
        self._ready.set()

    async def play(self, clock: Clock) -> None:
        await self._asked.wait()
        for step in self._script:
            match step:
                case _Send(frames):
                    self.say(*frames)
                case _Wait(seconds):
                    await clock.sleep(seconds)
                case _Stall():
                    self._stalled = True
                case _Drop(code, reason):
                    self.cut(code, reason)
                case _Answer(reply):
                    self._reply = reply
                    for codes in self.requests:
                        self.say(*reply(codes))
                case _Refuse() | _Hang():
                    raise AssertionError("refuse() and hang() only make sense as a script's first step")

    async def take(self) -> list[bytes | str]:
        """All that is ready, at least one; raise SocketClosed after the last."""
        while not self._out:
            if self._end is not None or self.closed:
                raise self._end or SocketClosed(1000, "")
            self._ready.clear()
            await self._ready.wait()
        frames = list(self._out)
        self._out.clear()
        return frames

    def close(self) -> None:
        self.closed = True
        self._ready.set()


class _MemorySocket(Socket):
    """`Socket` without a network."""

    def __init__(self, connection: FakeConnection, player: "asyncio.Task[None]") -> None:
        self._connection = connection
        self._player = player

    async def send(self, text: str) -> None:
        if self._connection.closed or self._connection._end is not None:
            raise self._connection._end or SocketClosed(1000, "")
        self._connection.hear(text)

    async def receive(self) -> Sequence[bytes]:
        return [f.encode() if isinstance(f, str) else f for f in await self._connection.take()]

    async def close(self) -> None:
        self._connection.close()
        self._player.cancel()


class FakeExchange:
    """Scripts in the order of the connections that will play them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scripts: deque[tuple[Step, ...]] = deque()
        self.connections: list[FakeConnection] = []
        self.attempts_at: list[float] = []

    def script(self, *steps: Step) -> None:
        """What the next connection that has none yet will play."""
        self._scripts.append(steps)

    async def connect(
        self, url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Socket:
        """A `Connect` for code under test, in memory."""
        await admitted()
        self.attempts_at.append(self._clock.monotonic())
        script = self._scripts.popleft() if self._scripts else ()
        match script[:1]:
            case (_Refuse(status, retry_after_s),):
                raise ConnectRefused(status, retry_after_s)
            case (_Hang(),):
                await asyncio.Event().wait()
        connection = FakeConnection(script, url, headers)
        self.connections.append(connection)
        return _MemorySocket(connection, asyncio.get_running_loop().create_task(connection.play(self._clock)))

    @asynccontextmanager
    async def served(self) -> AsyncIterator[str]:
        """The same scripts on a real server; yields its URL."""
        waiting: dict[ServerConnection, tuple[Step, ...]] = {}

        def greet(connection: ServerConnection, request: Request) -> Response | None:
            self.attempts_at.append(self._clock.monotonic())
            script = self._scripts.popleft() if self._scripts else ()
            match script[:1]:
                case (_Refuse(status, retry_after_s),):
                    headers = Headers({"Content-Length": "0"})
                    if retry_after_s is not None:
                        headers["Retry-After"] = str(retry_after_s)
                    return Response(status, HTTPStatus(status).phrase, headers)
            waiting[connection] = script
            return None

        async def talk(socket: ServerConnection) -> None:
            request = socket.request
            assert request is not None
            connection = FakeConnection(waiting.pop(socket), request.path, dict(request.headers.raw_items()))
            self.connections.append(connection)
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(connection.play(self._clock)),
                    group.create_task(_speak(connection, socket)),
                ]
                try:
                    async for text in socket:
                        connection.hear(text if isinstance(text, str) else text.decode())
                except ConnectionClosed:
                    connection.closed = True
                for task in tasks:
                    task.cancel()

        async with serve(talk, "127.0.0.1", 0, process_request=greet, ping_interval=None, max_size=None) as server:
            yield f"ws://127.0.0.1:{_port(server)}"


async def _speak(connection: FakeConnection, socket: ServerConnection) -> None:
    """Carry what the script says to a real client."""
    try:
        while True:
            for frame in await connection.take():
                await socket.send(frame)
    except SocketClosed as end:
        if end.code == 1006:
            socket.transport.abort()
        else:
            await socket.close(end.code, end.reason)


def _port(server: Server) -> int:
    port = next(iter(server.sockets)).getsockname()[1]
    assert isinstance(port, int)
    return port


def _codes(text: str) -> list[str]:
    return [code for part in json.loads(text) for code in part.get("codes", [])]
