"""CoinGecko as the simulator plays it: ids, caps, what is unknown of a new coin, and the keyless limit."""

from collections.abc import AsyncIterator

import pytest

from simulator.world.universe import invented_coin
from tests.fakes.venues import Venues, running_venues

V3 = "/coingecko/api/v3"


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    async with running_venues() as running:
        yield running


async def test_the_list_names_chains_only_when_asked_to(venues: Venues) -> None:
    bare = (await venues.get(f"{V3}/coins/list")).json
    full = (await venues.get(f"{V3}/coins/list", include_platform="true")).json
    assert "platforms" not in bare[0]
    platforms = {row["id"]: row["platforms"] for row in full}
    assert platforms["chainlink"]["ethereum"].startswith("0x")
    assert platforms["bitcoin"] == {}


async def test_a_cap_is_price_times_circulating_supply(venues: Venues) -> None:
    rows = (await venues.get(f"{V3}/coins/markets", vs_currency="usd", ids="bitcoin,ethereum")).json
    assert [row["id"] for row in rows] == ["bitcoin", "ethereum"]
    for row in rows:
        assert row["market_cap"] == pytest.approx(row["current_price"] * row["circulating_supply"], rel=1e-3)


async def test_what_nobody_knows_of_a_new_coin_is_null_or_zero(venues: Venues) -> None:
    coin = invented_coin(1, "NEWLY")
    venues.world.add_coin(coin)
    row = (await venues.get(f"{V3}/coins/markets", vs_currency="usd", symbols="newly")).json[0]
    assert (row["market_cap"], row["circulating_supply"], row["market_cap_rank"]) == (None, None, None)
    detail = (await venues.get(f"{V3}/coins/{row['id']}")).json
    assert (detail["market_data"]["market_cap"], detail["preview_listing"]) == ({"usd": 0}, True)


async def test_an_unknown_id_is_404_or_nothing(venues: Venues) -> None:
    missing = await venues.get(f"{V3}/coins/no-such-coin")
    assert (missing.status, missing.json) == (404, {"error": "coin not found"})
    assert (await venues.get(f"{V3}/simple/price", ids="no-such-coin", vs_currencies="usd")).json == {}
    assert (await venues.get(f"{V3}/coins/markets")).status == 422


async def test_search_and_ping_answer(venues: Venues) -> None:
    found = (await venues.get(f"{V3}/search", query="btc")).json["coins"]
    assert [coin["id"] for coin in found] == ["bitcoin"]
    assert "gecko_says" in (await venues.get(f"{V3}/ping")).json


async def test_without_a_key_fifteen_a_minute_are_answered(venues: Venues) -> None:
    for _ in range(15):
        assert (await venues.get(f"{V3}/ping")).status == 200
    limited = await venues.get(f"{V3}/ping")
    assert (limited.status, limited.json["status"]["error_code"]) == (429, 429)
    assert limited.headers["Retry-After"] == "60"
    assert (await venues.get(f"{V3}/ping", {"x-cg-demo-api-key": "any"})).status == 200
    await venues.clock.advance(60)
    assert (await venues.get(f"{V3}/ping")).status == 200
