"""Kept-alive HTTP/1.1 connections for pages that are looked at again and again, at next to no cost.

The door's library does for each request what a browser needs: cookies, redirects, proxies, traces. A look at a page
needs a head of four lines and an answer of known length. Only GET, so that a connection which the other side had given
up meanwhile may be replaced and the question asked once more. Between two looks the processor's caches go cold, so a
look costs what it touches: each call, object and coroutine counts, and bytes that came before are not read again.

    AnswerTooLarge (Exception)   more than we take, also once it is unpacked
    OSError                      no connection, or it broke; DialError names the stage
"""

import asyncio
import zlib
from collections.abc import Callable, Mapping

from msgspec import Struct
from yarl import URL

from collectors.net.dial import TLS_S, dial, tls_context

LINE_LIMIT = 65_536  # of a head, and of a line between chunks
ROOM = 32_768  # of a buffer to begin with; it grows to the longest page …
KEPT_ROOM = 524_288  # … and is kept for the next one up to this
SPARE = 4  # so many buffers are kept while nobody asks
UNASKED_ROOM = 64  # what comes there is thrown away with the line
NO_BUFFER = bytearray()  # what a line has while it is asked nothing
NO_BODY = (204, 304)
HEAD_END, LINE_END = b"\r\n\r\n", b"\r\n"
HEX_DIGITS = b"0123456789abcdefABCDEF"
LONGEST_NUMBER = 100  # digits of a length; of thousands, Python refuses to make a number
GZIP = 31  # zlib's word for a gzip envelope
Origin = tuple[str, str, int]


class AnswerTooLarge(Exception):
    """It would not fit."""


