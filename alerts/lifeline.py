"""Commits news as the writer does; where the database takes no writes, what must be heard leaves from memory meanwhile.

The transaction stays queued and is carried out when the disk allows: what had left by then is stored as sent, with its
message's id, so that edits and replies find it; what may have left is `uncertain` and thus marked when it goes again.
Nobody waits for a disk: whoever commits is told that the result comes late, and goes on.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from alerts.alert import Alert
from alerts.delivery import Notifier
from alerts.texts.words import Language
from alerts.unrecorded import FromMemory, Unsaved
from collectors.net.deadline import wait_until_done
from config.clock import Clock
from store.database import Connection
from store.tables import delivery_outcomes

log = logging.getLogger(__name__)
T = TypeVar("T")

PATIENCE_S = 3.0  # a busy disk answers within this
STEP_S = 0.25
PUSH_EVERY_S = 1.0


class Writer(Protocol):
    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T: ...


class Lifeline:
    """`broken()` says whether commits are known to fail. `late` counts commits that wait for the disk."""

    def __init__(
        self,
        writer: Writer,
        broken: Callable[[], bool],
        notifiers: Mapping[str, Notifier],
        targets: Sequence[str],
        clock: Clock,
        language: Language,
    ) -> None:
        self._writer = writer
        self._broken = broken
        self._memory = FromMemory(notifiers, targets, clock, language)
        self._clock = clock
        self._carrying: set[asyncio.Task[None]] = set()

    @property
    def late(self) -> int:
        return len(self._carrying)

    async def run(self, work: Callable[[Connection], T]) -> T:
        """What the writer does, for what has to be waited for."""
        return await self._writer.run(work)

    async def commit(
        self,
        work: Callable[[Connection], T],
        alerts: Sequence[Alert] = (),
        late: Callable[[T | None], None] = lambda result: None,  # noqa: ARG005 - nobody has to care
    ) -> T | None:
        """The result of `work` once it is committed; raises what it raises. None: the database does not take it now.

        Then `alerts`, which `work` is to store, leave from memory, and `late` gets the result when it is committed, or
        None if that failed for good.
        """
        waiting = [self._memory.take(alert, second_channel=True) for alert in alerts]

        def recorded(connection: Connection) -> T:
            result = work(connection)
            for each in waiting:
                _store(connection, each, self._clock)
            return result

        committing = asyncio.ensure_future(self._writer.run(recorded, urgent=True))
        try:
            if await self._in_time(committing):
                return committing.result()
        except asyncio.CancelledError:
            committing.cancel()  # the work is not taken back; nobody waits for its result any more
            raise
        carrying = asyncio.ensure_future(self._carry(committing, waiting, late))
        self._carrying.add(carrying)
        carrying.add_done_callback(self._carrying.discard)
        return None

    async def _in_time(self, committing: asyncio.Future[T]) -> bool:
        """Whether it was committed while that was worth waiting for."""
        until_s = self._clock.monotonic() + PATIENCE_S
        while not await self._done_within(committing, STEP_S):
            if self._broken() or self._clock.monotonic() >= until_s:
                return False
        return True

    async def _carry(
        self, committing: asyncio.Future[T], waiting: Sequence[Unsaved], late: Callable[[T | None], None]
    ) -> None:
        if waiting:
            log.error("the database takes no writes: %d alerts leave from memory, not recorded", len(waiting))
        while not committing.done():
            try:
                await self._memory.push(waiting)
            except Exception:  # a bug in one notifier must not lose what the others can tell, nor the result
                log.exception("an alert could not leave from memory; it is tried again")
            await self._done_within(committing, PUSH_EVERY_S)
        try:
            stored = committing.result()
        except Exception:
            log.exception("news could not be stored; after a restart it is news again")
            late(None)
        else:
            late(stored)

    async def _done_within(self, committing: asyncio.Future[T], seconds: float) -> bool:
        await wait_until_done([committing], self._clock, seconds)
        return committing.done()


def _store(connection: Connection, each: Unsaved, clock: Clock) -> None:
    """On the writer's thread: seal first, then write down what is known, so that nothing leaves between the two."""
    each.seal(clock.monotonic())
    sent, unsure, failed = dict(each.sent), frozenset(each.unsure), dict(each.failed)
    if not (sent or unsure or failed):
        return
    alert_id = delivery_outcomes.stored_alert(connection, each.alert)
    if alert_id is not None:
        delivery_outcomes.told_from_memory(connection, alert_id, sent, unsure, failed, clock.now_ms())
