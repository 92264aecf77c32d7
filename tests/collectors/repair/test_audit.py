"""Holding our candles against the exchange's: what counts as equal, what as less and as more, and whose turn it is."""

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.events import Candle, Market, Trade
from collectors.repair.audit import Doubts, Outcome, Tally, Tour, Unit, compare, only_edges_differ, pause_s
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, by_hand, second, trade

XRP = Market("upbit", "XRP", "KRW")


def unit(at_s: int, length_ms: int = 1_000) -> Unit:
    return Unit(BTC, length_ms, START_MS + at_s * 1_000)


def official(trades: Sequence[Trade], length_ms: int) -> dict[int, Candle]:
    """The exchange's own candles: they count no trades."""
    return {each.open_ms: replace(each, trades=0) for each in by_hand(trades, length_ms)}


def stored(trades: Sequence[Trade], length_ms: int) -> dict[int, Candle]:
    return {each.open_ms: each for each in by_hand(trades, length_ms)}


made = st.lists(st.tuples(st.integers(0, 9_999), st.integers(1, 4), st.integers(1, 10**9)), max_size=25)


@given(made, st.sets(st.integers(0, 24), max_size=3), st.sets(st.integers(0, 9), max_size=3))
def test_a_second_is_equal_exactly_where_no_trade_of_it_was_withheld(
    drawn: Sequence[tuple[int, int, int]], withheld: set[int], blind: set[int]
) -> None:
    trades = [trade(at, float(price), volume / 1e8, n) for n, (at, price, volume) in enumerate(drawn)]
    heard = [each for n, each in enumerate(trades) if n not in withheld]
    opens = range(START_MS, START_MS + 10_000, 1_000)
    missed = [(START_MS + s * 1_000 + 300, START_MS + s * 1_000 + 301) for s in blind]
    found = compare(opens, 1_000, stored(heard, 1_000), official(trades, 1_000), missed)

    lost = {t.traded_ms - t.traded_ms % 1_000 for n, t in enumerate(trades) if n in withheld}
    dark = {START_MS + s * 1_000 for s in blind}
    small = {  # less than a part in 1e9 of its second: as near as sums are promised
        open_ms
        for open_ms in lost
        if sum(t.volume for n, t in enumerate(trades) if n in withheld and t.traded_ms // 1_000 == open_ms // 1_000)
        <= 1e-9 * sum(t.volume for t in trades if t.traded_ms // 1_000 == open_ms // 1_000)
    }
    assert set(found.lacking) - small == lost - dark - small
    assert set(found.equal) - small == set(opens) - lost - dark - small
    assert found.excess == ()


@given(made, st.sets(st.integers(0, 24), min_size=1, max_size=3))
def test_what_the_exchange_does_not_show_is_excess_and_never_lacking(
    drawn: Sequence[tuple[int, int, int]], hidden: set[int]
) -> None:
    trades = [trade(at, float(price), 1.0 + volume / 1e8, n) for n, (at, price, volume) in enumerate(drawn)]
    shown = [each for n, each in enumerate(trades) if n not in hidden]
    found = compare(
        range(START_MS, START_MS + 60_000, 60_000), 60_000, stored(trades, 60_000), official(shown, 60_000), []
    )
    assert (found.lacking, found.excess) == ((), (START_MS,) if len(shown) < len(trades) else ())


def test_quiet_on_both_sides_is_equal_and_a_candle_of_one_side_alone_is_not() -> None:
    ours, theirs = {START_MS: second(0)}, {START_MS + 1_000: second(1)}
    found = compare(range(START_MS, START_MS + 3_000, 1_000), 1_000, ours, theirs, [])
    assert (found.excess, found.lacking, found.equal) == ((START_MS,), (START_MS + 1_000,), (START_MS + 2_000,))
    assert found.differing == [START_MS, START_MS + 1_000]


def test_an_open_gap_leaves_nothing_after_it_to_compare() -> None:
    nothing: Mapping[int, Candle] = {}
    found = compare(range(START_MS, START_MS + 3_000, 1_000), 1_000, nothing, nothing, [(START_MS + 1_500, None)])
    assert found.equal == (START_MS,)


def test_an_order_is_in_dispute_only_where_nothing_else_is() -> None:
    ours = replace(second(0), high=110.0, low=90.0)
    assert only_edges_differ(ours, replace(ours, open=95.0, trades=0))
    assert only_edges_differ(ours, replace(ours, close=95.0))
    assert not only_edges_differ(ours, ours)
    assert not only_edges_differ(ours, replace(ours, open=95.0, high=111.0))
    assert not only_edges_differ(ours, replace(ours, close=95.0, volume=2.0))


def test_what_nothing_bears_out_is_unexplained_the_third_time_with_the_words_of_the_first() -> None:
    doubts = Doubts()
    assert doubts.judge(unit(7), Outcome.DOUBTFUL, "first") == (Outcome.DOUBTFUL, "first")
    assert doubts.judge(unit(7), Outcome.DOUBTFUL, "second") == (Outcome.DOUBTFUL, "first")
    assert doubts.of(BTC) == [unit(7)]
    assert doubts.of(ETH) == []
    assert doubts.coins == {"BTC"}
    assert doubts.ripe(unit(7))
    assert doubts.judge(unit(7), Outcome.DOUBTFUL, "third") == (Outcome.UNEXPLAINED, "first")
    assert doubts.of(BTC) == []
    assert not doubts.ripe(unit(7))


def test_a_doubt_ends_as_soon_as_something_bears_the_candle_out() -> None:
    doubts = Doubts()
    doubts.judge(unit(7), Outcome.DOUBTFUL, "")
    assert doubts.judge(unit(7), Outcome.EQUAL, "") == (Outcome.EQUAL, "")
    doubts.judge(unit(7), Outcome.DOUBTFUL, "")
    assert doubts.judge(unit(7), Outcome.DOUBTFUL, "")[0] is Outcome.DOUBTFUL


def test_the_doubts_are_bounded() -> None:
    doubts = Doubts()
    for n in range(2_000):
        doubts.judge(unit(n), Outcome.DOUBTFUL, "")
    assert len(doubts.of(BTC)) == 500


def test_only_what_came_to_an_end_is_counted_as_compared() -> None:
    tally = Tally()
    tally.count(Outcome.EQUAL, 5, 60)
    for outcome in Outcome:
        tally.count(outcome, 7)
    assert (tally.compared, tally.equal, tally.repaired, tally.unexplained) == (63, 61, 1, 1)
    assert tally.odd_ms == 7


def test_a_tour_comes_to_every_market_before_it_comes_to_one_again() -> None:
    tour, markets = Tour(), [BTC, ETH, XRP]
    first = [tour.next(markets, set(), float(n)) for n in range(3)]
    assert first == markets
    assert tour.next(markets, set(), 59.0) is None
    assert [tour.next(markets, set(), 60.0 + n) for n in range(3)] == markets


def test_coins_that_matter_now_come_each_minute_and_the_tour_goes_on_between_them() -> None:
    tour = Tour()
    markets = [Market("upbit", f"C{n:03}", "KRW") for n in range(100)] + [BTC]
    seen = [tour.next(markets, {"BTC"}, float(n)) for n in range(0, 200, 2)]
    assert [n * 2 for n, market in enumerate(seen) if market == BTC] == [0, 60, 120, 180]
    assert len(set(seen)) == len(seen) - 3
    many = {f"C{n:03}" for n in range(50, 100)}
    tour = Tour()
    seen = [tour.next(markets, many, float(n)) for n in range(40)]
    assert sum(market is not None and market.base in many for market in seen) == 20


def test_a_tour_of_a_whole_exchange_is_over_before_the_seconds_are_purged() -> None:
    assert pause_s(250) * 250 <= 480
    assert pause_s(12) == 5.0
    assert pause_s(5_000) == 0.5
    assert pause_s(0) == 5.0
