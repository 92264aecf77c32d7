"""What is remembered of listings: which are news, what opens soon, what time alone ends, who was called what."""

from msgspec.structs import replace

from collectors.events import Channel, Listing, ListingState
from collectors.listings.listing_memory import RENAME_KEEPS_MS, ListingMemory
from config.units import MINUTE_MS
from tests.collectors.listings.listing_desk import NOTICES, NOVA, Desk, begun, notice
from tests.fakes.clock import START_MS

LISTING = Listing("upbit", "NOVA", 2, ("KRW",), ListingState.ANNOUNCED, START_MS, NOTICES)


async def test_a_listing_settles_a_day_after_its_first_trade(desk: Desk) -> None:
    await begun(desk)
    await desk.book.see_notices(NOTICES, [notice()], START_MS)
    await desk.book.see_trade(NOVA, START_MS, START_MS)
    await desk.clock.advance(24 * 3600 + 1)
    assert [each.state for each in await desk.book.tick()] == [ListingState.SETTLED]
    assert (desk.book.active(), await desk.book.tick()) == ([], ())
    assert desk.rows("SELECT state FROM listings") == [(ListingState.SETTLED.value,)]


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


def test_a_late_id_goes_to_the_episode_that_it_was_given_to() -> None:
    memory = ListingMemory()
    later = replace(LISTING, state=ListingState.TRADING)
    memory.remember([later])
    memory.number([replace(LISTING, episode=1, listing_id=6)])
    assert memory.listing("upbit", "NOVA") == later
    memory.number([replace(LISTING, listing_id=7)])
    assert memory.listing("upbit", "NOVA") == replace(later, listing_id=7)


def test_who_has_shown_a_listing_is_forgotten_once_it_is_over() -> None:
    memory = ListingMemory()
    memory.remember([LISTING, replace(LISTING, base="STAR", state=ListingState.CANCELLED)])
    memory.sighted = {("upbit:NOVA:2", NOTICES), ("upbit:STAR:2", Channel.UPBIT_ANNOUNCEMENT)}
    memory.forget_sights()
    assert memory.sighted == {("upbit:NOVA:2", NOTICES)}


def test_an_old_name_is_known_for_sixty_days() -> None:
    memory = ListingMemory()
    memory.renamed("upbit", "NOVA", "NOVA2", START_MS)
    last_ms = START_MS + RENAME_KEEPS_MS
    assert [memory.old_name("upbit", "NOVA2", at_ms) for at_ms in (last_ms - 1, last_ms)] == ["NOVA", None]
    assert memory.old_name("bithumb", "NOVA2", START_MS) is None
