"""One look, folded: a coin seen twice is one row, and what begins on one exchange is told on the other."""

from collectors.events import ListingState, Sighting, SightingKind, market_of
from collectors.listings.listing_batch import Batch
from collectors.listings.listing_life import Change
from collectors.listings.listing_memory import ListingMemory
from tests.collectors.listings.listing_desk import (
    BITHUMB,
    BTC,
    ETH,
    LIST,
    NOTICES,
    NOVA,
    Desk,
    at_bithumb,
    begun_everywhere,
    notice,
)
from tests.fakes.clock import START_MS


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


async def test_krw_for_a_coin_that_was_only_ever_seen_leaving_is_its_first_sight(desk: Desk) -> None:
    in_usdt = market_of("upbit", "USDT-NOVA")
    await desk.book.see_notices(NOTICES, [notice(1, "점검", category="점검")], START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH, in_usdt}, START_MS)
    await desk.book.see_markets(LIST, {BTC, ETH}, START_MS)
    await desk.book.see_notices(NOTICES, [notice(title="노바(NOVA) KRW 마켓 디지털 자산 추가")], START_MS)
    assert desk.alerts() == [("first_sight", "upbit:NOVA:1", 40)]


def test_a_coin_seen_twice_in_one_look_is_folded_in_order_and_nothing_is_remembered_before_the_commit() -> None:
    memory = ListingMemory()
    batch = Batch(memory, "en", START_MS)
    for quote in ("BTC", "KRW"):
        batch.apply(Sighting("upbit", "NOVA", (quote,), LIST, SightingKind.IN_LIST, START_MS))
    assert [each.change for each in batch.changed()] == [Change.FIRST_SIGHT, Change.QUOTES_ADDED]
    assert [each.listing.quotes for each in batch.applied] == [("BTC",), ("KRW", "BTC")]
    assert memory.listing("upbit", "NOVA") is None
    batch.remember(entry.listing for entry in batch.entries())
    assert [listing.quotes for listing in memory.active()] == [("KRW", "BTC")]
    assert memory.sighted == {("upbit:NOVA:1", LIST)}


def test_what_is_no_news_becomes_a_row_at_rest_without_an_alert() -> None:
    batch = Batch(ListingMemory(), "en", START_MS)
    batch.apply(Sighting("upbit", "NOVA", ("KRW",), LIST, SightingKind.IN_LIST, START_MS), quiet=True)
    assert [(entry.listing.state, entry.alert) for entry in batch.entries()] == [(ListingState.SETTLED, None)]
    assert batch.changed() == []
