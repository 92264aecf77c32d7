"""The world's prices: one call a minute a venue, weighted by volume, and no row for what nobody can say."""

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from analysis.fetching.reading import NoAnswer, Reply
from analysis.keepers.world_keeper import WorldKeeper
from analysis.keepers.world_prices import GlobalPrice, global_prices, parse_binance, parse_bybit, parse_okx
from store import rows
from store.rows import Rows
from store.tables import global_minutes
from tests.fakes.blank import open_blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

BINANCE = [
    {"symbol": "NOVAUSDT", "lastPrice": "2.00", "quoteVolume": "3000000"},
    {"symbol": "NOVABTC", "lastPrice": "0.00002", "quoteVolume": "5"},
    {"symbol": "1000MOTEUSDT", "lastPrice": "4.0", "quoteVolume": "100"},
    {"symbol": "UPCOMINGUSDT", "lastPrice": "0.00000000", "quoteVolume": "0.0"},
]
OKX = {
    "code": "0",
    "data": [
        {"instId": "NOVA-USDT", "last": "2.04", "volCcy24h": "1000000"},
        {"instId": "TWIN-USDT", "last": "1", "volCcy24h": "10"},
        {"instId": "NOVA-USDC", "last": "9", "volCcy24h": "1"},
        {"instId": "EMPTY-USDT", "last": "", "volCcy24h": ""},
    ],
}
BYBIT = {
    "retCode": 0,
    "result": {"list": [{"symbol": "TWINUSDT", "lastPrice": "7", "turnover24h": "10"}]},
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_blank(tmp_path / "radar.db")
    yield opened
    opened.close()


class Direct:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def offer(self, work: Rows) -> bool:
        rows.execute(self._connection, work)
        return True


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, msgspec.json.encode(body), START_MS, "test")


def door(clock: FakeClock) -> FakeDoor:
    made = FakeDoor(clock)
    made.says("binance", "/api/v3/ticker/24hr", BINANCE)
    made.says("okx", "/api/v5/market/tickers", OKX)
    made.says("bybit", "/v5/market/tickers", BYBIT)
    return made


def keeper(clock: FakeClock, asked: FakeDoor, connection: sqlite3.Connection) -> WorldKeeper:
    return WorldKeeper(asked, lambda: {"NOVA", "MOTE", "TWIN", "UPCOMING", "ABSENT"}, Direct(connection), clock, 0.05)


def kept(connection: sqlite3.Connection, base: str) -> GlobalPrice | None:
    """The only minute of a coin, if there is one."""
    rows = connection.execute(
        "SELECT base, price_usdt, volume_24h_usdt, venues FROM global_1m WHERE base = ?", (base,)
    ).fetchall()
    if not rows:
        return None
    ((named, price_usdt, volume_usdt, venues),) = rows
    return GlobalPrice(named, price_usdt, volume_usdt, tuple(venues.split(",")))


async def test_a_minute_holds_the_weighted_price_of_each_korean_coin(connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    assert await keeper(clock, door(clock), connection).take() == 2
    nova = kept(connection, "NOVA")
    assert nova == GlobalPrice("NOVA", 2.01, 4_000_000.0, ("binance", "okx"))
    mote = kept(connection, "MOTE")
    assert mote == GlobalPrice("MOTE", 0.004, 100.0, ("binance",))


async def test_two_coins_of_one_ticker_have_no_common_price(connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    await keeper(clock, door(clock), connection).take()
    assert kept(connection, "TWIN") is None
    assert kept(connection, "UPCOMING") is None


async def test_each_venue_is_asked_once_a_minute_at_its_turn(connection: sqlite3.Connection) -> None:
    clock = FakeClock(START_MS + 15_000)
    asked = door(clock)
    task = asyncio.create_task(keeper(clock, asked, connection).run())
    await clock.advance(44)
    assert asked.asked == []
    await clock.advance(61)
    task.cancel()
    assert sorted(each.service for each in asked.asked) == ["binance", "binance", "bybit", "bybit", "okx", "okx"]
    minutes = connection.execute("SELECT DISTINCT open_ms FROM global_1m ORDER BY open_ms").fetchall()
    assert minutes == [(START_MS + 60_000,), (START_MS + 120_000,)]


async def test_a_venue_that_does_not_answer_costs_only_its_own_prices(connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    asked = door(clock)
    asked.says("binance", "/api/v3/ticker/24hr", "<html>", status=502)
    await keeper(clock, asked, connection).take()
    assert kept(connection, "NOVA") == GlobalPrice("NOVA", 2.04, 1_000_000.0, ("okx",))


def test_minutes_leave_after_their_time_a_few_thousand_rows_at_once(connection: sqlite3.Connection) -> None:
    prices = [GlobalPrice(f"C{number}", 1.0, None, ("okx",)) for number in range(3_000)]
    for minute in range(3):
        rows.execute(connection, global_minutes.rows(START_MS + minute * 60_000, prices))
    before_ms = START_MS + 2 * 60_000
    assert global_minutes.purge(connection, before_ms)
    assert not global_minutes.purge(connection, before_ms)
    assert connection.execute("SELECT COUNT(*), MIN(open_ms) FROM global_1m").fetchone() == (3_000, before_ms)


@pytest.mark.parametrize(
    ("parse", "body"),
    [
        (parse_binance, []),
        (parse_binance, {"code": -1003, "msg": "way too many"}),
        (parse_okx, {"code": "50011", "msg": "Rate limit", "data": []}),
        (parse_bybit, {"retCode": 10006, "retMsg": "too many", "result": {}}),
        (parse_bybit, {"retCode": 0, "result": {"list": [{"symbol": "NOVAUSDT", "lastPrice": None}]}}),
    ],
)
def test_a_page_that_says_nothing_is_no_answer(parse: object, body: object) -> None:
    assert callable(parse)
    with pytest.raises(NoAnswer):
        parse(reply(body))


def test_volume_that_nobody_tells_stays_unknown() -> None:
    (found,) = global_prices({"okx": {"NOVA": (2.0, None)}}, ["NOVA"], START_MS, 0.05)
    assert found == GlobalPrice("NOVA", 2.0, None, ("okx",))
