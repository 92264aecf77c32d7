"""The simulated global venues, CoinGecko and banks alone, behind a port of the loopback interface, on a still clock."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from msgspec import Struct

from simulator import coingecko, fx
from simulator.abroad import binance, bitget, bybit, coinbase, gate, htx, kraken, kucoin, mexc, okx
from simulator.counters import Counters
from simulator.world.venues import Entry
from simulator.world.world import World
from tests.fakes.simulator import A_LITTLE_MS, FakeSimClock


class Answer(Struct, frozen=True):
    """`json` is the parsed body, None if the body is none."""

    status: int
    headers: Mapping[str, str]
    text: str
    json: Any


class Venues(Struct, frozen=True):
    """`get` takes a path with the service's prefix; the clock stands until the test moves it."""

    url: str
    world: World
    clock: FakeSimClock
    counters: Counters
    http: aiohttp.ClientSession

    async def get(self, path: str, headers: Mapping[str, str] | None = None, /, **query: str) -> Answer:
        async with self.http.get(self.url + path, params=query, headers=headers) as answer:
            text = await answer.text()
            parsed = await answer.json() if answer.content_type == "application/json" else None
            return Answer(answer.status, dict(answer.headers), text, parsed)

    def entry(self, venue: str, base: str) -> Entry:
        """The coin at the venue, to be changed by the test; listed if it was not."""
        coin = self.world.coin(base)
        assert coin is not None
        return self.world.venue(venue).list_coin(coin)


@asynccontextmanager
async def running_venues() -> AsyncIterator[Venues]:
    clock = FakeSimClock()
    world, counters = World(clock, 5, markets=60, rate=20.0, warm_up_ms=A_LITTLE_MS), Counters()
    app = web.Application()
    for service in (binance, okx, bybit, gate, kucoin, bitget, mexc, htx, coinbase, kraken, coingecko, fx):
        app.router.add_routes(service.routes(world, counters))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as http:
            yield Venues(f"http://127.0.0.1:{runner.addresses[0][1]}", world, clock, counters, http)
    finally:
        await runner.cleanup()
