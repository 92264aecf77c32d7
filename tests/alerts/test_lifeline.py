"""While the database takes no writes: what must be heard leaves from memory, and is stored as what it was."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.delivery import Hopeless, Retry, Uncertain
from alerts.lifeline import PATIENCE_S, Lifeline
from alerts.outbox import Outbox
from alerts.unrecorded import SEALED_S, STANDBY_S, Unsaved
from config.settings import Alerting
from store.tables.deliveries import add_alert, edit_alert, first_sight_of
from tests.fakes.clock import FakeClock
from tests.fakes.outbox import (
    BUG,
    CHAT,
    GROUP,
    HANG,
    DirectWriter,
    ScriptedChats,
    a_first_sight,
    an_alert,
    open_database,
)

WEBHOOK = "webhook"
NOT_RECORDED, MAYBE = "not recorded", "possible repeat"


class Bench:
    """A database that can be made to refuse, the outbox on it, and the way round."""

    def __init__(self, folder: Path, targets: tuple[str, ...] = (CHAT, GROUP)) -> None:
        self.clock = FakeClock()
        self.targets = targets
        self.chats = ScriptedChats(self.clock)
        self.writer = DirectWriter(open_database(folder))
        self.broken = False
        notifiers = {"telegram": self.chats, "webhook": self.chats}
        self.lifeline = Lifeline(self.writer, lambda: self.broken, notifiers, targets, self.clock, "en")
        self.outbox = Outbox(self.writer, notifiers, targets, self.clock, Alerting(), "en", jitter=lambda: 0.5)
        self.late: list[int | None] = []

    def refuse(self) -> None:
        self.broken = True
        self.writer.turn = asyncio.Event()

    def mend(self) -> None:
        self.broken = False
        assert self.writer.turn is not None
        self.writer.turn.set()

    def commit(self, alert: Alert) -> asyncio.Future[int | None]:
        def work(db: sqlite3.Connection) -> int:
            return add_alert(db, alert, self.targets, self.clock.now_ms())

        def late(alert_id: int | None) -> None:
            self.late.append(alert_id)

        committing = self.lifeline.commit(work, [alert], late)
        return asyncio.ensure_future(committing)

    async def tell(self, alert: Alert) -> int | None:
        waiting = self.commit(alert)
        await self.clock.advance(PATIENCE_S)
        return await waiting

    async def deliver(self, seconds: float = 60.0) -> None:
        """Let the outbox work on what is stored."""
        task = asyncio.ensure_future(self.outbox.run())
        await self.clock.advance(seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def states(self) -> list[tuple[str, str, str | None]]:
        rows = self.writer.connection.execute("SELECT target, state, message_id FROM deliveries ORDER BY id")
        return rows.fetchall()

    def footers(self, target: str) -> list[str]:
        return [request.message.footer.partition(" · ")[2] for request in self.chats.to(target)]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.writer.connection.close()


async def test_with_a_disk_that_works_nothing_leaves_from_memory(bench: Bench) -> None:
    assert await bench.tell(a_first_sight()) == 1
    assert bench.chats.requests == []
    assert (bench.late, bench.lifeline.late) == ([], 0)


async def test_a_first_sight_leaves_at_once_marked_and_is_stored_as_sent_when_it_can_be(bench: Bench) -> None:
    bench.refuse()
    assert await bench.tell(a_first_sight()) is None
    assert bench.footers(CHAT) == bench.footers(GROUP) == [NOT_RECORDED]
    assert bench.chats.requests[0].at_s < PATIENCE_S
    bench.mend()
    await bench.clock.advance(1)
    assert bench.late == [1]
    await bench.deliver()
    assert bench.states() == [(CHAT, "sent", "101"), (GROUP, "sent", "102")]
    assert len(bench.chats.requests) == 2


async def test_whoever_waits_is_told_when_the_news_can_never_be_stored(bench: Bench) -> None:
    """A listing's desk keeps back its quiet verdicts until then; it would keep them back for good."""
    bench.refuse()
    assert await bench.tell(a_first_sight()) is None
    bench.writer.fault = sqlite3.IntegrityError("a bug")
    bench.mend()
    await bench.clock.advance(1)
    assert (bench.late, bench.lifeline.late) == ([None], 0)


async def test_a_bug_in_a_notifier_loses_neither_the_alert_nor_the_result(bench: Bench) -> None:
    bench.chats.script(CHAT, BUG)
    bench.refuse()
    await bench.tell(a_first_sight())
    await bench.clock.advance(10)
    assert len(bench.chats.to(CHAT)) == 2
    bench.mend()
    await bench.clock.advance(1)
    assert bench.late == [1]


