"""Waiting no longer than a clock allows."""

import asyncio
from contextlib import suppress

import pytest

from collectors.net.deadline import Deadlines, wait_until_done, within
from config.clock import Clock, SimulatorClock, SystemClock
from tests.fakes.clock import FakeClock


async def later(clock: FakeClock, seconds: float) -> str:
    await clock.sleep(seconds)
    return "done"


async def test_work_that_ends_in_time_gives_its_result() -> None:
    clock = FakeClock()
    waiting = asyncio.create_task(within(clock, 2.0, later(clock, 1.0)))
    await clock.advance(1.5)
    assert await waiting == "done"


async def test_work_that_is_late_is_cancelled() -> None:
    clock = FakeClock()
    work = asyncio.create_task(later(clock, 3.0))
    waiting = asyncio.create_task(within(clock, 2.0, work))
    await clock.advance(2.1)
    with pytest.raises(TimeoutError):
        await waiting
    assert work.cancelled()


async def test_an_error_of_the_work_passes_through() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await within(FakeClock(), 1.0, broken())


async def test_cancelling_the_wait_cancels_the_work() -> None:
    clock = FakeClock()
    work = asyncio.create_task(later(clock, 3.0))
    waiting = asyncio.create_task(within(clock, 2.0, work))
    await clock.advance(1.0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert work.cancelled()


async def test_on_the_systems_clock_the_same_holds() -> None:
    clock = SystemClock()
    assert await within(clock, 60.0, asyncio.sleep(0, "done")) == "done"
    work = asyncio.create_task(asyncio.sleep(60.0))
    with pytest.raises(TimeoutError):
        await within(clock, 0.01, work)
    assert work.cancelled()


@pytest.mark.parametrize(
    "clock", [FakeClock(), SystemClock(), SimulatorClock(0, 100.0)], ids=lambda it: type(it).__name__
)
async def test_waiting_ends_with_the_last_of_the_work_or_with_the_first(clock: Clock) -> None:
    done, open_ = asyncio.get_running_loop().create_future(), asyncio.get_running_loop().create_future()
    done.set_result(None)
    await wait_until_done([done], clock, 3_600.0)
    waiting = asyncio.ensure_future(wait_until_done([done, open_], clock, 3_600.0))
    await asyncio.sleep(0)
    assert not waiting.done()
    open_.set_result(None)
    await waiting
    late = asyncio.get_running_loop().create_future()
    soon = asyncio.get_running_loop().create_future()
    either = asyncio.ensure_future(wait_until_done([late, soon], clock, 3_600.0, first=True))
    await asyncio.sleep(0)
    soon.set_result(None)
    await either
    assert not late.done()


async def test_waiting_ends_when_the_time_is_up_and_cancels_nothing() -> None:
    clock = FakeClock()
    open_ = asyncio.get_running_loop().create_future()
    waiting = asyncio.ensure_future(wait_until_done([open_], clock, 2.0))
    await clock.advance(1.9)
    assert not waiting.done()
    await clock.advance(0.1)
    await waiting
    assert not open_.cancelled()
    await wait_until_done([open_], SimulatorClock(0, 1_000.0), 1.0)
    assert not open_.cancelled()


CLOCKS = pytest.mark.parametrize(
    "clock", [SystemClock(), SimulatorClock(0, 100.0)], ids=lambda clock: type(clock).__name__
)


@CLOCKS
async def test_many_waits_share_a_timer_and_each_ends_at_its_own_deadline(clock: Clock) -> None:
    deadlines = Deadlines(clock)

    async def ends(after_s: float) -> float:
        with pytest.raises(TimeoutError):
            await deadlines.by(clock.monotonic() + after_s, asyncio.Event().wait())
        return clock.monotonic() - started

    started, slow = clock.monotonic(), 100.0 if isinstance(clock, SimulatorClock) else 1.0
    in_time = asyncio.create_task(deadlines.by(started + 60.0 * slow, asyncio.sleep(0.1, "done")))
    took = await asyncio.gather(*(ends(after_s * slow) for after_s in (0.06, 0.02, 0.04)))
    assert [0.06 * slow <= took[0], 0.02 * slow <= took[1] < took[2] < took[0]] == [True, True]
    assert await in_time == "done"
    deadlines.close()


@CLOCKS
async def test_a_deadline_that_has_passed_ends_the_wait(clock: Clock) -> None:
    deadlines = Deadlines(clock)
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await deadlines.by(clock.monotonic() - 1.0, asyncio.Event().wait())
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]


async def test_a_wait_that_is_cancelled_from_outside_is_no_timeout() -> None:
    deadlines, clock = Deadlines(SystemClock()), SystemClock()
    waiting = asyncio.create_task(deadlines.by(clock.monotonic() + 60.0, asyncio.Event().wait()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    late = asyncio.create_task(deadlines.by(clock.monotonic() - 1.0, asyncio.Event().wait()))
    asyncio.get_running_loop().call_later(0.0, late.cancel)
    with pytest.raises((asyncio.CancelledError, TimeoutError)):
        await late
    deadlines.close()


async def test_a_cancellation_that_the_work_takes_for_its_own_is_not_lost() -> None:
    """As aiohappyeyeballs does, and thus aiohttp, in the moment in which one address has won and others are ended."""

    async def deaf() -> str:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()
        return "done"

    deadlines, clock = Deadlines(SystemClock()), SystemClock()
    waiting = asyncio.create_task(deadlines.by(clock.monotonic() + 60.0, deaf()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await deadlines.by(clock.monotonic() - 1.0, deaf()) == "done"
    assert asyncio.current_task().cancelling() == 0  # type: ignore[union-attr]
    deadlines.close()


async def test_an_error_of_the_work_passes_a_deadline() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    deadlines = Deadlines(SystemClock())
    with pytest.raises(ZeroDivisionError):
        await deadlines.by(SystemClock().monotonic() + 1.0, broken())
    deadlines.close()


async def test_a_deadline_holds_on_a_clock_that_is_not_the_loops() -> None:
    clock = FakeClock()
    deadlines = Deadlines(clock)
    in_time = asyncio.create_task(deadlines.by(2.0, later(clock, 1.0)))
    late = asyncio.create_task(deadlines.by(2.0, later(clock, 3.0)))
    await clock.advance(2.1)
    assert await in_time == "done"
    with pytest.raises(TimeoutError):
        await late


async def test_who_still_waits_at_the_closing_keeps_the_deadline() -> None:
    deadlines, clock = Deadlines(SystemClock()), SystemClock()
    waiting = asyncio.create_task(deadlines.by(clock.monotonic() + 0.05, asyncio.Event().wait()))
    await asyncio.sleep(0)
    deadlines.close()
    with pytest.raises(TimeoutError):
        await waiting
