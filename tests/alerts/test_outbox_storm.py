"""The outbox's promises under random failures and kills, against a chat that remembers what it accepted."""

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest
from msgspec import Struct

from alerts.alert import AlertKind, AlertLevel
from alerts.delivery import Answer, Message, Retry, Sent, Uncertain
from alerts.outbox import Outbox
from config.settings import Alerting
from store.tables.deliveries import add_alert, fresh
from tests.fakes.clock import FakeClock
from tests.fakes.outbox import CHAT, GROUP, DirectWriter, an_alert, open_database

ALERTS = 150
KILLS = 3
TARGETS = (CHAT, GROUP)
LEVELS = (AlertLevel.MEDIUM, AlertLevel.HIGH, AlertLevel.CRITICAL)
FAST = Alerting(chat_per_s=20, group_per_min=6_000, overall_per_s=300, expire_after_s=1e6)


class Accepted(Struct, frozen=True):
    target: str
    text: str
    marked: bool


class StormyChats:
    """Accepts a message, or not, and tells, or not; sometimes the answer takes long enough to be killed in."""

    def __init__(self, clock: FakeClock, dice: random.Random) -> None:
        self._clock = clock
        self._dice = dice
        self.accepted: list[Accepted] = []

    async def send(self, message: Message) -> Answer:
        await self._clock.sleep(self._dice.uniform(0.01, 0.3))
        roll = self._dice.random()
        if roll < 0.15:
            return Retry("HTTP 429", after_s=self._dice.choice([1.0, 3.0]))
        if roll < 0.3:
            return Retry("connection refused")
        if roll < 0.4:
            return Uncertain("HTTP 502, and not stored")
        self.accepted.append(Accepted(message.target, message.text, "possible repeat" in message.footer))
        if roll < 0.5:
            return Uncertain("timed out after acceptance")
        await self._clock.sleep(self._dice.uniform(0.01, 0.3))
        return Sent(str(len(self.accepted)))


@pytest.mark.parametrize("seed", range(6))
async def test_every_urgent_alert_arrives_in_order_and_only_marked_ones_twice(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    clock = FakeClock()
    chats = StormyChats(clock, dice)
    writer = DirectWriter(open_database(tmp_path))
    outbox, running = start(writer, chats, clock)
    kills = sorted(dice.sample(range(ALERTS), KILLS))
    urgent: set[str] = set()
    for number in range(ALERTS):
        first_sight = number < 30
        kind = AlertKind.FIRST_SIGHT if first_sight else AlertKind.VERDICT
        level = dice.choice(LEVELS)
        text = f"{number:04}"
        urgent |= {text} if first_sight or level >= AlertLevel.HIGH else set()
        alert = an_alert(f"upbit:C{number % 30}:1", kind, level, text, clock.now_ms())
        outbox.poke(writer.do(lambda db, a=alert: fresh(db, add_alert(db, a, TARGETS, clock.now_ms()))))  # type: ignore[misc] # mypy cannot infer a lambda with a default
        await clock.advance(dice.uniform(0.0, 0.5))
        if number in kills:
            writer.connection.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
            writer = DirectWriter(open_database(tmp_path))
            await clock.advance(0.1)
            outbox, running = start(writer, chats, clock)
    await clock.advance(3_600)
    assert not running.done()
    for target in TARGETS:
        here = [each for each in chats.accepted if each.target == target]
        assert urgent <= {each.text for each in here}
        unmarked = Counter(each.text for each in here if not each.marked)
        assert max(unmarked.values()) == 1
        assert {text for text, count in Counter(each.text for each in here).items() if count > 1} <= urgent
        for key in range(30):
            order = [each.text for each in here if int(each.text) % 30 == key]
            assert order == sorted(order)
    left = writer.connection.execute("SELECT DISTINCT state FROM deliveries WHERE state <> 'sent'").fetchall()
    assert left in ([], [("uncertain",)])
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    writer.connection.close()


def start(writer: DirectWriter, chats: StormyChats, clock: FakeClock) -> tuple[Outbox, asyncio.Future[None]]:
    outbox = Outbox(writer, {"telegram": chats}, TARGETS, clock, FAST, "en", jitter=lambda: 0.5)
    return outbox, asyncio.ensure_future(outbox.run())