async def test_edits_and_replies_find_the_message_that_left_from_memory(bench: Bench) -> None:
    bench.refuse()
    await bench.tell(a_first_sight())
    bench.mend()
    await bench.clock.advance(1)
    first = first_sight_of(bench.writer.connection, "upbit:NOVA:1")
    assert first is not None
    edit_alert(bench.writer.connection, first, "READY", bench.clock.now_ms())
    await bench.deliver()
    assert [(each.text, each.message.edit_of) for each in bench.chats.to(CHAT)] == [("first", None), ("READY", "101")]


async def test_a_disk_that_is_only_slow_is_waited_for_and_then_not(bench: Bench) -> None:
    bench.refuse()
    bench.broken = False
    waiting = bench.commit(a_first_sight())
    await bench.clock.advance(PATIENCE_S - 0.3)
    assert bench.chats.requests == []
    await bench.clock.advance(1)
    assert bench.footers(CHAT) == [NOT_RECORDED]
    bench.mend()
    await bench.clock.advance(5)
    assert waiting.result() is None


async def test_what_did_not_arrive_is_tried_again_from_memory_and_then_by_the_outbox(bench: Bench) -> None:
    bench.chats.script(CHAT, Retry("429", after_s=8), Retry("429", after_s=500))
    bench.chats.script(GROUP, Hopeless("Forbidden: bot was kicked"))
    bench.refuse()
    await bench.tell(a_first_sight())
    await bench.clock.advance(10)
    assert bench.footers(CHAT) == [NOT_RECORDED] * 2
    bench.mend()
    await bench.clock.advance(1)
    await bench.deliver()
    assert [state for _, state, _ in bench.states()] == ["sent", "failed"]
    assert bench.footers(CHAT)[2:] == [""]
    assert len(bench.chats.to(GROUP)) == 1


async def test_what_may_have_arrived_says_so_whenever_it_goes_again(bench: Bench) -> None:
    bench.chats.script(CHAT, Uncertain("timed out"), Uncertain("timed out"))
    bench.refuse()
    await bench.tell(a_first_sight())
    await bench.clock.advance(5)
    bench.mend()
    await bench.clock.advance(1)
    assert bench.states()[0][:2] == (CHAT, "uncertain")
    await bench.deliver()
    assert bench.footers(CHAT) == [NOT_RECORDED, f"{NOT_RECORDED} · {MAYBE}", MAYBE]
    assert bench.states()[0][:2] == (CHAT, "sent")


async def test_a_request_in_flight_while_it_is_stored_counts_as_uncertain(bench: Bench) -> None:
    bench.chats.script(CHAT, HANG)
    bench.refuse()
    await bench.tell(a_first_sight())
    bench.mend()
    await bench.clock.advance(1)
    assert bench.states()[0][:2] == (CHAT, "uncertain")


async def test_one_chat_that_hangs_delays_no_other(bench: Bench) -> None:
    bench.chats.script(CHAT, HANG)
    bench.refuse()
    await bench.tell(a_first_sight())
    assert bench.footers(GROUP) == [NOT_RECORDED]


def test_after_a_commit_that_failed_what_leaves_may_be_a_second_copy() -> None:
    """Sealed for the writer, which could not finish: nothing leaves for a while, then with a mark."""
    waiting = Unsaved(a_first_sight(), [CHAT], None, 0.0)
    waiting.seal(100.0)
    assert not waiting.due(CHAT, 100.0 + SEALED_S - 0.1)
    assert waiting.due(CHAT, 100.0 + SEALED_S)
    assert waiting.may_repeat(CHAT)


async def test_the_second_channel_takes_over_when_the_chats_stay_silent(tmp_path: Path) -> None:
    bench = Bench(tmp_path, (CHAT, WEBHOOK))
    bench.chats.always[CHAT] = Retry("connection refused")
    bench.refuse()
    await bench.tell(a_first_sight())
    await bench.clock.advance(STANDBY_S - 5)
    assert bench.chats.to(WEBHOOK) == []
    await bench.clock.advance(6)
    assert bench.footers(WEBHOOK) == [NOT_RECORDED]
    bench.mend()
    await bench.clock.advance(1)
    assert {target: state for target, state, _ in bench.states()} == {CHAT: "pending", WEBHOOK: "sent"}
    bench.writer.connection.close()


async def test_a_critical_verdict_leaves_from_memory_too_and_finds_its_row(bench: Bench) -> None:
    bench.refuse()
    critical = msgspec.structs.replace(
        an_alert(kind=AlertKind.VERDICT, level=AlertLevel.CRITICAL, text="GO"), created_ms=bench.clock.now_ms()
    )
    await bench.tell(critical)
    bench.mend()
    await bench.clock.advance(1)
    assert bench.chats.texts(CHAT) == ["GO"]
    assert bench.states()[0] == (CHAT, "sent", "101")
