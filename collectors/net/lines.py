"""Kept-alive HTTP/1.1 connections for pages that are looked at again and again, at next to no cost.

The door's library does for each request what a browser needs: cookies, redirects, proxies, traces. A look at a page
needs a head of four lines and an answer of known length. Only GET, so that a connection which the other side had given
up meanwhile may be replaced and the question asked once more.

    AnswerTooLarge (Exception)   more than we take, also once it is unpacked
    OSError                      no connection, or it broke; DialError names the stage
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache

from msgspec import Struct
from yarl import URL

from collectors.net.dial import TLS_S, dial, tls_context

LINE_LIMIT = 65_536  # of a head, and of a line between chunks
ROOM = 32_768  # to begin with; it grows to the longest page …
KEPT_ROOM = 524_288  # … and is kept for the next one up to this
NO_BODY = (204, 304)
HEAD_END, LINE_END = b"\r\n\r\n", b"\r\n"
GZIP = 31  # zlib's word for a gzip envelope
Origin = tuple[str, str, int]


class AnswerTooLarge(Exception):
    """It would not fit."""


class Answer(Struct, frozen=True):
    """Header names are lower case; a name sent twice keeps its last value."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Line(asyncio.BufferedProtocol):
    """One connection, one question at a time. What comes is read into one buffer that is kept from page to page; who
    asked is woken when it is enough.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray(ROOM)
        self._size = 0  # so much of it is filled
        self._most = LINE_LIMIT
        self._enough = 0
        self._waiter: asyncio.Future[None] | None = None
        self._end: Exception | None = None  # what any further waiting raises
        self._cut = False  # it ended otherwise than by a goodbye

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - it is always -1
        if len(self._buffer) - self._size < ROOM // 2:
            larger = bytearray(2 * len(self._buffer))
            larger[: self._size] = self._part(0, self._size)
            self._buffer = larger
        return memoryview(self._buffer)[self._size :]

    def buffer_updated(self, nbytes: int) -> None:
        self._size += nbytes
        if self._size >= self._enough:
            self._wake()
        if self._size > self._most:
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end, self._cut = exc or ConnectionResetError("it hung up"), exc is not None
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- what `Lines` calls -------------------------------------------------------------------------------------------

    @property
    def fresh(self) -> bool:
        """Open, and with nothing on it that nobody asked for."""
        return not (self._end is not None or self._size or self._transport is None or self._transport.is_closing())

    @property
    def answered(self) -> bool:
        """Something of the present answer has come."""
        return self._size > 0

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, request: bytes, most_bytes: int) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        assert self._transport is not None
        self._most = 2 * (most_bytes + LINE_LIMIT)  # with its head, and all that may lie between chunks
        self._transport.write(request)
        head_end = await self._find(HEAD_END, 0)
        head = self._part(0, head_end).decode("latin-1")
        first, *fields = head.split("\r\n")
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if not (version.startswith("HTTP/1.") and status.isdecimal()):
            raise ConnectionResetError("that is no HTTP")
        named = (field.partition(":") for field in fields)
        headers = {name.strip().lower(): value.strip() for name, _, value in named}
        stays = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        body, end = b"", head_end + len(HEAD_END)
        if int(status) not in NO_BODY:
            body, end = await self._body(headers, end, most_bytes)
            body = _unpacked(body, headers.get("content-encoding", ""), most_bytes)
        stays = stays and self._size == end and self._end is None
        self._size = 0
        if len(self._buffer) > KEPT_ROOM:
            self._buffer = bytearray(ROOM)
        return Answer(int(status), headers, body), stays

    async def _body(self, headers: Mapping[str, str], start: int, most_bytes: int) -> tuple[bytes, int]:
        """The body that begins at `start`, as it came, and where it ends."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._chunks(start, most_bytes)
        length = headers.get("content-length", "")
        if length.isdecimal():
            end = start + int(length)
            _check(int(length), most_bytes)
            await self._fill(end)
            return self._part(start, end), end
        while self._end is None:  # it ends with the connection
            _check(self._size - start, most_bytes)
            await self._more(self._size + 1)
        _check(self._size - start, most_bytes)
        if self._cut:
            raise self._end
        return self._part(start, self._size), -1

    async def _chunks(self, at: int, most_bytes: int) -> tuple[bytes, int]:
        parts = bytearray()
        while True:
            line_end = await self._find(LINE_END, at)
            try:
                size = int(self._part(at, line_end).partition(b";")[0], 16)
            except ValueError:
                raise ConnectionResetError("that is no chunk") from None
            at = line_end + len(LINE_END)
            _check(len(parts) + size, most_bytes)
            if size == 0:
                while (line_end := await self._find(LINE_END, at)) != at:  # trailers
                    at = line_end + len(LINE_END)
                return bytes(parts), at + len(LINE_END)
            await self._fill(at + size + len(LINE_END))
            parts += self._part(at, at + size)
            at += size + len(LINE_END)

    def _part(self, start: int, end: int) -> bytes:
        return bytes(memoryview(self._buffer)[start:end])

    async def _find(self, mark: bytes, start: int) -> int:
        """Where `mark` stands, once it has come."""
        at = start
        while (found := self._buffer.find(mark, at, self._size)) < 0:
            if self._size - start > LINE_LIMIT:
                raise ConnectionResetError("a head or line without an end")
            at = max(start, self._size - len(mark) + 1)
            await self._fill(self._size + 1)
        return found

    async def _fill(self, size: int) -> None:
        """Until so many bytes have come; raise what ended the connection before."""
        while self._size < size:
            if self._end is not None:
                raise self._end
            await self._more(size)

    async def _more(self, size: int) -> None:
        """Until so many bytes have come, or the connection ends."""
        self._enough = size
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None


