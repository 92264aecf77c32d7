"""Markets that join and leave: what is doubted, what is a new name, and what only flickers."""

import pytest

from collectors.events import Market, market_of
from config.units import HOUR_MS
from tests.collectors.listings.listing_desk import BTC, ETH, LIST, NOTICES, NOVA, TICKERS, Desk, begun, notice
from tests.fakes.clock import START_MS


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


async def test_a_krw_market_that_flickers_in_one_list_begins_nothing_for_a_coin_known_by_another_market(
    desk: Desk,
) -> None:
    """Its row holds the BTC market that ended, and the KRW market that was there all along is missing on one page."""
    in_krw, in_btc = market_of("upbit", "KRW-XRP"), market_of("upbit", "BTC-XRP")
    await desk.book.see_markets(LIST, {BTC, ETH, in_krw, in_btc}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH, in_krw}, START_MS)
    for hour, tickers in ((1, {BTC, ETH, in_krw}), (2, {BTC, ETH}), (3, {BTC, ETH, in_krw})):
        await desk.book.see_markets(LIST, {BTC, ETH, in_krw}, START_MS + hour * HOUR_MS)
        await desk.book.see_markets(TICKERS, tickers, START_MS + hour * HOUR_MS)
    assert desk.rows("SELECT base, state, gone_ms FROM listings") == [("XRP", "settled", None)]
    assert (desk.book.active(), desk.alerts()) == ([], [])


async def test_a_coin_that_returns_after_days_is_a_listing_though_a_blind_list_still_holds_it(desk: Desk) -> None:
    """The page of tickers is not readable meanwhile, so it holds the coin that left and came back."""
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS + HOUR_MS)
    await desk.book.see_markets(LIST, {BTC}, START_MS + HOUR_MS + 5_000)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS + 73 * HOUR_MS)
    assert desk.alerts() == [("first_sight", "upbit:ETH:2", 40)]


async def test_a_krw_market_that_returns_days_after_it_left_is_a_listing_though_another_flickered_meanwhile(
    desk: Desk,
) -> None:
    in_krw, in_btc = market_of("upbit", "KRW-XRP"), market_of("upbit", "BTC-XRP")
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS)
    for second, shown in ((5, {BTC, in_btc}), (10, {BTC}), (15, {BTC, in_btc})):
        await desk.book.see_markets(LIST, shown, START_MS + second * 1_000)
    assert desk.alerts() == []
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS + 48 * HOUR_MS)
    assert desk.alerts() == [("first_sight", "upbit:XRP:2", 40)]


async def test_so_it_is_where_the_coin_had_just_got_another_market(desk: Desk) -> None:
    in_krw, in_btc, in_usdt = (market_of("upbit", f"{quote}-XRP") for quote in ("KRW", "BTC", "USDT"))
    await desk.book.see_markets(LIST, {BTC, in_krw, in_btc}, START_MS)
    others = {BTC, in_btc, in_usdt}
    for second, shown in ((5, {in_krw, *others}), (10, others), (15, {BTC, in_usdt}), (20, others)):
        await desk.book.see_markets(LIST, shown, START_MS + second * 1_000)
    assert desk.alerts() == [("first_sight", "upbit:XRP:1", 20)]
    await desk.book.see_markets(LIST, {in_krw, *others}, START_MS + 48 * HOUR_MS)
    assert desk.alerts()[1:] == [("first_sight", "upbit:XRP:2", 40)]


async def test_a_market_that_was_there_before_the_listing_may_flicker_and_is_not_told_as_added(desk: Desk) -> None:
    in_krw, in_btc = market_of("upbit", "KRW-XRP"), market_of("upbit", "BTC-XRP")
    await desk.book.see_markets(LIST, {BTC, in_btc}, START_MS)
    for second, shown in ((5, {BTC, in_krw, in_btc}), (10, {BTC, in_krw}), (15, {BTC, in_krw, in_btc})):
        await desk.book.see_markets(LIST, shown, START_MS + second * 1_000)
    assert desk.alerts() == [("first_sight", "upbit:XRP:1", 40)]


async def test_a_btc_market_that_flickers_before_the_krw_opening_does_not_end_the_wait_for_it(desk: Desk) -> None:
    in_btc = market_of("upbit", "BTC-NOVA")
    await begun(desk)
    await desk.book.see_markets(LIST, {BTC, ETH, in_btc}, START_MS)
    krw = notice(title="노바(NOVA) 원화 마켓 디지털 자산 추가")
    await desk.book.see_notices(NOTICES, [krw], START_MS + 500)
    for second, shown in ((5, {BTC, ETH}), (10, {BTC, ETH, in_btc})):
        await desk.book.see_markets(LIST, shown, START_MS + second * 1_000)
    [nova] = desk.book.active()
    assert (nova.quotes, nova.gone_ms) == (("KRW", "BTC"), None)


