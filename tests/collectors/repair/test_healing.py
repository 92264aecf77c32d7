"""Walking back through pages of trades, and what the seconds of a healed stretch are."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.events import Exchange, Market, Trade
from collectors.exchanges.rest import Request
from collectors.repair.healing import KST_MS, UNSURE_MS, Walk, alike, holds, near, official, seconds_of, stretches
from config.units import DAY_MS
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, by_hand, same, second, trade

SOL = Market("bithumb", "SOL", "KRW")
PAGE = 5  # as far as this exchange's pages go in these tests


class Rest:
    """An exchange's trades behind its pages, as documented: newest first on the wire, so oldest first once parsed."""

    def __init__(self, exchange: Exchange, trades: Sequence[Trade], now_ms: int) -> None:
        self.exchange = exchange
        self.trades = sorted(trades, key=lambda t: (t.traded_ms, t.trade_id))
        self.now_ms = now_ms
        self.asked: list[Request] = []

    def page(self, request: Request) -> list[Trade]:
        self.asked.append(request)
        asked = dict(request.params)
        zone_ms = 0 if self.exchange == "upbit" else KST_MS
        days_ago = int(asked.get("days_ago", asked.get("daysAgo", "0")))
        day = (self.now_ms + zone_ms) // DAY_MS - days_ago
        begins, ends = day * DAY_MS - zone_ms, (day + 1) * DAY_MS - zone_ms
        if "to" in asked:
            hours, minutes, seconds = map(int, asked["to"].split(":"))
            ends = begins + (hours * 3600 + minutes * 60 + seconds) * 1000
        found = [t for t in self.trades if begins <= t.traded_ms < ends]
        if "cursor" in asked:
            found = [t for t in found if t.trade_id < int(asked["cursor"])]
        return found[-PAGE:]


def walked(rest: Rest, market: Market, from_ms: int, to_ms: int) -> Walk:
    walk = Walk(market, from_ms, to_ms, rest.now_ms, page=PAGE)
    while not walk.done:
        walk.take(rest.page(walk.next()))
        assert walk.pages < 200
    return walk


def upbit_trades(stamps: Sequence[int]) -> list[Trade]:
    return [trade(at, 100.0 + n, trade_id=(START_MS + at) * 10_000 + n) for n, at in enumerate(sorted(stamps))]


def bithumb_trades(stamps: Sequence[int]) -> list[Trade]:
    return [trade(at, 100.0 + n, trade_id=(START_MS + at) * 10_000, market=SOL) for n, at in enumerate(sorted(stamps))]


stamps = st.lists(st.integers(-3 * DAY_MS, 0), max_size=40)
clustered = st.lists(st.integers(0, 30).map(lambda n: -n * 500), max_size=4 * PAGE, unique=False)


@given(stamps | clustered, st.integers(-3 * DAY_MS, -1_000), st.integers(1, 2 * DAY_MS))
def test_every_trade_of_the_stretch_is_found_once_at_upbit(at: list[int], from_at: int, length: int) -> None:
    trades = upbit_trades(at)
    from_ms, to_ms = START_MS + from_at, min(START_MS, START_MS + from_at + length)
    walk = walked(Rest("upbit", trades, START_MS + 5_000), BTC, from_ms, to_ms)
    assert walk.trades() == [t for t in trades if from_ms <= t.traded_ms < to_ms]
    assert not walk.stuck
    assert walk.reached_ms == from_ms


@given(st.lists(st.integers(-3 * DAY_MS, 0), max_size=40, unique=True), st.integers(-2 * DAY_MS, -1_000))
def test_every_trade_of_the_stretch_is_found_once_at_bithumb(at: list[int], from_at: int) -> None:
    trades = bithumb_trades(at)
    walk = walked(Rest("bithumb", trades, START_MS + 5_000), SOL, START_MS + from_at, START_MS)
    assert walk.trades() == [t for t in trades if START_MS + from_at <= t.traded_ms < START_MS]
    assert walk.reached_ms == START_MS + from_at


def test_a_page_that_cuts_a_millisecond_of_bithumb_in_two_loses_none_of_it() -> None:
    trades = bithumb_trades([-9_000, -5_000, -5_000, -5_000, -3_000, -3_000, -3_000, -1_000])
    walk = walked(Rest("bithumb", trades, START_MS), SOL, START_MS - 6_000, START_MS)
    assert [t.traded_ms - START_MS for t in walk.trades()] == [-5_000] * 3 + [-3_000] * 3 + [-1_000]


