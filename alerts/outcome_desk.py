"""Half an hour after an opening: what became of it, as a reply with a picture, committed together with the outcome.

Only the first look back is told. One that comes much later, after the daemon was down, waits for the digest.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.pictures.series import Series, joined, line, summed
from alerts.texts import message
from alerts.texts.words import EXCHANGES, Language
from analysis.outcome import ListingOutcome, samples_of
from collectors.events import Listing
from store.database import Connection
from store.tables import deliveries, gaps, listings, outcomes
from store.tables.deliveries import Delivery
from store.tables.outcomes import PROVISIONAL_AFTER_MS, Due, Recorded

T = TypeVar("T")

LATE_MS = 2 * 3_600_000


class Writer(Protocol):
    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T: ...


class OutcomeDesk:
    """Keeps outcomes; `draw` makes the picture, or None; `on_alerts` wakes the outbox."""

    def __init__(
        self,
        path: Path,
        writer: Writer,
        targets: Sequence[str],
        language: Language,
        draw: Callable[[Series], Awaitable[bytes | None]],
        on_alerts: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._path = path
        self._writer = writer
        self._targets = tuple(targets)
        self._language: Language = language
        self._draw = draw
        self._on_alerts = on_alerts

    async def keep(self, due: Due, found: ListingOutcome, recorded: Recorded | None, now_ms: int) -> None:
        """Store the outcome, and tell it if what was `recorded` comes with it: that is the first one."""
        alert = None if recorded is None else await self._alert(due, found, recorded, now_ms)

        def work(connection: Connection) -> None:
            outcomes.save(connection, due, found, now_ms)
            if alert is not None:
                deliveries.add_alert(connection, alert, self._targets, now_ms)

        await self._writer.run(work, urgent=alert is not None)
        if alert is not None:
            self._on_alerts(())

    async def _alert(self, due: Due, found: ListingOutcome, recorded: Recorded, now_ms: int) -> Alert | None:
        known = await asyncio.to_thread(_known, self._path, due)
        if known is None:
            return None  # listed anew meanwhile: nobody asks any more
        listing, first, missed = known
        level = AlertLevel.HIGH if now_ms - due.opened_ms <= LATE_MS else AlertLevel.LOW
        return Alert(
            key=listing.key,
            kind=AlertKind.FOLLOW_UP,
            level=level,
            text=message.outcome(listing, found, self._language, level),
            created_ms=now_ms,
            listing_id=due.listing_id,
            reply_to=first,
            links=message.links(listing, self._language),
            picture=await self._draw(series_of(listing, due, recorded, missed, self._language)),
            about="outcome",
        )


def _known(path: Path, due: Due) -> tuple[Listing, int | None, list[tuple[int, int]]] | None:
    """The listing, the alert that told of it first, and what of its first half hour was missed."""
    with outcomes.reading(path) as connection:
        listing = next((each for each in listings.latest(connection) if each.listing_id == due.listing_id), None)
        if listing is None:
            return None
        missed = [
            (each.from_ms, each.to_ms)
            for each in gaps.missed_in(connection, due.opened_ms, due.opened_ms + PROVISIONAL_AFTER_MS)
            if each.exchange == due.exchange and each.market_id in (None, due.market_id)
        ]
        return listing, deliveries.first_sight_of(connection, listing.key), missed


def series_of(
    listing: Listing, due: Due, recorded: Recorded, missed: Sequence[tuple[int, int]], language: Language
) -> Series:
    """The first half hour as it is drawn."""
    opened_ms, span_ms = due.opened_ms, PROVISIONAL_AFTER_MS
    found = sorted(samples_of(recorded.prices, recorded.seconds), key=lambda each: each.at_ms)
    samples = [each for each in found if opened_ms <= each.at_ms <= opened_ms + span_ms]
    volumes = [(each.open_ms, each.quote_volume) for each in recorded.seconds if each.open_ms < opened_ms + span_ms]
    korean, english = EXCHANGES[listing.exchange]
    return Series(
        title=(f"{listing.base} · {korean}", f"{listing.base} · {english}"),
        span_s=span_ms / 1000,
        premium_pct=line(((each.at_ms, each.premium_bps) for each in samples), opened_ms),
        excess_pct=line(((each.at_ms, each.excess_bps) for each in samples), opened_ms),
        volumes=summed(volumes, opened_ms),
        gaps=joined([((start - opened_ms) / 1000, (end - opened_ms) / 1000) for start, end in missed]),
        korean=language == "ko",
    )
