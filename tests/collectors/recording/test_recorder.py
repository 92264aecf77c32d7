"""What feeds tell the recorder: what is heard, what is lost and live again, and what a step of our clock changes.

Beside this: `test_recorder_markets.py` (which markets are expected), `test_recorder_doubts.py` (what is not believed),
`test_recorder_runs.py` (one run after another, and a writer that refuses).
"""

import msgspec
import pytest

from collectors.events import GapCause, Trade
from ops.process.lifetimes import running
from tests.collectors.recording.recorder_bench import Bench
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, rows, together, trade


async def test_time_before_the_first_coverage_is_a_gap_and_seconds_after_it_are_stored(bench: Bench) -> None:
    await bench.begin(BTC)
    async with running(bench.recorder.run()):
        await bench.clock.advance(0.3)
        bench.go_live(BTC)
        bench.hear(1.0)  # before coverage: belongs to the gap
        await bench.clock.advance(1.0)
        bench.hear(2.0)
        await bench.clock.advance(6.0)
    await bench.stored()
    assert bench.gaps() == [("KRW-BTC", 0, 1_000, "start")]
    assert bench.seconds() == [("KRW-BTC", 1, 2.0, 1)]


async def test_a_lost_shard_is_one_gap_for_each_of_its_markets_until_it_is_live_again(bench: Bench) -> None:
    await bench.begin(BTC, ETH, SOL)
    bench.go_live(BTC, ETH, SOL)
    await bench.clock.advance(10.2)
    bench.hear(market=BTC)
    await bench.clock.advance(5)
    bench.recorder.lost([BTC, ETH], START_MS + 10_200, GapCause.DISCONNECT)
    bench.recorder.lost([BTC, ETH], START_MS + 11_000, GapCause.NEVER_LIVE)  # known already
    await bench.clock.advance(5)
    bench.go_live(BTC)
    await bench.stored()
    assert bench.gaps()[3:] == [
        ("KRW-BTC", 9_000, 21_000, "disconnect"),
        ("KRW-ETH", 9_000, None, "disconnect"),
    ]
    assert bench.recorder.reading("upbit").open_gaps == 1
    assert bench.recorder.reading("upbit").live == 1


async def test_what_a_standing_connection_missed_is_a_gap_that_is_over_and_opens_no_other(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC)
    await bench.clock.advance(10.2)
    bench.hear(market=BTC)
    bench.recorder.missed([BTC, ETH], START_MS + 6_000, START_MS + 8_000)
    await bench.stored()
    assert bench.gaps()[-1] == ("KRW-BTC", 5_000, 9_000, "stale")
    assert bench.recorder.reading("upbit").open_gaps == 1, "the one that was never live"


async def test_a_snapshot_of_a_trade_that_was_published_and_never_came_is_a_gap_up_to_now(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    await bench.clock.advance(10)
    bench.hear(market=BTC)
    await bench.clock.advance(20)
    bench.hear(market=ETH)
    for at_ms, market in ((15_000, BTC), (29_000, ETH)):  # fifteen seconds old, and one that is still on its way
        bench.recorder.trade(msgspec.structs.replace(trade(at_ms, market=market, received_ms=30_000), snapshot=True))
    await bench.stored()
    assert bench.gaps()[2:] == [("KRW-BTC", 9_000, 31_000, "stale")]
    assert bench.recorder.reading("upbit").live == 2


async def test_being_told_twice_that_a_market_is_live_costs_no_second(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(2)
    bench.hear(5.0)
    bench.go_live(BTC)
    bench.recorder.close()
    await bench.writer.run(lambda connection: None)
    assert bench.seconds() == [("KRW-BTC", 1, 5.0, 1)]


async def test_a_feed_may_only_speak_of_markets_that_are_expected(bench: Bench) -> None:
    await bench.begin(BTC)
    with pytest.raises(ValueError, match="KRW-ETH was never expected"):
        bench.go_live(ETH)


async def test_a_watched_market_tells_its_next_trade_once_even_before_coverage(bench: Bench) -> None:
    told: list[Trade] = []
    await bench.begin(BTC)
    bench.recorder.watch(BTC, told.append)
    heard = bench.hear()
    bench.hear()
    assert told == [heard]
    await bench.stored()
    assert rows(bench.path, "SELECT trading_since_ms FROM markets") == [(heard.traded_ms,)]


async def test_nothing_hurries_for_a_market_that_is_watched_no_longer(bench: Bench) -> None:
    told: list[Trade] = []
    await bench.begin(BTC)
    bench.recorder.watch(BTC, told.append)
    before = bench.recorder.hurried
    bench.recorder.unwatch(BTC)
    bench.recorder.unwatch(ETH)
    bench.hear()
    assert (before, bench.recorder.hurried) == (True, False)
    assert told == []


async def test_what_was_heard_can_be_counted_by_market(bench: Bench) -> None:
    await bench.begin(BTC, ETH, SOL)
    bench.go_live(BTC, ETH, SOL)
    await bench.clock.advance(2)
    for market in (BTC, BTC, SOL):
        bench.hear(market=market, age_ms=10 if market is SOL else 20 + len(market.base))
    bench.recorder.trade(trade(1_990, market=BTC))
    bench.recorder.close()
    assert {market: n for market, n in bench.recorder.trades_by_market().items() if n} == {BTC: 2, SOL: 1}
    assert bench.recorder.reading("bithumb").last_trade_ms == START_MS + 2_000


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
async def test_a_step_of_our_clock_costs_no_second(bench: Bench, step_ms: int) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    exchange_ms = 0
    async with running(bench.recorder.run()):
        for second in range(30):
            await bench.clock.advance(1)
            exchange_ms += 1_000
            if second == 15:
                bench.clock.step_wall(step_ms)
                bench.recorder.flush()
            received_ms = bench.now()
            bench.recorder.trade(trade(exchange_ms - 50, float(second + 1), received_ms=received_ms))
            assert bench.recorder.exchange_ms("upbit") == START_MS + exchange_ms
        bench.recorder.close()
    await bench.writer.run(lambda connection: None)
    assert [second for _, second, _, _ in bench.seconds()] == list(range(1, 30))


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
@pytest.mark.parametrize("looked_at", [True, False])
async def test_trades_on_both_sides_of_a_step_of_our_clock_are_all_believed(
    bench: Bench, step_ms: int, looked_at: bool
) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(2.5)
    theirs_ms = bench.now()
    await bench.stored()
    bench.recorder.trades(together(trade(theirs_ms - 50, 1.0, market=BTC, received_ms=theirs_ms)))
    bench.clock.step_wall(step_ms)
    heard = [trade(theirs_ms - 40 + n, 2.0 + n, market=BTC, received_ms=bench.now()) for n in range(3)]
    bench.recorder.trades(together(*heard[:2]))
    bench.recorder.trades(together(*heard[2:]))
    if looked_at:
        assert bench.recorder.reading("upbit").rejected == 0
    await bench.clock.advance(0.5)
    bench.recorder.flush()
    await bench.clock.advance(6)
    await bench.stored()
    assert bench.recorder.reading("upbit").rejected == 0
    assert bench.seconds() == [("KRW-BTC", 2, 4.0, 4)]
    assert bench.gaps() == [("KRW-BTC", 0, 1_000, "start")]


async def test_a_stop_right_after_a_step_of_our_clock_begins_its_gap_where_we_heard_last(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(12.5)
    bench.hear()
    await bench.stored()
    bench.clock.step_wall(3_600_000)
    bench.recorder.close()
    await bench.writer.run(lambda connection: None)
    assert bench.gaps()[-1] == ("KRW-BTC", 11_000, None, "stop")
