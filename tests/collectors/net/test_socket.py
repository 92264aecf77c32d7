"""The seam to the socket libraries, each against real servers on loopback: what holds for one holds for both."""

import asyncio
import socket as plain
from collections.abc import Callable

import pytest

from collectors.net import socket as seam
from collectors.net.dial import tls_context
from collectors.net.gathering import Gathering
from collectors.net.socket import (
    MAX_FRAME_BYTES,
    PING_EVERY_S,
    PONG_WITHIN_S,
    Connect,
    ConnectFailed,
    ConnectRefused,
    Library,
    Socket,
    SocketClosed,
    connector,
)
from config.clock import SystemClock
from tests.collectors.net.sockets import CERTIFICATE, everything, server_side
from tests.fakes.exchange import FakeExchange, answer, drop, refuse, send
from tests.fakes.raw_server import BINARY, CLOSE, CONTINUATION, TEXT, frame, raw_server, upgraded

pytestmark = pytest.mark.leaping


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange(SystemClock())


async def wait_for_end(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Says nothing, answers nothing, until the client has gone."""
    while await reader.read(65_536):
        pass


# --- messages ---------------------------------------------------------------------------------------------------------


async def test_frames_come_as_bytes_text_and_binary_alike_in_order(connect: Connect, exchange: FakeExchange) -> None:
    exchange.script(send(b"one", "zwei €", b"\xff\xfe", b"", b"x" * 200), drop(1000))
    async with exchange.served() as url:
        socket = await connect(url, {"X-Test": "yes"})
        await socket.send("[]")
        frames, end = await everything(socket)
        await socket.close()
    assert frames == [b"one", "zwei €".encode(), b"\xff\xfe", b"", b"x" * 200]
    assert end.code == 1000
    headers = {name.lower() for name in exchange.connections[0].headers}
    assert "x-test" in headers
    assert headers.isdisjoint({"origin", "sec-websocket-extensions", "user-agent"})


async def test_a_burst_is_received_in_batches_and_nothing_is_lost(connect: Connect, exchange: FakeExchange) -> None:
    burst = [str(n).encode() for n in range(5_000)]
    exchange.script(answer(lambda codes: burst))
    async with exchange.served() as url:
        socket = await connect(url, {})
        await socket.send("[]")
        frames: list[bytes] = []
        calls = 0
        while len(frames) < len(burst):
            frames += await socket.receive()
            calls += 1
        await socket.close()
    assert frames == burst
    assert calls < len(burst) / 2


async def test_text_is_sent_as_text(connect: Connect, exchange: FakeExchange) -> None:
    exchange.script(answer(lambda codes: [code.encode() for code in codes]))
    async with exchange.served() as url:
        socket = await connect(url, {})
        await socket.send('[{"codes":["KRW-€"]}]')
        assert await socket.receive() == ["KRW-€".encode()]
        await socket.close()
    assert exchange.connections[0].sent == ['[{"codes":["KRW-€"]}]']


async def test_what_comes_with_the_handshake_is_not_lost(connect: Connect) -> None:
    async with raw_server(upgraded(wait_for_end, frame(b"early" * 40) + frame(b"bird"))) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        frames: list[bytes] = []
        while len(frames) < 2:
            frames += await socket.receive()
        await socket.close()
    assert frames == [b"early" * 40, b"bird"]


async def test_a_fragmented_message_arrives_whole_and_a_ping_may_come_between(connect: Connect) -> None:
    long = b"L" * 300

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b"whole"))
        writer.write(frame(b"in ", TEXT, fin=False) + frame(b"", 9) + frame(long, CONTINUATION, fin=False))
        writer.write(frame(long, CONTINUATION) + frame(b"after"))
        await wait_for_end(reader, writer)

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        frames: list[bytes] = []
        while len(frames) < 3:
            frames += await socket.receive()
        await socket.close()
    assert frames == [b"whole", b"in " + long + long, b"after"]


async def test_a_frame_of_two_megabytes_is_taken_and_a_larger_one_ends_the_socket_with_1009(connect: Connect) -> None:
    largest = b"x" * MAX_FRAME_BYTES

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(largest))
        await reader.readexactly(10)  # the client has something to say once it has that
        writer.write(frame(largest + b"x"))
        await reader.read(1)  # its last word: the server hangs up first (RFC 6455, section 7.1.1)

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        assert await socket.receive() == [largest]
        await socket.send("more")
        frames, end = await everything(socket)
        await socket.close()
    assert (frames, end.code) == ([], 1009)


async def test_fragments_that_grow_over_the_bound_end_the_socket_with_1009(connect: Connect) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b"x" * 1_000_000, BINARY, fin=False))
        for _ in range(3):
            writer.write(frame(b"x" * 1_000_000, CONTINUATION, fin=False))
        await reader.read(1)

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        frames, end = await everything(socket)
        await socket.close()
    assert (frames, end.code) == ([], 1009)


async def test_a_cancelled_receive_loses_no_frame(connect: Connect, exchange: FakeExchange) -> None:
    async with exchange.served() as url:
        socket = await connect(url, {})
        await socket.send("[]")
        waiting = asyncio.create_task(socket.receive())
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        while not exchange.connections:
            await asyncio.sleep(0)
        exchange.connections[0].say(b"after")
        assert await socket.receive() == [b"after"]
        await socket.close()


async def test_a_receive_cancelled_as_a_frame_comes_leaves_it_to_the_next(connect: Connect) -> None:
    says = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says.wait()
        writer.write(frame(b"now"))
        await wait_for_end(reader, writer)

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        waiting = asyncio.create_task(socket.receive())
        await asyncio.sleep(0)
        says.set()
        while not waiting.done():
            await asyncio.sleep(0)
            if _has_messages(socket):
                waiting.cancel()
                break
        heard = await asyncio.gather(waiting, return_exceptions=True)
        if isinstance(heard[0], asyncio.CancelledError):
            assert await socket.receive() == [b"now"]
        else:
            assert heard[0] == [b"now"]
        await socket.close()


def _has_messages(socket: Socket) -> bool:
    assert isinstance(socket, Gathering)
    return bool(socket._messages)


def _reads(socket: Socket) -> bool:
    """Whether the socket takes anything from the kernel at the moment."""
    assert isinstance(socket, Gathering)
    assert socket._line is not None
    return socket._line.is_reading()


async def test_nobody_receiving_holds_the_sender_back_and_loses_nothing(library: Library) -> None:
    messages, size = 40_000, 1_000

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(messages):
            writer.write(frame(b"%d" % number * 100 + b"." * size))
            await writer.drain()
        await wait_for_end(reader, writer)

    async with raw_server(upgraded(talk)) as port:
        socket = await connector(library)(f"ws://127.0.0.1:{port}", {})
        while _reads(socket):
            await asyncio.sleep(0)
        received = 0
        while received < messages:
            frames = await socket.receive()
            assert len(frames) < 4_096  # what was read in one go may lie over the bound
            for one in frames:
                assert one.startswith(b"%d" % received)
                received += 1
        await socket.close()


# --- how it ends ------------------------------------------------------------------------------------------------------


async def test_a_cut_line_is_1006_and_later_sends_fail_the_same_way(connect: Connect, exchange: FakeExchange) -> None:
    exchange.script(send(b"last"), drop())
    async with exchange.served() as url:
        socket = await connect(url, {})
        await socket.send("[]")
        frames, end = await everything(socket)
        assert (frames, end.code) == ([b"last"], 1006)
        with pytest.raises(SocketClosed):
            await socket.send("PING")
        with pytest.raises(SocketClosed):
            await socket.receive()
        await socket.close()


@pytest.mark.parametrize(("code", "reason"), [(1000, ""), (1001, "maintenance"), (1013, "later"), (4001, "점검")])
async def test_the_last_word_of_the_other_side_is_told(connect: Connect, code: int, reason: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(b"news" * 50) + frame(code.to_bytes(2, "big") + reason.encode(), CLOSE))
        answered = await reader.readexactly(8)
        assert answered[0] == 0x80 | CLOSE

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        frames, end = await everything(socket)
        await socket.close()
    assert frames == [b"news" * 50]
    assert (end.code, end.reason) == (code, reason)


async def test_a_silent_network_is_noticed_by_our_pings(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other side's machine is gone: nothing comes, no end either. Here with pings a hundred times as often."""
    assert PING_EVERY_S + PONG_WITHIN_S <= 15.0
    for name in ("PING_EVERY_S", "PONG_WITHIN_S"):
        monkeypatch.setattr(seam, name, 0.05)

    async with raw_server(upgraded(wait_for_end, frame(b"hello" * 30))) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        frames, end = await everything(socket)
        await socket.close()
    assert frames == [b"hello" * 30]
    assert isinstance(end, SocketClosed)


async def test_a_quiet_connection_that_answers_our_pings_stays(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, exchange: FakeExchange
) -> None:
    for name in ("PING_EVERY_S", "PONG_WITHIN_S"):
        monkeypatch.setattr(seam, name, 0.05)
    async with exchange.served() as url:
        socket = await connect(url, {})
        waiting = asyncio.create_task(socket.receive())
        await asyncio.wait([waiting], timeout=0.4)
        assert not waiting.done()
        await socket.send("[]")
        exchange.connections[0].say(b"still here")
        assert await waiting == [b"still here"]
        await socket.close()


async def test_closing_says_goodbye_and_twice_is_harmless(connect: Connect) -> None:
    heard: list[bytes] = []
    left = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readexactly(8))
        writer.write(frame((1000).to_bytes(2, "big"), CLOSE))
        left.set()

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        await socket.close()
        await socket.close()
        await left.wait()
    assert heard[0][0] == 0x80 | CLOSE
    with pytest.raises(SocketClosed):
        await socket.receive()


