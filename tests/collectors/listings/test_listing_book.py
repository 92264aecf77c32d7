"""Many channels, one row; an alert that is stored before anything can lose it; a first start that stays silent."""

import asyncio
import sqlite3
from contextlib import closing

import pytest

from alerts.lifeline import Lifeline
from collectors.listings.listing_book import ListingBook
from config.units import HOUR_MS, MINUTE_MS
from store.tables import mutes
from tests.collectors.listings.listing_desk import BTC, ETH, LIST, NOTICES, NOVA, TICKERS, Desk, begun, notice
from tests.fakes.clock import START_MS
from tests.fakes.outbox import ScriptedChats


async def test_the_first_look_of_each_channel_is_a_silent_baseline(desk: Desk) -> None:
    news = await desk.book.see_notices(NOTICES, [notice()], START_MS)
    listed = await desk.book.see_markets(LIST, {BTC, NOVA}, START_MS)
    assert (news.listings, listed.listings, desk.alerts()) == ((), (), [])


async def test_a_notice_becomes_a_row_a_sighting_and_an_alert_that_may_leave_at_once(desk: Desk) -> None:
    await begun(desk)
    news = await desk.book.see_notices(NOTICES, [notice()], START_MS)
    assert [(each.key, each.quotes) for each in news.listings] == [("upbit:NOVA:1", ("KRW", "BTC", "USDT"))]
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40)]
    assert [delivery.key for delivery in desk.leaving] == ["upbit:NOVA:1"]
    assert desk.rows("SELECT channel, kind FROM sightings") == [("upbit:notices", "notice")]
    assert [each.notice_id for each in news.want_body] == ["7"]


async def test_the_list_the_notice_and_the_first_trade_meet_in_one_row(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_markets(LIST, {BTC, ETH, NOVA}, START_MS)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_trade(NOVA, START_MS + 10, START_MS + 60)
    assert desk.rows("SELECT base, state, first_trade_ms FROM listings") == [("NOVA", "trading", START_MS + 10)]
    assert desk.rows("SELECT count(*) FROM alerts WHERE kind = 'first_sight'") == [(1,)]
    assert desk.rows("SELECT kind FROM sightings ORDER BY kind") == [("in_list",), ("notice",)]
    assert desk.rows("SELECT quote, first_trade_ms FROM listing_markets WHERE first_trade_ms") == [
        ("KRW", START_MS + 10)
    ]


async def test_what_is_published_after_the_start_is_news_even_on_a_channels_first_look(desk: Desk) -> None:
    book = desk.opened()
    await book.load(silent_until_ms=START_MS - HOUR_MS)
    old, fresh = notice(7, ago_ms=2 * HOUR_MS), notice(8, "별빛(STAR) KRW 마켓 디지털 자산 추가", ago_ms=HOUR_MS // 2)
    news = await book.see_notices(NOTICES, [old, fresh], START_MS)
    assert [each.key for each in news.listings] == ["upbit:STAR:1"]


@pytest.mark.parametrize(("ago_ms", "told"), [(1, 1), (2_999, 1), (3_000, 0), (60_000, 0)])
async def test_a_notice_stamped_in_the_second_of_the_first_start_is_news(desk: Desk, ago_ms: int, told: int) -> None:
    await desk.book.load()
    news = await desk.book.see_notices(NOTICES, [notice(ago_ms=ago_ms)], START_MS + 500)
    assert len(news.listings) == told


async def test_a_list_that_begins_late_swallows_nothing_of_the_older_one(desk: Desk) -> None:
    await begun(desk)
    book = desk.opened()
    await book.load()
    await book.see_markets(TICKERS, {BTC, ETH, NOVA}, START_MS + 600_000)
    await book.see_markets(LIST, {BTC, ETH}, START_MS + 690_000)
    await book.see_markets(LIST, {BTC, ETH, NOVA}, START_MS + 700_000)
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40)]


async def test_a_restart_knows_what_was_told_and_tells_what_it_missed(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    book = desk.opened()
    await book.load()
    missed = notice(8, "별빛(STAR) KRW 마켓 디지털 자산 추가", ago_ms=20 * MINUTE_MS)
    news = await book.see_notices(NOTICES, [notice(), missed], START_MS)
    listed = await book.see_markets(LIST, {BTC, ETH, NOVA}, START_MS)
    assert [each.key for each in news.listings] == ["upbit:STAR:1"]
    assert listed.listings == ()
    assert [key for kind, key, _ in desk.alerts() if kind == "first_sight"] == ["upbit:NOVA:1", "upbit:STAR:1"]


async def test_krw_joining_a_coin_listed_in_btc_rings_through_a_mute_and_ends_it(desk: Desk) -> None:
    """What was muted was a BTC market; the KRW market is the listing that a reader waits for."""
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice(title="노바(NOVA) 신규 거래지원 안내 (BTC 마켓)")], START_MS)
    await desk.writer.run(lambda db: mutes.add(db, "telegram:1", [("upbit", "NOVA")], START_MS))
    added = notice(8, "노바(NOVA) KRW 마켓 디지털 자산 추가", ago_ms=-HOUR_MS)
    await desk.book.see_notices(NOTICES, [added], START_MS + HOUR_MS)
    assert desk.rows("SELECT a.kind, a.about, d.state FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id") == [
        ("first_sight", "", "pending"),
        ("follow_up", "krw_added", "pending"),
    ]
    assert desk.rows("SELECT * FROM mutes") == []


async def test_krw_joining_leaves_from_memory_while_the_disk_refuses(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice(title="노바(NOVA) 신규 거래지원 안내 (BTC 마켓)")], START_MS)
    chats = ScriptedChats(desk.clock)
    refusing = Lifeline(desk.writer, lambda: True, {"telegram": chats}, ["telegram:1"], desk.clock, "en")
    book = ListingBook(refusing, desk.clock, "en", ["telegram:1"], 24.0, 10, desk.tell)
    await book.load()
    with closing(sqlite3.connect(desk.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        added = notice(8, "노바(NOVA) KRW 마켓 디지털 자산 추가", ago_ms=-HOUR_MS)
        seeing = asyncio.ensure_future(book.see_notices(NOTICES, [added], START_MS + HOUR_MS))
        await desk.clock.advance(4)
        await seeing
        await desk.clock.settle()
        assert ["MARKETS ADDED" in text for text in chats.texts("telegram:1")] == [True]


async def test_a_clock_that_leaps_ahead_for_a_minute_ends_no_listing_and_one_that_stays_there_does(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    for by_ms in (365 * 24 * HOUR_MS, -365 * 24 * HOUR_MS):
        desk.clock.step_wall(by_ms)
        assert await desk.book.tick() == ()
        await desk.clock.advance(60)
    assert [each.key for each in desk.book.active()] == ["upbit:NOVA:1"]
    desk.clock.step_wall(365 * 24 * HOUR_MS)
    assert await desk.book.tick() == ()
    await desk.clock.advance(3_600)
    assert [each.key for each in await desk.book.tick()] == ["upbit:NOVA:1"]
