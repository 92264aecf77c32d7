"""A request outlives the look that asked: that gets its answer in time or none, the next one gets what came late."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from analysis.fetching.patient_door import PatientDoor
from analysis.fetching.sources import Answer
from collectors.net.http import DeadlineExceeded, Unreachable
from ops.process.lifetimes import running
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    return FakeDoor(clock)


@pytest.fixture
async def patient(door: FakeDoor, clock: FakeClock) -> AsyncIterator[PatientDoor]:
    made = PatientDoor(door, clock)
    async with running(made.run()):
        await clock.settle()
        yield made


async def asked(patient: PatientDoor, clock: FakeClock, wait_s: float = 0.8) -> Answer | Exception:
    """One question with the deadline of a look, and its answer when that has passed."""
    question = asyncio.create_task(patient.get("okx", "/x", params={"a": "1"}, deadline_s=0.8))
    await clock.advance(wait_s)
    while not question.done():
        await clock.advance(0.0)
    return question.exception() or question.result()  # type: ignore[return-value]  # an error here is an Exception


async def test_what_comes_in_time_is_the_answer(patient: PatientDoor, door: FakeDoor, clock: FakeClock) -> None:
    door.says("okx", "/x", b"in time", after_s=0.7)
    answer = await asked(patient, clock)
    assert not isinstance(answer, Exception) and answer.status == 200
    assert door.asked[0].deadline_s == 5.0


async def test_what_comes_late_wakes_and_answers_the_next_look(
    patient: PatientDoor, door: FakeDoor, clock: FakeClock
) -> None:
    woken: list[float] = []
    patient.on_late = lambda: woken.append(clock.monotonic())
    door.says("okx", "/x", b"late", after_s=1.2)
    assert isinstance(await asked(patient, clock), DeadlineExceeded)
    await clock.advance(0.4)
    assert woken == [pytest.approx(1.2)]
    answer = await asked(patient, clock, 0.0)
    assert not isinstance(answer, Exception) and len(door.asked) == 1


async def test_a_slow_venue_is_heard_at_every_look(patient: PatientDoor, door: FakeDoor, clock: FakeClock) -> None:
    """It takes 1.5 s each time: each look gets the answer to the question of the look before, never older than 5 s."""
    door.says("okx", "/x", b"slow", after_s=1.5)
    heard = []
    for _ in range(4):
        heard.append(await asked(patient, clock))
        await clock.advance(2.0)
    assert [isinstance(answer, Exception) for answer in heard] == [True, False, False, False]
    assert len(door.asked) == 4


async def test_the_same_question_is_never_under_way_twice(
    patient: PatientDoor, door: FakeDoor, clock: FakeClock
) -> None:
    door.says("okx", "/x", b"slow", after_s=4.0)
    for _ in range(3):
        assert isinstance(await asked(patient, clock), DeadlineExceeded)
    assert len(door.asked) == 1


async def test_an_answer_that_hangs_for_good_is_given_up_and_asked_for_anew(
    patient: PatientDoor, door: FakeDoor, clock: FakeClock
) -> None:
    door.says("okx", "/x", b"never", after_s=1e9)
    assert isinstance(await asked(patient, clock), DeadlineExceeded)
    await clock.advance(5.0)
    assert isinstance(await asked(patient, clock), DeadlineExceeded)
    assert len(door.asked) == 2


async def test_an_error_is_the_askers_and_ends_nobody_else(
    patient: PatientDoor, door: FakeDoor, clock: FakeClock
) -> None:
    door.fails("okx", "/x")
    assert isinstance(await asked(patient, clock), Unreachable)
    door.says("okx", "/x", b"back")
    assert not isinstance(await asked(patient, clock), Exception)


async def test_an_asker_that_leaves_takes_nothing_with_it(
    patient: PatientDoor, door: FakeDoor, clock: FakeClock
) -> None:
    door.says("okx", "/x", b"in time", after_s=0.5)
    question = asyncio.create_task(patient.get("okx", "/x", params={"a": "1"}, deadline_s=0.8))
    await clock.advance(0.1)
    question.cancel()
    assert not isinstance(await asked(patient, clock, 0.4), Exception)
    assert len(door.asked) == 1


async def test_the_end_of_the_owner_is_not_the_end_of_the_asker(door: FakeDoor, clock: FakeClock) -> None:
    patient = PatientDoor(door, clock)
    door.says("okx", "/x", b"late", after_s=3.0)
    async with running(patient.run()):
        await clock.settle()
        question = asyncio.create_task(patient.get("okx", "/x", deadline_s=0.8))
        await clock.advance(0.1)
    with pytest.raises(DeadlineExceeded, match="broken off"):
        await question


async def test_background_questions_and_a_door_nobody_runs_keep_their_own_deadline(
    door: FakeDoor, clock: FakeClock
) -> None:
    idle = PatientDoor(door, clock)
    door.says("okx", "/x", b"late", after_s=1.2)
    assert isinstance(await asked(idle, clock), DeadlineExceeded)
    assert door.asked[-1].deadline_s == 0.8
    async with running(idle.run()):
        await clock.settle()
        question = asyncio.create_task(idle.get("okx", "/x", deadline_s=10.0))
        await clock.advance(1.2)
        assert (await question).status == 200
        assert door.asked[-1].deadline_s == 10.0
