"""The outbox at its daily work: what leaves first, what waits for what, what becomes an edit, a reply or a digest."""

import asyncio
from itertools import pairwise
from pathlib import Path

import msgspec

from alerts.alert import AlertKind, AlertLevel
from alerts.debounce import Decision
from alerts.delivery import Lost, Retry, Sent, Uncertain
from store.tables.deliveries import add_alert, fresh
from tests.alerts.outbox_bench import Bench
from tests.fakes.outbox import (
    CHAT,
    GROUP,
    HANG,
    a_first_sight,
    an_alert,
)


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
