"""A recorder that was not told of a trade, and the exchange's own candles that tell of it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.events import Exchange, GapCause, Market
from collectors.net.http import Response
from collectors.repair.history import Unanswered
from ops.process.lifetimes import running
from store.tables import candles
from tests.collectors.repair.audited import ALL, Audited, healed_start, looked_at, market_of, with_a_trade_too_many
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, SOL, rows, trade


async def test_a_record_without_fault_is_equal_second_by_second_and_minute_by_minute(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.settle(market)
    await bench.auditor.once()
    equal, repaired, unexplained = bench.counts
    assert equal == ALL[bench.exchange]
    assert (repaired, unexplained) == (0, 0)


async def test_what_was_healed_as_empty_long_ago_by_a_page_that_lied_is_found(bench: Audited) -> None:
    market, quiet = market_of(bench), Market(bench.exchange, "RARE", "KRW")
    stamps = range(30_000, 1_800_000, 60_000)
    bench.rest.trades = [trade(at, trade_id=(START_MS + at) * 10_000, market=quiet) for at in stamps]
    await bench.begin(market, quiet)
    await bench.run(10, [market])
    bench.recorder.lost([market, quiet], bench.clock.now_ms(), GapCause.DISCONNECT)
    await bench.clock.advance(1_800)
    bench.recorder.live([market, quiet], bench.clock.now_ms())
    await bench.settle(market, seconds=15)
    bench.rest.fails = lambda path: bench.rest._answer([])
    await bench.backfill.once()
    bench.rest.fails = None
    await bench.settle(market)
    await bench.auditor.look(quiet)
    of = "SELECT (open_ms - ?) / 60000 FROM candles_1m JOIN markets ON id = market_id WHERE base = 'RARE' ORDER BY 1"
    assert [row[0] for row in rows(bench.path, of, START_MS)] == list(range(30))


async def test_a_withheld_trade_is_found_and_mended_and_leaves_a_healed_gap(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.run(1, [market], heard_at=(400,))
    await bench.settle(market)
    assert bench.wrong(market, 1, 130) == [61]
    await bench.auditor.once()
    assert bench.counts[1:] == (1, 0)
    assert bench.wrong(market, 1, 130) == []
    cause, state, from_s, to_s, source = bench.gaps()[-1]
    assert (cause, state, from_s, to_s) == ("differed", "healed", 61, 62)
    assert str(source).startswith("/v1/trades/ticks")
    await bench.settle(market)
    assert bench.wrong_minutes() == []
    await bench.auditor.once()
    assert bench.counts[1:] == (1, 0), "once mended, it agrees"


async def test_a_second_that_was_lost_whole_looks_quiet_until_the_candle_tells(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.run(2, [market], heard=False)
    await bench.settle(market)
    await bench.auditor.once()
    assert bench.counts[1] >= 1
    assert bench.wrong(market, 1, 130) == []


async def test_nothing_is_compared_twice(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.settle(market)
    await bench.auditor.once()
    before = bench.counts
    await bench.auditor.look(market)
    assert bench.counts == before
    await bench.settle(market, seconds=60)
    await bench.auditor.once()
    assert bench.counts[0] - before[0] == {"upbit": 60 + 1, "bithumb": 1}[bench.exchange]


async def test_what_a_gap_touches_is_not_compared(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    upbit.recorder.rejected("upbit", "not JSON", b"{", upbit.clock.now_ms())
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.settle(BTC)
    await upbit.auditor.once()
    assert upbit.counts[1:] == (0, 0)
    spoiled = rows(upbit.path, "SELECT (to_ms - from_ms) / 1000 FROM gaps WHERE cause = 'quarantined'")
    assert spoiled == [(3,)]
    assert upbit.counts[0] == 123 - 3, "neither its seconds nor the two minutes"


async def test_a_minute_that_was_healed_is_compared_like_any_other(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    bench.recorder.lost([market], bench.clock.now_ms(), GapCause.DISCONNECT)
    await bench.run(70, [market], heard=False)
    await bench.aggregator.roll()
    bench.recorder.live([market], bench.clock.now_ms())
    await bench.settle(market)
    await bench.auditor.look(market)
    before = bench.counts[0]
    await bench.backfill.once()
    assert bench.states() == {"healed"}
    await bench.settle(market, seconds=60)
    await bench.auditor.look(market)
    new = 60 + 1 if bench.exchange == "upbit" else 1
    [(from_s, to_s)] = [row[2:4] for row in bench.gaps() if row[0] == "disconnect"]
    touched = (to_s - 1) // 60 - from_s // 60 + 1
    assert bench.counts == (before + new + touched, 0, 0)
    await bench.settle(market, seconds=60)
    await bench.auditor.look(market)
    assert bench.counts == (before + 2 * new + touched, 0, 0), "once"


async def test_where_the_candle_is_wrong_and_the_trades_are_not_ours_stands(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.settle(market)

    def double_one(path: str, page: list[dict[str, Any]]) -> None:
        if "/candles/" in path:
            page[5 % len(page)]["candle_acc_trade_volume"] *= 2

    bench.rest.alter = double_one
    await bench.auditor.once()
    equal, repaired, unexplained = bench.counts
    assert equal == ALL[bench.exchange]
    assert (repaired, unexplained) == (0, 0)
    assert bench.wrong(market, 1, 130) == []


async def test_where_candle_and_trades_tell_the_same_a_trade_too_many_goes_the_third_time(bench: Audited) -> None:
    market = market_of(bench)
    await with_a_trade_too_many(bench, market)
    await looked_at(bench, market, 3)
    assert bench.counts[1:] == (1, 0)
    assert bench.wrong(market, 1, 130) == []
    cause, state, from_s, to_s, source = bench.gaps()[-1]
    assert (cause, state, from_s, to_s) == ("differed", "healed", 70, 71)
    assert str(source).startswith("/v1/trades/ticks; ours held more")
    await bench.settle(market)
    assert bench.wrong_minutes() == []
    await bench.auditor.look(market)
    assert bench.counts[1:] == (1, 0)


async def test_where_each_witness_tells_something_else_the_candle_is_marked_the_third_time(bench: Audited) -> None:
    market = market_of(bench)
    await with_a_trade_too_many(bench, market)

    def lessen_one(path: str, page: list[dict[str, Any]]) -> None:
        """A candle that its own trades do not make."""
        for row in page if "/candles/" in path else ():
            if row["candle_date_time_utc"] in ("2027-01-15T08:01:10", "2027-01-15T08:01:00"):
                row["candle_acc_trade_volume"] /= 3

    bench.rest.alter = lessen_one
    await looked_at(bench, market, 3)
    assert bench.counts[1:] == (0, 1)
    assert bench.auditor.tally.odd_ms == bench.clock.now_ms()
    cause, state, from_s, to_s, source = bench.gaps()[-1]
    assert (cause, state) == ("differed", "unhealable")
    assert (from_s, to_s) == ((70, 71) if bench.exchange == "upbit" else (60, 120))
    assert "ours" in str(source)
    assert "its own candle" in str(source)
    await bench.auditor.look(market)
    await bench.auditor.look(market)
    assert bench.counts[1:] == (0, 1), "it is marked once; its minute is touched by that gap"


async def test_an_old_page_never_takes_a_trade_away(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.run(10, [market])
    old = list(bench.rest.trades)
    await bench.settle(market)
    true = bench.rest.get

    async def get(service: str, path: str, **more: Any) -> Response:
        now, bench.rest.trades = bench.rest.trades, old
        answer = await true(service, path, **more)
        bench.rest.trades = now
        return answer

    bench.rest.get = get  # type: ignore[method-assign]  # pages from before
    for _ in range(6):
        await bench.auditor.look(market)
        bench.rest.asked.clear()
        await bench.settle(market, seconds=60)
    assert bench.counts[1:] == (0, 0)
    assert len(bench.rest.asked) <= 2, "nor is it asked for each of them again and again"
    assert all(row[0] != "differed" for row in bench.gaps())
    assert bench.wrong(market, 1, 300) == []
    bench.rest.get = true  # type: ignore[method-assign]
    for _ in range(4):
        await bench.auditor.look(market)
    equal, repaired, unexplained = bench.counts
    assert (repaired, unexplained) == (0, 0)
    assert equal >= {"upbit": 300, "bithumb": 6}[bench.exchange], "and all of it is made up for"


async def test_seconds_that_are_purged_while_the_exchange_answers_are_not_missed(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC)
    true = upbit.rest.get

    async def get(service: str, path: str, **more: Any) -> Response:
        answer = await true(service, path, **more)
        await upbit.writer.run(lambda db: candles.purge_seconds(db, START_MS + 60_000, 1.0))
        return answer

    upbit.rest.get = get  # type: ignore[method-assign]  # an answer that takes its time
    await upbit.auditor.once()
    assert upbit.counts == (ALL["upbit"] - 60, 0, 0)
    assert all(row[0] != "differed" for row in upbit.gaps())


async def test_many_minutes_that_differ_are_held_against_the_trades_in_one_walk(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    for _ in range(6):
        await bench.run(1, [market], heard_at=(400,))
        await bench.run(59, [market])
        await bench.aggregator.roll()
    await bench.settle(market)
    bench.rest.asked.clear()
    await bench.auditor.look(market)
    assert bench.counts[1] == 6
    assert bench.wrong(market, 1, 420) == []
    walks = [asked for path, asked in bench.rest.asked if path == "/v1/trades/ticks" and "cursor" not in asked]
    assert len(walks) == {"upbit": 2, "bithumb": 1}[bench.exchange], "one for its seconds, one for its minutes"


async def test_one_bad_page_condemns_nothing(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.settle(market)
    bench.rest.fails = lambda path: bench.rest._answer([])
    await bench.auditor.look(market)
    assert bench.counts == (0, 0, 0)
    bench.rest.fails = None
    await bench.auditor.look(market)
    assert bench.counts == (ALL[bench.exchange], 0, 0)
    assert all(row[0] != "differed" for row in bench.gaps())


async def test_a_minute_whose_seconds_are_gone_is_taken_over_from_the_exchange(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Audited(tmp_path / "radar.db", clock, "bithumb", seconds_s=60)
    with bench.writer:
        await healed_start(bench, SOL)
        await bench.run(1, [SOL], heard_at=(400,))
        await bench.settle(SOL)
        await bench.settle(SOL, seconds=240)
        await bench.aggregator.purge()
        await bench.auditor.once()
        assert bench.counts[1:] == (1, 0)
        assert ("differed", "healed", 60, 120) in [row[:4] for row in bench.gaps()]
        [(volume, trades)] = rows(
            bench.path, "SELECT volume, trades FROM candles_1m WHERE open_ms = ?", START_MS + 60_000
        )
        assert volume == 270.0
        assert trades == 179, "a lower bound: the exchange counts no trades in a candle"


@pytest.mark.parametrize("exchange", ["upbit", "bithumb"])
async def test_a_minute_that_was_taken_over_from_an_old_page_is_mended_by_its_trades(
    tmp_path: Path, clock: FakeClock, exchange: Exchange
) -> None:
    bench = Audited(tmp_path / "radar.db", clock, exchange, seconds_s=120)
    market = market_of(bench)

    def halve_minutes(path: str, page: list[dict[str, Any]]) -> None:
        for candle in page if "/candles/minutes/" in path else ():
            candle["candle_acc_trade_volume"] /= 2

    with bench.writer:
        await bench.miss(market, for_s=600)
        bench.rest.alter = halve_minutes
        await bench.backfill.once()
        assert len(rows(bench.path, "SELECT * FROM candles_1m WHERE volume = 135.0")) >= 8
        bench.rest.alter = None
        await bench.settle(market)
        await bench.auditor.look(market)
        volumes = rows(bench.path, "SELECT volume FROM candles_1m WHERE covered_s = 60")
        assert set(volumes) == {(270.0,)}
        assert bench.counts[1] > 0


async def test_an_exchange_that_does_not_answer_is_left_alone_and_nothing_is_passed_over(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.run(1, [market], heard_at=(400,))
    await bench.settle(market)
    bench.rest.fails = lambda path: Response(429, {}, b"Too many API requests.", 0, 0)
    with pytest.raises(Unanswered):
        await bench.auditor.once()
    assert bench.counts == (0, 0, 0)
    bench.rest.fails = None
    await bench.auditor.look(market)
    assert bench.counts[1:] == (1, 0)


async def test_a_market_that_is_gone_stops_nothing(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC)
    gone = {"error": {"name": 404, "message": "Code not found"}}
    upbit.rest.fails = lambda path: upbit.rest._answer(gone, 404)
    await upbit.auditor.once()
    assert upbit.counts == (0, 0, 0)


async def test_healing_goes_first_but_not_for_ever(upbit: Audited, clock: FakeClock) -> None:
    await upbit.begin(BTC)
    await upbit.run(20, [BTC])  # something to look at from the first moment
    async with running(upbit.auditor.run()):
        await upbit.run(30, [BTC])
        await upbit.writer.run(lambda connection: None)
        busy = [upbit.backfill.busy]  # it has not looked yet
        assert upbit.rest.asked == []
        await upbit.run(20, [BTC])
        await upbit.writer.run(lambda connection: None)
        assert len(upbit.rest.asked) == 1, "a look a minute all the same"
        for _ in range(2):
            await upbit.backfill.once()
            busy.append(upbit.backfill.busy)
        assert busy == [True, True, False]
        asked = len(upbit.rest.asked)
        await upbit.run(70, [BTC])
        await upbit.writer.run(lambda connection: None)
        assert len(upbit.rest.asked) > asked


@settings(max_examples=4)
@given(st.lists(st.tuples(st.integers(0, 110), st.booleans(), st.sampled_from([(), (100,), (400,)])), max_size=4))
def test_whatever_was_withheld_is_found_and_becomes_the_truth(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[int, bool, tuple[int, ...]]]
) -> None:
    async def scene(exchange: str) -> None:
        path = tmp_path_factory.mktemp("audit") / "radar.db"
        bench = Audited(path, FakeClock(), exchange)
        market = market_of(bench)
        lost = {at_s: heard_at for at_s, _, heard_at in drawn}
        with bench.writer:
            await healed_start(bench, market)
            for at_s in range(111):
                await bench.run(1, [market], heard_at=lost.get(at_s, (100, 400)))
            await bench.settle(market, seconds=85)
            await bench.auditor.look(market)
            await bench.settle(market)
            await bench.auditor.look(market)
            assert bench.wrong(market, 1, 200) == []
            assert bench.wrong_minutes() == []
            assert bench.counts[2] == 0
            assert (bench.counts[1] > 0) == bool(lost)

    asyncio.run(scene("upbit"))
    asyncio.run(scene("bithumb"))
