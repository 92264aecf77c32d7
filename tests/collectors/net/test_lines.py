"""Pages over kept connections: every framing that servers use, and every way in which a line breaks."""

import asyncio
import gzip
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from yarl import URL

from collectors.net.dial import DialError, tls_context
from collectors.net.lines import KEPT_ROOM, ROOM, SPARE, Answer, AnswerTooLarge, Lines, _Line
from tests.fakes.raw_server import raw_server

PAGE = b'[{"market":"KRW-BTC"}]'
MOST = 10_000
CERTIFICATE = Path(__file__).resolve().parents[2] / "fixtures" / "tls" / "loopback.pem"


def whole(page: bytes = PAGE, more: str = "", status: str = "200 OK") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(page)}\r\n{more}\r\n".encode() + page


class Host:
    """Answers each request with the next of `answers`; b"" closes the connection instead."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = list(answers)
        self.asked: list[bytes] = []
        self.connections = 0
        self.url = URL()
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while self.answers:
                self.asked.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0)
                writer.write(answer)
                if not answer or not answer.startswith(b"HTTP/1.1") or b"Connection: close" in answer:
                    break
            else:
                await reader.read()
        except asyncio.IncompleteReadError:
            pass  # the client has left
        finally:
            writer.close()

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@pytest.fixture
async def lines() -> AsyncIterator[Lines]:
    lines = Lines("radar/test")
    yield lines
    await lines.close()


async def get(lines: Lines, host: Host, times: int = 1) -> list[Answer]:
    """So many looks at the host, one after the other; it is served while they last."""
    server = await asyncio.start_server(host.serve, "127.0.0.1", 0)
    host.url = URL(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1/page?a=%20b")
    question = lines.question(host.url, {"If-None-Match": "x"})
    try:
        return [await lines.get(question, MOST, lambda: None) for _ in range(times)]
    finally:
        server.close()
        host.cut()


async def test_looks_share_one_connection_and_say_who_asks(lines: Lines) -> None:
    host = Host(whole(), whole(b"", status="304 Not Modified"), whole(more="ETag: q\r\n"))
    first, unchanged, last = await get(lines, host, 3)
    assert (first.status, first.body) == (200, PAGE)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert last.headers["etag"] == "q"
    assert host.connections == 1
    assert host.asked[0].startswith(b"GET /v1/page?a=%20b HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"User-Agent: radar/test\r\n" in host.asked[0]
    assert b"If-None-Match: x\r\n" in host.asked[0]
    assert b"Origin" not in host.asked[0]


async def test_a_304_with_a_length_of_the_page_it_does_not_send_is_no_trap(lines: Lines) -> None:
    host = Host(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n", whole())
    assert [each.status for each in await get(lines, host, 2)] == [304, 200]


@pytest.mark.parametrize(
    "answer",
    [
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[{"ma\r\n11;x=1\r\n'
        b'rket":"KRW-BTC"}]\r\n0\r\nT: 1\r\n\r\n',
        whole(gzip.compress(PAGE), "Content-Encoding: gzip\r\n"),
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + PAGE,
        b"HTTP/1.0 200 OK\r\nConnection: close\r\nContent-Length: 22\r\n\r\n" + PAGE,
    ],
    ids=["chunked", "gzip", "until the end", "HTTP/1.0"],
)
async def test_a_body_comes_out_whole_however_it_is_framed(lines: Lines, answer: bytes) -> None:
    host = Host(answer, answer)
    assert [each.body for each in await get(lines, host, 2)] == [PAGE, PAGE]
    assert host.connections == (2 if b"close" in answer else 1)


@pytest.mark.parametrize("status", ["403 Forbidden", "418 I'm a teapot", "429 Too Many Requests", "502 Bad Gateway"])
async def test_every_status_is_an_answer(lines: Lines, status: str) -> None:
    (answer,) = await get(lines, Host(whole(b"no", "Retry-After: 5\r\n", status)))
    assert (answer.status, answer.body, answer.headers["retry-after"]) == (int(status[:3]), b"no", "5")


async def test_a_kept_connection_that_is_gone_is_replaced_and_the_question_asked_again(lines: Lines) -> None:
    host = Host(whole(), b"", whole(b"later"))
    answers = await get(lines, host, 2)
    assert [each.body for each in answers] == [PAGE, b"later"]
    assert host.connections == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 99\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n-6\r\n",
        whole(b"no gzip", "Content-Encoding: gzip\r\n"),
        whole(gzip.compress(PAGE)[:-9], "Content-Encoding: gzip\r\n"),
        whole(zlib.compress(PAGE), "Content-Encoding: br\r\n"),
    ],
    ids=["closed", "no HTTP", "half a body", "no chunk", "a chunk backwards", "no gzip", "half a gzip", "own encoding"],
)
async def test_what_is_no_answer_is_an_error_and_the_line_is_not_used_again(lines: Lines, answer: bytes) -> None:
    host = Host(answer, whole())
    with pytest.raises(OSError):
        await get(lines, host)
    assert lines.kept_bytes == ROOM, "its buffer is back"
    assert (await get(lines, Host(whole())))[0].body == PAGE


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10001\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + 5_000 * b"9" + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2711\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 10_001,
        whole(gzip.compress(b"x" * 10_001), "Content-Encoding: gzip\r\n"),
    ],
    ids=["told", "told at length", "chunked", "until the end", "unpacked"],
)
async def test_an_answer_that_is_too_large_is_refused(lines: Lines, answer: bytes) -> None:
    with pytest.raises(AnswerTooLarge):
        await get(lines, Host(answer))


@pytest.mark.parametrize("place", ["[::1]", "[::1]:8443", "xn--bcher-kva.example", "localhost:8443"])
def test_a_host_is_named_as_it_is_on_the_wire(lines: Lines, place: str) -> None:
    name, port = place.removesuffix(":8443").strip("[]"), 8443 if place.endswith(":8443") else 443
    question = lines.question(URL(f"https://{place.replace('xn--bcher-kva', 'bücher')}/"))
    assert question.origin == ("https", name, port)
    assert f"\r\nHost: {place}\r\n".encode() in question.request


async def test_a_line_has_room_for_all_that_tls_holds_and_keeps_what_came() -> None:
    line = _Line()
    line.buffer = bytearray(ROOM)
    line.get_buffer(-1)[:5] = b"first"
    line.buffer_updated(5)
    assert len(line.get_buffer(10 * ROOM)) >= 10 * ROOM
    assert line.buffer.startswith(b"first")


async def test_nobody_listening_names_the_stage(lines: Lines) -> None:
    with pytest.raises(DialError, match="TCP"):
        await lines.get(lines.question(URL("http://127.0.0.1:9/"), {}), MOST, lambda: None)


@pytest.fixture
def untrusting() -> Iterator[None]:
    """TLS that knows the machine's own certificates only, before and after."""
    tls_context.cache_clear()
    yield
    tls_context.cache_clear()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while await reader.readuntil(b"\r\n\r\n"):
        writer.write(whole())


