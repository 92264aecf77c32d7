import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.debounce import Decision
from alerts.delivery import Hopeless, Lost, Retry, Sent, Uncertain
from alerts.outbox import UNCERTAIN_FIRST_S, Outbox
from config.settings import Alerting
from store.tables.deliveries import add_alert, edit_alert, fresh
from tests.fakes.clock import START_MS, FakeClock
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


class Bench:
    """One outbox over a real database file."""

    def __init__(self, folder: Path, targets: tuple[str, ...] = (CHAT,)) -> None:
        self.folder = folder
        self.targets = targets
        self.clock = FakeClock()
        self.chats = ScriptedChats(self.clock)
        self.writer = DirectWriter(open_database(folder))
        self.outbox = self._outbox()

    def _outbox(self) -> Outbox:
        notifiers = {"telegram": self.chats, "webhook": self.chats, "log": self.chats}
        return Outbox(self.writer, notifiers, self.targets, self.clock, Alerting(), "en", jitter=lambda: 0.5)

    async def kill(self) -> None:
        """End it as kill -9 would: nothing more is written. Then start anew on the same file."""
        self.writer.connection.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.chats.requests.clear()
        await self.clock.advance(1)
        self.writer = DirectWriter(open_database(self.folder))
        self.outbox = self._outbox()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.outbox.run())
        await self.clock.settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.outbox.flush(0.0)
            await self.outbox.flush(0.001)

    def add(self, alert: Alert) -> int:
        alert_id = self.writer.do(lambda db: add_alert(db, alert, self.targets, self.clock.now_ms()))
        self.outbox.poke()
        return alert_id

    def edit(self, alert_id: int, text: str) -> None:
        self.writer.do(lambda db: edit_alert(db, alert_id, text, self.clock.now_ms()))
        self.outbox.poke()

    def rows(self, sql: str = "SELECT op, state FROM deliveries ORDER BY id") -> list[tuple[object, ...]]:
        return self.writer.connection.execute(sql).fetchall()

    def states(self) -> list[object]:
        return [row[1] for row in self.rows()]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_an_alert_is_sent_once_and_remembered_with_its_message_id(bench: Bench) -> None:
    async with bench.running():
        bench.add(an_alert(text="GO"))
        await bench.clock.advance(60)
    assert bench.chats.texts(CHAT) == ["GO"]
    assert bench.rows("SELECT state, attempts, message_id, error FROM deliveries") == [("sent", 1, "101", None)]


async def test_a_first_sight_leaves_from_memory_before_the_table_is_read_again(bench: Bench) -> None:
    alert = a_first_sight()
    handed = bench.writer.do(lambda db: fresh(db, add_alert(db, alert, bench.targets, bench.clock.now_ms())))
    bench.writer.fault = OSError("the table cannot be read")
    bench.outbox.poke(handed)
    bench.outbox.poke(handed)  # a second hand-over of the same rows changes nothing
    await bench.clock.settle()
    assert bench.chats.texts(CHAT) == ["first"]
    bench.writer.fault = None
    async with bench.running():
        bench.outbox.poke(handed)
        await bench.clock.advance(60)
    assert bench.chats.texts(CHAT) == ["first"]
    assert bench.states() == ["sent"]


async def test_a_first_sight_that_is_committed_while_the_table_is_about_to_be_read_is_sent_once(bench: Bench) -> None:
    """The look was asked for before there was such a row, and finds it; by then it has left from memory."""
    async with bench.running():
        bench.writer.turn = asyncio.Event()
        bench.chats.script(CHAT, HANG)
        bench.outbox.poke()
        await bench.clock.settle()
        now_ms = bench.clock.now_ms()
        handed = bench.writer.do(lambda db: fresh(db, add_alert(db, a_first_sight(), bench.targets, now_ms)))
        bench.outbox.poke(handed)
        await bench.clock.settle()
        bench.writer.turn.set()
        await bench.clock.advance(60)
        assert bench.chats.texts(CHAT) == ["first"]


async def test_a_first_sight_overtakes_five_hundred_older_messages(bench: Bench) -> None:
    for number in range(500):
        bench.add(an_alert(key=f"upbit:OLD{number}:1", text=f"old {number}"))
    async with bench.running():
        await bench.clock.advance(2.5)
        before = len(bench.chats.requests)
        bench.add(a_first_sight())
        await bench.clock.settle()
        assert bench.chats.texts(CHAT)[before:] == ["first"]


