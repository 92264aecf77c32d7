"""Many channels, one row; an alert that is stored before anything can lose it; a first start that stays silent."""

import asyncio
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from alerts.lifeline import Lifeline
from collectors.bithumb_rest import Wallet
from collectors.events import Channel, ListingState, Market, Notice, market_of
from collectors.listing_book import ListingBook
from config.settings import Writing
from store import mutes
from store.deliveries import Delivery
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.outbox import ScriptedChats, lifeline

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
        return ListingBook(lifeline(self.writer, self.clock), self.clock, "en", ["telegram:1"], 24.0, 10, self._tell)

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
    with DatabaseWriter.open(blank(path), FakeClock(), Writing(batch_ms=1)) as writer:
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
    assert desk.rows("SELECT kind FROM sightings ORDER BY kind") == [("in_list",), ("notice",)]
    assert desk.rows("SELECT quote, first_trade_ms FROM listing_markets WHERE first_trade_ms") == [
        ("KRW", START_MS + 10)
    ]


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


async def test_an_old_listing_notice_that_is_edited_today_is_no_new_listing_and_none_that_was_missed(
    desk: Desk,
) -> None:
    """Upbit's list is in the order of edits, so a notice of years ago comes up again; its coin trades since then."""
    await begun(desk)
    old = notice(3, "이더리움(ETH) KRW 마켓 디지털 자산 추가 (완료)", ago_ms=900 * HOUR_MS, edited_ago_ms=1_000)
    await desk.book.see_notices(NOTICES, [old], START_MS)
    assert (desk.alerts(), desk.book.active()) == ([], [])


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
    assert [each.state for each in await desk.book.tick()] == [ListingState.SETTLED]
    assert (desk.book.active(), await desk.book.tick()) == ([], ())
    assert desk.rows("SELECT state FROM listings") == [(ListingState.SETTLED.value,)]


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
    book = ListingBook(refusing, desk.clock, "en", ["telegram:1"], 24.0, 10, desk._tell)
    await book.load()
    with closing(sqlite3.connect(desk.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        added = notice(8, "노바(NOVA) KRW 마켓 디지털 자산 추가", ago_ms=-HOUR_MS)
        seeing = asyncio.ensure_future(book.see_notices(NOTICES, [added], START_MS + HOUR_MS))
        await desk.clock.advance(4)
        await seeing
        await desk.clock.settle()
        assert ["MARKETS ADDED" in text for text in chats.texts("telegram:1")] == [True]


# --- the other exchange, other news, other names ----------------------------------------------------------------------

BITHUMB, ASSETS, B_LIST = Channel.BITHUMB_NOTICES, Channel.BITHUMB_ASSETS, Channel.BITHUMB_MARKET_LIST
TICKERS = Channel.UPBIT_TICKER_ALL


def at_bithumb(number: int = 70, title: str = "노바(NOVA) 원화 마켓 추가", ago_ms: int = 300) -> Notice:
    published_ms = START_MS - ago_ms
    return Notice("bithumb", str(number), title, ("거래지원", "마켓 추가"), published_ms, published_ms)


async def begun_everywhere(desk: Desk) -> Desk:
    await begun(desk)
    old = Notice("bithumb", "1", "공시", ("공시",), START_MS - HOUR_MS, None)
    await desk.book.see_notices(BITHUMB, [old], START_MS)
    await desk.book.see_markets(B_LIST, {market_of("bithumb", "KRW-BTC")}, START_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC")], START_MS)
    return desk


def wallet(base: str, deposit_open: bool = False) -> Wallet:
    return Wallet(base, base, deposit_open, withdrawal_open=False)


async def test_the_same_coin_on_the_rival_exchange_rings_in_the_first_ones_thread(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_notices(BITHUMB, [at_bithumb()], START_MS)
    assert desk.rows("SELECT kind, key, level, reply_to FROM alerts ORDER BY id") == [
        ("first_sight", "upbit:NOVA:1", 40, None),
        ("first_sight", "bithumb:NOVA:1", 40, None),
        ("follow_up", "upbit:NOVA:1", 40, 1),
    ]
    assert "Bithumb lists it too" in str(desk.rows("SELECT text FROM alerts WHERE id = 3")[0][0])


async def test_a_rival_of_a_listing_that_is_over_is_only_a_listing_of_its_own(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_trade(NOVA, START_MS, START_MS)
    await desk.clock.advance(24 * 3600 + 1)
    await desk.book.tick()
    later_ms = desk.clock.now_ms()
    await desk.book.see_notices(BITHUMB, [at_bithumb(ago_ms=START_MS - later_ms)], later_ms)
    assert [kind for kind, _, _ in desk.alerts()] == ["first_sight", "follow_up", "first_sight"]


@pytest.mark.parametrize(
    ("title", "level", "sign"),
    [
        ("노바(NOVA) 거래 유의 종목 지정 안내", 20, "⚠️ CAUTION DESIGNATED · NOVA · Upbit"),
        ("노바(NOVA) 거래지원 종료 안내 (9/14 15:00)", 20, "⚠️ DELISTING"),
        ("노바(NOVA) 입출금 일시 중단 안내 (08/25 09:00 ~)", 20, "⚠️ DEPOSITS OR WITHDRAWALS HALTED"),
        ("노바(NOVA) 거래 유의 종목 지정 해제 안내", 10, "CAUTION LIFTED"),
    ],
)
async def test_other_news_of_a_listing_on_its_way_is_told_in_its_thread(
    desk: Desk, title: str, level: int, sign: str
) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_notices(
        NOTICES, [notice(), notice(8, title), notice(9, title.replace("NOVA", "STAR"))], START_MS
    )
    told = desk.rows("SELECT kind, level, reply_to, text FROM alerts WHERE id > 1")
    assert [each[:3] for each in told] == [("news", level, 1)]
    assert sign in str(told[0][3])


async def test_a_halt_is_told_once_and_its_end_when_the_notice_is_edited(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    halted = "노바(NOVA) 입출금 일시 중단 안내 (08/25 09:00 ~)"
    await desk.book.see_notices(NOTICES, [notice(8, halted)], START_MS)
    await desk.book.see_notices(NOTICES, [notice(8, halted, edited_ago_ms=400)], START_MS)
    await desk.book.see_notices(NOTICES, [notice(8, halted, edited_ago_ms=400, body="사유")], START_MS)
    await desk.book.see_notices(NOTICES, [notice(8, halted + " (완료)", edited_ago_ms=300)], START_MS)
    assert desk.rows("SELECT level FROM alerts WHERE kind = 'news'") == [(20,), (10,)]


async def test_other_news_that_is_older_than_the_catch_up_is_not_told(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    halted = "노바(NOVA) 입출금 일시 중단 안내 (08/25 09:00 ~)"
    await desk.book.see_notices(NOTICES, [notice(8, halted, ago_ms=25 * HOUR_MS)], START_MS)
    assert [kind for kind, _, _ in desk.alerts()] == ["first_sight"]


async def test_coins_on_the_watch_list_are_told_of_and_the_switch_silences_all(desk: Desk) -> None:
    for watch, told in ((["BTC"], 1), (None, 0)):
        book = ListingBook(
            lifeline(desk.writer, desk.clock), desk.clock, "en", ["telegram:1"], 24.0, 10, desk._tell, watch
        )
        await book.see_notices(NOTICES, [notice(1, "점검", category="점검")], START_MS)
        title = f"비트코인(BTC) 입출금 일시 중단 안내 (0{told + 1}/25)"
        await book.see_notices(NOTICES, [notice(60 + told, title, category="입출금")], START_MS)
    assert desk.rows("SELECT count(*) FROM alerts WHERE kind = 'news'") == [(1,)]


@pytest.mark.parametrize("named_first", [True, False])
async def test_a_renamed_market_is_told_as_a_rename_once_and_never_as_a_listing(desk: Desk, named_first: bool) -> None:
    await begun(desk)
    new = market_of("upbit", "KRW-BTC2")
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS, names={BTC: "비트코인", ETH: "이더리움"})
    if not named_first:
        await desk.book.see_markets(TICKERS, {ETH, new}, START_MS)
        assert desk.alerts() == []
    await desk.book.see_markets(LIST, {ETH, new}, START_MS + 500, names={ETH: "이더리움", new: "비트코인"})
    await desk.book.see_markets(TICKERS, {ETH, new}, START_MS + 700)
    assert desk.rows("SELECT kind, key, level FROM alerts") == [("news", "upbit:rename:BTC:BTC2", 30)]
    assert "RENAME OR TOKEN SWAP · BTC → BTC2" in str(desk.rows("SELECT text FROM alerts")[0][0])


async def test_a_coin_that_joins_while_another_leaves_is_a_listing_all_the_same(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS, names={BTC: "비트코인", ETH: "이더리움"})
    await desk.book.see_markets(LIST, {ETH, NOVA}, START_MS + 500, names={ETH: "이더리움", NOVA: "노바"})
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40)]


async def test_a_swap_that_a_notice_announced_is_no_listing_days_later(desk: Desk) -> None:
    await begun(desk)
    swap = notice(9, "이더리움(ETH) 토큰 스왑 및 리브랜딩에 따른 명칭 변경 안내 (ETH → ETHX)", category="안내")
    await desk.book.see_notices(NOTICES, [swap], START_MS)
    book = desk.opened()
    await book.load()
    await book.see_markets(LIST, {BTC}, START_MS + HOUR_MS)
    await book.see_markets(LIST, {BTC, market_of("upbit", "KRW-ETHX")}, START_MS + 72 * HOUR_MS)
    assert desk.rows("SELECT kind, key FROM alerts") == [("news", "upbit:rename:ETH:ETHX")]


async def test_fault_41_a_market_that_returns_within_a_day_is_no_listing_and_later_it_is(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_markets(LIST, {BTC}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS + 23 * HOUR_MS)
    assert desk.alerts() == []
    await desk.book.see_markets(LIST, {BTC}, START_MS + 24 * HOUR_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS + 49 * HOUR_MS)
    assert desk.alerts() == [("first_sight", "upbit:ETH:2", 40)]


async def test_a_coin_that_lost_one_market_long_ago_may_flicker_in_another(desk: Desk) -> None:
    in_krw, in_btc = market_of("upbit", "KRW-XRP"), market_of("upbit", "BTC-XRP")
    await desk.book.see_markets(LIST, {BTC, ETH, in_krw, in_btc}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH, in_krw}, START_MS + 5_000)
    later_ms = START_MS + 30 * 24 * HOUR_MS
    await desk.book.see_markets(LIST, {BTC, ETH}, later_ms)
    assert desk.rows("SELECT base, gone_ms FROM listings") == [("XRP", later_ms)]
    await desk.book.see_markets(LIST, {BTC, ETH, in_krw}, later_ms + 5_000)
    assert desk.alerts() == []


async def test_a_krw_market_that_left_alone_may_flicker_and_later_is_a_listing(desk: Desk) -> None:
    in_krw, in_btc = market_of("upbit", "KRW-XRP"), market_of("upbit", "BTC-XRP")
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS)
    for away_ms, told in ((5_000, []), (48 * HOUR_MS, [("first_sight", "upbit:XRP:2", 40)])):
        await desk.book.see_markets(LIST, {BTC, in_btc}, START_MS + HOUR_MS)
        await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS + HOUR_MS + away_ms)
        assert desk.alerts() == told


async def test_another_market_joining_a_coin_that_lost_one_is_no_new_listing(desk: Desk) -> None:
    in_krw, in_btc, in_usdt = (market_of("upbit", f"{quote}-XRP") for quote in ("KRW", "BTC", "USDT"))
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS)
    await desk.book.see_markets(LIST, {BTC, in_krw}, START_MS + 5_000)
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS + 10_000)
    assert desk.alerts() == []
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc, in_usdt}, START_MS + 48 * HOUR_MS)
    assert desk.alerts() == [("follow_up", "upbit:XRP:1", 20)]


