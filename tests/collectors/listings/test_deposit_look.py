"""Wallets are hints of listings; deposits that open are told once, also after a time when nobody looked."""

import pytest

from collectors.events import ListingState, market_of
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings.deposit_look import hint
from collectors.listings.listing_batch import Batch
from collectors.listings.listing_memory import ListingMemory
from config.units import HOUR_MS
from tests.collectors.listings.listing_desk import (
    ASSETS,
    B_LIST,
    BITHUMB,
    NOTICES,
    Desk,
    at_bithumb,
    begun_everywhere,
    notice,
    wallet,
)
from tests.fakes.clock import START_MS


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


@pytest.mark.parametrize("pages", [(True, None, True), (None, True), (None, None, True, None, True)])
async def test_a_page_that_is_silent_about_a_coin_closes_no_deposits(
    desk: Desk, pages: tuple[bool | None, ...]
) -> None:
    await begun_everywhere(desk)
    desk.book = desk.opened()
    await desk.book.load()
    await desk.book.see_notices(BITHUMB, [at_bithumb(ago_ms=-5_000)], START_MS)
    for second, is_open in enumerate(pages):
        wallets = [wallet("BTC"), Wallet("NOVA", "NOVA", is_open, None)]
        await desk.book.see_assets(ASSETS, wallets, START_MS + 1_000 * second)
    assert desk.rows("SELECT text FROM alerts WHERE kind = 'follow_up'") == []
    assert desk.rows("SELECT deposit_closed_ms FROM listings") == [(None,)]


async def test_deposits_that_open_behind_a_silent_page_are_told(desk: Desk) -> None:
    await begun_everywhere(desk)
    await desk.book.see_notices(BITHUMB, [at_bithumb()], START_MS)
    for second, is_open in enumerate((False, None, True)):
        networks = [Wallet("NOVA", "NOVA", is_open, None), wallet("NOVA")]
        await desk.book.see_assets(ASSETS, [wallet("BTC"), *networks], START_MS + 1_000 * second)
    assert desk.rows("SELECT count(*) FROM alerts WHERE kind = 'follow_up'") == [(1,)]


@pytest.mark.parametrize(("mass", "no_news", "hints"), [(2, 0, 2), (1, 2, 0)])
def test_more_new_wallets_than_are_believed_are_counted_and_kept(mass: int, no_news: int, hints: int) -> None:
    memory = ListingMemory()
    memory.lists.keep(ASSETS, {"BTC"}, START_MS)
    batch = Batch(memory, "en", START_MS)
    assert hint(batch, ASSETS, {"NOVA", "STAR"}, mass) == no_news
    assert (len(batch.told), batch.lists) == (hints, {ASSETS: frozenset({"BTC", "NOVA", "STAR"})})
