"""The door for this machine's own commands: `radar.sock`, a small HTTP application on a unix socket.

`analyze` asks the running daemon through it, so that one process makes all requests to an exchange.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import msgspec
from aiohttp import web

log = logging.getLogger(__name__)
Answer = Callable[[Mapping[str, str]], Awaitable[object]]
MAX_PATH = 100  # bytes; a unix socket's address holds 108


class BadQuestion(ValueError):
    """The question cannot be answered; the text says what was expected."""


@asynccontextmanager
async def serving(
    path: Path, answers: Mapping[str, Answer], routes: Iterable[web.AbstractRouteDef] = ()
) -> AsyncIterator[None]:
    """Answer `GET /<name>?<query>` with JSON for each of `answers`, on a socket only its owner may use.

    `routes` are those of the application that also listens on TCP; the questions are asked here only.

    A folder whose name is too long for a socket is told once; commands then work alone.
    """
    if len(str(path)) > MAX_PATH:
        log.warning("%s is too long a name for a socket: commands will not find this daemon", path)
        yield
        return
    app = web.Application()
    for name, answer in answers.items():
        app.router.add_get(f"/{name}", _responder(answer))
    app.router.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    path.unlink(missing_ok=True)  # left by a process that was killed; the lock says that nobody listens
    try:
        await web.UnixSite(runner, str(path)).start()
        path.chmod(0o600)
        yield
    finally:
        await runner.cleanup()
        path.unlink(missing_ok=True)


def _responder(answer: Answer) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def respond(request: web.Request) -> web.Response:
        try:
            body = msgspec.json.encode(await answer(request.query))
        except BadQuestion as e:
            return web.json_response({"error": str(e)}, status=400)
        return web.Response(body=body, content_type="application/json")

    return respond


async def ask(path: Path, name: str, query: Mapping[str, str], deadline_s: float = 10.0) -> bytes | None:
    """The running daemon's answer as JSON; None where no daemon listens. BadQuestion if it refuses the question."""
    if not path.exists() or len(str(path)) > MAX_PATH:
        return None
    timeout = aiohttp.ClientTimeout(total=deadline_s)
    try:
        async with (
            aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(path)), timeout=timeout) as session,
            session.get(f"http://radar/{name}", params=query) as response,
        ):
            body = await response.read()
    except (TimeoutError, aiohttp.ClientConnectionError):
        return None
    if response.status == 400:
        raise BadQuestion(msgspec.json.decode(body, type=dict[str, str])["error"])
    return body if response.status == 200 else None
