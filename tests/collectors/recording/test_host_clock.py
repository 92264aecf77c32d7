"""Jumps of this machine's clock, and how wrong it was to begin with."""

import pytest

from collectors.recording.host_clock import STEP_MS, HostClock
from tests.fakes.clock import START_MS, FakeClock


@pytest.mark.parametrize("step_ms", [-3_600_000, -STEP_MS - 1, STEP_MS + 1, 3_600_000])
async def test_a_jump_is_told_once_by_whoever_reads_next(clock: FakeClock, step_ms: int) -> None:
    host = HostClock(clock)
    await clock.advance(100)
    clock.step_wall(step_ms)
    assert host.read() == step_ms
    assert host.wall_ms == START_MS + 100_000 + step_ms
    assert host.read() == 0


async def test_what_stays_within_the_bound_between_two_readings_is_no_jump(clock: FakeClock) -> None:
    host = HostClock(clock)
    for _ in range(10):
        await clock.advance(1)
        clock.step_wall(STEP_MS)
        assert host.read() == 0


@pytest.mark.parametrize(
    ("low_ms", "high_ms", "off_ms"),
    [(-500, 500, 0), (-STEP_MS, STEP_MS, 0), (0, 90_000, 0), (89_000, 91_000, 90_000), (-9_000, -7_000, -8_000)],
)
def test_how_wrong_it_was_is_told_once_and_where_it_is_plain(
    clock: FakeClock, low_ms: int, high_ms: int, off_ms: int
) -> None:
    host = HostClock(clock)
    assert host.is_off(low_ms, high_ms) == off_ms
    assert host.is_off(89_000, 91_000) == 0
