"""The same small application over TCP, loopback by default: metrics and health now, the page later.

It is a convenience: where the port is taken, the daemon says so and records on. Where it is open to other machines, a
token is needed for everything but `/healthz`.
"""

import hmac
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from config.settings import Listen

log = logging.getLogger(__name__)
OPEN_TO_ALL = ("/healthz",)


@asynccontextmanager
async def listening(
    listen: Listen, token: str | None, routes: Iterable[web.AbstractRouteDef]
) -> AsyncIterator[str | None]:
    """Serve `routes` at the address of `listen`; yields the URL, None where nothing listens.

    A `token`, where there is one, must come as `Authorization: Bearer …`. An address beyond loopback without one is
    refused before this, in `config/check.py`.
    """
    if not listen.enabled:
        yield None
        return
    app = web.Application(middlewares=[_guard(token)] if token else [])
    app.router.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    url = None
    try:
        await web.TCPSite(runner, listen.host, listen.port).start()
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        url = f"http://{host}:{runner.addresses[0][1]}"
        log.info("metrics and health at %s", url)
    except OSError as e:
        log.warning(
            "nothing listens at %s:%d (%s); set another port under `listen:` in radar.yaml",
            listen.host,
            listen.port,
            e.strerror,
        )
    try:
        yield url
    finally:
        await runner.cleanup()


def _guard(token: str) -> Middleware:
    expected = f"Bearer {token}".encode()

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("Authorization", "").encode("utf-8", "replace")
        if request.path not in OPEN_TO_ALL and not hmac.compare_digest(given, expected):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"}, text="a token is needed\n")
        return await handler(request)

    return guard
