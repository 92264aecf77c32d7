"""What stands before every service: counters and faults over real connections."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulator.server import target_of
from tests.fakes.simulator import FakeSimClock, Refused, SimulatorHandle, running_simulator

LIST = "/upbit/v1/market/all"
BOT = "/telegram/bot123456:TEST"


@pytest.fixture
def clock() -> FakeSimClock:
    return FakeSimClock()


@pytest.fixture
async def sim(clock: FakeSimClock) -> AsyncIterator[SimulatorHandle]:
    async with running_simulator(markets=8, rate=20, clock=clock) as handle:
        yield handle


async def fault(sim: SimulatorHandle, target: str, kind: str, for_s: float = 10, **given: object) -> None:
    await sim.post("/sim/fault", target=target, kind=kind, for_s=for_s, **given)


async def arrived(sim: SimulatorHandle, service: str) -> None:
    """Wait until the first request has come to the service."""
    async with asyncio.timeout(5):
        while sim.counters.of(service).requests == 0:
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("path", "service", "target"),
    [
        ("/upbit/v1/market/all", "upbit", "upbit:market_list"),
        ("/upbit/v1/ticker/all", "upbit", "upbit:ticker_all"),
        ("/upbit/v1/ticker", "upbit", "upbit"),
        ("/upbit/websocket/v1", "upbit", "upbit:public"),
        ("/upbit/websocket/v1/private", "upbit", "upbit:announcement"),
        ("/upbit-site/api/v1/announcements/6600", "upbit-site", "upbit:notices"),
        ("/bithumb/v1/notices", "bithumb", "bithumb:notices"),
        ("/bithumb/v1/market/all", "bithumb", "bithumb:market_list"),
        ("/bithumb/public/ticker/ALL_KRW", "bithumb", "bithumb:ticker_all"),
        ("/bithumb/public/assetsstatus/multichain/ALL", "bithumb", "bithumb:assets"),
        ("/bithumb/websocket/v1", "bithumb", "bithumb:public"),
        ("/fx/dunamu/v1/forex/recent", "fx", "fx"),
        ("/sim/clock", None, ""),
        ("/", None, ""),
    ],
)
def test_each_address_has_its_service_and_its_target(path: str, service: str | None, target: str) -> None:
    assert target_of(path) == (service, target)


async def test_requests_and_open_sockets_are_counted(sim: SimulatorHandle) -> None:
    await sim.get(LIST)
    await sim.get(LIST)
    async with sim.session.ws_connect(sim.url + "/upbit/websocket/v1"):
        told = (await sim.get("/sim/state"))["services"]["upbit"]
        assert (told["requests"], told["connections"]) == (2, 1)


async def test_a_channel_fails_alone(sim: SimulatorHandle) -> None:
    await fault(sim, "upbit:market_list", "http_5xx")
    with pytest.raises(Refused) as refused:
        await sim.get(LIST)
    assert refused.value.status == 500
    assert await sim.get("/upbit/v1/ticker/all", quote_currencies="KRW")
    await sim.delete("/sim/fault")
    assert await sim.get(LIST)


async def test_a_fault_on_a_service_hits_all_of_its_calls_and_no_other_service(sim: SimulatorHandle) -> None:
    await fault(sim, "upbit", "http_429")
    for path in (LIST, "/upbit/v1/ticker/all?quote_currencies=KRW"):
        with pytest.raises(Refused, match="Too many API requests"):
            await sim.get(path)
    assert await sim.get("/bithumb/v1/market/all")


@pytest.mark.parametrize("kind", ["drop", "refuse"])
async def test_a_cut_request_gets_no_answer(sim: SimulatorHandle, kind: str) -> None:
    await fault(sim, "upbit:market_list", kind)
    with pytest.raises(aiohttp.ClientConnectionError):
        await sim.get(LIST)


async def test_a_stalled_request_is_neither_answered_nor_accepted(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    await fault(sim, "telegram", "stall", for_s=30)
    asked = asyncio.create_task(sim.post(BOT + "/sendMessage", chat_id=7, text="hello?"))  # a GET would be repeated
    await arrived(sim, "telegram")
    await clock.advance(29)
    assert not asked.done()
    await clock.advance(2)
    with pytest.raises(aiohttp.ClientConnectionError):
        await asked
    assert await sim.get("/sim/telegram") == []


async def test_a_slow_answer_comes_later_and_whole(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    await fault(sim, "upbit:market_list", "slow", for_s=60, by_ms=5_000)
    asked = asyncio.create_task(sim.get(LIST))
    await arrived(sim, "upbit")
    await clock.advance(4.9)
    assert not asked.done()
    await clock.advance(0.2)
    assert await asked


async def test_a_stale_page_goes_on_showing_what_it_showed(sim: SimulatorHandle) -> None:
    before = await sim.get(LIST)
    await fault(sim, "upbit:market_list", "stale_page")
    await sim.post("/sim/market", exchange="upbit", code="KRW-PLUTO", op="add")
    assert await sim.get(LIST) == before
    await sim.delete("/sim/fault")
    assert len(await sim.get(LIST)) == len(before) + 1


async def test_an_empty_page_has_no_rows(sim: SimulatorHandle) -> None:
    await fault(sim, "upbit:market_list", "empty")
    assert await sim.get(LIST) == []


async def test_accepted_but_not_answered_is_stored_all_the_same(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    await fault(sim, "telegram", "timeout_after_accept", for_s=20)
    asked = asyncio.create_task(sim.post(BOT + "/sendMessage", chat_id=7, text="did it arrive?"))
    while not await sim.get("/sim/telegram"):
        await asyncio.sleep(0.001)
    assert not asked.done()
    await clock.advance(21)
    with pytest.raises(aiohttp.ClientConnectionError):
        await asked
    assert [m["text"] for m in await sim.get("/sim/telegram")] == ["did it arrive?"]


async def test_drop_cuts_the_sockets_that_are_open_and_lets_them_come_back(sim: SimulatorHandle) -> None:
    async with sim.session.ws_connect(sim.url + "/upbit/websocket/v1") as socket:
        await fault(sim, "upbit:public", "drop")
        message = await socket.receive()
        assert message.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)
        assert socket.close_code == 1006
    async with sim.session.ws_connect(sim.url + "/upbit/websocket/v1") as again:
        assert not again.closed


async def test_refuse_lets_no_socket_in_and_keeps_those_that_are(sim: SimulatorHandle) -> None:
    async with sim.session.ws_connect(sim.url + "/upbit/websocket/v1") as socket:
        await fault(sim, "upbit:public", "refuse")
        with pytest.raises(aiohttp.ClientConnectionError):
            await sim.session.ws_connect(sim.url + "/upbit/websocket/v1")
        assert not socket.closed


async def test_the_webhook_keeps_what_it_is_sent(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    async with sim.session.post(sim.url + "/webhook/alerts?x=1", data=b'{"a":1}') as answer:
        assert answer.status == 200
    (kept,) = await sim.get("/sim/webhook")
    assert (kept["path"], kept["body"], kept["received_ms"]) == ("/webhook/alerts?x=1", '{"a":1}', clock.now_ms())


async def test_a_bug_in_the_model_ends_the_server(clock: FakeSimClock) -> None:
    def broken() -> None:
        raise ZeroDivisionError("a bug")

    with pytest.raises(ZeroDivisionError):
        async with running_simulator(markets=4, rate=5, clock=clock) as sim:
            sim.world.at(clock.now_ms() + 1_000, broken)
            await clock.advance(2)
            await asyncio.Event().wait()
