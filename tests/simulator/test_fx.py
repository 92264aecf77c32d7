"""The banks, and Coinbase's price of a USDT, as the simulator plays them."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.venues import Venues, running_venues


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    async with running_venues() as running:
        yield running


async def test_the_posted_rate_is_an_array_of_what_was_asked_for(venues: Venues) -> None:
    path = "/fx/dunamu/v1/forex/recent"
    rows = (await venues.get(path, codes="FRX.KRWUSD,FRX.KRWJPY,FRX.KRWXXX")).json
    assert [(row["code"], row["currencyUnit"]) for row in rows] == [("FRX.KRWUSD", 1), ("FRX.KRWJPY", 100)]
    assert rows[0]["basePrice"] == venues.world.bank_rate().base_price
    assert rows[0]["timestamp"] <= venues.clock.now_ms()
    assert (await venues.get(path, codes="FRX.KRWXXX")).json == []
    assert (await venues.get(path)).json == []


async def test_the_daily_rate_is_the_days(venues: Venues) -> None:
    page = (await venues.get("/fx/er-api/v6/latest/USD")).json
    assert (page["result"], page["base_code"], page["rates"]["USD"]) == ("success", "USD", 1)
    assert page["rates"]["KRW"] == pytest.approx(venues.world.bank_rate().base_price, rel=0.02)
    assert 0 <= venues.clock.now_ms() // 1000 - page["time_last_update_unix"] < 86_400
    unknown = (await venues.get("/fx/er-api/v6/latest/ABC")).json
    assert unknown == {"result": "error", "error-type": "unsupported-code"}


async def test_asking_the_daily_rate_too_often_is_answered_429_for_twenty_minutes(venues: Venues) -> None:
    for _ in range(10):
        assert (await venues.get("/fx/er-api/v6/latest/USD")).status == 200
    assert (await venues.get("/fx/er-api/v6/latest/USD")).status == 429
    await venues.clock.advance(19 * 60)
    assert (await venues.get("/fx/er-api/v6/latest/USD")).status == 429
    await venues.clock.advance(2 * 60)
    assert (await venues.get("/fx/er-api/v6/latest/USD")).status == 200


async def test_coinbase_prices_a_usdt_near_a_dollar(venues: Venues) -> None:
    row = (await venues.get("/coinbase/products/USDT-USD/ticker")).json
    assert float(row["bid"]) < float(row["ask"])
    assert float(row["price"]) == pytest.approx(1.0, abs=0.002)
    unknown = await venues.get("/coinbase/products/NOSUCH-USD/ticker")
    assert (unknown.status, unknown.json) == (404, {"message": "NotFound"})


async def test_coinbase_refuses_a_nameless_client_and_more_than_fifteen_at_once(venues: Venues) -> None:
    assert (await venues.get("/coinbase/currencies/BTC", {"User-Agent": ""})).status == 400
    statuses = [(await venues.get("/coinbase/currencies/BTC")).status for _ in range(16)]
    assert statuses == [200] * 15 + [429]
