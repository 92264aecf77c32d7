"""Pairs of real processes for the tests of this folder; see `pair.py`."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.pair import Pair, running_pair


@pytest.fixture
def new_pair(tmp_path: Path) -> Iterator[Callable[..., Pair]]:
    """Makes the pair of one test; its arguments are the simulator's. Whatever still runs at the end is ended."""
    with ExitStack() as stack:
        yield lambda *words: stack.enter_context(running_pair(tmp_path, *words))