def _server_side() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


async def test_a_page_comes_over_tls(lines: Lines, untrusting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    async with raw_server(_answer, _server_side()) as port:
        url = URL(f"https://localhost:{port}/page")
        answers = [await lines.get(lines.question(url, {}), MOST, lambda: None) for _ in range(3)]
        await lines.close()
    assert [each.body for each in answers] == [PAGE] * 3


async def test_a_certificate_that_nobody_trusts_is_an_error(lines: Lines, untrusting: None) -> None:
    async with raw_server(_answer, _server_side()) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await lines.get(lines.question(URL(f"https://localhost:{port}/page"), {}), MOST, lambda: None)


async def test_a_long_page_in_many_pieces_comes_whole_and_so_does_the_short_one_after_it(lines: Lines) -> None:
    long = bytes(range(256)) * 600
    pieces = [whole(long)[start : start + 7_000] for start in range(0, 154_000, 7_000)]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole())
        await reader.read()

    async with raw_server(talk) as port:
        url = URL(f"http://127.0.0.1:{port}/page")
        answers = [await lines.get(lines.question(url, {}), len(long), lambda: None) for _ in range(2)]
        await lines.close()
    assert [each.body for each in answers] == [long, PAGE]


async def test_a_line_on_which_more_came_than_was_asked_for_is_not_used_again(lines: Lines) -> None:
    host = Host(whole() + whole(b"nobody asked"), whole(b"the next"))
    answers = await get(lines, host, 2)
    assert [each.body for each in answers] == [PAGE, b"the next"]
    assert host.connections == 2


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;"]
)
async def test_a_head_or_a_chunk_line_without_an_end_is_given_up(lines: Lines, start: bytes) -> None:
    with pytest.raises(OSError):
        await get(lines, Host(start + b"x" * 200_000))


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n16\r\n" + PAGE + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "answer",
    [whole(), CHUNKED, whole(gzip.compress(PAGE, mtime=0), "Content-Encoding: gzip\r\n")],
    ids=["plain", "chunked", "gzip"],
)
async def test_a_page_that_came_twice_is_the_very_object_from_then_on(lines: Lines, answer: bytes) -> None:
    host = Host(answer, answer, answer, whole(PAGE[::-1]), answer)
    first, again, third, other, last = await get(lines, host, 5)
    assert first.body == again.body == third.body == last.body == PAGE
    assert third.body is again.body
    assert other.body == PAGE[::-1]


