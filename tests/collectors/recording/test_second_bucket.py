"""When a second closes and what is in it, what comes late, and what a step of our clock changes.

Beside this: `test_second_bucket_belief.py` (trades beyond belief, seconds in doubt) and
`test_second_bucket_folding.py` (any order, folded early, healed).
"""

import math

import msgspec
import pytest
from msgspec.structs import replace

from collectors.events import Candle
from collectors.recording import open_seconds, second_bucket
from collectors.recording.second_bucket import Disbelief, Rejection
from tests.collectors.recording.buckets import SETTINGS, closed, covered
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, together, trade


def test_a_second_closes_when_its_markets_newest_trade_is_two_seconds_past_its_end() -> None:
    bucket = covered(BTC)
    bucket.add(trade(100, 5.0))
    bucket.add(trade(2_999, 6.0))
    assert closed(bucket, 3_000) == []
    bucket.add(trade(3_000, 7.0))
    assert closed(bucket, 3_010) == [(0, 5.0)]


def test_a_second_closes_after_three_seconds_of_silence() -> None:
    bucket = covered(BTC)
    bucket.add(trade(100, 5.0))
    assert closed(bucket, 4_049) == []  # its stamps arrive 50 ms later, so our clock counts from there
    assert closed(bucket, 4_050) == [(0, 5.0)]


