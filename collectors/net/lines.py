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

from msgspec import Struct
from yarl import URL

from collectors.net.dial import TLS_S, dial, tls_context

LINE_LIMIT = 65_536  # of a head, and of a line between chunks
NO_BODY = (204, 304)
GZIP = 31  # zlib's word for a gzip envelope
Origin = tuple[str, str, int]


class AnswerTooLarge(Exception):
    """It would not fit."""


class Answer(Struct, frozen=True):
    """Header names are lower case; a name sent twice keeps its last value."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Line:
    """One connection, one question at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.answered = False  # a byte of the present answer has come

    @property
    def open(self) -> bool:
        return not (self.reader.at_eof() or self.writer.is_closing())

    def close(self) -> None:
        self.writer.transport.abort()

    async def ask(self, request: bytes, most_bytes: int) -> tuple[Answer, bool]:
        """The answer, and whether the connection can be used again."""
        self.answered = False
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        self.answered = True
        first, *fields = head[:-4].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        status = rest[:3]
        if not (version.startswith("HTTP/1.") and status.isdecimal()):
            raise ConnectionResetError("that is no HTTP")
        named = (field.partition(":") for field in fields)
        headers = {name.strip().lower(): value.strip() for name, _, value in named}
        stays = version == "HTTP/1.1" and "close" not in headers.get("connection", "").lower()
        body = b""
        if int(status) not in NO_BODY:
            body, whole = await self._body(headers, most_bytes)
            stays = stays and whole
            body = _unpacked(body, headers.get("content-encoding", ""), most_bytes)
        return Answer(int(status), headers, body), stays

    async def _body(self, headers: Mapping[str, str], most_bytes: int) -> tuple[bytes, bool]:
        """The body as it came, and whether its own end was told: else it ends with the connection."""
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return await self._chunks(most_bytes), True
        length = headers.get("content-length", "")
        if not length.isdecimal():
            parts = bytearray()
            while part := await self.reader.read(LINE_LIMIT):
                parts += part
                _check(len(parts), most_bytes)
            return bytes(parts), False
        _check(int(length), most_bytes)
        return await self.reader.readexactly(int(length)), True

    async def _chunks(self, most_bytes: int) -> bytes:
        parts = bytearray()
        while True:
            line = await self.reader.readuntil(b"\r\n")
            try:
                size = int(line.partition(b";")[0], 16)
            except ValueError:
                raise ConnectionResetError("that is no chunk") from None
            _check(len(parts) + size, most_bytes)
            if size == 0:
                while await self.reader.readuntil(b"\r\n") != b"\r\n":  # trailers
                    pass
                return bytes(parts)
            parts += await self.reader.readexactly(size)
            await self.reader.readexactly(2)


class Lines:
    """`get` a page over a connection that is kept for the next look at the same host."""

    def __init__(self, user_agent: str) -> None:
        self._fixed = f"User-Agent: {user_agent}\r\nAccept: application/json\r\nAccept-Encoding: gzip\r\n"
        self._idle: dict[Origin, list[_Line]] = {}

    async def get(self, url: URL, headers: Mapping[str, str], most_bytes: int, on_sent: Callable[[], None]) -> Answer:
        """Ask once, or once more where a kept connection turns out to be gone before the first byte of the answer."""
        origin = (url.scheme, url.host or "", url.port or 443)
        place = origin[1] if url.is_default_port() else f"{origin[1]}:{origin[2]}"
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        request = f"GET {url.raw_path_qs} HTTP/1.1\r\nHost: {place}\r\n{self._fixed}{more}\r\n".encode("latin-1")
        while True:
            kept = self._kept(origin)
            line = kept or await _open(origin)
            on_sent()
            try:
                answer, stays = await line.ask(request, most_bytes)
            except (ConnectionError, EOFError, asyncio.LimitOverrunError) as e:
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
            if line.open:
                return line
            line.close()
        return None


async def _open(origin: Origin) -> _Line:
    scheme, host, port = origin
    wire = await dial(host, port)
    if scheme != "https":
        return _Line(*await asyncio.open_connection(sock=wire, limit=LINE_LIMIT))
    return _Line(
        *await asyncio.open_connection(
            sock=wire, ssl=tls_context(), server_hostname=host, ssl_handshake_timeout=TLS_S, limit=LINE_LIMIT
        )
    )


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