class Lines:
    """`get` a page over a connection that is kept for the next look at the same host."""

    def __init__(self, user_agent: str) -> None:
        self._fixed = f"User-Agent: {user_agent}\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n"
        self._idle: dict[Origin, list[_Line]] = {}

    async def get(self, url: URL, headers: Mapping[str, str], most_bytes: int, on_sent: Callable[[], None]) -> Answer:
        """Ask once, or once more where a kept connection turns out to be gone before the first byte of the answer."""
        origin, start = _question(url)
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"{start}{self._fixed}{more}\r\n".encode("latin-1")
        while True:
            kept = self._kept(origin)
            line = kept or await _open(origin)
            on_sent()
            try:
                answer, stays = await line.ask(request, most_bytes)
            except ConnectionError as e:
                line.close()
                if kept is None or line.answered:
                    raise ConnectionResetError(type(e).__name__) from e
                continue
            except BaseException:
                line.close()
                raise
            if stays:
                self._idle.setdefault(origin, []).append(line)
            else:
                line.close()
            return answer

    async def close(self) -> None:
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()
        await asyncio.sleep(0)  # the transports say goodbye in the next turn of the loop

    def _kept(self, origin: Origin) -> _Line | None:
        idle = self._idle.get(origin, [])
        while idle:
            line = idle.pop()
            if line.fresh:
                return line
            line.close()
        return None


@lru_cache(maxsize=64)
def _question(url: URL) -> tuple[Origin, str]:
    """Whom to ask, and how the question begins."""
    host, port = url.host or "", url.port or 443
    place = host if url.is_default_port() else f"{host}:{port}"
    return (url.scheme, host, port), f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {place}\r\n"


async def _open(origin: Origin) -> _Line:
    scheme, host, port = origin
    wire = await dial(host, port)
    loop = asyncio.get_running_loop()
    if scheme != "https":
        return (await loop.create_connection(_Line, sock=wire))[1]
    _, line = await loop.create_connection(
        _Line, sock=wire, ssl=tls_context(), server_hostname=host, ssl_handshake_timeout=TLS_S
    )
    return line


def _check(size: int, most_bytes: int) -> None:
    if size > most_bytes:
        raise AnswerTooLarge


def _unpacked(body: bytes, encoding: str, most_bytes: int) -> bytes:
    if not encoding or encoding.lower() == "identity":
        return body
    if encoding.lower() != "gzip":
        raise ConnectionResetError(f"an encoding that nobody asked for: {encoding[:20]}")
    try:
        unpacking = zlib.decompressobj(GZIP)
        plain = unpacking.decompress(body, most_bytes + 1)
    except zlib.error:
        raise ConnectionResetError("broken gzip") from None
    _check(len(plain), most_bytes)
    return plain
