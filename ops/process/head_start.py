"""Recording goes first: what a start takes of this machine is its until every exchange is heard, or for half a second.

So the first candle waits for no library and no page that it does not need. Listings wait no longer than that: an
exchange that is slow to answer delays nothing but its own record.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from collectors.events import Exchange
from collectors.feeds.sink import ShardStatus
from config.clock import Clock

LONGEST_S = 0.5
LOOK_S = 0.01


class Hearing(Protocol):
    """The part of a fleet that is needed."""

    @property
    def statuses(self) -> Sequence[ShardStatus]: ...


class HeadStart:
    """`run` it with the sockets; everybody else awaits `over`."""

    def __init__(self, fleets: Mapping[Exchange, Hearing], clock: Clock) -> None:
        """`fleets` may be filled until `run`."""
        self._fleets = fleets
        self._clock = clock
        self._over = asyncio.Event()

    async def over(self) -> None:
        await self._over.wait()

    async def run(self) -> None:
        """Look until the first frame of each exchange is there, then let the others go."""
        latest = self._clock.monotonic() + LONGEST_S
        while not self._heard() and self._clock.monotonic() < latest:
            await self._clock.sleep(LOOK_S)
        self._over.set()

    def _heard(self) -> bool:
        return all(
            any(status.last_message_ms is not None for status in fleet.statuses) for fleet in self._fleets.values()
        )