async def test_a_first_sight_does_not_wait_for_an_ordinary_request_that_hangs(bench: Bench) -> None:
    bench.chats.script(CHAT, HANG)
    async with bench.running():
        bench.add(an_alert(key="upbit:OLD:1", text="old"))
        await bench.clock.settle()
        bench.add(a_first_sight())
        await bench.clock.settle()
        assert bench.chats.texts(CHAT) == ["old", "first"]


async def test_a_second_first_sight_of_a_key_adds_nothing(bench: Bench) -> None:
    async with bench.running():
        first = bench.add(a_first_sight())
        await bench.clock.advance(5)
        assert bench.add(a_first_sight(text="again")) == first
        await bench.clock.advance(60)
    assert bench.chats.texts(CHAT) == ["first"]


async def test_flood_control_holds_the_whole_chat_for_as_long_as_it_says(bench: Bench) -> None:
    bench.chats.script(CHAT, Retry("429", after_s=7))
    async with bench.running():
        bench.add(an_alert(text="one"))
        await bench.clock.settle()
        bench.add(an_alert(key="upbit:OTHER:1", text="two"))
        await bench.clock.advance(7)
        assert bench.chats.texts(CHAT) == ["one"]
        await bench.clock.advance(2)
    assert bench.chats.texts(CHAT) == ["one", "one", "two"]
    assert bench.states() == ["sent", "sent"]


async def test_a_blocked_chat_and_a_hanging_chat_delay_no_other(tmp_path: Path) -> None:
    bench = Bench(tmp_path, targets=("telegram:1", "telegram:2", "telegram:3"))
    bench.chats.script("telegram:1", HANG)
    bench.chats.script("telegram:2", Retry("429", after_s=3_000))
    async with bench.running():
        bench.add(an_alert(key="upbit:A:1", text="one"))
        bench.add(an_alert(key="upbit:B:1", text="two"))
        await bench.clock.advance(3)
        assert bench.chats.texts("telegram:3") == ["one", "two"]


async def test_a_forbidden_chat_fails_at_once_and_the_other_chat_is_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, targets=(CHAT, GROUP))
    bench.chats.script(CHAT, Hopeless("Forbidden: bot was blocked by the user"))
    async with bench.running():
        bench.add(an_alert(text="GO"))
        await bench.clock.advance(120)
    assert bench.chats.texts(CHAT) == ["GO"]
    assert bench.chats.texts(GROUP)[0] == "GO"
    assert "blocked by the user" in bench.chats.texts(GROUP)[1]
    assert bench.outbox.unreachable == bench.outbox.troubles == {CHAT: "Forbidden: bot was blocked by the user"}
    bench.chats.requests.clear()
    async with bench.running():
        bench.add(an_alert(text="again"))
        await bench.clock.advance(5)
    assert bench.outbox.unreachable == bench.outbox.troubles == {}


async def test_a_refused_token_waits_for_a_person_and_is_shown_so(bench: Bench) -> None:
    bench.chats.script(CHAT, Retry("set TELEGRAM_BOT_TOKEN", after_s=60, for_a_person=True), Retry("connection reset"))
    async with bench.running():
        bench.add(an_alert(text="GO"))
        await bench.clock.advance(10)
        assert bench.outbox.unreachable == {CHAT: "set TELEGRAM_BOT_TOKEN"}
        await bench.clock.advance(120)
    assert bench.outbox.unreachable == {}
    assert bench.states() == ["sent"]


@pytest.mark.parametrize("level", [AlertLevel.HIGH, AlertLevel.CRITICAL])
async def test_an_uncertain_urgent_alert_is_sent_again_and_says_that_it_may_be_a_repeat(
    bench: Bench, level: AlertLevel
) -> None:
    bench.chats.script(CHAT, Uncertain("no answer within 15 s"))
    async with bench.running():
        bench.add(an_alert(text="GO", level=level))
        await bench.clock.settle()
        assert bench.states() == ["uncertain"]
        await bench.clock.advance(UNCERTAIN_FIRST_S + 1)
    first, second = bench.chats.to(CHAT)
    assert "possible repeat" not in first.message.footer
    assert second.message.footer == f"{first.message.footer} · possible repeat"
    assert bench.rows("SELECT state, attempts, error FROM deliveries") == [("sent", 2, "possible repeat")]


async def test_an_uncertain_lower_alert_is_not_sent_again(bench: Bench) -> None:
    bench.chats.script(CHAT, Uncertain("no answer within 15 s"))
    async with bench.running():
        bench.add(an_alert(text="NO-GO", level=AlertLevel.MEDIUM))
        await bench.clock.advance(3_000)
    assert bench.chats.texts(CHAT) == ["NO-GO"]
    assert bench.states() == ["uncertain"]


