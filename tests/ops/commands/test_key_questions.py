"""The owner's keys, asked every hour: what was last said stands while nobody answers, and half a key is not asked."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from config.secrets import Secrets
from ops.commands.key_checks import KeyState
from ops.commands.key_questions import AGAIN_S, EVERY_S, KeyQuestions, KeyWatch
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor

UPBIT, BYBIT = "/v1/api_keys", "/v5/user/query-api"
SECRETS = Secrets(
    upbit_access_key="A1",
    upbit_secret_key="S" * 40,
    bybit_api_key="bybit-key",
    bybit_api_secret="bybit-secret",
    okx_api_key="half a key",
)
READS = {"retCode": 0, "result": {"readOnly": 1, "expiredAt": "2099-01-01T00:00:00Z"}}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    made = FakeDoor(clock)
    made.says("upbit", UPBIT, [{"access_key": "A1", "expire_at": "2099-01-01T00:00:00+09:00"}])
    made.says("bybit", BYBIT, READS)
    return made


@pytest.fixture
async def watch(door: FakeDoor, clock: FakeClock) -> AsyncIterator[KeyWatch]:
    made = KeyWatch(KeyQuestions(door, clock, SECRETS), clock)
    task = asyncio.ensure_future(made.run())
    await clock.settle()
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def states(watch: KeyWatch) -> dict[str, KeyState]:
    return {exchange: answer.state for exchange, answer in watch.answers.items()}


async def test_whole_keys_are_asked_about_at_once_and_every_hour(
    watch: KeyWatch, door: FakeDoor, clock: FakeClock
) -> None:
    assert states(watch) == {"upbit": KeyState.UNTOLD, "bybit": KeyState.FINE}
    assert [each.service for each in door.asked] == ["upbit", "bybit"]
    door.says("upbit", UPBIT, {"error": {"name": "expired_access_key"}}, status=401)
    await clock.advance(EVERY_S)
    assert states(watch) == {"upbit": KeyState.REFUSED, "bybit": KeyState.FINE}
    assert "expired_access_key" in watch.answers["upbit"].found


async def test_an_answer_stands_until_there_is_another_and_is_asked_for_sooner(
    watch: KeyWatch, door: FakeDoor, clock: FakeClock
) -> None:
    door.fails("upbit", UPBIT)
    door.says("bybit", BYBIT, b"<html>", status=502)
    await clock.advance(EVERY_S)
    assert states(watch) == {"upbit": KeyState.UNTOLD, "bybit": KeyState.FINE}
    door.says("bybit", BYBIT, {"retCode": 33004, "retMsg": "expired"})
    await clock.advance(AGAIN_S)
    assert states(watch)["bybit"] is KeyState.REFUSED