@pytest.mark.parametrize("lacks_from", [-9_000, -5_000, -3_000])
def test_a_page_of_bithumb_that_lacks_what_was_left_to_it_is_not_believed(lacks_from: int) -> None:
    class Old(Rest):
        def page(self, request: Request) -> list[Trade]:
            found = super().page(request)
            return found if len(self.asked) == 1 else [t for t in found if t.traded_ms < START_MS + lacks_from]

    trades = bithumb_trades([-9_000, -7_000, -5_000, -3_000, -3_000, -2_000, -1_500, -1_000])
    walk = walked(Old("bithumb", trades, START_MS), SOL, START_MS - 8_000, START_MS)
    assert walk.stuck
    assert walk.trades() == [t for t in trades if t.traded_ms >= walk.reached_ms]


def test_a_millisecond_larger_than_a_page_ends_the_walk_where_it_got_to() -> None:
    trades = bithumb_trades([-9_000, *[-5_000] * (PAGE + 1), -1_000])
    walk = walked(Rest("bithumb", trades, START_MS), SOL, START_MS - 9_500, START_MS)
    assert walk.stuck
    assert walk.reached_ms > START_MS - 5_000


def test_upbit_is_asked_for_the_end_of_the_stretch_and_then_page_by_page() -> None:
    rest = Rest("upbit", upbit_trades(range(-100_000, 0, 1_000)), START_MS)
    walked(rest, BTC, START_MS - 58_000, START_MS - 50_500)
    first, second_page, *_ = (dict(request.params) for request in rest.asked)
    assert first == {"market": "KRW-BTC", "count": "500", "to": "07:59:10"}
    assert second_page.keys() == {"market", "count", "cursor"}


def test_a_stretch_over_midnight_is_asked_for_day_by_day_of_each_exchanges_calendar() -> None:
    midnight = -(START_MS % DAY_MS)
    rest = Rest("upbit", upbit_trades([midnight - 2_000, midnight + 2_000]), START_MS)
    assert len(walked(rest, BTC, START_MS + midnight - 5_000, START_MS + midnight + 5_000).trades()) == 2
    assert ["days_ago" in dict(request.params) for request in rest.asked] == [False, False, True, True]

    korean = -((START_MS + KST_MS) % DAY_MS)
    rest = Rest("bithumb", bithumb_trades([korean - 2_000, korean + 2_000]), START_MS)
    assert len(walked(rest, SOL, START_MS + korean - 5_000, START_MS + korean + 5_000).trades()) == 2
    assert any(dict(request.params).get("daysAgo") == "1" for request in rest.asked)


@pytest.mark.parametrize("before_midnight_ms", range(0, 4_000, 500))
@pytest.mark.parametrize("market", [BTC, SOL])
def test_a_stretch_that_ends_close_to_midnight_is_found_whole(market: Market, before_midnight_ms: int) -> None:
    zone_ms = 0 if market == BTC else KST_MS
    midnight = -((START_MS + zone_ms) % DAY_MS)
    build = upbit_trades if market == BTC else bithumb_trades
    trades = build(range(midnight - 9_000, midnight + 9_000, 300))
    to_ms = START_MS + midnight - before_midnight_ms
    found = walked(Rest(market.exchange, trades, START_MS), market, to_ms - 4_000, to_ms).trades()
    assert found == [t for t in trades if to_ms - 4_000 <= t.traded_ms < to_ms]


@pytest.mark.parametrize("market", [BTC, SOL])
def test_days_are_counted_alike_but_close_to_midnight(market: Market) -> None:
    zone_ms = 0 if market == BTC else KST_MS
    midnight_ms = START_MS - (START_MS + zone_ms) % DAY_MS
    walk = Walk(market, START_MS - 9_000, START_MS, START_MS)
    sure = [-1, 0, UNSURE_MS - 1, UNSURE_MS, DAY_MS - UNSURE_MS - 1, DAY_MS - UNSURE_MS, DAY_MS]
    assert [walk.counts_days_as_at(midnight_ms + at) for at in sure] == [False] * 3 + [True] * 2 + [False] * 2


