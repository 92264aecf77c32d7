"""Gaps healed on a real database from the pages of a scripted REST: what is asked, what is stored, what is left."""

import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from collectors.events import Candle, Channel, GapCause, Listing, ListingState, Market
from collectors.net.http import Refused, Response, Unreachable
from collectors.recording.aggregator import Aggregator
from collectors.repair.backfill import CHECKS_WAITING, LOOK_S, MOST_TRIES, MOST_WOUNDS, Checked
from collectors.repair.history import Unanswered
from config.settings import Retention
from store.tables import candles, healing, listings
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.healing_bench import Bench, numbered
from tests.fakes.recording import BTC, ETH, SOL, rows, same, trade

YEN = Market("upbit", "YEN", "KRW")


@pytest.fixture
async def bench(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path / "radar.db", clock)
    with bench.writer:
        yield bench


async def test_a_gap_of_upbit_becomes_the_truth_and_says_by_what(bench: Bench) -> None:
    await bench.miss(BTC)
    await bench.backfill.once()
    assert bench.gaps()[-1] == ("disconnect", "healed", 8, 31, "/v1/trades/ticks")
    assert bench.wrong(BTC, 1, 38) == []
    assert bench.backfill.progress.healed == 2


async def test_a_gap_of_bithumb_is_healed_and_says_where_the_order_is_not_told(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path / "radar.db", clock, "bithumb")
    with bench.writer:
        await bench.miss(SOL)
        await bench.backfill.once()
        cause, state, *_, source = bench.gaps()[-1]
        assert (cause, state) == ("disconnect", "healed")
        assert "approximate: open or close of 23 seconds" in source
        assert bench.wrong(SOL, 1, 38) == []


async def test_a_market_without_trades_was_quiet_and_one_page_says_so(bench: Bench) -> None:
    await bench.miss(BTC, quiet=[ETH])
    bench.rest.trades.insert(0, trade(-60_000, 5.0, trade_id=(START_MS - 60_000) * 10_000, market=ETH))
    await bench.backfill.once()
    assert bench.states() == {"healed"}
    assert bench.wrong(ETH, 1, 38) == []


async def test_a_market_that_never_traded_was_quiet(bench: Bench) -> None:
    await bench.miss(BTC, quiet=[ETH])
    await bench.backfill.once()
    assert bench.states() == {"healed"}


