import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.repair.gaps import Interval, SecondState, covered_s, state_of
from config.units import MINUTE_MS

M = 600_000  # a whole minute


@pytest.mark.parametrize(
    ("missed", "stored", "state"),
    [
        ([], True, SecondState.RECORDED),
        ([], False, SecondState.QUIET),
        ([(0, 1_000), (2_000, 3_000)], False, SecondState.QUIET),
        ([(0, 1_001)], False, SecondState.BLIND),
        ([(1_999, 5_000)], True, SecondState.BLIND),
        ([(500, None)], False, SecondState.BLIND),
        ([(2_000, None)], True, SecondState.RECORDED),
        ([(1_500, 1_500)], True, SecondState.RECORDED),
    ],
)
def test_an_empty_second_is_quiet_or_blind(missed: list[Interval], stored: bool, state: SecondState) -> None:
    assert state_of(1_000, stored, missed) is state


@pytest.mark.parametrize(
    ("missed", "covered"),
    [
        ([], 60),
        ([(M, M + 60_000)], 0),
        ([(0, None)], 0),
        ([(M + 60_000, None)], 60),
        ([(0, M)], 60),
        ([(M + 10_000, M + 12_000)], 58),
        ([(M + 10_999, M + 11_001)], 58),
        ([(M + 10_000, M + 12_000), (M + 11_000, M + 13_000)], 57),
        ([(M + 59_000, None), (M - 5_000, M + 1_000)], 58),
        ([(M + 5_000, M + 5_000)], 60),
    ],
)
def test_covered_seconds_are_those_that_no_gap_touches(missed: list[Interval], covered: int) -> None:
    assert covered_s(M, missed) == covered


times = st.integers(M - 20_000, M + MINUTE_MS + 20_000)


@given(st.lists(st.tuples(times, st.none() | times), max_size=6))
def test_covered_seconds_agree_with_the_state_of_each_second(missed: list[Interval]) -> None:
    seen = sum(state_of(M + n * 1_000, False, missed) is SecondState.QUIET for n in range(60))
    assert covered_s(M, missed) == seen