async def test_closing_does_not_wait_long_for_who_does_not_answer(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seam, "CLOSE_WITHIN_S", 0.05)

    async with raw_server(upgraded(wait_for_end)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        await socket.close()
        with pytest.raises(SocketClosed):
            await socket.receive()


# --- the handshake ----------------------------------------------------------------------------------------------------


async def test_a_refused_handshake_tells_status_and_retry_after(connect: Connect, exchange: FakeExchange) -> None:
    exchange.script(refuse(429, retry_after_s=7))
    async with exchange.served() as url:
        with pytest.raises(ConnectRefused) as refused:
            await connect(url, {})
    assert (refused.value.status, refused.value.retry_after_s) == (429, 7.0)


async def test_a_refused_handshake_tells_what_was_said(connect: Connect) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"error":{"name":"no_authorization_ip"}}'
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await wait_for_end(reader, writer)

    async with raw_server(talk) as port:
        with pytest.raises(ConnectRefused) as refused:
            await connect(f"ws://127.0.0.1:{port}", {})
    assert refused.value.status == 401
    assert b"no_authorization_ip" in refused.value.body


@pytest.mark.parametrize("answered", [b"", b"HTTP/1.1 101 Switching Protocols\r\n\r\n", b"SSH-2.0-OpenSSH\r\n\r\n"])
async def test_no_answer_or_a_wrong_one_is_a_failed_connect(connect: Connect, answered: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answered)
        await writer.drain()

    async with raw_server(talk) as port:
        with pytest.raises(ConnectFailed) as failed:
            await connect(f"ws://127.0.0.1:{port}", {})
    assert not isinstance(failed.value, ConnectRefused)


