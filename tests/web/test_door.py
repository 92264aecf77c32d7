"""Who gets in, over real sockets: by this machine's names, by the token, by the cookie for it."""

from pathlib import Path

import aiohttp
import pytest

from tests.web.world import served
from web.door import HEADERS, local
from web.session import COOKIE

TOKEN = "open sesame, and quickly"


@pytest.mark.parametrize(
    ("named", "listens", "is_ours"),
    [
        ("127.0.0.1:8714", "127.0.0.1", True),
        ("localhost:9000", "127.0.0.1", True),
        ("[::1]:8714", "::1", True),
        ("127.8.8.8", "127.0.0.1", True),
        ("radar.local", "radar.local", True),
        ("evil.example:8714", "127.0.0.1", False),
        ("127.0.0.1.evil.example", "127.0.0.1", False),
        ("", "127.0.0.1", False),
        ("[", "127.0.0.1", False),
    ],
)
def test_only_this_machines_names_are_answered_without_a_token(named: str, listens: str, is_ours: bool) -> None:
    assert local(named, listens) is is_ours


async def test_a_foreign_name_that_points_at_us_is_turned_away(tmp_path: Path) -> None:
    async with served(tmp_path) as page, aiohttp.ClientSession() as session:
        for path, status in (("/api/now", 421), ("/", 421), ("/healthz", 404)):
            async with session.get(page.url + path, headers={"Host": "evil.example"}) as answer:
                assert answer.status == status
        async with session.get(f"{page.url}/api/now") as answer:
            assert answer.status == 200


async def test_every_answer_carries_the_security_headers(tmp_path: Path) -> None:
    async with served(tmp_path) as page, aiohttp.ClientSession() as session:
        for path in ("/", "/static/page.css", "/api/now", "/api/events", "/nowhere", "/api/listings/999"):
            async with session.get(page.url + path) as answer:
                assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")


async def test_without_the_token_there_is_the_shell_and_nothing_else(tmp_path: Path) -> None:
    async with served(tmp_path, TOKEN) as page, aiohttp.ClientSession() as session:
        for path, status in (
            ("/", 200),
            ("/static/js/main.js", 200),
            ("/api/now", 401),
            ("/api/events", 401),
            ("/api/listings/1", 401),
            ("/static/../api/now", 401),
        ):
            async with session.get(page.url + path) as answer:
                assert answer.status == status, path
        async with session.get(f"{page.url}/api/now", headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
            assert answer.status == 200


async def test_the_token_buys_a_cookie_that_scripts_cannot_read(tmp_path: Path) -> None:
    jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of an address that is no name
    async with served(tmp_path, TOKEN) as page, aiohttp.ClientSession(cookie_jar=jar) as session:
        async with session.post(f"{page.url}/login", data="open sesame") as answer:
            assert answer.status == 401
            assert "Set-Cookie" not in answer.headers
        async with session.post(f"{page.url}/login", data=TOKEN) as answer:
            assert answer.status == 204
            told = answer.headers["Set-Cookie"]
        assert told.startswith(f"{COOKIE}=")
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(told.split("; "))
        assert TOKEN not in told
        async with session.get(f"{page.url}/api/now") as answer:
            assert answer.status == 200
        async with session.post(f"{page.url}/logout") as answer:
            assert answer.status == 204
        async with session.get(f"{page.url}/api/now") as answer:
            assert answer.status == 401


async def test_behind_tls_the_cookie_travels_by_tls_only(tmp_path: Path) -> None:
    async with served(tmp_path, TOKEN) as page, aiohttp.ClientSession() as session:
        for headers, secure in (({}, False), ({"X-Forwarded-Proto": "https"}, True)):
            async with session.post(f"{page.url}/login", data=TOKEN, headers=headers) as answer:
                assert ("Secure" in answer.headers["Set-Cookie"].split("; ")) is secure


async def test_a_login_of_megabytes_is_not_read(tmp_path: Path) -> None:
    async def endless() -> object:
        yield b"x" * 100

    async with served(tmp_path, TOKEN) as page, aiohttp.ClientSession() as session:
        for body in (b"x" * 1_000_000, endless()):
            async with session.post(f"{page.url}/login", data=body) as answer:
                assert answer.status == 413