async def test_a_page_that_is_always_another_one_is_not_kept(lines: Lines) -> None:
    pages = [b"%d" % number + PAGE for number in range(4)]
    question = lines.question(URL("http://127.0.0.1/x"))
    for page in (pages[0], pages[0]):
        question.came(page, "", page)
    assert question.plain is pages[0]
    for page in (pages[1], pages[2], pages[0], pages[3]):
        question.came(page, "", page)
        assert (question.wire, question.plain) == (None, b"")


async def test_the_same_bytes_in_another_encoding_are_another_page(lines: Lines) -> None:
    packed = gzip.compress(PAGE)
    host = Host(whole(packed, "Content-Encoding: gzip\r\n"), whole(packed), whole(packed[:-9]), whole(packed))
    assert [each.body for each in await get(lines, host, 4)] == [PAGE, packed, packed[:-9], packed]


async def test_a_refusal_with_a_body_does_not_count_as_the_page(lines: Lines) -> None:
    host = Host(whole(), whole(), whole(b"wait", status="429 Too Many Requests"), whole())
    _, kept, refused, again = await get(lines, host, 4)
    assert (refused.status, refused.body) == (429, b"wait")
    assert again.body is kept.body


async def test_questions_at_the_same_time_have_buffers_of_their_own_and_few_are_kept(lines: Lines) -> None:
    count = SPARE + 2
    everybody = asyncio.Barrier(count)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = (await reader.readuntil(b"\r\n\r\n")).split()[1][1:]
        for part in (b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n", number * 1_000, number * 1_000):
            await everybody.wait()
            writer.write(part)
            await asyncio.sleep(0.01)
        await reader.read()

    async with raw_server(talk) as port:
        questions = [lines.question(URL(f"http://127.0.0.1:{port}/{n}")) for n in range(count)]
        answers = await asyncio.gather(*(lines.get(each, MOST, lambda: None) for each in questions))
        await lines.close()
    assert [each.body for each in answers] == [str(n).encode() * 2_000 for n in range(count)]
    assert lines.kept_bytes == SPARE * ROOM


async def test_a_buffer_that_has_grown_large_is_not_kept(lines: Lines) -> None:
    page = b"x" * (KEPT_ROOM + 1)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in (whole(page), whole()):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
        await reader.read()

    async with raw_server(talk) as port:
        question = lines.question(URL(f"http://127.0.0.1:{port}/"))
        assert (await lines.get(question, len(page), lambda: None)).body == page
        assert lines.kept_bytes == 0
        assert (await lines.get(question, len(page), lambda: None)).body == PAGE
        assert lines.kept_bytes == ROOM
        await lines.close()


async def test_an_answer_that_is_given_up_hands_its_buffer_back(lines: Lines) -> None:
    asked = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole()[:-3])
        asked.set()
        await reader.read()

    async with raw_server(talk) as port:
        asking = asyncio.create_task(lines.get(lines.question(URL(f"http://127.0.0.1:{port}/")), MOST, lambda: None))
        await asked.wait()
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert lines.kept_bytes == ROOM


async def test_a_line_that_speaks_unasked_is_hung_up_at_once(lines: Lines) -> None:
    answered, left = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(whole())
        if not left.is_set():
            await answered.wait()
            writer.write(whole(b"nobody asked"))
        with suppress(ConnectionResetError):
            await reader.read()
        left.set()

    async with raw_server(talk) as port:
        question = lines.question(URL(f"http://127.0.0.1:{port}/"))
        assert (await lines.get(question, MOST, lambda: None)).body == PAGE
        answered.set()
        await asyncio.wait_for(left.wait(), 5.0)
        assert (await lines.get(question, MOST, lambda: None)).body == PAGE
        await lines.close()