async def test_krw_for_a_coin_that_was_only_ever_seen_leaving_is_its_first_sight(desk: Desk) -> None:
    in_usdt = market_of("upbit", "USDT-NOVA")
    await desk.book.see_notices(NOTICES, [notice(1, "점검", category="점검")], START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH, in_usdt}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_notices(NOTICES, [notice(title="노바(NOVA) KRW 마켓 디지털 자산 추가")], START_MS)
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40)]


async def test_a_new_wallet_is_a_hint_and_counts_as_the_first_sight_once_the_coin_is_announced(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_assets(ASSETS, [wallet("BTC"), wallet("NOVA")], START_MS + 1_000)
    assert desk.alerts() == [("news", "bithumb:wallet:NOVA", 30)]
    assert desk.rows("SELECT count(*) FROM listings") == [(0,)]
    book = desk.opened()
    await book.load()
    news = await book.see_notices(BITHUMB, [at_bithumb(ago_ms=-5_000)], START_MS + 5_200)
    assert [each.first_channel for each in news.listings][-1] is ASSETS
    seen = desk.rows("SELECT channel, seen_ms FROM sightings ORDER BY seen_ms")
    assert seen == [("bithumb:assets", START_MS + 1_000), ("bithumb:notices", START_MS + 5_200)]
    assert [kind for kind, _, _ in desk.alerts()] == ["news", "first_sight"]


async def test_a_wallet_that_flickers_or_belongs_to_a_listed_coin_is_no_hint(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_markets(B_LIST, {market_of("bithumb", f"KRW-{base}") for base in ("BTC", "ETH")}, START_MS)
    told = len(desk.alerts())
    for wallets in ([wallet("ETH")], [wallet("BTC"), wallet("ETH")], [wallet("ETH")], [wallet("BTC")]):
        await desk.book.see_assets(ASSETS, wallets, START_MS)
    flood = [wallet(f"X{n}") for n in range(11)]
    await desk.book.see_assets(ASSETS, flood, START_MS)
    await desk.book.see_assets(ASSETS, [*flood, wallet("BTC")], START_MS)
    assert len(desk.alerts()) == told


async def test_deposits_that_open_for_a_listing_on_its_way_are_told(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(BITHUMB, [at_bithumb()], START_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC"), wallet("NOVA")], START_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC", True), wallet("NOVA", True)], START_MS + HOUR_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC", True), wallet("NOVA", True)], START_MS + 2 * HOUR_MS)
    assert desk.rows("SELECT kind, reply_to FROM alerts") == [("first_sight", None), ("follow_up", 1)]
    assert desk.rows("SELECT state FROM listings") == [("deposits_open",)]


async def test_deposits_that_opened_while_nobody_looked_are_told_once_on_the_return(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(BITHUMB, [at_bithumb()], START_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC"), wallet("NOVA")], START_MS)
    for _ in range(2):
        again = desk.opened()
        await again.load(blind_since_ms=START_MS + HOUR_MS)
        await again.see_assets(ASSETS, [wallet("BTC", True), wallet("NOVA", True)], START_MS + 3 * HOUR_MS)
    texts = [str(text) for (text,) in desk.rows("SELECT text FROM alerts WHERE kind = 'follow_up'")]
    assert len(texts) == 1
    assert "DEPOSITS OPEN · NOVA" in texts[0]
    assert "late by up to 2 h" in texts[0]


async def test_deposits_that_no_page_shows_are_told_once_when_they_open_after_they_were_closed(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    assert (await desk.book.see_deposits("upbit", "NOBODY", True, START_MS)).listings == ()
    assert (await desk.book.see_deposits("upbit", "NOVA", True, START_MS)).listings == ()  # open before: no opening
    await desk.book.see_deposits("upbit", "NOVA", False, START_MS + 1_000)
    told = await desk.book.see_deposits("upbit", "NOVA", True, START_MS + HOUR_MS)
    assert [listing.state for listing in told.listings] == [ListingState.DEPOSITS_OPEN]
    assert (await desk.book.see_deposits("upbit", "NOVA", True, START_MS + 2 * HOUR_MS)).listings == ()
    [(text, reply_to)] = desk.rows("SELECT text, reply_to FROM alerts WHERE kind = 'follow_up'")
    assert "DEPOSITS OPEN · NOVA" in str(text) and "late" not in str(text) and reply_to == 1


async def test_deposits_that_were_closed_before_a_stop_and_are_open_after_it_are_told_late(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_deposits("upbit", "NOVA", False, START_MS)
    again = desk.opened()
    await again.load(blind_since_ms=START_MS + HOUR_MS)
    await again.see_deposits("upbit", "NOVA", True, START_MS + 3 * HOUR_MS)
    [(text,)] = desk.rows("SELECT text FROM alerts WHERE kind = 'follow_up'")
    assert "late by up to 2 h" in str(text)


async def test_deposits_that_were_open_all_along_are_no_news_on_a_return(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_assets(ASSETS, [wallet("BTC"), wallet("NOVA", True)], START_MS)
    await desk.book.see_notices(BITHUMB, [at_bithumb()], START_MS)
    await desk.book.see_assets(ASSETS, [wallet("BTC"), wallet("NOVA", True)], START_MS)
    again = desk.opened()
    await again.load(blind_since_ms=START_MS)
    await again.see_assets(ASSETS, [wallet("BTC"), wallet("NOVA", True)], START_MS + HOUR_MS)
    assert desk.rows("SELECT text FROM alerts WHERE kind = 'follow_up'") == []


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


async def test_a_body_is_wanted_again_until_somebody_gives_it(desk: Desk) -> None:
    await begun(desk)
    for _ in range(2):
        news = await desk.book.see_notices(NOTICES, [notice()], START_MS)
        assert [each.notice_id for each in news.want_body] == ["7"]
    await desk.book.see_notices(NOTICES, [notice(body="본문")], START_MS)
    assert (await desk.book.see_notices(NOTICES, [notice()], START_MS)).want_body == ()


async def test_a_trade_notice_that_nobody_can_read_is_told_at_once_with_its_body_too(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice(9, "거래지원 관련 특별 안내", body="본문")], START_MS)
    await desk.book.see_notices(NOTICES, [notice(9, "거래지원 관련 특별 안내", body="고친 본문")], START_MS)
    assert desk.alerts() == [("news", "upbit:notice:9", 40)]


async def test_an_opening_is_soon_from_ten_minutes_before_until_the_first_trade(desk: Desk) -> None:
    await begun(desk)
    body = "<p>거래지원 개시 시점 : 2027-01-15 18:30 KST 예정</p>"
    await desk.book.see_notices(NOTICES, [notice(body=body)], START_MS)
    opens_ms = START_MS + 90 * MINUTE_MS
    soon = [desk.book.opens_soon("upbit", opens_ms + minutes * MINUTE_MS) for minutes in (-11, -10, 0, 9, 11)]
    assert soon == [False, True, True, True, False]
    assert not desk.book.opens_soon("bithumb", opens_ms)
    await desk.book.see_trade(NOVA, opens_ms, opens_ms)
    assert not desk.book.opens_soon("upbit", opens_ms)


async def test_every_channel_that_shows_a_notice_is_kept_with_its_time(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(Channel.UPBIT_ANNOUNCEMENT, [], START_MS)
    await desk.book.see_notices(Channel.UPBIT_ANNOUNCEMENT, [notice(body="본문")], START_MS + 100)
    for after_ms in (4_000, 9_000):
        news = await desk.book.see_notices(NOTICES, [notice()], START_MS + after_ms)
        assert news.listings == ()
    assert desk.rows("SELECT channel, seen_ms FROM sightings ORDER BY seen_ms") == [
        ("upbit:announcement", START_MS + 100),
        ("upbit:notices", START_MS + 4_000),
    ]
    assert len(desk.alerts()) == 1
