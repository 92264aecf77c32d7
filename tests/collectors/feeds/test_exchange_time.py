"""The exchange's clock, told by its trades and carried on by ours."""

from collectors.feeds.exchange_time import ExchangeTime

NOW_MS = 1_800_000_000_000


def test_without_a_trade_nothing_is_known() -> None:
    assert ExchangeTime().at_ms(5.0) is None


def test_the_last_trade_is_carried_on_by_the_monotonic_clock_whatever_the_wall_clock_says() -> None:
    time = ExchangeTime()
    time.note(NOW_MS - 80, NOW_MS, now=100.0)
    assert time.at_ms(100.0) == NOW_MS - 80
    assert time.at_ms(102.5) == NOW_MS - 80 + 2_500
    time.note(NOW_MS + 9_000, NOW_MS + 3_600_000, now=110.0)
    assert time.at_ms(110.0) == NOW_MS + 9_000


def test_trades_from_the_future_tell_nothing() -> None:
    time = ExchangeTime()
    time.note(NOW_MS + 5_001, NOW_MS, now=1.0)
    assert time.at_ms(1.0) is None
    time.note(NOW_MS + 5_000, NOW_MS, now=1.0)
    assert time.at_ms(1.0) == NOW_MS + 5_000