async def test_what_certainly_did_not_arrive_is_sent_again_at_every_level_without_a_mark(bench: Bench) -> None:
    bench.chats.script(CHAT, Retry("connection refused"), Retry("connection refused"))
    async with bench.running():
        bench.add(an_alert(text="NO-GO", level=AlertLevel.MEDIUM))
        await bench.clock.advance(10)
    assert bench.chats.texts(CHAT) == ["NO-GO"] * 3
    assert all("repeat" not in request.message.footer for request in bench.chats.requests)
    assert [round(request.at_s) for request in bench.chats.requests] == [0, 1, 3]


async def test_nothing_overtakes_its_own_key_while_other_keys_go_on(bench: Bench) -> None:
    bench.chats.script(CHAT, Retry("reset", after_s=None))
    async with bench.running():
        bench.add(an_alert(text="A1"))
        bench.add(an_alert(text="A2"))
        bench.add(an_alert(key="upbit:B:1", text="B1", level=AlertLevel.MEDIUM))
        await bench.clock.advance(30)
    texts = bench.chats.texts(CHAT)
    assert [text for text in texts if text.startswith("A")] == ["A1", "A1", "A2"]
    assert texts.index("B1") < len(texts)


async def test_an_edit_waits_until_its_message_is_confirmed_and_only_the_newest_is_made(bench: Bench) -> None:
    bench.chats.script(CHAT, Uncertain("timed out"))
    async with bench.running():
        alert_id = bench.add(a_first_sight())
        await bench.clock.settle()
        bench.edit(alert_id, "older facts")
        bench.edit(alert_id, "newer facts")
        await bench.clock.advance(30)
    requests = bench.chats.to(CHAT)
    assert [(request.text, request.message.edit_of) for request in requests] == [
        ("first", None),
        ("first", None),
        ("newer facts", "101"),
    ]
    assert "possible repeat" in requests[-1].message.footer  # the edit must not wipe the mark away
    assert bench.rows() == [("send", "sent"), ("edit", "expired"), ("edit", "sent")]


async def test_an_uncertain_edit_is_simply_made_again(bench: Bench) -> None:
    bench.chats.script(CHAT, Sent("7"), Uncertain("timed out"))
    async with bench.running():
        bench.edit(bench.add(a_first_sight()), "facts")
        await bench.clock.advance(30)
    assert bench.chats.texts(CHAT) == ["first", "facts", "facts"]
    assert bench.states() == ["sent", "sent"]


async def test_when_the_message_to_edit_is_gone_its_text_is_sent_anew_and_later_edits_follow(bench: Bench) -> None:
    bench.chats.script(CHAT, Sent("7"), Lost("message to edit not found"))
    async with bench.running():
        alert_id = bench.add(a_first_sight())
        bench.edit(alert_id, "facts")
        await bench.clock.advance(30)
        bench.edit(alert_id, "more facts")
        await bench.clock.advance(30)
    assert [(request.text, request.message.edit_of) for request in bench.chats.to(CHAT)] == [
        ("first", None),
        ("facts", "7"),
        ("facts", None),
        ("more facts", "101"),
    ]


async def test_a_reply_hangs_on_the_message_it_answers(bench: Bench) -> None:
    async with bench.running():
        alert_id = bench.add(a_first_sight())
        await bench.clock.settle()
        bench.add(an_alert(text="GO now", reply_to=alert_id))
        await bench.clock.advance(5)
    assert [request.message.reply_to for request in bench.chats.to(CHAT)] == [None, "101"]


async def test_after_a_kill_between_request_and_answer_only_urgent_alerts_go_again_and_are_marked(bench: Bench) -> None:
    bench.chats.script(CHAT, HANG, HANG)
    bench.add(a_first_sight(text="listing"))
    bench.add(an_alert(key="upbit:B:1", text="NO-GO", level=AlertLevel.MEDIUM))
    running = asyncio.ensure_future(bench.outbox.run())
    await bench.clock.advance(5)
    assert not running.done()
    assert sorted(bench.chats.texts(CHAT)) == ["NO-GO", "listing"]
    await bench.kill()
    async with bench.running():
        await bench.clock.advance(600)
    assert bench.chats.texts(CHAT) == ["listing"]
    assert "possible repeat" in bench.chats.requests[0].message.footer
    assert bench.states() == ["sent", "uncertain"]


async def test_an_alert_committed_but_never_requested_is_sent_unmarked_after_a_kill(bench: Bench) -> None:
    bench.writer.do(lambda db: add_alert(db, an_alert(text="GO"), bench.targets, START_MS))
    await bench.kill()
    async with bench.running():
        await bench.clock.advance(5)
    assert bench.chats.texts(CHAT) == ["GO"]
    assert "repeat" not in bench.chats.requests[0].message.footer


