"""Binance as the simulator plays it: shapes, weights, bans, errors, and what a market shows before it opens."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.venues import Venues, running_venues

SPOT = "/binance/api/v3"
PERP = "/binance-futures/fapi/v1"


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    async with running_venues() as running:
        yield running


async def test_the_ticker_is_text_and_its_quotes_are_those_of_the_book(venues: Venues) -> None:
    ticker = (await venues.get(f"{SPOT}/ticker/24hr", symbol="BTCUSDT")).json
    depth = (await venues.get(f"{SPOT}/depth", symbol="BTCUSDT", limit="5")).json
    best = (await venues.get(f"{SPOT}/ticker/bookTicker", symbol="BTCUSDT")).json
    assert (ticker["bidPrice"], ticker["askPrice"]) == (depth["bids"][0][0], depth["asks"][0][0])
    assert (best["bidPrice"], best["askQty"]) == (depth["bids"][0][0], depth["asks"][0][1])
    assert len(depth["bids"]) == len(depth["asks"]) == 5
    assert ticker["closeTime"] == venues.clock.now_ms()
    assert all(isinstance(ticker[name], str) for name in ("lastPrice", "quoteVolume", "weightedAvgPrice"))
    assert set(depth) == {"lastUpdateId", "bids", "asks"}


async def test_exchange_info_lists_what_the_tickers_know(venues: Venues) -> None:
    info = (await venues.get(f"{SPOT}/exchangeInfo")).json
    prices = (await venues.get(f"{SPOT}/ticker/price")).json
    assert {row["symbol"] for row in info["symbols"]} == {row["symbol"] for row in prices}
    assert {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000} in info[
        "rateLimits"
    ]
    assert {row["status"] for row in info["symbols"]} == {"TRADING"}


async def test_a_market_that_has_not_opened_is_listed_without_prices(venues: Venues) -> None:
    venues.entry("binance", "DOGE").live = False
    ticker = (await venues.get(f"{SPOT}/ticker/24hr", symbol="DOGEUSDT")).json
    depth = (await venues.get(f"{SPOT}/depth", symbol="DOGEUSDT")).json
    info = (await venues.get(f"{SPOT}/exchangeInfo", symbol="DOGEUSDT")).json
    assert (ticker["lastPrice"], ticker["bidPrice"]) == ("0.00000000", "0.00000000")
    assert (depth["bids"], depth["asks"]) == ([], [])
    assert info["symbols"][0]["status"] == "BREAK"
    assert (await venues.get(f"{SPOT}/klines", symbol="DOGEUSDT", interval="1m")).json == []


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        (f"{SPOT}/depth", {"symbol": "NOSUCHUSDT"}, -1121),
        (f"{SPOT}/depth", {"symbol": "BTCEUR"}, -1121),
        (f"{SPOT}/depth", {}, -1102),
        (f"{SPOT}/ticker/24hr", {"symbol": "btcusdt"}, -1100),
        (f"{SPOT}/ticker/24hr", {"symbols": '["BTCUSDT","NOSUCHUSDT"]'}, -1121),
        (f"{SPOT}/ticker/24hr", {"symbols": "BTCUSDT"}, -1100),
        (f"{SPOT}/ticker/price", {"symbol": "BTCUSDT", "symbols": '["ETHUSDT"]'}, -1128),
        (f"{SPOT}/klines", {"symbol": "BTCUSDT", "interval": "2m"}, -1120),
        (f"{SPOT}/exchangeInfo", {"symbolStatus": "OPEN"}, -1122),
        (f"{PERP}/premiumIndex", {"symbol": "SHIBUSDT"}, -1121),
    ],
)
async def test_errors_carry_binances_own_code(venues: Venues, path: str, query: dict[str, str], code: int) -> None:
    answer = await venues.get(path, **query)
    assert (answer.status, answer.json["code"]) == (400, code)
    assert "X-MBX-USED-WEIGHT-1M" in answer.headers


async def test_weight_adds_up_by_the_minute(venues: Venues) -> None:
    async def used(path: str, **query: str) -> int:
        return int((await venues.get(SPOT + path, **query)).headers["X-MBX-USED-WEIGHT-1M"])

    assert await used("/ticker/24hr", symbol="BTCUSDT") == 2
    assert await used("/depth", symbol="BTCUSDT", limit="100") == 7
    assert await used("/depth", symbol="BTCUSDT", limit="500") == 32
    assert await used("/ticker/24hr") == 112
    assert await used("/ticker/bookTicker", symbols='["BTCUSDT","ETHUSDT"]') == 116
    await venues.clock.advance(60)
    assert await used("/ping") == 1


async def test_too_much_weight_is_429_and_going_on_is_a_ban(venues: Venues) -> None:
    for _ in range(24):
        assert (await venues.get(f"{SPOT}/depth", symbol="BTCUSDT", limit="5000")).status == 200
    limited = await venues.get(f"{SPOT}/depth", symbol="BTCUSDT", limit="5000")
    assert (limited.status, limited.json["code"]) == (429, -1003)
    assert 1 <= int(limited.headers["Retry-After"]) <= 60
    statuses = [(await venues.get(f"{SPOT}/ping")).status for _ in range(6)]
    assert statuses == [429, 429, 429, 429, 418, 418]
    banned = await venues.get(f"{SPOT}/ping")
    assert banned.headers["Retry-After"] == "120"
    assert str(venues.clock.now_ms() + 120_000) in banned.json["msg"]
    assert (await venues.get(f"{PERP}/ping")).status == 200  # another host, another count
    await venues.clock.advance(121)
    assert (await venues.get(f"{SPOT}/ping")).status == 200
    assert venues.counters.of("binance").limit_hits == 8


async def test_a_multiplied_perpetual_shows_a_thousand_coins(venues: Venues) -> None:
    entry = venues.entry("binance", "SHIB")
    entry.perp = True
    perp = venues.world.venue("binance").perp("SHIB")
    assert perp is not None
    premium = (await venues.get(f"{PERP}/premiumIndex", symbol="1000SHIBUSDT")).json
    depth = (await venues.get(f"{PERP}/depth", symbol="1000SHIBUSDT", limit="5")).json
    assert float(premium["markPrice"]) == pytest.approx(perp.mark * 1000, rel=1e-6)
    assert float(depth["bids"][0][1]) == pytest.approx(perp.bid_size / 1000)
    names = [row["baseAsset"] for row in (await venues.get(f"{PERP}/exchangeInfo")).json["symbols"]]
    assert "1000SHIB" in names


async def test_klines_from_a_start_are_whole_minutes_oldest_first(venues: Venues) -> None:
    start = venues.clock.now_ms() - 10 * 60_000 + 1
    rows = (await venues.get(f"{SPOT}/klines", symbol="BTCUSDT", interval="1m", startTime=str(start))).json
    assert [row[0] % 60_000 for row in rows] == [0] * len(rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert rows[0][0] >= start
    assert rows[-1][0] <= venues.clock.now_ms() < rows[-1][0] + 60_000
    few = (await venues.get(f"{SPOT}/klines", symbol="BTCUSDT", interval="1m", startTime=str(start), limit="3")).json
    assert [row[0] for row in few] == [row[0] for row in rows[:3]]


async def test_only_a_key_opens_the_transfer_state(venues: Venues) -> None:
    path = "/binance/sapi/v1/capital/config/getall"
    refused = await venues.get(path)
    assert (refused.status, refused.json["code"]) == (401, -2014)
    venues.entry("binance", "ETH").withdrawal = False
    unsigned = await venues.get(path, {"X-MBX-APIKEY": "any"})
    assert (unsigned.status, unsigned.json["code"]) == (400, -1102)
    late = await venues.get(path, {"X-MBX-APIKEY": "any"}, signature="s", timestamp=str(venues.clock.now_ms() - 6_000))
    assert late.json["code"] == -1021
    signed = {"signature": "s", "timestamp": str(venues.clock.now_ms())}
    coins = {row["coin"]: row for row in (await venues.get(path, {"X-MBX-APIKEY": "any"}, **signed)).json}
    networks = {row["network"]: row for row in coins["ETH"]["networkList"]}
    assert set(networks) == {"ETH", "ARBITRUM", "OPTIMISM", "BASE"}
    assert (networks["ETH"]["depositEnable"], networks["ETH"]["withdrawEnable"]) == (True, False)
    assert networks["ETH"]["withdrawDesc"]


@pytest.mark.parametrize(("key", "reads", "trades"), [("OUR-READ", True, False), ("OUR-TRADE", True, True)])
async def test_what_a_key_may_do_goes_by_its_text(venues: Venues, key: str, reads: bool, trades: bool) -> None:
    signed = {"signature": "s", "timestamp": str(venues.clock.now_ms())}
    path = "/binance/sapi/v1/account/apiRestrictions"
    told = (await venues.get(path, {"X-MBX-APIKEY": key}, **signed)).json
    assert (told["enableReading"], told["enableSpotAndMarginTrading"], told["enableWithdrawals"]) == (
        reads,
        trades,
        False,
    )
    stranger = await venues.get(path, {"X-MBX-APIKEY": "stranger"}, **signed)
    assert (stranger.status, stranger.json["code"]) == (401, -2015)
