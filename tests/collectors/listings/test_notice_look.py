"""Which notices are news, of what, and how often: repeats, edits, bodies that come later, old pages, other news."""

import pytest
from msgspec.structs import replace

from collectors.events import Channel, market_of
from collectors.listings.listing_book import ListingBook
from config.units import HOUR_MS, MINUTE_MS
from tests.collectors.listings.listing_desk import BTC, ETH, LIST, NOTICES, Desk, begun, notice
from tests.fakes.clock import START_MS
from tests.fakes.outbox import lifeline


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


async def test_a_body_that_comes_later_tells_the_opening_time_as_a_reply(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    body = "<p>거래지원 개시 시점 : 2027-01-15 18:30 KST 예정</p>"
    news = await desk.book.see_notices(NOTICES, [notice(body=body)], START_MS + 900)
    assert [each.trading_starts_ms for each in news.listings] == [START_MS + 90 * MINUTE_MS]
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40), ("follow_up", "upbit:NOVA:1", 40)]
    assert desk.rows("SELECT reply_to FROM alerts WHERE kind = 'follow_up'") == [(1,)]


async def test_a_body_is_wanted_again_until_somebody_gives_it(desk: Desk) -> None:
    await begun(desk)
    for _ in range(2):
        news = await desk.book.see_notices(NOTICES, [notice()], START_MS)
        assert [each.notice_id for each in news.want_body] == ["7"]
    await desk.book.see_notices(NOTICES, [notice(body="본문")], START_MS)
    assert (await desk.book.see_notices(NOTICES, [notice()], START_MS)).want_body == ()


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


@pytest.mark.parametrize("joins", [False, True])
async def test_an_old_listing_notice_is_no_news_of_a_coin_that_lost_or_gained_another_market(
    desk: Desk, joins: bool
) -> None:
    """The coin has a row since then, which knows that one market alone."""
    whole, other = {BTC, ETH}, market_of("upbit", "BTC-ETH")
    await desk.book.see_notices(NOTICES, [notice(1, "지갑 점검 안내", category="점검")], START_MS)
    for minutes, markets in enumerate((whole, whole | {other}) if joins else (whole | {other}, whole)):
        await desk.book.see_markets(LIST, markets, START_MS + minutes * MINUTE_MS)
    told = len(desk.alerts())
    title = "이더리움(ETH) 신규 거래지원 안내 (KRW, BTC 마켓) (완료)"
    old = notice(3, title, ago_ms=900 * HOUR_MS, edited_ago_ms=-2 * MINUTE_MS)
    await desk.book.see_notices(NOTICES, [old], START_MS + 3 * MINUTE_MS)
    assert desk.alerts()[told:] == []


async def test_an_edit_of_an_announced_market_is_told_of_a_coin_that_trades_in_another(desk: Desk) -> None:
    other = market_of("upbit", "BTC-NOVA")
    await begun(desk)
    await desk.book.see_markets(LIST, {BTC, ETH, other}, START_MS + MINUTE_MS)
    title = "노바(NOVA) KRW 마켓 디지털 자산 추가 (거래지원 개시 시점 연기 안내)"
    late_ms = START_MS + 40 * HOUR_MS
    old = notice(3, title, ago_ms=-2 * MINUTE_MS, edited_ago_ms=-39 * HOUR_MS)
    await desk.book.see_notices(NOTICES, [old], late_ms)
    assert desk.alerts()[-1] == ("follow_up", "upbit:NOVA:1", 40)


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


async def test_a_trade_notice_that_nobody_can_read_is_told_at_once_with_its_body_too(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice(9, "거래지원 관련 특별 안내", body="본문")], START_MS)
    await desk.book.see_notices(NOTICES, [notice(9, "거래지원 관련 특별 안내", body="고친 본문")], START_MS)
    assert desk.alerts() == [("news", "upbit:notice:9", 40)]


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
            lifeline(desk.writer, desk.clock), desk.clock, "en", ["telegram:1"], 24.0, 10, desk.tell, watch
        )
        await book.see_notices(NOTICES, [notice(1, "점검", category="점검")], START_MS)
        title = f"비트코인(BTC) 입출금 일시 중단 안내 (0{told + 1}/25)"
        await book.see_notices(NOTICES, [notice(60 + told, title, category="입출금")], START_MS)
    assert desk.rows("SELECT count(*) FROM alerts WHERE kind = 'news'") == [(1,)]


async def test_an_edit_that_takes_one_market_back_is_told_once_though_the_listing_stands(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    edited = notice(title=notice().title + " (KRW 마켓 거래지원 취소)", edited_ago_ms=0)
    for body in (None, "본문"):
        await desk.book.see_notices(NOTICES, [replace(edited, body=body)], START_MS + 5_000)
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40), ("news", "upbit:notice:7", 40)]


async def test_an_edit_that_nobody_can_read_is_told_once_though_its_first_version_could_be(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice(title="노바(NOVA) 백서 공시 안내")], START_MS)
    assert desk.alerts() == []
    for minutes in (1, 2):
        odd = notice(title=f"노바(NOVA) 취급 개시 안내 ({minutes})", edited_ago_ms=-minutes * MINUTE_MS)
        await desk.book.see_notices(NOTICES, [odd], START_MS + minutes * MINUTE_MS)
    assert desk.alerts() == [("news", "upbit:notice:7", 40)]
