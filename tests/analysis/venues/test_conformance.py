"""Every venue through the same table: listed, not listed, silent in each of its ways, and no price that is none."""

import asyncio
from decimal import Decimal
from typing import get_args

import pytest

from analysis.fetching.everyone import VENUES
from analysis.fetching.sources import Venue
from analysis.quotes import Book, Instruments, Listed, NotListed, Perp, Quote, Silent, Spot, Transfers
from analysis.verdict import TransferState
from config.settings import VenueName
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor
from tests.fakes.venue_pages.everyone import SCRIPTS
from tests.fakes.venue_pages.script import CONTRACT, NEXT_FUNDING, NOW, Script, Told

BLOCKED = b"<!DOCTYPE html><html><title>Just a moment...</title></html>"
TROUBLES: dict[str, tuple[int, bytes]] = {
    "a web page": (200, BLOCKED),
    "403 page": (403, BLOCKED),
    "403 text": (403, b"access too frequent"),
    "451": (451, b'{"code":0,"msg":"Service unavailable from a restricted location"}'),
    "429": (429, b'{"msg":"Too Many Requests","code":"50011"}'),
    "429 page": (429, BLOCKED),
    "418": (418, b'{"code":-1003,"msg":"Way too much request weight used"}'),
    "500": (500, b"Internal Server Error"),
    "502 page": (502, b"<html><h1>502 Bad Gateway</h1></html>"),
    "503 json": (503, b'{"code":"50001","msg":"Service temporarily unavailable"}'),
    "nothing": (200, b""),
    "cut off": (200, b'{"code":"0","data":[{"la'),
    "an empty list": (200, b"[]"),
    "an empty object": (200, b"{}"),
    "null": (200, b"null"),
    "text": (200, b'"ok"'),
    "not UTF-8": (200, b'{"a":"\xff\xfe"}'),
    "a stranger's error": (400, b'{"error":"who are you"}'),
    "404 page": (404, b"<html>not here</html>"),
    "404 json": (404, b'{"code":"404000","msg":"URL not found"}'),
}
NO_PRICES = ("0", "0.00000000", "", None, 0, 0.0)


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    return FakeDoor(clock)


