"""Builds what answers those who ask the daemon: `radar.sock`, the page, metrics and health over HTTP.

Loaded once recording stands, because a web server is nothing that the first second needs.
"""

import asyncio
from functools import partial

from ops import vital_routes
from ops.assembly.ground import Base, Bulkhead
from ops.assembly.judging import Judging
from ops.assembly.observing import Observing
from ops.assembly.questions import answer_analyze, answer_doctor
from ops.listener import listening
from ops.process.lifetimes import running
from ops.radar_socket import serving
from web.page import Page


async def serve(ground: Base, zone: Bulkhead, judges: Judging, view: Observing) -> None:
    """Answer, for ever."""
    radar, readings = ground.settings.radar, view.readings
    page = Page(ground.database, readings.read, view.limits, view.lag, ground.clock, radar.language)
    questions = {
        "analyze": partial(answer_analyze, judges.pipeline),
        "doctor": partial(answer_doctor, ground, view.offset, readings),
    }
    routes = [
        *vital_routes.routes(readings.read, view.limits, view.lag, lambda: view.desk.open),
        *page.routes(),
    ]
    async with (
        serving(ground.data / "radar.sock", questions, routes),
        listening(radar.listen, ground.secrets.web_token, routes) as readings.page,
        running(zone.behind("page", page.run)),
    ):
        await view.health.write()  # it tells where the page is
        await asyncio.Event().wait()
