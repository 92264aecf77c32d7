"""Each /sim call, over HTTP, with the time in the test's hand."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.simulator import FakeSimClock, Refused, SimulatorHandle, running_simulator


@pytest.fixture
def clock() -> FakeSimClock:
    return FakeSimClock()


@pytest.fixture
async def sim(clock: FakeSimClock) -> AsyncIterator[SimulatorHandle]:
    async with running_simulator(markets=10, rate=20, clock=clock) as handle:
        yield handle


async def test_the_clock_tells_its_time_and_speed(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    await clock.advance(7)
    assert await sim.get("/sim/clock") == {"now_ms": clock.now_ms(), "speed": 1.0}


async def test_the_truth_is_what_the_world_traded(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    await clock.advance(10)
    start = sim.world.start_ms
    span = {"from_ms": start, "to_ms": start + 5_000}
    told = await sim.get("/sim/truth", exchange="upbit", market="KRW-BTC", **span)
    trades = sim.world.trades("upbit", "KRW-BTC", start, start + 5_000)
    assert [(t["id"], t["traded_ms"], t["price"], t["volume"], t["side"]) for t in told] == [
        (t.ws_id, t.traded_ms, t.price, t.volume, t.side) for t in trades
    ]
    assert told
    every = await sim.get("/sim/truth", exchange="upbit", **span)
    assert every["KRW-BTC"] == told
    assert set(every) == set(sim.world.traded_codes("upbit"))


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"exchange": "binance"}, 400),
        ({}, 400),
        ({"exchange": "upbit", "from_ms": "soon"}, 400),
        ({"exchange": "upbit", "market": "KRW-NOPE"}, 404),
    ],
)
async def test_a_senseless_question_for_the_truth_is_refused(
    sim: SimulatorHandle, query: dict[str, str], status: int
) -> None:
    with pytest.raises(Refused) as refused:
        await sim.get("/sim/truth", **query)
    assert refused.value.status == status


async def test_a_listing_is_staged_postponed_and_seen(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    answer = await sim.post(
        "/sim/listing",
        exchange="upbit", base="NOVA", quotes=["KRW"], announce_in_s=2, deposits_in_s=5, trading_in_s=20,
        premium_pct=30, deposit_open=True, withdrawal_open=True, networks=["SOL"],
        venues={"binance": {"price": 1.5, "latency_ms": 20, "contract": "abc", "perp": True, "withdrawal": False}},
    )  # fmt: skip
    assert answer["announced_ms"] == clock.now_ms() + 2_000
    assert answer["trading_starts_ms"] == clock.now_ms() + 20_000
    await clock.advance(3)
    assert sim.world.notices("upbit")[0].notice_id == answer["notice_id"]
    later = await sim.post("/sim/listing/edit", exchange="upbit", base="NOVA", postpone_s=10)
    assert later["trading_starts_ms"] == answer["trading_starts_ms"] + 10_000
    await clock.advance(28)
    truth = await sim.get("/sim/truth", exchange="upbit", market="KRW-NOVA")
    assert truth[0]["traded_ms"] == later["trading_starts_ms"]


@pytest.mark.parametrize(
    ("path", "body", "says"),
    [
        ("/sim/listing", {}, "exchange"),
        ("/sim/listing", {"exchange": "upbit", "base": "btc"}, "base"),
        ("/sim/listing", {"exchange": "upbit", "base": "BTC"}, "already"),
        ("/sim/listing", {"exchange": "upbit", "base": "NEW", "premium": 3}, "premium"),
        ("/sim/listing/edit", {"exchange": "upbit", "base": "NEW", "cancel": True}, "no listing"),
        ("/sim/notice", {"exchange": "upbit", "title": ""}, "title"),
        ("/sim/notice/edit", {"exchange": "upbit", "notice_id": 5, "title": "x"}, "no notice"),
        ("/sim/market", {"exchange": "upbit", "code": "KRW-BTC", "op": "add"}, "lists KRW-BTC"),
        ("/sim/market", {"exchange": "upbit", "code": "BTCKRW", "op": "add"}, "form"),
        ("/sim/market", {"exchange": "upbit", "code": "KRW-NOPE", "op": "remove"}, "does not list"),
        ("/sim/wallet", {"exchange": "upbit", "base": "BTC", "network": "BTC"}, "deposit"),
        ("/sim/fault", {"target": "upbit:public", "kind": "slow", "for_s": 1}, "by_ms"),
        ("/sim/fault", {"target": "upbit:public", "kind": "drop", "for_s": 0}, "for_s"),
        ("/sim/telegram/update", {"chat_id": "five"}, "chat_id"),
        ("/sim/telegram/update", {"chat_id": 5, "data": "x", "message_id": 9}, "no message"),
    ],
)
async def test_a_bad_order_is_answered_400_with_the_reason(
    sim: SimulatorHandle, path: str, body: dict[str, object], says: str
) -> None:
    with pytest.raises(Refused) as refused:
        await sim.post(path, **body)
    assert refused.value.status == 400
    assert says in refused.value.body


async def test_notices_markets_and_wallets_obey(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    notice = await sim.post("/sim/notice", exchange="bithumb", title="점검 안내", body="본문", category="점검")
    await sim.post("/sim/notice/edit", exchange="bithumb", notice_id=notice["notice_id"], title="점검 안내 (종료)")
    assert sim.world.notices("bithumb")[0].title == "점검 안내 (종료)"
    assert await sim.post("/sim/market", exchange="upbit", code="KRW-PLUTO", op="add") == {"code": "KRW-PLUTO"}
    assert await sim.post("/sim/market", exchange="upbit", code="KRW-PLUTO", op="rename") == {"code": "KRW-PLUTO2"}
    await sim.post("/sim/market", exchange="upbit", code="KRW-PLUTO2", op="remove")
    assert not [code for code in sim.world.markets("upbit") if "PLUTO" in code]
    await sim.post("/sim/wallet", exchange="bithumb", base="ETH", network="ARB", deposit=False, withdrawal=True)
    assert sim.world.wallets("bithumb")["ETH"]["ARB"].deposit is False


async def test_faults_are_shown_until_they_end_or_are_ended(sim: SimulatorHandle, clock: FakeSimClock) -> None:
    await sim.post("/sim/fault", target="upbit:public", kind="stall", for_s=10)
    await sim.post("/sim/fault", target="binance", kind="wrong_price", for_s=5, factor=3)
    assert {f["kind"] for f in (await sim.get("/sim/state"))["faults"]} == {"stall", "wrong_price"}
    await clock.advance(6)
    assert [f["kind"] for f in (await sim.get("/sim/state"))["faults"]] == ["stall"]
    await sim.delete("/sim/fault")
    assert (await sim.get("/sim/state"))["faults"] == []


async def test_the_index_names_the_addresses(sim: SimulatorHandle) -> None:
    async with sim.session.get(sim.url + "/") as answer:
        page = await answer.text()
    assert "/upbit/v1/market/all" in page and "/sim/truth" in page
