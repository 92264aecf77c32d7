"""Looks back at listings by itself: half an hour after the opening for a first label, and when it has settled for good.

A day of seconds is read and worked out in a thread, so that neither the sockets nor the writer wait for it.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from msgspec.structs import replace

from analysis.outcome import ListingOutcome, outcome, samples_of
from config.clock import Clock
from store.tables import outcomes
from store.tables.outcomes import Due, Recorded

log = logging.getLogger(__name__)

EVERY_S = 60.0


# Stores an outcome and tells it. Of the first look, what was recorded comes along; a day of seconds would be too much.
Keep = Callable[[Due, ListingOutcome, Recorded | None, int], Awaitable[None]]


class OutcomeKeeper:
    """`run()` looks once a minute whether a listing is due."""

    def __init__(self, path: Path, keep: Keep, clock: Clock) -> None:
        self._path = path
        self._keep = keep
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
        for listing, result, recorded in found:
            await self._keep(listing, result, recorded, now_ms)
            log.info(
                "listing %d %s: %s", listing.listing_id, "ended" if listing.final else "so far", result.label.value
            )
        return len(found)


def _look_back(path: Path, now_ms: int) -> list[tuple[Due, ListingOutcome, Recorded | None]]:
    found: list[tuple[Due, ListingOutcome, Recorded | None]] = []
    with outcomes.reading(path) as connection:
        for listing in outcomes.due(connection, now_ms):
            recorded = outcomes.recorded(connection, listing, now_ms)
            found.append((listing, outcome_of(listing, recorded), None if listing.final else recorded))
    return found


def outcome_of(listing: Due, recorded: Recorded) -> ListingOutcome:
    """What became of it; a first minute of which something was missed has no volume."""
    opened_ms = listing.opened_ms - listing.opened_ms % 1000
    volumes = [(second.open_ms, second.quote_volume) for second in recorded.seconds]
    found = outcome(samples_of(recorded.prices, recorded.seconds), opened_ms, volumes)
    return found if recorded.first_minute_whole else replace(found, first_minute_krw=None)
