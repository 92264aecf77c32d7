"""Alerts while the database takes no writes: sent from memory, marked as not recorded, written down later.

`FromMemory` makes the requests; whoever holds what waits decides when, and stores it. Targets do not wait for each
other, nothing overtakes at its own target, and nothing here waits for a retry by itself: the caller comes round again.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping, Sequence

from alerts.alert import Alert
from alerts.delivery import TELEGRAM, WEBHOOK, Hopeless, Lost, Message, Notifier, Retry, Sent, scheme_of
from alerts.texts.markup import tag_of
from alerts.texts.words import Language, say
from config.clock import Clock

log = logging.getLogger(__name__)
KEPT = 100
AGAIN_S = 5.0
STANDBY_S = 30.0  # how long the second channel waits for the chats
SEALED_S = 10.0


class Unsaved:
    """One alert that is not in the database: where it still has to go, where it arrived, and where it may have.

    `answers` is the key of the earlier alert that this one ends, if it does: its id is known once that one is stored.
    `seal` is called from the writer's thread when it is about to be stored: from then on nothing leaves from memory.
    Should that commit fail, what leaves later may be a repeat, and says so.
    """

    def __init__(self, alert: Alert, targets: Sequence[str], answers: str | None, now_s: float) -> None:
        self.alert = alert
        self.answers = answers
        self.left = list(targets)
        self.unsure = set[str]()  # a request left and no usable answer came, or none yet
        self.sent: dict[str, str | None] = {}  # target -> the message's id there
        self.failed: dict[str, str] = {}
        self._next_try_s = dict.fromkeys(targets, now_s)
        self._sealed_s: float | None = None

    def seal(self, now_s: float) -> None:
        self._sealed_s = now_s

    def due(self, target: str, now_s: float) -> bool:
        sealed = self._sealed_s is not None and now_s < self._sealed_s + SEALED_S
        return target in self.left and not sealed and now_s >= self._next_try_s[target]

    def may_repeat(self, target: str) -> bool:
        return target in self.unsure or self._sealed_s is not None

    def wait(self, target: str, until_s: float) -> None:
        self._next_try_s[target] = until_s

    def arrived(self, target: str, message_id: str | None) -> None:
        """It is there; a chat that has it makes the second channel's copy needless."""
        self.sent[target] = message_id
        self.left.remove(target)
        self.unsure.discard(target)
        if scheme_of(target) == TELEGRAM and WEBHOOK in self.left and WEBHOOK not in self.unsure:
            self.left.remove(WEBHOOK)

    def given_up(self, target: str, error: str) -> None:
        self.failed[target] = error
        self.left.remove(target)
        self.unsure.discard(target)


class FromMemory:
    """Makes the requests for alerts that are in no table."""

    def __init__(
        self, notifiers: Mapping[str, Notifier], targets: Sequence[str], clock: Clock, language: Language
    ) -> None:
        self._notifiers = notifiers
        self._targets = tuple(targets)
        self._chats = any(scheme_of(target) == TELEGRAM for target in targets)
        self._clock = clock
        self._language: Language = language

    def take(self, alert: Alert, answers: str | None = None, second_channel: bool = False) -> Unsaved:
        """An alert on its way to every target; to the webhook beside chats only with `second_channel`, after 30 s."""
        now_s = self._clock.monotonic()
        targets = [each for each in self._targets if second_channel or not self._stands_by(each)]
        waiting = Unsaved(alert, targets, answers, now_s)
        for target in targets:
            if self._stands_by(target):
                waiting.wait(target, now_s + STANDBY_S)
        return waiting

    def _stands_by(self, target: str) -> bool:
        return self._chats and scheme_of(target) == WEBHOOK

    async def push(self, waiting: Sequence[Unsaved]) -> None:
        """Send what is due, at every target in order."""
        pushing = (self._push_to(target, waiting) for target in self._targets)
        for end in await asyncio.gather(*pushing, return_exceptions=True):  # without, a cancellation can be lost
            if end is not None:
                raise end

    async def _push_to(self, target: str, waiting: Sequence[Unsaved]) -> None:
        for each in list(waiting):
            if each.due(target, self._clock.monotonic()):
                await self._send(each, target)
            if target in each.left:
                return

    async def _send(self, each: Unsaved, target: str) -> None:
        notifier = self._notifiers.get(scheme_of(target))
        if notifier is None:
            each.given_up(target, "nothing is configured that sends there")
            return
        marks = [
            tag_of(0, each.alert.key, each.alert.created_ms),
            say(("기록되지 않음", "not recorded"), self._language),
        ]
        if each.may_repeat(target):
            marks.append(say(("중복일 수 있음", "possible repeat"), self._language))
        unsure_before = target in each.unsure
        each.unsure.add(target)  # until the answer says otherwise; whoever stores it meanwhile knows no more
        if not each.due(target, self._clock.monotonic()):  # sealed at this very moment: the outbox sends it
            each.unsure -= set() if unsure_before else {target}
            return
        alert = each.alert
        message = Message(target, alert.text, alert.level, " · ".join(marks), links=alert.links)
        answer = await notifier.send(message)
        now_s = self._clock.monotonic()
        match answer:
            case Sent(message_id):
                each.arrived(target, message_id)
            case Retry(_, after_s):
                if not unsure_before:
                    each.unsure.discard(target)
                each.wait(target, now_s + (after_s or AGAIN_S))
            case Hopeless(error) | Lost(error):
                log.error("%s could not be told: %s", target, error)
                each.given_up(target, error)
            case _:
                each.wait(target, now_s + AGAIN_S)


class Unrecorded(FromMemory):
    """The operator's news in order of arrival. `push_all` until the database is back, then store each and call `done`.

    Bounded: when more waits than `KEPT`, the oldest is given up and logged.
    """

    def __init__(
        self, notifiers: Mapping[str, Notifier], targets: Sequence[str], clock: Clock, language: Language
    ) -> None:
        super().__init__(notifiers, targets, clock, language)
        self._waiting: deque[Unsaved] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, alert: Alert, answers: str | None = None) -> None:
        self._waiting.append(self.take(alert, answers))
        if len(self._waiting) > KEPT:
            lost = self._waiting.popleft()
            log.error("given up, as too much waits for the database: %s", lost.alert.text)

    def first(self) -> Unsaved | None:
        """The oldest; it stays until it is `done`."""
        return self._waiting[0] if self._waiting else None

    def done(self, each: Unsaved) -> None:
        """It is stored, so the outbox answers for it."""
        self._waiting.remove(each)

    async def push_all(self) -> None:
        """Send what is due."""
        await self.push(list(self._waiting))
