from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from simulator.world.tape import Tape
from simulator.world.values import SimCandle, SimTrade

MINUTE = 60_000
START = 1_800_000_000_000


def trade(traded_ms: int, price: float = 100.0, volume: float = 1.0, number: int = 0) -> SimTrade:
    trade_id = traded_ms * 10_000 + number
    return SimTrade(
        "upbit", "KRW-BTC", price, volume, "buy", traded_ms, traded_ms + 55, trade_id, trade_id, 99.0, 2.0, 100.0, 3.0
    )


def tape_of(trades: Iterable[SimTrade]) -> Tape:
    tape = Tape("upbit", "KRW-BTC")
    for each in trades:
        tape.append(each)
    return tape


trades = st.lists(
    st.tuples(st.integers(0, 200_000), st.floats(1, 1000), st.floats(0.001, 10)), min_size=1, max_size=60
).map(lambda rows: [trade(START + at, price, volume, n) for n, (at, price, volume) in enumerate(sorted(rows))])


def slow_candles(trades: list[SimTrade], unit_ms: int) -> list[SimCandle]:
    windows: dict[int, list[SimTrade]] = {}
    for each in trades:
        windows.setdefault(each.traded_ms // unit_ms * unit_ms, []).append(each)
    return [
        SimCandle(
            open_ms,
            inside[0].price,
            max(t.price for t in inside),
            min(t.price for t in inside),
            inside[-1].price,
            sum(t.volume for t in inside),
            sum(t.price * t.volume for t in inside),
            len(inside),
            inside[-1].traded_ms,
        )
        for open_ms, inside in sorted(windows.items(), reverse=True)
    ]


def rounded(candles: list[SimCandle]) -> list[tuple[float, ...]]:
    return [
        (c.open_ms, c.open, c.high, c.low, c.close, round(c.volume, 6), round(c.value, 4), c.trades, c.last_ms)
        for c in candles
    ]


@given(trades)
def test_what_was_appended_comes_back_in_order(rows: list[SimTrade]) -> None:
    tape = tape_of(rows)
    assert tape.between(0, 2**62) == rows
    assert tape.newest(len(rows)) == rows[::-1]
    assert tape.newest(3) == rows[::-1][:3]


@given(trades, st.integers(0, 200_000), st.integers(0, 200_000))
def test_a_span_includes_its_start_and_excludes_its_end(rows: list[SimTrade], low: int, high: int) -> None:
    found = tape_of(rows).between(START + low, START + high)
    assert found == [t for t in rows if START + low <= t.traded_ms < START + high]


@given(trades, st.sampled_from([1_000, 5_000, MINUTE, 3 * MINUTE]))
def test_candles_equal_those_of_a_slow_fold(rows: list[SimTrade], unit_ms: int) -> None:
    told = tape_of(rows).candles(unit_ms, 2**62, 1000, 0)
    assert rounded(told) == rounded(slow_candles(rows, unit_ms))


def test_candles_before_a_time_are_as_many_as_asked_for() -> None:
    tape = tape_of(trade(START + minute * MINUTE) for minute in range(10))
    assert [c.open_ms for c in tape.candles(MINUTE, START + 5 * MINUTE, 3, 0)] == [
        START + 4 * MINUTE,
        START + 3 * MINUTE,
        START + 2 * MINUTE,
    ]


def test_four_hour_candles_may_start_on_korean_hours() -> None:
    tape = tape_of([trade(START)])
    nine_hours = 9 * 60 * MINUTE
    assert (tape.candles(240 * MINUTE, 2**62, 1, nine_hours)[0].open_ms + nine_hours) % (240 * MINUTE) == 0


def test_a_clock_that_stepped_back_leaves_spans_and_order_right() -> None:
    late, early = trade(START + 5_000), trade(START + 1_000)
    tape = tape_of([late, early])
    assert tape.between(0, 2**62) == [early, late]
    assert tape.between(START + 1_000, START + 5_000) == [early]
    assert [c.open_ms for c in tape.candles(1_000, 2**62, 5, 0)] == [START + 5_000, START + 1_000]


def test_trades_older_than_two_hours_are_forgotten_but_a_day_stays_summed() -> None:
    tape = tape_of(trade(START + n * 4_000, volume=0.5) for n in range(6_000))  # 6 h 40 min
    newest = START + 5_999 * 4_000
    assert 1_800 <= len(tape.between(0, 2**62)) <= 1_800 + 2_000
    assert tape.between(0, 2**62)[0].traded_ms >= newest - 2 * 60 * MINUTE - 2_000 * 4_000
    tape.forget_day_before(newest)
    assert round(tape.day_volume, 6) == 3_000
