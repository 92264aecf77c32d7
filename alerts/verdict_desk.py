"""What a verdict does: its row is kept, the listing's message is edited, and what must be heard is a reply.

All of it in one transaction: a verdict that was told can always be read again, and one that is stored is told. Where
its inputs can't be stored (the disk is another matter) it is told and stored without them.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from msgspec.structs import replace

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.texts import message
from alerts.texts.details import venue_of
from alerts.texts.words import Language
from analysis.keepers.fx_keeper import snapshots
from analysis.ringing import Quiet, Ring
from analysis.verdict import Fact, Mode, Verdict, VerdictNotKept
from collectors.events import Listing
from store.database import Connection
from store.tables import decisions, deliveries, fx, listings
from store.tables.deliveries import Delivery
from store.writer import WriterGone

log = logging.getLogger(__name__)

OPENING_MS = 120_000  # a premium found later than this is not the one at the opening


class Commits(Protocol):
    """What is needed of `Lifeline`."""

    async def commit(
        self, work: Callable[[Connection], bool], alerts: Sequence[Alert], late: Callable[[bool | None], None]
    ) -> bool | None: ...


class VerdictDesk:
    """Takes the pipeline's verdicts; `on_alerts` wakes the outbox after each commit.

    The message that trading has started rings at once; the premium joins it as soon as one is known. No verdict waits
    for a disk that takes no writes: CRITICAL leaves from memory, what rings is stored later, and of what does not ring
    the first one that could not be stored stands for those after it.

    `take` and `keep` raise VerdictNotKept where something else than the disk is in the way. `crashes` says so for
    health, by listing, until one of its verdicts is stored whole.
    """

    def __init__(
        self,
        lifeline: Commits,
        targets: Sequence[str],
        language: Language,
        on_alerts: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._lifeline = lifeline
        self._targets = tuple(targets)
        self._language: Language = language
        self._on_alerts = on_alerts
        self._premium_told: set[str] = set()  # listings whose opening premium is said, or will not be
        self._late: set[str] = set()  # listings of which a verdict waits for the disk
        self.crashes: dict[str, str] = {}

    async def take(self, listing: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        """Keep the verdict, edit the first sight, and reply where the change must ring (HIGH at least)."""
        premium_told = listing.key in self._premium_told
        try:
            with self._bulkhead(listing):
                await self._take(listing, verdict, answer)
        except VerdictNotKept:
            if not premium_told:
                self._premium_told.discard(listing.key)
            raise

    async def _take(self, listing: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        now_ms = verdict.made_ms
        text = message.with_verdict(listing, verdict, self._language, now_ms)
        pages = message.links(listing, self._language, venue_of(verdict))
        alert = self._alert(listing, verdict, answer, pages) if isinstance(answer, Ring) else None
        opened = self._opened_with(listing, verdict, now_ms)

        def work(connection: Connection, kept: Verdict) -> None:
            listing_id = _keep(connection, listing, kept)
            first = deliveries.first_sight_of(connection, listing.key)
            if first is not None:
                deliveries.edit_alert(connection, first, text, now_ms, links=pages)
            if opened is not None and (started := deliveries.follow_up_of(connection, listing.key, "trading")):
                deliveries.edit_alert(connection, started, opened, now_ms, links=pages)
            if alert is not None:
                told = replace(alert, listing_id=listing_id, reply_to=first)
                deliveries.add_alert(connection, told, self._targets, now_ms)

        await self._commit(listing, verdict, work, alert)

    async def keep(self, listing: Listing, verdict: Verdict) -> None:
        """Only keep a verdict: another one than before, a moment too early for the next edit."""

        def work(connection: Connection, kept: Verdict) -> None:
            _keep(connection, listing, kept)

        with self._bulkhead(listing):
            await self._commit(listing, verdict, work, None)

    @contextmanager
    def _bulkhead(self, listing: Listing) -> Iterator[None]:
        """What is wrong with one verdict must not stop the judging of other listings."""
        try:
            yield
        except WriterGone:
            raise
        except Exception as error:
            self._note(listing, error)
            raise VerdictNotKept(f"{listing.key}: {error!r}") from error

    def _note(self, listing: Listing, error: Exception) -> None:
        self.crashes[f"judging {listing.key}"] = f"{type(error).__name__}: {error}"

    async def _commit(
        self, listing: Listing, verdict: Verdict, work: Callable[[Connection, Verdict], None], alert: Alert | None
    ) -> None:
        if alert is None and listing.key in self._late:
            return
        try:
            await self._commit_one(listing, verdict, work, alert)
        except WriterGone:
            raise
        except Exception as error:
            log.exception("a verdict on %s could not be stored with its facts; it goes without them", listing.key)
            self._note(listing, error)
            await self._commit_one(listing, _bare(verdict, error), work, alert)
        else:
            self.crashes.pop(f"judging {listing.key}", None)

    async def _commit_one(
        self, listing: Listing, verdict: Verdict, work: Callable[[Connection, Verdict], None], alert: Alert | None
    ) -> None:
        urgent = [alert] if alert is not None and alert.level >= AlertLevel.CRITICAL else []

        def committed(connection: Connection) -> bool:
            work(connection, verdict)
            return True

        def late(stored: bool | None) -> None:
            self._late.discard(listing.key)
            if stored is None:
                self._note(listing, VerdictNotKept("it waited for the disk, which then could not take it"))
            self._on_alerts(())

        if await self._lifeline.commit(committed, urgent, late):
            self._on_alerts(())
        else:
            self._late.add(listing.key)

    def _alert(self, listing: Listing, verdict: Verdict, answer: Ring, links: tuple[tuple[str, str], ...]) -> Alert:
        before, now_ms = answer.before, verdict.made_ms
        return Alert(
            key=listing.key,
            kind=AlertKind.VERDICT,
            level=max(AlertLevel.HIGH, verdict.level),
            text=message.verdict_changed(listing, before, verdict, self._language, now_ms, gone=answer.gone),
            created_ms=now_ms,
            links=links,
        )

    def _opened_with(self, listing: Listing, verdict: Verdict, now_ms: int) -> str | None:
        """What the message of the opening says once a premium is known; None where that is said or too late."""
        if listing.first_trade_ms is None or listing.key in self._premium_told or verdict.mode is not Mode.OPEN:
            return None
        late = now_ms - listing.first_trade_ms > OPENING_MS
        if verdict.premium_bps is None and verdict.excess_bps is None and not late:
            return None
        self._premium_told.add(listing.key)
        if late:
            return None
        premiums = (verdict.premium_bps, verdict.excess_bps)
        return message.change("trading", None, listing, self._language, now_ms, AlertLevel.HIGH, *premiums)


def _keep(connection: Connection, listing: Listing, verdict: Verdict) -> int | None:
    """Store it; return the listing's id, which a listing seen while the disk refused does not know of itself."""
    listing_id = listings.id_of(connection, listing)
    decisions.add(connection, listing_id, verdict)
    for rate in snapshots(verdict.facts, verdict.made_ms):
        fx.add(connection, rate)
    return listing_id


def _bare(verdict: Verdict, error: Exception) -> Verdict:
    """What was said, without what it was said from: that is what could not be stored."""
    facts = {"facts_not_stored": Fact(type(error).__name__, "text", "this program", verdict.made_ms)}
    return replace(verdict, facts=facts, blockers=(), warnings=())
