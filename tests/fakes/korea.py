"""Upbit and Bithumb of the simulator behind a real port, with a clock and a world that only the test moves."""

import base64
import hmac
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web

from simulator.counters import Counters
from simulator.faults import Fault
from simulator.korea import bithumb, upbit, upbit_site
from simulator.world.world import World
from tests.fakes.simulator import A_LITTLE_MS, FakeSimClock

STEP_S = 0.5
RECEIVE_S = 10.0  # real seconds after which a frame that does not come fails the test


class Korea:
    """`url` is the simulator's; `run` lets simulated seconds pass, trades and all."""

    def __init__(self, url: str, world: World, clock: FakeSimClock, counters: Counters, http: aiohttp.ClientSession):
        self.url = url
        self.world = world
        self.clock = clock
        self.counters = counters
        self.http = http

    async def run(self, seconds: float) -> None:
        while seconds > 0:
            step_s = min(STEP_S, seconds)
            seconds -= step_s
            await self.clock.advance(step_s)
            self.world.advance(self.clock.now_ms())

    async def get(self, path: str, headers: dict[str, str] | None = None, /, **query: Any) -> "Answer":
        async with self.http.get(self.url + path, params=query, headers=headers, allow_redirects=False) as response:
            return Answer(response.status, response.headers.copy(), await response.text())

    @asynccontextmanager
    async def socket(self, path: str = "/upbit/websocket/v1", **headers: str) -> AsyncIterator["Client"]:
        async with self.http.ws_connect(self.url + path, headers=headers, max_msg_size=0) as socket:
            yield Client(socket)

    def fault(self, target: str, kind: str, for_s: float = 60.0, **more: Any) -> None:
        now_ms = self.clock.now_ms()
        self.world.faults.add(Fault(target, kind, now_ms, now_ms + int(for_s * 1000), **more))


class Answer:
    def __init__(self, status: int, headers: Any, text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text

    @property
    def rows(self) -> Any:  # JSON of any shape
        return json.loads(self.text)


class Client:
    """One socket, as a test sees it: frames as parsed JSON, and a way to know that nothing more is coming."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = socket
        self._asked = 0

    async def ask(self, *items: object, format: str | None = None) -> None:
        await self.raw.send_json([{"ticket": "t"}, *items, *([{"format": format}] if format else [])])

    async def message(self) -> aiohttp.WSMessage:
        return await self.raw.receive(RECEIVE_S)

    async def frame(self) -> Any:
        message = await self.message()
        assert message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY), message
        return json.loads(message.data)

    async def frames(self, count: int) -> list[Any]:
        return [await self.frame() for _ in range(count)]

    async def waiting(self) -> list[Any]:
        """Every frame that was sent so far: the list of subscriptions comes after all of them."""
        self._asked += 1
        ticket = f"so-far-{self._asked}"
        await self.raw.send_json([{"method": "LIST_SUBSCRIPTIONS"}, {"ticket": ticket}])
        found: list[Any] = []
        while ticket not in json.dumps(frame := await self.frame()):
            found.append(frame)
        return found


def token(key: str = "SIM-ACCESS", secret: str = "SIM-SECRET") -> str:
    """An `Authorization` header of Upbit and Bithumb, good for one request."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"access_key": key, "nonce": str(uuid.uuid4())}]
    signed = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    signature = base64.urlsafe_b64encode(hmac.digest(secret.encode(), signed, "sha256")).rstrip(b"=")
    return f"Bearer {signed.decode()}.{signature.decode()}"


@asynccontextmanager
async def korea(markets: int = 8, rate: float = 20.0, redirect_notices: bool = False) -> AsyncIterator[Korea]:
    clock = FakeSimClock()
    world, counters = World(clock, 3, markets, rate, A_LITTLE_MS), Counters()
    app = web.Application()
    app.router.add_routes([*upbit.routes(world, counters), *upbit_site.routes(world, counters)])
    app.router.add_routes(bithumb.routes(world, counters, redirect_notices))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with aiohttp.ClientSession() as http:
            yield Korea(f"http://127.0.0.1:{runner.addresses[0][1]}", world, clock, counters, http)
    finally:
        await runner.cleanup()
