"""A year of listings in six simulated hours: every one is told once, nothing else is told as one.

203 listings in the exchanges' wordings, alone, together and in bursts; some postponed, edited, posted again, cancelled,
or shown by a market list only; the same coin at both exchanges; 2,000 other notices; channels that fail in every way;
eight restarts; coins that vanish and return or change their names; wallets of coins that nobody lists.
"""

import heapq
import itertools
import sqlite3
import statistics
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from collectors.channels.bithumb_assets import BithumbAssets
from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.bithumb_notices import BithumbNotices
from collectors.channels.bithumb_ticker_all import BithumbTickerAll
from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.channels.upbit_notices import UpbitNotices
from collectors.channels.upbit_ticker_all import UpbitTickerAll
from collectors.events import EXCHANGES, Listing, market_of
from collectors.exchanges.upbit_key import UpbitKey
from collectors.listings.byte_budget import ByteBudget
from collectors.listings.listing_book import ListingBook
from collectors.listings.market_monitor import ListSource, MarketMonitor, NoticeSource
from collectors.net.limits import Limits
from ops.process.lifetimes import running
from store.tables.listings import report
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import DirectWriter, lifeline, open_database
from tests.year.boards import Announcements, Board, BoardDoor
from tests.year.plan import KST, Announced, Other, Outage, Return, Year, draw

LIST_LEAD_S = 45.0  # a market list shows a coin this long before its opening
LIST_EVERY_S = 1.0
CATEGORIES = {"upbit": ("거래",), "bithumb": ("거래지원", "마켓 추가")}


class Accepting:
    def offer(self, listing: Listing) -> bool:
        return True


