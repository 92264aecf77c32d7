"""Receives the alert webhook and the dead-man's switch: accepts everything below `/webhook` and remembers it."""

from collections import deque

from aiohttp import web

from simulator.counters import Counters
from simulator.world.world import World

KEPT = 1_000


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    """`GET /sim/webhook` tells what came, oldest first."""
    count = counters.of("webhook")
    received: deque[dict[str, object]] = deque(maxlen=KEPT)

    async def receive(request: web.Request) -> web.Response:
        body = await request.text()
        received.append(
            {
                "number": count.requests,
                "received_ms": world.clock.now_ms(),
                "method": request.method,
                "path": request.path_qs,
                "content_type": request.content_type,
                "body": body,
            }
        )
        return web.json_response({"ok": True})

    async def told(_: web.Request) -> web.Response:
        return web.json_response(list(received))

    return [
        web.route("*", "/webhook", receive),
        web.route("*", "/webhook/{rest:.*}", receive),
        web.get("/sim/webhook", told),
    ]
