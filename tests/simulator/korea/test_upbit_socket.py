"""Upbit's public socket over a real connection: what is subscribed, sent, limited and closed."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from simulator.korea import socket_session
from simulator.world.values import SimTrade
from tests.fakes.korea import Korea, korea

CODE, OTHER = "KRW-BTC", "KRW-ETH"


@pytest.fixture
async def sim() -> AsyncIterator[Korea]:
    async with korea() as running:
        yield running


def trade(*codes: str, **more: object) -> dict[str, object]:
    return {"type": "trade", "codes": list(codes), **more}


def realtime(frames: list[Any], code: str = CODE) -> list[Any]:
    return [frame for frame in frames if frame.get("code") == code and frame["stream_type"] == "REALTIME"]


def published(sim: Korea, code: str, after_ms: int) -> list[SimTrade]:
    """The trades that the socket had to send since `after_ms`."""
    every = sim.world.trades("upbit", code, 0, 2**62)
    return [t for t in every if after_ms < t.sent_ms <= sim.clock.now_ms()]


async def test_a_snapshot_comes_first_and_then_every_trade_once_in_order(sim: Korea) -> None:
    async with sim.socket() as client:
        since = sim.clock.now_ms()
        await client.ask(trade(CODE))
        snapshot = await client.frame()
        assert (snapshot["stream_type"], snapshot["code"]) == ("SNAPSHOT", CODE)
        await sim.run(20)
        sent = realtime(await client.waiting())
    truth = published(sim, CODE, since)
    assert len(truth) > 10
    assert [(f["sequential_id"], f["trade_price"], f["trade_volume"]) for f in sent] == [
        (t.ws_id, t.price, t.volume) for t in truth
    ]
    assert snapshot["sequential_id"] < sent[0]["sequential_id"]


async def test_every_frame_is_binary(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE), {"type": "ticker", "codes": [CODE]}, {"type": "orderbook", "codes": [CODE]})
        await client.raw.send_str("PING")
        assert [(await client.message()).type for _ in range(4)] == [aiohttp.WSMsgType.BINARY] * 4


async def test_a_new_request_replaces_the_former_subscriptions(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE))
        await client.ask(trade(OTHER))
        await client.frames(2)
        await sim.run(20)
        assert {frame["code"] for frame in await client.waiting()} == {OTHER}


async def test_several_type_objects_of_one_type_add_up(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE), trade(OTHER))
        assert [frame["code"] for frame in await client.frames(2)] == [CODE, OTHER]
        await sim.run(20)
        assert {frame["code"] for frame in await client.waiting()} == {CODE, OTHER}


async def test_only_a_snapshot_or_only_realtime(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE, is_only_snapshot=True), trade(OTHER, isOnlyRealtime=True))
        await sim.run(20)
        sent = {(frame["code"], frame["stream_type"]) for frame in await client.waiting()}
    assert sent == {(CODE, "SNAPSHOT"), (OTHER, "REALTIME")}


async def test_a_code_that_nobody_knows_is_silent_and_disturbs_no_other(sim: Korea) -> None:
    async with sim.socket() as client:
        types = ("trade", "ticker", "orderbook", "candle.1s")
        await client.ask(*({"type": type_, "codes": ["KRW-NOSUCH", "krw-btc"]} for type_ in types), trade(CODE))
        await sim.run(5)
        assert {frame["code"] for frame in await client.waiting()} == {CODE}


async def test_a_ticker_shows_the_last_state_and_not_each_step(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask({"type": "ticker", "codes": [CODE]})
        await client.frame()
        await sim.run(10)
        sent = realtime(await client.waiting())
    assert 0 < len(sent) <= 10 / socket_session.REFRESH_S
    times = [frame["trade_timestamp"] for frame in sent]
    assert times == sorted(times)
    assert {frame["trade_price"] for frame in sent} <= {t.price for t in published(sim, CODE, 0)}


async def test_a_book_comes_again_even_without_trades(sim: Korea) -> None:
    quiet = min(sim.world.markets("upbit"), key=lambda code: len(sim.world.trades("upbit", code, 0, 2**62)))
    async with sim.socket() as client:
        await client.ask({"type": "orderbook", "codes": [f"{quiet}.5"]})
        await client.frame()
        await sim.run(10)
        sent = realtime(await client.waiting(), quiet)
    assert len(sent) >= 3
    assert {len(frame["orderbook_units"]) for frame in sent} == {5}


async def test_a_level_that_the_market_does_not_offer_gives_nothing_at_all(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(
            {"type": "orderbook", "codes": [CODE], "level": "7"},
            {"type": "orderbook", "codes": [OTHER], "level": 10000},
        )
        frames = await client.waiting()
    assert [(frame["code"], frame["level"]) for frame in frames] == [(OTHER, 10_000)]
    assert all(unit["ask_price"] % 10_000 == 0 for unit in frames[0]["orderbook_units"])


async def test_the_last_frame_of_each_second_is_that_second(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask({"type": "candle.1s", "codes": [CODE]})
        await client.frame()
        await sim.run(20)
        sent = realtime(await client.waiting())
    final = {frame["candle_date_time_utc"]: frame for frame in sent}
    now_ms = sim.clock.now_ms()
    told = [c for c in sim.world.candles("upbit", CODE, 1, None, 200) if c.open_ms >= now_ms - 18_000][2:]
    assert told
    for candle in told:
        frame = next(f for f in final.values() if f["timestamp"] == candle.last_ms)
        assert (frame["opening_price"], frame["high_price"], frame["low_price"], frame["trade_price"]) == (
            candle.open, candle.high, candle.low, candle.close,
        )  # fmt: skip
    assert [f["timestamp"] for f in sent] == sorted(f["timestamp"] for f in sent)


async def test_formats_change_the_keys_and_the_wrapping(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE, isOnlySnapshot=True), format="SIMPLE")
        assert (await client.frame())["ty"] == "trade"
        await client.ask(trade(CODE, isOnlySnapshot=True), format="JSON_LIST")
        assert (await client.frame())[0]["type"] == "trade"
        await client.ask(trade(CODE, isOnlySnapshot=True), format="SIMPLE_LIST")
        assert (await client.frame())[0]["ty"] == "trade"


async def test_an_error_leaves_the_connection_and_its_subscriptions(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE))
        await client.frame()
        await client.raw.send_str("hello")
        assert (await client.frame())["error"]["name"] == "WRONG_FORMAT"
        await sim.run(20)
        assert realtime(await client.waiting())


async def test_the_subscriptions_are_listed_on_request(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE, OTHER, isOnlyRealtime=True))
        await client.raw.send_str('[{"method":"LIST_SUBSCRIPTIONS"},{"ticket":"mine"}]')
        assert await client.frame() == {
            "method": "LIST_SUBSCRIPTIONS",
            "result": [{"type": "trade", "codes": [CODE, OTHER]}],
            "ticket": "mine",
        }


UP = {"status": "UP"}


async def test_ping_is_answered_and_the_status_repeats_every_ten_seconds(sim: Korea) -> None:
    async with sim.socket() as client:
        await sim.run(30)
        assert await client.waiting() == []
        await client.raw.send_str("PING")
        assert await client.frame() == UP
        await sim.run(35)
        assert await client.waiting() == [UP] * 3


async def test_a_silent_connection_is_closed_after_two_minutes_though_the_status_repeats(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.raw.send_str("PING")
        assert await client.frame() == UP
        await sim.run(119)
        assert await client.frames(11) == [UP] * 11
        await sim.run(2)
        assert (await client.message()).type is aiohttp.WSMsgType.CLOSE


async def test_a_ping_a_minute_keeps_a_quiet_connection(sim: Korea) -> None:
    async with sim.socket() as client:
        for _ in range(4):
            await sim.run(60)
            await client.raw.ping()
            await client.waiting()
        assert not client.raw.closed


async def test_a_ping_frame_is_answered_by_a_pong(sim: Korea) -> None:
    async with sim.http.ws_connect(sim.url + "/upbit/websocket/v1", autoping=False) as socket:
        await socket.ping(b"here")
        answer = await socket.receive(10)
        assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"here")


async def test_the_sixth_message_of_a_second_ends_the_connection(sim: Korea) -> None:
    async with sim.socket() as client:
        for _ in range(6):
            await client.raw.send_str("PING")
        assert await client.frames(5) == [{"status": "UP"}] * 5
        assert (await client.frame())["error"]["name"] == "TOO_MANY_REQUEST"
        closing = await client.message()
        assert (closing.type, closing.data) == (aiohttp.WSMsgType.CLOSE, 1008)


async def test_the_hundred_and_first_message_of_a_minute_ends_the_connection(sim: Korea) -> None:
    async with sim.socket() as client:
        for _ in range(100):
            await client.raw.send_str("PING")
            assert await client.frame() == {"status": "UP"}
            await sim.run(0.3)
        await client.raw.send_str("PING")
        frames = [await client.frame()]
        while frames[-1] == {"status": "UP"}:
            frames.append(await client.frame())
        assert frames[-1]["error"]["name"] == "TOO_MANY_REQUEST"


async def test_the_sixth_handshake_of_a_second_is_refused(sim: Korea) -> None:
    for _ in range(5):
        async with sim.socket():
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with sim.socket():
            pass
    assert refused.value.status == 429
    assert sim.counters.of("upbit").limit_hits == 1
    await sim.run(1)
    async with sim.socket():
        pass


async def test_with_an_origin_there_is_one_handshake_in_ten_seconds(sim: Korea) -> None:
    async with sim.socket(Origin="https://example.org"):
        pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with sim.socket(Origin="https://example.org"):
            pass
    assert refused.value.status == 429
    await sim.run(10)
    async with sim.socket(Origin="https://example.org"):
        pass


async def test_leaving_clients_leave_nothing_behind(sim: Korea) -> None:
    for _ in range(2):
        async with sim.socket() as client:
            await client.ask(trade(CODE), {"type": "ticker", "codes": [CODE]})
            await client.frames(2)
        await sim.run(1)
    sent = sim.counters.of("upbit").frames_sent
    await sim.run(20)
    assert sim.counters.of("upbit").frames_sent == sent


# -- faults -----------------------------------------------------------------------------------------------------------


async def test_a_stalled_socket_answers_nothing_and_goes_on_afterwards(sim: Korea) -> None:
    async with sim.socket() as client:
        await client.ask(trade(CODE))
        await client.frame()
        sim.fault("upbit:public", "stall", for_s=10)
        await client.raw.send_str("PING")
        await sim.run(11)
        since = sim.clock.now_ms()
        await sim.run(10)
        sent = await client.waiting()
    assert [f["sequential_id"] for f in sent if f["timestamp"] > since] == [
        t.ws_id for t in published(sim, CODE, since)
    ]


async def test_a_subscription_can_be_refused(sim: Korea) -> None:
    sim.fault("upbit:public", "subscribe_error")
    async with sim.socket() as client:
        await client.ask(trade(CODE))
        assert (await client.frame())["error"]["name"] == "WRONG_FORMAT"
        await sim.run(5)
        assert await client.waiting() == []


async def test_slow_frames_come_later_in_their_order(sim: Korea) -> None:
    async with sim.socket() as client:
        since = sim.clock.now_ms()
        await client.ask(trade(CODE, isOnlyRealtime=True))
        await client.waiting()
        sim.fault("upbit:public", "slow", for_s=20, by_ms=3_000)
        await sim.run(40)
        sent = [frame["sequential_id"] for frame in await client.waiting()]
    assert sent == [t.ws_id for t in published(sim, CODE, since)]


async def test_a_client_that_never_reads_is_cut_off(sim: Korea, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket_session, "OUTBOX_BYTES", 1_000_000)
    sim.fault("upbit:public", "big_frame", for_s=60, every=1, size=3_000_000)
    async with sim.socket() as client:
        await client.ask(trade(CODE))
        await sim.run(20)
        with pytest.raises(AssertionError):
            while True:
                await client.frame()
    assert sim.counters.of("upbit").frames_sent < 40
