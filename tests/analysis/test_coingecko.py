"""CoinGecko is asked rarely: what is kept, for how long, and what a failure leaves behind."""

import pytest

from analysis.coingecko import CoinGecko
from analysis.quotes import NotListed, Silent
from analysis.tokenomics import MarketCap
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor

LIST, MARKETS = "/api/v3/coins/list", "/api/v3/coins/markets"
ROW = {
    "id": "quarx",
    "symbol": "qrx",
    "name": "Quarx",
    "current_price": 0.02,
    "market_cap": 1e6,
    "market_cap_rank": 900,
}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    door = FakeDoor(clock)
    door.says("coingecko", LIST, [{"id": "quarx", "symbol": "qrx", "name": "Quarx", "platforms": {"ethereum": "0x1"}}])
    door.says("coingecko", MARKETS, [ROW], vs_currency="usd", ids="quarx")
    return door


async def test_the_map_is_kept_a_day_and_a_cap_a_minute(clock: FakeClock, door: FakeDoor) -> None:
    gecko = CoinGecko(door, clock, api_key="demo")
    for _ in range(2):
        cap = await gecko.market_cap("QRX", ["0x1"])
        assert isinstance(cap, MarketCap) and cap.matched_by == "contract"
    assert [asked.path for asked in door.asked] == [LIST, MARKETS]
    assert door.asked[0].headers == {"x-cg-demo-api-key": "demo"}
    await clock.advance(60)
    await gecko.market_cap("QRX", ["0x1"])
    assert [asked.path for asked in door.asked] == [LIST, MARKETS, MARKETS]
    await clock.advance(86_400)
    await gecko.market_cap("QRX", ["0x1"])
    assert [asked.path for asked in door.asked][-2:] == [LIST, MARKETS]


async def test_an_unknown_symbol_is_not_listed_and_not_asked_for_again(clock: FakeClock, door: FakeDoor) -> None:
    gecko = CoinGecko(door, clock)
    for _ in range(3):
        assert await gecko.market_cap("NOSUCH") == NotListed()
    assert [asked.path for asked in door.asked] == [LIST]


async def test_a_limit_is_a_silence_and_nothing_of_it_is_kept(clock: FakeClock, door: FakeDoor) -> None:
    door.says("coingecko", MARKETS, {"status": {"error_code": 429}}, status=429)
    gecko = CoinGecko(door, clock)
    assert await gecko.market_cap("QRX") == Silent("HTTP 429, too many requests")
    door.says("coingecko", MARKETS, [ROW])
    assert isinstance(await gecko.market_cap("QRX"), MarketCap)


async def test_a_coin_without_a_row_is_unknown_for_now(clock: FakeClock, door: FakeDoor) -> None:
    door.says("coingecko", MARKETS, [])
    assert isinstance(await CoinGecko(door, clock).market_cap("QRX"), Silent)