async def test_an_outcome_that_cannot_be_written_down_is_kept_until_it_can_and_never_sent_twice(bench: Bench) -> None:
    alert = a_first_sight()
    handed = bench.writer.do(lambda db: fresh(db, add_alert(db, alert, bench.targets, bench.clock.now_ms())))
    bench.writer.fault = OSError("disk full")
    bench.outbox.poke(handed)
    await bench.clock.advance(30)
    assert bench.states() == ["pending"]
    bench.writer.fault = None
    async with bench.running():
        await bench.clock.advance(30)
    assert bench.chats.texts(CHAT) == ["first"]
    assert bench.states() == ["sent"]


async def test_low_news_is_told_in_one_hourly_digest(bench: Bench) -> None:
    async with bench.running():
        await bench.outbox.post(an_alert(key="upbit:A:1", level=AlertLevel.LOW, text="caution set\ndetails"))
        await bench.clock.advance(1_800)
        await bench.outbox.post(
            an_alert(key="upbit:B:1", level=AlertLevel.LOW, text="delisting", created_ms=bench.clock.now_ms())
        )
        await bench.clock.advance(1_799)
        assert bench.chats.requests == []
        await bench.clock.advance(2)
    assert bench.chats.texts(CHAT) == ["▫️ DIGEST of 2\n17:00:00 caution set\n17:30:00 delisting"]
    assert bench.chats.requests[0].message.silent


async def test_hours_of_outage_end_in_one_digest_and_each_first_sight_by_itself(bench: Bench) -> None:
    bench.chats.always[CHAT] = Retry("connection refused")
    async with bench.running():
        bench.add(a_first_sight(text="listing"))
        for number in range(20):
            bench.add(an_alert(key=f"upbit:C{number}:1", text=f"news {number}", created_ms=bench.clock.now_ms()))
            await bench.clock.advance(600)
        await bench.clock.advance(3 * 3_600)
        bench.chats.always.clear()
        bench.chats.requests.clear()
        await bench.clock.advance(180)
    texts = bench.chats.texts(CHAT)
    assert texts[0] == "listing"
    assert "late" in bench.chats.requests[0].message.footer
    assert len(texts) == 2
    assert texts[1].startswith("🔔 DIGEST of 20")
    assert all(f"news {number}" in texts[1] for number in range(20))


async def test_a_repeat_inside_the_quiet_period_is_held_and_an_escalation_passes(bench: Bench) -> None:
    async def post(level: AlertLevel) -> Decision:
        alert = an_alert(level=level, created_ms=bench.clock.now_ms())
        return (await bench.outbox.post(alert)).decision

    async with bench.running():
        assert await post(AlertLevel.MEDIUM) is Decision.SEND_FIRST
        await bench.clock.advance(299)
        assert await post(AlertLevel.MEDIUM) is Decision.HOLD
        assert await post(AlertLevel.HIGH) is Decision.SEND_URGENT
        await bench.clock.advance(300)
        assert await post(AlertLevel.MEDIUM) is Decision.SEND_REPEAT
        await bench.clock.advance(10)
    assert len(bench.chats.requests) == 3


async def test_the_webhook_takes_over_when_telegram_stays_silent_for_thirty_seconds(tmp_path: Path) -> None:
    bench = Bench(tmp_path, targets=(CHAT, "webhook"))
    bench.chats.always[CHAT] = Retry("connection refused")
    async with bench.running():
        bench.add(a_first_sight())
        bench.add(an_alert(key="upbit:B:1", text="not for it"))
        await bench.clock.advance(29)
        assert bench.chats.texts("webhook") == []
        await bench.clock.advance(2)
        assert bench.chats.texts("webhook") == ["first"]


async def test_the_webhook_stays_silent_when_the_chat_has_the_alert(tmp_path: Path) -> None:
    bench = Bench(tmp_path, targets=(CHAT, "webhook"))
    async with bench.running():
        bench.add(a_first_sight())
        await bench.clock.advance(120)
    assert bench.chats.texts("webhook") == []
    assert bench.rows("SELECT target, state FROM deliveries ORDER BY id") == [(CHAT, "sent"), ("webhook", "expired")]


async def test_the_webhook_goes_at_once_when_every_chat_has_failed(tmp_path: Path) -> None:
    bench = Bench(tmp_path, targets=(CHAT, "webhook"))
    bench.chats.script(CHAT, Hopeless("Forbidden"))
    async with bench.running():
        bench.add(a_first_sight())
        await bench.clock.advance(1)
    assert "first" in bench.chats.texts("webhook")