class Answer(Struct, frozen=True):
    """Header names are lower case; a name sent twice keeps its last value."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Question(Struct, eq=False):
    """A page's GET, made once. Beside it the last whole answer, once it has come twice: where it comes again, `plain`
    is the body, the very object of last time, without a copy or unpacking. A page of prices, which is another one each
    time, leaves nothing here but the mark of its bytes: such pages are the largest.
    """

    origin: Origin
    request: bytes
    etag: str | None = None  # the one that it carries
    mark: int | None = None  # of the last body as it came, and of its encoding
    wire: bytes | None = None  # the body, if it was the same as the one before …
    encoding: str = ""  # … in this encoding …
    plain: bytes = b""  # … and unpacked

    def came(self, wire: bytes, encoding: str, plain: bytes) -> None:
        """Remember what came; it is not what is remembered."""
        mark = hash((wire, encoding))
        if mark != self.mark:
            self.mark, self.wire, self.encoding, self.plain = mark, None, "", b""
        else:
            self.wire, self.encoding, self.plain = wire, encoding, plain


class _Line(asyncio.BufferedProtocol):
    """One connection, one question at a time. What comes is read into a buffer that is lent for the question; who asked
    is woken when it is enough.
    """

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self.buffer = NO_BUFFER  # a lent one, while a question is out
        self._size = 0  # so much of it is filled
        self._most = LINE_LIMIT
        self._enough = 0
        self._waiter: asyncio.Future[None] | None = None
        self.end: Exception | None = None  # it is over; what any further waiting raises
        self._cut = False  # it ended otherwise than by a goodbye

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:
        """Room for `sizehint` bytes at least: TLS lets go of what it holds beyond it when a goodbye comes; else -1."""
        buffer, size = self.buffer, self._size
        if not buffer:  # TLS asks for one for tickets, too, which are no bytes of an answer
            return memoryview(bytearray(UNASKED_ROOM))
        if len(buffer) - size < max(ROOM // 2, sizehint):
            larger = bytearray(max(2 * len(buffer), size + sizehint))
            larger[:size] = memoryview(buffer)[:size]
            self.buffer = buffer = larger
        return memoryview(buffer)[size:]

    def buffer_updated(self, nbytes: int) -> None:
        if not self.buffer:
            self.end = ConnectionResetError("it said what nobody had asked")
            self.close()
            return
        self._size = size = self._size + nbytes
        if size >= self._enough and self._waiter is not None:
            waiter, self._waiter = self._waiter, None  # `_wake`, without one more call
            if not waiter.done():
                waiter.set_result(None)
        if size > self._most:
            self.close()

    def eof_received(self) -> None:
        self.connection_lost(None)  # it will be, TLS only takes its time

    def connection_lost(self, exc: Exception | None) -> None:
        self.end, self._cut = exc or ConnectionResetError("it hung up"), exc is not None
        self._wake()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    # --- what `Lines` calls -------------------------------------------------------------------------------------------

    @property
    def answered(self) -> bool:
        """Something of the present answer has come."""
        return self._size > 0

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, question: Question, most_bytes: int) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again. `buffer` is to be lent before."""
        assert self._transport is not None
        self._size = 0
        self._most = 2 * (most_bytes + LINE_LIMIT)  # with its head, and all that may lie between chunks
        self._transport.write(question.request)
        await self._more(1)
        head_end = self.buffer.find(HEAD_END, 0, self._size)
        if head_end < 0:
            head_end = await self._find(HEAD_END, 0)
        first, *fields = self.buffer[:head_end].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not (version.startswith("HTTP/1.") and rest[:3].isdecimal()):
            raise ConnectionResetError("that is no HTTP")
        status = int(rest[:3])
        headers = {}
        for field in fields:
            name, _, value = field.partition(":")
            headers[name.strip().lower()] = value.strip()
        stays = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        body, end = b"", head_end + len(HEAD_END)
        if status not in NO_BODY:
            length, framing = headers.get("content-length", ""), headers.get("transfer-encoding")
            if length.isdecimal() and (framing is None or "chunked" not in framing.lower()):
                start, size = end, int(length[:LONGEST_NUMBER])
                if size > most_bytes:
                    raise AnswerTooLarge
                end += size
                if self._size < end:
                    await self._fill(end)
                known = question.wire
                if known is not None and size == len(known) and self.buffer.startswith(known, start, end):
                    body = known
                else:
                    body = self._part(start, end)
            else:
                body, end = await self._unmeasured(headers, end, most_bytes)
            encoding = headers.get("content-encoding", "")
            if body == question.wire and encoding == question.encoding:
                body = question.plain
            else:
                wire, body = body, _unpacked(body, encoding, most_bytes)
                if status == 200:
                    question.came(wire, encoding, body)
        return Answer(status, headers, body), stays and self._size == end and self.end is None

    async def _unmeasured(self, headers: Mapping[str, str], start: int, most_bytes: int) -> tuple[bytes, int]:
        """The body that begins at `start` and whose length nobody told, as it came, and where it ends."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._chunks(start, most_bytes)
        while self.end is None:  # it ends with the connection
            _check(self._size - start, most_bytes)
            await self._more(self._size + 1)
        _check(self._size - start, most_bytes)
        if self._cut:
            raise self.end
        return self._part(start, self._size), -1

    async def _chunks(self, at: int, most_bytes: int) -> tuple[bytes, int]:
        parts = bytearray()
        while True:
            line_end = await self._find(LINE_END, at)
            number = self._part(at, line_end).partition(b";")[0].strip()
            if not number or number.strip(HEX_DIGITS):  # int() takes signs, too; back we would go, for ever
                raise ConnectionResetError("that is no chunk")
            size = int(number, 16)
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
        return bytes(memoryview(self.buffer)[start:end])

    async def _find(self, mark: bytes, start: int) -> int:
        """Where `mark` stands, once it has come."""
        at = start
        while (found := self.buffer.find(mark, at, self._size)) < 0:
            if self._size - start > LINE_LIMIT:
                raise ConnectionResetError("a head or line without an end")
            at = max(start, self._size - len(mark) + 1)
            await self._fill(self._size + 1)
        return found

    async def _fill(self, size: int) -> None:
        """Until so many bytes have come; raise what ended the connection before."""
        while self._size < size:
            await self._more(size)

    def _more(self, size: int) -> asyncio.Future[None]:
        """Done once so many bytes have come, or the connection ends."""
        if self.end is not None:
            raise self.end
        self._enough = size
        waiter: asyncio.Future[None] = asyncio.Future(loop=self._loop)
        self._waiter = waiter
        return waiter


class Lines:
    """`get` a page over a connection that is kept for the next look at the same host."""

    def __init__(self, user_agent: str) -> None:
        self._fixed = f"User-Agent: {user_agent}\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n"
        self._idle: dict[Origin, list[_Line]] = {}
        self._spare: list[bytearray] = []  # buffers, the one that was used last and is warm goes out first

    def question(
        self, url: URL, headers: Mapping[str, str] | None = None, etag: str | None = None, last: Question | None = None
    ) -> Question:
        """What `get` asks: `url`, and with an `etag` only for a page that is another one. `last`: asked before."""
        host, port = url.raw_host or "", url.port or 443  # raw: a foreign name in its ASCII spelling
        fields = {**(headers or {}), **({} if etag is None else {"If-None-Match": etag})}
        more = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        request = f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n{self._fixed}{more}\r\n"
        question = Question((url.scheme, host, port), request.encode("latin-1"), etag)
        if last is not None:
            question.mark, question.wire = last.mark, last.wire
            question.encoding, question.plain = last.encoding, last.plain
        return question

    async def get(self, question: Question, most_bytes: int, on_sent: Callable[[], object]) -> Answer:
        """Ask once, or once more where a kept connection turns out to be gone before the first byte of the answer."""
        spare, idle = self._spare, self._idle.get(question.origin)
        if idle is None:
            idle = self._idle[question.origin] = []
        while True:
            kept = idle.pop() if idle else None
            if kept is not None and kept.end is not None:
                continue
            line = kept or await _open(question.origin)
            line.buffer = spare.pop() if spare else bytearray(ROOM)
            on_sent()
            try:
                answer, stays = await line.ask(question, most_bytes)
            except ConnectionError as e:
                line.close()
                if kept is None or line.answered:
                    raise ConnectionResetError(type(e).__name__) from e
                continue
            except BaseException:
                line.close()
                raise
            finally:
                buffer, line.buffer = line.buffer, NO_BUFFER
                if len(spare) < SPARE and len(buffer) <= KEPT_ROOM:
                    spare.append(buffer)
            if stays:
                idle.append(line)
            else:
                line.close()
            return answer

    @property
    def kept_bytes(self) -> int:
        """What the buffers take that nobody has borrowed."""
        return sum(map(len, self._spare))

    async def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()
        await asyncio.sleep(0)  # the transports say goodbye in the next turn of the loop


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
    if not body or not encoding or encoding.lower() == "identity":
        return body
    if encoding.lower() != "gzip":
        raise ConnectionResetError(f"an encoding that nobody asked for: {encoding[:20]}")
    try:
        unpacking = zlib.decompressobj(GZIP)
        plain = unpacking.decompress(body, most_bytes + 1)
    except zlib.error:
        raise ConnectionResetError("broken gzip") from None
    _check(len(plain), most_bytes)
    if not unpacking.eof:
        raise ConnectionResetError("gzip that ends too early")
    return plain
