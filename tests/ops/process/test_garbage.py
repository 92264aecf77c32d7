"""What stands after the start is left out of the search for cycles, as long as the daemon runs."""

import asyncio
import gc
import linecache
import weakref

import pytest

from ops.process.garbage import GIVE_BACK_EVERY_S, YOUNG, search_seldom, settle
from tests.fakes.clock import FakeClock


class Knot:
    """An object that only the search for cycles can free."""

    def __init__(self) -> None:
        self.itself = self


async def test_what_is_alive_at_a_step_is_left_out_until_the_end() -> None:
    clock = FakeClock()
    settling = asyncio.ensure_future(settle(clock, steps_s=[2.0]))
    await clock.advance(1.0)
    assert gc.get_freeze_count() == 0
    await clock.advance(1.0)
    assert gc.get_freeze_count() > 0
    settling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await settling
    assert gc.get_freeze_count() == 0


async def test_garbage_of_before_is_freed_and_not_kept() -> None:
    clock, knot = FakeClock(), Knot()
    gone = weakref.ref(knot)
    settling = asyncio.ensure_future(settle(clock, steps_s=[2.0]))
    del knot
    await clock.advance(2.0)
    assert gone() is None
    settling.cancel()
    await asyncio.gather(settling, return_exceptions=True)


async def test_sources_read_for_a_traceback_are_let_go() -> None:
    clock = FakeClock()
    settling = asyncio.ensure_future(settle(clock, steps_s=[]))
    assert linecache.getline(__file__, 1)
    await clock.advance(GIVE_BACK_EVERY_S)
    assert linecache.cache == {}
    settling.cancel()


def test_the_youngest_are_searched_once_there_are_many() -> None:
    before = gc.get_threshold()
    try:
        search_seldom()
        assert gc.get_threshold() == (YOUNG, *before[1:])
    finally:
        gc.set_threshold(*before)