async def test_a_gap_that_rest_may_not_show_yet_waits(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(10, [BTC])
    bench.recorder.lost([BTC], bench.clock.now_ms(), GapCause.DISCONNECT)
    bench.recorder.live([BTC], bench.clock.now_ms() + 2_000)
    await bench.run(8, [BTC])
    await bench.writer.run(lambda connection: None)
    ends_s = bench.gaps()[-1][3]
    assert bench.recorder.settled_before("upbit") >= START_MS + ends_s * 1_000, "here it is over"
    await bench.backfill.once()
    assert bench.gaps()[-1][1] == "open"
    await bench.settle(BTC)
    await bench.backfill.once()
    assert bench.gaps()[-1][1] == "healed"


async def test_the_minutes_that_a_healed_gap_touches_are_rolled_again_with_their_coverage(bench: Bench) -> None:
    await bench.miss(BTC, for_s=50)
    await bench.run(70, [BTC])

    def roll(connection: Any) -> None:
        candles.rollup_minute(connection, START_MS)
        candles.set_rolled(connection, "upbit", START_MS + 60_000)

    await bench.writer.run(roll)
    assert rows(bench.path, "SELECT covered_s < 60 FROM candles_1m") == [(1,)]
    await bench.backfill.once()
    assert rows(bench.path, "SELECT trades, covered_s FROM candles_1m") == [(180, 60)]


async def test_what_is_healed_around_a_listing_is_kept_for_good_at_once(bench: Bench) -> None:
    coin = Market("upbit", "NEW", "KRW")
    heard = Listing("upbit", "NEW", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
    await bench.writer.run(lambda connection: listings.save(connection, heard))
    await bench.miss(coin)
    await bench.backfill.once()
    kept = {row[0] for row in rows(bench.path, "SELECT (open_ms - ?) / 1000 FROM listing_seconds", START_MS)}
    assert kept >= set(range(8, 31))


async def test_a_trade_that_comes_late_over_the_socket_does_not_undo_a_healed_second(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(10, [BTC], heard_at=[100])  # one of each second's three
    bench.recorder.lost([BTC], bench.clock.now_ms(), GapCause.DISCONNECT)
    await bench.run(20, [BTC], heard=False)
    bench.recorder.live([BTC], bench.clock.now_ms())
    await bench.settle(BTC)
    await bench.backfill.once()
    late = next(each for each in bench.rest.trades if each.traded_ms == START_MS + 9_400)
    bench.recorder.trade(late)
    await bench.settle(BTC)
    assert bench.wrong(BTC, 8, 50) == []


async def test_where_rest_shows_less_than_the_socket_brought_nothing_is_replaced(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(10, [BTC])
    bench.recorder.rejected("upbit", "not JSON", b"{", bench.clock.now_ms())
    await bench.settle(BTC)
    lost = [each for each in bench.rest.trades if each.traded_ms // 1000 == START_MS // 1000 + 9]
    bench.rest.trades = [each for each in bench.rest.trades if each not in lost[:1]]
    for _ in range(MOST_TRIES):
        await bench.backfill.once()
        assert bench.wrong(BTC, 9, 10) == [9], "ours stands: it has the trade that REST lacks"
        await bench.clock.advance(60)
    spoiled = [row for row in bench.gaps() if row[0] == "quarantined"]
    assert [(row[1], row[4]) for row in spoiled] == [
        ("unhealable", f"KRW-BTC {START_MS + 9_000}: REST shows less than the socket brought")
    ]


async def test_a_gap_of_the_whole_exchange_becomes_one_for_each_market_and_heals(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    await bench.run(10, [BTC, ETH])
    for _ in range(3):
        bench.recorder.rejected("upbit", "not JSON", b"{", bench.clock.now_ms())
        await bench.run(1, [BTC, ETH])
    await bench.settle(BTC, ETH)
    await bench.backfill.once()
    spoiled = rows(bench.path, "SELECT market_id, state FROM gaps WHERE cause = 'quarantined' ORDER BY 1")
    assert len(spoiled) == 2
    assert {state for _, state in spoiled} == {"healed"}
    assert None not in {market_id for market_id, _ in spoiled}
    assert bench.wrong(BTC, 0, 20) == bench.wrong(ETH, 0, 20) == []


async def test_a_market_that_left_after_a_gap_of_the_whole_exchange_keeps_it(bench: Bench) -> None:
    await bench.begin(BTC, ETH, YEN)
    bench.recorder.forget([YEN])
    await bench.run(10, [BTC, ETH])
    bench.recorder.rejected("upbit", "not JSON", b"{", bench.clock.now_ms())
    await bench.run(2, [BTC, ETH])
    bench.recorder.forget([ETH])
    await bench.settle(BTC, ETH)
    await bench.backfill.once()
    of = "SELECT m.base FROM gaps AS g JOIN markets AS m ON m.id = g.market_id WHERE cause = 'quarantined' ORDER BY 1"
    assert rows(bench.path, of) == [("BTC",), ("ETH",)]


async def test_coins_of_young_listings_come_first_then_what_rates_are_taken_from(bench: Bench) -> None:
    young, usdt = Market("upbit", "NEWCOIN", "KRW"), Market("upbit", "USDT", "KRW")
    bench.young.add("NEWCOIN")
    await bench.miss(ETH, usdt, young)
    await bench.backfill.once()
    order = list(dict.fromkeys(asked["market"] for _, asked in bench.rest.asked))
    assert order == ["KRW-NEWCOIN", "KRW-USDT", "KRW-ETH"]


async def test_a_listing_that_comes_while_many_markets_heal_waits_for_few_of_them(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.repair.backfill.MOST_MARKETS", 4)
    coins = [Market("upbit", f"C{n}", "KRW") for n in range(12)]
    await bench.miss(*coins)
    await bench.backfill.once()
    bench.young.add("C11")
    await bench.backfill.once()
    order = list(dict.fromkeys(asked["market"] for _, asked in bench.rest.asked))
    assert order.index("KRW-C11") == 4
    assert len(order) == 8


async def test_a_gap_older_than_the_stored_seconds_is_healed_in_its_minutes(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path / "radar.db", clock, seconds_s=120)
    with bench.writer:
        await bench.miss(BTC, for_s=600)
        await bench.backfill.once()
        assert bench.states() == {"healed"}
        sources = {str(row[4]).split(",")[0] for row in bench.gaps() if row[0] == "disconnect"}
        assert sources == {"/v1/trades/ticks", "/v1/candles/minutes/1"}
        minutes = rows(bench.path, "SELECT (open_ms - ?) / 60000, volume, covered_s FROM candles_1m", START_MS)
        assert minutes == [(minute, 270.0, 60) for minute in range(1, 8)] or len(minutes) >= 7
        assert all(volume == 270.0 for _, volume, _ in minutes)


async def test_a_minute_taken_over_is_not_rolled_from_what_is_left_of_its_seconds(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path / "radar.db", clock, seconds_s=120)
    with bench.writer:
        await bench.miss(BTC, for_s=600)
        await bench.backfill.once()
        told = rows(bench.path, "SELECT open_ms, volume, covered_s FROM candles_1m")
        assert told[0] == (START_MS, 270.0, 60), "of which ten seconds were heard, and are not purged yet"
        await Aggregator(bench.writer, bench.recorder, clock, Retention()).heal()  # as the next start does
        rolled = rows(bench.path, "SELECT open_ms, volume, covered_s FROM candles_1m")
        assert rolled[: len(told)] == told


async def test_what_the_exchange_no_longer_lists_can_not_be_healed(bench: Bench) -> None:
    await bench.miss(BTC)
    gone = {"error": {"name": 404, "message": "Code not found"}}
    bench.rest.fails = lambda path: bench.rest._answer(gone, 404)
    bench.recorder.forget([BTC])
    await bench.backfill.once()
    assert bench.states() == {"unhealable"}
    assert "Code not found" in str(bench.gaps()[-1][4])


async def test_what_lies_further_back_than_any_page_can_not_be_healed(bench: Bench) -> None:
    await bench.miss(BTC)
    week_ms = 7 * 86_400_000
    spans = [(START_MS - week_ms - 60_000, START_MS - week_ms - 50_000), (START_MS - 20_000, START_MS - 10_000)]
    add = partial(healing.add, market=BTC, market_id=bench.recorder.ids[BTC], spans=spans, cause=GapCause.DIFFERED)
    await bench.writer.run(add)
    await bench.backfill.once()
    (_, state, *_, source), (_, later, *_) = [row for row in bench.gaps() if row[0] == "differed"]
    assert (state, source) == ("unhealable", "longer ago than 7 days")
    assert later == "healed"


@pytest.mark.parametrize("kind", ["429", "html", "unreachable", "refused"])
async def test_an_exchange_that_does_not_answer_is_asked_again_later_and_nothing_is_given_up(
    bench: Bench, kind: str
) -> None:
    await bench.miss(BTC)

    def answer(path: str) -> Response:
        match kind:
            case "unreachable":
                raise Unreachable("upbit", "no route", sent=False)
            case "refused":
                raise Refused("upbit", "banned", bench.clock.now_ms() + 30_000)
        body = b"Too many API requests." if kind == "429" else b"<html></html>"
        return Response(429 if kind == "429" else 200, {}, body, 0, 0)

    bench.rest.fails = answer
    with pytest.raises(Unanswered) as told:
        await bench.backfill.once()
    assert told.value.pause_s >= (29 if kind == "refused" else 5)
    assert bench.states() == {"open"}
    bench.rest.fails = None
    await bench.clock.advance(60)
    await bench.backfill.once()
    assert bench.states() == {"healed"}


async def test_a_bug_in_one_market_is_not_taken_for_the_silence_of_another(bench: Bench) -> None:
    await bench.miss(BTC, ETH)

    async def get(service: str, path: str, **more: Any) -> Response:
        if dict(more["params"])["market"] == "KRW-BTC":
            raise Unreachable("upbit", "no route", sent=False)
        raise ZeroDivisionError

    bench.rest.get = get  # type: ignore[method-assign]
    with pytest.raises(ZeroDivisionError):
        await bench.backfill.once()


async def test_a_stretch_held_against_rest_is_equal_or_mended_and_told(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(30, [BTC])
    await bench.settle(BTC)
    found = await bench.backfill.check(BTC, START_MS + 5_000, START_MS + 25_000)
    assert found == Checked(equal=tuple(range(START_MS + 5_000, START_MS + 25_000, 1_000)))
    spoil = "UPDATE candles_1s SET close = close + 0, volume = volume / 2, trades = 1 WHERE open_ms = ?"
    await bench.writer.run(lambda connection: connection.execute(spoil, (START_MS + 7_000,)))
    await bench.writer.run(
        lambda connection: connection.execute("DELETE FROM candles_1s WHERE open_ms = ?", (START_MS + 8_000,))
    )
    found = await bench.backfill.check(BTC, START_MS + 5_000, START_MS + 25_000)
    assert (len(found.equal), found.excess, found.waiting) == (18, (), ())
    assert found.repaired == (START_MS + 7_000, START_MS + 8_000)
    assert bench.wrong(BTC, 5, 25) == []
    assert ("differed", "healed", 7, 9, "/v1/trades/ticks") in bench.gaps()


async def test_a_second_that_holds_more_than_rest_stays_and_is_unexplained(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(20, [BTC])
    await bench.settle(BTC)
    more = "UPDATE candles_1s SET volume = volume * 2 WHERE open_ms = ?"
    await bench.writer.run(lambda connection: connection.execute(more, (START_MS + 7_000,)))
    found = await bench.backfill.check(BTC, START_MS + 5_000, START_MS + 15_000)
    assert (len(found.equal), found.repaired, found.excess) == (9, (), (START_MS + 7_000,))
    assert bench.wrong(BTC, 5, 15) == [7]


async def test_a_stretch_to_be_checked_waits_until_it_is_settled(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(20, [BTC])
    bench.backfill.check_later(BTC, START_MS + 5_000, START_MS + 25_000)
    await bench.backfill._check_due()
    assert bench.rest.asked == []
    await bench.run(25, [BTC])
    await bench.backfill._check_due()
    assert len(bench.rest.asked) == 1


async def test_wishes_past_the_bound_that_come_during_a_check_end_nothing(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.run(40, [BTC])
    bench.backfill.check_later(BTC, START_MS + 5_000, START_MS + 10_000)

    def crowded(path: str) -> Response:
        for n in range(CHECKS_WAITING):
            bench.backfill.check_later(BTC, START_MS + 3_600_000, START_MS + 3_600_001 + n)
        return bench.rest._answer([])

    bench.rest.fails = crowded
    await bench.backfill._check_due()


async def test_a_long_outage_of_many_markets_heals_in_passes_of_seconds_not_of_minutes(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path / "radar.db", clock, seconds_s=7_200)
    markets = [Market("upbit", f"C{n:02}", "KRW") for n in range(50)]
    with bench.writer:
        await bench.begin(*markets, BTC)
        await bench.run(10, [BTC])
        bench.recorder.lost([*markets, BTC], bench.clock.now_ms(), GapCause.DISCONNECT)
        await clock.advance(5_000)
        bench.recorder.live([*markets, BTC], clock.now_ms())
        await bench.settle(BTC)
        passes = 0
        while "open" in bench.states():
            await bench.backfill.once()
            await clock.advance(LOOK_S)
            passes += 1
            assert passes < 60
        assert bench.states() == {"healed"}
        await bench.backfill.once()
        assert not bench.backfill.busy


async def test_a_young_coin_is_found_among_more_gaps_than_one_pass_takes(bench: Bench) -> None:
    young = Market("upbit", "NEWCOIN", "KRW")
    bench.young.add("NEWCOIN")
    await bench.begin(BTC, young)
    await bench.run(2, [BTC])
    pieces = [(START_MS + n * 10, START_MS + n * 10 + 1) for n in range(MOST_WOUNDS + 50)]
    for market, spans in ((BTC, pieces), (young, [(START_MS + 9_000, START_MS + 10_000)])):
        market_id = bench.recorder.ids[market]
        add = partial(healing.add, market=market, market_id=market_id, spans=spans, cause=GapCause.DIFFERED)
        await bench.writer.run(add)
    await bench.settle(BTC, young)
    await bench.backfill.once()
    assert bench.rest.asked[0][1]["market"] == "KRW-NEWCOIN"


async def test_where_the_trades_of_upbit_take_too_many_pages_its_own_seconds_are_taken_over(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.repair.backfill.MOST_PAGES", 1)  # of 500 trades, or of 200 seconds
    await bench.miss(BTC, for_s=180)
    await bench.backfill.once()
    cause, state, *_, source = bench.gaps()[-1]
    assert (cause, state, source) == ("disconnect", "healed", "/v1/candles/seconds, counts are lower bounds")
    sql = "SELECT open_ms, open, high, low, close, volume, quote_volume, trades FROM candles_1s"
    stored = {row[0]: Candle(BTC, *row) for row in rows(bench.path, sql)}  # type: ignore[arg-type]  # a row
    true = {each.open_ms: each for each in numbered(bench.rest.trades, 1_000)}
    for open_ms in range(START_MS + 11_000, START_MS + 190_000, 1_000):  # none of them was heard
        assert same(stored[open_ms], replace(true[open_ms], trades=1)), open_ms


async def test_where_the_trades_of_bithumb_reach_no_further_its_minutes_are_taken_over(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path / "radar.db", clock, "bithumb")
    aggregator = Aggregator(bench.writer, bench.recorder, clock, Retention())
    with bench.writer:
        await bench.miss(SOL, for_s=90)
        true = bench.rest.get

        async def get(service: str, path: str, **more: Any) -> Response:
            if path != "/v1/trades/ticks":
                return await true(service, path, **more)
            answer = json.loads((await true(service, path, **more)).body)
            return bench.rest._answer([row | {"sequential_id": 7} for row in answer])

        bench.rest.get = get  # type: ignore[method-assign]  # ids that don't lead back
        for _ in range(MOST_TRIES):
            await bench.backfill.once()
            await bench.run(60, [SOL])
            await aggregator.roll()
        cause, state, *_, source = next(row for row in bench.gaps() if row[0] == "disconnect")
        assert (cause, state) == ("disconnect", "unhealable")
        assert source == (
            "/v1/candles/minutes/1, counts are lower bounds; its seconds are out of reach:"
            " the ids of trades are not what they were"
        )
        minutes = rows(
            bench.path, "SELECT volume, covered_s < 60 FROM candles_1m WHERE open_ms < ?", START_MS + 100_000
        )
        assert minutes == [(270.0, 1), (270.0, 1)]


async def test_a_stretch_that_can_not_be_checked_holds_up_nothing(bench: Bench) -> None:
    await bench.miss(BTC)
    bench.backfill.check_later(ETH, START_MS, START_MS + 10_000)
    gone = {"error": {"name": 404, "message": "Code not found"}}
    true = bench.rest._answer
    bench.rest.fails = lambda path: true(gone, 404)
    await bench.backfill._check_due()
    bench.rest.fails = None
    await bench.backfill._check_due()
    assert len(bench.rest.asked) == 1


@pytest.mark.parametrize("reached", [True, False])
async def test_an_outage_longer_than_the_stored_seconds_is_whole_around_a_listing_all_the_same(
    tmp_path: Path, clock: FakeClock, reached: bool
) -> None:
    bench = Bench(tmp_path / "radar.db", clock, "upbit" if reached else "bithumb", seconds_s=120)
    coin = Market(bench.exchange, "NEW", "KRW")
    heard = Listing(bench.exchange, "NEW", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
    with bench.writer:
        await bench.writer.run(lambda db: listings.save(db, heard))
        await bench.miss(coin, for_s=900)
        if not reached:
            bench.rest.trades = [replace(each, trade_id=7) for each in bench.rest.trades]
        await bench.backfill.once()
        sql = "SELECT open_ms, open, high, low, close, volume, quote_volume, trades FROM listing_seconds ORDER BY 1"
        kept = {row[0]: Candle(coin, *row) for row in rows(bench.path, sql)}  # type: ignore[arg-type]  # a row
        sources = {str(row[4]) for row in bench.gaps() if row[0] == "disconnect" and row[2] < 400}
        if not reached:
            assert not kept.keys() & set(range(START_MS, START_MS + 700_000, 1_000)), "out of reach"
            assert all("its seconds are out of reach" in each for each in sources)
            return
        true = {each.open_ms: each for each in numbered(bench.rest.trades, 1_000)}
        assert all(same(kept[each], true[each]) for each in range(START_MS + 8_000, START_MS + 700_000, 1_000))
        assert sources == {
            "/v1/trades/ticks, into listing_seconds; its minutes /v1/candles/minutes/1, counts are lower bounds"
        }
        assert bench.states() == {"healed"}
        volumes = rows(bench.path, "SELECT DISTINCT volume FROM candles_1m WHERE open_ms < ?", START_MS + 700_000)
        assert volumes == [(270.0,)]


async def test_what_is_kept_for_good_says_where_the_order_is_not_told(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path / "radar.db", clock, "bithumb", seconds_s=120)
    coin = Market("bithumb", "NEW", "KRW")
    heard = Listing("bithumb", "NEW", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
    with bench.writer:
        await bench.writer.run(lambda db: listings.save(db, heard))
        await bench.miss(coin, for_s=300)
        await bench.backfill.once()
        told = [(row[3] - row[2], row[4]) for row in bench.gaps() if "into listing_seconds" in str(row[4])]
    assert told
    assert all(f"approximate: open or close of {seconds} seconds" in source for seconds, source in told)


async def test_a_market_whose_pages_say_nothing_holds_up_no_other(bench: Bench) -> None:
    await bench.miss(ETH, BTC)
    true = bench.rest.get

    async def get(service: str, path: str, **more: Any) -> Response:
        if dict(more["params"])["market"] == "KRW-BTC":
            return Response(400, {}, b'{"error":{"name":400,"message":"Type mismatch"}}', 0, 0)
        return await true(service, path, **more)

    bench.rest.get = get  # type: ignore[method-assign]  # one market is refused
    many = [(START_MS + n * 10, START_MS + n * 10 + 1) for n in range(MOST_WOUNDS + 50)]
    ids = bench.recorder.ids[BTC]
    add = partial(healing.add, market=BTC, market_id=ids, spans=many, cause=GapCause.DIFFERED)
    await bench.writer.run(add)
    with pytest.raises(Unanswered):
        await bench.backfill.once()  # nothing but gaps of the one
    for _ in range(2):
        await bench.backfill.once()
    states = rows(bench.path, "SELECT DISTINCT code, state FROM gaps JOIN markets ON markets.id = market_id ORDER BY 1")
    assert states == [("KRW-BTC", "open"), ("KRW-ETH", "healed")]
    assert not bench.backfill.busy
    bench.rest.get = true  # type: ignore[method-assign]
    await bench.clock.advance(60)
    for _ in range(2):
        await bench.backfill.once()
    assert bench.states() == {"healed"}


async def test_a_young_coin_that_rest_does_not_know_yet_is_not_given_up(bench: Bench) -> None:
    young = Market("upbit", "NEWCOIN", "KRW")
    bench.young.add("NEWCOIN")
    await bench.miss(young)
    gone = {"error": {"name": 404, "message": "Code not found"}}
    bench.rest.fails = lambda path: bench.rest._answer(gone, 404)
    for _ in range(20):
        await bench.backfill.once()
        await bench.clock.advance(60)
    assert bench.states() == {"open"}
    bench.rest.fails = None
    await bench.backfill.once()
    assert bench.states() == {"healed"}