async def test_nobody_listening_is_a_failed_connect(connect: Connect) -> None:
    with plain.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(ConnectFailed):
            await connect(f"ws://127.0.0.1:{port}", {})


async def test_a_host_that_never_answers_is_given_up(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seam, "OPEN_TIMEOUT_S", 0.05)

    async with raw_server(wait_for_end) as port:
        with pytest.raises(ConnectFailed):
            await connect(f"ws://127.0.0.1:{port}", {})


async def test_an_attempt_called_off_leaves_no_connection_behind(connect: Connect) -> None:
    asked, answer_now, hung_up = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await answer_now.wait()
        async with asyncio.timeout(30):
            await upgraded(wait_for_end)(_again(head), writer)
            await wait_for_end(reader, writer)
        hung_up.set()

    async with raw_server(slow) as port:
        attempt = asyncio.create_task(_opened(connect, f"ws://127.0.0.1:{port}"))
        await asked.wait()
        attempt.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attempt
        answer_now.set()
        await hung_up.wait()


async def _opened(connect: Connect, url: str) -> Socket:
    return await connect(url, {})


def _again(head: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(head)
    reader.feed_eof()
    return reader


async def test_an_origin_header_is_a_programming_error(connect: Connect) -> None:
    with pytest.raises(ValueError, match="Origin"):
        await connect("ws://127.0.0.1:1", {"origin": "https://upbit.com"})


# --- TLS --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Call it to have this machine trust the tests' certificate."""

    def trust() -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        tls_context.cache_clear()

    tls_context.cache_clear()
    return trust


async def test_frames_come_over_tls(connect: Connect, trusted: Callable[[], None]) -> None:
    trusted()
    burst = [b"%d" % number * 40 for number in range(3_000)]

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(map(frame, burst)))
        await wait_for_end(reader, writer)

    async with raw_server(upgraded(talk), server_side()) as port:
        socket = await connect(f"wss://localhost:{port}", {})
        frames: list[bytes] = []
        while len(frames) < len(burst):
            frames += await socket.receive()
        await socket.close()
    tls_context.cache_clear()
    assert frames == burst


async def test_a_certificate_that_nobody_trusts_is_a_failed_connect(
    connect: Connect, trusted: Callable[[], None]
) -> None:
    async with raw_server(upgraded(wait_for_end), server_side()) as port:
        with pytest.raises(ConnectFailed, match="TLS: "):
            await connect(f"wss://localhost:{port}", {})
