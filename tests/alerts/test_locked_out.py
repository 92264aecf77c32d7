"""Two listings and a CRITICAL verdict while another program holds the database: told, judged, and stored afterwards."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from alerts.alert import AlertLevel
from alerts.lifeline import Lifeline
from alerts.verdict_desk import VerdictDesk
from analysis.ringing import Quiet, Ring
from analysis.verdict import Outcome
from collectors.events import Channel, Notice
from collectors.listings.listing_book import ListingBook
from config.clock import SystemClock
from config.settings import Writing
from store import database
from store.writer import DatabaseWriter
from tests.alerts.texts.test_message import OPENED
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import CHAT, ScriptedChats

NOTICES = Channel.UPBIT_NOTICES


class LockedOut:
    """The book and the verdict desk over a real writer, whose database somebody else can hold."""

    def __init__(self, path: Path, writer: DatabaseWriter) -> None:
        self.path = path
        self.chats = ScriptedChats(FakeClock())
        clock = SystemClock()
        self.lifeline = Lifeline(
            writer, lambda: writer.fault is not None, {"telegram": self.chats}, [CHAT], clock, "en"
        )
        self.book = ListingBook(self.lifeline, clock, "en", [CHAT], 24.0, 10, lambda fresh: None)
        self.desk = VerdictDesk(self.lifeline, [CHAT], "en", lambda fresh: None)
        self._other = sqlite3.connect(path, isolation_level=None, timeout=0.1)

    def lock(self) -> None:
        self._other.execute("BEGIN IMMEDIATE")

    def unlock(self) -> None:
        self._other.execute("ROLLBACK")

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    async def all_stored(self) -> None:
        async with asyncio.timeout(20):
            while self.lifeline.late:
                await asyncio.sleep(0.01)

    def close(self) -> None:
        self._other.close()


@pytest.fixture
async def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LockedOut]:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 20)
    path = tmp_path / "radar.db"
    with DatabaseWriter.open(path, SystemClock(), Writing(batch_ms=1)) as writer:
        made = LockedOut(path, writer)
        await made.book.load(START_MS - 60_000)
        await made.book.see_notices(NOTICES, [notice(1, "지갑 점검 안내")], START_MS - 1_000)
        yield made
        made.close()


def notice(number: int, title: str) -> Notice:
    return Notice("upbit", str(number), title, ("거래",), START_MS - 500, START_MS - 500, f"https://n/{number}")


async def test_first_sights_of_two_coins_and_a_critical_verdict_do_not_wait_for_the_database(out: LockedOut) -> None:
    out.lock()
    first = await out.book.see_notices(NOTICES, [notice(7, "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)")], START_MS)
    second = await out.book.see_notices(NOTICES, [notice(8, "오빗(ORBIT) 신규 거래지원 안내 (KRW 마켓)")], START_MS)
    nova, orbit = first.listings[0], second.listings[0]
    assert (nova.listing_id, orbit.listing_id) == (None, None)
    made = msgspec.structs.replace(OPENED, made_ms=START_MS + 1_000)
    await out.desk.take(nova, made, Quiet("unchanged"))
    await out.desk.take(nova, made, Quiet("unchanged"))
    critical = msgspec.structs.replace(made, outcome=Outcome.GO, level=AlertLevel.CRITICAL, made_ms=START_MS + 2_000)
    await out.desk.take(nova, critical, Ring("turned", Outcome.NO_GO))
    async with asyncio.timeout(10):
        while len(out.chats.requests) < 3:
            await asyncio.sleep(0.01)
    assert [each.text.splitlines()[0] for each in out.chats.requests] == [
        "🔔 NEW LISTING · NOVA · Upbit (KRW)",
        "🔔 NEW LISTING · ORBIT · Upbit (KRW)",
        "🚨 GO · NOVA · Upbit (KRW)",
    ]
    assert all("not recorded" in each.message.footer for each in out.chats.requests)
    assert out.rows("SELECT count(*) FROM alerts") == [(0,)]
    out.unlock()
    await out.all_stored()
    assert out.rows(
        "SELECT kind, state, message_id FROM alerts AS a JOIN deliveries AS d ON d.alert_id = a.id AND op = 'send'"
    ) == [
        ("first_sight", "sent", "101"),
        ("first_sight", "sent", "102"),
        ("verdict", "sent", "103"),
    ]
    assert out.rows("SELECT listing_id, verdict FROM decisions ORDER BY id") == [(1, "NO_GO"), (1, "GO")]
    assert {each.base: each.listing_id for each in out.book.active()} == {"NOVA": 1, "ORBIT": 2}
    again = await out.book.see_notices(
        NOTICES, [notice(7, "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)")], START_MS + 9_000
    )
    assert again.listings == ()