async def test_a_notifier_with_a_bug_costs_its_own_message_only(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    bench.chats.script(CHAT, BUG)
    async with bench.running():
        bench.add(an_alert(text="GO"))
        await bench.clock.advance(30)
    assert bench.states() == ["sent"]
    assert "the notifier failed" in caplog.text


async def test_a_chat_gets_one_message_a_second_and_a_group_seventeen_a_minute(tmp_path: Path) -> None:
    bench = Bench(tmp_path, targets=(CHAT, GROUP))
    for number in range(40):
        bench.add(an_alert(key=f"upbit:N{number}:1", text=str(number)))
    async with bench.running():
        await bench.clock.advance(59.5)
        times = [request.at_s for request in bench.chats.to(CHAT)]
        assert len(times) == 40
        assert all(later - earlier > 0.99 for earlier, later in pairwise(times))
        assert len(bench.chats.to(GROUP)) == 17
        await bench.clock.advance(60)
        assert len(bench.chats.to(GROUP)) == 34


async def test_flush_sends_what_is_due_and_breaks_off_what_hangs(bench: Bench) -> None:
    bench.chats.script(CHAT, HANG)
    bench.add(an_alert(text="hangs", level=AlertLevel.CRITICAL))
    flushing = asyncio.ensure_future(bench.outbox.flush(5))
    await bench.clock.advance(6)
    await flushing
    assert bench.states() == ["uncertain"]

    await bench.kill()
    bench.add(an_alert(key="upbit:LOW:1", text="low news", level=AlertLevel.LOW))
    bench.add(an_alert(key="upbit:C:1", text="due"))
    flushing = asyncio.ensure_future(bench.outbox.flush(10))
    await bench.clock.advance(10)
    await flushing
    assert "due" in bench.chats.texts(CHAT)
    assert any("DIGEST" in text and "low news" in text for text in bench.chats.texts(CHAT))


async def test_info_is_recorded_and_not_sent(bench: Bench) -> None:
    async with bench.running():
        posted = await bench.outbox.post(an_alert(level=AlertLevel.INFO, kind=AlertKind.NEWS))
        await bench.clock.advance(10)
    assert posted.decision is Decision.RECORD
    assert bench.chats.requests == []
    assert bench.rows("SELECT kind FROM alerts") == [("news",)]


async def test_a_reply_that_rings_overtakes_the_edits_of_its_thread(bench: Bench) -> None:
    bench.chats.script(CHAT, Sent("7"))
    async with bench.running():
        first = bench.add(a_first_sight())
        await bench.clock.advance(10)
        bench.chats.script(CHAT, HANG)
        bench.edit(first, "facts 1")
        await bench.clock.settle()
    async with bench.running():
        bench.edit(first, "facts 2")
        bench.add(an_alert(text="GO", reply_to=first))
        await bench.clock.advance(10)
    assert bench.chats.texts(CHAT) == ["first", "facts 1", "GO", "facts 2"]


async def test_edits_every_three_seconds_leave_a_group_its_ringing_replies(bench: Bench) -> None:
    bench.targets = (GROUP,)
    async with bench.running():
        first = bench.add(a_first_sight())
        for number in range(30):
            await bench.clock.advance(3)
            bench.edit(first, f"facts {number}")
        rang_s = bench.clock.monotonic()
        bench.add(an_alert(text="GO", reply_to=first))
        await bench.clock.advance(30)
    [reply] = [each for each in bench.chats.to(GROUP) if each.text == "GO"]
    assert reply.at_s - rang_s <= 1.5


async def test_an_answer_finds_room_only_where_no_alert_waits(bench: Bench) -> None:
    async with bench.running():
        assert await bench.outbox.spare(CHAT, 0.0)
        bench.chats.script(CHAT, HANG)
        bench.add(an_alert(text="GO"))
        await bench.clock.settle()
        assert bench.chats.texts(CHAT) == ["GO"]
        waiting = asyncio.ensure_future(bench.outbox.spare(CHAT, 20.0))
        await bench.clock.advance(21)
        assert waiting.result() is False


async def test_the_message_of_a_listing_carries_its_buttons_and_a_picture_goes_once(bench: Bench) -> None:
    async with bench.running():
        first = bench.add(a_first_sight())
        bench.add(msgspec.structs.replace(an_alert(text="outcome"), picture=b"PNG", reply_to=first))
        await bench.clock.advance(5)
    sent = {request.text: request.message for request in bench.chats.to(CHAT)}
    assert [data for _, data in sent["first"].presses] == [f"mute:{first}", f"check:{first}"]
    assert sent["first"].picture is None
    assert (sent["outcome"].picture, sent["outcome"].presses) == (b"PNG", ())
