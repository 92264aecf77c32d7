"""One port for every service: mounts them, counts, delays, applies faults, and drives the world.

The driver is the only one who moves the world; listeners (the sockets) run inside it, so a trade reaches every
subscriber within a few milliseconds of its time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email.utils import formatdate

from aiohttp import web
from msgspec import Struct

from simulator import coingecko, control, fx
from simulator.abroad import binance, bitget, bybit, coinbase, gate, htx, kraken, kucoin, mexc, okx
from simulator.counters import SERVICES, Counters
from simulator.faults import Fault, covers
from simulator.http_faults import Pages, bent, refusal
from simulator.korea import bithumb, upbit, upbit_site
from simulator.messengers import telegram, webhook
from simulator.world.staging import Stage
from simulator.world.venues import VENUE_NAMES
from simulator.world.world import World

SERVICE_MODULES = (
    upbit,
    upbit_site,
    bithumb,
    binance,
    okx,
    bybit,
    gate,
    kucoin,
    bitget,
    mexc,
    htx,
    coinbase,
    kraken,
    coingecko,
    fx,
    telegram,
    webhook,
)
HOST = "127.0.0.1"
TICK_S = 0.01  # real seconds between two steps of the world
HANG_STEP_S = 0.05  # real seconds between two looks at a request that hangs
SHUTDOWN_S = 0.5

# (address, target): the first that matches names the listing channel or the socket; what is left is its service.
CHANNEL_PATHS = (
    ("/upbit/websocket/v1/private", "upbit:announcement"),
    ("/upbit/websocket/v1", "upbit:public"),
    ("/upbit-site/api/v1/announcements", "upbit:notices"),
    ("/upbit/v1/market/all", "upbit:market_list"),
    ("/upbit/v1/ticker/all", "upbit:ticker_all"),
    ("/bithumb/websocket/v1", "bithumb:public"),
    ("/bithumb/v1/notices", "bithumb:notices"),
    ("/bithumb/v1/market/all", "bithumb:market_list"),
    ("/bithumb/public/ticker/ALL", "bithumb:ticker_all"),
    ("/bithumb/public/assetsstatus", "bithumb:assets"),
)
VENUE_OF = {
    service: service.removesuffix("-futures") for service in SERVICES if service.removesuffix("-futures") in VENUE_NAMES
}
ANSWER_KINDS = ("http_429", "http_418", "http_403", "http_451", "http_5xx", "http_html")
BEND_KINDS = ("empty", "zero_price", "null_price", "wrong_price")

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Served(Struct, frozen=True):
    """A running server: `url` has no slash at its end."""

    url: str
    port: int
    world: World
    counters: Counters


def target_of(path: str) -> tuple[str | None, str]:
    """The service that this address belongs to (None: the simulator's own) and the narrowest fault target."""
    service = path.split("/", 2)[1] if path.startswith("/") else ""
    if service not in SERVICES:
        return None, ""
    channel = next((target for prefix, target in CHANNEL_PATHS if path.startswith(prefix)), service)
    return service, channel


class Guard:
    """What stands before every service: the counters, the venue's latency, the faults."""

    def __init__(self, world: World, counters: Counters) -> None:
        self._world = world
        self._counters = counters
        self._pages = Pages()
        self._sockets: dict[asyncio.Transport, tuple[str, str]] = {}
        world.faults.on_add(self._cut)

    @web.middleware
    async def middleware(self, request: web.Request, handler: Answer) -> web.StreamResponse:
        service, target = target_of(request.path)
        if service is None:
            return await handler(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._socket(request, handler, service, target)
        self._counters.of(service).requests += 1
        return await self._answer(request, handler, service, target)

    async def _socket(self, request: web.Request, handler: Answer, service: str, target: str) -> web.StreamResponse:
        if self._fault(service, target, "refuse"):
            return _aborted(request)
        transport = request.transport
        assert transport is not None
        self._sockets[transport] = service, target
        self._counters.of(service).connections += 1
        try:
            return await handler(request)
        except ConnectionResetError:  # whoever asked was gone before the answer
            return _aborted(request)
        finally:
            self._counters.of(service).connections -= 1
            del self._sockets[transport]

    async def _answer(self, request: web.Request, handler: Answer, service: str, target: str) -> web.StreamResponse:
        def fault(kind: str) -> Fault | None:
            return self._fault(service, target, kind)

        if service in VENUE_OF:
            await self._world.clock.sleep(self._world.venue(VENUE_OF[service]).latency_ms / 1000)
        if slow := fault("slow"):
            await self._world.clock.sleep(slow.by_ms / 1000)
        if fault("refuse") or fault("drop"):
            return _aborted(request)
        if stall := fault("stall"):
            return await self._hang(request, stall)
        for kind in ANSWER_KINDS:
            if (hit := fault(kind)) and (answer := refusal(service, hit, self._world.clock.now_ms())):
                return answer
        if fault("stale_page") and (page := self._pages.recall(request.path_qs)):
            return page
        response = await handler(request)
        if hit := fault("timeout_after_accept"):
            return await self._hang(request, hit)
        if not isinstance(response, web.Response):
            return response
        for kind in BEND_KINDS:
            if hit := fault(kind):
                return bent(response, hit)
        if request.method == "GET" and service != "telegram":
            self._pages.remember(request.path_qs, response)
        return response

    def _fault(self, service: str, target: str, kind: str) -> Fault | None:
        faults = self._world.faults
        return faults.active(target, kind) or faults.active(service, kind)

    async def _hang(self, request: web.Request, fault: Fault) -> web.StreamResponse:
        """No answer until the fault is over or the client has gone; then the connection is cut."""
        while request.transport is not None and not request.transport.is_closing():
            if self._world.clock.now_ms() >= fault.to_ms:
                break
            await asyncio.sleep(HANG_STEP_S)
        return _aborted(request)

    def _cut(self, fault: Fault) -> None:
        """`drop`: every socket that is open now loses its connection without a closing handshake."""
        if fault.kind != "drop":
            return
        for transport, (_, target) in list(self._sockets.items()):
            if covers(fault, target, fault.from_ms):
                transport.abort()


def _aborted(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


def application(world: World, counters: Counters) -> web.Application:
    """Every service and control call of this world; each answer carries the world's time, not the machine's."""
    app = web.Application(middlewares=[Guard(world, counters).middleware], client_max_size=16 * 1024 * 1024)
    for module in SERVICE_MODULES:
        app.router.add_routes(module.routes(world, counters))
    app.router.add_routes(control.routes(world, counters, Stage(world)))

    async def stamp(_: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = formatdate(world.clock.now_ms() // 1000, usegmt=True)

    app.on_response_prepare.append(stamp)
    return app


async def drive(world: World, tick_s: float) -> None:
    """Move the world along with its clock, for ever."""
    while True:
        world.advance(world.clock.now_ms())
        await world.clock.sleep(tick_s * world.clock.speed)


@asynccontextmanager
async def served(world: World, port: int = 0, tick_s: float = TICK_S) -> AsyncIterator[Served]:
    """The world behind a port of the loopback interface (0: a free one); raises OSError if it is taken.

    A bug in the model ends the body: it is raised here.
    """
    counters = Counters()
    runner = web.AppRunner(application(world, counters), access_log=None, shutdown_timeout=SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        bound = runner.addresses[0][1]
        async with asyncio.TaskGroup() as group:
            driver = group.create_task(drive(world, tick_s), name="driver")
            try:
                yield Served(f"http://{HOST}:{bound}", bound, world, counters)
            finally:
                driver.cancel()
    except BaseExceptionGroup as crashes:
        if len(crashes.exceptions) == 1:
            raise crashes.exceptions[0] from crashes.exceptions[0].__cause__
        raise
    finally:
        await runner.cleanup()
