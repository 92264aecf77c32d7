"""The one door out, against a real server on loopback."""

import asyncio
import gzip
import socket as plain
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web

from collectors.net.http import BODY_BYTES, DeadlineExceeded, DoorError, HttpDoor, Refused, TooLarge, Unreachable
from collectors.net.limits import Limits
from config.clock import SystemClock
from tests.fakes.clock import START_MS, FakeClock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Host:
    """A small server whose one handler the test sets; remembers what it was asked."""

    def __init__(self) -> None:
        self.handler: Handler = self._ok
        self.asked: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.url = ""

    async def _ok(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok")

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        self.bodies.append(await request.read())
        return await self.handler(request)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    host = Host()
    app = web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", host.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield host
    await runner.cleanup()


@pytest.fixture
async def door(host: Host, clock: FakeClock) -> AsyncIterator[HttpDoor]:
    door = HttpDoor({"upbit": f"{host.url}/upbit", "bithumb": f"{host.url}/"}, Limits({}), clock, "radar/test")
    yield door
    await door.close()


async def test_a_question_reaches_its_service_with_our_name_and_without_origin_or_cookies(
    host: Host, door: HttpDoor
) -> None:
    async def with_cookie(_request: web.Request) -> web.StreamResponse:
        answer = web.Response(text="ok", headers={"Remaining-Req": "group=market; min=600; sec=9"})
        answer.set_cookie("a", "b")
        return answer

    host.handler = with_cookie
    for _ in range(2):
        response = await door.get("upbit", "/v1/market/all", params={"is_details": "true"}, headers={"X-A": "1"})
    assert (response.status, response.body) == (200, b"ok")
    assert response.headers["remaining-req"] == "group=market; min=600; sec=9"
    assert response.requested_ms == response.received_ms == START_MS
    asked = host.asked[1]
    assert asked.path_qs == "/upbit/v1/market/all?is_details=true"
    assert asked.headers["User-Agent"] == "radar/test"
    assert asked.headers["X-A"] == "1"
    assert {"Origin", "Cookie"}.isdisjoint(asked.headers)


async def test_every_status_is_an_answer(host: Host, door: HttpDoor) -> None:
    for status in (404, 403, 500, 302):

        async def refuse(_request: web.Request, status: int = status) -> web.StreamResponse:
            return web.Response(status=status, text="no", headers={"Location": "/elsewhere"})

        host.handler = refuse
        assert (await door.get("upbit", "/x")).status == status
    assert len(host.asked) == 4, "redirects are answers too"


async def test_a_body_is_posted_as_it_is(host: Host, door: HttpDoor) -> None:
    await door.post("upbit", "/hook", body=b'{"a":1}', content_type="application/json")
    assert host.asked[0].method == "POST"
    assert host.asked[0].headers["Content-Type"] == "application/json"
    assert host.bodies == [b'{"a":1}']


async def test_gzip_is_undone(host: Host, door: HttpDoor) -> None:
    async def zipped(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"page" * 1000), headers={"Content-Encoding": "gzip"})

    host.handler = zipped
    assert (await door.get("upbit", "/x")).body == b"page" * 1000
    assert "gzip" in host.asked[0].headers["Accept-Encoding"]


async def test_an_answer_that_is_too_large_is_refused_even_when_it_is_small_on_the_wire(
    host: Host, door: HttpDoor
) -> None:
    async def bomb(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=gzip.compress(b"\0" * (BODY_BYTES + 1)), headers={"Content-Encoding": "gzip"})

    host.handler = bomb
    with pytest.raises(TooLarge) as error:
        await door.get("upbit", "/x")
    assert error.value.sent


