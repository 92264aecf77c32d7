"""Alerts on their way out: what is due leaves, at the pace allowed, and what became of it is written down.

An alert is a row before it is a message (`store/tables/deliveries.py`); this is the part that waits. One request at a
time for each target, so that a chat that hangs delays no other; a first sight does not even wait for that one. Nothing
overtakes its own key. The promises: a first sight, CRITICAL and HIGH arrive at least once, and a copy that may be the
second one says so; lower levels arrive at most once after an uncertain request; a text is told late, or in a digest,
never dropped in silence.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Protocol, TypeVar

from msgspec import Struct

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.chat import buttons
from alerts.delivery import (
    Answer,
    Hopeless,
    Lost,
    Message,
    Notifier,
    Retry,
    Sent,
    Uncertain,
    scheme_of,
)
from alerts.pacing import Pacer, Rank, Rates
from alerts.texts.markup import tag_of
from alerts.texts.operator_text import digest, marks, operator
from alerts.texts.words import Language
from collectors.net.deadline import within
from config.clock import Clock
from config.settings import Alerting
from store.database import Connection
from store.tables import deliveries, delivery_outcomes
from store.tables.debounce import Posted, forget_expired, post
from store.tables.deliveries import Claim, Delivery, Op
from store.tables.digests import fold, next_low_ms

log = logging.getLogger(__name__)
T = TypeVar("T")

RETRY_FIRST_S, RETRY_CAP_S = 1.0, 60.0
UNCERTAIN_FIRST_S, UNCERTAIN_CAP_S = 5.0, 300.0  # each further copy may be one too many, so these come slower
IDLE_S = 30.0  # the longest rest without a look at the table
LEAST_PAUSE_S = 0.001
MARK_AGAIN_S = 1.0
SPARE_STEP_S = 0.05
PAUSE_MARGIN_S = 0.1  # beyond what `retry_after` says, which is in whole seconds
GRACE_S = 0.25  # of a flush, for a database that answers just in time
REMEMBERED = 1_000  # deliveries finished lately, so that a late hand-over cannot send one twice


class TakenBack(Exception):
    """The alert was told another way while it waited to be stored."""


class Writer(Protocol):
    """The single writer: the result is given after its commit."""

    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T: ...


class _Ready(Struct, frozen=True):
    """One look at the table."""

    claim: Claim
    next_low_ms: int | None


class Outbox:
    """Owns every request to every target. `jitter()` gives a number in [0, 1) that spreads retries."""

    def __init__(
        self,
        writer: Writer,
        notifiers: Mapping[str, Notifier],
        targets: Sequence[str],
        clock: Clock,
        settings: Alerting,
        language: Language,
        jitter: Callable[[], float],
    ) -> None:
        self.targets = tuple(targets)
        self.troubles: dict[str, str] = {}  # target -> why it fails now
        self.unreachable: dict[str, str] = {}  # those of them that only a person can mend; for health
        self._writer = writer
        self._notifiers = notifiers
        self._clock = clock
        self._settings = settings
        self._language: Language = language
        self._jitter = jitter
        self._pacer = Pacer(Rates(settings.chat_per_s, settings.group_per_min, settings.overall_per_s))
        self._wake = asyncio.Event()
        self._sending: dict[int, asyncio.Task[None]] = {}
        self._busy: set[str] = set()  # targets with an ordinary request in flight
        self._held: set[str] = set()  # targets whose next alert only waits for the pace
        self._finished: dict[int, None] = {}
        self._known: set[str] = set(self.targets)
        self._started_ms = clock.now_ms()
        self._recovered = False

    def poke(self, fresh: Sequence[Delivery] = ()) -> None:
        """Something new was committed. `fresh` first sights (`deliveries.fresh`) leave at once, from memory."""
        now_s = self._clock.monotonic()
        for delivery in fresh:
            known = delivery.delivery_id in self._sending or delivery.delivery_id in self._finished
            if delivery.urgent and not known and self._pacer.wait_s(delivery.target, now_s, Rank.URGENT) <= 0:
                self._start(delivery)
        self._wake.set()

    def change(self, settings: Alerting) -> None:
        """Hold and fold alerts by these from now on; the paces stay."""
        self._settings = settings
        self._wake.set()

    async def post(
        self, alert: Alert, targets: Sequence[str] | None = None, unless: Callable[[], bool] | None = None
    ) -> Posted:
        """Commit an alert that has no transaction of its own, through the debounce, and see it off.

        `unless` is asked again right before it is stored (on the writer's thread, perhaps much later): when it says
        yes, the alert was told another way, nothing is stored and TakenBack is raised.
        """
        quiet_ms = int(self._settings.medium_quiet_s * 1000)
        now_ms = self._clock.now_ms()
        chosen = self.targets if targets is None else tuple(targets)

        def work(connection: Connection) -> Posted:
            if unless is not None and unless():
                raise TakenBack
            return post(connection, alert, chosen, now_ms, quiet_ms)

        posted = await self._writer.run(work, urgent=True)
        if not posted.decision.sends:
            log.info("%s: %s: %s", alert.key, posted.decision.value, alert.text.partition("\n")[0])
        self.poke(posted.fresh)
        return posted

    async def spare(self, target: str, within_s: float) -> bool:
        """Wait until a message that is no alert may leave to `target`, and count it; False if not `within_s`.

        It goes only where no alert waits, and takes nothing from the pace that the next alert needs.
        """
        until_s = self._clock.monotonic() + within_s
        while True:
            now_s = self._clock.monotonic()
            wait_s = self._pacer.wait_s(target, now_s, Rank.ANSWER)
            if wait_s <= 0 and not (self._wake.is_set() or target in self._busy or target in self._held):
                self._pacer.took(target, now_s, Rank.ANSWER)
                return True
            wait_s = max(SPARE_STEP_S, wait_s)
            if now_s + wait_s > until_s:
                return False
            await self._clock.sleep(wait_s)

    def hold(self, target: str, seconds: float) -> None:
        """The service wants nothing for `target` for so long; learned outside of the outbox."""
        self._pacer.pause(target, self._clock.monotonic() + seconds)

    async def run(self) -> None:
        """Send what is due, for ever. May be started again after a crash; requests in flight go on meanwhile."""
        while True:
            pause_s = await self._round(self._settings.digest_every_s)
            await self._woken(pause_s)

    async def flush(self, deadline_s: float) -> None:
        """Send what can be sent within `deadline_s`, the waiting digest included; then break off what still hangs.

        For the end of the process, after `run` has been cancelled. What is left stays in the table. A database that
        takes no writes is not waited for: the writer does that, and gives up.
        """
        broken_off = False
        try:
            await within(self._clock, deadline_s + GRACE_S, self._send_off(deadline_s))
        except TimeoutError:
            broken_off = True
        hanging = list(self._sending.values())
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)
        if hanging or broken_off:
            now_ms = self._clock.now_ms()
            recovering = self._writer.run(lambda db: delivery_outcomes.recover(db, now_ms, now_ms + 1), urgent=True)
            with suppress(TimeoutError):
                await within(self._clock, GRACE_S, recovering)

    async def _send_off(self, deadline_s: float) -> None:
        """Look again and again until nothing more can leave, or the deadline."""
        until_s = self._clock.monotonic() + deadline_s
        while (left_s := until_s - self._clock.monotonic()) > 0:
            pause_s = await self._round(digest_every_s=0.0)
            if not self._sending and pause_s > left_s:
                return
            await self._woken(min(pause_s, left_s))

    async def _round(self, digest_every_s: float) -> float:
        """Start every request that may start now; return the seconds until the next look."""
        if not self._recovered:
            await self._recover()
        while True:
            ready = await self._look(int(digest_every_s * 1000))
            now_ms = self._clock.now_ms()
            self._held = {each.target for each in ready.claim.later if each.due_ms <= now_ms and each.op == "send"}
            for delivery in ready.claim.due:
                # A first sight that was committed after this look was asked for may have left from memory meanwhile.
                if delivery.delivery_id not in self._sending:
                    self._start(delivery)
            if not ready.claim.due:
                return self._pause_s(ready)

    async def _recover(self) -> None:
        now_ms, started_ms = self._clock.now_ms(), self._started_ms

        def work(connection: Connection) -> int:
            forget_expired(connection, now_ms)
            return delivery_outcomes.recover(connection, now_ms, started_ms)

        broken_off = await self._writer.run(work, urgent=True)
        self._recovered = True
        if broken_off:
            log.warning("%d alerts were stopped between request and answer: they may have arrived", broken_off)

    async def _look(self, every_ms: int) -> _Ready:
        """Fold what is ripe and claim what may leave, in one transaction; nothing any more once this is broken off."""
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        stale_ms = int(self._settings.expire_after_s * 1000)
        taken = tuple(self._sending)
        room = self._pacer.room(now_s)
        closed = [target for target in self._known if self._pacer.wait_s(target, now_s, Rank.URGENT) > 0]
        reserved = [target for target in self._known if self._pacer.wait_s(target, now_s) > 0] + list(self._busy)
        unedited = [target for target in self._known if self._pacer.wait_s(target, now_s, Rank.EDIT) > 0]
        over = threading.Event()

        def work(connection: Connection) -> _Ready:
            if over.is_set():  # the writer takes no work back, and what is claimed now would never be sent
                return _Ready(Claim((), ()), None)
            fold(connection, now_ms, every_ms, stale_ms, lambda items: digest(items, self._language), taken)
            claim = deliveries.claim(
                connection, now_ms, taken=taken, closed=closed, reserved=reserved, unedited=unedited, room=room
            )
            return _Ready(claim, next_low_ms(connection, every_ms))

        try:
            ready = await self._writer.run(work, urgent=True)
        finally:
            over.set()
        self._known.update(each.target for each in ready.claim.due)
        self._known.update(each.target for each in ready.claim.later)
        return ready

    def _pause_s(self, ready: _Ready) -> float:
        """Until something may be due again; the end of a request in flight wakes us by itself."""
        now_s, now_ms = self._clock.monotonic(), self._clock.now_ms()
        waits = [IDLE_S]
        for each in ready.claim.later:
            if each.urgent or each.target not in self._busy:
                due_s = (each.due_ms - now_ms) / 1000
                waits.append(max(due_s, self._pacer.wait_s(each.target, now_s, _rank(each.urgent, each.op))))
        if ready.next_low_ms is not None:
            waits.append((ready.next_low_ms - now_ms) / 1000)
        return max(LEAST_PAUSE_S, min(waits))

    async def _woken(self, within_s: float) -> None:
        """Rest until poked, until a request has ended, or for `within_s` of our clock."""
        with suppress(TimeoutError):
            await within(self._clock, within_s, self._wake.wait())
        self._wake.clear()

    def _start(self, delivery: Delivery) -> None:
        """Begin one request. Its task is ours: it ends by itself, or `flush` ends it."""
        self._pacer.took(delivery.target, self._clock.monotonic(), _rank(delivery.urgent, delivery.op))
        if not delivery.urgent:
            self._busy.add(delivery.target)
        task = asyncio.ensure_future(self._deliver(delivery))
        self._sending[delivery.delivery_id] = task

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            requested_ms = self._clock.now_ms()
            answer = await self._ask(delivery, requested_ms)
            await self._settle(delivery, requested_ms, answer)
        finally:
            del self._sending[delivery.delivery_id]
            self._finished[delivery.delivery_id] = None
            if len(self._finished) > REMEMBERED:
                del self._finished[next(iter(self._finished))]
            if not delivery.urgent:
                self._busy.discard(delivery.target)
            self._wake.set()

    async def _ask(self, delivery: Delivery, now_ms: int) -> Answer:
        notifier = self._notifiers.get(scheme_of(delivery.target))
        if notifier is None:
            return Hopeless(f"nothing is configured that sends to {scheme_of(delivery.target)}")
        if delivery.op == "edit" and delivery.anchor is None:
            return Hopeless("there is no message to edit")
        late_ms = now_ms - delivery.created_ms if delivery.op == "send" else 0
        tag = tag_of(delivery.alert_id, delivery.key, delivery.created_ms)
        listing = delivery.kind is AlertKind.FIRST_SIGHT
        coin = delivery.key.split(":")[1] if listing and delivery.key.count(":") == 2 else ""
        message = Message(
            target=delivery.target,
            text=delivery.text,
            level=delivery.level,
            footer=" · ".join([tag, *marks(self._language, delivery.repeat, late_ms)]),
            edit_of=delivery.anchor if delivery.op == "edit" else None,
            reply_to=delivery.anchor if delivery.op == "send" else None,
            links=delivery.links,
            presses=buttons.below(delivery.alert_id, coin, delivery.muted, self._language) if coin else (),
            picture=delivery.picture if delivery.op == "send" else None,
        )
        try:
            return await notifier.send(message)
        except Exception as error:  # a bug in one notifier must not stop the others
            log.exception("alert %d to %s: the notifier failed", delivery.alert_id, delivery.target)
            return Uncertain(f"{type(error).__name__} in the notifier; see the log")

    async def _settle(self, delivery: Delivery, requested_ms: int, answer: Answer) -> None:
        """Write down what became of a request, for as long as that takes: forgetting it would send it twice."""
        now_ms = self._clock.now_ms()

        def work(connection: Connection) -> None:
            match answer:
                case Sent(message_id):
                    delivery_outcomes.mark_sent(connection, delivery, requested_ms, now_ms, message_id)
                case Retry(error, _):
                    delivery_outcomes.mark_retry(connection, delivery, again_ms, error)
                case Uncertain(error):
                    delivery_outcomes.mark_uncertain(connection, delivery, again_ms, error)
                case Lost(error) if delivery.op == "edit":
                    delivery_outcomes.mark_lost(connection, delivery, now_ms, error)
                case Lost(error) | Hopeless(error):
                    delivery_outcomes.mark_failed(connection, delivery, now_ms, error)

        pause_s = self._next_try_s(delivery, answer)
        again_ms = now_ms + min(int(pause_s * 1000), deliveries.LONGEST_WAIT_MS)  # the pacer keeps a longer pause
        if isinstance(answer, Retry) and answer.after_s is not None:
            self._pacer.pause(delivery.target, self._clock.monotonic() + pause_s)
        complaint = self._note(delivery, answer)
        complained = False
        while True:
            try:
                await self._writer.run(work, urgent=True)
                break
            except Exception:
                if not complained:
                    log.exception(
                        "alert %d to %s: cannot write down its outcome yet", delivery.alert_id, delivery.target
                    )
                complained = True
                await self._clock.sleep(MARK_AGAIN_S)
        if complaint is not None:
            await self.post(complaint, [target for target in self.targets if target != delivery.target])

    def _next_try_s(self, delivery: Delivery, answer: Answer) -> float:
        """Seconds until the next attempt, should there be one: what the service asked for, else growing with jitter."""
        if isinstance(answer, Retry) and answer.after_s is not None:
            return answer.after_s + PAUSE_MARGIN_S
        unsure = isinstance(answer, Uncertain) and delivery.op == "send"
        first_s, cap_s = (UNCERTAIN_FIRST_S, UNCERTAIN_CAP_S) if unsure else (RETRY_FIRST_S, RETRY_CAP_S)
        doubled = min(cap_s, first_s * 2 ** min(16, max(0, delivery.attempts - 1)))
        return float(doubled * (0.75 + 0.5 * self._jitter()))

    def _note(self, delivery: Delivery, answer: Answer) -> Alert | None:
        """Remember and log a target's trouble or its end; an alert for the other targets when it can't be reached."""
        target = delivery.target
        if isinstance(answer, Sent):
            self.unreachable.pop(target, None)
            if self.troubles.pop(target, None) is not None:
                log.warning("%s: messages arrive again", target)
            return None
        if isinstance(answer, Lost):
            return None
        first = target not in self.troubles
        self.troubles[target] = answer.error
        log.log(
            logging.WARNING if first else logging.DEBUG, "alert %d to %s: %s", delivery.alert_id, target, answer.error
        )
        lasting = isinstance(answer, Hopeless) or (isinstance(answer, Retry) and answer.for_a_person)
        if not lasting or delivery.op != "send":
            return None
        told = target in self.unreachable
        self.unreachable[target] = answer.error
        others = len(self.targets) > (target in self.targets)
        if told or not others:
            return None
        text = operator(f"{target}: {answer.error}", "", self._language)
        return Alert(f"operator:{target}", AlertKind.OPERATOR, AlertLevel.HIGH, text, self._clock.now_ms())


def _rank(urgent: bool, op: Op) -> Rank:
    if urgent:
        return Rank.URGENT
    return Rank.EDIT if op == "edit" else Rank.ALERT
