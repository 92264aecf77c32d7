"""`/healthz`, `/readyz` and `/metrics`: what a supervisor, a load balancer or Prometheus asks.

Alive is not ready: `/healthz` says that the loop turns, `/readyz` that we receive and commit. Neither holds a secret.
"""

from collections.abc import Callable, Iterable

from aiohttp import web

from ops.watching import metrics
from ops.watching.footprint import footprint
from ops.watching.health import Limits, unready
from ops.watching.loop_lag import LoopLag
from ops.watching.readings import Readings

Routes = list[web.RouteDef]


def routes(read: Callable[[], Readings], limits: Limits, lag: LoopLag, troubles: Callable[[], Iterable[str]]) -> Routes:
    """The three of them over the readings of the moment; `troubles` names the operator alerts that are not over."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        reasons = unready(read(), limits)
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def scrape(_: web.Request) -> web.Response:
        body = metrics.exposition(read(), limits, lag.worst_s, footprint(), troubles())
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", scrape)]