@pytest.fixture(params=SCRIPTS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def script(name: str) -> Script:
    return SCRIPTS[name]


@pytest.fixture
def venue(name: str, door: FakeDoor, clock: FakeClock) -> Venue:
    return VENUES[name](door, clock, 0.8)


async def quoted(venue: Venue) -> Quote:
    answer = await venue.ask("QRX")
    assert isinstance(answer, Listed), answer
    return answer.quote


def test_every_name_of_the_configuration_is_a_venue() -> None:
    assert set(VENUES) == set(get_args(VenueName)) == set(SCRIPTS)


async def test_a_listed_coin_is_told_alike_by_all(venue: Venue, name: str, script: Script, door: FakeDoor) -> None:
    script.plays(door)
    quote = await quoted(venue)
    spot = quote.spot
    assert (quote.venue, quote.base, quote.taken_ms) == (name, "QRX", NOW)
    assert isinstance(spot, Spot)
    assert spot.last and spot.bid and spot.ask and spot.quote_volume_24h and spot.book
    assert [f.value for f in (spot.last, spot.bid, spot.ask)] == pytest.approx([0.0251, 0.025, 0.0252])
    assert spot.quote_volume_24h.value == pytest.approx(1_250_000.5)
    assert all(each.source.startswith(name) for each in (spot.last, spot.bid, spot.quote_volume_24h))
    assert (spot.bid.taken_ms, spot.ask.taken_ms, spot.book.taken_ms) == (NOW, NOW, NOW)
    assert_book(spot.book)


async def test_a_perpetual_is_told_per_coin_by_all(venue: Venue, script: Script, door: FakeDoor) -> None:
    script.plays(door)
    perp = (await quoted(venue)).perp
    if not script.perp:
        assert perp == NotListed()
        return
    assert isinstance(perp, Perp)
    assert perp.mark and perp.funding_rate and perp.funding_interval_h and perp.book
    assert perp.mark.value == pytest.approx(0.02515)
    assert perp.funding_rate.value == pytest.approx(-0.00012)
    hourly = venue.name == "kraken"  # which names no time of the next one
    assert (perp.funding_interval_h.value, perp.next_funding_ms) == ((1.0, None) if hourly else (8.0, NEXT_FUNDING))
    assert_book(perp.book)
    assert not perp.pre_market


def assert_book(book: Book) -> None:
    """Best first, in coins and USDT."""
    assert [cell for row in book.bids for cell in row] == pytest.approx([0.025, 1000, 0.0249, 2000])
    assert [cell for row in book.asks for cell in row] == pytest.approx([0.0252, 900])


async def test_transfer_states_are_told_by_those_that_need_no_key(venue: Venue, script: Script, door: FakeDoor) -> None:
    script.plays(door)
    told = (await quoted(venue)).transfers
    if not script.transfers:
        assert isinstance(told, Silent) and "key" in told.reason
        return
    assert isinstance(told, Transfers) and told.taken_ms == NOW
    [state] = told.networks
    assert state.withdrawal is TransferState.CLOSED
    # Coinbase has one status for both ways, Kraken one for all chains of a coin.
    deposits = {"coinbase": TransferState.CLOSED, "kraken": TransferState.UNKNOWN}
    assert state.deposit is deposits.get(venue.name, TransferState.OPEN)
    assert state.withdraw_fee == (Decimal(40) if script.fee else None)
    assert state.contract == (CONTRACT if script.address else "")
    if script.fee:
        assert (state.withdraw_min, state.confirmations) == (Decimal(80), 12)


async def test_a_coin_that_is_not_there_is_not_listed(venue: Venue, script: Script, door: FakeDoor) -> None:
    script.knows_nothing(door)
    assert await venue.ask("NOPE") == NotListed()


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_a_venue_in_trouble_is_silent(venue: Venue, script: Script, door: FakeDoor, trouble: str) -> None:
    status, body = TROUBLES[trouble]
    script.plays(door)
    for service, path in script.questions():
        door.says(service, path, body, status=status)
    answer = await venue.ask("QRX")
    assert isinstance(answer, Silent) and answer.reason


@pytest.mark.parametrize("warm", [False, True])
async def test_an_empty_list_in_a_good_envelope_is_no_denial(
    venue: Venue, script: Script, door: FakeDoor, warm: bool
) -> None:
    script.plays(door)
    if warm:
        script.shows_lists(door)
        await venue.instruments()
    for page in script.empty:
        door.says(page.service, page.path, page.body, when=page.params)
    answer = await venue.ask("QRX")
    if venue.name == "bybit" and not warm:
        assert answer == NotListed()  # its documented other way to say so of a symbol that is in no list
    else:
        assert isinstance(answer, Silent)


@pytest.mark.parametrize("price", NO_PRICES, ids=repr)
async def test_zero_empty_and_null_are_no_prices(
    venue: Venue, script: Script, door: FakeDoor, price: str | float | None
) -> None:
    script.shows_lists(door)
    script.plays(door, Told().with_price(price))
    script.shows_lists(door)
    await venue.instruments()
    script.plays(door, Told().with_price(price))
    quote = await quoted(venue)
    assert isinstance(quote.spot, Spot)
    assert (quote.spot.last, quote.spot.bid, quote.spot.ask) == (None, None, None)
    assert quote.spot.book is None or (tuple(quote.spot.book.bids), quote.spot.book.mid) == ((), None)
    if script.perp:
        assert isinstance(quote.perp, Perp)
        assert quote.perp.mark is None
        assert quote.perp.book is None or quote.perp.book.mid is None


async def test_a_venue_that_hangs_is_silent_at_the_deadline(
    venue: Venue, script: Script, door: FakeDoor, clock: FakeClock
) -> None:
    script.plays(door, after_s=60.0)
    for page in script.unknown:
        door.says(page.service, page.path, page.body, status=page.status, when=page.params, after_s=60.0)
    asking = asyncio.ensure_future(venue.ask("QRX"))
    await clock.advance(0.8)
    assert asking.done()
    answer = await asking
    assert isinstance(answer, Silent) and answer.reason.startswith("no answer within 0.8 s")


async def test_a_dead_host_is_silent(venue: Venue, script: Script, door: FakeDoor) -> None:
    script.plays(door)
    for service, path in script.questions():
        door.fails(service, path)
    answer = await venue.ask("QRX")
    assert isinstance(answer, Silent) and "unreachable" in answer.reason


async def test_a_book_that_fails_costs_no_other_figure(venue: Venue, script: Script, door: FakeDoor) -> None:
    script.plays(door)
    for service, path in script.questions():
        if any(word in path.lower() for word in ("book", "depth")):
            door.says(service, path, BLOCKED, status=502)
    quote = await quoted(venue)
    assert isinstance(quote.spot, Spot) and quote.spot.last and quote.spot.book is None
    assert quote.missing["spot.book"] == "HTTP 502, server error"
    if script.perp:
        assert isinstance(quote.perp, Perp) and quote.perp.mark and quote.perp.book is None


async def test_silence_about_spot_and_a_denied_perpetual_is_silence(
    venue: Venue, script: Script, door: FakeDoor
) -> None:
    if not script.perp:
        return  # nothing to deny
    script.plays(door)
    script.denies_the_perpetual(door)
    assert isinstance(await venue.ask("QRX"), Silent)


async def test_the_lists_name_symbols_and_contract_sizes(venue: Venue, script: Script, door: FakeDoor) -> None:
    script.shows_lists(door)
    if venue.name == "binance":
        door.says("binance_futures", "/fapi/v1/fundingInfo", [])
    found = await venue.instruments()
    assert isinstance(found, Instruments)
    assert not isinstance(found.spot, Silent) and not isinstance(found.perp, Silent)
    assert list(found.spot) == ["QRX"]
    assert list(found.perp) == (["QRX"] if script.perp else [])
    assert found.spot["QRX"].live


@pytest.mark.parametrize("trouble", ["a web page", "429", "an empty list", "an empty object", "cut off", "null"])
async def test_a_list_that_cant_be_read_is_silent_and_keeps_the_old_one(
    venue: Venue, script: Script, door: FakeDoor, trouble: str
) -> None:
    script.plays(door)
    script.shows_lists(door)
    await venue.instruments()
    status, body = TROUBLES[trouble]
    for page in script.lists:
        door.says(page.service, page.path, body, status=status, when=page.params)
    found = await venue.instruments()
    assert isinstance(found.spot, Silent)
    assert isinstance(found.perp, Silent) or not script.perp
    script.plays(door)
    door.asked.clear()
    assert isinstance(await venue.ask("QRX"), Listed)
    thousands = [asked for asked in door.asked if "1000QRX" in f"{asked.path} {asked.params}"]
    assert thousands == []  # the list still knows the symbol, so no other spelling is tried


async def test_what_a_fresh_list_lacks_is_asked_for_once_and_then_left_alone(
    venue: Venue, script: Script, door: FakeDoor, clock: FakeClock
) -> None:
    script.knows_nothing(door)
    script.shows_lists(door)
    await venue.instruments()
    script.knows_nothing(door)
    assert await venue.ask("NOPE") == NotListed()
    asked = len(door.asked)
    assert await venue.ask("NOPE") == NotListed()
    assert len(door.asked) == asked
    await clock.advance(181)  # the list may now be older than a listing
    await venue.ask("NOPE")
    assert len(door.asked) > asked
