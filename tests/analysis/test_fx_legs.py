"""The legs of the implied rate: mids with their times, and none where a side is missing."""

from typing import Any

import pytest

from analysis.fx_legs import FxSources
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

NOW = START_MS


def book(code: str, bid: float, ask: float) -> dict[str, Any]:
    unit = {"bid_price": bid, "ask_price": ask, "bid_size": 1.0, "ask_size": 1.0}
    return {"market": code, "timestamp": NOW - 300, "orderbook_units": [unit]}


BOOKS = [
    book("KRW-BTC", 141_000_000, 141_002_000),
    book("KRW-ETH", 4_800_000, 4_802_000),
    book("KRW-USDT", 1_430, 1_432),
]
BEST = [
    {"symbol": "BTCUSDT", "bidPrice": "98999.00", "bidQty": "1", "askPrice": "99001.00", "askQty": "1"},
    {"symbol": "ETHUSDT", "bidPrice": "3360.00", "bidQty": "1", "askPrice": "3362.00", "askQty": "1"},
]
BINANCE = ("binance", "/api/v3/ticker/bookTicker")
COINBASE = ("coinbase", "/products/USDT-USD/ticker")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    door = FakeDoor(clock)
    door.says("upbit", "/v1/orderbook", BOOKS, markets="KRW-BTC,KRW-ETH,KRW-USDT")
    door.says("bithumb", "/v1/orderbook", BOOKS[:1], markets="KRW-BTC,KRW-ETH,KRW-USDT")
    door.says(*BINANCE, BEST, symbols='["BTCUSDT","ETHUSDT"]')
    door.says(*COINBASE, {"bid": "0.9996", "ask": "0.9998", "price": "0.9997", "time": "2027-01-15T08:00:00Z"})
    return door


async def test_every_leg_is_a_mid_with_source_and_times(clock: FakeClock, door: FakeDoor) -> None:
    answer = await FxSources(door, clock).legs()
    legs = answer.legs
    assert answer.missing == {}
    assert legs.btc_krw is not None and legs.btc_usdt is not None and legs.usdt_usd is not None
    assert (legs.btc_krw.price, legs.btc_krw.taken_ms, legs.btc_krw.received_ms) == (141_001_000, NOW - 300, NOW)
    assert (legs.btc_usdt.price, legs.btc_usdt.taken_ms, legs.btc_usdt.quote) == (99_000.0, NOW, "USDT")
    assert legs.usdt_usd.value == pytest.approx(0.9997)
    assert legs.usdt_usd.source == "coinbase /products/USDT-USD/ticker"
    assert legs.eth_krw is not None and legs.eth_usdt is not None and legs.usdt_krw is not None
    assert legs.usdt_krw.price == 1_431.0


async def test_a_leg_that_is_one_sided_or_absent_is_none(clock: FakeClock, door: FakeDoor) -> None:
    door.says(*BINANCE, [{**BEST[0], "bidPrice": "0.00000000"}, {**BEST[1], "askPrice": ""}])
    answer = await FxSources(door, clock).legs("bithumb")
    assert (answer.legs.btc_usdt, answer.legs.eth_usdt, answer.legs.usdt_krw) == (None, None, None)
    assert answer.legs.btc_krw is not None


async def test_a_source_that_fails_is_named_and_costs_only_its_legs(clock: FakeClock, door: FakeDoor) -> None:
    door.fails(*BINANCE)
    door.says("upbit", "/v1/orderbook", b"Too many API requests.", status=429)
    answer = await FxSources(door, clock).legs()
    assert answer.missing == {
        "upbit": "HTTP 429, too many requests",
        "binance": "unreachable (binance: connection refused)",
    }
    assert answer.legs.usdt_usd is not None


async def test_coinbase_is_asked_once_in_half_a_minute(clock: FakeClock, door: FakeDoor) -> None:
    sources = FxSources(door, clock)
    for _ in range(3):
        await sources.legs()
        await clock.advance(10)
    assert sum(asked.service == "coinbase" for asked in door.asked) == 1
    await sources.legs()
    assert sum(asked.service == "coinbase" for asked in door.asked) == 2


async def test_a_last_price_stands_in_for_a_one_sided_dollar(clock: FakeClock, door: FakeDoor) -> None:
    door.says(*COINBASE, {"bid": "", "ask": "0.9998", "price": "0.9990"})
    answer = await FxSources(door, clock).legs()
    assert answer.legs.usdt_usd is not None and answer.legs.usdt_usd.value == 0.999
