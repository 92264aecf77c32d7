"""Founding checks 39–44 and 47: what an alert is, when it rings, and that none is left behind at the end."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from alerts.alert import AlertKind, AlertLevel
from alerts.debounce import Decision
from alerts.notifiers.telegram import is_configured
from alerts.outbox import Outbox
from alerts.texts.message import first_sight
from alerts.texts.words import PREFIX
from collectors.events import Channel, Listing, ListingState
from config.settings import Alerting
from ops.process.lifetimes import running
from store.tables.debounce import post
from store.tables.deliveries import add_alert
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import CHAT, DirectWriter, ScriptedChats, a_first_sight, an_alert, open_database

QUIET_MS = 300_000
LISTING = Listing("bithumb", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.BITHUMB_NOTICES)


def decisions(folder: Path, *at_ms: int) -> list[Decision]:
    """What the debounce says to the same MEDIUM news at each of these moments."""
    writer = DirectWriter(open_database(folder))
    news = an_alert(level=AlertLevel.MEDIUM)
    try:
        return [writer.do(lambda db, now=now: post(db, news, [CHAT], now, QUIET_MS)).decision for now in at_ms]  # type: ignore[misc] # mypy cannot infer a lambda with a default
    finally:
        writer.connection.close()


def test_39_telegram_alert_builds() -> None:
    text = first_sight(LISTING, "en", START_MS)
    assert text.startswith("🔔 NEW LISTING · NOVA · Bithumb (KRW)\n")


def test_40_is_configured_is_false_without_a_token() -> None:
    assert not is_configured(None, "987")
    assert not is_configured("", "987")
    assert is_configured("123456789:token", "987")


def test_41_every_level_has_its_prefix() -> None:
    assert {level: bool(prefix) for level, prefix in PREFIX.items()} == dict.fromkeys(AlertLevel, True)
    assert len(set(PREFIX.values())) == len(AlertLevel)


def test_42_debounce_first_is_sent(tmp_path: Path) -> None:
    assert decisions(tmp_path, START_MS) == [Decision.SEND_FIRST]


def test_43_debounce_again_inside_the_window_is_held(tmp_path: Path) -> None:
    assert decisions(tmp_path, START_MS, START_MS + QUIET_MS - 1)[1] is Decision.HOLD


def test_44_debounce_after_the_window_is_sent(tmp_path: Path) -> None:
    assert decisions(tmp_path, START_MS, START_MS + QUIET_MS)[1] is Decision.SEND_REPEAT


async def test_47_shutdown_takes_the_alert_sink_and_flushes_it(tmp_path: Path) -> None:
    clock = FakeClock()
    chats = ScriptedChats(clock)
    writer = DirectWriter(open_database(tmp_path))
    outbox = Outbox(writer, {"telegram": chats}, [CHAT], clock, Alerting(), "en", jitter=lambda: 0.5)

    async def live_and_end() -> None:
        async with AsyncExitStack() as stack:
            stack.callback(writer.connection.close)
            stack.push_async_callback(outbox.flush, 5.0)
            await stack.enter_async_context(running(outbox.run()))
            await clock.sleep(0.1)
            writer.do(lambda db: add_alert(db, a_first_sight(), [CHAT], clock.now_ms()))
            low = an_alert(key="upbit:LOW:1", kind=AlertKind.NEWS, level=AlertLevel.LOW, text="low news")
            writer.do(lambda db: add_alert(db, low, [CHAT], clock.now_ms()))

    ending = asyncio.ensure_future(live_and_end())
    while not ending.done():
        await clock.advance(0.5)
    await ending
    assert clock.monotonic() < 5  # nothing hangs, so the deadline is not used up
    texts = chats.texts(CHAT)
    assert texts[0] == "first"
    assert "low news" in texts[1]
