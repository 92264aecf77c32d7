"""The interval always holds the truth, narrows with every answer, and never blames our clock for somebody else's."""

from email.utils import formatdate

from hypothesis import given
from hypothesis import strategies as st

from ops.watching.clock_offset import SLACK_MS, Bounds, ClockOffset, bounds_of
from tests.fakes.clock import START_MS


def answer(
    offset: ClockOffset,
    theirs_ms: int,
    ours_minus_theirs: int,
    journey_ms: int = 20,
    service: str = "upbit",
    age: str | None = None,
) -> None:
    """An answer that left them at `theirs_ms`; half the journey each way."""
    ours_ms = theirs_ms + ours_minus_theirs
    headers = {"date": formatdate(theirs_ms // 1000, usegmt=True)} | ({"age": age} if age else {})
    monotonic_s = theirs_ms / 1000 + 5
    offset.answered(service, headers, ours_ms - journey_ms // 2, ours_ms + journey_ms // 2, monotonic_s)


def test_one_answer_bounds_the_offset_by_a_second_and_its_journey() -> None:
    date = formatdate(START_MS // 1000, usegmt=True)
    assert bounds_of(date, START_MS + 300, START_MS + 400) == Bounds(-700 - SLACK_MS, 400 + SLACK_MS)


def test_what_is_no_date_says_nothing() -> None:
    for date in ("", "soon", "Fri, 99 Foo 2026 00:00:00 GMT", "0"):
        assert bounds_of(date, START_MS, START_MS) is None
    assert bounds_of(formatdate(0, usegmt=True), START_MS, START_MS - 1) is None
    offset = ClockOffset()
    offset.answered("upbit", {}, START_MS, START_MS, 0.0)
    offset.answered("telegram", {"date": formatdate(0, usegmt=True)}, START_MS, START_MS, 0.0)
    assert offset.interval() is None


@given(
    true_ms=st.integers(-100_000, 100_000),
    steps=st.lists(st.tuples(st.integers(1, 3_000), st.integers(0, 2_000)), min_size=1, max_size=30),
)
def test_the_truth_is_never_outside(true_ms: int, steps: list[tuple[int, int]]) -> None:
    offset, theirs_ms = ClockOffset(), START_MS
    for pause_ms, journey_ms in steps:
        theirs_ms += pause_ms
        answer(offset, theirs_ms, true_ms, journey_ms)
    interval = offset.interval()
    assert interval is not None
    assert interval[0] <= true_ms <= interval[1]


def test_answers_at_every_part_of_a_second_close_in_on_the_truth() -> None:
    offset = ClockOffset()
    for n in range(50):
        answer(offset, START_MS + n * 1_037, 1_500)
    interval = offset.interval()
    assert interval is not None
    assert 1_200 < interval[0] <= 1_500 <= interval[1] < 1_800


def test_trades_bound_the_offset_from_above() -> None:
    offset = ClockOffset()
    answer(offset, START_MS + 999, 0)
    offset.traded("upbit", -30)  # the quickest trade came 30 ms after its stamp
    assert offset.interval() == (-10 - SLACK_MS - 1, 30)


def test_trades_from_a_future_that_the_answers_deny_are_not_believed() -> None:
    offset = ClockOffset()
    answer(offset, START_MS + 500, 0)
    before = offset.interval()
    offset.traded("upbit", 60_000)
    assert offset.interval() == before
    offset.traded("upbit", None)
    assert offset.interval() == before


def test_an_exchange_with_a_wrong_clock_leaves_room_for_ours_to_be_right() -> None:
    offset = ClockOffset()
    for n in range(20):
        answer(offset, START_MS + n * 1_013, 0)
        answer(offset, START_MS + n * 1_013, 0, service="bithumb")
    for n in range(20):  # Bithumb's Date is an hour off from here on
        headers = {"date": formatdate(START_MS // 1000 + 3_600 + n, usegmt=True)}
        at_ms = START_MS + 20_000 + n * 1_000
        offset.answered("bithumb", headers, at_ms, at_ms + 10, at_ms / 1000 + 5)
    interval = offset.interval()
    assert interval is not None
    assert interval[0] < -3_500_000
    assert interval[1] >= 0


def test_a_page_from_a_cache_tells_no_time() -> None:
    offset = ClockOffset()
    answer(offset, START_MS, 0, age="12")
    assert offset.interval() is None
    answer(offset, START_MS, 0, age="0")
    assert offset.interval() is not None


def test_a_step_of_our_clock_voids_what_was_seen() -> None:
    offset = ClockOffset()
    answer(offset, START_MS, 0)
    offset.clocks(START_MS + 1_000, START_MS / 1000 + 6)
    assert offset.interval() is not None
    offset.clocks(START_MS + 3_602_000, START_MS / 1000 + 7)
    assert offset.interval() is None
    answer(offset, START_MS + 8_000, 3_600_000)
    interval = offset.interval()
    assert interval is not None
    assert interval[0] > 3_500_000


def test_what_was_seen_long_ago_is_forgotten() -> None:
    offset = ClockOffset()
    for n in range(50):
        answer(offset, START_MS + n * 1_013, 0)
    narrow = offset.interval()
    answer(offset, START_MS + 1_000_000, 0)
    wide = offset.interval()
    assert narrow is not None
    assert wide is not None
    assert wide[1] - wide[0] > narrow[1] - narrow[0]
