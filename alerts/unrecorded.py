"""The operator's news while the database takes no writes: sent from memory, marked as not recorded, written later.

Bounded: when more waits than `KEPT`, the oldest is given up and logged. Nothing here waits for a retry by itself; the
caller comes round again.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence

from alerts.alert import Alert
from alerts.delivery import TELEGRAM, WEBHOOK, Hopeless, Lost, Message, Notifier, Retry, Sent, scheme_of
from alerts.markup import tag_of
from alerts.words import Language, say
from config.clock import Clock

log = logging.getLogger(__name__)
KEPT = 100
AGAIN_S = 5.0


class Unsaved:
    """One alert that is not in the database: where it still has to go, and whether a copy may have arrived there.

    `answers` is the key of the earlier alert that this one ends, if it does: its id is known once that one is stored.
    """

    def __init__(self, alert: Alert, targets: Sequence[str], answers: str | None) -> None:
        self.alert = alert
        self.answers = answers
        self.left = list(targets)
        self.unsure = set[str]()
        self.next_try_s = 0.0


class Unrecorded:
    """Alerts in order of arrival. `push` until the database is back, then store each `first` and call `done`."""

    def __init__(
        self, notifiers: Mapping[str, Notifier], targets: Sequence[str], clock: Clock, language: Language
    ) -> None:
        self._notifiers = notifiers
        chats = [target for target in targets if scheme_of(target) == TELEGRAM]
        self._targets = tuple(target for target in targets if not (chats and scheme_of(target) == WEBHOOK))
        self._clock = clock
        self._language: Language = language
        self._waiting: deque[Unsaved] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, alert: Alert, answers: str | None = None) -> None:
        self._waiting.append(Unsaved(alert, self._targets, answers))
        if len(self._waiting) > KEPT:
            lost = self._waiting.popleft()
            log.error("given up, as too much waits for the database: %s", lost.alert.text)

    def first(self) -> Unsaved | None:
        """The oldest; it stays until it is `done`."""
        return self._waiting[0] if self._waiting else None

    def done(self, each: Unsaved) -> None:
        """It is stored, so the outbox answers for it."""
        self._waiting.remove(each)

    async def push(self) -> None:
        """Send what is due, one request a target and round; nothing overtakes at its own target."""
        held = set[str]()
        for each in list(self._waiting):
            due = self._clock.monotonic() >= each.next_try_s
            for target in list(each.left):
                if due and target not in held:
                    await self._send(each, target)
                if target in each.left:
                    held.add(target)
            if due and each.left:
                each.next_try_s = max(each.next_try_s, self._clock.monotonic() + AGAIN_S)

    async def _send(self, each: Unsaved, target: str) -> None:
        notifier = self._notifiers.get(scheme_of(target))
        if notifier is None:
            each.left.remove(target)
            return
        marks = [
            tag_of(0, each.alert.key, each.alert.created_ms),
            say(("기록되지 않음", "not recorded"), self._language),
        ]
        if target in each.unsure:
            marks.append(say(("중복일 수 있음", "possible repeat"), self._language))
        answer = await notifier.send(Message(target, each.alert.text, each.alert.level, " · ".join(marks)))
        match answer:
            case Sent():
                each.left.remove(target)
            case Retry(_, after_s):
                each.next_try_s = self._clock.monotonic() + (after_s or AGAIN_S)
            case Hopeless(error) | Lost(error):
                log.error("%s could not be told: %s", target, error)
                each.left.remove(target)
            case _:
                each.unsure.add(target)
