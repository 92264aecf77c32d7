"""CoinGecko is asked rarely: what is kept, for how long, by which name, and what a failure leaves behind."""

from collections.abc import Collection

import pytest

from analysis.fetching.coingecko import CoinGecko
from analysis.quotes import NotListed, Silent
from analysis.tokenomics import MarketCap
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor

MARKETS = "/api/v3/coins/markets"
ROW = {"id": "quarx", "symbol": "qrx", "name": "Quarx", "market_cap": 1e6, "market_cap_rank": 900}
TWIN = {**ROW, "id": "quarx-two", "market_cap_rank": 12}


class Registry:
    """Knows one contract, and counts how often it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    async def ids(self, symbol: str, contracts: Collection[str]) -> tuple[str, ...]:
        self.asked += 1
        return ("quarx",) if "0x1" in contracts else ()


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    door = FakeDoor(clock)
    door.says("coingecko", MARKETS, [ROW], vs_currency="usd", ids="quarx")
    door.says("coingecko", MARKETS, [ROW, TWIN], vs_currency="usd", symbols="qrx", include_tokens="all")
    return door


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def gecko(clock: FakeClock, door: FakeDoor, registry: Registry) -> CoinGecko:
    return CoinGecko(door, clock, registry.ids, api_key="demo")


async def test_a_contract_is_kept_a_day_and_a_cap_a_minute(
    gecko: CoinGecko, clock: FakeClock, door: FakeDoor, registry: Registry
) -> None:
    for _ in range(2):
        cap = await gecko.market_cap("QRX", ["0x1"])
        assert isinstance(cap, MarketCap) and (cap.coin_id, cap.matched_by) == ("quarx", "contract")
    assert (len(door.asked), registry.asked) == (1, 1)
    assert door.asked[0].headers == {"x-cg-demo-api-key": "demo"}
    await clock.advance(60)
    await gecko.market_cap("QRX", ["0x1"])
    assert (len(door.asked), registry.asked) == (2, 1)
    await clock.advance(86_400)
    await gecko.market_cap("QRX", ["0x1"])
    assert (len(door.asked), registry.asked) == (3, 2)


async def test_without_a_known_contract_the_best_rank_of_that_symbol_is_taken_and_marked(gecko: CoinGecko) -> None:
    cap = await gecko.market_cap("QRX", ["0x2"])
    assert isinstance(cap, MarketCap) and (cap.coin_id, cap.matched_by) == ("quarx-two", "symbol")


async def test_an_unknown_symbol_is_not_listed_and_asked_for_again_after_an_hour(
    gecko: CoinGecko, clock: FakeClock, door: FakeDoor
) -> None:
    door.says("coingecko", MARKETS, [], symbols="nosuch")
    for _ in range(3):
        assert await gecko.market_cap("NOSUCH") == NotListed()
    assert len(door.asked) == 1
    await clock.advance(3_600)
    await gecko.market_cap("NOSUCH")
    assert len(door.asked) == 2


async def test_a_row_of_another_symbol_is_nobodys(gecko: CoinGecko, door: FakeDoor) -> None:
    door.says("coingecko", MARKETS, [ROW], symbols="nova")
    assert await gecko.market_cap("NOVA") == NotListed()


async def test_a_limit_is_a_silence_and_nothing_of_it_is_kept(gecko: CoinGecko, door: FakeDoor) -> None:
    door.says("coingecko", MARKETS, {"status": {"error_code": 429}}, status=429)
    assert await gecko.market_cap("QRX") == Silent("HTTP 429, too many requests")
    door.says("coingecko", MARKETS, [ROW])
    assert isinstance(await gecko.market_cap("QRX"), MarketCap)
