"""`/healthz`, `/readyz` and `/metrics`: what a supervisor, a load balancer or Prometheus asks.

Alive is not ready: `/healthz` says that the loop turns, `/readyz` that we receive and commit. Neither holds a secret.
"""

from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from ops import metrics
from ops.health import Limits, Readings, unready
from ops.loop_lag import LoopLag

PAGE_BYTES = 4_096
STATM = Path("/proc/self/statm")


def routes(read: Callable[[], Readings], limits: Limits, lag: LoopLag) -> list[web.RouteDef]:
    """The three of them over the readings of the moment."""

    async def healthz(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def readyz(_: web.Request) -> web.Response:
        reasons = unready(read(), limits)
        return web.json_response({"ready": not reasons, "reasons": reasons}, status=503 if reasons else 200)

    async def scrape(_: web.Request) -> web.Response:
        body = metrics.exposition(read(), limits, lag.worst_s, resident_bytes())
        return web.Response(body=body, headers={"Content-Type": metrics.CONTENT_TYPE})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", scrape)]


def resident_bytes() -> int | None:
    """Resident memory of this process; None where the system does not tell."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * PAGE_BYTES
    except (OSError, ValueError, IndexError):
        return None
