"""The daemon's clock as the simulator's: asked at the start, asked again now and then, so that the two never part."""

import json

from collectors.net.http import DoorError, HttpDoor
from collectors.net.limits import Limits
from config.clock import SimulatorClock, SystemClock

SERVICE = "simulator"
EVERY_S = 10.0


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
    return SimulatorClock(now_ms, speed)


async def follow(url: str, clock: SimulatorClock, user_agent: str) -> None:
    """Keep `clock` at the simulator's time, for ever; while it does not answer, the clock runs on."""
    door, waiting = _door(url, user_agent), SystemClock()
    try:
        while True:
            await waiting.sleep(EVERY_S)
            try:
                clock.anchor(*await _ask(door))
            except (DoorError, ValueError, KeyError):
                continue
    finally:
        await door.close()


async def _ask(door: HttpDoor) -> tuple[int, float]:
    answer = await door.get(SERVICE, "/sim/clock")
    told = json.loads(answer.body)
    return int(told["now_ms"]), float(told["speed"])


def _door(url: str, user_agent: str) -> HttpDoor:
    return HttpDoor({SERVICE: url}, Limits({}), SystemClock(), user_agent)
