"""The daemon's clock beside the simulator's: corrected where it is wrong, left alone where an answer was only late."""

import pytest

from config.clock import SimulatorClock
from ops.process.simulated_time import SLACK_MS, correct

NOW_MS = 1_800_000_000_000


@pytest.fixture
def clock() -> SimulatorClock:
    return SimulatorClock(NOW_MS, 0.001)  # it stands, as far as a test can tell


def test_an_answer_that_fits_into_its_journey_moves_nothing(clock: SimulatorClock) -> None:
    before_ms = clock.now_ms()
    for late_ms in (0, 900, 5_000):
        correct(clock, before_ms - late_ms, before_ms - late_ms // 2, 0.001)
        assert 0 <= clock.now_ms() - before_ms <= 1


@pytest.mark.parametrize("wrong_ms", [-60_000, -SLACK_MS - 10, SLACK_MS + 10, 60_000])
def test_a_clock_that_is_proven_wrong_is_set(clock: SimulatorClock, wrong_ms: int) -> None:
    told_ms = clock.now_ms() + wrong_ms
    correct(clock, clock.now_ms(), told_ms, 0.001)
    assert 0 <= clock.now_ms() - told_ms <= 1


def test_a_new_speed_is_taken(clock: SimulatorClock) -> None:
    correct(clock, clock.now_ms(), clock.now_ms(), 50.0)
    assert clock.speed == 50.0
