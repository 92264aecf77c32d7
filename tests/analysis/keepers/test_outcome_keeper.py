"""The look back: by itself after half an hour and once settled, from our own seconds, and kept beside the verdict."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from analysis.keepers.outcome_keeper import Keep, OutcomeKeeper
from analysis.outcome import ListingOutcome, Second, samples_of
from analysis.price_row import ListingPrice
from collectors.events import Channel, Listing, ListingState, Market, Sighting, SightingKind
from store import rows
from store.tables import listing_prices, listings, markets, outcomes
from tests.fakes.blank import open_blank
from tests.fakes.clock import START_MS, FakeClock

HOUR_S = 3_600.0


def stored_by(connection: sqlite3.Connection) -> Keep:
    """Keeps an outcome at once and tells nobody."""

    async def keep(due: outcomes.Due, found: ListingOutcome, recorded: outcomes.Recorded | None, now_ms: int) -> None:
        outcomes.save(connection, due, found, now_ms)

    return keep


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radar.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_blank(path)
    yield opened
    opened.close()


def stored(connection: sqlite3.Connection, state: ListingState = ListingState.TRADING) -> Listing:
    """NOVA, which opened at START_MS."""
    listing = Listing(
        *("upbit", "NOVA", 1, ("KRW",), state, START_MS - 600_000, Channel.UPBIT_NOTICES),
        first_trade_ms=START_MS,
    )
    listing = listings.save(connection, listing)
    traded = Sighting(
        channel=Channel.UPBIT_TICKER_ALL,
        exchange="upbit",
        base="NOVA",
        quotes=("KRW",),
        seen_ms=START_MS,
        kind=SightingKind.TRADED,
        trading_starts_ms=START_MS,
    )
    listings.add_sighting(connection, listing, traded)
    return listing


def prices(connection: sqlite3.Connection, listing: Listing, seconds: range, excess_bps: float) -> None:
    """Looks at a world price of 1 USDT and 1,400 KRW a USDT; the coin premium is 100 bps above the excess."""
    assert listing.listing_id is not None
    for at_s in seconds:
        mid = 1_400.0 * (1 + excess_bps / 10_000)
        price = ListingPrice(START_MS + at_s * 1000, mid, 1.0, 1_400.0, excess_bps + 100.0, excess_bps)
        rows.execute(connection, listing_prices.row(listing.listing_id, price))


def traded(connection: sqlite3.Connection, at_s: int, close: float, krw: float = 1e6) -> None:
    nova = markets.intern(connection, [Market("upbit", "NOVA", "KRW")], START_MS)[Market("upbit", "NOVA", "KRW")]
    connection.execute(
        "INSERT INTO listing_seconds VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (nova, START_MS + at_s * 1000, close, close, close, close, krw / close, krw),
    )


async def test_a_listing_is_labelled_half_an_hour_after_its_opening_and_again_for_good(
    path: Path, connection: sqlite3.Connection
) -> None:
    clock, listing = FakeClock(), stored(connection)
    keeper = OutcomeKeeper(path, stored_by(connection), clock)
    prices(connection, listing, range(0, 1_900, 2), 900.0)
    for at_s in (0, 30, 59, 60):
        traded(connection, at_s, 1_400.0 * 1.09)
    assert await keeper.look_back() == 0
    await clock.advance(HOUR_S / 2 + 90)
    assert await keeper.look_back() == 1
    assert await keeper.look_back() == 0
    (row,) = listings.report(connection, 5)
    assert row.outcome is not None
    assert (row.outcome.label, row.outcome.final) == ("hit", False)
    assert row.outcome.max_excess_bps == pytest.approx(900.0)
    assert row.outcome.at_30_min_bps == pytest.approx(1_000.0)
    assert row.outcome.first_minute_krw == 3e6

    traded(connection, 2_000, 1_400.0 * 1.4)
    prices(connection, listing, range(1_960, 2_020, 60), 3_900.0)
    await clock.advance(24 * HOUR_S)
    listings.save(connection, msgspec.structs.replace(listing, state=ListingState.SETTLED))
    assert await keeper.look_back() == 1
    assert await keeper.look_back() == 0
    found = outcomes.of_listing(connection, listing.listing_id or 0)
    assert found is not None
    assert (found.label, found.final) == ("big_hit", True)
    assert found.max_excess_bps == pytest.approx(4_000.0)


async def test_a_first_minute_with_a_gap_has_no_volume(path: Path, connection: sqlite3.Connection) -> None:
    clock, listing = FakeClock(), stored(connection)
    prices(connection, listing, range(0, 60, 2), 100.0)
    traded(connection, 5, 1_414.0)
    connection.execute(
        "INSERT INTO gaps (exchange, from_ms, to_ms, cause, state) VALUES ('upbit', ?, ?, 'drop', 'unhealable')",
        (START_MS + 50_000, START_MS + 70_000),
    )
    await clock.advance(HOUR_S)
    await OutcomeKeeper(path, stored_by(connection), clock).look_back()
    found = outcomes.of_listing(connection, listing.listing_id or 0)
    assert found is not None
    assert (found.label, found.first_minute_krw) == ("dud", None)


async def test_a_listing_of_which_nothing_was_seen_is_unknown_not_a_dud(
    path: Path, connection: sqlite3.Connection
) -> None:
    clock, listing = FakeClock(), stored(connection, ListingState.SETTLED)
    await clock.advance(25 * HOUR_S)
    await OutcomeKeeper(path, stored_by(connection), clock).look_back()
    found = outcomes.of_listing(connection, listing.listing_id or 0)
    assert found is not None
    assert (found.label, found.max_premium_bps, found.first_minute_krw) == ("unknown", None, None)


def look(at_s: int, ref: float | None = 1.0) -> ListingPrice:
    return ListingPrice(START_MS + at_s * 1000, 1_470.0, ref, 1_400.0, 600.0, 500.0)


def test_a_second_is_held_against_the_latest_look() -> None:
    seconds = [Second(START_MS + at_s * 1000, 1_540.0, 1.0) for at_s in (0, 5, 9)]
    found = samples_of([look(2), look(8, ref=1.1)], seconds)[2:]
    assert [round(sample.excess_bps or 0) for sample in found] == [1_000, 1_000, 0]


def test_a_second_far_from_any_look_has_no_premium() -> None:
    far = [Second(START_MS + 91_001, 1_540.0, 1.0), Second(START_MS + 90_000, 1_540.0, 1.0)]
    assert len(samples_of([look(0)], far[:1])) == 1
    assert len(samples_of([look(0)], far[1:])) == 2
    assert len(samples_of([look(0, ref=None)], far[1:])) == 2  # the coin premium needs no world price of its own
    assert samples_of([], far) == []
