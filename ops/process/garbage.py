"""Keeps Python's search for cycles short.

A full search walks every object there is. The daemon's modules, settings and tables alone took 60 to 150 ms each time,
in which nothing was read, told or committed. What stands after the start stays to the end, so it is left out from then
on; what comes later is searched as ever.
"""

import gc
import linecache
from collections.abc import Sequence
from typing import Final, NoReturn

from config.clock import Clock
from ops.process.memory import give_back

# Seconds after the start: once trades come, once all is loaded, once the daily tables are filled.
STEPS_S: Final = (5.0, 60.0, 600.0)
GIVE_BACK_EVERY_S: Final = 600.0
YOUNG: Final = 10_000  # new objects until the youngest are searched; Python's 700 is what one read of a socket brings


def search_seldom() -> None:
    """Search less often: a twentieth of what a trade costs with the socket library that is written in Python."""
    gc.set_threshold(YOUNG)


async def settle(clock: Clock, steps_s: Sequence[float] = STEPS_S) -> NoReturn:
    """At each of these moments search once more, and leave out from then on what is alive; until cancelled.

    The memory that is free then goes back to the system, and so does what listings leave behind later. Sources that
    were read for a traceback are let go with it.
    """
    passed_s = 0.0
    try:
        for step_s in steps_s:
            await clock.sleep(step_s - passed_s)
            passed_s = step_s
            gc.collect()
            gc.freeze()
            give_back()
        while True:
            await clock.sleep(GIVE_BACK_EVERY_S)
            linecache.clearcache()
            give_back()
    finally:
        gc.unfreeze()
