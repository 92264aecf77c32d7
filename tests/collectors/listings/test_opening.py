"""The first trade of a coin under watch is its opening, at either exchange."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from collectors.events import Channel, Exchange, Listing, Market, Notice, Trade
from collectors.listings.listing_book import ListingBook
from collectors.listings.market_monitor import News
from collectors.listings.opening import OpeningWatch
from ops.process.lifetimes import running
from tests.collectors.listings.test_openings import listing
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import DirectWriter, lifeline, open_database

TITLES: dict[Exchange, str] = {
    "upbit": "노바(NOVA) 신규 거래지원 안내 (KRW, BTC 마켓)",
    "bithumb": "노바(NOVA) 원화 마켓 추가",
}


class Tape:
    """Calls back with the next trade that a test makes."""

    def __init__(self) -> None:
        self.watched: dict[Market, Callable[[Trade], None]] = {}

    def watch(self, market: Market, tell: Callable[[Trade], None]) -> None:
        self.watched[market] = tell

    def unwatch(self, market: Market) -> None:
        del self.watched[market]


class Listings:
    """Those that a test sets."""

    def __init__(self, *listings: Listing) -> None:
        self.listings = listings

    def active(self) -> Sequence[Listing]:
        return self.listings

    async def see_trade(self, market: Market, traded_ms: int, seen_ms: int) -> News:
        raise AssertionError(f"{market} did not trade")


class Gate:
    def __init__(self) -> None:
        self.offered: list[Listing] = []

    def offer(self, listing: Listing) -> bool:
        self.offered.append(listing)
        return True


@pytest.mark.parametrize("exchange", ["upbit", "bithumb"])
async def test_a_coin_seen_in_a_notice_is_told_again_when_it_opens(tmp_path: Path, exchange: Exchange) -> None:
    clock, tape, gate = FakeClock(), Tape(), Gate()
    connection = open_database(tmp_path)
    writer = DirectWriter(connection)
    book = ListingBook(lifeline(writer, clock), clock, "en", ["telegram:1"], 24.0, 10, lambda fresh: None)
    channel = Channel(f"{exchange}:notices")
    await book.load(silent_until_ms=START_MS - 1)
    await book.see_notices(channel, [Notice(exchange, "1", "점검 안내", ("점검",), 0, 0)], START_MS)
    await book.see_notices(channel, [Notice(exchange, "2", TITLES[exchange], ("거래",), START_MS, START_MS)], START_MS)
    market = Market(exchange, "NOVA", "KRW")
    watch = OpeningWatch(tape, book, gate, clock)
    watch.known({market, Market(exchange, "OTHER", "KRW")})
    async with running(watch.run()):
        await clock.advance(1)
        assert list(tape.watched) == [market]
        tape.watched[market](Trade(market, 100.0, 1.0, "buy", START_MS + 900, START_MS + 950, 1))
        await clock.advance(1)
    assert [(each.key, each.first_trade_ms) for each in gate.offered] == [(f"{exchange}:NOVA:1", START_MS + 900)]
    told = connection.execute("SELECT kind, level, reply_to, text FROM alerts ORDER BY id").fetchall()
    connection.close()
    assert [each[:3] for each in told] == [("first_sight", 40, None), ("follow_up", 40, 1)]
    assert told[1][3].startswith("🔔 TRADING HAS STARTED · NOVA")


async def test_what_is_cancelled_or_given_up_is_waited_for_no_longer_but_each_market_of_what_opens_is() -> None:
    clock, tape = FakeClock(), Tape()
    lone, both = listing("LONE"), listing("BOTH", quotes=("USDT", "BTC"))
    known = {Market("upbit", "LONE", "KRW"), Market("upbit", "BOTH", "USDT"), Market("upbit", "BOTH", "BTC")}
    listings = Listings(lone, both)
    watch = OpeningWatch(tape, listings, Gate(), clock)
    watch.known(known)
    async with running(watch.run()):
        await clock.advance(1)
        assert tape.watched.keys() == known
        listings.listings = (replace(both, first_trade_ms=START_MS),)
        await clock.advance(1)
        assert {market.base for market in tape.watched} == {"BOTH"}, "each of its markets opens for itself"
        listings.listings = ()
        await clock.advance(1)
        assert not tape.watched
        listings.listings = (lone,)
        await clock.advance(1)
        assert tape.watched.keys() == {Market("upbit", "LONE", "KRW")}, "announced anew"
