"""Upbit's REST calls and its site over HTTP: answers, refusals, limits, headers."""

from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from simulator.world.values import SimMarket
from tests.fakes.korea import Korea, korea, token

CODE = "KRW-BTC"
V1 = "/upbit/v1"
SITE = "/upbit-site/api/v1/announcements"
END = 2**62


@pytest.fixture
async def sim() -> AsyncIterator[Korea]:
    async with korea() as running:
        yield running


async def test_every_quotation_call_names_its_group_and_counts_down(sim: Korea) -> None:
    for path, group in (
        ("/market/all", "market"),
        (f"/ticker?markets={CODE}", "ticker"),
        (f"/orderbook?markets={CODE}", "orderbook"),
        (f"/trades/ticks?market={CODE}", "crix-trades"),
        (f"/candles/seconds?market={CODE}", "candles"),
    ):
        answers = [await sim.get(V1 + path) for _ in range(2)]
        assert [a.status for a in answers] == [200, 200]
        assert [a.headers["Remaining-Req"] for a in answers] == [
            f"group={group}; min=600; sec=9",
            f"group={group}; min=600; sec=8",
        ]


async def test_the_eleventh_call_of_a_second_is_429_in_plain_text(sim: Korea) -> None:
    answers = [await sim.get(f"{V1}/ticker", markets=CODE) for _ in range(11)]
    assert [a.status for a in answers] == [200] * 10 + [429]
    assert answers[-1].text == "Too many API requests."
    assert answers[-1].headers["Content-Type"].startswith("text/plain")
    assert (await sim.get(f"{V1}/orderbook", markets=CODE)).status == 200
    await sim.run(1)
    assert (await sim.get(f"{V1}/ticker", markets=CODE)).status == 200


async def test_who_carries_on_is_shut_out_with_418_for_longer_each_time(sim: Korea) -> None:
    async def provoke() -> float:
        while (await sim.get(f"{V1}/ticker", markets=CODE)).status != 418:
            pass
        seconds = 0
        while (await sim.get(f"{V1}/market/all")).status == 418:
            await sim.run(1)
            seconds += 1
        return seconds

    assert [await provoke(), await provoke()] == [10, 20]


async def test_a_caller_with_an_origin_may_ask_once_in_ten_seconds(sim: Korea) -> None:
    headers = {"Origin": "https://example.org"}
    statuses = [(await sim.get(f"{V1}/market/all", headers)).status for _ in range(2)]
    await sim.run(10)
    assert [*statuses, (await sim.get(f"{V1}/market/all", headers)).status] == [200, 429, 200]


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/ticker?markets=KRW-NOSUCH", 404, "Code not found"),
        (f"/ticker?markets={CODE},KRW-NOSUCH", 404, "Code not found"),
        ("/candles/minutes/1?market=KRW-NOSUCH", 404, "Code not found"),
        ("/ticker", 400, "Missing request parameter error. Check the required parameters!"),
        ("/ticker/all", 400, "Missing request parameter error. Check the required parameters!"),
        ("/trades/ticks", 400, "Missing request parameter error. Check the required parameters!"),
        (f"/trades/ticks?market={CODE}&count=many", 400, "Type mismatch error. Check the parameters type!"),
        (f"/trades/ticks?market={CODE}&count=0", 400, "Type mismatch error. Check the parameters type!"),
        (f"/trades/ticks?market={CODE}&days_ago=8", 400, "Type mismatch error. Check the parameters type!"),
    ],
)
async def test_refusals_have_the_documented_shape(sim: Korea, path: str, status: int, message: str) -> None:
    answer = await sim.get(V1 + path)
    assert answer.status == status
    assert answer.rows == {"error": {"name": status, "message": message}}


async def test_an_unknown_unit_or_a_fraction_of_a_second_is_refused(sim: Korea) -> None:
    for path in (
        f"/candles/minutes/7?market={CODE}",
        f"/candles/minutes/x?market={CODE}",
        f"/candles/seconds?market={CODE}&to=2027-01-15T08:00:00.5Z",
        f"/candles/seconds?market={CODE}&to=soon",
    ):
        assert (await sim.get(V1 + path)).status == 400


async def test_the_same_answer_is_304_for_who_has_its_etag(sim: Korea) -> None:
    first = await sim.get(f"{V1}/market/all")
    assert first.headers["ETag"].startswith('W/"0')
    again = await sim.get(f"{V1}/market/all", {"If-None-Match": first.headers["ETag"]})
    assert (again.status, again.text) == (304, "")


