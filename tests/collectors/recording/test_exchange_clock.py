"""What the stamps of trades tell of the exchange's clock, and which second a moment of ours means."""

import pytest

from collectors.recording.exchange_clock import LAG_WINDOW_MS, ExchangeClock
from tests.fakes.clock import START_MS
from tests.fakes.recording import trade

FUTURE_MS = 5_000


def heard(*stamps: tuple[int, int]) -> ExchangeClock:
    """After trades with these (stamp, receipt), each measured 100 ms later; times since START_MS."""
    clock = ExchangeClock(FUTURE_MS)
    for traded_ms, received_ms in stamps:
        clock.hear(START_MS + traded_ms, START_MS + received_ms)
        clock.measure(START_MS + received_ms + 100)
    return clock


@pytest.mark.parametrize(
    ("live_at_ms", "from_ms"), [(0, 1_000), (499, 1_000), (500, 1_000), (501, 2_000), (1_000, 2_000)]
)
def test_coverage_begins_with_a_whole_second_after_the_proof(live_at_ms: int, from_ms: int) -> None:
    assert heard().covered_after(START_MS + live_at_ms) - START_MS == from_ms


def test_coverage_and_loss_allow_for_stamps_that_run_ahead_or_come_late() -> None:
    ahead = heard((10_000, 7_000))  # their clock is 3 s ahead of ours
    assert ahead.covered_after(START_MS + 8_000) - START_MS == 12_000
    slow = heard((7_000, 10_000))  # or the way takes 3 s
    assert slow.missed_after(START_MS + 10_000, START_MS + 7_000) - START_MS == 6_000
    assert slow.covered_after(START_MS + 10_000) - START_MS == 11_000


def test_a_way_that_has_just_become_slow_shows_in_the_newest_trade() -> None:
    assert heard((7_500, 7_550)).missed_after(START_MS + 11_000, START_MS + 7_500) - START_MS == 7_000


def test_a_quiet_connection_is_not_taken_for_a_slow_one() -> None:
    missed_ms = heard((1_000, 1_050)).missed_after(START_MS + 600_000, START_MS + 1_000) - START_MS
    assert 590_000 < missed_ms < 600_000


def test_where_stamps_have_gone_back_what_comes_next_may_lie_as_far_back() -> None:
    clock = heard((9_000, 9_050), (-10_000, 10_050))
    assert clock.low_ms == -20_050
    assert clock.missed_after(START_MS + 11_000, START_MS + 9_000) - START_MS == -11_000
    assert heard((9_000, 9_050), (10_000, 10_050)).low_ms == -50
    assert heard().low_ms == 0


def test_how_far_stamps_lay_back_is_forgotten_after_a_while_and_never_more_than_a_minute() -> None:
    assert heard((0, 60_001)).low_ms == 0, "a misprint"
    clock = heard((440_000, 500_000))
    for after_ms in (LAG_WINDOW_MS // 2, LAG_WINDOW_MS):
        at_ms = START_MS + 500_000 + after_ms
        assert clock.low_ms == -60_000
        clock.hear(at_ms, at_ms + 80)
        clock.measure(at_ms + 120)
    assert clock.low_ms == -80


def test_the_quickest_way_counts_for_one_window_and_the_next_and_then_no_more() -> None:
    clock = heard((0, 90), (1_000, 1_010))
    assert clock.lag_ms == -10
    for window, lag_ms in ((1, -10), (2, -10), (3, -80)):
        at_ms = START_MS + 1_000 + window * LAG_WINDOW_MS
        clock.hear(at_ms, at_ms + 80)
        clock.measure(at_ms + 120)
        assert clock.lag_ms == lag_ms


def test_a_stamp_from_the_future_tells_nothing_of_the_way() -> None:
    assert heard((0, 50), (FUTURE_MS + 101, 100)).lag_ms == -50
    assert heard((0, 50), (FUTURE_MS + 100, 100)).lag_ms == FUTURE_MS


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
def test_what_is_known_of_their_clock_outlives_a_step_of_ours(step_ms: int) -> None:
    clock = heard((0, 50))
    before_ms = clock.covered_after(START_MS + 1_000)
    clock.host_stepped(step_ms, START_MS + 1_000 + step_ms)
    assert (clock.offset_ms, clock.lag_ms, clock.ahead_ms) == (-step_ms, -50 - step_ms, FUTURE_MS - step_ms)
    assert clock.covered_after(START_MS + 1_000 + step_ms) == before_ms
    assert clock.age_ms(trade(0, received_ms=1_000 + step_ms)) == 1_000
    assert clock.by_our_clock(START_MS + 900) == START_MS + 900 + step_ms


def test_a_step_that_brings_our_clock_to_theirs_was_a_repair() -> None:
    clock = heard((0, -3_600_000))
    assert clock.lag_ms is None  # from the future, by our clock
    clock.host_stepped(3_600_000, START_MS + 1_000)
    assert clock.offset_ms == 0


@pytest.mark.parametrize("step_ms", [8_000, 3_600_000])
def test_a_jump_that_theirs_made_as_well_is_undone_after_ten_reads_that_say_so(step_ms: int) -> None:
    clock = heard((0, 50))
    clock.host_stepped(step_ms, START_MS + 100 + step_ms)
    for read in range(10):
        assert clock.set_right() is None
        clock.hear(START_MS + step_ms + read * 100, START_MS + step_ms + read * 100 + 50)
    assert clock.set_right() == START_MS
    assert (clock.offset_ms, clock.ahead_ms) == (0, FUTURE_MS)
    assert clock.set_right() is None


def test_what_lay_in_the_socket_while_we_stood_still_tells_nothing_of_the_way_once_that_is_undone() -> None:
    """Else what is missed would begin as long before as we stood."""
    clock, step_ms = heard((0, 50)), 3_600_000
    clock.host_stepped(step_ms, START_MS + 100 + step_ms)
    clock.hear(START_MS + 60, START_MS + step_ms + 100)
    clock.measure(START_MS + step_ms + 100)
    for read in range(10):
        clock.hear(START_MS + step_ms + read * 100, START_MS + step_ms + read * 100 + 50)
    assert clock.set_right() == START_MS + 60
    clock.hear(START_MS + step_ms + 1_000, START_MS + step_ms + 1_050)
    clock.measure(START_MS + step_ms + 1_100)
    assert (clock.low_ms, clock.lag_ms) == (-50, -50)


def test_a_stamp_that_is_believed_shows_that_our_jump_was_one() -> None:
    clock = heard((0, 50))
    clock.host_stepped(3_600_000, START_MS + 3_600_100)
    for read in range(100):
        theirs_ms = START_MS + 200 + read * 100
        stamp_ms = theirs_ms if read % 10 == 9 else theirs_ms + 3_600_000
        clock.hear(stamp_ms, theirs_ms + 3_600_050)
        assert clock.set_right() is None
