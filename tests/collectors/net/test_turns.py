"""Sockets that rest: a burst of packets is read together, and what cannot wait is not kept waiting."""

import asyncio
import os
import socket as plain
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from collectors.net import turns
from collectors.net.dial import tls_context
from collectors.net.socket import Library, SocketClosed, connector
from collectors.net.turns import HURRIED_S, PLENTY_BYTES, Turns
from tests.collectors.net.sockets import CERTIFICATE, server_side
from tests.fakes.raw_server import CLOSE, frame, raw_server, upgraded

pytestmark = pytest.mark.leaping
needs_marks = pytest.mark.skipif(
    not turns.MARKS, reason="only on Linux can a socket rest until so many bytes wait (SO_RCVLOWAT, polled since 4.18)"
)
LONG_S = 30.0  # a turn that no test waits for; one that did would have leapt over it


@contextmanager
def before_the_turn() -> Iterator[None]:
    """What is done here takes less than LONG_S of the loop's time."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    yield
    assert loop.time() - began < LONG_S


@pytest.mark.parametrize("marks", [True, False])
async def test_packets_of_one_turn_are_received_together(marks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MARKS", marks and turns.MARKS)
    go_on, sent = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        for number in range(10):
            writer.write(frame(b"%d" % number))
            await writer.drain()
        sent.set()
        while await reader.read(1_000):
            pass

    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector("picows", Turns(0.2))(f"ws://127.0.0.1:{port}", {})
        assert await socket.receive() == [b"first"]
        go_on.set()
        await sent.wait()
        assert await socket.receive() == [b"%d" % number for number in range(10)]
        await socket.close()


@needs_marks
@pytest.mark.parametrize("library", ["picows", "websockets"])
async def test_plenty_an_answer_and_the_end_come_before_the_turn(library: Library) -> None:
    plenty = b"x" * PLENTY_BYTES
    go_on = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(frame(plenty))
        await reader.readexactly(6 + len("asked"))
        writer.write(frame(b"answered"))
        go_on.clear()
        await go_on.wait()

    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        with before_the_turn():
            socket = await connector(library, Turns(LONG_S))(f"ws://127.0.0.1:{port}", {})
            assert await socket.receive() == [b"first"]
            go_on.set()
            assert await socket.receive() == [plenty]
            await socket.send("asked")
            assert await socket.receive() == [b"answered"]
            go_on.set()
            with pytest.raises(SocketClosed):
                await socket.receive()
            await socket.close()


@needs_marks
@pytest.mark.parametrize("library", ["picows", "websockets"])
async def test_a_turn_reads_without_the_selector_and_a_quiet_socket_leaves_the_turns(library: Library) -> None:
    go_on = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(frame(b"in its turn"))
        go_on.clear()
        await go_on.wait()
        writer.write(frame(b"after a pause"))
        await reader.read()

    in_turns = Turns(0.01)
    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector(library, in_turns)(f"ws://127.0.0.1:{port}", {})
        assert await socket.receive() == [b"first"]
        assert len(in_turns.resting) == 1
        go_on.set()
        assert await socket.receive() == [b"in its turn"]
        while in_turns.resting:
            await asyncio.sleep(0.001)
        go_on.set()
        assert await socket.receive() == [b"after a pause"]
        await socket.close()


def _waits_in_the_kernel(in_turns: Turns) -> bool:
    """Whether something is there to be read for the one socket that rests."""
    (place,) = in_turns.resting
    with plain.socket(fileno=os.dup(place.transport.get_extra_info("socket").fileno())) as same:
        try:
            return bool(same.recv(1, plain.MSG_PEEK))
        except BlockingIOError:
            return False


@needs_marks
async def test_a_turn_reads_what_came_over_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    tls_context.cache_clear()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        for number in range(10):
            writer.write(frame(b"%d" % number))
        await reader.read()

    in_turns, hearer, go_on = Turns(LONG_S), _Hearer(), asyncio.Event()
    async with raw_server(upgraded(talk, frame(b"first")), server_side()) as port:
        socket = await connector("picows", in_turns)(f"wss://localhost:{port}", {})
        delivering = asyncio.create_task(socket.deliver(hearer.take, lambda: False))
        assert await hearer.next() == [b"first"]
        go_on.set()
        while sum(map(len, hearer.batches)) < 11:
            while not _waits_in_the_kernel(in_turns):
                await asyncio.sleep(0)
            in_turns.turn()
        assert [each for batch in hearer.batches[1:] for each in batch] == [b"%d" % number for number in range(10)]
        delivering.cancel()
        await socket.close()
    tls_context.cache_clear()


class _Hearer:
    """Takes what is delivered."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.came = asyncio.Event()

    def take(self, frames: Sequence[bytes]) -> None:
        self.batches.append(list(frames))
        self.came.set()

    async def next(self) -> list[bytes]:
        await self.came.wait()
        self.came.clear()
        return self.batches[-1]


