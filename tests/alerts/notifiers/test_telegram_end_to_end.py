"""Outbox, python-telegram-bot, our transport and the one door, against the simulator's Telegram over a real socket."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from alerts.alert import Alert
from alerts.chat.commands import Commands
from alerts.notifiers.telegram import Telegram
from alerts.notifiers.telegram_ears import Ears
from alerts.outbox import Outbox
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from config.clock import SimulatorClock
from config.settings import Alerting
from ops.process.lifetimes import running
from store.tables.deliveries import add_alert, edit_alert, fresh
from tests.alerts.chat.test_commands import EchoDesk
from tests.fakes.outbox import CHAT, DirectWriter, a_first_sight, an_alert, open_database
from tests.fakes.simulator import SimulatorHandle, running_simulator

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
SPEED = 20.0
ANSWER_WITHIN_S = 10.0  # of simulated time: half a real second
PATIENCE_S = 20.0  # real; only ever used up by a failure


class Whole:
    def __init__(self, outbox: Outbox, writer: DirectWriter, clock: SimulatorClock, simulator: SimulatorHandle) -> None:
        self.outbox = outbox
        self.writer = writer
        self.clock = clock
        self.simulator = simulator

    def add(self, alert: Alert) -> int:
        def work(db: sqlite3.Connection) -> int:
            return add_alert(db, alert, [CHAT], self.clock.now_ms())

        alert_id = self.writer.do(work)
        self.outbox.poke(fresh(self.writer.connection, alert_id))
        return alert_id

    def edit(self, alert_id: int, text: str) -> None:
        self.writer.do(lambda db: edit_alert(db, alert_id, text, self.clock.now_ms()))
        self.outbox.poke()

    async def until(self, done: Callable[[list[str]], bool]) -> None:
        """Wait until the states of all deliveries, oldest first, are as wanted."""
        async with asyncio.timeout(PATIENCE_S):
            while not done(self.states()):
                await asyncio.sleep(0.01)

    def states(self) -> list[str]:
        return [row[0] for row in self.writer.connection.execute("SELECT state FROM deliveries ORDER BY id")]

    async def chat(self) -> list[Any]:
        """Every message that Telegram accepted; the shape is the simulator's contract."""
        return list(await self.simulator.get("/sim/telegram"))


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    async with connected(tmp_path) as ready:
        yield ready


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[Whole]:
    async with running_simulator(rate=1.0, markets=2, speed=SPEED) as simulator:
        told = await simulator.get("/sim/clock")
        clock = SimulatorClock(told["now_ms"], told["speed"])
        urls = dict.fromkeys(("telegram", "telegram_updates"), f"{simulator.url}/telegram")
        deadlines = {"telegram": ANSWER_WITHIN_S}
        async with open_door(HttpDoor(urls, Limits({}), clock, "test", deadlines)) as door:
            writer = DirectWriter(open_database(folder))
            telegram = Telegram(TOKEN, door)
            outbox = Outbox(writer, {"telegram": telegram}, [CHAT], clock, Alerting(), "en", jitter=lambda: 0.5)
            commands = Commands(Ears(telegram), telegram, outbox, EchoDesk(), [CHAT], clock, "en")
            async with running(outbox.run(), commands.run()):
                yield Whole(outbox, writer, clock, simulator)
            await outbox.flush(1.0)
            writer.connection.close()


def all_sent(states: list[str]) -> bool:
    return set(states) == {"sent"}


async def test_one_listing_is_one_thread_message_edit_and_reply(whole: Whole) -> None:
    alert_id = whole.add(a_first_sight(text="NEW LISTING · NOVA\n<b>노바</b> & more", created_ms=whole.clock.now_ms()))
    whole.edit(alert_id, "READY · NOVA\nfacts")
    whole.add(an_alert(text="GO · NOVA", reply_to=alert_id, created_ms=whole.clock.now_ms()))
    await whole.until(all_sent)
    first, reply = await whole.chat()
    assert first["text"].startswith("NEW LISTING · NOVA\n<b>노바</b> & more\n#")
    assert [edit["text"].split("\n")[0] for edit in first["edits"]] == ["READY · NOVA"]
    assert reply["reply_to"] == first["message_id"]
    assert reply["text"].startswith("GO · NOVA\n#")


async def test_a_time_out_after_acceptance_gives_one_marked_repeat_and_edits_follow_the_confirmed_message(
    whole: Whole,
) -> None:
    await whole.simulator.post("/sim/fault", target="telegram", kind="timeout_after_accept", for_s=300)
    alert_id = whole.add(a_first_sight(created_ms=whole.clock.now_ms()))
    await whole.until(lambda states: states == ["uncertain"])
    await whole.simulator.delete("/sim/fault")
    whole.edit(alert_id, "facts")
    await whole.until(lambda states: states == ["sent", "sent"])
    messages = await whole.chat()
    marked = ["possible repeat" in message["text"] for message in messages]
    assert marked[0] is False
    assert all(marked[1:])
    assert len(messages) >= 2
    assert messages[-1]["edits"][-1]["text"].startswith("facts")


async def test_markup_that_telegram_refuses_arrives_as_plain_text(whole: Whole) -> None:
    await whole.simulator.post("/sim/fault", target="telegram", kind="bad_markup", for_s=300)
    whole.add(a_first_sight(text="5 < 6 & 7", created_ms=whole.clock.now_ms()))
    await whole.until(all_sent)
    [message] = await whole.chat()
    assert message["text"].startswith("5 < 6 & 7\n#")


async def test_a_text_longer_than_telegram_takes_arrives_cut(whole: Whole) -> None:
    lines = "\n".join(f"🚨 <line> {number}" for number in range(2_000))
    whole.add(a_first_sight(text=lines, created_ms=whole.clock.now_ms()))
    await whole.until(all_sent)
    [message] = await whole.chat()
    assert len(message["text"].encode("utf-16-le")) // 2 <= 4_096
    assert message["text"].startswith("🚨 <line> 0\n")


async def test_a_chat_that_blocked_the_bot_fails_and_says_why(whole: Whole) -> None:
    await whole.simulator.post("/sim/fault", target="telegram", kind="blocked", for_s=300)
    whole.add(a_first_sight(created_ms=whole.clock.now_ms()))
    await whole.until(lambda states: states == ["failed"])
    assert "blocked by the user" in whole.outbox.troubles[CHAT]


async def test_a_command_is_answered_and_a_stranger_is_not(whole: Whole) -> None:
    for chat_id, text in ((666, "/status"), (111, "/premium sol"), (111, "good morning")):
        await whole.simulator.post("/sim/telegram/update", chat_id=chat_id, text=text)
    async with asyncio.timeout(PATIENCE_S):
        while not await whole.chat():
            await asyncio.sleep(0.01)
    [answer] = await whole.chat()
    assert (answer["chat_id"], answer["text"], answer["silent"]) == (111, "premium SOL 1", True)


async def test_a_picture_is_a_reply_with_its_words_below(whole: Whole) -> None:
    first = whole.add(a_first_sight(created_ms=whole.clock.now_ms()))
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40 + b"--\r\n--boundary"
    outcome = an_alert(
        text="OUTCOME\n<b>노바</b> & more" + "x" * 2_000, created_ms=whole.clock.now_ms(), reply_to=first
    )
    whole.add(msgspec.structs.replace(outcome, picture=png))
    await whole.until(all_sent)
    shown = (await whole.chat())[1]
    assert shown["photo"] == {"size": len(png)}
    assert shown["reply_to"] == 1
    assert len(shown["text"]) <= 1_024
    assert shown["text"].startswith("OUTCOME\n…\n#")
