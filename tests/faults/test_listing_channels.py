"""What channels do to us: refusals, old pages, edits, missed pushes, codes that come and go. See the table of faults.

The faults are the simulator's, over real connections.
"""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from aiohttp import web

from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from collectors.net.socket import connect
from config.clock import SystemClock
from tests.fakes.radar import watching
from tests.fakes.simulator import SimulatorHandle, running_simulator

pytestmark = pytest.mark.leaping

LISTING = {"announce_in_s": 1.0, "trading_in_s": 4_000.0, "deposits_in_s": 3_000.0}


def simulating() -> AbstractAsyncContextManager[SimulatorHandle]:
    """A quiet world: it is lists and notices that matter here."""
    return running_simulator(rate=5.0, tick_s=0.1)


async def fault(simulator: SimulatorHandle, target: str, kind: str, for_s: float, **more: object) -> None:
    await simulator.post("/sim/fault", target=target, kind=kind, for_s=for_s, **more)


async def test_fault_05_a_quiet_announcement_socket_outlives_the_idle_limit(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        connected = simulator.counters.of("upbit").connections
        await radar.quiet(200)
        reading = radar.channel("upbit:announcement")
        assert (reading.state, reading.errors) == ("up", 0)
        assert simulator.counters.of("upbit").connections == connected == 1


@pytest.mark.parametrize(("kind", "word"), [("http_429", "429"), ("http_418", "418")])
async def test_fault_07_a_banned_host_is_left_alone_by_every_channel_for_the_time_it_says(
    tmp_path: Path, kind: str, word: str
) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        await fault(simulator, "upbit", kind, for_s=3.0, retry_after_s=30)  # longer than a look may wait
        lists = ("upbit:market_list", "upbit:ticker_all")
        await radar.until("both lists say why", lambda: all(word in radar.channel(name).reason for name in lists))
        asked = simulator.counters.of("upbit").requests
        wait_s = 0.5 if kind == "http_429" else 12.0  # Upbit states no time with a 429: a second, growing
        await radar.quiet(wait_s)
        assert simulator.counters.of("upbit").requests - asked <= 1
        assert radar.limits.state(radar.clock.monotonic())["upbit"].why.startswith(f"HTTP {word}") or wait_s < 1
        await radar.all_up()
        assert radar.first_sights() == []


async def test_fault_08_no_client_library_sends_an_origin_and_we_refuse_to() -> None:
    seen: list[web.Request] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append(request)
        if request.headers.get("Upgrade") is None:
            return web.json_response([])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host = f"127.0.0.1:{runner.addresses[0][1]}"
    try:
        await (await connect(f"ws://{host}/socket", {})).close()
        async with open_door(HttpDoor({"upbit": f"http://{host}"}, Limits({}), SystemClock(), "radar/test")) as door:
            await door.get("upbit", "/v1/market/all")
            with pytest.raises(ValueError, match="Origin"):
                await door.get("upbit", "/v1/market/all", headers={"Origin": "https://upbit.com"})
        with pytest.raises(ValueError, match="Origin"):
            await connect(f"ws://{host}/socket", {"origin": "https://upbit.com"})
    finally:
        await runner.cleanup()
    assert [request.path for request in seen] == ["/socket", "/v1/market/all"]
    assert not any("Origin" in request.headers for request in seen)


async def test_fault_37_pages_that_say_nothing_take_their_channel_down_and_never_mean_no_listings(
    tmp_path: Path,
) -> None:
    broken = {
        "bithumb:notices": "http_html",
        "bithumb:market_list": "empty",
        "upbit:market_list": "http_5xx",
        "bithumb:assets": "http_403",
    }
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        for target, kind in broken.items():
            await fault(simulator, target, kind, for_s=100)
        await simulator.post("/sim/listing", exchange="bithumb", base="KRILL", **LISTING)
        for name in broken:
            await radar.until(f"{name} is down", lambda name=name: radar.channel(name).state == "down")  # type: ignore[misc]
            assert radar.channel(name).reason
        others = radar.monitor.readings().keys() - broken.keys()
        assert {radar.channel(name).state for name in others} == {"up"}
        assert radar.rows("SELECT kind, key FROM alerts") == []
        assert radar.rows("SELECT count(*) FROM listings") == [(0,)]
        await simulator.delete("/sim/fault")
        await radar.all_up()
        await radar.until("what was published meanwhile is told", lambda: radar.first_sights() == ["bithumb:KRILL:1"])
        assert "late by" in str(radar.rows("SELECT text FROM alerts WHERE kind = 'first_sight'")[0][0])


async def test_fault_37_a_site_that_refuses_is_left_alone_for_an_hour_and_says_so(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path, key=False) as radar:
        await radar.all_up()
        await fault(simulator, "upbit:notices", "http_403", for_s=30)
        await radar.until("the site is left alone", lambda: radar.channel("upbit:notices").state == "off")
        assert "refused 3 times in a row" in radar.channel("upbit:notices").reason
        asked = simulator.counters.of("upbit-site").requests
        await radar.quiet(60)
        assert simulator.counters.of("upbit-site").requests == asked
        assert radar.channel("upbit:market_list").state == "up"
        assert radar.first_sights() == []


async def test_fault_38_an_old_page_raises_nothing_and_hides_nothing_for_good(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        await fault(simulator, "bithumb:notices", "stale_page", for_s=20)
        await simulator.post("/sim/listing", exchange="bithumb", base="KRILL", **LISTING)
        await radar.until("the wallet shows it", lambda: radar.rows("SELECT 1 FROM alerts WHERE kind = 'news'") != [])
        assert radar.first_sights() == []
        await radar.until("the page is new again", lambda: radar.first_sights() == ["bithumb:KRILL:1"])
        assert "late by" in str(radar.rows("SELECT text FROM alerts WHERE kind = 'first_sight'")[0][0])
        channels = {channel for (channel,) in radar.rows("SELECT channel FROM sightings")}
        assert channels == {"bithumb:notices", "bithumb:assets"}


async def test_fault_39_an_edited_reposted_and_cancelled_notice_is_one_listing_with_versions(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        await simulator.post("/sim/listing", exchange="upbit", base="KRILL", **LISTING)
        await radar.until("it is told", lambda: radar.first_sights() == ["upbit:KRILL:1"])
        await simulator.post("/sim/listing/edit", exchange="upbit", base="KRILL", postpone_s=7_200)

        def told(state: str) -> bool:
            return radar.rows("SELECT state FROM listings") == [(state,)]

        await radar.until("the postponement is told", lambda: told("postponed"))
        title = str(radar.rows("SELECT title FROM listings")[0][0])
        await simulator.post("/sim/notice", exchange="upbit", title=title.partition(" (거래지원")[0], category="거래")
        await radar.until(
            "the repeat is read",
            lambda: radar.rows("SELECT count(*) FROM notices WHERE version = 1 AND title LIKE '%KRILL%'") == [(2,)],
        )
        await simulator.post("/sim/listing/edit", exchange="upbit", base="KRILL", cancel=True)
        await radar.until("the end is told", lambda: told("cancelled"))
        assert radar.first_sights() == ["upbit:KRILL:1"]
        assert radar.rows("SELECT max(version) FROM notices WHERE title LIKE '%KRILL%'") == [(3,)]
        follow_ups = radar.rows("SELECT text FROM alerts WHERE kind = 'follow_up' AND reply_to = 1 ORDER BY id")
        assert [str(text).split(" · ")[0] for (text,) in follow_ups] == ["🔔 POSTPONED", "🔔 CANCELLED"]


async def test_fault_40_a_push_missed_during_a_reconnect_is_told_late_by_the_list(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        for kind in ("drop", "refuse"):
            await fault(simulator, "upbit:announcement", kind, for_s=25)
        await fault(simulator, "upbit:notices", "http_5xx", for_s=25)
        await simulator.post("/sim/listing", exchange="upbit", base="KRILL", **LISTING)
        await radar.until("the socket is lost", lambda: radar.channel("upbit:announcement").state != "up")
        await radar.until("the listing is told", lambda: radar.first_sights() == ["upbit:KRILL:1"])
        assert "late by" in str(radar.rows("SELECT text FROM alerts WHERE kind = 'first_sight'")[0][0])
        assert radar.rows("SELECT first_channel FROM listings") == [("upbit:notices",)]
        await radar.all_up()


async def test_fault_41_a_market_that_leaves_and_returns_or_changes_its_name_is_no_listing(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        codes = [code for code in simulator.world.markets("upbit") if code.startswith("KRW-")]
        left, renamed = codes[2], codes[3]
        await simulator.post("/sim/market", exchange="upbit", code=left, op="remove")
        await radar.until("it is gone", lambda: radar.rows("SELECT 1 FROM listings WHERE gone_ms IS NOT NULL") != [])
        await radar.quiet(3)
        await simulator.post("/sim/market", exchange="upbit", code=left, op="add")
        await radar.until("it is back", lambda: radar.rows("SELECT 1 FROM listings WHERE gone_ms IS NULL") != [])
        answer = await simulator.post("/sim/market", exchange="upbit", code=renamed, op="rename")
        old, new = renamed.partition("-")[2], str(answer["code"]).partition("-")[2]
        await radar.until("the rename is told", lambda: radar.rows("SELECT 1 FROM alerts") != [])
        await radar.quiet(5)
        assert radar.rows("SELECT kind, key FROM alerts") == [("news", f"upbit:rename:{old}:{new}")]


async def test_the_same_coin_on_the_rival_exchange_is_told_over_real_connections(tmp_path: Path) -> None:
    async with simulating() as simulator, watching(simulator, tmp_path) as radar:
        await radar.all_up()
        await simulator.post("/sim/listing", exchange="bithumb", base="KRILL", **LISTING)
        await radar.until("the first is told", lambda: radar.first_sights() == ["bithumb:KRILL:1"])
        await simulator.post("/sim/listing", exchange="upbit", base="KRILL", **LISTING)
        await radar.until("so is the second", lambda: len(radar.first_sights()) == 2)
        [(first,)] = radar.rows("SELECT id FROM alerts WHERE kind = 'first_sight' AND key = 'bithumb:KRILL:1'")
        rival = radar.rows("SELECT key, level, reply_to, text FROM alerts WHERE kind = 'follow_up'")
        assert [each[:3] for each in rival] == [("bithumb:KRILL:1", 40, first)]
        assert "Upbit lists it too" in str(rival[0][3])
