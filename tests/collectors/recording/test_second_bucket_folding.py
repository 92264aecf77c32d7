"""The bucket against a fold by hand: any order, repeats, folded before the second ends, healed meanwhile."""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.events import Candle, Market, Trade
from collectors.recording import open_seconds, second_bucket
from collectors.recording.second_bucket import SecondBucket
from collectors.recording.second_part import Key, Print, by_arrival, by_id, fold, fold_and_pack, pack, unpack
from config.settings import Recording
from tests.collectors.recording.buckets import covered
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, by_hand, same, together, trade

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


@pytest.fixture
def soon_folded() -> Iterator[None]:
    """Seconds of which everything is folded but the last trade, as often as trades come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(second_bucket, "LOOSE", 1)
        patch.setattr(open_seconds, "MANY", 1)
        yield


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


@pytest.mark.parametrize("order", [by_id, by_arrival])
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from([1.0, 2.0, 3.0]), st.integers(0, 2**63 - 1)),
        min_size=1,
        unique_by=lambda each: each[2],
    ),
    st.sampled_from([0, 0, 0, -(2**63), 2**63, 2**70]),
)
def test_a_whole_second_in_one_step_is_what_it_is_in_two(
    order: Callable[[Print], Key], made: list[tuple[int, float, int]], beside_ids: int
) -> None:
    trades = [trade(at_ms, price, 0.1, trade_id + beside_ids) for at_ms, price, trade_id in made]
    ids = {each.trade_id for each in trades}
    part = fold(BTC, trades, order)
    candle, packed = fold_and_pack(BTC, START_MS, trades, ids, order)
    assert (candle, packed) == (part.candle, pack(part, ids))
    if not beside_ids:
        assert unpack(BTC, START_MS, packed) == (part, ids)


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