async def hanging(_request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError("never")


async def test_a_late_answer_is_a_deadline_exceeded_and_the_request_was_sent(
    host: Host, door: HttpDoor, clock: FakeClock
) -> None:
    host.handler = hanging
    asking = asyncio.create_task(door.get("upbit", "/x", deadline_s=2.0))
    while not host.asked:
        await asyncio.sleep(0)
    await clock.advance(1.9)
    assert not asking.done()
    await clock.advance(0.2)
    with pytest.raises(DeadlineExceeded) as error:
        await asking
    assert error.value.sent


async def test_nobody_listening_means_not_sent(clock: FakeClock) -> None:
    with plain.socket() as held:
        held.bind(("127.0.0.1", 0))
        door = HttpDoor({"okx": f"http://127.0.0.1:{held.getsockname()[1]}"}, Limits({}), clock, "radar/test")
        with pytest.raises(Unreachable) as error:
            await door.get("okx", "/x")
        await door.close()
    assert not error.value.sent


async def test_a_line_cut_before_the_answer_means_it_may_have_arrived(host: Host, door: HttpDoor) -> None:
    async def cut(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    host.handler = cut
    with pytest.raises(Unreachable) as error:
        await door.post("upbit", "/send", body=b"x", content_type="text/plain")
    assert error.value.sent
    assert len(host.asked) == 1, "a POST is never repeated behind our back"


async def test_no_error_text_holds_the_path_or_query(host: Host, clock: FakeClock) -> None:
    token = "123:SECRET"
    door = HttpDoor({"telegram": host.url}, Limits({}), clock, "radar/test")
    host.handler = hanging
    asking = asyncio.create_task(door.get("telegram", f"/bot{token}/getMe", params={"key": token}, deadline_s=1.0))
    while not host.asked:
        await asyncio.sleep(0)
    await clock.advance(1.1)
    with pytest.raises(DoorError) as error:
        await asking
    assert "SECRET" not in str(error.value) + repr(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
    await door.close()


async def test_a_short_wait_for_the_limits_is_waited_and_a_long_one_refused(host: Host, clock: FakeClock) -> None:
    door = HttpDoor({"upbit": host.url}, Limits({"upbit": {"default": 1.0}}), clock, "radar/test")
    await door.get("upbit", "/x")
    asking = asyncio.create_task(door.get("upbit", "/x", deadline_s=2.0))
    await clock.advance(0.5)
    assert len(host.asked) == 1
    await clock.advance(0.6)
    assert (await asking).status == 200
    with pytest.raises(Refused) as refused:
        await door.get("upbit", "/x", deadline_s=0.5)
    assert not refused.value.sent
    assert START_MS + 1_100 < refused.value.until_ms <= START_MS + 2_200
    await door.close()


async def test_a_429_pauses_the_host_for_whoever_asks_next(host: Host, door: HttpDoor) -> None:
    async def too_many(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=429, text="Too many API requests.", headers={"Retry-After": "30"})

    host.handler = too_many
    assert (await door.get("upbit", "/x", group="ticker")).status == 429
    with pytest.raises(Refused) as refused:
        await door.get("upbit", "/x", group="market")
    assert refused.value.until_ms == START_MS + 30_000
    assert len(host.asked) == 1


async def test_an_unchanged_page_comes_back_as_304_until_it_is_forgotten(host: Host, door: HttpDoor) -> None:
    async def tagged(request: web.Request) -> web.StreamResponse:
        if request.headers.get("If-None-Match") == 'W/"1"':
            return web.Response(status=304)
        return web.Response(text="page", headers={"ETag": 'W/"1"'})

    host.handler = tagged
    ask = {"page": "1"}
    assert (await door.get("upbit", "/list", params=ask, conditional=True)).body == b"page"
    unchanged = await door.get("upbit", "/list", params=ask, conditional=True)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert (await door.get("upbit", "/list", params={"page": "2"}, conditional=True)).status == 200
    assert (await door.get("upbit", "/list", params=ask)).status == 200
    door.forget("upbit", "/list", ask)
    assert (await door.get("upbit", "/list", params=ask, conditional=True)).status == 200


async def test_bithumbs_notices_may_move_on_their_own_host_and_only_twice(host: Host, door: HttpDoor) -> None:
    async def onward(request: web.Request) -> web.StreamResponse:
        if request.path == "/final":
            return web.Response(text="[]")
        return web.Response(status=302, headers={"Location": "/final" if len(host.asked) == 2 else "/v1/again"})

    host.handler = onward
    assert (await door.get("bithumb", "/v1/notices")).body == b"[]"

    async def for_ever(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/v1/notices"})

    host.asked.clear()
    host.handler = for_ever
    assert (await door.get("bithumb", "/v1/notices")).status == 302
    assert len(host.asked) == 3


async def test_a_redirect_to_a_stranger_is_not_followed(host: Host, door: HttpDoor) -> None:
    async def away(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "https://feed-api.bithumb.com.evil.test/v1/notices"})

    host.handler = away
    assert (await door.get("bithumb", "/v1/notices")).status == 302
    assert len(host.asked) == 1


async def test_an_origin_header_is_a_programming_error(door: HttpDoor) -> None:
    with pytest.raises(ValueError, match="Origin"):
        await door.get("upbit", "/x", headers={"ORIGIN": "https://upbit.com"})


async def test_it_works_on_the_system_clock_and_closing_twice_is_fine(host: Host) -> None:
    door = HttpDoor({"upbit": host.url}, Limits({}), SystemClock(), "radar/test")
    assert (await door.get("upbit", "/x")).status == 200
    await door.close()
    await door.close()


async def test_after_a_rush_questions_share_one_connection(host: Host, door: HttpDoor) -> None:
    """What nobody uses ends by itself; in turns, all would be kept."""
    all_there = asyncio.Barrier(3)
    ports: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        ports.append(request.transport.get_extra_info("peername")[1])
        if len(ports) <= 3:
            await all_there.wait()
        return web.Response(text="ok")

    host.handler = answer
    await asyncio.gather(*(door.get("upbit", "/rush") for _ in range(3)))
    for _ in range(4):
        await door.get("upbit", "/later")
    assert len(set(ports[:3])) == 3
    assert len(set(ports[3:])) == 1


async def test_a_look_on_the_systems_clock_ends_at_its_deadline_and_the_next_one_is_answered(host: Host) -> None:
    door = HttpDoor({"upbit": host.url}, Limits({}), SystemClock(), "radar/test")
    await door.get("upbit", "/x", conditional=True)
    first = await door.get("upbit", "/x", conditional=True)
    answers, host.handler = host.handler, hanging
    with pytest.raises(DeadlineExceeded, match="no answer within") as error:
        await door.get("upbit", "/x", conditional=True, deadline_s=0.05)
    assert error.value.sent
    host.handler = answers
    again = await door.get("upbit", "/x", conditional=True)
    assert first.body is again.body
    await door.close()


async def test_a_look_with_headers_of_its_own_carries_them_and_the_etag(host: Host, door: HttpDoor) -> None:
    async def tagged(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="page", headers={"ETag": '"1"'})

    host.handler = tagged
    for headers in (None, {"X-A": "1"}, None):
        await door.get("upbit", "/x", headers=headers, conditional=True)
    assert [asked.headers.get("X-A") for asked in host.asked] == [None, "1", None]
    assert [asked.headers.get("If-None-Match") for asked in host.asked] == [None, '"1"', '"1"']


async def test_a_page_that_has_moved_keeps_its_etag(host: Host, door: HttpDoor) -> None:
    async def onward(request: web.Request) -> web.StreamResponse:
        if request.path != "/final":
            return web.Response(status=302, headers={"Location": "/final"})
        known = request.headers.get("If-None-Match") == '"1"'
        return web.Response(status=304) if known else web.Response(text="[]", headers={"ETag": '"1"'})

    host.handler = onward
    answers = [await door.get("bithumb", "/v1/notices", conditional=True) for _ in range(2)]
    assert [(each.status, each.body) for each in answers] == [(200, b"[]"), (304, b"")]


async def test_a_page_without_an_etag_is_not_asked_for_by_that_of_the_page_before(host: Host, door: HttpDoor) -> None:
    tags = iter(({"ETag": '"1"'}, {}, {"ETag": '"1"'}))

    async def tagged(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="page", headers=next(tags))

    host.handler = tagged
    for _ in range(3):
        assert (await door.get("upbit", "/x", conditional=True)).status == 200
    assert [asked.headers.get("If-None-Match") for asked in host.asked] == [None, '"1"', None]
