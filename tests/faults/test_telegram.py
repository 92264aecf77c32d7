"""Telegram in trouble: the faults 44 to 46 against the simulator's Bot API, and hours of silence on a driven clock."""

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerts.alert import Alert, AlertLevel
from alerts.delivery import Retry
from store.tables.deliveries import STANDBY_MS, add_alert
from tests.alerts.notifiers.test_telegram_end_to_end import Whole, connected
from tests.alerts.outbox_bench import Bench
from tests.fakes.outbox import CHAT, a_first_sight, an_alert

OTHER = "telegram:222"
WEBHOOK = "webhook"
HOUR_S = 3_600.0


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    async with connected(tmp_path) as ready:
        yield ready


def tell(whole: Whole, alert: Alert, *targets: str) -> int:
    def work(db: sqlite3.Connection) -> int:
        return add_alert(db, alert, targets or [CHAT], whole.clock.now_ms())

    alert_id = whole.writer.do(work)
    whole.outbox.poke()
    return alert_id


def at(whole: Whole, alert: Alert) -> Alert:
    return Alert(alert.key, alert.kind, alert.level, alert.text, whole.clock.now_ms())


async def test_fault_44_a_timeout_after_acceptance_is_uncertain_and_only_what_must_arrive_goes_again_marked(
    whole: Whole,
) -> None:
    await whole.simulator.post("/sim/fault", target="telegram", kind="timeout_after_accept", for_s=10_000)
    tell(whole, at(whole, an_alert("upbit:A:1", level=AlertLevel.CRITICAL, text="critical")))
    await whole.until(lambda states: states[:1] == ["uncertain"])
    tell(whole, at(whole, an_alert("upbit:B:1", level=AlertLevel.MEDIUM, text="medium")))
    await whole.until(lambda states: states[1:] == ["uncertain"])
    await whole.simulator.delete("/sim/fault")
    await whole.until(lambda states: states == ["sent", "uncertain"])
    texts = [message["text"] for message in await whole.chat()]
    first, *repeats = [text for text in texts if text.startswith("critical")]
    assert "possible repeat" not in first
    assert all("possible repeat" in text for text in repeats)
    assert len([text for text in texts if text.startswith("medium")]) == 1


async def test_fault_45_flood_control_holds_its_chat_for_as_long_as_asked_and_no_other(whole: Whole) -> None:
    for number in range(20):  # somebody else used the group's minute up, so Telegram itself says when to go on
        await whole.simulator.post("/telegram/bot1000:A/sendMessage", chat_id=-333, text=f"flood {number}")
    tell(whole, at(whole, an_alert("upbit:A:1", text="held")), "telegram:-333")
    tell(whole, at(whole, an_alert("upbit:B:1", text="free")), OTHER)
    await whole.until(lambda states: states == ["sent", "sent"])
    received = {each["text"].split("\n")[0]: each["received_ms"] for each in await whole.chat()}
    assert received["free"] < received["held"]
    assert [row[0] for row in whole.writer.connection.execute("SELECT attempts FROM deliveries ORDER BY id")] == [2, 1]


@pytest.mark.parametrize(
    ("fault", "said", "ends"),
    [
        ({"kind": "blocked", "chat_id": 111}, "blocked by the user", "failed"),
        ({"kind": "migrated", "chat_id": 111, "new_chat_id": -100_999}, "", "sent"),
        ({"kind": "bad_markup", "chat_id": 111}, "", "sent"),
    ],
)
async def test_fault_45_a_chat_in_trouble_is_handled_by_kind_and_the_others_proceed(
    whole: Whole, fault: dict[str, object], said: str, ends: str
) -> None:
    await whole.simulator.post("/sim/fault", target="telegram", for_s=10_000, **fault)
    long_text = "5 < 6 & <b>\n" + "\n".join(f"line {number}" for number in range(2_000))
    tell(whole, at(whole, an_alert("upbit:A:1", text=long_text)), CHAT, OTHER)
    await whole.until(lambda states: states == [ends, "sent"])
    assert said in whole.outbox.troubles.get(CHAT, "")
    for message in await whole.chat():
        assert message["text"].startswith("5 < 6 & <b>\nline 0\n")
        assert len(message["text"].encode("utf-16-le")) // 2 <= 4_096
    if fault["kind"] == "migrated":
        assert -100_999 in {each["chat_id"] for each in await whole.chat()}


async def test_fault_46_hours_without_telegram_and_a_restart_end_in_one_digest_and_the_second_channel_had_the_loud(
    tmp_path: Path,
) -> None:
    """What rings at once went out by the webhook; the rest is one message when Telegram is back; nothing is lost.

    That a dead daemon is noticed from outside is `tests/ops/watching/test_deadman.py`.
    """
    bench = Bench(tmp_path, (CHAT, WEBHOOK))
    bench.chats.always[CHAT] = Retry("connection refused")
    async with bench.running():
        bench.add(a_first_sight(text="first"))
        bench.add(an_alert("upbit:B:1", level=AlertLevel.CRITICAL, text="critical"))
        for number in range(5):
            bench.add(an_alert(f"upbit:C{number}:1", level=AlertLevel.MEDIUM, text=f"medium {number}"))
        await bench.clock.advance(STANDBY_MS / 1000 + 5)
        assert sorted(bench.chats.texts(WEBHOOK)) == ["critical", "first"]
        await bench.clock.advance(2 * HOUR_S)
    await bench.kill()
    bench.chats.always[CHAT] = Retry("connection refused")
    async with bench.running():
        await bench.clock.advance(2 * HOUR_S)
        bench.chats.requests.clear()
        bench.chats.always.clear()
        await bench.clock.advance(300)
    here = bench.chats.to(CHAT)
    assert [each.text.splitlines()[0] for each in here if each.text != "first"] == ["🚨 DIGEST of 6"]
    assert [each.text for each in here].count("first") == 1
    assert "late" in next(each.message.footer for each in here if each.text == "first")
    assert bench.chats.to(WEBHOOK) == []
