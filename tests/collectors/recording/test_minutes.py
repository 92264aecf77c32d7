from collections.abc import Sequence
from functools import reduce
from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Candle, Trade
from collectors.recording.minutes import MinuteFold, merge
from config.units import MINUTE_MS
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, by_hand, fold_from, same, second, trade

NEXT = START_MS + MINUTE_MS  # a fold that begins at START_MS is whole from here


def minutes(candles: Sequence[Candle]) -> list[tuple[int, int, float, float]]:
    return [((each.open_ms - START_MS) // MINUTE_MS, each.trades, each.open, each.close) for each in candles]


@st.composite
def ticks(draw: st.DrawFn) -> list[Trade]:
    times = draw(st.lists(st.integers(0, 179_999), min_size=1, max_size=60, unique=True))
    prices = st.floats(1e-6, 1e8, allow_nan=False)
    return [trade(at_ms, draw(prices), draw(st.floats(1e-8, 1e4))) for at_ms in times]


@given(ticks())
def test_minute_from_seconds_equals_minute_from_trades(trades: list[Trade]) -> None:
    from_seconds = [
        reduce(merge, group)
        for _, group in groupby(by_hand(trades, 1_000), key=lambda candle: candle.open_ms // MINUTE_MS)
    ]
    from_trades = by_hand(trades, MINUTE_MS)
    assert len(from_seconds) == len(from_trades)
    for rolled, wanted in zip(from_seconds, from_trades, strict=True):
        start_ms = rolled.open_ms - rolled.open_ms % MINUTE_MS
        assert same(Candle(BTC, start_ms, *[getattr(rolled, name) for name in FIELDS]), wanted)


FIELDS = ("open", "high", "low", "close", "volume", "quote_volume", "trades")


@given(ticks())
def test_the_fold_gives_the_minutes_of_its_seconds(trades: list[Trade]) -> None:
    fold = fold_from(START_MS - 1)
    fold.add(by_hand(trades, 1_000))
    rolled = fold.take("upbit", START_MS + 180_000)
    wanted = by_hand(trades, MINUTE_MS)
    assert rolled.again == ()
    assert len(rolled.minutes) == len(wanted)
    assert all(same(a, b) for a, b in zip(rolled.minutes, wanted, strict=True))


def test_a_minute_comes_out_once_all_its_seconds_are_in() -> None:
    fold = fold_from(START_MS)
    fold.add([second(60, 5.0), second(119, 6.0), second(120, 7.0)])
    assert not fold.ready("upbit", START_MS + 59_999)
    assert fold.ready("upbit", NEXT + MINUTE_MS)
    assert minutes(fold.take("upbit", NEXT + MINUTE_MS).minutes) == [(1, 2, 5.0, 6.0)]
    assert not fold.ready("upbit", NEXT + MINUTE_MS + 59_000)
    assert fold.take("upbit", NEXT + MINUTE_MS).minutes == ()


def test_exchanges_come_out_each_for_itself() -> None:
    fold = fold_from(START_MS)
    fold.add([second(60, market=BTC), second(61, market=SOL)])
    assert [each.market for each in fold.take("upbit", NEXT + MINUTE_MS).minutes] == [BTC]
    assert [each.market for each in fold.take("bithumb", NEXT + MINUTE_MS).minutes] == [SOL]


def test_the_minute_in_which_the_fold_began_is_rolled_whole_from_the_store_once() -> None:
    fold = fold_from(START_MS + 20_000)
    fold.add([second(30)])
    rolled = fold.take("upbit", NEXT)
    assert (rolled.minutes, rolled.again, rolled.whole) == ((), (), (START_MS,))
    assert fold.take("upbit", NEXT + MINUTE_MS).whole == ()


def test_a_second_that_comes_again_has_its_minute_rolled_from_the_store() -> None:
    fold = fold_from(START_MS)
    fold.add([second(60, 5.0), second(61, 6.0), second(60, 5.5), second(60, market=ETH)])
    rolled = fold.take("upbit", NEXT + MINUTE_MS)
    assert [each.market for each in rolled.minutes] == [ETH]
    assert rolled.again == ((BTC, NEXT),)


def test_a_second_of_a_minute_that_is_out_already_has_only_that_minute_rolled_again() -> None:
    fold = fold_from(START_MS)
    fold.add([second(60), second(60, market=ETH)])
    fold.take("upbit", NEXT + MINUTE_MS)
    fold.add([second(119), second(120)])
    assert fold.take("upbit", NEXT + MINUTE_MS).again == ((BTC, NEXT),)
    assert minutes(fold.take("upbit", NEXT + 2 * MINUTE_MS).minutes) == [(2, 1, 100.0, 100.0)]


def test_at_the_end_the_running_minute_comes_out_too() -> None:
    fold = fold_from(START_MS)
    fold.add([second(60), second(125)])
    assert minutes(fold.take_all("upbit").minutes) == [(1, 1, 100.0, 100.0), (2, 1, 100.0, 100.0)]


def test_a_gap_counts_again_only_where_minutes_are_out() -> None:
    fold = fold_from(START_MS)
    fold.take("upbit", NEXT + MINUTE_MS)
    fold.touch("upbit", BTC, NEXT + 50_000, None)
    fold.touch("upbit", BTC, NEXT + MINUTE_MS, None)
    fold.touch("bithumb", None, NEXT, NEXT + 1_000)
    assert fold.take("upbit", NEXT + MINUTE_MS).recount == ((BTC, NEXT + 50_000, NEXT + MINUTE_MS),)


def test_before_anything_is_heard_a_gap_counts_again_only_in_minutes_of_an_earlier_run() -> None:
    """An exchange that sends for months what nobody can read leaves nothing behind."""
    fold = MinuteFold()
    fold.take_up(START_MS + 10_000)
    fold.touch("upbit", BTC, START_MS + 20_000, None)
    for at_s in range(60, 4_000):
        fold.touch("upbit", None, START_MS + at_s * 1_000, START_MS + at_s * 1_000 + 1_000)
    assert fold.take("upbit", NEXT + 2 * MINUTE_MS).recount == ((BTC, START_MS + 20_000, NEXT + 2 * MINUTE_MS),)


def test_a_run_begins_by_the_time_of_each_exchange_and_folds_no_minute_that_an_earlier_one_has_seconds_of() -> None:
    fold = MinuteFold()
    fold.take_up(START_MS + 61_000)
    fold.add([second(59), second(65), second(120)])
    assert not fold.ready("upbit", START_MS + 59_999)
    rolled = fold.take("upbit", START_MS + 180_000)
    assert (rolled.whole, rolled.again, minutes(rolled.minutes)) == (
        (START_MS,),
        ((BTC, NEXT),),
        [(2, 1, 100.0, 100.0)],
    )
    assert not fold.ready("bithumb", 0), "nothing was heard of it"
    assert not fold.ready("bithumb", START_MS + 180_000), "its first minute is running"
    assert fold.ready("bithumb", START_MS + 240_000)


def test_what_an_earlier_run_stored_counts_again_once_it_is_settled_in_whichever_minute_this_one_began() -> None:
    later, earlier = MinuteFold(), MinuteFold()
    for fold, began_ms in ((later, NEXT + MINUTE_MS), (earlier, START_MS)):
        fold.take_up(NEXT + 1_000)
        fold.begin("upbit", began_ms)
        fold.touch("upbit", BTC, NEXT + 5_000, None)
        fold.touch("upbit", ETH, NEXT + MINUTE_MS, None)  # only of what that run cannot have stored
    wanted = ((BTC, NEXT + 5_000, NEXT + MINUTE_MS),)
    assert later.take("upbit", NEXT + 2 * MINUTE_MS).recount == wanted
    assert earlier.take("upbit", NEXT).recount == ()
    assert earlier.take("upbit", NEXT + MINUTE_MS).recount == wanted
    assert earlier.take("upbit", NEXT + 2 * MINUTE_MS).recount == ()
