"""The seam to the socket library, against a real server on loopback."""

import asyncio
import socket as plain

import pytest
from websockets.asyncio.server import ServerConnection, serve

from collectors.net.socket import ConnectFailed, ConnectRefused, SocketClosed, connect
from config.clock import SystemClock
from tests.fakes.exchange import FakeExchange, answer, drop, refuse, send


@pytest.fixture
def exchange() -> FakeExchange:
    return FakeExchange(SystemClock())


async def test_frames_come_as_bytes_text_and_binary_alike_in_order(exchange: FakeExchange) -> None:
    exchange.script(send(b"one", "zwei €", b"\xff\xfe"), drop(1000))
    async with exchange.served() as url:
        socket = await connect(url, {"X-Test": "yes"})
        await socket.send("[]")
        frames: list[bytes] = []
        with pytest.raises(SocketClosed):
            while True:
                frames += await socket.receive()
        await socket.close()
    assert frames == [b"one", "zwei €".encode(), b"\xff\xfe"]
    headers = {name.lower() for name in exchange.connections[0].headers}
    assert "x-test" in headers
    assert headers.isdisjoint({"origin", "sec-websocket-extensions", "user-agent"})


async def test_a_burst_is_received_in_batches_and_nothing_is_lost(exchange: FakeExchange) -> None:
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


async def test_a_refused_handshake_tells_status_and_retry_after(exchange: FakeExchange) -> None:
    exchange.script(refuse(429, retry_after_s=7))
    async with exchange.served() as url:
        with pytest.raises(ConnectRefused) as refused:
            await connect(url, {})
    assert (refused.value.status, refused.value.retry_after_s) == (429, 7.0)


async def test_nobody_listening_is_a_failed_connect() -> None:
    with plain.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
        with pytest.raises(ConnectFailed):
            await connect(f"ws://127.0.0.1:{port}", {})


async def test_a_frame_over_the_bound_closes_the_socket_and_says_why(exchange: FakeExchange) -> None:
    exchange.script(send(b"small", b"x" * 10_000_000))
    async with exchange.served() as url:
        socket = await connect(url, {})
        await socket.send("[]")
        assert await socket.receive() == [b"small"]
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()
        await socket.close()
    assert closed.value.code == 1009


async def test_a_cut_line_is_1006_and_later_sends_fail_the_same_way(exchange: FakeExchange) -> None:
    exchange.script(drop())
    async with exchange.served() as url:
        socket = await connect(url, {})
        await socket.send("[]")
        with pytest.raises(SocketClosed) as closed:
            await socket.receive()
        assert closed.value.code == 1006
        with pytest.raises(SocketClosed):
            await socket.send("PING")
        await socket.close()


async def test_a_cancelled_receive_loses_no_frame(exchange: FakeExchange) -> None:
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


async def test_a_fragmented_message_arrives_whole() -> None:
    async def talk(connection: ServerConnection) -> None:
        await connection.send("whole")
        await connection.send(["in ", "three ", "parts"])
        await connection.wait_closed()

    async with serve(talk, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        socket = await connect(f"ws://127.0.0.1:{port}", {})
        frames: list[bytes] = []
        while len(frames) < 2:
            frames += await socket.receive()
        await socket.close()
    assert frames == [b"whole", b"in three parts"]


async def test_an_origin_header_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="Origin"):
        await connect("ws://127.0.0.1:1", {"origin": "https://upbit.com"})


async def test_compression_is_offered_only_when_asked_for(exchange: FakeExchange) -> None:
    async with exchange.served() as url:
        socket = await connect(url, {}, compression=True)
        await socket.close()
    assert "permessage-deflate" in exchange.connections[0].headers["Sec-WebSocket-Extensions"]
