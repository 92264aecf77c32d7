"""The listing channels against a real server on loopback that plays both exchanges."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from collectors.channels.bithumb_assets import BithumbAssets
from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.bithumb_notices import BithumbNotices
from collectors.channels.bithumb_ticker_all import BithumbTickerAll
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.channels.upbit_notices import UpbitNotices
from collectors.channels.upbit_ticker_all import UpbitTickerAll
from collectors.events import Market
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.market_monitor import ChannelOff, ChannelTrouble
from collectors.net.http import HttpDoor
from collectors.net.limits import Limits
from tests.fakes.clock import FakeClock

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
UPBIT = json.loads((FIXTURES / "upbit/rest.json").read_text())
BITHUMB = json.loads((FIXTURES / "bithumb/rest.json").read_text())
HTML = b"<!DOCTYPE html><html><title>Just a moment...</title></html>"


class Pages:
    """What the server answers, by path; `etag` answers 304 to whoever knows the page."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {
            "/api/v1/announcements": json.dumps(UPBIT["notices"]).encode(),
            "/api/v1/announcements/7001": json.dumps(UPBIT["notice"]).encode(),
            "/v1/market/all": json.dumps(UPBIT["market_list"]).encode(),
            "/v1/ticker/all": json.dumps(UPBIT["tickers"]).encode(),
            "/v1/notices": json.dumps(BITHUMB["notices"]).encode(),
            "/public/ticker/ALL_KRW": json.dumps(BITHUMB["ticker_all"]).encode(),
            "/public/ticker/ALL_BTC": b'{"status":"0000","data":{"USDC":{},"date":"1"}}',
            "/public/assetsstatus/multichain/ALL": json.dumps(BITHUMB["assets"]).encode(),
        }
        self.status = 200
        self.etag: str | None = None
        self.asked: list[web.Request] = []
        self.url = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        if self.etag and request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        headers = {"ETag": self.etag} if self.etag else {}
        return web.Response(status=self.status, body=self.bodies[request.path], headers=headers)


