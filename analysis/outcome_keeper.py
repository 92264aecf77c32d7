"""Looks back at listings by itself: half an hour after the opening for a first label, and when it has settled for good.

A day of seconds is read and worked out in a thread, so that neither the sockets nor the writer wait for it.
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from msgspec.structs import replace

from analysis.outcome import ListingOutcome, outcome, samples_of
from config.clock import Clock
from store import outcomes
from store.database import Connection
from store.outcomes import Due, Recorded

log = logging.getLogger(__name__)

EVERY_S = 60.0


class Writer(Protocol):
    async def run(self, work: Callable[[Connection], None], urgent: bool = False) -> None: ...


class OutcomeKeeper:
    """`run()` looks once a minute whether a listing is due."""

    def __init__(self, path: Path, writer: Writer, clock: Clock) -> None:
        self._path = path
        self._writer = writer
        self._clock = clock

    async def run(self) -> None:
        """For ever."""
        while True:
            await self.look_back()
            await self._clock.sleep(EVERY_S)

    async def look_back(self) -> int:
        """Keep the outcome of every listing that is due; return how many those were."""
        now_ms = self._clock.now_ms()
        found = await asyncio.to_thread(_look_back, self._path, now_ms)
        for listing, result in found:
            await self._writer.run(partial(outcomes.save, listing=listing, found=result, made_ms=now_ms))
            log.info(
                "listing %d %s: %s", listing.listing_id, "ended" if listing.final else "so far", result.label.value
            )
        return len(found)


def _look_back(path: Path, now_ms: int) -> list[tuple[Due, ListingOutcome]]:
    with outcomes.reading(path) as connection:
        due = outcomes.due(connection, now_ms)
        return [(listing, outcome_of(listing, outcomes.recorded(connection, listing, now_ms))) for listing in due]


def outcome_of(listing: Due, recorded: Recorded) -> ListingOutcome:
    """What became of it; a first minute of which something was missed has no volume."""
    opened_ms = listing.opened_ms - listing.opened_ms % 1000
    volumes = [(second.open_ms, second.quote_volume) for second in recorded.seconds]
    found = outcome(samples_of(recorded.prices, recorded.seconds), opened_ms, volumes)
    return found if recorded.first_minute_whole else replace(found, first_minute_krw=None)
