"""Which seconds are kept for good, and that keeping them again changes nothing."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from collectors.events import Channel, Listing, ListingState, Market
from config.units import DAY_MS, HOUR_MS
from store.rows import execute
from store.tables import candles, listing_seconds, listings, markets
from store.tables.listing_seconds import PATIENCE_MS
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, database, second

NEW = Market("upbit", "NEW", "KRW")
NEW_ELSEWHERE = Market("bithumb", "NEW", "KRW")
USDT = Market("bithumb", "USDT", "KRW")
IN_BTC = Market("upbit", "ETH", "BTC")
HEARD = Listing("upbit", "NEW", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
TEN_MINUTES_MS = 600_000
COLUMNS = "open, high, low, close, volume, quote_volume, trades"


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = database(tmp_path)
    yield connection
    connection.close()


@pytest.fixture
def ids(connection: sqlite3.Connection) -> dict[Market, int]:
    return markets.intern(connection, [BTC, ETH, SOL, NEW, NEW_ELSEWHERE, USDT, IN_BTC], START_MS)


def window(connection: sqlite3.Connection, listing: Listing) -> tuple[int, int]:
    listings.save(connection, listing)
    (found,) = listing_seconds.windows(connection, 0)
    return found.from_ms, found.to_ms


def test_the_coin_is_kept_on_both_exchanges_with_bitcoin_and_tether(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    listings.save(connection, HEARD)
    (found,) = listing_seconds.windows(connection, 0)
    assert set(found.markets) == {ids[NEW], ids[NEW_ELSEWHERE], ids[BTC], ids[USDT]}


@pytest.mark.parametrize(
    ("listing", "to_ms"),
    [
        (HEARD, START_MS + PATIENCE_MS),
        (replace(HEARD, trading_starts_ms=START_MS + HOUR_MS), START_MS + HOUR_MS + PATIENCE_MS),
        (
            replace(HEARD, state=ListingState.TRADING, first_trade_ms=START_MS + HOUR_MS),
            START_MS + HOUR_MS + DAY_MS,
        ),
        (
            replace(HEARD, state=ListingState.TRADING, trading_starts_ms=START_MS + HOUR_MS),
            START_MS + HOUR_MS + DAY_MS,
        ),
        (replace(HEARD, state=ListingState.TRADING), START_MS + DAY_MS),
        (replace(HEARD, state=ListingState.CANCELLED, gone_ms=START_MS + 5_000), START_MS + 5_000),
    ],
    ids=["no date", "announced for later", "first trade seen", "trades, unseen", "found trading", "cancelled"],
)
def test_a_window_ends_a_day_after_the_opening(connection: sqlite3.Connection, listing: Listing, to_ms: int) -> None:
    assert window(connection, listing) == (START_MS - TEN_MINUTES_MS, to_ms)


def test_a_window_begins_ten_minutes_before_the_notice_not_before_our_sight_of_it(
    connection: sqlite3.Connection,
) -> None:
    published_ms = START_MS - 90_500
    from_ms, _ = window(connection, replace(HEARD, published_ms=published_ms))
    assert from_ms == published_ms - TEN_MINUTES_MS - 500  # a whole second


def test_a_window_that_is_over_asks_for_nothing(connection: sqlite3.Connection) -> None:
    listings.save(connection, replace(HEARD, state=ListingState.SETTLED, first_trade_ms=START_MS))
    assert listing_seconds.windows(connection, START_MS + DAY_MS) == []
    assert len(listing_seconds.windows(connection, START_MS + DAY_MS - 1)) == 1


def kept(connection: sqlite3.Connection) -> list[tuple[int, ...]]:
    return connection.execute(
        f"SELECT market_id, open_ms, {COLUMNS} FROM listing_seconds ORDER BY open_ms, market_id"
    ).fetchall()


def test_seconds_are_copied_whole_and_again_when_they_changed(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    execute(connection, candles.seconds([second(at_s, 5.0, market) for at_s in range(10) for market in ids], ids))
    wanted = {ids[NEW], ids[BTC]}
    listing_seconds.keep(connection, wanted, START_MS + 2_000, START_MS + 4_000)
    stored = connection.execute(
        f"SELECT market_id, open_ms, {COLUMNS} FROM candles_1s WHERE open_ms BETWEEN ? AND ? AND market_id IN (?, ?)"
        " ORDER BY open_ms, market_id",
        (START_MS + 2_000, START_MS + 3_999, *wanted),
    ).fetchall()
    assert kept(connection) == stored
    assert len(stored) == 4

    changes = connection.total_changes
    listing_seconds.keep(connection, wanted, START_MS + 2_000, START_MS + 4_000)
    assert connection.total_changes == changes

    late = second(3, 7.0, NEW, volume=2.0)
    execute(connection, candles.seconds([late], ids))
    listing_seconds.keep(connection, wanted, START_MS, START_MS + 4_000)
    assert len(kept(connection)) == 8
    assert (ids[NEW], START_MS + 3_000, 7.0, 7.0, 7.0, 7.0, 2.0, 14.0, 1) in kept(connection)


def test_a_purge_copies_before_it_deletes(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    seconds = [second(at_s, 5.0, market) for at_s in range(-900, 120) for market in (ETH, NEW)]
    execute(connection, candles.seconds(seconds, ids))
    listings.save(connection, HEARD)
    assert not candles.purge_seconds(connection, START_MS + 60_000, budget_s=60.0)
    left = connection.execute("SELECT DISTINCT open_ms FROM candles_1s").fetchall()
    assert len(left) == 60
    of_coin = [row[1] for row in kept(connection)]
    assert of_coin == [START_MS + at_s * 1_000 for at_s in range(-600, 60)]
    assert {row[0] for row in kept(connection)} == {ids[NEW]}
