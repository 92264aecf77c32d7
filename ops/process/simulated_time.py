"""The daemon's clock as the simulator's: asked at the start, asked again now and then, so that the two never part."""

import asyncio
import json

from collectors.net.http import DoorError, HttpDoor
from collectors.net.limits import Limits
from config.clock import SimulatorClock, SystemClock

SERVICE = "simulator"
EVERY_S = 10.0
SLACK_MS = 5  # what rounding to milliseconds and a moment between two readings make


class NoSimulator(Exception):
    """No simulator answers at the address given."""


async def simulator_clock(url: str, user_agent: str) -> SimulatorClock:
    """A clock that runs as the simulator's at `url`; raise NoSimulator."""
    door = _door(url, user_agent)
    try:
        now_ms, speed = await _ask(door)
    except (DoorError, ValueError, KeyError) as e:
        raise NoSimulator(f"no simulator answers at {url} ({e}); start one with `python -m simulator`") from e
    finally:
        await door.close()
    return SimulatorClock(now_ms, speed, asyncio.get_running_loop().time)


async def follow(url: str, clock: SimulatorClock, user_agent: str) -> None:
    """Keep `clock` at the simulator's time, for ever; while it does not answer, the clock runs on."""
    door, waiting = _door(url, user_agent), SystemClock()
    try:
        while True:
            await waiting.sleep(EVERY_S)
            asked_ms = clock.now_ms()
            try:
                told_ms, speed = await _ask(door)
            except (DoorError, ValueError, KeyError):
                continue
            correct(clock, asked_ms, told_ms, speed)
    finally:
        await door.close()


def correct(clock: SimulatorClock, asked_ms: int, told_ms: int, speed: float) -> None:
    """Set the clock only where an answer, told after `asked_ms`, proves it wrong.

    Both clocks run by the host's monotonic one, so they do not part by themselves; an answer that was long on its way
    proves nothing, and would make the clock jump on a busy machine.
    """
    answered_ms = clock.now_ms()
    if speed != clock.speed or not asked_ms - SLACK_MS <= told_ms <= answered_ms + SLACK_MS:
        clock.anchor(told_ms + (answered_ms - asked_ms) // 2, speed)


async def _ask(door: HttpDoor) -> tuple[int, float]:
    answer = await door.get(SERVICE, "/sim/clock", conditional=True)  # asked again and again
    told = json.loads(answer.body)
    return int(told["now_ms"]), float(told["speed"])


def _door(url: str, user_agent: str) -> HttpDoor:
    return HttpDoor({SERVICE: url}, Limits({}), SystemClock(), user_agent)
