"""Trades that are not believed, and seconds that are doubted although all of theirs were."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Candle, Exchange, Market, Trade
from collectors.recording.open_seconds import JUMP_BELIEVED_AFTER
from collectors.recording.second_bucket import Disbelief, SecondBucket
from config.settings import Recording
from tests.collectors.recording.buckets import SETTINGS, closed, covered
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, SOL, trade


def doubted(exchange: Exchange, *trades: Trade) -> list[tuple[Market, int]]:
    """What is doubtful of the first second once these trades, in order of arrival, have closed it."""
    bucket = SecondBucket(exchange, Recording())
    bucket.cover(trades[0].market, START_MS)
    for each in trades:
        assert bucket.add(each) is None
    bucket.flush(START_MS + 60_000)
    return bucket.doubtful()


@pytest.mark.parametrize(
    ("price", "volume", "reason"),
    [
        (0.0, 1.0, Disbelief.PRICE),
        (-5.0, 1.0, Disbelief.PRICE),
        (math.nan, 1.0, Disbelief.PRICE),
        (math.inf, 1.0, Disbelief.PRICE),
        (1e-12, 1.0, Disbelief.PRICE),
        (1e13, 1e-9, Disbelief.PRICE),
        (100.0, 0.0, Disbelief.VOLUME),
        (100.0, -1.0, Disbelief.VOLUME),
        (100.0, math.nan, Disbelief.VOLUME),
        (100.0, math.inf, Disbelief.VOLUME),
        (100.0, 1e30, Disbelief.VOLUME),
    ],
)
def test_values_that_cannot_be_are_refused(price: float, volume: float, reason: Disbelief) -> None:
    bucket = covered(BTC)
    bucket.add(trade(100, 100.0))
    rejection = bucket.add(trade(200, price, volume))
    assert rejection is not None
    assert rejection.reason is reason
    assert [candle.trades for candle in bucket.flush_all()] == [1]


@pytest.mark.parametrize(("ahead_ms", "believed"), [(5_000, True), (5_001, False), (600_000, False)])
def test_a_stamp_from_the_future_is_refused_beyond_its_bound(ahead_ms: int, believed: bool) -> None:
    bucket = covered(BTC)
    rejection = bucket.add(trade(ahead_ms, received_ms=0))
    assert (rejection is None) is believed


@pytest.mark.parametrize("covered", [True, False])
def test_a_stamp_from_the_future_is_refused_before_the_market_counts_too(covered: bool) -> None:
    bucket = SecondBucket("upbit", Recording())
    if covered:
        bucket.cover(BTC, START_MS + 2_000)
    rejection = bucket.add(trade(21_000, received_ms=1_000))
    assert rejection is not None
    assert rejection.reason is Disbelief.FUTURE
    assert bucket.add(trade(1_000, received_ms=1_050)) is None


def test_stamps_that_creep_ahead_never_widen_the_bound() -> None:
    bucket = covered(BTC)
    for step in range(1, 6):
        at_ms = step * 11_000
        accepted = bucket.add(trade(at_ms + 4_000 * step, received_ms=at_ms)) is None
        assert accepted is (4_000 * step <= SETTINGS.future_bound_ms)
        bucket.flush(START_MS + at_ms)


def test_a_listing_may_move_a_hundredfold() -> None:
    bucket = covered(BTC)
    for n, price in enumerate((1.0, 100.0, 9_000.0)):
        assert bucket.add(trade(n * 4_000, price)) is None
        closed(bucket, n * 4_000 + 100)


def test_a_thousandfold_jump_is_believed_only_when_trade_after_trade_says_so() -> None:
    bucket = covered(BTC)
    bucket.add(trade(0, 100.0))
    closed(bucket, 5_000)
    for n in range(JUMP_BELIEVED_AFTER):
        rejection = bucket.add(trade(6_000 + n, 200_000.0))
        assert rejection is not None
        assert rejection.reason is Disbelief.JUMP
    assert bucket.add(trade(6_100, 200_001.0)) is None
    assert bucket.add(trade(6_200, 200_002.0)) is None


def test_single_misprints_between_good_trades_are_never_believed() -> None:
    bucket = covered(BTC)
    for n in range(20):
        assert bucket.add(trade(n * 4_000, 100.0)) is None
        closed(bucket, n * 4_000 + 3_900)
        assert bucket.add(trade(n * 4_000 + 3_950, 200_000.0)) is not None


@given(
    st.lists(
        st.tuples(st.floats(), st.floats(), st.integers(-(10**15), 10**15), st.integers(-(2**70), 2**70)), max_size=30
    )
)
def test_whatever_the_wire_says_every_candle_is_sound(odd: list[tuple[float, float, int, int]]) -> None:
    bucket = covered(BTC)
    candles: list[Candle] = []
    for n, (price, volume, at_ms, trade_id) in enumerate(odd):
        bucket.add(trade(at_ms, price, volume, trade_id=trade_id, received_ms=n))
        candles += bucket.flush(START_MS + n)
    for candle in candles + bucket.flush_all():
        assert 0 < candle.low <= min(candle.open, candle.close) <= max(candle.open, candle.close) <= candle.high
        assert 0 < candle.volume < math.inf
        assert 0 < candle.quote_volume < math.inf
        assert candle.trades > 0
        assert START_MS <= candle.open_ms <= START_MS + 30 + SETTINGS.future_bound_ms


@pytest.mark.parametrize(
    ("ids_and_prices", "doubtful"),
    [
        ([(1, 10.0), (2, 11.0)], False),
        ([(2, 10.0), (1, 11.0)], True),
        ([(2, 10.0), (1, 10.0)], False),
    ],
)
def test_a_second_of_bithumb_whose_edge_came_in_another_order_than_its_ids_is_doubtful(
    ids_and_prices: list[tuple[int, float]], doubtful: bool
) -> None:
    trades = [trade(100, price, trade_id=n, market=SOL) for n, price in ids_and_prices]
    assert doubted("bithumb", *trades) == ([(SOL, START_MS)] if doubtful else [])
    assert doubted("upbit", *(trade(100, price, trade_id=n) for n, price in ids_and_prices)) == []


def test_a_late_trade_in_the_edge_millisecond_of_a_closed_second_makes_it_doubtful() -> None:
    bucket = SecondBucket("bithumb", Recording())
    bucket.cover(SOL, START_MS)
    bucket.add(trade(100, 10.0, trade_id=1, market=SOL))
    bucket.flush(START_MS + 60_000)
    assert bucket.doubtful() == []
    bucket.add(trade(100, 11.0, trade_id=2, market=SOL))
    bucket.flush(START_MS + 60_000)
    assert bucket.doubtful() == [(SOL, START_MS)]
    assert bucket.doubtful() == []


def test_a_minute_in_which_messages_come_shuffled_leaves_no_second_without_its_doubt() -> None:
    """Each second holds two prices in one millisecond; every other second they came swapped."""
    bucket = SecondBucket("bithumb", Recording())
    bucket.cover(SOL, START_MS)
    told = []
    for n in range(500):
        first, last = (2 * n, 2 * n + 1) if n % 2 else (2 * n + 1, 2 * n)
        bucket.add(trade(n * 1_000, 10.0, trade_id=first, market=SOL))
        bucket.add(trade(n * 1_000, 11.0, trade_id=last, market=SOL))
        bucket.flush(START_MS + (n + 20) * 1_000)
        told += bucket.doubtful()
    told += [each for _ in bucket.flush_all() for each in bucket.doubtful()]
    assert [(open_ms - START_MS) // 1_000 for _, open_ms in told] == list(range(0, 500, 2))


def test_ids_that_contradict_the_arrival_all_the_time_are_no_order_and_say_nothing() -> None:
    bucket = SecondBucket("bithumb", Recording())
    bucket.cover(SOL, START_MS)
    told = []
    for n in range(500):
        bucket.add(trade(n * 1_000, 10.0, trade_id=2 * n + 1, market=SOL))
        bucket.add(trade(n * 1_000, 11.0, trade_id=2 * n, market=SOL))
        bucket.flush(START_MS + n * 1_000 + 60_000)
        told.append(len(bucket.doubtful()))
    assert sum(told[:50]) > 40
    assert sum(told[300:]) == 0
