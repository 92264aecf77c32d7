"""A page is read as often as its size allows, and never beyond its bytes an hour."""

import pytest

from collectors.listings.byte_budget import ByteBudget

PER_HOUR = 800e6


@pytest.mark.parametrize(("size", "every_s"), [(192_000, 1.0), (192_000, 0.5), (5_000_000, 1.0), (1, 1.0)])
def test_no_hour_takes_more_than_its_bytes_and_one_page(size: int, every_s: float) -> None:
    budget, now, read_at = ByteBudget(PER_HOUR), 0.0, []
    while now < 2 * 3_600:
        now += budget.wait_s(now)
        budget.spend(size, now)
        read_at.append(now)
        now += every_s
    for begin in (0.0, 600.0, 1_800.0, 3_600.0):
        read = sum(begin <= at < begin + 3_600 for at in read_at)
        assert read * size <= PER_HOUR + size


def test_a_page_of_ordinary_size_is_never_kept_waiting_at_one_a_second() -> None:
    budget = ByteBudget(PER_HOUR)
    for now in range(7_200):
        assert budget.wait_s(float(now)) == 0.0
        budget.spend(192_000, float(now))


def test_what_was_spent_too_fast_is_waited_for() -> None:
    budget = ByteBudget(3_600.0)  # 360 at once, then 0.9 a second
    budget.spend(450, 0.0)
    assert budget.wait_s(0.0) == pytest.approx(100.0)
    assert budget.wait_s(40.0) == pytest.approx(60.0)
    assert budget.wait_s(100.0) == pytest.approx(0.0)
