"""Bithumb over real connections: what differs from Upbit."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import aiohttp
import pytest

from simulator.world.values import SimMarket
from tests.fakes.korea import Korea, korea, token

CODE = "KRW-BTC"
SOCKET = "/bithumb/websocket/v1"
NINE_HOURS_MS = 32_400_000
END = 2**62


@pytest.fixture
async def sim() -> AsyncIterator[Korea]:
    async with korea() as running:
        yield running


# -- socket -----------------------------------------------------------------------------------------------------------


async def test_trades_and_books_are_binary_tickers_and_the_rest_text(sim: Korea) -> None:
    async with sim.socket(SOCKET) as client:
        await client.ask(*({"type": type_, "codes": [CODE]} for type_ in ("trade", "orderbook", "ticker")))
        await client.raw.send_str("PING")
        kinds = [(await client.message()).type for _ in range(4)]
    binary, text = aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT
    assert kinds == [binary, binary, text, text]


async def test_every_trade_comes_once_in_order_under_its_own_id(sim: Korea) -> None:
    async with sim.socket(SOCKET) as client:
        since = sim.clock.now_ms()
        await client.ask({"type": "trade", "codes": [CODE], "isOnlyRealtime": True})
        await sim.run(20)
        sent = await client.waiting()
    truth = [t for t in sim.world.trades("bithumb", CODE, 0, END) if since < t.sent_ms <= sim.clock.now_ms()]
    assert len(truth) > 5
    assert [(f["sequential_id"], f["trade_timestamp"], f["trade_price"]) for f in sent] == [
        (t.ws_id, t.traded_ms, t.price) for t in truth
    ]
    assert {len(str(f["sequential_id"])) for f in sent} == {18}


async def test_other_formats_and_types_are_refused_and_the_socket_lives(sim: Korea) -> None:
    async with sim.socket(SOCKET) as client:
        await client.ask({"type": "trade", "codes": [CODE]}, format="SIMPLE_LIST")
        assert (await client.frame())["error"] == {
            "name": "INVALID_PARAM",
            "message": "SIMPLE_LIST은 지원하지 않는 포맷입니다.",
        }
        await client.ask({"type": "candle.1s", "codes": [CODE]})
        assert (await client.frame())["error"]["name"] == "INVALID_PARAM"
        await client.ask({"type": "trade", "codes": [CODE]}, format="SIMPLE")
        assert (await client.frame())["ty"] == "trade"


async def test_the_eleventh_handshake_of_a_second_is_refused(sim: Korea) -> None:
    for _ in range(10):
        async with sim.socket(SOCKET):
            pass
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with sim.socket(SOCKET):
            pass
    assert refused.value.status == 429


async def test_who_insists_on_handshakes_is_shut_out_for_ten_minutes(sim: Korea) -> None:
    async def handshake() -> int:
        return (await sim.get(SOCKET, {"Connection": "Upgrade", "Upgrade": "websocket"})).status

    statuses = [await handshake() for _ in range(45)]
    assert statuses[10:] == [429] * 35
    await sim.run(500)
    assert await handshake() == 429
    await sim.run(110)
    assert await handshake() != 429


async def test_messages_are_not_limited(sim: Korea) -> None:
    async with sim.socket(SOCKET) as client:
        for _ in range(50):
            await client.raw.send_str("PING")
        assert await client.frames(50) == [{"status": "UP"}] * 50


async def test_garbage_in_a_text_stream_is_extra_and_loses_no_state(sim: Korea) -> None:
    sim.fault("bithumb:public", "garbage", every=1)
    async with sim.socket(SOCKET) as client:
        await client.ask({"type": "ticker", "codes": [CODE]})
        broken, sound = await client.message(), await client.message()
    assert (broken.type, sound.type) == (aiohttp.WSMsgType.BINARY, aiohttp.WSMsgType.TEXT)
    with pytest.raises(ValueError):
        broken.json()
    assert sound.json()["code"] == CODE


# -- REST -------------------------------------------------------------------------------------------------------------


async def test_answers_tell_of_the_token_bucket(sim: Korea) -> None:
    headers = (await sim.get("/bithumb/v1/market/all")).headers
    assert headers["x-ratelimit-burst-capacity"] == headers["x-ratelimit-replenish-rate"] == "150"
    assert headers["x-ratelimit-remaining"] == "149"


async def test_beyond_the_bucket_comes_an_empty_429(sim: Korea) -> None:
    answers = [await sim.get("/bithumb/v1/market/virtual_asset_warning") for _ in range(151)]
    assert {a.status for a in answers[:150]} == {200}
    assert (answers[150].status, answers[150].text) == (429, "")
    assert (await sim.get("/bithumb/v1/ticker", markets=CODE)).status == 200


async def test_the_epochs_of_the_ticker_are_nine_hours_ahead_of_its_dates(sim: Korea) -> None:
    (row,) = (await sim.get("/bithumb/v1/ticker", markets=CODE)).rows
    dated = datetime.strptime(row["trade_date"] + row["trade_time"], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    assert row["trade_timestamp"] // 1_000 * 1_000 - NINE_HOURS_MS == int(dated.timestamp() * 1_000)


async def test_at_most_two_hundred_codes_fit_into_one_call(sim: Korea) -> None:
    answer = await sim.get("/bithumb/v1/ticker", markets=",".join([CODE] * 201))
    assert answer.status == 400
    assert answer.rows["error"]["message"] == "Parameter 'markets' must be less than or equal to 200 items."
    assert (await sim.get("/bithumb/v1/ticker", markets=",".join([CODE] * 200))).status == 200


async def test_a_book_of_one_market_is_deeper_than_those_of_several(sim: Korea) -> None:
    (one,) = (await sim.get("/bithumb/v1/orderbook", markets=CODE)).rows
    two = (await sim.get("/bithumb/v1/orderbook", markets=f"{CODE},KRW-ETH")).rows
    assert [len(book["orderbook_units"]) for book in (one, *two)] == [30, 15, 15]


async def test_trades_of_a_millisecond_share_their_id_and_the_cursor_goes_below_it(sim: Korea) -> None:
    await sim.run(30)
    rows = (await sim.get("/bithumb/v1/trades/ticks", market=CODE, count=500)).rows
    assert all(row["sequential_id"] == row["timestamp"] * 10_000 for row in rows)
    assert len({row["sequential_id"] for row in rows}) < len(rows)
    edge = rows[3]["sequential_id"]
    older = (await sim.get("/bithumb/v1/trades/ticks", market=CODE, count=500, cursor=edge)).rows
    assert older == [row for row in rows if row["sequential_id"] < edge]


async def test_to_is_a_korean_time_of_day(sim: Korea) -> None:
    await sim.run(10)
    rows = (await sim.get("/bithumb/v1/trades/ticks", market=CODE, count=500, to="17:00:05")).rows
    assert rows
    assert max(row["timestamp"] for row in rows) <= 1_800_000_005_000
    assert (await sim.get("/bithumb/v1/trades/ticks", market=CODE, daysAgo=2)).rows == []


async def test_to_of_a_candle_is_naive_korean_time_exclusive_and_without_a_zone(sim: Korea) -> None:
    await sim.run(70)
    rows = (await sim.get("/bithumb/v1/candles/minutes/1", market=CODE, count=9, to="2027-01-15T17:01:00")).rows
    assert rows[0]["candle_date_time_kst"] == "2027-01-15T17:00:00"
    assert rows[0]["candle_date_time_utc"] == "2027-01-15T08:00:00"
    refused = await sim.get("/bithumb/v1/candles/minutes/1", market=CODE, to="2027-01-15T08:01:00Z")
    assert (refused.status, refused.rows["error"]["name"]) == (400, 400)


async def test_long_candles_follow_the_korean_calendar(sim: Korea) -> None:
    (day,) = (await sim.get("/bithumb/v1/candles/days", market=CODE)).rows
    assert day["candle_date_time_kst"] == "2027-01-15T00:00:00"
    (four_hours,) = (await sim.get("/bithumb/v1/candles/minutes/240", market=CODE)).rows
    assert four_hours["candle_date_time_utc"] == "2027-01-15T07:00:00"
    (week,) = (await sim.get("/bithumb/v1/candles/weeks", market=CODE)).rows
    assert (week["first_day_of_period"], week["candle_date_time_utc"]) == ("2027-01-11", "2027-01-10T15:00:00")
    for path in ("/bithumb/v1/candles/seconds", "/bithumb/v1/candles/years"):
        assert (await sim.get(path, market=CODE)).status == 404


async def test_notices_come_once_a_second_and_at_most_twenty(sim: Korea) -> None:
    first = await sim.get("/bithumb/v1/notices")
    assert len(first.rows) == 5
    assert (await sim.get("/bithumb/v1/notices", count=20)).status == 429
    await sim.run(1)
    published = [row["published_at"] for row in (await sim.get("/bithumb/v1/notices", count=20)).rows]
    assert published == sorted(published, reverse=True)
    await sim.run(1)
    assert (await sim.get("/bithumb/v1/notices", count=21)).status == 400


async def test_an_edited_notice_keeps_its_place_and_shows_its_change(sim: Korea) -> None:
    before = (await sim.get("/bithumb/v1/notices", count=3)).rows
    notice_id = int(before[2]["pc_url"].rsplit("/", 1)[1])
    sim.world.bulletin("bithumb").edit(notice_id, sim.clock.now_ms(), title="바뀐 제목")
    await sim.run(1)
    after = (await sim.get("/bithumb/v1/notices", count=3)).rows
    assert (after[2]["title"], after[2]["published_at"]) == ("바뀐 제목", before[2]["published_at"])
    assert after[2]["modified_at"] > before[2]["modified_at"]


async def test_the_notices_can_be_moved_to_another_address() -> None:
    async with korea(markets=4, redirect_notices=True) as sim:
        moved = await sim.get("/bithumb/v1/notices", count=2)
        assert moved.status == 302
        assert len((await sim.get(moved.headers["Location"])).rows) == 2


async def test_transfer_state_without_a_key_by_network_and_by_coin(sim: Korea) -> None:
    sim.world.set_wallet("bithumb", "ZZA", "ETH", deposit=True, withdrawal=False)
    every = (await sim.get("/bithumb/public/assetsstatus/multichain/ALL")).rows
    assert every["status"] == "0000"
    row = {"currency": "ZZA", "net_type": "ETH", "deposit_status": 1, "withdrawal_status": 0}
    assert row in every["data"]
    assert (await sim.get("/bithumb/public/assetsstatus/multichain/ZZA")).rows["data"] == [row]
    state = {"deposit_status": 1, "withdrawal_status": 0}
    assert (await sim.get("/bithumb/public/assetsstatus/ZZA")).rows["data"] == state
    assert (await sim.get("/bithumb/public/assetsstatus/ALL")).rows["data"]["ZZA"] == state
    assert (await sim.get("/bithumb/public/assetsstatus/NOSUCH")).rows["status"] == "5500"


async def test_the_old_ticker_lists_every_coin_of_a_quote_and_the_stamp_among_them(sim: Korea) -> None:
    sim.world.show(SimMarket("bithumb", "KRW-ZZA", "ZZA", "KRW", "제트", "Zed", state="PREVIEW"))
    data = (await sim.get("/bithumb/public/ticker/ALL_KRW")).rows["data"]
    assert data["date"] == str(sim.clock.now_ms())
    assert data["ZZA"]["closing_price"] == "0"
    assert set(data) - {"date"} == {m.base for m in sim.world.markets("bithumb").values() if m.quote == "KRW"}
    assert "closing_price" in (await sim.get("/bithumb/public/ticker/BTC_KRW")).rows["data"]
    assert (await sim.get("/bithumb/public/ticker/NOSUCH_KRW")).rows["status"] == "5500"


async def test_fees_and_wallets(sim: Korea) -> None:
    (row,) = (await sim.get("/bithumb/v2/fee/inout/BTC")).rows
    assert row["networks"][0]["withdraw_fee_quantity"]
    assert len((await sim.get("/bithumb/v2/fee/inout/ALL")).rows) == len(sim.world.wallets("bithumb"))
    assert (await sim.get("/bithumb/v1/status/wallet")).status == 401
    assert (await sim.get("/bithumb/v1/status/wallet", {"Authorization": token()})).rows[0]["wallet_state"]
