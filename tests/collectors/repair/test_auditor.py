"""A recorder that was not told of a trade, and the exchange's own candles that tell of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.events import Candle, GapCause, Market
from collectors.net.http import Response
from collectors.recording.aggregator import Aggregator
from collectors.repair import told_seconds as told_seconds_module
from collectors.repair.auditor import Auditor
from collectors.repair.history import History, Unanswered
from config.settings import Retention
from ops.process.lifetimes import running
from store.tables import candles
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.healing_bench import Bench, numbered
from tests.fakes.recording import BTC, ETH, SOL, rows

ALL = {"upbit": 122 + 2, "bithumb": 2}  # what is settled, final and rolled once `settle` is over


class Audited(Bench):
    """A bench with the minute timer and the audit on top."""

    def __init__(self, path: Path, clock: FakeClock, exchange: Any = "upbit", seconds_s: int = 600) -> None:
        super().__init__(path, clock, exchange, seconds_s)
        self.aggregator = Aggregator(self.writer, self.recorder, clock, Retention(seconds_s=seconds_s))
        history = History(exchange, self.rest, clock)
        self.auditor = Auditor(history, self.writer, self.recorder, self.backfill, clock, lambda: self.young)

    async def settle(self, *markets: Market, seconds: int = 75) -> None:
        """Until the minute that runs now is rolled, and final at the exchange."""
        await self.run(seconds, markets)
        await self.aggregator.roll()

    @property
    def counts(self) -> tuple[int, int, int]:
        tally = self.auditor.tally
        assert tally.compared == tally.equal + tally.repaired + tally.unexplained
        return tally.equal, tally.repaired, tally.unexplained

    def wrong_minutes(self) -> list[tuple[object, ...]]:
        """Stored minutes that are not the sum of the trades that were made."""
        found = rows(self.path, "SELECT open_ms, volume, trades, covered_s FROM candles_1m WHERE open_ms > ?", START_MS)
        made = self.rest.trades
        return [
            row for row in found if row[2] != sum(t.traded_ms // 60_000 == int(str(row[0])) // 60_000 for t in made)
        ]


@pytest.fixture(params=["upbit", "bithumb"])
async def bench(tmp_path: Path, clock: FakeClock, request: pytest.FixtureRequest) -> AsyncIterator[Audited]:
    bench = Audited(tmp_path / "radar.db", clock, request.param)
    with bench.writer:
        yield bench


@pytest.fixture
async def upbit(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Audited]:
    bench = Audited(tmp_path / "radar.db", clock)
    with bench.writer:
        yield bench


def market_of(bench: Audited) -> Market:
    return BTC if bench.exchange == "upbit" else SOL


async def healed_start(bench: Audited, market: Market) -> None:
    """Recording for a minute, and the gap of the start healed."""
    await bench.begin(market)
    await bench.run(60, [market])
    await bench.backfill.once()
    await bench.run(1, [market])
    await bench.backfill.once()


async def test_a_record_without_fault_is_equal_second_by_second_and_minute_by_minute(bench: Audited) -> None:
    market = market_of(bench)
    await healed_start(bench, market)
    await bench.settle(market)
    await bench.auditor.once()
    equal, repaired, unexplained = bench.counts
    assert equal == ALL[bench.exchange]
    assert (repaired, unexplained) == (0, 0)


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
    true = bench.rest.get

    async def get(service: str, path: str, **more: Any) -> Response:
        answer = await true(service, path, **more)
        if "/candles/" not in path:
            return answer
        page = json.loads(answer.body)
        page[5 % len(page)]["candle_acc_trade_volume"] *= 2
        return bench.rest._answer(page)

    bench.rest.get = get  # type: ignore[method-assign]  # an exchange whose candles are off
    await bench.auditor.once()
    equal, repaired, unexplained = bench.counts
    assert equal == ALL[bench.exchange]
    assert (repaired, unexplained) == (0, 0)
    assert bench.wrong(market, 1, 130) == []


async def looked_at(bench: Audited, market: Market, times: int) -> None:
    """So many looks a minute apart, each at what is settled by then."""
    for _ in range(times):
        assert bench.counts[1:] == (0, 0)
        assert all(row[0] != "differed" for row in bench.gaps())
        await bench.settle(market, seconds=60)
        await bench.auditor.look(market)


async def with_a_trade_too_many(bench: Audited, market: Market) -> None:
    """Recorded without fault; then the exchange no longer knows a trade of second 70."""
    await healed_start(bench, market)
    await bench.settle(market)
    lost = next(each for each in bench.rest.trades if each.traded_ms // 1_000 == START_MS // 1_000 + 70)
    bench.rest.trades.remove(lost)


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
    true = bench.rest.get

    async def get(service: str, path: str, **more: Any) -> Response:
        answer = await true(service, path, **more)
        rows = json.loads(answer.body)
        for row in rows if "/candles/" in path else ():
            if row["candle_date_time_utc"] in ("2027-01-15T08:01:10", "2027-01-15T08:01:00"):
                row["candle_acc_trade_volume"] /= 3
        return bench.rest._answer(rows)

    bench.rest.get = get  # type: ignore[method-assign]  # a candle that its own trades do not make
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


# --- what the exchange's socket tells ---------------------------------------------------------------------------------


def told_seconds(bench: Audited, from_s: int, to_s: int) -> list[Candle]:
    """The seconds of [from_s, to_s) as the exchange would tell them: no count of trades."""
    made = [each for each in bench.rest.trades if from_s <= (each.traded_ms - START_MS) // 1_000 < to_s]
    return [replace(each, trades=0) for each in numbered(made, 1_000)]


async def test_told_seconds_that_are_ours_are_counted_and_nothing_is_asked(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    upbit.rest.asked.clear()
    assert upbit.auditor.told(told_seconds(upbit, 61, 81)) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (20, 0, 0)
    assert upbit.rest.asked == []


async def test_a_withheld_trade_that_the_socket_tells_is_mended_as_soon_as_pages_show_it(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.run(1, [BTC], heard=False)
    await upbit.run(8, [BTC])
    upbit.rest.asked.clear()
    assert upbit.auditor.told(told_seconds(upbit, 61, 65)) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.rest.asked == [], "no page shows it yet"
    await upbit.run(10, [BTC])
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (2, 2, 0)
    assert upbit.wrong(BTC, 61, 65) == []
    assert [row[:4] for row in upbit.gaps()[-1:]] == [("differed", "healed", 61, 63)]
    assert {path for path, _ in upbit.rest.asked} == {"/v1/trades/ticks"}
    upbit.rest.asked.clear()
    await upbit.auditor.look_into_suspects()
    assert upbit.rest.asked == [], "it was looked into"


async def test_a_telling_without_the_last_trades_says_nothing(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    [whole] = told_seconds(upbit, 65, 66)
    short = replace(whole, volume=whole.volume - 1.5, quote_volume=whole.quote_volume - 1.5 * whole.close)
    upbit.rest.asked.clear()
    assert upbit.auditor.told([short]) == 1
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 0, 0)
    assert upbit.rest.asked == []


async def test_a_part_of_ours_that_opens_otherwise_may_hold_a_trade_that_we_lack(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.settle(BTC, seconds=30)
    [whole] = told_seconds(upbit, 61, 62)
    ours = upbit.recorder.second(BTC, whole.open_ms)
    assert ours is not None
    assert ours.open != whole.open
    without_the_last = replace(whole, high=ours.high, low=ours.low, volume=1.6, quote_volume=160.0)
    assert upbit.auditor.told([without_the_last]) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 1, 0)
    assert upbit.wrong(BTC, 61, 62) == []


async def test_markets_that_are_not_heard_keep_no_other_from_being_looked_into(
    upbit: Audited, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(told_seconds_module, "MOST_SUSPECTS", 10)
    await upbit.begin(BTC, ETH)
    await upbit.run(60, [BTC, ETH])
    upbit.recorder.lost([BTC], upbit.clock.now_ms(), GapCause.DISCONNECT)
    await upbit.run(20, [BTC], heard=False)
    await upbit.run(1, [ETH], heard_at=(400,))
    await upbit.run(20, [ETH])
    for market in (BTC, ETH):
        made = [each for each in upbit.rest.trades if each.market == market]
        upbit.auditor.told([each for each in numbered(made, 1_000) if each.open_ms >= START_MS + 60_000])
    await upbit.auditor.look_into_suspects()
    assert upbit.counts[1] == 1
    assert upbit.wrong(ETH, 61, 90) == []


async def test_a_second_whose_prices_alone_differ_is_held_against_its_trades(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    [whole] = told_seconds(upbit, 65, 66)
    upbit.rest.asked.clear()
    assert upbit.auditor.told([replace(whole, close=whole.close + 1)]) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (1, 0, 0), "ours stands, by its trades"
    assert [path for path, _ in upbit.rest.asked] == ["/v1/trades/ticks"]


async def test_a_told_second_that_a_gap_touches_is_left_to_healing(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    upbit.recorder.lost([BTC], upbit.clock.now_ms(), GapCause.DISCONNECT)
    await upbit.run(3, [BTC], heard=False)
    upbit.recorder.live([BTC], upbit.clock.now_ms())
    await upbit.run(20, [BTC])
    upbit.rest.asked.clear()
    upbit.auditor.told(told_seconds(upbit, 62, 64))
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 0, 0)
    assert upbit.rest.asked == []


async def test_suspects_that_nobody_can_be_asked_about_now_wait(upbit: Audited) -> None:
    await healed_start(upbit, BTC)
    await upbit.run(1, [BTC], heard_at=(400,))
    await upbit.settle(BTC, seconds=30)
    upbit.auditor.told(told_seconds(upbit, 61, 62))
    upbit.rest.fails = lambda path: Response(429, {}, b"Too many API requests.", 0, 0)
    with pytest.raises(Unanswered):
        await upbit.auditor.look_into_suspects()
    upbit.rest.fails = None
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 1, 0)
    assert upbit.wrong(BTC, 61, 62) == []


async def test_what_the_socket_told_and_a_look_at_once_are_not_three_witnesses(upbit: Audited) -> None:
    await with_a_trade_too_many(upbit, BTC)
    [whole] = told_seconds(upbit, 70, 71)
    assert upbit.auditor.told([replace(whole, high=whole.high + 1)]) == 0
    await upbit.auditor.look_into_suspects()
    await upbit.auditor.look(BTC)
    assert upbit.counts[1:] == (0, 0)
    assert upbit.auditor.told([replace(whole, high=whole.high + 1)]) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts[1:] == (0, 0), "told twice, it is no more in doubt"
    await looked_at(upbit, BTC, 2)
    assert upbit.counts[1:] == (1, 0)
    assert upbit.wrong(BTC, 1, 130) == []


async def test_a_market_whose_pages_always_fail_does_not_keep_the_audit_from_all_others(
    upbit: Audited, clock: FakeClock
) -> None:
    await upbit.begin(BTC, ETH)
    await upbit.run(90, [BTC, ETH])
    upbit.backfill.busy = False
    for whole in told_seconds(upbit, 62, 64):
        upbit.auditor.told([replace(whole, market=BTC, close=whole.close + 1)])
    true, failed = upbit.rest.get, []

    async def get(service: str, path: str, **more: Any) -> Response:
        if "KRW-BTC" in dict(more["params"]).values():
            failed.append(path)
            return upbit.rest._answer({}, 500)
        return await true(service, path, **more)

    upbit.rest.get = get  # type: ignore[method-assign]
    async with running(upbit.auditor.run()):
        for _ in range(240):
            await upbit.run(1, [BTC, ETH])
            await upbit.writer.run(lambda connection: None)
    assert failed.count("/v1/trades/ticks") == 3, "then it is left to the pages of candles"
    assert upbit.counts[0] > 60, "the other market is compared all the while"


async def test_a_told_second_from_before_the_market_was_expected_is_nobody_s_miss(upbit: Audited) -> None:
    """A first telling may be of the last second that traded, long before the daemon began."""
    await upbit.run(60, [BTC], heard=False)
    await healed_start(upbit, BTC)
    await upbit.settle(BTC, seconds=30)
    upbit.rest.asked.clear()
    assert upbit.auditor.told(told_seconds(upbit, 50, 51)) == 0
    await upbit.auditor.look_into_suspects()
    assert upbit.counts == (0, 0, 0)
    assert upbit.rest.asked == []
    assert all(row[0] != "differed" for row in upbit.gaps())
