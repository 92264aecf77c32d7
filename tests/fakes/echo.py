"""A service that answers nothing right and repeats whatever it was sent: path, query, headers, body, in every field."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import unquote

from aiohttp import web
from msgspec import Struct

FIELDS = ("description", "msg", "message", "retMsg", "title", "detail", "error_description")
STATUSES = (400, 401, 403, 404, 429, 500, 502, 200)


class Echo(Struct, frozen=True):
    """Where it is, and how many requests came by the first part of their path."""

    url: str
    requests: Counter[str]


@asynccontextmanager
async def echoing() -> AsyncIterator[Echo]:
    """Each part of the path gets the next status for each request; every eighth is cut, every ninth is HTML."""
    requests: Counter[str] = Counter()

    async def answer(request: web.Request) -> web.StreamResponse:
        part = request.path.split("/")[1]
        number = requests[part]
        requests[part] += 1
        if number % 8 == 7 and request.transport is not None:
            request.transport.abort()
        headers = " ".join(f"{name}: {value}" for name, value in request.headers.items())
        said = f"{request.method} {request.path_qs} {unquote(request.path_qs)} {headers} {await request.text()}"
        status = STATUSES[number % len(STATUSES)]
        if number % 9 == 8:
            return web.Response(status=status, text=f"<html>{said}</html>", content_type="text/html")
        told: dict[str, object] = dict.fromkeys(FIELDS, said)
        told |= {"ok": False, "error_code": status, "code": -2015, "retCode": 10003, "result": said, "data": said}
        told["error"] = {"name": said, "message": said}
        return web.Response(
            status=status, reason=said[:200].encode("ascii", "ignore").decode(), text=json.dumps(told),
            content_type="application/json",
        )  # fmt: skip

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Echo(f"http://127.0.0.1:{runner.addresses[0][1]}", requests)
    finally:
        await runner.cleanup()
