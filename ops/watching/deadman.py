"""Tells somebody outside, once a minute, that we live, so that a machine that is gone is noticed all the same.

The address is a secret: it is asked through the one door, which prints none.
"""

import logging
from collections.abc import Callable

from collectors.net.http import DoorError, HttpDoor
from config.clock import Clock
from ops.process.endpoints import DEADMAN

log = logging.getLogger(__name__)
EVERY_S = 60.0


class Deadman:
    """Pings while `healthy()`; silence is the message otherwise."""

    def __init__(self, door: HttpDoor, clock: Clock, healthy: Callable[[], bool]) -> None:
        self._door = door
        self._clock = clock
        self._healthy = healthy
        self._failing = False

    async def run(self) -> None:
        """Once a minute, for ever."""
        while True:
            if self._healthy():
                await self._ping()
            await self._clock.sleep(EVERY_S)

    async def _ping(self) -> None:
        try:
            status = (await self._door.get(DEADMAN, "")).status
            trouble = "" if status < 400 else f"HTTP {status}"
        except DoorError as error:
            trouble = str(error)
        if trouble and not self._failing:
            log.warning("the dead-man's switch does not take our sign of life: %s", trouble)
        if self._failing and not trouble:
            log.info("the dead-man's switch takes our sign of life again")
        self._failing = bool(trouble)
