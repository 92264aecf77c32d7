"""The stream: one producer for all, nothing while nobody listens, nobody delayed by another."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from config.settings import Listen
from ops.listener import listening
from ops.process.lifetimes import running
from store.questions import NoAnswer
from tests.fakes.clock import FakeClock
from tests.web.world import served
from web.live import EVERY_S, Live


class Source:
    """Counts how often the state was asked for; fails where `error` is set."""

    def __init__(self, size: int = 1) -> None:
        self.asked = 0
        self.size = size
        self.error: Exception | None = None

    async def __call__(self) -> bytes:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return json.dumps({"turn": self.asked, "pad": "x" * self.size}).encode()


async def event(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    """The next event's data."""
    while True:
        line = await stream.content.readline()
        assert line, "the stream ended"
        if line.startswith(b"data: "):
            told: dict[str, Any] = json.loads(line[6:])
            return told


async def until(condition: Callable[[], bool]) -> None:
    """Let real sockets do their work until `condition()` holds."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_the_pages_stream_tells_what_now_tells(tmp_path: Path) -> None:
    async with (
        served(tmp_path) as page,
        aiohttp.ClientSession() as session,
        session.get(f"{page.url}/api/events") as stream,
    ):
        assert stream.content_type == "text/event-stream"
        assert (await event(stream))["health"]["status"] == "green"
        page.seen["telegram"] = False
        await page.clock.advance(EVERY_S)
        told = await event(stream)
        assert told["health"]["status"] == "yellow"
        async with session.get(f"{page.url}/api/now") as answer:
            now = await answer.json()
        assert {**told, "resident_bytes": 0} == {**now, "resident_bytes": 0}


async def test_all_listeners_share_one_producer_that_sleeps_without_them() -> None:
    source, clock = Source(), FakeClock()
    live = Live(source, clock)
    async with (
        running(live.run()),
        listening(Listen(port=0), None, [web.get("/events", live.stream)]) as url,
        aiohttp.ClientSession() as session,
    ):
        await clock.advance(60)
        assert source.asked == 0
        async with session.get(f"{url}/events") as one, session.get(f"{url}/events") as other:
            await until(lambda: live.listeners == 2)
            assert (await event(one))["turn"] == 1
            await clock.advance(EVERY_S)
            for stream in (one, other):
                while (await event(stream))["turn"] != 2:
                    pass
            assert source.asked == 2
        while live.listeners:  # who left is noticed with the next event
            await clock.advance(EVERY_S)
            await asyncio.sleep(0.005)
        asked = source.asked
        await clock.advance(60)
        assert source.asked <= asked + 1


async def test_one_listener_too_many_is_asked_to_come_later() -> None:
    live = Live(Source(), FakeClock(), listeners_max=1)
    async with (
        running(live.run()),
        listening(Listen(port=0), None, [web.get("/events", live.stream)]) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/events") as first,
    ):
        assert first.status == 200
        async with session.get(f"{url}/events") as second:
            assert (second.status, second.headers["Retry-After"]) == (503, "30")


async def test_a_listener_that_does_not_read_is_dropped_and_delays_nobody() -> None:
    source, clock = Source(size=4_000_000), FakeClock()
    live = Live(source, clock, write_s=0.2)
    async with (
        running(live.run()),
        listening(Listen(port=0), None, [web.get("/events", live.stream)]) as url,
        aiohttp.ClientSession(read_bufsize=1024) as session,
    ):
        port = int(str(url).rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await until(lambda: source.asked > 0)  # for it; how long it stays is for the machine to say
        await until(lambda: live.listeners == 0)
        source.size = 1
        async with session.get(f"{url}/events") as stream:
            await clock.advance(EVERY_S)
            assert (await event(stream))["pad"] == "x"
        writer.close()
        assert reader is not None


async def test_a_database_that_does_not_answer_costs_an_event_and_not_the_stream() -> None:
    source, clock = Source(), FakeClock()
    source.error = NoAnswer("busy")
    live = Live(source, clock)
    async with (
        running(live.run()),
        listening(Listen(port=0), None, [web.get("/events", live.stream)]) as url,
        aiohttp.ClientSession() as session,
        session.get(f"{url}/events") as stream,
    ):
        assert await stream.content.readline() == b": no state\n"
        source.error = None
        await clock.advance(EVERY_S)
        assert (await event(stream))["turn"] == 2


async def test_a_stop_ends_every_stream_at_once() -> None:
    live = Live(Source(), FakeClock())
    async with (
        listening(Listen(port=0), None, [web.get("/events", live.stream)]) as url,
        aiohttp.ClientSession() as session,
    ):
        async with running(live.run()):
            stream = await session.get(f"{url}/events")
            assert (await event(stream))["turn"] == 1
        async with asyncio.timeout(10):
            assert await stream.content.read() == b"\n"
        assert live.listeners == 0