@pytest.mark.parametrize("folded", [False, True])
def test_the_newest_stamp_of_a_closed_second_is_known_though_it_did_not_come_last(
    folded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if folded:
        monkeypatch.setattr(second_bucket, "LOOSE", 1)
        monkeypatch.setattr(open_seconds, "MANY", 1)
    bucket = covered(BTC)
    bucket.add_all(together(trade(100), trade(507), trade(503)))
    assert closed(bucket, 9_000) == [(0, 100.0)]
    assert bucket.newest_ms(BTC) == START_MS + 507  # a snapshot of that trade is no news


def test_a_busy_market_does_not_close_the_seconds_of_another() -> None:
    bucket = covered(BTC, ETH)
    bucket.add(trade(100, 5.0))
    bucket.add(trade(2_000, 7.0, market=ETH))
    bucket.add(trade(5_000, 8.0, market=ETH))
    assert closed(bucket, 3_100) == [(2, 7.0)]


def test_nothing_is_known_closed_before_the_first_trade() -> None:
    bucket = covered(BTC)
    bucket.flush(START_MS + 60_000)
    assert bucket.closed_before_ms == 0
    bucket.add(trade(60_000))
    bucket.flush(START_MS + 60_050)
    assert bucket.closed_before_ms == START_MS + 57_000


def test_prices_counts_and_sums_of_a_second() -> None:
    bucket = covered(BTC)
    for at_ms, price, volume in ((10, 10.0, 1.0), (20, 14.0, 0.5), (20, 9.0, 2.0), (990, 11.0, 0.25)):
        bucket.add(trade(at_ms, price, volume, trade_id=at_ms * 10 + int(price)))
    assert bucket.flush_all() == [Candle(BTC, START_MS, 10.0, 14.0, 9.0, 11.0, 3.75, 10 + 7 + 18 + 2.75, 4)]


def test_flush_all_empties_the_running_second_too() -> None:
    bucket = covered(BTC)
    bucket.add(trade(100))
    bucket.add(trade(1_100))
    assert [candle.open_ms - START_MS for candle in bucket.flush_all()] == [0, 1_000]
    assert bucket.flush_all() == []


def test_upbit_orders_trades_of_one_millisecond_by_id_and_bithumb_by_arrival() -> None:
    for market, opens, closes in ((BTC, 1.0, 3.0), (SOL, 3.0, 2.0)):
        bucket = covered(market)
        for trade_id in (3, 1, 2):
            bucket.add(trade(500, float(trade_id), trade_id=trade_id, market=market))
        (candle,) = bucket.flush_all()
        assert (candle.open, candle.close) == (opens, closes)


def test_a_snapshot_that_overtakes_its_own_trade_does_not_reorder_the_millisecond() -> None:
    bucket = covered(SOL)
    first, second = (trade(500, float(trade_id), trade_id=trade_id, market=SOL) for trade_id in (1, 2))
    bucket.add(msgspec.structs.replace(second, snapshot=True))
    bucket.add(first)
    bucket.add(second)
    (candle,) = bucket.flush_all()
    assert (candle.open, candle.close, candle.trades) == (1.0, 2.0, 2)


def test_a_snapshot_among_trades_that_came_together_stands_behind_its_own_trade() -> None:
    bucket = covered(SOL)
    bucket.add(replace(trade(100, 9.0, market=SOL), snapshot=True))
    bucket.add_all(together(trade(100, 10.0, market=SOL), trade(100, 11.0, trade_id=7, market=SOL)))
    (candle,) = bucket.flush_all()
    assert (candle.open, candle.close, candle.trades) == (10.0, 11.0, 2)


def test_a_late_trade_updates_a_closed_second() -> None:
    bucket = covered(BTC)
    bucket.add(trade(500, 5.0))
    bucket.add(trade(4_000, 6.0))
    assert closed(bucket, 4_100) == [(0, 5.0)]
    bucket.add(trade(700, 9.0, received_ms=4_200))
    (candle,) = bucket.flush(START_MS + 4_300)
    assert (candle.open, candle.high, candle.close, candle.trades) == (5.0, 9.0, 9.0, 2)


def test_a_late_trade_makes_a_second_that_was_quiet() -> None:
    bucket = covered(BTC)
    bucket.add(trade(4_000, 6.0))
    closed(bucket, 4_100)
    bucket.add(trade(500, 5.0, received_ms=4_200))
    assert closed(bucket, 4_300) == [(0, 5.0)]


def test_a_repeat_in_a_remembered_second_says_nothing() -> None:
    bucket = covered(BTC)
    bucket.add(trade(500, 5.0))
    bucket.add(trade(500, 5.0))
    bucket.add(trade(4_000, 6.0))
    (candle,) = bucket.flush(START_MS + 4_100)
    assert candle.trades == 1
    bucket.add(trade(500, 5.0, received_ms=4_200))
    assert closed(bucket, 4_300) == []


def test_a_trade_later_than_memory_is_refused() -> None:
    bucket = covered(BTC)
    late_s = SETTINGS.remember_s + 10
    bucket.add(trade(late_s * 1000))
    closed(bucket, late_s * 1000 + 100)
    forgotten, remembered = trade(9_999, received_ms=late_s * 1000), trade(10_000, received_ms=late_s * 1000)
    assert bucket.add(forgotten) == Rejection(Disbelief.TOO_LATE, forgotten)
    assert bucket.add(remembered) is None


@pytest.mark.parametrize("flushed", [True, False])
def test_a_very_late_trade_joins_a_second_that_was_recorded_before_the_coverage_began_anew(flushed: bool) -> None:
    bucket = covered(BTC)
    bucket.add(trade(500, 10.0, trade_id=1))
    if flushed:
        assert closed(bucket, 5_000) == [(0, 10.0)]
    bucket.uncover(BTC)
    bucket.cover(BTC, START_MS + 8_000)
    bucket.add(replace(trade(700, 12.0, trade_id=3, received_ms=8_500), snapshot=True))
    bucket.add_all(
        together(trade(600, 11.0, trade_id=2), trade(3_000, 9.0, trade_id=4), trade(8_400, 13.0, trade_id=5))
    )
    assert closed(bucket, 20_000) == [(0, 11.0), (8, 13.0)]


def test_trades_before_coverage_are_history_and_left_alone() -> None:
    bucket = covered(BTC, from_ms=START_MS + 1_000)
    assert bucket.add(trade(999, math.nan)) is None
    assert bucket.add(trade(1_000, 5.0)) is None
    assert [candle.open_ms - START_MS for candle in bucket.flush_all()] == [1_000]


def test_a_market_that_is_not_covered_is_not_counted() -> None:
    bucket = covered(BTC)
    assert bucket.add(trade(100, market=ETH)) is None
    bucket.add(trade(100))
    bucket.uncover(BTC)
    bucket.add(trade(200))
    assert [candle.trades for candle in bucket.flush_all()] == [1]


def test_a_way_that_has_just_become_slow_shows_in_the_newest_trade_of_its_markets() -> None:
    bucket = covered(BTC)
    bucket.add(trade(7_000))
    bucket.flush(START_MS + 7_100)
    bucket.add(trade(7_500, received_ms=11_000))
    assert bucket.missed_after(START_MS + 11_000, [BTC]) - START_MS == 7_000


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_a_step_of_our_clock_changes_no_second(step_ms: int) -> None:
    bucket = covered(BTC)
    bucket.add(trade(500, 5.0))
    closed(bucket, 4_200)
    bucket.clock.host_stepped(step_ms, START_MS + 5_000 + step_ms)
    assert bucket.add(trade(5_500, 6.0, received_ms=5_550 + step_ms)) is None
    assert closed(bucket, 6_000 + step_ms) == []
    assert closed(bucket, 9_600 + step_ms) == [(5, 6.0)]


def test_a_step_that_repairs_our_clock_lets_trades_in_again() -> None:
    bucket = covered(BTC)
    behind_ms = -3_600_000
    rejection = bucket.add(trade(0, received_ms=behind_ms))
    assert rejection is not None
    assert rejection.reason is Disbelief.FUTURE
    bucket.clock.host_stepped(-behind_ms, START_MS + 1_000)
    assert bucket.add(trade(1_000, 5.0)) is None


def test_trades_after_a_step_of_our_clock_join_the_second_that_ran_then() -> None:
    bucket = covered(BTC)
    bucket.add_all(together(trade(100, 10.0), trade(200, 11.0)))
    bucket.clock.host_stepped(60_000, START_MS + 60_300)
    bucket.add_all(together(trade(300, 12.0, received_ms=60_350)))
    (candle,) = bucket.flush_all()
    assert (candle.open, candle.close, candle.trades) == (10.0, 12.0, 3)
