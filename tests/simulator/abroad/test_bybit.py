"""Bybit as the simulator plays it: retCodes in HTTP 200, pages, pre-market, and the 403 of those who ask too often."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.venues import Venues, running_venues

MARKET = "/bybit/v5/market"


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    async with running_venues() as running:
        yield running


async def test_a_spot_ticker_agrees_with_its_book(venues: Venues) -> None:
    answer = await venues.get(f"{MARKET}/tickers", category="spot", symbol="BTCUSDT")
    row = answer.json["result"]["list"][0]
    book = (await venues.get(f"{MARKET}/orderbook", category="spot", symbol="BTCUSDT", limit="3")).json["result"]
    assert (answer.json["retCode"], answer.json["time"]) == (0, venues.clock.now_ms())
    assert (row["bid1Price"], row["ask1Price"]) == (book["b"][0][0], book["a"][0][0])
    assert len(book["b"]) == 3
    assert all(isinstance(value, str) for value in row.values())


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("tickers", {"category": "spot", "symbol": "NOSUCHUSDT"}),
        ("tickers", {"category": "linear", "symbol": "SHIBUSDT"}),
        ("orderbook", {"category": "linear", "symbol": "NOSUCHUSDT"}),
        ("kline", {"category": "spot", "symbol": "BTCUSDT", "interval": "7"}),
        ("tickers", {"symbol": "BTCUSDT"}),
    ],
)
async def test_a_wrong_parameter_is_10001_with_http_200(venues: Venues, path: str, query: dict[str, str]) -> None:
    answer = await venues.get(f"{MARKET}/{path}", **query)
    assert (answer.status, answer.json["retCode"], answer.json["result"]) == (200, 10001, {})


async def test_an_unknown_symbol_of_the_instrument_list_is_an_empty_list(venues: Venues) -> None:
    answer = await venues.get(f"{MARKET}/instruments-info", category="linear", symbol="NOSUCHUSDT")
    assert (answer.json["retCode"], answer.json["result"]["list"]) == (0, [])


async def test_the_pages_of_the_linear_list_hold_each_perpetual_once(venues: Venues) -> None:
    path, found, cursor = f"{MARKET}/instruments-info", list[str](), ""
    whole = (await venues.get(path, category="linear", limit="1000")).json["result"]
    assert whole["nextPageCursor"] == ""
    for _ in range(20):
        page = (await venues.get(path, category="linear", limit="7", cursor=cursor)).json["result"]
        found += [row["symbol"] for row in page["list"]]
        cursor = page["nextPageCursor"]
        if not cursor:
            break
    assert found == [row["symbol"] for row in whole["list"]]
    assert len(found) == len(set(found)) > 7


async def test_multiplied_perpetuals_carry_their_factor_before_or_after(venues: Venues) -> None:
    for base in ("PEPE", "SHIB"):
        venues.entry("bybit", base).perp = True
    rows = (await venues.get(f"{MARKET}/tickers", category="linear")).json["result"]["list"]
    names = {row["symbol"] for row in rows}
    assert {"1000PEPEUSDT", "SHIB1000USDT"} <= names
    perp = venues.world.venue("bybit").perp("SHIB")
    assert perp is not None
    shown = next(row for row in rows if row["symbol"] == "SHIB1000USDT")
    assert float(shown["markPrice"]) == pytest.approx(perp.mark * 1000)


async def test_a_pre_market_perpetual_has_a_list_of_its_own_and_empty_texts(venues: Venues) -> None:
    entry = venues.entry("bybit", "DOGE")
    entry.perp, entry.live = True, False
    path = f"{MARKET}/instruments-info"
    trading = (await venues.get(path, category="linear", symbol="DOGEUSDT")).json["result"]["list"]
    early = (await venues.get(path, category="linear", symbol="DOGEUSDT", status="PreLaunch")).json["result"]["list"]
    ticker = (await venues.get(f"{MARKET}/tickers", category="linear", symbol="DOGEUSDT")).json["result"]["list"][0]
    spot = (await venues.get(f"{MARKET}/tickers", category="spot", symbol="DOGEUSDT")).json["result"]["list"][0]
    assert trading == []
    assert (early[0]["status"], early[0]["isPreListing"]) == ("PreLaunch", True)
    assert (ticker["markPrice"], ticker["fundingRate"], ticker["curPreListingPhase"]) == ("", "", "CallAuction")
    assert (spot["lastPrice"], spot["bid1Price"]) == ("0", "0")


async def test_who_asks_too_often_is_shut_out_for_ten_minutes(venues: Venues) -> None:
    for _ in range(600):
        assert (await venues.get(f"{MARKET}/time")).status == 200
    shut = await venues.get(f"{MARKET}/time")
    assert (shut.status, shut.text) == (403, "access too frequent")
    await venues.clock.advance(599)
    assert (await venues.get(f"{MARKET}/time")).status == 403
    await venues.clock.advance(2)
    assert (await venues.get(f"{MARKET}/time")).status == 200


async def test_a_closed_withdrawal_has_no_fee(venues: Venues) -> None:
    path = "/bybit/v5/asset/coin/query-info"
    assert (await venues.get(path, coin="ETH")).json["retCode"] == 10003
    venues.entry("bybit", "ETH").withdrawal = False
    rows = (await venues.get(path, signed("any"), coin="ETH")).json["result"]["rows"]
    chain = {row["chain"]: row for row in rows[0]["chains"]}["ETH"]
    assert (chain["chainDeposit"], chain["chainWithdraw"], chain["withdrawFee"]) == ("1", "0", "")


def signed(key: str) -> dict[str, str]:
    return {"X-BAPI-API-KEY": key, "X-BAPI-SIGN": "s", "X-BAPI-TIMESTAMP": "1"}


@pytest.mark.parametrize(("key", "read_only", "spot"), [("OUR-READ", 1, []), ("OUR-TRADE", 0, ["SpotTrade"])])
async def test_what_a_key_may_do_goes_by_its_text(venues: Venues, key: str, read_only: int, spot: list[str]) -> None:
    told = (await venues.get("/bybit/v5/user/query-api", signed(key))).json["result"]
    assert (told["readOnly"], told["permissions"]["Spot"]) == (read_only, spot)
    stranger = await venues.get("/bybit/v5/user/query-api", signed("stranger"))
    assert stranger.json["retCode"] == 10003
    half = await venues.get("/bybit/v5/user/query-api", {"X-BAPI-API-KEY": key})
    assert half.json["retCode"] == 10004