def test_a_page_of_an_earlier_day_says_that_nothing_was_traded_in_the_one_asked_for() -> None:
    """Whoever knows of a trade in that day knows that the exchange counts its days otherwise."""
    from_ms = START_MS - START_MS % DAY_MS + 3_600_000  # 01:00 UTC, asked for a day later
    walk = Walk(BTC, from_ms, from_ms + 5_000, from_ms + DAY_MS)
    assert dict(walk.next().params)["days_ago"] == "1"
    walk.take([replace(trade(0, trade_id=1), traded_ms=from_ms - DAY_MS)])
    assert walk.denied == [(from_ms - 3_600_000, from_ms + 5_000)]
    assert walk.done and walk.trades() == []


def test_an_exchange_that_ignores_the_cursor_is_not_asked_for_ever() -> None:
    class Deaf(Rest):
        def page(self, request: Request) -> list[Trade]:
            self.asked.append(request)
            return self.trades[-PAGE:]

    for market, trades in ((BTC, upbit_trades(range(-20, 0))), (SOL, bithumb_trades(range(-20, 0)))):
        rest = Deaf(market.exchange, trades, START_MS)
        walk = walked(rest, market, START_MS - DAY_MS, START_MS)
        assert walk.stuck
        assert len(rest.asked) == 2


def test_ids_of_another_kind_end_the_walk_at_bithumb() -> None:
    trades = [replace(each, trade_id=n) for n, each in enumerate(bithumb_trades(range(-20, 0)))]
    walk = Walk(SOL, START_MS - DAY_MS, START_MS, START_MS)
    walk.next()
    walk.take(trades[-PAGE:])
    assert walk.stuck


@given(st.lists(st.integers(0, 5_000), min_size=1, max_size=30))
def test_the_seconds_are_those_a_person_would_fold(at: list[int]) -> None:
    trades = upbit_trades(at)
    found = [each.candle for each in seconds_of("upbit", [*trades, trades[0]])]
    assert all(same(ours, true) for ours, true in zip(found, by_hand(trades, 1_000), strict=True))


@pytest.mark.parametrize(
    ("prices_by_ms", "rough"),
    [
        ({0: [1.0], 500: [2.0, 3.0], 900: [4.0]}, False),
        ({0: [1.0, 2.0], 500: [3.0]}, True),
        ({0: [1.0], 900: [3.0, 4.0]}, True),
        ({0: [1.0, 1.0]}, False),
        ({0: [1.0, 2.0]}, True),
    ],
)
def test_a_second_of_bithumb_with_several_prices_at_an_edge_is_rough(
    prices_by_ms: dict[int, list[float]], rough: bool
) -> None:
    trades = [trade(at, price, market=SOL) for at, prices in prices_by_ms.items() for price in prices]
    [found] = seconds_of("bithumb", trades)
    assert found.rough is rough
    assert found.ids is None
    [upbits] = seconds_of("upbit", [replace(each, trade_id=n) for n, each in enumerate(trades)])
    assert not upbits.rough


def test_official_candles_do_not_tell_which_trades_are_in_them() -> None:
    [found] = official([second(0)])
    assert found.candle == second(0)
    assert found.ids is None


def test_the_whole_holds_its_parts_and_nothing_else() -> None:
    part, more = second(0, 100.0), replace(second(0, 100.0), high=101.0, volume=2.0, trades=2)
    assert holds(more, part)
    assert holds(part, part)
    assert not holds(part, more)
    assert not holds(None, part)
    assert not holds(replace(more, low=100.5), part)


def test_two_tellings_agree_on_prices_exactly_on_sums_nearly_and_on_counts_where_both_know() -> None:
    one = second(0, 100.0, volume=1.5)
    assert alike(one, replace(one, volume=1.5 * (1 + 5e-10)))
    assert alike(one, replace(one, trades=0))
    assert alike(None, None)
    assert not alike(one, None)
    assert not alike(one, replace(one, trades=2))
    assert not alike(one, replace(one, close=100.1))
    assert not alike(one, replace(one, volume=1.6))
    assert near(0.0, 0.000000004)


def test_spans_close_to_each_other_are_one_stretch() -> None:
    assert stretches([(50, 60), (0, 10), (65, 70), (5, 12)], 10) == [(0, 12), (50, 70)]
    assert stretches([], 10) == []
