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
OKX = ("okx", "/api/v5/market/ticker")
BYBIT = ("bybit", "/v5/market/tickers")
COINBASE = ("coinbase", "/products/USDT-USD/ticker")


def at_okx(door: FakeDoor, base: str, price: float) -> None:
    row = {"instId": f"{base}-USDT", "last": "1", "bidPx": str(price), "askPx": str(price), "ts": str(NOW - 100)}
    door.says(*OKX, {"code": "0", "msg": "", "data": [row]}, instId=f"{base}-USDT")


def at_bybit(door: FakeDoor, base: str, price: float) -> None:
    row = {"symbol": f"{base}USDT", "bid1Price": str(price), "ask1Price": str(price), "lastPrice": "1"}
    result = {"category": "spot", "list": [row]}
    door.says(*BYBIT, {"retCode": 0, "retMsg": "OK", "time": NOW - 200, "result": result}, symbol=f"{base}USDT")


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    door = FakeDoor(clock)
    door.says("upbit", "/v1/orderbook", BOOKS, markets="KRW-BTC,KRW-ETH,KRW-USDT")
    door.says("bithumb", "/v1/orderbook", BOOKS[:1], markets="KRW-BTC,KRW-ETH,KRW-USDT")
    door.says(*BINANCE, BEST, symbols='["BTCUSDT","ETHUSDT"]')
    for base, price in (("BTC", 99_010.0), ("ETH", 3_361.5)):
        at_okx(door, base, price)
        at_bybit(door, base, price)
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


async def test_every_source_of_a_dollar_price_is_kept_as_a_witness(clock: FakeClock, door: FakeDoor) -> None:
    legs = (await FxSources(door, clock).legs()).legs
    told = [(leg.base, leg.source.split()[0], leg.price, leg.taken_ms) for leg in legs.witnesses]
    assert sorted(told) == [
        ("BTC", "binance", 99_000.0, NOW),
        ("BTC", "bybit", 99_010.0, NOW - 200),
        ("BTC", "okx", 99_010.0, NOW - 100),
        ("ETH", "binance", 3_361.0, NOW),
        ("ETH", "bybit", 3_361.5, NOW - 200),
        ("ETH", "okx", 3_361.5, NOW - 100),
    ]


async def test_a_source_that_the_two_others_contradict_is_not_used(clock: FakeClock, door: FakeDoor) -> None:
    """Binance 3 % too dear for both: the rate would be 3 % too low, and every premium 3 % too high."""
    dear = [{**row, "bidPrice": str(float(row["bidPrice"]) * 1.03), "askPrice": str(float(row["askPrice"]) * 1.03)}
            for row in BEST]  # fmt: skip
    door.says(*BINANCE, dear)
    legs = (await FxSources(door, clock).legs()).legs
    assert legs.btc_usdt is not None and legs.eth_usdt is not None
    assert (legs.btc_usdt.source, legs.eth_usdt.source) == ("okx /api/v5/market/ticker", "okx /api/v5/market/ticker")


async def test_without_binance_the_others_tell_the_price(clock: FakeClock, door: FakeDoor) -> None:
    door.says(*BINANCE, {"code": 0, "msg": "restricted location"}, status=451)
    answer = await FxSources(door, clock).legs()
    assert answer.legs.btc_usdt is not None and answer.legs.btc_usdt.price == 99_010.0
    assert answer.missing == {"binance": "HTTP 451, not served to this place"}


async def test_two_sources_that_contradict_each_other_give_no_leg(clock: FakeClock, door: FakeDoor) -> None:
    door.fails(*BINANCE)
    at_bybit(door, "BTC", 99_010.0 * 1.011)
    legs = (await FxSources(door, clock).legs()).legs
    assert legs.btc_usdt is None and legs.eth_usdt is not None


async def test_a_leg_that_is_one_sided_or_absent_is_none(clock: FakeClock, door: FakeDoor) -> None:
    door.says(*BINANCE, [{**BEST[0], "bidPrice": "0.00000000"}, {**BEST[1], "askPrice": ""}])
    door.fails(*OKX)
    door.fails(*BYBIT)
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


async def test_a_silence_of_coinbase_is_soon_over_and_the_price_before_it_stays(
    clock: FakeClock, door: FakeDoor
) -> None:
    sources = FxSources(door, clock)
    door.says(*COINBASE, b"<html>", status=503)
    assert (await sources.legs()).legs.usdt_usd is None
    assert (await sources.legs()).missing["coinbase"] == "asked a moment ago, without an answer"
    door.says(*COINBASE, {"bid": "0.9990", "ask": "0.9992"})
    await clock.advance(5)
    told = (await sources.legs()).legs.usdt_usd
    assert told is not None and told.value == pytest.approx(0.9991)
    door.says(*COINBASE, b"<html>", status=503)
    await clock.advance(600)
    assert (await sources.legs()).legs.usdt_usd == told
    await clock.advance(1)
    assert (await sources.legs()).legs.usdt_usd is None


async def test_a_last_price_stands_in_for_a_one_sided_dollar(clock: FakeClock, door: FakeDoor) -> None:
    door.says(*COINBASE, {"bid": "", "ask": "0.9998", "price": "0.9990"})
    answer = await FxSources(door, clock).legs()
    assert answer.legs.usdt_usd is not None and answer.legs.usdt_usd.value == 0.999
