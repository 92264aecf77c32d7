"""The same small application over TCP, loopback by default: the page, metrics and health.

It is a convenience: where the port is taken, the daemon says so and records on. Who may ask is decided in
`web/door.py`.
"""

import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from aiohttp import web

from config.clock import SystemClock
from config.settings import Listen
from web import door

log = logging.getLogger(__name__)


@asynccontextmanager
async def listening(
    listen: Listen, token: str | None, routes: Iterable[web.AbstractRouteDef]
) -> AsyncIterator[str | None]:
    """Serve `routes` at the address of `listen`; yields the URL, None where nothing listens.

    A `token`, where there is one, is asked for. An address beyond loopback without one is refused before this, in
    `config/check.py`.
    """
    if not listen.enabled:
        yield None
        return
    now_ms = SystemClock().now_ms  # a session lasts in the time of whoever looks at the page
    app = web.Application(middlewares=[door.guard(token, listen.host, now_ms)])
    app.on_response_prepare.append(door.carry_headers)
    app.router.add_routes([*routes, *door.login(token, now_ms)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    url = None
    try:
        await web.TCPSite(runner, listen.host, listen.port).start()
        host = f"[{listen.host}]" if ":" in listen.host else listen.host
        url = f"http://{host}:{runner.addresses[0][1]}"
        log.info("the page, metrics and health at %s", url)
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
