"""No body is lost to a slow site: two listings in one breath, a site that refuses, a book that fails."""

import json
from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

from msgspec.structs import replace
from yarl import URL

from collectors.channels.upbit_notices import UpbitNotices
from collectors.events import Channel, Notice
from collectors.listings.notice_bodies import TRIES, WAITING_MOST, NoticeBodies
from collectors.listings.sources import ChannelOff, ChannelTrouble, NoticeSource
from collectors.net.http import HttpDoor
from collectors.net.limits import Limits
from collectors.net.lines import Answer, Lines, Question
from collectors.net.session import Session
from ops.process.lifetimes import restarting, running
from tests.fakes.clock import START_MS, FakeClock


def notice(name: str) -> Notice:
    return Notice("upbit", name, f"별빛({name}) 신규 거래지원 안내 (KRW 마켓)", ("거래",), START_MS, START_MS)


class Site:
    """Refuses a body as often as it is told to, and keeps who asked for what."""

    channel = Channel.UPBIT_NOTICES
    every_s = 5.0

    def __init__(self, refusals: Mapping[str, list[ChannelTrouble]] | None = None) -> None:
        self.refusals = dict(refusals or {})
        self.asked: list[str] = []

    async def look(self) -> None:
        return None

    async def whole(self, notice: Notice) -> Notice | None:
        self.asked.append(notice.notice_id)
        if self.refusals.get(notice.notice_id):
            raise self.refusals[notice.notice_id].pop(0)
        return None if notice.notice_id == "EMPTY" else replace(notice, body="the body")


class Scene:
    def __init__(self, site: NoticeSource) -> None:
        self.clock = FakeClock()
        self.site = site
        self.taken: list[str] = []
        self.fails = 0
        self.bodies = NoticeBodies(self.clock, self.take)

    async def take(self, source: NoticeSource, whole: Notice) -> None:
        if self.fails:
            self.fails -= 1
            raise ValueError("a bug")
        assert whole.body == "the body"
        self.taken.append(whole.notice_id)

    def want(self, *names: str) -> None:
        for name in names:
            self.bodies.want(self.site, notice(name))


async def test_a_body_that_is_refused_is_asked_for_again_behind_the_others() -> None:
    site = Site({"AAA": [ChannelTrouble("our own rate")] * 2})
    scene = Scene(site)
    async with running(scene.bodies.run()):
        scene.want("AAA", "BBB", "AAA", "EMPTY")
        await scene.clock.advance(0.1)
        assert scene.taken == ["BBB"]
        await scene.clock.advance(7)
    assert scene.taken == ["BBB", "AAA"]
    assert site.asked == ["AAA", "BBB", "EMPTY", "AAA", "AAA"]


async def test_a_site_that_wants_to_be_left_alone_is_not_asked_again_for_a_body() -> None:
    site = Site({"AAA": [ChannelOff("refused three times", 3_600.0)]})
    scene = Scene(site)
    async with running(scene.bodies.run()):
        scene.want("AAA")
        await scene.clock.advance(600)
    assert site.asked == ["AAA"]


async def test_asking_for_a_body_ends_at_last() -> None:
    site = Site({"AAA": [ChannelTrouble("HTTP 502")] * 1_000})
    scene = Scene(site)
    async with running(scene.bodies.run()):
        scene.want("AAA")
        await scene.clock.advance(3_600)
    assert len(site.asked) == TRIES


async def test_a_crash_on_the_way_into_the_book_costs_no_body() -> None:
    scene = Scene(Site())
    scene.fails = 1
    crashes: list[str] = []
    work = restarting("bodies", scene.bodies.run, scene.clock, lambda name, error: crashes.append(name))
    async with running(work):
        scene.want("AAA")
        await scene.clock.advance(10)
    assert (crashes, scene.taken) == (["bodies"], ["AAA"])


async def test_no_more_than_two_pages_of_bodies_wait() -> None:
    scene = Scene(Site())
    scene.want(*(f"C{n}" for n in range(WAITING_MOST + 10)))
    async with running(scene.bodies.run()):
        await scene.clock.advance(1)
    assert len(scene.taken) == WAITING_MOST


def site_says(path: str) -> Answer:
    """The list, or the body of an announcement."""
    number = path.rpartition("/")[2]
    row = {"id": 1, "title": "별빛", "uuid": number, "body": "the body"}
    data = row if number.isdecimal() else {"notices": [row]}
    return Answer(200, {}, json.dumps({"success": True, "data": data}).encode())


class QuickLines(Lines):
    async def get(self, question: Question, *_: object) -> Answer:
        return site_says(question.request.split()[1].decode().partition("?")[0])


async def quick_ask(_method: str, url: URL, *_: object) -> Answer:
    return site_says(url.path)


class QuickDoor(HttpDoor):
    """The real door with its limits; what lies behind it answers at once."""

    def __init__(self, limits: Limits, clock: FakeClock) -> None:
        super().__init__({"upbit_site": "http://site"}, limits, clock, "test")
        self._lines = QuickLines("test")

    async def _opened(self) -> Session:
        return cast(Session, SimpleNamespace(ask=quick_ask))


async def test_two_listings_within_three_seconds_both_get_their_body_and_the_list_goes_on() -> None:
    """The site is asked once in three seconds, for the list as well; what has to wait for its turn is not refused."""
    clock = FakeClock()
    door = QuickDoor(Limits({"upbit_site": {"default": 0.33}}), clock)
    site = UpbitNotices(door, clock, 5.0)
    scene = Scene(site)
    scene.clock, scene.bodies = clock, NoticeBodies(clock, scene.take)
    looks: list[float] = []

    async def look_on() -> None:
        while True:
            began = clock.monotonic()
            await site.look()
            looks.append(clock.monotonic())
            await clock.sleep(5.0 - (clock.monotonic() - began))

    async with running(look_on(), scene.bodies.run()):
        await clock.advance(0.1)
        for name in ("101", "102", "103"):
            scene.bodies.want(site, replace(notice(name), url=f"https://upbit.com/service_center/notice?id={name}"))
        await clock.advance(30)
    assert scene.taken == ["101", "102", "103"]
    assert len(looks) >= 5