async def test_a_market_that_one_list_lost_has_left_once_the_other_is_blind_and_its_return_is_a_listing(
    desk: Desk,
) -> None:
    """The page of tickers still showed the coin when it left, and could not be read any more from then on."""
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    for second in (5, 65, 70):
        await desk.book.see_markets(LIST, {BTC}, START_MS + second * 1_000)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS + 73 * HOUR_MS)
    assert desk.alerts() == [("first_sight", "upbit:ETH:2", 40)]


async def test_a_market_that_one_list_lost_and_shows_again_is_no_listing_whenever_the_other_was_read(
    desk: Desk,
) -> None:
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    for second, shown in ((39, {BTC, ETH}), (44, {BTC}), (49, {BTC, ETH})):
        await desk.book.see_markets(LIST, shown, START_MS + second * 1_000)
    assert desk.alerts() == []


@pytest.mark.parametrize("in_both", [False, True])
async def test_a_krw_market_that_flickers_while_another_is_to_open_does_not_open_it(desk: Desk, in_both: bool) -> None:
    """What waits for the first trade of a listing waits for one in each of its markets."""
    in_usdt = market_of("upbit", "USDT-ETH")
    await begun(desk)
    for second in (0, 39, 78, 117):
        await desk.book.see_markets(LIST, {BTC, ETH}, START_MS + second * 1_000)
        await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS + second * 1_000)
    usdt = notice(title="이더리움(ETH) USDT 마켓 디지털 자산 추가", ago_ms=-117_000)
    await desk.book.see_notices(NOTICES, [usdt], START_MS + 118_000)
    for second, shown in ((120, {BTC}), (121, {BTC, ETH})):
        await desk.book.see_markets(TICKERS, shown, START_MS + second * 1_000)
        await desk.book.see_markets(LIST, shown if in_both else {BTC, ETH}, START_MS + second * 1_000)
    assert [each for each in desk.book.active() if "KRW" in each.quotes] == []
    await desk.book.see_markets(LIST, {BTC, ETH, in_usdt}, START_MS + HOUR_MS)
    await desk.book.see_trade(in_usdt, START_MS + HOUR_MS, START_MS + HOUR_MS)
    assert {level for _, _, level in desk.alerts()} == {20}


async def test_a_market_that_is_missing_on_one_page_at_a_stop_and_back_at_the_start_is_no_listing(desk: Desk) -> None:
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC}, START_MS + 1_000)
    book = desk.opened()
    await book.load()
    await book.see_markets(TICKERS, {BTC, ETH, NOVA}, START_MS + HOUR_MS)
    await book.see_markets(LIST, {BTC, ETH, NOVA}, START_MS + HOUR_MS)
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40)]


async def test_a_coin_that_left_and_is_back_days_later_at_a_start_is_a_listing_though_a_blind_list_holds_it(
    desk: Desk,
) -> None:
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    for minutes, shown in ((60, {BTC, ETH}), (61, {BTC})):
        await desk.book.see_markets(LIST, shown, START_MS + minutes * 60_000)
    book = desk.opened()
    await book.load()
    await book.see_markets(LIST, {BTC, ETH}, START_MS + 73 * HOUR_MS)
    assert desk.alerts() == [("first_sight", "upbit:ETH:2", 40)]


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_krw_market_is_a_listing_days_after_it_left_though_a_blind_list_loses_it_only_now(
    desk: Desk, restarts: bool
) -> None:
    """What is back in between is another market of the coin, which had flickered."""
    in_btc = market_of("upbit", "BTC-ETH")
    await desk.book.see_markets(LIST, {BTC, ETH, in_btc}, START_MS)
    await desk.book.see_markets(TICKERS, {BTC, ETH}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH, in_btc}, START_MS + HOUR_MS)
    for hours, shown in ((2, {BTC, in_btc}), (40, {BTC}), (41, {BTC, in_btc})):
        await desk.book.see_markets(LIST, shown, START_MS + hours * HOUR_MS)
    if restarts:
        desk.book = desk.opened()
        await desk.book.load()
    await desk.book.see_markets(TICKERS, {BTC}, START_MS + 42 * HOUR_MS)
    await desk.book.see_markets(LIST, {BTC, ETH, in_btc}, START_MS + 43 * HOUR_MS)
    assert desk.rows("SELECT kind, level, about FROM alerts") == [
        ("first_sight", 20, ""),
        ("follow_up", 40, "krw_added"),
    ]
