"""Who gets in, and what every answer carries: middlewares of the application that listens on TCP.

Without a token only this machine may ask, and only by a name of this machine, so that no foreign page can reach in
through a name that it points at us. With a token, everything but the page's shell and `/healthz` wants it: as
`Authorization: Bearer …`, or as the cookie that `POST /login` gives for it.
"""

from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from web import session

OPEN_TO_ALL = ("/", "/healthz", "/login")
SHELL = "/static/"  # the page's own files, which hold nothing of anyone
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
LOGIN_BYTES = 4_096


async def carry_headers(_: web.Request, response: web.StreamResponse) -> None:
    """A signal handler: every answer, errors and streams included, carries `HEADERS`."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


def guard(token: str | None, host: str, now_ms: Callable[[], int]) -> Middleware:
    """Turn away whoever may not see the page. `host` is the address that we listen at."""

    @web.middleware
    async def guarding(request: web.Request, handler: Handler) -> web.StreamResponse:
        if token is None:
            if request.path != "/healthz" and not local(request.host, host):
                return web.Response(status=421, text="this page answers to the names of its own machine only\n")
        elif not (open_to_all(request.path) or admitted(request, token, now_ms())):
            return web.Response(status=401, headers={"WWW-Authenticate": "Bearer"}, text="a token is needed\n")
        return await handler(request)

    return guarding


def open_to_all(path: str) -> bool:
    return path in OPEN_TO_ALL or path.startswith(SHELL)


def admitted(request: web.Request, token: str, now_ms: int) -> bool:
    """By the token itself or by a session."""
    given = request.headers.get("Authorization", "")
    return session.same(given, f"Bearer {token}") or session.valid(
        token, request.cookies.get(session.COOKIE, ""), now_ms
    )


def local(named: str, host: str) -> bool:
    """Whether the `Host` of a request names this machine: a loopback name, or the very address we listen at."""
    try:
        name = urlsplit(f"//{named}").hostname or ""
        return name in ("localhost", host.lower()) or ip_address(name).is_loopback
    except ValueError:  # no name, or neither ours nor an address
        return False


def login(token: str | None, now_ms: Callable[[], int]) -> list[web.RouteDef]:
    """`POST /login` exchanges the token (its body, as text) for a cookie; `POST /logout` takes the cookie back.

    204: done (also where no token is needed) · 401: not the token · 413: no token is that long.
    """

    async def enter(request: web.Request) -> web.Response:
        if request.content_length is None or request.content_length > LOGIN_BYTES:
            return web.Response(status=413, text="no token is that long\n")
        given = (await request.read()).decode("utf-8", "replace").strip()
        if token is None:
            return web.Response(status=204)
        if not session.same(given, token):
            return web.Response(status=401, text="not the token\n")
        answer = web.Response(status=204)
        secure = request.secure or request.headers.get("X-Forwarded-Proto") == "https"
        answer.set_cookie(
            session.COOKIE,
            session.issue(token, now_ms()),
            max_age=session.LASTS_S,
            secure=secure,
            httponly=True,
            samesite="Strict",
        )
        return answer

    async def leave(_: web.Request) -> web.Response:
        answer = web.Response(status=204)
        answer.del_cookie(session.COOKIE, httponly=True, samesite="Strict")
        return answer

    return [web.post("/login", enter), web.post("/logout", leave)]
