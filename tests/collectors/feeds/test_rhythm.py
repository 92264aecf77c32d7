"""What counts as too quiet: for a connection by chance, for a market by its own usual pauses."""

import random

import pytest

from collectors.events import Market
from collectors.feeds.rhythm import MARKET_FLOOR_S, WARM, MarketRhythms, Rhythm
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, second


def heard(rhythm: Rhythm, pause_s: float, times: int) -> None:
    for _ in range(times):
        rhythm.note(1, pause_s)


def test_until_enough_was_heard_the_limit_is_the_ceiling() -> None:
    rhythm = Rhythm(ceiling_s=30.0)
    heard(rhythm, 0.1, WARM - 1)
    assert rhythm.limit_s == 30.0
    heard(rhythm, 0.1, 1)
    assert rhythm.limit_s == pytest.approx(1.38, abs=0.01)


@pytest.mark.parametrize(("pause_s", "limit_s"), [(0.001, 1.0), (0.5, 6.9), (20.0, 30.0)])
def test_the_limit_follows_the_rate_between_its_bounds(pause_s: float, limit_s: float) -> None:
    rhythm = Rhythm(ceiling_s=30.0)
    heard(rhythm, pause_s, 500)
    assert rhythm.limit_s == pytest.approx(limit_s, rel=0.02)


def test_many_arrivals_at_once_count_like_as_many_alone() -> None:
    alone, together = Rhythm(30.0), Rhythm(30.0)
    heard(alone, 0.2, 400)
    for _ in range(40):
        together.note(10, 2.0)
    assert together.limit_s == pytest.approx(alone.limit_s, rel=0.01)


def test_one_outage_does_not_blind_it_to_the_next() -> None:
    rhythm = Rhythm(30.0)
    heard(rhythm, 0.1, 200)
    before_s = rhythm.limit_s
    rhythm.note(1, 25.0)
    assert rhythm.limit_s < before_s * 1.3


def test_a_stream_that_slows_down_is_followed() -> None:
    rhythm = Rhythm(30.0)
    heard(rhythm, 0.05, 200)
    alarms = 0
    for _ in range(300):
        alarms += rhythm.limit_s < 2.0
        rhythm.note(1, 2.0)
    assert alarms < 30
    assert rhythm.limit_s > 20.0


def test_independent_arrivals_hardly_ever_cross_the_limit() -> None:
    dice, rhythm, alarms = random.Random(7), Rhythm(30.0), 0
    for _ in range(100_000):
        pause_s = dice.expovariate(5.0)
        alarms += rhythm.warm and pause_s > rhythm.limit_s
        rhythm.note(1, pause_s)
    assert alarms <= 5


def test_nothing_is_learnt_from_no_time_or_from_stamps_that_go_back() -> None:
    rhythm = Rhythm(30.0)
    for span_s in (0.0, -5.0, float("nan")):
        rhythm.note(100, span_s)
    rhythm.note(0, 5.0)
    assert not rhythm.warm


def every(market: Market, spacing_s: int, times: int) -> MarketRhythms:
    rhythms = MarketRhythms()
    rhythms.note(second(n * spacing_s, market=market) for n in range(times))
    return rhythms


def after(rhythms: MarketRhythms, seconds: float) -> list[Market]:
    return rhythms.doubtful(START_MS + round(seconds * 1000))


def test_a_market_is_doubted_after_many_times_its_own_pause_and_once_a_silence() -> None:
    rhythms = every(BTC, 2, 100)
    last_s = 99 * 2
    assert after(rhythms, last_s + 39) == []
    assert after(rhythms, last_s + 41) == [BTC]
    assert after(rhythms, last_s + 60) == []
    assert after(rhythms, last_s + 81) == [BTC]


def test_a_busy_market_is_given_the_shortest_patience_and_a_slow_one_its_own() -> None:
    assert after(every(BTC, 1, 100), 99 + MARKET_FLOOR_S) == []
    assert after(every(BTC, 1, 100), 99 + 21) == [BTC]
    assert after(every(ETH, 30, 100), 99 * 30 + 500) == []


def test_a_market_that_hardly_traded_is_never_doubted() -> None:
    assert after(every(BTC, 1, WARM), 1_000_000) == []


def test_trades_end_a_doubt_and_late_seconds_count_for_nothing() -> None:
    rhythms = every(BTC, 1, 100)
    assert after(rhythms, 130) == [BTC]
    rhythms.note([second(131), second(131), second(40)])
    assert after(rhythms, 140) == []
    assert after(rhythms, 175) == [BTC]


def test_a_market_that_was_cut_off_begins_anew() -> None:
    rhythms = every(BTC, 1, 100)
    rhythms.forget([BTC, ETH])
    assert after(rhythms, 1_000) == []
