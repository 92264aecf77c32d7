"""The SQL of the page's views on its edges: what is not copied yet, what was missed, what grew old."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.keepers.world_prices import GlobalPrice
from collectors.events import GapCause, Market
from config.units import MINUTE_MS
from store.readings import around_listing, premiums, volumes
from store.readings.around_listing import POINTS_MAX, STEPS_S, step_of
from store.readings.premiums import PRICE_MAX_AGE_MS
from store.rows import execute
from store.tables import candles, gaps, global_minutes, listing_seconds, markets
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, SOL, database, second

ELSEWHERE = Market("bithumb", "BTC", "KRW")


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = database(tmp_path)
    yield connection
    connection.close()


@pytest.fixture
def ids(connection: sqlite3.Connection) -> dict[Market, int]:
    return markets.intern(connection, [BTC, SOL, ELSEWHERE], START_MS)


@pytest.mark.parametrize("seconds", [1, 1_199, 1_200, 1_201, 3_600, 86_400, 108_000])
def test_a_span_never_has_more_points_than_a_chart_shows(seconds: int) -> None:
    step = step_of(START_MS, START_MS + seconds * 1000)
    assert step in STEPS_S
    assert seconds / step <= POINTS_MAX


def test_seconds_that_were_not_copied_yet_are_there_already(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    execute(connection, candles.seconds([second(at, price=100.0 + at) for at in range(20)], ids))
    listing_seconds.keep(connection, [ids[BTC]], START_MS, START_MS + 10_000)
    found = around_listing.points(connection, ids[BTC], START_MS, START_MS + 20_000, 1)
    assert [(point.at_ms - START_MS) // 1000 for point in found] == list(range(20))
    (first, *_, last) = around_listing.points(connection, ids[BTC], START_MS, START_MS + 20_000, 5)
    assert (first.low, first.high, first.close, first.trades) == (100.0, 104.0, 104.0, 5)
    assert (last.low, last.close, last.trades) == (115.0, 119.0, 5)


def test_a_step_that_is_half_copied_is_joined(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, candles.seconds([second(at, price=100.0 + at) for at in range(10)], ids))
    listing_seconds.keep(connection, [ids[BTC]], START_MS, START_MS + 7_000)
    found = around_listing.points(connection, ids[BTC], START_MS, START_MS + 10_000, 5)
    assert [(point.low, point.high, point.close, point.trades) for point in found] == [
        (100.0, 104.0, 104.0, 5),
        (105.0, 109.0, 109.0, 5),
    ]


def test_gaps_of_the_market_and_of_its_whole_exchange_are_cut_to_the_span(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    execute(
        connection,
        gaps.added(
            [
                ("upbit", ids[BTC], START_MS - 5_000, START_MS + 5_000, GapCause.STALE),
                ("upbit", None, START_MS + 8_000, START_MS + 9_000, GapCause.STOP),
                ("bithumb", None, START_MS, START_MS + 9_000, GapCause.STOP),
                ("upbit", ids[SOL], START_MS, START_MS + 9_000, GapCause.STALE),
            ]
        ),
    )
    execute(connection, gaps.opened([("upbit", ids[BTC], START_MS + 9_500, GapCause.DISCONNECT)]))
    (market, _) = around_listing.krw_markets(connection, "BTC")
    found = around_listing.blinds(connection, market, START_MS, START_MS + 10_000)
    assert [(each.from_ms - START_MS, each.to_ms - START_MS, each.cause) for each in found] == [
        (0, 5_000, "stale"),
        (8_000, 9_000, "stop"),
        (9_500, 10_000, "disconnect"),
    ]


def test_heard_time_leaves_out_what_was_missed_and_what_came_before_the_market(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    minute = second(0, price=10.0, volume=3.0)
    candles.store_minutes(connection, [minute], ids)
    execute(
        connection,
        gaps.added(
            [
                ("upbit", ids[BTC], START_MS + 60_000, START_MS + 120_000, GapCause.STALE),
                ("upbit", None, START_MS + 300_000, START_MS + 330_000, GapCause.STOP),
                ("bithumb", ids[SOL], START_MS, START_MS + 600_000, GapCause.NEVER_LIVE),
            ]
        ),
    )
    found = {
        (each.exchange, each.base): each for each in volumes.traded(connection, START_MS - 600_000, START_MS + 600_000)
    }
    assert found["upbit", "BTC"].heard_ms == 600_000 - 60_000 - 30_000
    assert found["upbit", "BTC"].volume_krw == 30.0
    assert found["bithumb", "BTC"].volume_krw == 0.0
    assert ("bithumb", "SOL") not in found  # never heard: unknown, not nothing


def test_a_healed_gap_was_heard_after_all(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, gaps.added([("upbit", ids[BTC], START_MS, START_MS + 60_000, GapCause.STALE)]))
    connection.execute("UPDATE gaps SET state = 'healed'")
    found = [each for each in volumes.traded(connection, START_MS, START_MS + 600_000) if each.exchange == "upbit"]
    assert found[0].heard_ms == 600_000


def test_a_last_trade_serves_for_minutes_and_then_is_unknown(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    candles.store_minutes(connection, [second(0, price=10.0)], ids)
    for minute in range(8):
        told = [GlobalPrice("BTC", 1.0, 1.0, ("okx",))]
        execute(connection, global_minutes.rows(START_MS + minute * MINUTE_MS, told))
    points = premiums.coin(connection, "BTC", START_MS, START_MS + 8 * MINUTE_MS, MINUTE_MS)
    priced = [(point.at_ms - START_MS) // MINUTE_MS for point in points if point.upbit_krw is not None]
    assert priced == list(range(1, PRICE_MAX_AGE_MS // MINUTE_MS))
    assert {point.bithumb_krw for point in points} == {None}
    assert [point.price_usdt for point in points] == [1.0] * 9


def test_the_world_is_taken_from_the_newest_minute_that_most_venues_told(connection: sqlite3.Connection) -> None:
    assert volumes.fullest_minute(connection, 0) is None
    for minute, venues in enumerate([("binance", "okx", "bybit"), ("binance", "okx", "bybit"), ("okx",)]):
        told = [GlobalPrice("A", 1.0, 1.0, venues[:1]), GlobalPrice("B", 1.0, 1.0, venues)]
        execute(connection, global_minutes.rows(START_MS + minute * MINUTE_MS, told))
    assert volumes.fullest_minute(connection, START_MS) == START_MS + MINUTE_MS
    assert volumes.fullest_minute(connection, START_MS + 2 * MINUTE_MS) == START_MS + 2 * MINUTE_MS
