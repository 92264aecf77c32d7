"""One side of a book against the tuple of pairs that it stands for, and the room that it takes."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.quotes import Levels

numbers = st.floats(1e-9, 1e12)
pairs = st.lists(st.tuples(numbers, numbers), max_size=40).map(tuple)


@given(pairs)
def test_it_is_the_pairs_that_it_was_made_of(of: tuple[tuple[float, float], ...]) -> None:
    levels = Levels(of)
    assert tuple(levels) == of and len(levels) == len(of) and bool(levels) == bool(of)
    assert [levels[place] for place in range(len(of))] == list(of)
    assert tuple(levels[:3]) == of[:3] and tuple(reversed(levels)) == of[::-1]
    assert levels == Levels(of) and hash(levels) == hash(Levels(of)) and levels != Levels((*of, (1.0, 1.0)))
    assert levels != of  # a tuple is not a side of a book


@given(pairs, st.sampled_from([1.0, 1.25, 1000.0]), st.sampled_from([1.0, 0.1, 1000.0]))
def test_per_coin_prices_are_divided_and_sizes_multiplied(
    of: tuple[tuple[float, float], ...], price: float, size: float
) -> None:
    assert tuple(Levels(of).per_coin(price, size)) == tuple((each / price, many * size) for each, many in of)


def test_there_is_no_level_beyond_the_last() -> None:
    with pytest.raises(IndexError):
        Levels([(1.0, 2.0)])[1]


def test_a_hundred_levels_take_less_than_two_kilobytes() -> None:
    levels = Levels((float(n), n / 2) for n in range(100))
    assert sys.getsizeof(levels.prices) + sys.getsizeof(levels.sizes) + sys.getsizeof(levels) < 2_000
