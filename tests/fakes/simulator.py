"""The simulator in this process, behind a real port of the loopback interface, for end-to-end tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from msgspec import Struct

from simulator.counters import Counters
from simulator.server import TICK_S, served
from simulator.world.clock import RunningClock, SimClock
from simulator.world.world import World
from tests.fakes.clock import FakeClock

A_LITTLE_MS = 5_000  # what a world of the tests has traded before its start; an ordinary one a minute


class FakeSimClock(FakeClock):
    """A FakeClock that a world accepts as its own."""

    speed = 1.0


class Refused(Exception):
    """A call was answered with another status than 200; `body` is its text."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


class SimulatorHandle(Struct, frozen=True):
    """`url` has no slash at its end; `get` and `post` take a path below it and answer the parsed JSON."""

    url: str
    port: int
    world: World
    counters: Counters
    session: aiohttp.ClientSession

    async def get(self, path: str, **query: Any) -> Any:  # JSON of any shape
        async with self.session.get(self.url + path, params=query) as answer:
            return await _parsed(answer)

    async def post(self, path: str, **body: Any) -> Any:
        async with self.session.post(self.url + path, json=body) as answer:
            return await _parsed(answer)

    async def delete(self, path: str) -> Any:
        async with self.session.delete(self.url + path) as answer:
            return await _parsed(answer)


async def _parsed(answer: aiohttp.ClientResponse) -> Any:
    if answer.status != 200:
        raise Refused(answer.status, await answer.text())
    return await answer.json(content_type=None)


@asynccontextmanager
async def running_simulator(
    seed: int = 1,
    rate: float = 50.0,
    markets: int = 20,
    speed: float = 1.0,
    clock: SimClock | None = None,
    tick_s: float = TICK_S,
    start_ms: int | None = None,
    warm_up_ms: int = A_LITTLE_MS,
) -> AsyncIterator[SimulatorHandle]:
    """A small and young world by default. With a `clock` (such as FakeSimClock) the test drives the time, else it runs
    as the loop's does, from `start_ms` on.
    """
    time = clock or RunningClock(start_ms, speed, monotonic=asyncio.get_running_loop().time)
    world = World(time, seed, markets, rate, warm_up_ms)
    async with served(world, tick_s=tick_s) as server, aiohttp.ClientSession() as session:
        yield SimulatorHandle(server.url, server.port, world, server.counters, session)
