"""The page: its files, the stream, and the JSON behind it. What answers is loaded after the start, or at a first look.

Times are UTC epoch milliseconds; what is unknown is null. The answers serve this page and may change with it:

    GET /api/now                          status, feeds, channels, the newest listings and alerts, gaps, rates
    GET /api/events                       the same, pushed: server-sent events named `now`
    GET /api/listings?last=50             the newest listings with their last verdict, newest first
    GET /api/listings/7                   one listing: timeline, verdicts, facts of the last one, notice, alerts
    GET /api/listings/7/seconds?from_ms=&to_ms=    its markets in a span, as columns, with gaps
    GET /api/premium?hours=24&coin=BTC    the market's premium over time, and a coin's (`web/series.py`)
    GET /api/coins                        every coin's premium in the newest minute
    GET /api/dominance                    Korea's share of the 24 h spot volume (`web/dominance.py`)
    GET /api/latency?last=200             which channel led, by how much

400 {"error": …} is a question that makes no sense, 404 what is not there, 503 a database that does not answer now.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from config.clock import Clock
from ops.process.lifetimes import running
from ops.watching.health import Limits
from ops.watching.loop_lag import LoopLag
from ops.watching.readings import Readings
from web import static_files
from web.live import Live

if TYPE_CHECKING:
    from web.views import Views

VIEWS = {
    "/api/now": "now",
    "/api/listings": "listings",
    r"/api/listings/{id:\d{1,15}}": "listing",
    r"/api/listings/{id:\d{1,15}}/seconds": "seconds",
    "/api/premium": "premium",
    "/api/coins": "coins",
    "/api/dominance": "dominance",
    "/api/latency": "latency",
}


LOAD_AFTER_S = 20.0


class Page:
    """`routes` are what the application serves; `run` is its one task."""

    def __init__(
        self,
        database: Path,
        read: Callable[[], Readings],
        limits: Limits,
        lag: LoopLag,
        clock: Clock,
        language: str,
    ) -> None:
        self._grounds = database, read, limits, lag, clock
        self._clock = clock
        self._language = language
        self._views: Views | None = None
        self.live = Live(self._now, clock)

    def routes(self) -> list[web.RouteDef]:
        return [
            *static_files.routes(self._language),
            *(web.get(path, partial(self._answer, name)) for path, name in VIEWS.items()),
            web.get("/api/events", self.live.stream, allow_head=False),
        ]

    async def run(self) -> None:
        """Feed the stream, for ever. The views are loaded when the start is over: not before, because every start would
        pay for them, and not only at the first look, because an update may have replaced their files by then."""
        async with running(self.live.run()):
            await self._clock.sleep(LOAD_AFTER_S)
            await self._loaded()
            await asyncio.Event().wait()

    async def _answer(self, name: str, request: web.Request) -> web.Response:
        return await (await self._loaded()).answer(name, request)

    async def _now(self) -> bytes:
        return await (await self._loaded()).now_json()

    async def _loaded(self) -> "Views":
        """The views, imported off the loop the first time."""
        if self._views is None:
            module = await asyncio.to_thread(import_module, "web.views")
            self._views = self._views or module.Views(*self._grounds)
        return self._views