class Sixth:
    """Six hours of two exchanges, and a radar that watches them while it is up."""

    def __init__(self, year: Year, connection: sqlite3.Connection) -> None:
        self.year = year
        self.clock = FakeClock()
        self.connection = connection
        self.boards: dict[str, Board] = {exchange: Board(exchange) for exchange in EXCHANGES}
        self.socket = Announcements(self.boards["upbit"])
        self.door = BoardDoor(self.boards, self.clock)
        self.book: ListingBook | None = None
        self.opened: list[tuple[str, str, int]] = []  # exchange, code, first trade; not told yet
        self._numbers = itertools.count(2_000)
        self._tie = itertools.count()
        self._events: list[tuple[float, int, Callable[[], Awaitable[None]]]] = []
        self._nonces = (f"nonce-{n}" for n in itertools.count())
        self._prepare()

    # --- the exchanges -----------------------------------------------------------------------------------------------

    def at(self, seconds: float, do: Callable[[], object]) -> None:
        async def step() -> None:
            do()

        heapq.heappush(self._events, (seconds, next(self._tie), step))

    def now_ms(self) -> int:
        return self.clock.now_ms()

    def _prepare(self) -> None:
        for exchange, coins in self.year.listed.items():
            board = self.boards[exchange]
            for coin in coins:
                board.show(f"KRW-{coin.base}")
                board.wallet(coin.base, deposit_open=True)
                board.names[coin.base] = coin.name
            for hours in range(15, 0, -1):
                title = f"{coins[hours].name}({coins[hours].base}) {'KRW' if exchange == 'upbit' else '원화'} 마켓 추가"
                at_ms = START_MS - hours * 3_600_000
                board.post(next(self._numbers), title, "", CATEGORIES[exchange], at_ms)
        for announced in self.year.announced:
            self._stage(announced)
        for other in self.year.others:
            self.at(other.at_s, partial(self._post_other, other))
        for outage in self.year.outages:
            self._break(outage)
        for back in self.year.returns:
            self._take_away(back)
        for at_s, coin in self.year.wallets:
            self.at(at_s, partial(self.boards["bithumb"].wallet, coin.base, deposit_open=False))

    def _post_other(self, other: Other) -> None:
        self.boards[other.exchange].post(next(self._numbers), other.title, "", (other.category,), self.now_ms())

    def _trade(self, exchange: str, code: str) -> None:
        self.opened.append((exchange, code, self.now_ms()))

    def _stage(self, each: Announced) -> None:
        board, number = self.boards[each.exchange], next(self._numbers)
        body = _body(each, each.opens_s)
        opens_s = each.opens_s
        title = each.title
        if title:
            self.at(each.at_s, lambda: board.post(number, title, body, CATEGORIES[each.exchange], self.now_ms()))
            if each.exchange == "bithumb":
                for coin in each.coins:
                    self.at(each.at_s + 1, partial(board.wallet, coin.base, deposit_open=False))
        if each.cancelled_at_s is not None:
            cancelled = title + (" (거래지원 취소 안내)" if each.exchange == "upbit" else " (마켓 추가 취소)")
            self.at(each.cancelled_at_s, lambda: board.edit(number, cancelled, body, self.now_ms()))
            return
        if each.postponed_at_s is not None and each.postponed_by_s is not None:
            opens_s += each.postponed_by_s
            words = " (거래지원 개시 시점 연기 안내)" if each.exchange == "upbit" else " (거래 오픈 시간 변경)"
            later = _body(each, opens_s)
            self.at(each.postponed_at_s, lambda: board.edit(number, title + words, later, self.now_ms()))
        if each.edited_at_s is not None:
            self.at(each.edited_at_s, lambda: board.edit(number, title + " ", body, self.now_ms()))
        if each.reposted_at_s is not None:
            again = next(self._numbers)
            self.at(each.reposted_at_s, lambda: board.delete(number))
            self.at(
                each.reposted_at_s + 2, lambda: board.post(again, title, body, CATEGORIES[each.exchange], self.now_ms())
            )
        codes = [f"{quote}-{coin.base}" for coin in each.coins for quote in each.quotes]
        self.at(opens_s - LIST_LEAD_S, lambda: board.show(*codes))
        for code in codes:
            if code.startswith("KRW-"):
                self.at(opens_s + 0.5, partial(self._trade, each.exchange, code))

    def _break(self, outage: Outage) -> None:
        if outage.path:
            self.at(outage.from_s, lambda: self.door.break_(outage.service, outage.path, outage.kind))
            self.at(outage.to_s, lambda: self.door.mend(outage.service, outage.path))
            return
        self.at(outage.from_s, lambda: self._refuse(True))
        self.at(outage.to_s, lambda: self._refuse(False))

    def _refuse(self, refusing: bool) -> None:
        self.socket.refusing = refusing
        if refusing:
            self.socket.cut()

    def _take_away(self, back: Return) -> None:
        board, old = self.boards[back.exchange], f"KRW-{back.coin.base}"
        if back.new_name is None:
            self.at(back.at_s, lambda: board.hide(old))
            self.at(back.back_s, lambda: board.show(old))
            return
        new = back.new_name
        title = f"가상자산 명칭 변경 안내 ({back.coin.base} → {new.base})"
        number = next(self._numbers)
        board.names[new.base] = new.name
        if back.announced:
            self.at(max(10.0, back.at_s - 600), lambda: board.post(number, title, "", ("안내",), self.now_ms()))

        def swap() -> None:
            board.hide(old)
            board.show(f"KRW-{new.base}")

        self.at(back.at_s, swap)

    # --- the radar ---------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def radar(self) -> AsyncIterator[None]:
        """One run of the listing side of the daemon, on the same database as the run before it."""
        clock, door, limits = self.clock, self.door, Limits({"upbit": {"connect": 5}})
        book = ListingBook(
            lifeline(DirectWriter(self.connection), clock), clock, "ko", ["log"], 24.0, 10, lambda fresh: None
        )
        await book.load()
        push = UpbitAnnouncement(
            "wss://upbit/private", UpbitKey("a", "s"), self.socket.connect, clock, limits, 60.0,
            lambda: next(self._nonces), lambda: 0.5,
        )  # fmt: skip
        lists: list[ListSource] = [
            UpbitMarketList(door, clock, LIST_EVERY_S, ByteBudget(800e6)),
            UpbitTickerAll(door, clock, LIST_EVERY_S, ByteBudget(800e6)),
            BithumbMarketList(door, clock, LIST_EVERY_S, ByteBudget(800e6)),
            BithumbTickerAll(door, clock, LIST_EVERY_S, ByteBudget(800e6)),
        ]
        notices: list[NoticeSource] = [UpbitNotices(door, clock, 5.0), BithumbNotices(door, clock, 1.0)]
        assets = [BithumbAssets(door, clock, 10.0)]
        monitor = MarketMonitor(
            notices, lists, book, Accepting(), clock, lambda markets: None, pushes=[push], assets=assets
        )
        async with running(monitor.run()):
            self.book = book
            yield
            self.book = None
            assert monitor.crashes == {}

    async def live(self, until_s: float) -> None:
        """Let time pass, up or down; what opens is told to the radar as its tape would."""
        while self._events and self._events[0][0] <= until_s:
            at_s, _, step = heapq.heappop(self._events)
            await self.clock.advance(max(0.0, at_s - self.clock.monotonic()))
            await step()
            await self._tell_openings()
        await self.clock.advance(max(0.0, until_s - self.clock.monotonic()))

    async def _tell_openings(self) -> None:
        if self.book is None:
            return
        opened, self.opened = self.opened, []
        for exchange, code, at_ms in opened:
            market = market_of("upbit" if exchange == "upbit" else "bithumb", code)
            await self.book.see_trade(market, at_ms, self.now_ms())


def _body(each: Announced, opens_s: float) -> str:
    """Upbit's notices tell the opening in their body; Bithumb's body is nowhere to be read."""
    at = datetime.fromtimestamp(START_MS / 1000 + opens_s, UTC).astimezone(KST)
    return f"거래지원 마켓: {', '.join(each.quotes)}\n거래지원 개시 시점: {at:%Y-%m-%d %H:%M} KST"


@pytest.mark.parametrize("seed", [2025])
async def test_a_year_of_listings_is_told_whole_once_and_nothing_else_as_one(tmp_path: Path, seed: int) -> None:
    year = draw(seed, START_MS)
    assert len(year.keys) == 203
    connection = open_database(tmp_path)
    scene = Sixth(year, connection)
    for down_s, up_s in [*year.restarts, (21_600.0, 21_600.0)]:
        async with scene.radar():
            await scene.live(down_s)
        await scene.live(up_s)

    told = [str(key) for (key,) in connection.execute("SELECT key FROM alerts WHERE kind = 'first_sight'")]
    assert sorted(set(told) - year.keys) == [], "told, but never listed"
    assert sorted(year.keys - set(told)) == [], "listed, but never told"
    assert len(told) == 203, "told twice"
    unread = connection.execute("SELECT text FROM alerts WHERE kind = 'news' AND level = 40").fetchall()
    assert unread == []
    delays = [row.delay_ms for row in report(connection, 300) if row.delay_ms is not None]
    assert statistics.median(delays) <= 1_500
    connection.close()
