"""A task's crash ends the body in the recording zone, and is told and begun again in the judging one."""

import asyncio

import pytest

from ops.process.lifetimes import TaskGroup, restarting, running
from tests.fakes.clock import FakeClock


async def forever() -> None:
    await asyncio.Event().wait()


async def fail() -> None:
    raise OSError("the cable is out")


async def test_leaving_the_body_cancels_what_runs_beside_it() -> None:
    ended: list[str] = []

    async def note_the_end() -> None:
        try:
            await forever()
        finally:
            ended.append("cancelled")

    async with running(note_the_end()):
        await asyncio.sleep(0)
    assert ended == ["cancelled"]


async def test_a_crash_beside_the_body_ends_it_and_travels_on_as_itself() -> None:
    with pytest.raises(OSError, match="the cable is out"):
        async with running(forever(), fail()):
            await forever()


async def test_a_cancellation_that_nobody_asked_for_ends_the_body_as_a_crash_does() -> None:
    """Else a part of recording would be over, and nothing would say so."""

    async def wait_for_a_future_that_another_ends() -> None:
        future = asyncio.get_running_loop().create_future()
        future.cancel()
        await future

    with pytest.raises(RuntimeError, match=r"another_ends.* though nobody told it to end") as crash:
        async with asyncio.timeout(5), running(forever(), wait_for_a_future_that_another_ends()):
            await forever()
    assert isinstance(crash.value.__cause__, asyncio.CancelledError)


async def test_a_cancellation_that_nobody_asked_for_in_the_moment_of_a_crash_is_no_error_of_the_loops() -> None:
    loop = asyncio.get_running_loop()
    fails, ended = loop.create_future(), loop.create_future()
    told: list[object] = []
    loop.set_exception_handler(lambda _, context: told.append(context))

    async def wait_for(future: asyncio.Future[None]) -> None:
        await future

    with pytest.raises(OSError, match="the cable is out"):
        async with running(wait_for(fails), wait_for(ended)):
            await asyncio.sleep(0)
            fails.set_exception(OSError("the cable is out"))
            ended.cancel()
            await forever()
    assert told == []


async def test_the_bodys_own_exception_is_what_leaves() -> None:
    with pytest.raises(ValueError, match="body"):
        async with running(forever()):
            raise ValueError("body")


async def test_a_cancellation_that_meets_a_crash_is_not_forgotten() -> None:
    """Whoever goes on after the crash, as a connection that comes back, is ended all the same."""
    ending, go_on = asyncio.Event(), asyncio.Event()

    async def end_slowly() -> None:
        try:
            await forever()
        finally:
            ending.set()
            await go_on.wait()

    async def come_back_for_ever() -> None:
        while True:
            try:
                async with running(end_slowly()):
                    await asyncio.sleep(0)
                    raise OSError("the cable is out")
            except OSError:
                await forever()

    task = asyncio.create_task(come_back_for_ever())
    await ending.wait()
    task.cancel()
    await asyncio.sleep(0)
    go_on.set()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done and task.cancelled()


async def test_a_cancellation_that_meets_a_crash_comes_once() -> None:
    """From Python 3.13 on the library has it delivered again at the next wait, which may be that of a clean-up."""
    cleaned: list[str] = []

    async def ask() -> None:
        try:
            async with TaskGroup() as calls:
                calls.create_task(forever())
                raise OSError("the cable is out")
        finally:
            await asyncio.sleep(0)
            cleaned.append("all of it")

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done and task.cancelled()
    assert cleaned == ["all of it"]


async def test_a_crash_after_the_end_of_the_body_is_a_crash_and_no_cancellation() -> None:
    """Else the part that asked would end for good, without a word."""

    async def fail_later() -> None:
        await asyncio.sleep(0)
        await fail()

    async def ask() -> None:
        async with TaskGroup() as calls:
            calls.create_task(forever())
            calls.create_task(fail_later())

    async def ask_twice() -> int:
        for _ in range(2):
            with pytest.raises(ExceptionGroup):
                await ask()
        task = asyncio.current_task()
        assert task is not None
        return task.cancelling()

    assert await asyncio.create_task(ask_twice()) == 0


async def test_a_crash_while_the_work_is_ended_travels_on_as_itself() -> None:
    async def fail_at_the_end() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0)
            await fail()

    with pytest.raises(OSError, match="the cable is out"):
        async with running(fail_at_the_end(), forever()):
            await asyncio.sleep(0)


async def test_a_group_that_waits_for_its_tasks_can_be_cancelled() -> None:
    async def ask() -> None:
        async with TaskGroup() as calls:
            calls.create_task(forever())

    task = asyncio.create_task(ask())
    await asyncio.sleep(0)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=5)
    assert done and task.cancelled()


async def test_work_that_crashes_is_told_and_begun_again_after_the_pause() -> None:
    clock, told = FakeClock(), list[str]()
    begun: list[int] = []

    async def fail_twice() -> None:
        begun.append(clock.now_ms())
        if len(begun) < 3:
            raise ValueError(f"attempt {len(begun)}")

    async with running(restarting("probe", fail_twice, clock, lambda name, e: told.append(f"{name}: {e}"), pause_s=5)):
        await clock.advance(11)
    assert told == ["probe: attempt 1", "probe: attempt 2"]
    assert [ms - begun[0] for ms in begun] == [0, 5_000, 10_000]


@pytest.mark.parametrize("step", range(6))
async def test_work_that_crashes_as_it_is_ended_does_not_begin_again(step: int) -> None:
    """asyncio.gather tells of the crash alone where it meets a cancellation."""
    due = asyncio.Event()

    async def fail_when_due() -> None:
        await due.wait()
        await fail()

    async def ask() -> None:
        await asyncio.gather(fail_when_due(), forever())

    told: list[str] = []
    life = asyncio.create_task(restarting("probe", ask, FakeClock(), lambda name, _: told.append(name)))
    for _ in range(3):
        await asyncio.sleep(0)  # until both wait
    due.set()
    for _ in range(step):
        await asyncio.sleep(0)
    life.cancel()
    done, _ = await asyncio.wait([life], timeout=1)
    assert done and life.cancelled()


async def test_a_cancellation_that_nobody_asked_for_is_a_crash() -> None:
    """A group takes a task that ends so for one that was ended, and tells nobody."""
    clock, told = FakeClock(), list[str]()

    async def wait_for_what_another_ended() -> None:
        await clock.sleep(1)
        asked = asyncio.get_running_loop().create_future()
        asked.cancel()
        await asked

    async with running(restarting("probe", wait_for_what_another_ended, clock, lambda name, e: told.append(f"{e}"))):
        await clock.advance(8)
    assert told == ["cancelled, though nobody told it to end"] * 2
