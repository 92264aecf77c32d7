"""What joined and left a market list, and when a page is not to be believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.listings.listing_diff import ListDiff, diff

codes = st.frozensets(st.sampled_from([f"KRW-{letter}" for letter in "ABCDEFGHIJKLMNOP"]))


@pytest.mark.parametrize(
    ("before", "after", "added", "removed", "suspicious"),
    [
        ({"KRW-A"}, {"KRW-A"}, set(), set(), False),
        ({"KRW-A"}, {"KRW-A", "KRW-B"}, {"KRW-B"}, set(), False),
        ({"KRW-A", "KRW-B"}, {"KRW-A"}, set(), {"KRW-B"}, False),
        ({"KRW-A"}, {"KRW-A", "KRW-B", "KRW-C"}, {"KRW-B", "KRW-C"}, set(), False),
        ({"KRW-A"}, {"KRW-A", "KRW-B", "KRW-C", "KRW-D"}, {"KRW-B", "KRW-C", "KRW-D"}, set(), True),
        ({"KRW-A", "KRW-B", "KRW-C", "KRW-D"}, {"KRW-A"}, set(), {"KRW-B", "KRW-C", "KRW-D"}, True),
        ({"KRW-A"}, set(), set(), {"KRW-A"}, True),
        (set(), set(), set(), set(), False),
    ],
)
def test_two_changes_at_once_are_believed_three_and_an_empty_page_are_not(
    before: set[str], after: set[str], added: set[str], removed: set[str], suspicious: bool
) -> None:
    assert diff(before, after, mass=2) == ListDiff(frozenset(added), frozenset(removed), suspicious)


@given(codes, codes)
def test_a_diff_applied_to_the_old_list_gives_the_new_one(before: frozenset[str], after: frozenset[str]) -> None:
    found = diff(before, after, mass=10)
    assert (before - found.removed) | found.added == after
    assert not found.added & found.removed
