"""How late the event loop runs what is due: the first thing to look at when everything feels slow."""

import asyncio
from collections import deque

STEP_S = 0.5
REMEMBERED = 120  # steps: a minute


class LoopLag:
    """`run` it; `worst_s` is the longest delay of the last minute, in real seconds."""

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=REMEMBERED)

    @property
    def worst_s(self) -> float:
        return max(self._late, default=0.0)

    async def run(self) -> None:
        """Measure, for ever. The host's time on purpose: a loop is late in real seconds."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + STEP_S
            await asyncio.sleep(STEP_S)
            self._late.append(max(0.0, loop.time() - due))
