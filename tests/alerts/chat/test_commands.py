"""Who is served, in which order, and at which pace; against a chat that says what a script tells it to."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from alerts.chat.asked import Ask, Asked, Misspelled
from alerts.chat.buttons import Press, Pressed
from alerts.chat.commands import ANSWER_S, Commands
from alerts.delivery import Answer, Message, Retry, Sent
from alerts.notifiers.telegram_ears import Deaf, Heard, Said, Touched
from alerts.texts.words import Language
from tests.fakes.clock import FakeClock

CHAT, GROUP = "telegram:111", "telegram:-222"


class ScriptedEars:
    """Tells what it was told to tell, each batch once; then nothing, for ever."""

    def __init__(self) -> None:
        self._script: deque[Heard | Deaf] = deque()
        self._more = asyncio.Event()
        self.asked_from: list[int] = []
        self.toasts: list[tuple[str, str]] = []
        self.menus = 0
        self.unhooked = 0

    def tell(self, *news: Said | Touched, following: int = 1) -> None:
        self._script.append(Heard(news, following))
        self._more.set()

    def fail(self, *errors: Deaf) -> None:
        self._script.extend(errors)
        self._more.set()

    async def listen(self, following: int) -> Heard:
        self.asked_from.append(following)
        while not self._script:
            self._more.clear()
            await self._more.wait()
        told = self._script.popleft()
        if isinstance(told, Deaf):
            raise told
        return told

    async def own_name(self) -> str:
        return "radar_bot"

    async def offer_menu(self, language: Language) -> None:
        self.menus += 1

    async def unhook(self) -> None:
        self.unhooked += 1

    async def answer(self, query_id: str, text: str) -> None:
        self.toasts.append((query_id, text))


class Chat:
    """Takes every message; `answers` come first."""

    def __init__(self) -> None:
        self.migrated: dict[str, int] = {}
        self.sent: list[Message] = []
        self.answers: deque[Answer] = deque()

    async def send(self, message: Message) -> Answer:
        self.sent.append(message)
        return self.answers.popleft() if self.answers else Sent("1")


class OpenRoom:
    """Room for everything, unless `full`."""

    def __init__(self) -> None:
        self.full = False
        self.held: list[tuple[str, float]] = []

    async def spare(self, target: str, within_s: float) -> bool:
        return not self.full

    def hold(self, target: str, seconds: float) -> None:
        self.held.append((target, seconds))


class EchoDesk:
    """Answers with the question; `slow` ones never."""

    def __init__(self) -> None:
        self.rivals: list[str] = []
        self.fails = False

    async def answer(self, asked: Asked) -> str:
        if asked.ask is Ask.ANALYZE:
            await asyncio.get_running_loop().create_future()
        if self.fails:
            raise RuntimeError("a bug")
        return f"{asked.ask.value} {asked.symbol} {asked.ignored}"

    async def help(self, wrong: Misspelled) -> str:
        return f"help {wrong.ask}"

    async def press(self, target: str, pressed: Pressed) -> str:
        return f"{target} {pressed.press.value} {pressed.alert_id}"

    async def rival(self, said: str) -> None:
        self.rivals.append(said)


class Bench:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ears, self.chat, self.room, self.desk = ScriptedEars(), Chat(), OpenRoom(), EchoDesk()
        self.commands = Commands(self.ears, self.chat, self.room, self.desk, [CHAT, GROUP], self.clock, "en")

    def said(self, text: str, chat: int = 111, age_s: int = 0, name: str = "") -> Said:
        return Said(chat, name, 7, self.clock.now_ms() // 1000 - age_s, text)

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.chat.sent]


@asynccontextmanager
async def running(bench: Bench) -> AsyncIterator[None]:
    task = asyncio.ensure_future(bench.commands.run())
    await bench.clock.settle()
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def bench() -> Bench:
    return Bench()


async def test_a_question_is_answered_in_its_chat_as_a_silent_reply(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(bench.said("/premium sol"), following=9)
        await bench.clock.settle()
        assert [(each.target, each.text, each.reply_to) for each in bench.chat.sent] == [(CHAT, "premium SOL 0", "7")]
        assert bench.chat.sent[0].silent
        assert bench.ears.asked_from == [0, 9]
        assert bench.ears.menus == 1


async def test_other_chats_are_ignored_and_counted_with_their_buttons(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(bench.said("/status", chat=666), Touched(667, "", 1, "q", "mute:1"), bench.said("/status"))
        await bench.clock.settle()
    assert bench.texts == ["status  2"]
    assert bench.ears.toasts == []
    assert bench.commands.ignored == 2


async def test_a_group_is_served_under_the_id_it_moved_to_and_by_its_name(bench: Bench) -> None:
    bench.chat.migrated["-222"] = -100_222
    async with running(bench):
        bench.ears.tell(bench.said("/status", chat=-100_222))
        await bench.clock.settle()
    assert [each.target for each in bench.chat.sent] == [GROUP]


async def test_what_was_asked_long_ago_is_not_answered(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(bench.said("/status", age_s=601), bench.said("/gaps", age_s=599))
        await bench.clock.settle()
    assert bench.texts == ["gaps  0"]


async def test_talk_is_left_alone_and_a_wrong_command_is_helped_but_not_in_a_group(bench: Bench) -> None:
    async with running(bench):
        for text in ("good morning", "/nonsense", "/analyze"):
            bench.ears.tell(bench.said(text), bench.said(text, chat=-222))
        await bench.clock.settle()
    said = {target: [each.text for each in bench.chat.sent if each.target == target] for target in (CHAT, GROUP)}
    assert said == {CHAT: ["help None", f"help {Ask.ANALYZE}"], GROUP: [f"help {Ask.ANALYZE}"]}


async def test_a_button_is_answered_above_the_chat(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(Touched(111, "", 5, "q1", "mute:12"), Touched(111, "", 5, "q2", "mute:DROP TABLE"))
        await bench.clock.settle()
    assert bench.ears.toasts == [("q1", f"{CHAT} {Press.MUTE.value} 12"), ("q2", "not a button of mine")]


async def test_an_answer_that_never_comes_holds_up_the_next_question_only_so_long(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(bench.said("/analyze SOL"), bench.said("/status"))
        await bench.clock.advance(ANSWER_S - 1)
        assert bench.texts == []
        await bench.clock.advance(2)
    assert bench.texts == ["status  0"]


async def test_a_slow_answer_holds_up_neither_the_other_chat_nor_the_next_update(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(bench.said("/analyze SOL"), bench.said("/status", chat=-222))
        bench.ears.tell(bench.said("/gaps", chat=-222))
        await bench.clock.settle()
    assert bench.texts == ["status  0", "gaps  0"]


async def test_a_chat_that_floods_us_is_bounded(bench: Bench) -> None:
    async with running(bench):
        bench.ears.tell(bench.said("/analyze SOL"), *(bench.said("/status") for _ in range(500)))
        await bench.clock.settle()
        bench.ears.tell(bench.said("/status", chat=-222))
        await bench.clock.settle()
    assert bench.texts == ["status  0"]


async def test_an_answer_without_room_is_given_up_and_one_that_is_refused_waits_as_asked(bench: Bench) -> None:
    bench.chat.answers.extend([Retry("429", after_s=7)])
    async with running(bench):
        bench.ears.tell(bench.said("/status"))
        await bench.clock.settle()
        assert bench.texts == ["status  0", "status  0"]
        assert bench.room.held == [(CHAT, 7)]
        bench.room.full = True
        bench.ears.tell(bench.said("/gaps"))
        await bench.clock.settle()
        assert len(bench.texts) == 2


async def test_a_bug_in_one_answer_silences_no_other(bench: Bench) -> None:
    async with running(bench):
        bench.desk.fails = True
        bench.ears.tell(bench.said("/status"))
        await bench.clock.settle()
        bench.desk.fails = False
        bench.ears.tell(bench.said("/gaps"))
        await bench.clock.settle()
    assert bench.texts == ["this could not be answered; the log says why", "gaps  0"]


async def test_telegram_is_left_alone_longer_and_longer_and_then_heard_again(bench: Bench) -> None:
    async with running(bench):
        bench.ears.fail(*(Deaf("NetworkError: down") for _ in range(4)))
        bench.ears.tell(bench.said("/status"))
        await bench.clock.advance(14.9)
        assert bench.texts == []
        await bench.clock.advance(0.2)
        assert bench.texts == ["status  0"]


async def test_another_program_that_takes_the_updates_is_told_once(bench: Bench) -> None:
    async with running(bench):
        bench.ears.fail(*(Deaf("Conflict: terminated by other getUpdates", 10, rival=True) for _ in range(5)))
        await bench.clock.advance(200)
        assert bench.desk.rivals == ["Conflict: terminated by other getUpdates"]
        bench.ears.fail(Deaf("Conflict: can't use getUpdates while webhook is active", 10, rival=True))
        await bench.clock.advance(20)
        assert bench.ears.unhooked == 1
