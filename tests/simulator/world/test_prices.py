import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.world.prices import Noise, Ticks, fair_price, krw_per_usdt


@pytest.mark.parametrize(
    ("price", "tick"),
    [
        (135_000_000, 1000), (1_000_000, 1000), (999_999, 500), (500_000, 500), (100_000, 100), (50_000, 50),
        (10_000, 10), (5_000, 5), (1_000, 1), (999, 1), (100, 1), (99.9, 0.1), (10, 0.1), (1, 0.01), (0.1, 0.001),
        (0.01, 0.0001), (0.001, 0.00001), (0.0001, 0.000001), (0.00000009, 1e-8),
    ],
)  # fmt: skip
def test_upbit_krw_ticks_follow_its_published_table(price: float, tick: float) -> None:
    assert Ticks("upbit", "KRW").at(price)[0] == tick


@pytest.mark.parametrize(("price", "tick"), [(1_413, 1), (999, 0.1), (99, 0.01), (9, 0.001), (0.5, 0.0001)])
def test_bithumb_krw_ticks_are_finer_below_a_thousand(price: float, tick: float) -> None:
    assert Ticks("bithumb", "KRW").at(price)[0] == tick


@given(st.floats(1e-7, 1e9))
def test_a_snapped_price_is_near_and_has_no_digits_below_its_tick(price: float) -> None:
    ticks = Ticks("upbit", "KRW")
    tick, decimals = ticks.at(price)
    snapped = ticks.snapped(price)
    assert snapped > 0
    assert snapped == round(snapped, decimals)
    assert abs(snapped - price) <= tick


@given(st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=20))
def test_a_path_answers_the_same_whatever_was_asked_before(moments: list[int]) -> None:
    wandering = Noise(7)
    for at_ms in moments:
        assert wandering(at_ms) == Noise(7)(at_ms)


@given(st.integers(-(10**10), 10**10))
def test_a_path_does_not_jump(at_ms: int) -> None:
    path = fair_price(1, "SOL", 145.0, 1.6)
    assert abs(math.log(path(at_ms + 1) / path(at_ms))) < 0.001


def test_a_coin_starts_near_its_price_and_krw_near_the_bank_rate() -> None:
    assert fair_price(3, "ETH", 3300.0, 1.0)(0) == pytest.approx(3300.0)
    for exchange in ("upbit", "bithumb"):
        assert krw_per_usdt(3, exchange)(0) == pytest.approx(1410, rel=0.02)
