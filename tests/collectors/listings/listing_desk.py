"""A listing book over a real database file; notices, wallets, and the looks that make its baseline."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from collectors.events import Channel, Notice, market_of
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.listing_book import ListingBook
from store.tables.deliveries import Delivery
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import lifeline

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BTC, ETH, NOVA = (market_of("upbit", f"KRW-{base}") for base in ("BTC", "ETH", "NOVA"))
LIST, TICKERS, NOTICES = Channel.UPBIT_MARKET_LIST, Channel.UPBIT_TICKER_ALL, Channel.UPBIT_NOTICES
BITHUMB, ASSETS, B_LIST = Channel.BITHUMB_NOTICES, Channel.BITHUMB_ASSETS, Channel.BITHUMB_MARKET_LIST


class Desk:
    """A book over a real database file, and what it told the outbox."""

    def __init__(self, path: Path, writer: DatabaseWriter) -> None:
        self.path = path
        self.writer = writer
        self.clock = FakeClock()
        self.leaving: list[Delivery] = []
        self.book = self.opened()

    def opened(self) -> ListingBook:
        return ListingBook(lifeline(self.writer, self.clock), self.clock, "en", ["telegram:1"], 24.0, 10, self.tell)

    def tell(self, fresh: Sequence[Delivery]) -> None:
        self.leaving += fresh

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def alerts(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT kind, key, level FROM alerts ORDER BY id")


def notice(
    number: int = 7,
    title: str = "노바(NOVA) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)",
    ago_ms: int = 500,
    edited_ago_ms: int | None = None,
    body: str | None = None,
    category: str = "거래",
) -> Notice:
    published_ms = START_MS - ago_ms
    edited_ms = published_ms if edited_ago_ms is None else START_MS - edited_ago_ms
    return Notice("upbit", str(number), title, (category,), published_ms, edited_ms, f"https://n/{number}", body)


def at_bithumb(number: int = 70, title: str = "노바(NOVA) 원화 마켓 추가", ago_ms: int = 300) -> Notice:
    published_ms = START_MS - ago_ms
    return Notice("bithumb", str(number), title, ("거래지원", "마켓 추가"), published_ms, published_ms)


def wallet(base: str, deposit_open: bool = False) -> Wallet:
    return Wallet(base, base, deposit_open, withdrawal_open=False)


async def begun(desk: Desk) -> Desk:
    """Both channels have been read once."""
    await desk.book.see_notices(NOTICES, [notice(1, "지갑 점검 안내", category="점검")], START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    return desk


async def begun_everywhere(desk: Desk) -> Desk:
    await begun(desk)
    old = Notice("bithumb", "1", "공시", ("공시",), START_MS - HOUR_MS, None)
    await desk.book.see_notices(BITHUMB, [old], START_MS)
    await desk.book.see_markets(B_LIST, {market_of("bithumb", "KRW-BTC")}, START_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC")], START_MS)
    return desk
