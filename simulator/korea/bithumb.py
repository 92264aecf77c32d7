"""Bithumb as a whole, below `/bithumb`: the public socket of API 2.x, REST of 2.x and what is left of 1.x.

In 2026-07 the notice call was seen to answer 302 to another host of Bithumb. With `redirect_notices` it does so here;
the other host's address is `/bithumb/feed-api`.
"""

from aiohttp import web

from simulator.counters import Counters
from simulator.korea.bearer import Gatekeeper
from simulator.korea.bithumb_limits import BithumbLimits
from simulator.korea.bithumb_rest import BithumbRest
from simulator.korea.bithumb_socket import BithumbSocket
from simulator.world.world import World


def routes(world: World, counters: Counters, redirect_notices: bool = False) -> list[web.RouteDef]:
    count = counters.of("bithumb")
    limits = BithumbLimits(world, count)
    return [
        web.get("/bithumb/websocket/v1", BithumbSocket(world, count, limits).public),
        *BithumbRest(world, limits, Gatekeeper()).routes("/bithumb", redirect_notices),
    ]
