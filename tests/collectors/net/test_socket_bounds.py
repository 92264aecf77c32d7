"""The seam to the socket libraries where the other side breaks the rules, or leaves in the worst moment."""

import asyncio
import gc
import ssl
import weakref
from collections.abc import Iterator

import pytest

from collectors.net import gathering
from collectors.net import socket as seam
from collectors.net.dial import tls_context
from collectors.net.gathering import Gathering
from collectors.net.socket import Connect, ConnectRefused, Library, SocketClosed, connector
from tests.collectors.net.sockets import CERTIFICATE, everything, server_side
from tests.fakes.raw_server import CLOSE, CONTINUATION, TEXT, frame, raw_server, upgraded

pytestmark = pytest.mark.leaping


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """TLS of a server whose certificate this machine trusts meanwhile."""
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    tls_context.cache_clear()
    yield server_side()
    tls_context.cache_clear()


async def heard_of(connect: Connect, said: bytes) -> tuple[list[bytes], SocketClosed]:
    """What a client makes of these bytes, behind which the server stays."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(said)
        while await reader.read(65_536):
            pass

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        heard = await everything(socket)
        await socket.close()
    return heard


async def test_what_waits_in_tls_when_a_held_back_connection_ends_is_not_lost(
    library: Library, trusted: ssl.SSLContext
) -> None:
    many, more = gathering.HELD_BACK_FROM + 50, 500
    written, gone = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"".join(frame(b"%06d" % number) for number in range(many)))
        await written.wait()
        writer.write(b"".join(frame(b"%06d" % number + b"." * 400) for number in range(many, many + more)))
        await writer.drain()
        writer.close()
        gone.set()
        await reader.read()

    async with raw_server(upgraded(talk), trusted) as port:
        socket = await connector(library)(f"wss://localhost:{port}", {})
        assert isinstance(socket, Gathering)
        while not socket._held_back:
            await asyncio.sleep(0)
        written.set()
        await gone.wait()
        frames, _ = await everything(socket)
        await socket.close()
    assert [int(each[:6]) for each in frames] == list(range(many + more))


async def test_a_message_may_not_come_in_fragments_without_end(connect: Connect) -> None:
    endless = frame(b"", TEXT, fin=False) + frame(b"", CONTINUATION, fin=False) * gathering.MOST_PARTS
    frames, end = await heard_of(connect, frame(b"before") + endless + frame(b"", CONTINUATION))
    assert (frames, end.code) == ([b"before"], 1009)


async def test_as_many_fragments_as_may_be_are_one_message(connect: Connect) -> None:
    parts = frame(b"a", TEXT, fin=False) + frame(b"b", CONTINUATION, fin=False) * (gathering.MOST_PARTS - 2)
    goodbye = frame((1000).to_bytes(2, "big"), CLOSE)
    frames, _ = await heard_of(connect, parts + frame(b"c", CONTINUATION) + frame(b"after") + goodbye)
    assert frames == [b"a" + b"b" * (gathering.MOST_PARTS - 2) + b"c", b"after"]


@pytest.mark.parametrize(
    "said",
    [
        frame(b"cont", CONTINUATION),
        frame(b"begun", TEXT, fin=False) + frame(b"another", TEXT) + frame(b"end", CONTINUATION),
    ],
)
async def test_a_fragment_out_of_place_ends_it_and_is_no_message(connect: Connect, said: bytes) -> None:
    frames, end = await heard_of(connect, frame(b"before") + said + frame(b"after" * 40))
    assert (frames, end.code) == ([b"before"], 1002)


async def test_nothing_counts_behind_a_goodbye_and_it_is_told_though_the_line_stays(connect: Connect) -> None:
    goodbye = frame((1013).to_bytes(2, "big") + b"later", CLOSE)
    frames, end = await heard_of(connect, frame(b"before") + goodbye + frame(b"after") + frame(b"after" * 40))
    assert (frames, end.code, end.reason) == ([b"before"], 1013, "later")


async def test_the_end_is_told_anew_each_time(connect: Connect) -> None:
    async with raw_server(upgraded(_leave)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        ends = [(await everything(socket))[1] for _ in range(3)]
        await socket.close()
    assert len({id(each) for each in ends}) == 3


async def _leave(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Be gone at once."""


async def test_a_socket_that_ended_is_forgotten_without_a_search_for_cycles(library: Library) -> None:
    """What stands when `garbage.settle` freezes would else stay for ever, with its buffers."""
    async with raw_server(upgraded(_leave)) as port:
        gc.collect()
        gc.disable()
        try:
            socket = await connector(library)(f"ws://127.0.0.1:{port}", {})
            with pytest.raises(SocketClosed):
                await socket.deliver(lambda messages: None, bool)
            await socket.close()
            left = weakref.ref(socket)
            del socket
            for _ in range(5):
                await asyncio.sleep(0)
            assert left() is None
        finally:
            gc.enable()


@pytest.mark.parametrize("location", ["/login", "wss://elsewhere.test/", "https://elsewhere.test/"])
async def test_a_redirect_is_a_refusal(connect: Connect, location: str) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: %b\r\nContent-Length: 4\r\n\r\nmove" % location.encode())
        await reader.read()

    async with raw_server(talk) as port:
        with pytest.raises(ConnectRefused) as refused:
            await connect(f"ws://127.0.0.1:{port}", {})
    assert refused.value.status == 302


async def test_a_pause_told_twice_is_no_crash(connect: Connect) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nRetry-After: 9\r\nContent-Length: 0\r\n\r\n")
        await reader.read()

    async with raw_server(talk) as port:
        with pytest.raises(ConnectRefused) as refused:
            await connect(f"ws://127.0.0.1:{port}", {})
    assert refused.value.status == 429
    assert refused.value.retry_after_s in (7.0, 9.0, None)


async def test_a_close_that_is_cancelled_lets_the_line_go(connect: Connect) -> None:
    gone = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(65_536):
                pass
        finally:
            gone.set()

    async with raw_server(upgraded(talk)) as port:
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        closing = asyncio.create_task(socket.close())
        await asyncio.sleep(0)
        closing.cancel()
        await asyncio.wait([closing])
        async with asyncio.timeout(seam.CLOSE_WITHIN_S / 2):
            await gone.wait()


async def test_large_messages_that_nobody_takes_hold_the_sender_back_by_their_size(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "HELD_BACK_BYTES", 100_000)
    messages = 200

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(messages):
            writer.write(frame(b"%03d" % number + b"." * 50_000))
            await writer.drain()
        await reader.read()

    async with raw_server(upgraded(talk)) as port:
        socket = await connector(library)(f"ws://127.0.0.1:{port}", {})
        assert isinstance(socket, Gathering)
        while not socket._held_back:
            await asyncio.sleep(0)
        assert len(socket._messages) < 40
        heard: list[bytes] = []
        while len(heard) < messages:
            heard += await socket.receive()
        await socket.close()
    assert [int(each[:3]) for each in heard] == list(range(messages))
