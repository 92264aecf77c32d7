"""What a verdict changes in the thread of its listing, read from the tables that the outbox works on."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from alerts import listing_alerts
from alerts.alert import Alert
from alerts.verdict_desk import VerdictDesk
from analysis.ringing import Quiet, Ring
from analysis.verdict import Fact, Mode, Outcome, Verdict, VerdictNotKept
from collectors.events import Channel, Listing, ListingState
from collectors.listings.listing_life import Change
from store.database import Connection
from store.tables import deliveries, listings
from store.writer import WriterGone
from tests.alerts.texts.test_message import OPENED, T
from tests.fakes.outbox import CHAT, DirectWriter, lifeline, open_database

SEEN = Listing(
    "upbit", "NOVA", 1, ("KRW",), ListingState.ANNOUNCED, T, Channel.UPBIT_NOTICES, url="https://notice.example/1"
)
QUIET = Quiet("unchanged")


class Thread:
    """One listing with its first sight sent, and the desk."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        self.writer = DirectWriter(db)
        self.desk = VerdictDesk(lifeline(self.writer), [CHAT], "en", lambda fresh: None)
        self.listing = listings.save(db, SEEN)
        self.tell(Change.FIRST_SIGHT)

    def tell(self, change: Change) -> None:
        alert = listing_alerts.of_change(change, None, self.listing, "en", T)
        assert alert is not None
        deliveries.add_alert(self.db, alert, [CHAT], T)
        self.db.execute("UPDATE deliveries SET state = 'sent', message_id = '7' WHERE state = 'pending'")

    def edits(self) -> list[str]:
        rows = self.db.execute("SELECT text FROM deliveries WHERE op = 'edit' AND state = 'pending' ORDER BY id")
        return [text for (text,) in rows]


@pytest.fixture
def thread(tmp_path: Path) -> Iterator[Thread]:
    connection = open_database(tmp_path)
    yield Thread(connection)
    connection.close()


def opened(thread: Thread) -> Listing:
    thread.listing = msgspec.structs.replace(thread.listing, state=ListingState.TRADING, first_trade_ms=T)
    thread.tell(Change.TRADING)
    return thread.listing


def at(seconds: int, **changes: object) -> Verdict:
    return msgspec.structs.replace(OPENED, made_ms=T + seconds * 1000, **changes)


async def test_the_buttons_lead_to_the_notice_the_korean_market_and_the_venue_of_the_best_route(thread: Thread) -> None:
    await thread.desk.take(thread.listing, at(1), QUIET)
    [delivery] = deliveries.claim(thread.db, T + 5_000).due
    assert [label for label, _ in delivery.links] == ["Notice", "NOVA/KRW", "Binance"]
    assert delivery.links[2][1] == "https://www.binance.com/en/trade/NOVA_USDT?type=spot"


async def test_a_verdict_that_rings_is_a_reply_with_the_same_buttons(thread: Thread) -> None:
    await thread.desk.take(thread.listing, at(1, outcome=Outcome.GO), Ring("turned", Outcome.NO_GO))
    sends = [each for each in deliveries.claim(thread.db, T + 5_000).due if each.op == "send"]
    assert "before: NO-GO" in sends[0].text.splitlines()
    assert sends[0].anchor == "7"
    assert len(sends[0].links) == 3


async def test_the_opening_is_told_with_its_premium_once_one_is_known(thread: Thread) -> None:
    listing = opened(thread)
    await thread.desk.take(listing, at(1, premium_bps=None, excess_bps=None), QUIET)
    await thread.desk.take(listing, at(3, premium_bps=1_234.0), QUIET)
    await thread.desk.take(listing, at(6, premium_bps=900.0), QUIET)
    told = [text for text in thread.edits() if "TRADING HAS STARTED" in text]
    assert len(told) == 1
    assert "Coin premium +12.34 %" in told[0]


@pytest.mark.parametrize(("seconds", "mode"), [(121, Mode.OPEN), (3, Mode.PRE_OPEN)])
async def test_a_premium_of_another_time_is_not_told_as_that_of_the_opening(
    thread: Thread, seconds: int, mode: Mode
) -> None:
    await thread.desk.take(opened(thread), at(seconds, premium_bps=1_234.0, mode=mode), QUIET)
    assert [text for text in thread.edits() if "TRADING HAS STARTED" in text] == []


async def test_a_verdict_whose_facts_cannot_be_stored_is_told_without_them(thread: Thread) -> None:
    unwritable = {**OPENED.facts, "name": Fact("half a sign: \ud800", "text", "a venue", T)}
    await thread.desk.take(thread.listing, at(1, outcome=Outcome.GO, facts=unwritable), Ring("turned", Outcome.NO_GO))
    told = thread.db.execute("SELECT op FROM deliveries WHERE state = 'pending' ORDER BY op")
    assert told.fetchall() == [("edit",), ("send",)]
    kept = thread.db.execute("SELECT verdict, made_ms, json_extract(facts, '$.facts_not_stored.value') FROM decisions")
    assert kept.fetchall() == [("GO", T + 1_000, "UnicodeEncodeError")]
    assert list(thread.desk.crashes) == ["judging upbit:NOVA:1"]
    await thread.desk.keep(thread.listing, at(2))
    assert thread.desk.crashes == {}


async def test_a_verdict_that_cannot_be_stored_at_all_is_named_and_leaves_nothing(thread: Thread) -> None:
    listing = opened(thread)
    thread.db.execute("CREATE TRIGGER full BEFORE INSERT ON decisions BEGIN SELECT RAISE(ABORT, 'no more'); END")
    with pytest.raises(VerdictNotKept, match=r"upbit:NOVA:1.*no more"):
        await thread.desk.take(listing, at(1, premium_bps=1_234.0), QUIET)
    assert thread.edits() == []
    assert "no more" in thread.desk.crashes["judging upbit:NOVA:1"]
    thread.db.execute("DROP TRIGGER full")
    await thread.desk.take(listing, at(2, premium_bps=1_234.0), QUIET)
    assert [text for text in thread.edits() if "TRADING HAS STARTED" in text]  # the premium was not lost with the first


async def test_a_writer_that_has_ended_is_no_matter_of_one_verdict(thread: Thread) -> None:
    thread.writer.fault = WriterGone("the database writer died")
    with pytest.raises(WriterGone):
        await thread.desk.keep(thread.listing, at(1))


async def test_a_verdict_that_waited_for_the_disk_in_vain_is_named() -> None:
    class Waiting:
        """A disk that takes nothing now, and not this one later."""

        def __init__(self) -> None:
            self.late: list[Callable[[bool | None], None]] = []

        async def commit(
            self, work: Callable[[Connection], bool], alerts: Sequence[Alert], late: Callable[[bool | None], None]
        ) -> bool | None:
            self.late.append(late)
            return None

    disk = Waiting()
    desk = VerdictDesk(disk, [CHAT], "en", lambda fresh: None)
    await desk.keep(SEEN, at(1))
    await desk.keep(SEEN, at(2))
    assert (len(disk.late), desk.crashes) == (1, {})  # the first stands for those after it
    disk.late[0](None)
    assert "waited for the disk" in desk.crashes["judging upbit:NOVA:1"]
    await desk.keep(SEEN, at(3))
    assert len(disk.late) == 2
