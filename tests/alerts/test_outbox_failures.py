"""The outbox where a request fails, hangs or ends unknown, and across kills: what goes again, and with which mark."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from alerts.alert import AlertLevel
from alerts.delivery import Hopeless, Retry, Sent, Uncertain
from alerts.outbox import UNCERTAIN_FIRST_S
from config.units import DAY_MS, HOUR_MS
from store.tables.deliveries import add_alert, fresh
from tests.alerts.outbox_bench import Bench
from tests.fakes.clock import START_MS
from tests.fakes.outbox import (
    BUG,
    CHAT,
    GROUP,
    HANG,
    a_first_sight,
    an_alert,
)


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


async def test_an_uncertain_edit_is_simply_made_again(bench: Bench) -> None:
    bench.chats.script(CHAT, Sent("7"), Uncertain("timed out"))
    async with bench.running():
        bench.edit(bench.add(a_first_sight()), "facts")
        await bench.clock.advance(30)
    assert bench.chats.texts(CHAT) == ["first", "facts", "facts"]
    assert bench.states() == ["sent", "sent"]


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


@pytest.mark.parametrize("ahead_ms", [HOUR_MS, 365 * DAY_MS])
async def test_what_failed_while_the_clock_was_ahead_goes_again_as_soon_as_it_is_right(
    bench: Bench, ahead_ms: int
) -> None:
    bench.chats.always[CHAT] = Retry("connection refused")
    bench.clock.step_wall(ahead_ms)
    async with bench.running():
        bench.add(a_first_sight(created_ms=bench.clock.now_ms()))
        bench.add(an_alert(key="upbit:B:1", level=AlertLevel.LOW, text="low", created_ms=bench.clock.now_ms()))
        await bench.clock.advance(120)
        bench.clock.step_wall(-ahead_ms)
        bench.chats.always.clear()
        bench.chats.requests.clear()
        await bench.clock.advance(40)
    assert [text.splitlines()[0] for text in bench.chats.texts(CHAT)] == ["first", "▫️ DIGEST of 1"]


@pytest.mark.parametrize("step_ms", [HOUR_MS, -HOUR_MS, -365 * DAY_MS])
async def test_what_a_kill_cut_off_is_marked_also_where_the_clock_is_another_after_it(
    bench: Bench, step_ms: int
) -> None:
    bench.chats.script(CHAT, HANG, HANG)
    bench.add(a_first_sight(text="listing"))
    bench.add(an_alert(key="upbit:B:1", text="NO-GO", level=AlertLevel.MEDIUM))
    running = asyncio.ensure_future(bench.outbox.run())
    await bench.clock.advance(5)
    assert not running.done()
    bench.clock.step_wall(step_ms)
    await bench.kill()
    async with bench.running():
        await bench.clock.advance(600)
    assert bench.chats.texts(CHAT) == ["listing"]
    assert "possible repeat" in bench.chats.requests[0].message.footer


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


async def test_flush_does_not_wait_for_a_database_that_takes_no_writes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    async def refuse(work: object, urgent: bool = False) -> None:
        asked.append(work)
        await asyncio.Event().wait()

    bench.add(an_alert(text="GO"))
    monkeypatch.setattr(bench.writer, "run", refuse)
    flushing = asyncio.ensure_future(bench.outbox.flush(5))
    await bench.clock.advance(6)
    assert flushing.done()
    await flushing
    assert len(asked) == 2  # a look, and the word that takes back what it may yet claim


async def test_a_look_that_was_broken_off_claims_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a message below HIGH, never requested, would count as uncertain and not be sent by the next start."""
    write, held = bench.writer.run, list[Any]()

    async def hold_back(work: Any, urgent: bool = False) -> None:
        held.append(work)
        await asyncio.Event().wait()

    async with bench.running():
        pass
    bench.add(an_alert(text="news", level=AlertLevel.MEDIUM))
    monkeypatch.setattr(bench.writer, "run", hold_back)
    flushing = asyncio.ensure_future(bench.outbox.flush(5))
    await bench.clock.advance(6)
    await flushing
    for work in held:  # the database takes writes again before the writer gives up
        await write(work, urgent=True)
    assert bench.states() == ["pending"]

    monkeypatch.undo()
    await bench.kill()
    async with bench.running():
        await bench.clock.advance(1)
    assert bench.chats.texts(CHAT) == ["news"]
