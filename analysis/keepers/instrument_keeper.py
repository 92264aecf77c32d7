"""Keeps who trades what abroad: every venue's lists once a minute, and in the table what changed in them.

The venues themselves remember their lists (`venues/shelf.py`), so that a listing asks only where the coin is. After
its lists each venue is asked about a coin that all of them trade, which keeps the connections of the hot path open.
"""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from analysis.fetching.sources import Venue
from analysis.quotes import Instrument, Instruments, Silent
from config.clock import Clock
from ops.process.lifetimes import TaskGroup
from store.rows import Rows
from store.tables import global_instruments
from store.tables.global_instruments import Kind, ListRead, Traded

log = logging.getLogger(__name__)

EVERY_S = 60.0
APART_S = 1.5  # between the venues' turns
WARM_BASE = "BTC"
ROWS_A_SLICE = 500
REST_S = 0.05  # between two slices, which the first round has several of

Known = dict[tuple[str, Kind], dict[str, Traded]]


class Writer(Protocol):
    def offer(self, work: Rows) -> bool: ...


class InstrumentKeeper:
    """`run()` renews the lists, for ever. `lists` tells how each was read last."""

    def __init__(self, venues: Sequence[Venue], path: Path, writer: Writer, clock: Clock) -> None:
        self._venues = venues
        self._path = path
        self._writer = writer
        self._clock = clock
        self._known: Known | None = None
        self._lists: dict[tuple[str, Kind], ListRead] = {}

    @property
    def lists(self) -> tuple[ListRead, ...]:
        return tuple(self._lists.values())

    async def run(self) -> None:
        """Venue by venue, a little apart: long lists take a moment to read, and nobody shall notice."""
        async with TaskGroup() as group:
            for place, venue in enumerate(self._venues):
                group.create_task(self._keep(venue, place * APART_S))

    async def _keep(self, venue: Venue, after_s: float) -> None:
        await self._clock.sleep(after_s)
        while True:
            began_s = self._clock.monotonic()
            await self.renew(venue)
            await self._clock.sleep(max(0.0, EVERY_S - (self._clock.monotonic() - began_s)))

    async def renew(self, venue: Venue) -> None:
        """Both lists of one venue; one that can't be read changes nothing but its own trouble."""
        if self._known is None:
            self._known = _by_list(await asyncio.to_thread(global_instruments.read, self._path))
        found = await venue.instruments()
        await self._take(found, self._known)
        mine = [read for read in self._lists.values() if read.venue == found.venue]
        self._writer.offer(global_instruments.read_lists(mine))
        await venue.ask(WARM_BASE)

    async def _take(self, found: Instruments, known: Known) -> None:
        both: tuple[tuple[Kind, Mapping[str, Instrument] | Silent], ...] = (("spot", found.spot), ("perp", found.perp))
        for kind, listed in both:
            self._note(found, kind, listed)
            if isinstance(listed, Silent):
                continue
            before = known.setdefault((found.venue, kind), {})
            now = {base: _traded(found.venue, kind, one) for base, one in listed.items()}
            gone = [one for base, one in before.items() if base not in now]
            news = [one for base, one in now.items() if before.get(base) != one]
            for part, left in ((news, False), (gone, True)):
                for some in _slices(part):
                    if not self._writer.offer(global_instruments.kept(some, found.taken_ms, gone=left)):
                        log.warning("the writer is busy; %s's %s list is kept a minute later", found.venue, kind)
                        return
                    for one in some:
                        before.pop(one.base, None) if left else before.update({one.base: one})
                    if len(part) > ROWS_A_SLICE:
                        await self._clock.sleep(REST_S)

    def _note(self, found: Instruments, kind: Kind, listed: Mapping[str, Instrument] | Silent) -> None:
        """Remember how it went; the first trouble and its end are told, what lies between is not."""
        before = self._lists.get((found.venue, kind))
        trouble = listed.reason if isinstance(listed, Silent) else None
        if isinstance(listed, Silent):
            read = ListRead(found.venue, kind, trouble=trouble)
        else:
            read = ListRead(found.venue, kind, found.taken_ms, len(listed))
        self._lists[(found.venue, kind)] = read
        if trouble is not None and (before is None or before.trouble is None):
            log.warning("the %s list of %s can't be read: %s", kind, found.venue, trouble)
        elif trouble is None and before is not None and before.trouble is not None:
            log.info("the %s list of %s can be read again", kind, found.venue)


def _by_list(traded: Sequence[Traded]) -> Known:
    known: Known = {}
    for one in traded:
        known.setdefault((one.venue, one.kind), {})[one.base] = one
    return known


def _traded(venue: str, kind: Kind, one: Instrument) -> Traded:
    state = (one.multiplier, one.contract_size, one.live, one.pre_market)
    return Traded(venue, kind, one.base, one.symbol, one.quote, *state)


def _slices(rows: Sequence[Traded]) -> Iterator[Sequence[Traded]]:
    for start in range(0, len(rows), ROWS_A_SLICE):
        yield rows[start : start + ROWS_A_SLICE]
