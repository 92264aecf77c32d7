"""The bucket against a fold by hand: any order, repeats, late trades, clocks that disagree, trades beyond belief."""

import math
from collections.abc import Iterator

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors import open_seconds, second_bucket
from collectors.events import Candle, Exchange, Market, Trade
from collectors.open_seconds import JUMP_BELIEVED_AFTER
from collectors.second_bucket import Disbelief, Rejection, SecondBucket
from collectors.second_part import by_arrival, by_id, fold
from config.settings import Recording
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, by_hand, same, together, trade

SETTINGS = Recording()


def covered(*markets: Market, from_ms: int = START_MS) -> SecondBucket:
    bucket = SecondBucket(markets[0].exchange, SETTINGS)
    for market in markets:
        bucket.cover(market, from_ms)
    return bucket


def closed(bucket: SecondBucket, at_ms: int) -> list[tuple[int, float]]:
    """(second, close) of what comes out `at_ms` after START_MS."""
    return [((candle.open_ms - START_MS) // 1000, candle.close) for candle in bucket.flush(START_MS + at_ms)]


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


def test_nothing_is_known_closed_before_the_first_trade() -> None:
    bucket = covered(BTC)
    bucket.flush(START_MS + 60_000)
    assert bucket.closed_before_ms == 0
    bucket.add(trade(60_000))
    bucket.flush(START_MS + 60_050)
    assert bucket.closed_before_ms == START_MS + 57_000


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_a_step_of_our_clock_changes_no_second(step_ms: int) -> None:
    bucket = covered(BTC)
    bucket.add(trade(500, 5.0))
    closed(bucket, 4_200)
    bucket.host_stepped(step_ms, START_MS + 5_000 + step_ms)
    assert bucket.add(trade(5_500, 6.0, received_ms=5_550 + step_ms)) is None
    assert closed(bucket, 6_000 + step_ms) == []
    assert closed(bucket, 9_600 + step_ms) == [(5, 6.0)]


def test_a_step_that_repairs_our_clock_lets_trades_in_again() -> None:
    bucket = covered(BTC)
    behind_ms = -3_600_000
    rejection = bucket.add(trade(0, received_ms=behind_ms))
    assert rejection is not None
    assert rejection.reason is Disbelief.FUTURE
    bucket.host_stepped(-behind_ms, START_MS + 1_000)
    assert bucket.add(trade(1_000, 5.0)) is None


@pytest.mark.parametrize(
    ("live_at_ms", "from_ms"), [(0, 1_000), (499, 1_000), (500, 1_000), (501, 2_000), (1_000, 2_000)]
)
def test_coverage_begins_with_a_whole_second_after_the_proof(live_at_ms: int, from_ms: int) -> None:
    assert covered(BTC).covered_after(START_MS + live_at_ms) - START_MS == from_ms


def test_coverage_and_loss_allow_for_stamps_that_run_ahead_or_come_late() -> None:
    ahead = covered(BTC)
    ahead.add(trade(10_000, received_ms=7_000))  # their clock is 3 s ahead of ours
    ahead.flush(START_MS + 7_100)
    assert ahead.covered_after(START_MS + 8_000) - START_MS == 12_000
    slow = covered(BTC)
    slow.add(trade(7_000, received_ms=10_000))  # or the way takes 3 s
    slow.flush(START_MS + 10_100)
    assert slow.missed_after(START_MS + 10_000, [BTC]) - START_MS == 6_000
    assert slow.covered_after(START_MS + 10_000) - START_MS == 11_000


def test_a_way_that_has_just_become_slow_shows_in_its_newest_trade() -> None:
    bucket = covered(BTC)
    bucket.add(trade(7_000))
    bucket.flush(START_MS + 7_100)
    bucket.add(trade(7_500, received_ms=11_000))
    assert bucket.missed_after(START_MS + 11_000, [BTC]) - START_MS == 7_000


def test_a_quiet_connection_is_not_taken_for_a_slow_one() -> None:
    bucket = covered(BTC)
    bucket.add(trade(1_000))
    bucket.flush(START_MS + 1_100)
    missed_ms = bucket.missed_after(START_MS + 600_000, [BTC]) - START_MS
    assert 590_000 < missed_ms < 600_000


# --- whatever order, however often ----------------------------------------------------------------------------------

MARKETS = [BTC, ETH]
SPAN_MS = 20_000


@st.composite
def ticks(draw: st.DrawFn) -> list[Trade]:
    """Trades of two markets within 20 s, ids unique in their market, as an exchange would stamp them."""
    times = draw(st.lists(st.tuples(st.integers(0, SPAN_MS - 1), st.sampled_from(MARKETS)), max_size=40))
    prices = st.floats(50, 200, allow_nan=False)
    volumes = st.floats(1e-8, 1e3, allow_nan=False)
    return [
        trade(at_ms, draw(prices), draw(volumes), trade_id=at_ms * 10_000 + n, market=market)
        for n, (at_ms, market) in enumerate(times)
    ]


@given(ticks(), st.data())
def test_the_result_does_not_depend_on_order_repeats_or_when_it_is_flushed(
    trades: list[Trade], data: st.DataObject
) -> None:
    arrivals = data.draw(st.permutations(trades + trades[: len(trades) // 3]))
    bucket = covered(*MARKETS)
    out: dict[tuple[Market, int], Candle] = {}
    for n, each in enumerate(arrivals):
        assert bucket.add(each) is None
        if data.draw(st.booleans()):
            out |= {(candle.market, candle.open_ms): candle for candle in bucket.flush(START_MS + SPAN_MS + n * 200)}
    out |= {(candle.market, candle.open_ms): candle for candle in bucket.flush_all()}
    wanted = by_hand(trades, 1_000)
    assert len(out) == len(wanted)
    assert all(same(out[each.market, each.open_ms], each) for each in wanted)


@pytest.fixture
def soon_folded() -> Iterator[None]:
    """Seconds of which everything is folded but the last trade, as often as trades come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second_bucket, "LOOSE", 1)
        patch.setattr(open_seconds, "MANY", 1)
        yield


@pytest.mark.usefixtures("soon_folded")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ticks(), st.data())
def test_nor_on_how_many_come_at_once_or_what_is_folded_before_its_second_ends(
    trades: list[Trade], data: st.DataObject
) -> None:
    arrivals = data.draw(st.permutations(trades + trades[: len(trades) // 3]))
    bucket = covered(*MARKETS)
    out: dict[tuple[Market, int], Candle] = {}
    while arrivals:
        count = data.draw(st.integers(1, 12))
        some, arrivals = arrivals[:count], arrivals[count:]
        if count == 1:
            assert bucket.add(replace(some[0], snapshot=data.draw(st.booleans()))) is None
        else:
            assert bucket.add_all(together(*some)) == []
        if data.draw(st.booleans()):
            out |= {(candle.market, candle.open_ms): candle for candle in bucket.flush(START_MS + SPAN_MS)}
    out |= {(candle.market, candle.open_ms): candle for candle in bucket.flush_all()}
    wanted = by_hand(trades, 1_000)
    assert len(out) == len(wanted)
    assert all(same(out[each.market, each.open_ms], each) for each in wanted)
    assert sum(bucket.trades_by_market().values()) == len(trades)


@pytest.mark.usefixtures("soon_folded")
@pytest.mark.parametrize(
    ("healed", "candle", "doubtful"),
    [
        ([1, 2, 3, 4], (11.0, 14.0, 4), False),  # with all that came
        ([5], (11.0, 15.0, 5), False),  # with none of it
        ([4, 5], (14.0, 15.0, 2), True),  # with a part of it, which can no longer be told apart
    ],
)
def test_a_second_that_is_healed_while_it_is_folded(
    healed: list[int], candle: tuple[float, float, int], doubtful: bool
) -> None:
    bucket = covered(BTC)
    made = {n: trade(100 * n, 10.0 + n, trade_id=n) for n in range(1, 6)}
    bucket.add_all(together(*(made[n] for n in (1, 2, 3, 4))))
    bucket.heal(BTC, fold(BTC, [made[n] for n in healed], by_id), healed)
    [found] = bucket.flush(START_MS + 60_000)
    assert bucket.doubtful() == ([(BTC, START_MS)] if doubtful else [])
    assert (found.open, found.close, found.trades) == candle


@pytest.mark.usefixtures("soon_folded")
def test_a_snapshot_keeps_only_its_own_second_from_being_folded() -> None:
    bucket = covered(BTC)
    bucket.add(replace(trade(100), snapshot=True))
    for at_s in range(5):  # one is always open
        bucket.add_all(together(*(trade(at_s * 1_000 + n, trade_id=at_s * 10 + n) for n in range(1, 5))))
        bucket.flush(START_MS + at_s * 1_000)
    for at_s in (0, 4):  # what is folded can't be told apart
        bucket.heal(BTC, fold(BTC, [trade(at_s * 1_000 + 1)], by_id), [at_s * 10 + 1])
    bucket.add(trade(100, trade_id=9))
    bucket.flush_all()
    assert bucket.doubtful() == [(BTC, START_MS + 4_000)]


@pytest.mark.usefixtures("soon_folded")
def test_a_folded_second_is_done_with_repeats_and_forgotten_once_it_is_sealed() -> None:
    bucket = covered(BTC)
    made = [trade(100 * n, 10.0 + n, trade_id=n) for n in range(1, 5)]
    bucket.add_all(together(*made[:3]))
    bucket.add_all(together(made[0], made[1]))
    bucket.add(replace(made[2], snapshot=True))
    [candle] = bucket.flush(START_MS + 60_000)
    assert (candle.open, candle.close, candle.trades) == (11.0, 13.0, 3)
    late = [replace(each, traded_ms=each.traded_ms + 1_000) for each in made]
    bucket.add_all(together(*late))
    bucket.heal(BTC, fold(BTC, late, by_id), None)
    assert bucket.flush(START_MS + 60_000) == []
    bucket.heal(BTC, fold(BTC, late[:1], by_id), [1])
    bucket.add(late[1])
    [candle] = bucket.flush(START_MS + 60_000)
    assert candle.trades == 2


@given(st.lists(st.tuples(st.integers(0, 3_000), st.floats(50, 200)), max_size=30))
def test_bithumb_keeps_order_of_arrival_within_a_millisecond(arrivals: list[tuple[int, float]]) -> None:
    trades = [trade(at_ms, price, trade_id=n, market=SOL) for n, (at_ms, price) in enumerate(arrivals)]
    bucket = covered(SOL)
    out: dict[int, Candle] = {}
    for n, each in enumerate(trades):
        bucket.add(each)
        out |= {candle.open_ms: candle for candle in bucket.flush(START_MS + n * 500)}
    out |= {candle.open_ms: candle for candle in bucket.flush_all()}
    wanted = by_hand(trades, 1_000, "bithumb")
    assert len(out) == len(wanted)
    assert all(same(out[each.open_ms], each) for each in wanted)


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


def doubted(exchange: Exchange, *trades: Trade) -> list[tuple[Market, int]]:
    """What is doubtful of the first second once these trades, in order of arrival, have closed it."""
    bucket = SecondBucket(exchange, Recording())
    bucket.cover(trades[0].market, START_MS)
    for each in trades:
        assert bucket.add(each) is None
    bucket.flush(START_MS + 60_000)
    return bucket.doubtful()


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


def test_ids_that_contradict_the_arrival_all_the_time_are_no_order_and_say_nothing() -> None:
    bucket = SecondBucket("bithumb", Recording())
    bucket.cover(SOL, START_MS)
    told = []
    for n in range(300):
        bucket.add(trade(n * 1_000, 10.0, trade_id=2 * n + 1, market=SOL))
        bucket.add(trade(n * 1_000, 11.0, trade_id=2 * n, market=SOL))
        bucket.flush(START_MS + n * 1_000 + 60_000)
        told.append(len(bucket.doubtful()))
    assert sum(told[:50]) > 40
    assert sum(told[100:]) == 0


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


def test_a_healed_second_takes_only_trades_that_are_not_in_it() -> None:
    bucket = SecondBucket("upbit", Recording())
    bucket.cover(BTC, START_MS)
    known = [trade(100, 10.0, trade_id=1), trade(200, 12.0, trade_id=2)]
    bucket.heal(BTC, fold(BTC, known, by_id), [1, 2])
    bucket.add(known[1])
    assert bucket.flush(START_MS + 60_000) == []
    bucket.add(trade(150, 9.0, trade_id=3))
    [candle] = bucket.flush(START_MS + 60_000)
    assert (candle.open, candle.low, candle.close, candle.trades) == (10.0, 9.0, 12.0, 3)


def test_a_healed_second_whose_ids_are_of_another_kind_takes_nothing_more() -> None:
    bucket = SecondBucket("bithumb", Recording())
    bucket.cover(SOL, START_MS)
    bucket.heal(SOL, fold(SOL, [trade(100, 10.0, market=SOL)], by_arrival), None)
    assert bucket.add(trade(150, 9.0, trade_id=3, market=SOL)) is None
    assert bucket.flush(START_MS + 60_000) == []


def test_trades_after_a_step_of_our_clock_join_the_second_that_ran_then() -> None:
    bucket = covered(BTC)
    bucket.add_all(together(trade(100, 10.0), trade(200, 11.0)))
    bucket.host_stepped(60_000, START_MS + 60_300)
    bucket.add_all(together(trade(300, 12.0, received_ms=60_350)))
    (candle,) = bucket.flush_all()
    assert (candle.open, candle.close, candle.trades) == (10.0, 12.0, 3)


def test_a_snapshot_among_trades_that_came_together_stands_behind_its_own_trade() -> None:
    bucket = covered(SOL)
    bucket.add(replace(trade(100, 9.0, market=SOL), snapshot=True))
    bucket.add_all(together(trade(100, 10.0, market=SOL), trade(100, 11.0, trade_id=7, market=SOL)))
    (candle,) = bucket.flush_all()
    assert (candle.open, candle.close, candle.trades) == (10.0, 11.0, 2)