@pytest.mark.parametrize("library", ["picows", "websockets"])
async def test_turns_come_more_often_while_somebody_hurries(library: Library) -> None:
    every_s = 10 * HURRIED_S
    hurried = trading = True

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while trading:
            writer.write(frame(b"trade"))
            await asyncio.sleep(HURRIED_S / 4)

    loop, came = asyncio.get_running_loop(), list[float]()
    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector(library, Turns(every_s))(f"ws://127.0.0.1:{port}", {})
        delivering = asyncio.create_task(socket.deliver(lambda _: came.append(loop.time()), lambda: hurried))
        await asyncio.sleep(4 * every_s)
        in_a_hurry = len(came)
        hurried = False
        await asyncio.sleep(4 * every_s)
        trading = False
        delivering.cancel()
        await socket.close()
    assert in_a_hurry > 20
    assert len(came) - in_a_hurry < 10


@needs_marks
@pytest.mark.parametrize("library", ["picows", "websockets"])
async def test_who_begins_to_hurry_does_not_wait_for_a_turn_that_was_set_before(library: Library) -> None:
    hurried, go_on = False, asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(6 + len("asked"))
        writer.write(frame(b"a trade"))
        await go_on.wait()
        writer.write(frame(b"answered"))
        await reader.read()

    hearer = _Hearer()
    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector(library, Turns(LONG_S))(f"ws://127.0.0.1:{port}", {})
        with before_the_turn():
            delivering = asyncio.create_task(socket.deliver(hearer.take, lambda: hurried))
            assert await hearer.next() == [b"first"]
            hurried = True
            await socket.send("asked")
            assert await hearer.next() == [b"a trade"]
            go_on.set()
            assert await hearer.next() == [b"answered"]
        delivering.cancel()
        await socket.close()


@pytest.mark.parametrize("library", ["picows", "websockets"])
async def test_what_came_is_delivered_before_the_end_is_told(library: Library) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(frame(b"last") + frame((1001).to_bytes(2, "big"), CLOSE))
        await reader.read()

    hearer = _Hearer()
    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector(library, Turns(0.01))(f"ws://127.0.0.1:{port}", {})
        delivering = asyncio.create_task(socket.deliver(hearer.take, lambda: False))
        await hearer.next()
        await socket.send("go on")
        with pytest.raises(SocketClosed) as end:
            await delivering
        await socket.close()
    assert hearer.batches == [[b"first"], [b"last"]]
    assert end.value.code == 1001


@pytest.mark.parametrize("library", ["picows", "websockets"])
@pytest.mark.parametrize("every_s", [None, 0.01])
async def test_what_taking_raises_is_raised_to_whoever_has_it_delivered(
    library: Library, every_s: float | None
) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    def take(frames: Sequence[bytes]) -> None:
        raise ValueError(frames)

    in_turns = None if every_s is None else Turns(every_s)
    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector(library, in_turns)(f"ws://127.0.0.1:{port}", {})
        with pytest.raises(ValueError, match="first"):
            await socket.deliver(take, lambda: False)
        await socket.close()
