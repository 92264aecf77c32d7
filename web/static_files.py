"""The page's own files: what stands in `web/static`, nothing else, each with an ETag.

A browser keeps them and asks each time whether they changed, so that a new version shows at once.
"""

import hashlib
from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).resolve().parent / "static"
TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
INDEX_LANGUAGE = b'<html lang="ko"'


def routes(language: str) -> list[web.RouteDef]:
    """`/` is the page in the owner's language, `/static/…` its parts. The files are those there at the start."""
    names = {path.relative_to(STATIC).as_posix(): path for path in sorted(STATIC.rglob("*")) if path.suffix in TYPES}

    async def index(request: web.Request) -> web.Response:
        body = (STATIC / "index.html").read_bytes()
        assert INDEX_LANGUAGE in body
        return _answer(request, body.replace(INDEX_LANGUAGE, f'<html lang="{language}"'.encode()), "text/html")

    async def part(request: web.Request) -> web.Response:
        path = names.get(request.match_info["name"])
        if path is None:
            raise web.HTTPNotFound
        return _answer(request, path.read_bytes(), TYPES[path.suffix])

    return [web.get("/", index), web.get("/static/{name:.+}", part)]


def _answer(request: web.Request, body: bytes, kind: str) -> web.Response:
    """The body, or that the browser has it already."""
    tag = hashlib.sha256(body).hexdigest()[:32]
    headers = {"ETag": f'"{tag}"', "Cache-Control": "no-cache"}
    if any(each.value in (tag, "*") for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, content_type=kind, charset="utf-8", headers=headers)
