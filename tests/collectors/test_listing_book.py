"""Many channels, one row; an alert that is stored before anything can lose it; a first start that stays silent."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from collectors.events import Channel, ListingState, Market, Notice, market_of
from collectors.listing_book import ListingBook
from config.settings import Writing
from store.deliveries import Delivery
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
BTC, ETH, NOVA = (market_of("upbit", f"KRW-{base}") for base in ("BTC", "ETH", "NOVA"))
LIST, NOTICES = Channel.UPBIT_MARKET_LIST, Channel.UPBIT_NOTICES


class Desk:
    """A book over a real database file, and what it told the outbox."""

    def __init__(self, path: Path, writer: DatabaseWriter) -> None:
        self.path = path
        self.writer = writer
        self.clock = FakeClock()
        self.leaving: list[Delivery] = []
        self.book = self.opened()

    def opened(self) -> ListingBook:
        return ListingBook(self.writer, self.clock, "en", ["telegram:1"], 24.0, 10, self._tell)

    def _tell(self, fresh: Sequence[Delivery]) -> None:
        self.leaving += fresh

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def alerts(self) -> list[tuple[object, ...]]:
        return self.rows("SELECT kind, key, level FROM alerts ORDER BY id")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "radar.db"
    with DatabaseWriter.open(path, FakeClock(), Writing(batch_ms=1)) as writer:
        yield Desk(path, writer)


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


async def begun(desk: Desk) -> Desk:
    """Both channels have been read once."""
    await desk.book.see_notices(NOTICES, [notice(1, "지갑 점검 안내", category="점검")], START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    return desk


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
    assert desk.rows("SELECT kind FROM sightings ORDER BY kind") == [("in_list",), ("notice",), ("traded",)]


async def test_the_same_page_again_says_nothing_new(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    again = await desk.book.see_notices(NOTICES, [notice()], START_MS + 5_000)
    assert again.listings == ()
    assert len(desk.alerts()) == 1


async def test_the_same_notice_through_another_channel_is_no_second_alert(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(Channel.UPBIT_ANNOUNCEMENT, [], START_MS)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_notices(Channel.UPBIT_ANNOUNCEMENT, [notice()], START_MS)
    assert len(desk.alerts()) == 1


async def test_a_body_that_comes_later_tells_the_opening_time_as_a_reply(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    body = "<p>거래지원 개시 시점 : 2027-01-15 18:30 KST 예정</p>"
    news = await desk.book.see_notices(NOTICES, [notice(body=body)], START_MS + 900)
    assert [each.trading_starts_ms for each in news.listings] == [START_MS + 90 * MINUTE_MS]
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40), ("follow_up", "upbit:NOVA:1", 40)]
    assert desk.rows("SELECT reply_to FROM alerts WHERE kind = 'follow_up'") == [(1,)]


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


async def test_what_was_published_too_long_ago_is_a_line_of_a_digest(desk: Desk) -> None:
    await begun(desk)
    news = await desk.book.see_notices(NOTICES, [notice(ago_ms=25 * HOUR_MS)], START_MS)
    assert news.listings == ()
    assert desk.alerts() == [("digest", "digest:missed", 20)]


async def test_an_old_listing_notice_that_is_edited_today_is_no_new_listing(desk: Desk) -> None:
    await begun(desk)
    old = notice(3, "이더리움(ETH) KRW 마켓 디지털 자산 추가 (완료)", ago_ms=900 * HOUR_MS, edited_ago_ms=1_000)
    await desk.book.see_notices(NOTICES, [old], START_MS)
    assert [kind for kind, _, _ in desk.alerts()] == ["digest"]


async def test_a_postponed_start_of_a_coin_that_does_not_trade_yet_is_told_however_old(desk: Desk) -> None:
    await begun(desk)
    title = "노바(NOVA) 신규 거래지원 안내 (KRW 마켓) (거래지원 개시 시점 연기 안내)"
    await desk.book.see_notices(NOTICES, [notice(3, title, ago_ms=30 * HOUR_MS, edited_ago_ms=1_000)], START_MS)
    assert [kind for kind, _, _ in desk.alerts()] == ["first_sight"]


async def test_an_event_for_a_listing_and_a_delisting_stay_silent(desk: Desk) -> None:
    await begun(desk)
    titles = ["노바(NOVA) 원화 마켓 추가 기념 에어드랍 이벤트", "노바(NOVA) 거래지원 종료 안내 (3/12 15:00)"]
    for number, title in enumerate(titles):
        await desk.book.see_notices(NOTICES, [notice(50 + number, title, category="이벤트")], START_MS)
    assert desk.alerts() == []


async def test_a_trade_notice_nobody_can_read_is_told_at_once(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice(9, "거래지원 관련 특별 안내")], START_MS)
    assert desk.alerts() == [("news", "upbit:notice:9", 40)]


async def test_too_many_new_markets_at_once_wait_for_a_second_page(desk: Desk) -> None:
    await begun(desk)
    flood = {BTC, ETH} | {market_of("upbit", f"KRW-X{n}") for n in range(11)}
    doubted = await desk.book.see_markets(LIST, flood, START_MS)
    assert len(doubted.doubtful) == 11
    assert desk.alerts() == []
    believed = await desk.book.see_markets(LIST, flood, START_MS, confirmed=doubted.doubtful)
    assert len(believed.listings) == 11


async def test_a_list_that_lost_most_of_its_rows_is_not_believed_while_another_page_has_them(desk: Desk) -> None:
    whole: set[Market] = {market_of("upbit", f"KRW-X{n}") for n in range(20)}
    await desk.book.see_markets(LIST, whole, START_MS)
    short = {market_of("upbit", "KRW-X1")}
    doubted = await desk.book.see_markets(LIST, short, START_MS)
    assert len(doubted.doubtful) == 19
    still = await desk.book.see_markets(LIST, short, START_MS, confirmed=doubted.doubtful)
    assert still.doubtful == doubted.doubtful
    whole_again = await desk.book.see_markets(LIST, whole, START_MS)
    assert (whole_again.listings, desk.alerts()) == ((), [])


async def test_a_listing_settles_a_day_after_its_first_trade(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_trade(NOVA, START_MS, START_MS)
    await desk.clock.advance(24 * 3600 + 1)
    await desk.book.tick()
    assert desk.book.active() == []
    assert desk.rows("SELECT state FROM listings") == [(ListingState.SETTLED.value,)]
