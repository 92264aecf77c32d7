"""The counting behind 429 and 418."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.limits import Bucket, Penalty, Window

START = 1_800_000_000_000


def test_a_window_counts_down_and_then_refuses_until_the_oldest_is_out() -> None:
    window = Window(3, 1_000)
    assert [window.take("me", START + ms) for ms in (0, 100, 200, 300)] == [2, 1, 0, None]
    assert window.take("me", START + 999) is None
    assert window.take("me", START + 1_000) == 0


def test_callers_do_not_share_a_window() -> None:
    window = Window(1, 1_000)
    assert window.take("me", START) == 0
    assert window.take("you", START) == 0
    assert window.take("me", START) is None


@given(st.lists(st.integers(0, 400), max_size=80))
def test_no_span_ever_holds_more_than_the_limit(pauses: list[int]) -> None:
    window, now, taken = Window(5, 1_000), START, list[int]()
    for pause in pauses:
        now += pause
        if window.take("me", now) is not None:
            taken.append(now)
    assert all(later - first >= 1_000 for first, later in zip(taken, taken[5:], strict=False))


def test_a_bucket_lets_a_burst_through_and_fills_again_by_time() -> None:
    bucket = Bucket(2, 1.0)
    assert [bucket.take("me", START) for _ in range(3)] == [1, 0, None]
    assert bucket.take("me", START + 999) is None
    assert bucket.take("me", START + 1_000) == 0


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    bucket = Bucket(2, 1.0)
    bucket.take("me", START)
    assert [bucket.take("me", START + 3_600_000) for _ in range(3)] == [1, 0, None]


def test_who_carries_on_is_shut_out_each_time_for_twice_as_long() -> None:
    penalty = Penalty(tolerance=2, within_ms=10_000, ban_ms=1_000)
    assert [penalty.reject("me", START + n) for n in range(3)] == [0, 0, 1_000]
    assert penalty.banned_for_ms("me", START + 502) == 500
    assert penalty.banned_for_ms("me", START + 1_002) == 0
    assert [penalty.reject("me", START + 2_000 + n) for n in range(3)] == [0, 0, 2_000]
    assert penalty.banned_for_ms("you", START) == 0


def test_old_rejections_are_forgiven() -> None:
    penalty = Penalty(tolerance=1, within_ms=1_000, ban_ms=1_000)
    assert [penalty.reject("me", START + n * 1_000) for n in range(5)] == [0] * 5
