"""Upbit Korea as a whole, below `/upbit`: sockets and REST, with one set of limits and keys."""

from aiohttp import web

from simulator.counters import Counters
from simulator.korea.bearer import Gatekeeper
from simulator.korea.upbit_limits import UpbitLimits
from simulator.korea.upbit_rest import UpbitRest
from simulator.korea.upbit_socket import UpbitSockets
from simulator.world.world import World


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    count = counters.of("upbit")
    limits, keys = UpbitLimits(world, count), Gatekeeper()
    sockets = UpbitSockets(world, count, limits, keys)
    return [
        web.get("/upbit/websocket/v1", sockets.public),
        web.get("/upbit/websocket/v1/private", sockets.private),
        *UpbitRest(world, limits, keys).routes("/upbit/v1"),
    ]