async def test_market_details_come_in_both_spellings_of_the_parameter(sim: Korea) -> None:
    for name in ("is_details", "isDetails"):
        row = (await sim.get(f"{V1}/market/all", **{name: "true"})).rows[0]
        assert set(row["market_event"]["caution"]) >= {"PRICE_FLUCTUATIONS"}
    assert "market_event" not in (await sim.get(f"{V1}/market/all")).rows[0]


async def test_a_market_in_preview_is_listed_with_a_ticker_of_zeros_and_no_book(sim: Korea) -> None:
    sim.world.show(SimMarket("upbit", "KRW-ZZA", "ZZA", "KRW", "제트", "Zed", state="PREVIEW"))
    rows = (await sim.get(f"{V1}/ticker/all", quote_currencies="KRW")).rows
    assert next(row for row in rows if row["market"] == "KRW-ZZA")["trade_price"] == 0.0
    (book,) = (await sim.get(f"{V1}/orderbook", markets="KRW-ZZA")).rows
    assert book["orderbook_units"] == []
    for path in ("/trades/ticks", "/candles/seconds", "/candles/days", "/candles/weeks"):
        assert (await sim.get(V1 + path, market="KRW-ZZA")).rows == []


async def test_a_repeated_parameter_is_a_list(sim: Korea) -> None:
    rows = (await sim.get(f"{V1}/ticker?markets={CODE}&markets=KRW-ETH")).rows
    assert [row["market"] for row in rows] == [CODE, "KRW-ETH"]


async def test_tickers_of_a_quote_currency_cover_its_markets(sim: Korea) -> None:
    rows = (await sim.get(f"{V1}/ticker/all", quoteCurrencies="KRW")).rows
    assert {row["market"] for row in rows} == {
        code for code, market in sim.world.markets("upbit").items() if market.quote == "KRW"
    }


async def test_a_level_that_is_not_offered_gives_an_empty_list(sim: Korea) -> None:
    assert (await sim.get(f"{V1}/orderbook", markets=CODE, level="7")).rows == []
    (book,) = (await sim.get(f"{V1}/orderbook", markets=CODE, level="10000", count=3)).rows
    assert (book["level"], len(book["orderbook_units"])) == (10_000, 3)


async def test_paging_by_cursor_meets_every_trade_once(sim: Korea) -> None:
    await sim.run(30)
    ids: list[int] = []
    cursor: dict[str, int] = {}
    while rows := (await sim.get(f"{V1}/trades/ticks", market=CODE, count=7, **cursor)).rows:
        ids += [row["sequential_id"] for row in rows]
        cursor = {"cursor": ids[-1]}
        await sim.run(0.2)
    truth = [t.rest_id for t in sim.world.trades("upbit", CODE, 0, END)]
    assert sorted(ids) == [i for i in truth if i <= max(ids)]


async def test_to_is_a_utc_time_of_the_day_asked_for(sim: Korea) -> None:
    await sim.run(10)
    rows = (await sim.get(f"{V1}/trades/ticks", market=CODE, count=500, to="08:00:05")).rows
    assert rows
    assert max(row["timestamp"] for row in rows) <= 1_800_000_005_000
    assert (await sim.get(f"{V1}/trades/ticks", market=CODE, count=500, days_ago=3)).rows == []


async def test_candles_equal_the_trades_of_their_window_and_to_is_exclusive(sim: Korea) -> None:
    await sim.run(20)
    rows = (await sim.get(f"{V1}/candles/seconds", market=CODE, count=200, to="2027-01-15T08:00:10Z")).rows
    assert rows[0]["candle_date_time_utc"] < "2027-01-15T08:00:10"
    shifted = quote("2027-01-15T17:00:10+09:00")
    same = (await sim.get(f"{V1}/candles/seconds?market={CODE}&count=200&to={shifted}")).rows
    assert same == rows
    for row in rows[:5]:
        open_ms = row["timestamp"] // 1_000 * 1_000
        trades = sim.world.trades("upbit", CODE, open_ms, open_ms + 1_000)
        assert (row["opening_price"], row["trade_price"]) == (trades[0].price, trades[-1].price)
        assert (row["high_price"], row["low_price"]) == (max(t.price for t in trades), min(t.price for t in trades))
        assert row["candle_acc_trade_volume"] == pytest.approx(sum(t.volume for t in trades))


async def test_a_count_beyond_the_most_is_cut_to_it(sim: Korea) -> None:
    await sim.run(10)
    assert len((await sim.get(f"{V1}/trades/ticks", market=CODE, count=100_000)).rows) <= 500
    assert len((await sim.get(f"{V1}/candles/seconds", market=CODE, count=100_000)).rows) <= 200