@pytest.fixture
async def pages() -> AsyncIterator[Pages]:
    pages = Pages()
    app = web.Application()
    app.router.add_get("/{path:.*}", pages.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    pages.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield pages
    await runner.cleanup()


@pytest.fixture
async def door(pages: Pages, clock: FakeClock) -> AsyncIterator[HttpDoor]:
    door = HttpDoor(dict.fromkeys(("upbit", "upbit_site", "bithumb"), pages.url), Limits({}), clock, "radar/test")
    yield door
    await door.close()


async def test_upbits_notices_come_with_titles_and_on_demand_with_their_body(door: HttpDoor, clock: FakeClock) -> None:
    channel = UpbitNotices(door, clock, 5.0)
    notices = await channel.look()
    assert notices is not None
    assert [notice.notice_id for notice in notices] == ["555000111", "7000", "42"]
    whole = await channel.whole(notices[0])
    assert whole is not None
    assert whole.notice_id == "555000111"
    assert whole.body is not None


async def test_bithumbs_notices_have_no_body(door: HttpDoor, clock: FakeClock) -> None:
    channel = BithumbNotices(door, clock, 1.0)
    notices = await channel.look()
    assert notices is not None
    assert notices[0].notice_id == "1700001"
    assert await channel.whole(notices[0]) is None


async def test_upbits_lists_confirm_each_other(door: HttpDoor, clock: FakeClock) -> None:
    orca, gone = Market("upbit", "ORCA", "KRW"), Market("upbit", "GONE", "KRW")
    listed = UpbitMarketList(door, clock, 1.0)
    assert await listed.look() == {orca, Market("upbit", "T", "USDT"), Market("upbit", "ORCA", "BTC")}
    assert await listed.confirm({orca, gone}) == {orca}
    tickers = UpbitTickerAll(door, clock, 1.0)
    assert await tickers.look() == {orca, Market("upbit", "NEW", "KRW"), Market("upbit", "NIL", "KRW")}
    assert await tickers.confirm({orca, gone}) == {orca}


async def test_bithumbs_lists_confirm_each_other(pages: Pages, door: HttpDoor, clock: FakeClock) -> None:
    pages.bodies["/v1/market/all"] = json.dumps(BITHUMB["market_list"]).encode()
    orca, usdc, gone = (
        Market("bithumb", base, quote) for base, quote in (("ORCA", "KRW"), ("USDC", "BTC"), ("G", "KRW"))
    )
    listed = BithumbMarketList(door, clock, 1.0)
    assert await listed.look() == {orca, usdc}
    assert await listed.confirm({orca, usdc, gone}) == {orca, usdc}
    tickers = BithumbTickerAll(door, clock, 1.0)
    assert await tickers.look() == {orca, Market("bithumb", "T", "KRW")}
    assert await tickers.confirm({orca, gone}) == {orca}


async def test_bithumbs_assets_show_each_network(door: HttpDoor, clock: FakeClock) -> None:
    wallets = await BithumbAssets(door, clock, 5.0).look()
    assert wallets is not None
    assert wallets[0] == Wallet("ORCA", "SOL", deposit_open=True, withdrawal_open=False)


@pytest.mark.parametrize("etag", [None, 'W/"7"'])
async def test_an_unchanged_page_is_told_once(pages: Pages, door: HttpDoor, clock: FakeClock, etag: str | None) -> None:
    pages.etag = etag
    channel = BithumbNotices(door, clock, 1.0)
    assert await channel.look() is not None
    assert await channel.look() is None
    assert await channel.look() is None
    assert ("If-None-Match" in pages.asked[-1].headers) is (etag is not None)


@pytest.mark.parametrize("etag", [None, 'W/"7"'])
async def test_an_unchanged_page_is_told_again_now_and_then(
    pages: Pages, door: HttpDoor, clock: FakeClock, etag: str | None
) -> None:
    pages.etag = etag
    channel = BithumbNotices(door, clock, 1.0)
    assert await channel.look() is not None
    await clock.advance(31)
    assert await channel.look() is not None


@pytest.mark.parametrize(("status", "body"), [(200, HTML), (403, HTML), (503, b""), (200, b"[]"), (200, b"null")])
async def test_fault_37_what_cannot_be_read_is_trouble_and_the_good_page_after_it_is_told(
    pages: Pages, door: HttpDoor, clock: FakeClock, status: int, body: bytes
) -> None:
    channel = BithumbNotices(door, clock, 1.0)
    assert await channel.look() is not None
    good = pages.bodies["/v1/notices"]
    pages.status, pages.bodies["/v1/notices"] = status, body
    with pytest.raises(ChannelTrouble):
        await channel.look()
    pages.status, pages.bodies["/v1/notices"] = 200, good
    assert await channel.look() is not None


async def test_a_page_that_could_not_be_read_is_not_unchanged_afterwards(
    pages: Pages, door: HttpDoor, clock: FakeClock
) -> None:
    pages.etag = 'W/"7"'
    pages.bodies["/v1/notices"] = b'[{"title": 5}]'
    channel = BithumbNotices(door, clock, 1.0)
    for _ in range(3):
        with pytest.raises(ChannelTrouble):
            await channel.look()


async def test_a_paused_host_is_trouble_that_says_why(pages: Pages, door: HttpDoor, clock: FakeClock) -> None:
    pages.status, pages.bodies["/v1/notices"] = 429, b"Too many API requests."
    channel = BithumbNotices(door, clock, 1.0)
    with pytest.raises(ChannelTrouble, match="Too many API requests"):
        await channel.look()
    door.limits.learn("bithumb", "notices", 418, {}, clock.monotonic())
    with pytest.raises(ChannelTrouble, match="banned"):
        await channel.look()
    assert len(pages.asked) == 1


async def test_a_site_that_refuses_three_times_in_a_row_is_left_alone_for_an_hour(
    pages: Pages, door: HttpDoor, clock: FakeClock
) -> None:
    channel = UpbitNotices(door, clock, 5.0)
    pages.status, good = 403, pages.bodies["/api/v1/announcements"]
    pages.bodies["/api/v1/announcements"] = HTML
    for _ in range(2):
        with pytest.raises(ChannelTrouble, match="an HTML page"):
            await channel.look()
    with pytest.raises(ChannelOff, match="UPBIT_ACCESS_KEY"):
        await channel.look()
    pages.status, pages.bodies["/api/v1/announcements"] = 200, good
    await clock.advance(3_599)
    with pytest.raises(ChannelOff):
        await channel.look()
    assert len(pages.asked) == 3
    await clock.advance(2)
    assert await channel.look() is not None


async def test_an_answer_between_refusals_begins_the_count_anew_and_after_the_hour_one_is_enough(
    pages: Pages, door: HttpDoor, clock: FakeClock
) -> None:
    channel = UpbitNotices(door, clock, 5.0)
    for status in (403, 403, 200, 403, 403):
        pages.status = status
        if status == 200:
            await channel.look()
            continue
        with pytest.raises(ChannelTrouble) as trouble:
            await channel.look()
        assert not isinstance(trouble.value, ChannelOff)
    with pytest.raises(ChannelOff):
        await channel.look()
    await clock.advance(3_601)
    with pytest.raises(ChannelOff):
        await channel.look()
    assert len(pages.asked) == 7


async def test_too_many_requests_of_the_site_pause_it_for_half_a_minute_at_least(
    pages: Pages, door: HttpDoor, clock: FakeClock
) -> None:
    pages.status = 429
    channel = UpbitNotices(door, clock, 5.0)
    with pytest.raises(ChannelTrouble):
        await channel.look()
    pages.status = 200
    await clock.advance(15)
    with pytest.raises(ChannelTrouble, match="429"):
        await channel.look()
    assert len(pages.asked) == 1
    await clock.advance(16)
    assert await channel.look() is not None
