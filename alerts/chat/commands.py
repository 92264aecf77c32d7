"""The reader asks, the daemon answers: who may ask, in which order, and at a pace that delays no alert.

Only the chats that alerts go to are served; what others write is counted and gets no answer. Each chat has a short
queue and is answered by itself, so a slow answer holds up neither another chat nor the next question to Telegram. An
answer leaves only where no alert waits (`Outbox.spare`); one that finds no room is given up: it can be asked again.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from alerts.alert import AlertLevel
from alerts.chat import buttons
from alerts.chat.asked import Asked, Misspelled, read
from alerts.chat.buttons import Pressed
from alerts.delivery import Answer, Message, Retry, Sent, address_of
from alerts.notifiers.telegram_ears import Deaf, Heard, Said, Touched
from alerts.texts.words import Language, say
from collectors.net.deadline import within
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

log = logging.getLogger(__name__)

WAITING = 8  # questions of one chat that wait; more are not heard
LATE_S = 600  # a question this old was asked of a daemon that was down; nobody waits for the answer any more
ROOM_S = 20.0  # how long an answer waits for its turn …
ANSWER_S = 90.0  # a question that waits for a disk holds up those after it no longer than this
TRIES = 3  # … and how often it is tried
PAUSE_FIRST_S, PAUSE_CAP_S = 1.0, 60.0
RIVAL_AFTER = 3  # conflicts in a row that are no passing of one daemon to the next


class Listener(Protocol):
    """What is needed of `Ears`."""

    async def listen(self, following: int) -> Heard: ...
    async def own_name(self) -> str: ...
    async def offer_menu(self, language: Language) -> None: ...
    async def unhook(self) -> None: ...
    async def answer(self, query_id: str, text: str) -> None: ...


class Speaker(Protocol):
    """What is needed of `Telegram`."""

    migrated: dict[str, int]

    async def send(self, message: Message) -> Answer: ...


class Room(Protocol):
    """What is needed of `Outbox`."""

    async def spare(self, target: str, within_s: float) -> bool: ...
    def hold(self, target: str, seconds: float) -> None: ...


class Desk(Protocol):
    """Knows the answers."""

    async def answer(self, asked: Asked) -> str: ...
    async def help(self, wrong: Misspelled) -> str: ...
    async def press(self, target: str, pressed: Pressed) -> str: ...
    async def rival(self, said: str) -> None: ...


class _Open(Struct, frozen=True):
    """A question that waits for its answer."""

    heard: Said | Touched
    asked: Asked | Misspelled | Pressed


class Commands:
    """`run` it, behind the bulkhead. `targets` are those of the alerts; only the chats among them are served."""

    def __init__(
        self,
        listener: Listener,
        speaker: Speaker,
        room: Room,
        desk: Desk,
        targets: Sequence[str],
        clock: Clock,
        language: Language,
    ) -> None:
        self.ignored = 0  # what came from chats that are not served
        self._listener = listener
        self._speaker = speaker
        self._room = room
        self._desk = desk
        self._clock = clock
        self._language: Language = language
        self._queues: Mapping[str, asyncio.Queue[_Open]] = {each: asyncio.Queue(WAITING) for each in targets}
        self._following = 0
        self._own_name: str | None = None
        self._failures = 0

    async def run(self) -> None:
        """Hear and answer, for ever."""
        async with TaskGroup() as group:
            for target, queue in self._queues.items():
                group.create_task(self._answer_all(target, queue))
            while True:
                try:
                    await self._hear()
                    self._recovered()
                except Deaf as error:
                    await self._pause(error)

    async def _hear(self) -> None:
        if self._own_name is None:
            self._own_name = await self._listener.own_name()
            await self._listener.offer_menu(self._language)
        heard = await self._listener.listen(self._following)
        self._following = heard.following
        for each in heard.news:
            self._sort(each)

    def _sort(self, heard: Said | Touched) -> None:
        """Put it in its chat's queue, if it is for us and from someone we serve."""
        target = self._target_of(heard)
        if target is None:
            self.ignored += 1
            level = logging.WARNING if self.ignored == 1 else logging.DEBUG
            log.log(level, "a message of a chat that is not served is ignored (%d so far)", self.ignored)
            return
        asked = self._read(target, heard)
        if asked is None:
            return
        try:
            self._queues[target].put_nowait(_Open(heard, asked))
        except asyncio.QueueFull:
            log.warning("%s asks faster than it can be answered; a question was not heard", target)

    def _target_of(self, heard: Said | Touched) -> str | None:
        names = {str(heard.chat), f"@{heard.chat_name}".lower()}
        for target in self._queues:
            chat = address_of(target)
            if chat.lower() in names or self._speaker.migrated.get(chat) == heard.chat:
                return target
        return None

    def _read(self, target: str, heard: Said | Touched) -> Asked | Misspelled | Pressed | None:
        if isinstance(heard, Touched):
            return buttons.read(heard.data) or Misspelled()
        if self._clock.now_ms() / 1000 - heard.at_s > LATE_S:
            return None
        match read(heard.text, self._own_name or ""):
            case (ask, symbol):
                return Asked(target, ask, symbol, self.ignored)
            case Misspelled() as wrong if wrong.ask is not None or heard.chat > 0:  # groups have other bots
                return wrong
        return None

    async def _answer_all(self, target: str, queue: asyncio.Queue[_Open]) -> None:
        while True:
            question = await queue.get()
            try:
                await within(self._clock, ANSWER_S, self._answer(target, question))
            except TimeoutError:
                log.warning("%s: a question was not answered within %g s", target, ANSWER_S)
            except Deaf as error:
                log.info("%s: a button's answer did not arrive: %s", target, error)
            except Exception:  # a bug in one answer must not silence the others
                log.exception("%s: a question could not be answered", target)
                words = ("답하지 못했습니다. 로그를 확인하세요", "this could not be answered; the log says why")
                await self._say(target, question.heard, say(words, self._language))

    async def _answer(self, target: str, question: _Open) -> None:
        match question.asked:
            case Pressed() as pressed if isinstance(question.heard, Touched):
                await self._listener.answer(question.heard.query_id, await self._desk.press(target, pressed))
            case Misspelled() if isinstance(question.heard, Touched):
                words = ("알 수 없는 버튼", "not a button of mine")
                await self._listener.answer(question.heard.query_id, say(words, self._language))
            case Misspelled() as wrong:
                await self._say(target, question.heard, await self._desk.help(wrong))
            case Asked() as asked:
                await self._say(target, question.heard, await self._desk.answer(asked))

    async def _say(self, target: str, heard: Said | Touched, text: str) -> None:
        """Answer the message, without a sound: whoever asked is looking."""
        if not text:
            return
        message = Message(target, text, AlertLevel.INFO, reply_to=str(heard.message_id))
        for _ in range(TRIES):
            if not await self._room.spare(target, ROOM_S):
                log.info("%s: alerts go first; an answer found no room", target)
                return
            match await self._speaker.send(message):
                case Retry(_, after_s):
                    self._room.hold(target, after_s or PAUSE_FIRST_S)
                case Sent():
                    return
                case other:
                    log.info("%s: an answer did not arrive: %s", target, other.error)
                    return

    async def _pause(self, error: Deaf) -> None:
        """Leave Telegram alone for a while; the first failure is said loudly, and a rival to the owner."""
        self._failures += 1
        log.log(logging.WARNING if self._failures == 1 else logging.DEBUG, "no commands are heard: %s", error)
        if error.rival and self._failures == RIVAL_AFTER:
            await self._desk.rival(str(error))
        if error.rival and "webhook" in str(error).lower():
            try:
                await self._listener.unhook()
            except Deaf as again:
                log.debug("the webhook stays: %s", again)
        grown_s = min(PAUSE_CAP_S, PAUSE_FIRST_S * 2 ** min(6, self._failures - 1))
        await self._clock.sleep(grown_s if error.after_s is None else max(error.after_s, PAUSE_FIRST_S))

    def _recovered(self) -> None:
        if self._failures:
            log.warning("commands are heard again")
        self._failures = 0
