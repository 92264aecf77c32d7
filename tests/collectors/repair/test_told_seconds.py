"""Told seconds: the last telling counts, each comes out once, and no flood of them takes more than its share."""

from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Candle, Market
from collectors.repair import told_seconds
from collectors.repair.told_seconds import Suspects, ToldSeconds
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, second

WINDOW = START_MS - 60_000, START_MS + 600_000


def of(at_s: int, market: Market, price: float) -> Candle:
    return second(at_s, price, market)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([BTC, ETH]), st.floats(1, 2)), max_size=40),
    st.lists(st.integers(0, 21), max_size=4),
)
def test_each_second_comes_out_once_as_it_was_told_last(
    told: list[tuple[int, Market, float]], looks: list[int]
) -> None:
    seconds = ToldSeconds()
    expected = {}
    for each in told:
        assert seconds.note(of(*each), *WINDOW, 0.0)
        expected[each[0], each[1]] = of(*each)
    taken: list[Candle] = []
    for at_s in [*sorted(looks), 21]:
        part = seconds.take(START_MS + at_s * 1_000, 0.0)
        assert all(each.open_ms < START_MS + at_s * 1_000 for each in part)
        taken += part
    assert sorted(taken, key=lambda each: (each.open_ms, each.market)) == [expected[key] for key in sorted(expected)]
    assert [each.open_ms for each in taken] == sorted(each.open_ms for each in taken)


def test_a_second_of_another_age_is_not_kept() -> None:
    seconds = ToldSeconds()
    assert not seconds.note(second(-61), *WINDOW, 0.0)
    assert not seconds.note(second(600), *WINDOW, 0.0)
    assert seconds.take(WINDOW[1] + 1_000_000, 0.0) == []


def test_past_the_bound_the_oldest_go() -> None:
    seconds = ToldSeconds()
    for at_s in range(told_seconds.MOST_TOLD + 10):
        assert seconds.note(second(at_s), START_MS, START_MS + 10**9, 0.0)
    taken = seconds.take(START_MS + 10**9, 0.0)
    assert len(taken) == told_seconds.MOST_TOLD
    assert taken[0] == second(10)


def test_a_suspect_waits_until_it_is_settled_and_is_told_by_market() -> None:
    suspects = Suspects()
    assert suspects.ripe(START_MS + 60_000, 200_000) is None
    for each in (second(5, market=ETH), second(3), second(4), second(300)):
        suspects.add(each)
    assert suspects.ripe(START_MS + 3_999, 200_000) is None
    market, ripe = suspects.ripe(START_MS + 400_000, 200_000) or (None, {})
    assert market == BTC
    assert list(ripe) == [START_MS + 3_000, START_MS + 4_000], "what one page holds"
    suspects.add(second(4, price=101.0))
    suspects.drop(BTC, ripe)
    assert suspects.ripe(START_MS + 5_000, 200_000) == (BTC, {START_MS + 4_000: second(4, price=101.0)})
    suspects.drop(BTC, {START_MS + 4_000: second(4, price=101.0)})
    assert suspects.ripe(START_MS + 5_000, 200_000) is not None, "told anew, it is not the one that was looked into"


def test_a_market_that_nobody_can_look_into_comes_behind_the_others_and_is_given_up_in_the_end() -> None:
    suspects = Suspects()
    suspects.add(second(1))
    suspects.add(second(2, market=ETH))
    suspects.put_off(BTC)
    assert suspects.ripe(START_MS + 9_000, 200_000) == (ETH, {START_MS + 2_000: second(2, market=ETH)})
    assert suspects.ripe(START_MS + 2_000, 200_000) == (BTC, {START_MS + 1_000: second(1)}), "nobody else is ripe"
    for _ in range(told_seconds.MOST_TRIES - 1):
        suspects.put_off(BTC)
    assert suspects.ripe(START_MS + 2_000, 200_000) is None
    suspects.add(second(3))
    assert suspects.ripe(START_MS + 9_000, 200_000) == (ETH, {START_MS + 2_000: second(2, market=ETH)})


def test_a_flood_of_suspects_is_bounded() -> None:
    suspects = Suspects()
    for at_s in range(told_seconds.MOST_SUSPECTS + 50):
        suspects.add(second(at_s))
    _, ripe = suspects.ripe(START_MS + 10**9, 10**9) or (None, {})
    assert len(ripe) == told_seconds.MOST_SUSPECTS
    suspects.drop(BTC, ripe)
    assert suspects.ripe(START_MS + 10**9, 10**9) is None
    suspects.add(second(1))
    assert suspects.ripe(START_MS + 10**9, 10**9) is not None
