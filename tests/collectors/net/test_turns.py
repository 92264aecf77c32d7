"""Sockets that rest: a burst of packets is read together, and what cannot wait is not kept waiting."""

import asyncio

import pytest

from collectors.net import turns
from collectors.net.socket import connector
from collectors.net.turns import PLENTY_BYTES, Turns
from tests.fakes.raw_server import frame, raw_server, upgraded

LONG_S = 30.0  # a turn that no test waits for


@pytest.mark.parametrize("marks", [True, False])
async def test_packets_of_one_turn_are_received_together(marks: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "MARKS", marks and turns.MARKS)
    sent = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        for number in range(10):
            writer.write(frame(b"%d" % number))
            await writer.drain()
        sent.set()
        while await reader.read(1_000):
            pass

    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector("picows", Turns(0.2))(f"ws://127.0.0.1:{port}", {})
        assert await socket.receive() == [b"first"]
        await socket.send("go on")
        await sent.wait()
        assert await socket.receive() == [b"%d" % number for number in range(10)]
        await socket.close()


@pytest.mark.skipif(not turns.MARKS, reason="this system can only wait for the turn")
async def test_plenty_and_the_end_come_before_the_turn() -> None:
    plenty = b"x" * PLENTY_BYTES

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(6 + len("go on"))
        writer.write(frame(plenty))
        await reader.readexactly(6 + len("and end"))
        writer.write(frame(b"last"))

    async with raw_server(upgraded(talk, frame(b"first"))) as port:
        socket = await connector("picows", Turns(LONG_S))(f"ws://127.0.0.1:{port}", {})
        assert await socket.receive() == [b"first"]
        await socket.send("go on")
        assert await socket.receive() == [plenty]
        await socket.send("and end")
        assert await socket.receive() == [b"last"]
        await socket.close()
