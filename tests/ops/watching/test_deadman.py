"""Somebody outside hears from us once a minute while we are well; the address stays ours."""

import asyncio
import logging

import pytest

from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from config.clock import SystemClock
from config.load import load_settings
from ops.commands.cli import ROOT
from ops.process.endpoints import DEADMAN, endpoints
from ops.watching.deadman import EVERY_S, Deadman
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor
from tests.fakes.simulator import running_simulator

SECRET = "https://watch.example/ping/0123-secret"


async def test_it_is_pinged_each_minute_while_healthy_and_not_otherwise() -> None:
    clock, healthy = FakeClock(), [True]
    door = FakeDoor(clock)
    door.says(DEADMAN, "", b"OK")
    task = asyncio.ensure_future(Deadman(door, clock, lambda: healthy[0]).run())  # type: ignore[arg-type]
    await clock.advance(3 * EVERY_S - 1)
    assert len(door.asked) == 3
    healthy[0] = False
    await clock.advance(10 * EVERY_S)
    assert len(door.asked) == 3
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_its_failure_is_told_once_and_never_with_the_address(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    clock = FakeClock()
    door = FakeDoor(clock)
    door.fails(DEADMAN, "")
    deadman = Deadman(door, clock, lambda: True)  # type: ignore[arg-type]
    task = asyncio.ensure_future(deadman.run())
    await clock.advance(5 * EVERY_S)
    door.says(DEADMAN, "", b"OK")
    await clock.advance(EVERY_S)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert [record.levelname for record in caplog.records if record.name == "ops.watching.deadman"] == [
        "WARNING",
        "INFO",
    ]
    assert "secret" not in caplog.text


async def test_the_real_door_asks_the_very_address_and_a_demo_never_does() -> None:
    settings = load_settings(ROOT / "config")
    assert endpoints(settings, None, None, SECRET).http[DEADMAN] == SECRET
    async with running_simulator() as simulator:
        simulated = endpoints(settings, simulator.url, None, SECRET)
        door = HttpDoor(simulated.http, Limits(simulated.rates), SystemClock(), "tests")
        async with open_door(door):
            assert (await door.get(DEADMAN, "")).status == 200
        (ping,) = await simulator.get("/sim/webhook")
    assert (ping["method"], ping["path"]) == ("GET", "/webhook/deadman")
