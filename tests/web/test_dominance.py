"""Korea's share, worked by hand: 1 USDT is 1,000 KRW, a day has 24 hours."""

import pytest

from config.units import DAY_MS, HOUR_MS
from store.readings.volumes import MarketVolume, WorldVolume
from web.dominance import dominance


def test_a_whole_day_gives_a_share_and_no_guess() -> None:
    """2 and 1 million USDT in Korea beside 9 abroad are a quarter."""
    korea = [MarketVolume("upbit", "A", 2e9, DAY_MS), MarketVolume("bithumb", "A", 1e9, DAY_MS)]
    found = dominance(korea, [WorldVolume("A", 9e6, ("okx", "binance"))], 1_000.0)
    (coin,) = found.coins
    assert (coin.upbit_usdt, coin.bithumb_usdt, coin.share, coin.pace_share) == (2e6, 1e6, 0.25, 0.25)
    assert (found.total.share, found.total.heard_h, found.venues) == (0.25, 24.0, ("binance", "okx"))


def test_half_a_day_is_told_as_at_least_and_at_this_pace() -> None:
    """1 of 1 + 9 for sure; if the other half was like it, 2 of 2 + 9."""
    found = dominance([MarketVolume("upbit", "A", 1e9, DAY_MS // 2)], [WorldVolume("A", 9e6, ("okx",))], 1_000.0)
    assert found.coins[0].share == pytest.approx(0.1)
    assert found.coins[0].pace_share == pytest.approx(2 / 11)
    assert found.total.heard_h == 12.0


@pytest.mark.parametrize("world", [[], [WorldVolume("A", None, ("okx",))], [WorldVolume("A", 0.0, ("okx",))]])
def test_an_unknown_volume_abroad_is_no_share_and_not_in_the_total(world: list[WorldVolume]) -> None:
    found = dominance([MarketVolume("upbit", "A", 5e9, DAY_MS)], world, 1_000.0)
    assert (found.coins[0].share, found.coins[0].pace_share, found.coins[0].world_usdt) == (None, None, None)
    assert (found.total.share, found.compared, found.left_out_usdt) == (None, 0, 5e6)


def test_coins_come_by_korean_volume_and_the_least_heard_market_speaks_for_a_coin() -> None:
    korea = [
        MarketVolume("upbit", "SMALL", 1e9, DAY_MS),
        MarketVolume("upbit", "BIG", 4e9, DAY_MS),
        MarketVolume("bithumb", "BIG", 4e9, 6 * HOUR_MS),
    ]
    world = [WorldVolume("SMALL", 1e6, ("okx",)), WorldVolume("BIG", 1e6, ("okx",))]
    found = dominance(korea, world, 1_000.0)
    assert [(coin.base, coin.heard_h) for coin in found.coins] == [("BIG", 6.0), ("SMALL", 24.0)]
    assert found.total.heard_h == pytest.approx((8 * 6 + 1 * 24) / 9)


def test_without_trades_nothing_is_divided_by_nothing() -> None:
    found = dominance([MarketVolume("upbit", "A", 0.0, DAY_MS)], [WorldVolume("A", 1e6, ("okx",))], 1_000.0)
    assert found.coins[0].share == 0.0
    assert dominance([], [], 1_000.0).total.share is None
