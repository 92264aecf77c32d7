"""One listing from its notice to its outcome, as its reader and its tables see it: one thread, and each ring's reason.

0 s    notice: deposits at 60 s, trading at 180 s     first sight, then READY rings
61 s   deposits open, a second late                   an edit
180 s  trading opens 5 % above the world              GO rings
200 s  the exchange closes deposits                   NO-GO rings at once
230 s  and opens them again                           GO rings when a minute has passed
then   all stays as it is                             the outcome, half an hour after the opening
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import pytest

from alerts.verdict_desk import VerdictDesk
from analysis.evidence import KoreanFacts
from analysis.keepers.outcome_keeper import OutcomeKeeper
from analysis.listing_pipeline import ListingPipeline
from analysis.price_row import price_row
from analysis.verdict import TransferState, Verdict
from collectors.events import Channel, Listing, Notice, market_of
from collectors.listings.listing_book import ListingBook
from ops.process.lifetimes import running
from store import rows
from store.tables import listing_prices, markets
from tests.analysis.keepers.test_outcome_keeper import stored_by
from tests.analysis.pipeline_world import World
from tests.fakes import evidence as good
from tests.fakes.blank import open_blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import lifeline

T = TypeVar("T")
TITLE = "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)"
BODY = "입금 개시 시점: 2027-01-15 17:01 KST\n거래지원 개시 시점: 2027-01-15 17:03 KST\n입출금 네트워크: Ethereum"
NOVA = market_of("upbit", "KRW-NOVA")


class Direct:
    """A writer that works at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection

    async def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False) -> T:
        return work(self.connection)


