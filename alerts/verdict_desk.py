"""What a verdict does: its row is kept, the listing's message is edited, and what must be heard is a reply.

All of it in one transaction: a verdict that was told can always be read again, and one that is stored is told.
"""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from alerts import message
from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.words import Language
from analysis.fx_keeper import snapshots
from analysis.ringing import Quiet, Ring
from analysis.verdict import Verdict
from collectors.events import Listing
from store import decisions, deliveries, fx
from store.database import Connection
from store.deliveries import Delivery

T = TypeVar("T")


class Writer(Protocol):
    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T: ...


class VerdictDesk:
    """Takes the pipeline's verdicts; `on_alerts` wakes the outbox after each commit."""

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

    async def take(self, listing: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        """Keep the verdict, edit the first sight, and reply where the change must ring (HIGH at least)."""
        now_ms = verdict.made_ms
        text = message.with_verdict(listing, verdict, self._language, now_ms)
        reply = self._reply(listing, verdict, answer, now_ms) if isinstance(answer, Ring) else None

        def work(connection: Connection) -> None:
            _keep(connection, listing, verdict)
            first = deliveries.first_sight_of(connection, listing.key)
            if first is not None:
                deliveries.edit_alert(connection, first, text, now_ms)
            if reply is not None:
                alert = Alert(
                    key=listing.key,
                    kind=AlertKind.VERDICT,
                    level=max(AlertLevel.HIGH, verdict.level),
                    text=reply,
                    created_ms=now_ms,
                    listing_id=listing.listing_id,
                    reply_to=first,
                )
                deliveries.add_alert(connection, alert, self._targets, now_ms)

        await self._writer.run(work, urgent=True)
        self._on_alerts(())

    async def keep(self, listing: Listing, verdict: Verdict) -> None:
        """Only keep a verdict: another one than before, a moment too early for the next edit."""

        def work(connection: Connection) -> None:
            _keep(connection, listing, verdict)

        await self._writer.run(work)

    def _reply(self, listing: Listing, verdict: Verdict, answer: Ring, now_ms: int) -> str:
        return message.verdict_changed(listing, answer.before, verdict, self._language, now_ms, gone=answer.gone)


def _keep(connection: Connection, listing: Listing, verdict: Verdict) -> None:
    decisions.add(connection, listing.listing_id, verdict)
    for rate in snapshots(verdict.facts, verdict.made_ms):
        fx.add(connection, rate)