async def test_calls_with_a_key_need_a_token_and_have_a_group_of_their_own(sim: Korea) -> None:
    path = f"{V1}/status/wallet"
    assert (await sim.get(path)).status == 401
    answer = await sim.get(path, {"Authorization": token()})
    assert answer.headers["Remaining-Req"] == "group=default; min=1800; sec=29"
    assert {row["wallet_state"] for row in answer.rows} <= {"working", "paused", "deposit_only", "withdraw_only"}
    assert (await sim.get(f"{V1}/travel_rule/vasps", {"Authorization": token()})).rows[0]["vasp_name"]
    assert (await sim.get(f"{V1}/api_keys", {"Authorization": token()})).rows[0]["access_key"] == "SIM-ACCESS"
    refused = await sim.get(f"{V1}/accounts", {"Authorization": token()})
    assert (refused.status, refused.rows["error"]["name"]) == (401, "out_of_scope")


# -- the site ---------------------------------------------------------------------------------------------------------


async def test_the_list_is_ordered_by_its_last_change_and_an_edit_raises_a_notice(sim: Korea) -> None:
    async def first_page() -> list[dict[str, object]]:
        await sim.run(1)
        answer = await sim.get(SITE, os="web", page=1, per_page=20, category="all")
        rows: list[dict[str, object]] = answer.rows["data"]["notices"]
        return rows

    before = await first_page()
    listed = [str(row["listed_at"]) for row in before]
    assert listed == sorted(listed, reverse=True)
    oldest = before[-1]
    assert isinstance(oldest["id"], int)
    sim.world.bulletin("upbit").edit(oldest["id"], sim.clock.now_ms(), title=f"{oldest['title']} (완료)")
    raised = (await first_page())[0]
    assert raised["id"] == oldest["id"]
    assert str(raised["listed_at"]) > str(raised["first_listed_at"]) == oldest["first_listed_at"]
    assert (raised["need_new_badge"], raised["need_update_badge"]) == (False, True)


async def test_pages_count_and_pinned_notices_are_apart(sim: Korea) -> None:
    first = (await sim.get(SITE, per_page=4, page=1)).rows["data"]
    second = (await sim.get(SITE, per_page=4, page=2)).rows["data"]
    assert first["total_pages"] == -(-first["total_count"] // 4)
    assert {row["id"] for row in first["notices"]}.isdisjoint(row["id"] for row in second["notices"])
    assert first["fixed_notices"] == second["fixed_notices"] != []
    assert first["fixed_notices"][0]["id"] not in {row["id"] for row in first["notices"]}


async def test_a_category_limits_the_list(sim: Korea) -> None:
    rows = (await sim.get(SITE, category="trade")).rows["data"]["notices"]
    assert {row["category"] for row in rows} == {"거래"}
    english = (await sim.get(SITE, {"Accept-Language": "en-US"}, category="trade")).rows["data"]["notices"]
    assert {row["category"] for row in english} == {"Trade"}


async def test_the_site_refuses_large_pages_haste_and_foreign_origins(sim: Korea) -> None:
    assert (await sim.get(SITE, per_page=100)).status == 400
    assert (await sim.get(SITE, per_page=30)).status == 200
    assert (await sim.get(SITE, {"Origin": "https://example.org"})).status == 403
    statuses = [(await sim.get(SITE)).status for _ in range(3)]
    assert statuses[-1] == 429
    await sim.run(1)
    assert (await sim.get(SITE)).status == 200


async def test_the_list_knows_an_etag(sim: Korea) -> None:
    first = await sim.get(SITE)
    assert (await sim.get(SITE, {"If-None-Match": first.headers["ETag"]})).status == 304
    board = sim.world.bulletin("upbit")
    board.publish(board.reserve(), "새 소식", "본문", ("안내",), sim.clock.now_ms())
    await sim.run(1)
    assert (await sim.get(SITE, {"If-None-Match": first.headers["ETag"]})).status == 200


async def test_one_notice_has_its_body_as_html(sim: Korea) -> None:
    board = sim.world.bulletin("upbit")
    notice = board.publish(board.reserve(), "제트(ZZA)", "첫 줄\n\nA < B", ("거래",), sim.clock.now_ms())
    data = (await sim.get(f"{SITE}/{notice.notice_id}")).rows["data"]
    assert (data["id"], data["uuid"], data["body"]) == (notice.notice_id, notice.uuid, "<p>첫 줄</p><p>A &lt; B</p>")
    assert (await sim.get(f"{SITE}/1")).status == 404