class Stage:
    """Book, pipeline, desk and tables of one coin, around a world that the test changes."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path, self.connection = path, connection
        self.clock = FakeClock()
        self.world = World(self.clock)
        self.writer = Direct(connection)
        self.desk = VerdictDesk(lifeline(self.writer, self.clock), ["telegram:1"], "en", lambda _: None)
        self.pipeline = ListingPipeline(
            self.world, good.settings(), self.clock, self.desk.take, self.keep_price, self.desk.keep
        )
        self.book = ListingBook(
            lifeline(self.writer, self.clock), self.clock, "en", ["telegram:1"], 24.0, 10, lambda _: None
        )
        self.korean(TransferState.CLOSED, None)

    def korean(self, deposit: TransferState, mid: float | None) -> None:
        """The Korean side: its deposits, and its price, once it has one."""
        states = good.good_transfers(good.network(deposit=deposit, fee=None, contract=""))
        shown = None if mid is None else good.two_sided(mid - 1, mid + 1)
        self.world.korean_facts = KoreanFacts(book=shown, transfers=states, contracts={"ETH": good.CONTRACT})

    def keep_price(self, listing: Listing, verdict: Verdict) -> None:
        price = price_row(verdict)
        if price is not None and listing.listing_id is not None:
            rows.execute(self.connection, listing_prices.row(listing.listing_id, price))

    async def notice(self) -> None:
        await self.book.see_notices(Channel.UPBIT_NOTICES, [], self.clock.now_ms())
        seen = Notice("upbit", "7", TITLE, ("거래",), START_MS - 2_000, START_MS - 2_000, "https://n/7", BODY)
        self.offer(await self.book.see_notices(Channel.UPBIT_NOTICES, [seen], self.clock.now_ms()))

    async def first_trade(self) -> None:
        now_ms = self.clock.now_ms()
        self.offer(await self.book.see_trade(NOVA, now_ms, now_ms))

    def offer(self, news: object) -> None:
        for listing in self.book.active():
            self.pipeline.offer(listing)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        return self.connection.execute(sql).fetchall()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    connection = open_blank(tmp_path / "radar.db")
    markets.intern(connection, [NOVA], START_MS)
    yield Stage(tmp_path / "radar.db", connection)
    connection.close()


async def played(stage: Stage) -> None:
    clock = stage.clock
    async with running(stage.pipeline.run()):
        await stage.notice()
        await clock.advance(61)
        stage.korean(TransferState.OPEN, None)
        await clock.advance(119)
        stage.korean(TransferState.OPEN, 1_470.0)
        await stage.first_trade()
        await clock.advance(20)
        stage.korean(TransferState.CLOSED, 1_470.0)
        await clock.advance(30)
        stage.korean(TransferState.OPEN, 1_470.0)
        await clock.advance(60)
        await clock.advance(1_800)


def seconds_between(moments: Sequence[object]) -> list[float]:
    return [(int(str(later)) - int(str(earlier))) / 1000 for earlier, later in pairwise(moments)]


async def test_a_listing_is_one_thread_with_a_reason_for_every_ring(stage: Stage) -> None:
    await played(stage)
    [(first,)] = stage.ask("SELECT id FROM alerts WHERE kind = 'first_sight'")
    rung = stage.ask("SELECT created_ms, level, reply_to, text FROM alerts WHERE kind = 'verdict' ORDER BY id")
    assert [str(text).splitlines()[0] for *_, text in rung] == [
        "🚨 READY · NOVA · Upbit (KRW)",
        "🚨 GO · NOVA · Upbit (KRW)",
        "🟡 NO-GO · NOVA · Upbit (KRW)",
        "🚨 GO · NOVA · Upbit (KRW)",
    ]
    assert [reply_to for _, _, reply_to, _ in rung] == [first] * 4
    assert [level for _, level, _, _ in rung] == [50, 50, 40, 50]
    at_s = [(int(str(at_ms)) - START_MS) / 1000 for at_ms, *_ in rung]
    assert at_s[0] <= 1 and 180 <= at_s[1] <= 183 and 200 <= at_s[2] <= 203
    assert 60 <= at_s[3] - at_s[2] <= 63  # after a ring a minute of quiet; only a GO withdrawn did not wait

    decisions = stage.ask("SELECT made_ms, mode, verdict, blockers, facts FROM decisions ORDER BY made_ms, id")
    said = {made_ms: (mode, verdict, blockers) for made_ms, mode, verdict, blockers, _ in decisions}
    assert [said[at_ms][:2] for at_ms, *_ in rung] == [
        ("pre_open", "READY"), ("open", "GO"), ("open", "NO_GO"), ("open", "GO"),
    ]  # fmt: skip
    [withdrawn] = [json.loads(str(said[at_ms][2])) for at_ms, *_ in rung if said[at_ms][1] == "NO_GO"]
    assert {reason["code"] for reason in withdrawn} == {"no_open_route", "deposit_closed"}
    assert all(json.loads(str(facts))["upbit.deposit.ETH"]["unit"] == "text" for *_, facts in decisions)
    states = [json.loads(str(facts))["upbit.deposit.ETH"]["value"] for *_, facts in decisions]
    assert [state for state, after in zip(states, [*states[1:], None], strict=True) if state != after] == [
        "closed", "open", "closed", "open",
    ]  # fmt: skip
    assert max(seconds_between([made_ms for made_ms, *_ in decisions])) <= 70  # one a minute where nothing changes


async def test_prices_are_kept_from_the_opening_on_and_the_outcome_comes_by_itself(stage: Stage) -> None:
    await played(stage)
    looks = [int(str(at_ms)) for (at_ms,) in stage.ask("SELECT at_ms FROM listing_prices ORDER BY at_ms")]
    assert (looks[0] - START_MS) / 1000 == pytest.approx(180, abs=1)
    between = seconds_between([at_ms for at_ms in looks if at_ms < START_MS + 290_000])
    assert min(between) >= 2.0 and max(between) <= 2.5
    [(mid, ref, fx, excess)] = stage.ask("SELECT krw_mid, ref_usdt, fx, excess_bps FROM listing_prices LIMIT 1")
    assert (mid, ref, fx, excess) == (1_470.0, 1.0, 1_400.0, 500.0)

    keeper = OutcomeKeeper(stage.path, stored_by(stage.connection), stage.clock)
    assert await asyncio.wait_for(keeper.look_back(), 10) == 1
    [(label, highest, final)] = stage.ask("SELECT label, max_excess_bps, final FROM outcomes")
    assert (label, highest, final) == ("normal", 500.0, 0)
