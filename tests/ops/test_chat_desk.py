"""What is answered in the chat, from real tables, with invented coins; and what the buttons do."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from alerts import listing_alerts
from alerts.chat.asked import Ask, Asked, Misspelled
from alerts.chat.buttons import Press, Pressed
from alerts.outbox import Outbox
from alerts.texts.words import Language
from alerts.verdict_desk import VerdictDesk
from analysis.verdict import Fact, Verdict
from collectors.events import Channel, Exchange, GapCause, Listing, ListingState, Market
from collectors.listings.listing_life import Change
from config.settings import Alerting
from ops.chat_desk import ChatDesk
from ops.watching.health import Limits
from store import rows
from store.tables import deliveries, gaps, listings, markets
from tests.alerts.texts.test_message import OPENED
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import CHAT, GROUP, DirectWriter, ScriptedChats, lifeline, open_database
from tests.ops.watching.test_health import readings

NOVA = Listing(
    "upbit", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES, title="<b>노바</b>"
)
JUDGED = msgspec.structs.replace(
    OPENED, facts=dict(OPENED.facts) | {"market_premium_bps": Fact(210.0, "bps", "computed", START_MS)}
)


class OneVerdict:
    """Judges everything alike."""

    async def judge(self, listing: Listing) -> Verdict:
        return JUDGED

    async def judge_now(self, exchange: Exchange, base: str) -> Verdict:
        return JUDGED


class Bench:
    def __init__(self, folder: Path, language: Language = "en") -> None:
        self.clock = FakeClock()
        self.db = open_database(folder)
        self.writer = DirectWriter(self.db)
        self.chats = ScriptedChats(self.clock)
        self.outbox = Outbox(
            self.writer, {"telegram": self.chats}, [CHAT, GROUP], self.clock, Alerting(), "en", jitter=lambda: 0.5
        )
        self.active: list[Listing] = []
        self.desk = ChatDesk(
            folder / "radar.db",
            self.writer,
            self.outbox,
            OneVerdict(),
            VerdictDesk(lifeline(self.writer, self.clock), [CHAT, GROUP], "en", self.outbox.poke),
            lambda: self.active,
            readings,
            Limits({"upbit": 30_000, "bithumb": 120_000}, 10_000),
            self.clock,
            language,
        )

    def listed(self) -> int:
        """NOVA with its first sight, which has arrived in both chats; the id of that alert."""
        listing = listings.save(self.db, NOVA)
        self.active.append(listing)
        alert = listing_alerts.of_change(Change.FIRST_SIGHT, None, listing, "en", START_MS)
        assert alert is not None
        told = msgspec.structs.replace(alert, listing_id=listing.listing_id)
        alert_id = deliveries.add_alert(self.db, told, [CHAT, GROUP], START_MS)
        self.db.execute("UPDATE deliveries SET state = 'sent', message_id = '7'")
        return alert_id

    async def ask(self, ask: Ask, symbol: str = "", ignored: int = 0) -> str:
        return await self.desk.answer(Asked(CHAT, ask, symbol, ignored))

    async def press(self, press: Press, alert_id: int, target: str = CHAT) -> str:
        return await self.desk.press(target, Pressed(press, alert_id))

    def edits(self) -> list[tuple[str, str]]:
        return self.db.execute("SELECT target, text FROM deliveries WHERE op = 'edit' AND state = 'pending'").fetchall()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.db.close()


async def test_status_says_how_it_is_and_how_many_strangers_were_ignored(bench: Bench) -> None:
    lines = (await bench.ask(Ask.STATUS, ignored=3)).splitlines()
    assert lines[0].startswith(("🟢 All is well", "🟡 Careful", "🔴 Broken"))
    assert any(line.startswith("Upbit: connected") for line in lines)
    assert lines[-1] == "ignored 3 messages of other chats"


async def test_listings_show_state_verdict_and_mute(bench: Bench) -> None:
    assert await bench.ask(Ask.LISTINGS) == "no listing was seen yet"
    bench.listed()
    await bench.desk.press(CHAT, Pressed(Press.CHECK, 1))
    await bench.ask(Ask.MUTE, "NOVA")
    assert (await bench.ask(Ask.LISTINGS)).splitlines()[1:] == [
        "NOVA · Upbit · announced 🔕",
        "  unknown, NO-GO +0.80 %",
    ]


async def test_analyze_and_premium_speak_of_both_exchanges(bench: Bench) -> None:
    told = await bench.ask(Ask.ANALYZE, "NOVA")
    assert "🟡 NO-GO · NOVA · Upbit" in told
    assert "🟡 NO-GO · NOVA · Bithumb" in told
    assert "Upbit: +5.23 %, over the market +3.10 %" in await bench.ask(Ask.PREMIUM, "NOVA")
    assert "Bithumb: +2.10 %, FX" in await bench.ask(Ask.PREMIUM)


async def test_gaps_of_many_markets_at_once_are_one_line(bench: Bench) -> None:
    assert await bench.ask(Ask.GAPS) == "nothing was missed"
    ids = markets.intern(bench.db, [Market("upbit", f"C{n}", "KRW") for n in range(30)], START_MS)
    missed = [("upbit", each, START_MS - 60_000, START_MS - 30_000, GapCause.STALE) for each in ids.values()]
    rows.execute(bench.db, gaps.added([*missed, ("bithumb", None, START_MS - 9_000, None, GapCause.START)]))  # type: ignore[list-item] # an open one
    lines = (await bench.ask(Ask.GAPS)).splitlines()
    assert len(lines) == 3
    assert "Bithumb all markets, 9.0 s (still), start, not healed yet" in lines[1]
    assert "Upbit 30 markets, 30 s, stale, not healed yet" in lines[2]


async def test_a_test_alert_goes_the_whole_way_to_the_chat_that_asked(bench: Bench) -> None:
    task = asyncio.ensure_future(bench.outbox.run())
    assert await bench.ask(Ask.TEST) == ""
    await bench.clock.advance(1)
    assert [each.text[:12] for each in bench.chats.to(CHAT)] == ["✅ TEST ALERT"]
    assert bench.chats.to(GROUP) == []
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_mute_by_button_is_that_chats_alone_and_its_message_shows_the_other_button(bench: Bench) -> None:
    alert_id = bench.listed()
    assert "🔕 NOVA: no reply will ring" in await bench.press(Press.MUTE, alert_id)
    assert [target for target, _ in bench.edits()] == [CHAT]
    assert [each.muted for each in deliveries.claim(bench.db, START_MS).due] == [True]
    assert "NOVA · Upbit" in await bench.ask(Ask.MUTE)
    assert await bench.desk.answer(Asked(GROUP, Ask.MUTE)) == "no coin is muted: /mute SOL"
    assert await bench.press(Press.UNMUTE, alert_id) == "🔔 NOVA: rings again"
    assert await bench.ask(Ask.UNMUTE, "NOVA") == "NOVA: was not muted"


async def test_a_mute_while_the_disk_refuses_says_so_and_does_not_wait(bench: Bench) -> None:
    bench.writer.turn = asyncio.Event()
    asked = asyncio.ensure_future(bench.ask(Ask.MUTE, "NOVA"))
    await bench.clock.advance(6)
    assert asked.result().startswith("the database takes no writes now")


async def test_looking_again_keeps_the_verdict_and_rewrites_the_message(bench: Bench) -> None:
    alert_id = bench.listed()
    assert await bench.press(Press.CHECK, alert_id) == "🟡 NO-GO · NOVA · Upbit (KRW)"
    assert [text.splitlines()[0] for _, text in bench.edits()] == ["🟡 NO-GO · NOVA · Upbit (KRW)"] * 2
    assert bench.db.execute("SELECT verdict FROM decisions").fetchall() == [("NO_GO",)]
    bench.active.clear()
    assert await bench.press(Press.CHECK, alert_id) == "this listing is over: /analyze NOVA"
    assert await bench.press(Press.MUTE, 999) == "this listing is not known any more"


@pytest.mark.parametrize("language", ["ko", "en"])
async def test_every_command_is_answered_in_both_languages(tmp_path: Path, language: Language) -> None:
    bench = Bench(tmp_path, language)
    bench.listed()
    for ask in Ask:
        text = await bench.ask(ask, "NOVA")
        assert text or ask is Ask.TEST
        korean = any("가" <= character <= "힣" for character in text.replace("노바", ""))
        assert not text or korean == (language == "ko"), text
    assert await bench.desk.help(Misspelled(Ask.ANALYZE))
    bench.db.close()


async def test_the_database_is_only_read_through_a_connection_that_cannot_write(bench: Bench) -> None:
    with pytest.raises(sqlite3.OperationalError):
        await bench.desk._read(lambda db: db.execute("DELETE FROM alerts"))
