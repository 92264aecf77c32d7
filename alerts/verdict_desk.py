"""What a verdict does: its row is kept, the listing's message is edited, and what must be heard is a reply.

All of it in one transaction: a verdict that was told can always be read again, and one that is stored is told.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from alerts import message
from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.details import venue_of
from alerts.words import Language
from analysis.fx_keeper import snapshots
from analysis.ringing import Quiet, Ring
from analysis.verdict import Mode, Verdict
from collectors.events import Listing
from store import decisions, deliveries, fx
from store.database import Connection
from store.deliveries import Delivery

T = TypeVar("T")

OPENING_MS = 120_000  # a premium found later than this is not the one at the opening


class Writer(Protocol):
    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T: ...


class VerdictDesk:
    """Takes the pipeline's verdicts; `on_alerts` wakes the outbox after each commit.

    The message that trading has started rings at once; the premium joins it as soon as one is known.
    """

    def __init__(
        self,
        writer: Writer,
        targets: Sequence[str],
        language: Language,
        on_alerts: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._writer = writer
        self._targets = tuple(targets)
        self._language: Language = language
        self._on_alerts = on_alerts
        self._premium_told: set[str] = set()  # listings whose opening premium is said, or will not be

    async def take(self, listing: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        """Keep the verdict, edit the first sight, and reply where the change must ring (HIGH at least)."""
        now_ms = verdict.made_ms
        text = message.with_verdict(listing, verdict, self._language, now_ms)
        reply = self._reply(listing, verdict, answer, now_ms) if isinstance(answer, Ring) else None
        opened = self._opened_with(listing, verdict, now_ms)
        pages = message.links(listing, self._language, venue_of(verdict))

        def work(connection: Connection) -> None:
            _keep(connection, listing, verdict)
            first = deliveries.first_sight_of(connection, listing.key)
            if first is not None:
                deliveries.edit_alert(connection, first, text, now_ms, links=pages)
            if opened is not None and (started := deliveries.follow_up_of(connection, listing.key, "trading")):
                deliveries.edit_alert(connection, started, opened, now_ms, links=pages)
            if reply is not None:
                alert = Alert(
                    key=listing.key,
                    kind=AlertKind.VERDICT,
                    level=max(AlertLevel.HIGH, verdict.level),
                    text=reply,
                    created_ms=now_ms,
                    listing_id=listing.listing_id,
                    reply_to=first,
                    links=pages,
                )
                deliveries.add_alert(connection, alert, self._targets, now_ms)

        await self._writer.run(work, urgent=True)
        self._on_alerts(())

    async def keep(self, listing: Listing, verdict: Verdict) -> None:
        """Only keep a verdict: another one than before, a moment too early for the next edit."""

        def work(connection: Connection) -> None:
            _keep(connection, listing, verdict)

        await self._writer.run(work)

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

    def _reply(self, listing: Listing, verdict: Verdict, answer: Ring, now_ms: int) -> str:
        return message.verdict_changed(listing, answer.before, verdict, self._language, now_ms, gone=answer.gone)


def _keep(connection: Connection, listing: Listing, verdict: Verdict) -> None:
    decisions.add(connection, listing.listing_id, verdict)
    for rate in snapshots(verdict.facts, verdict.made_ms):
        fx.add(connection, rate)
