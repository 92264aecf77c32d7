"""Gate, KuCoin, Bitget, MEXC, HTX, Coinbase and Kraken as the simulator plays them: limits, absences, early markets."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.venues import Venues, running_venues

AGENT = {"User-Agent": "tests"}


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    async with running_venues() as running:
        yield running


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("/gate/api/v4/spot/tickers", {"currency_pair": "NO_USDT"}, 400, "INVALID_CURRENCY_PAIR"),
        ("/gate/api/v4/spot/currencies/NO", {}, 400, "INVALID_CURRENCY"),
        ("/gate/api/v4/futures/usdt/contracts/NO_USDT", {}, 400, "CONTRACT_NOT_FOUND"),
        ("/kucoin/api/v1/market/orderbook/level2_100", {"symbol": "NO-USDT"}, 200, "400100"),
        ("/kucoin/api/v3/currencies/NO", {}, 200, "900001"),
        ("/kucoin-futures/api/v1/contracts/BTCUSDTM", {}, 200, "400100"),
        ("/bitget/api/v2/spot/market/tickers", {"symbol": "NOUSDT"}, 400, "40034"),
        ("/bitget/api/v2/spot/public/coins", {"coin": "NO"}, 400, "40034"),
        ("/mexc/api/v3/depth", {"symbol": "NOUSDT"}, 400, "-1121"),
        ("/mexc/api/v1/contract/ticker", {"symbol": "NO_USDT"}, 200, "1001"),
        ("/htx/market/detail/merged", {"symbol": "nousdt"}, 200, "invalid symbol"),
        ("/htx/market/detail/merged", {"symbol": "BTCUSDT"}, 200, "invalid symbol"),
        ("/htx-futures/linear-swap-ex/market/depth", {"contract_code": "NO-USDT"}, 200, "1332"),
        ("/coinbase/products/NO-USD/ticker", {}, 404, "NotFound"),
        ("/coinbase/currencies/NO", {}, 404, "NotFound"),
        ("/kraken/0/public/Ticker", {"pair": "NOUSD"}, 200, "EQuery:Unknown asset pair"),
        ("/kraken/0/public/Ticker", {"pair": "XBTUSD,NOUSD"}, 200, "EQuery:Unknown asset pair"),
        ("/kraken/0/public/Assets", {"asset": "NO"}, 200, "EQuery:Unknown asset"),
    ],
)
async def test_what_is_not_there_is_refused_in_each_ones_words(
    venues: Venues, path: str, query: dict[str, str], status: int, said: str
) -> None:
    answer = await venues.get(path, AGENT, **query)
    assert answer.status == status
    assert said in answer.text


async def test_an_unknown_pair_of_kucoins_statistics_has_nulls(venues: Venues) -> None:
    answer = await venues.get("/kucoin/api/v1/market/stats", symbol="NO-USDT")
    assert (answer.json["code"], answer.json["data"]["last"]) == ("200000", None)


@pytest.mark.parametrize(
    ("path", "allowed", "span_s", "status", "said"),
    [
        ("/gate/api/v4/spot/currencies/BTC", 200, 10, 429, "TOO_MANY_REQUESTS"),
        ("/kucoin/api/v1/market/stats?symbol=BTC-USDT", 133, 30, 429, "429000"),
        ("/bitget/api/v2/spot/public/coins?coin=BTC", 3, 1, 429, "429"),
        ("/mexc/api/v3/exchangeInfo", 30, 10, 429, "429"),
        ("/mexc/api/v1/contract/detail?symbol=BTC_USDT", 20, 2, 429, "510"),
        ("/htx/v2/reference/currencies?currency=btc", 120, 3, 429, "too-many"),
        ("/coinbase/currencies/BTC", 15, 2, 429, "rate limit"),
        ("/kraken/0/public/Ticker?pair=XBTUSD", 20, 25, 200, "EGeneral:Too many requests"),
    ],
)
async def test_who_asks_too_often_is_told_so_until_the_span_is_over(
    venues: Venues, path: str, allowed: int, span_s: int, status: int, said: str
) -> None:
    name, _, query = path.partition("?")
    asked = dict([query.split("=")]) if query else {}
    for _ in range(allowed):
        assert said not in (await venues.get(name, AGENT, **asked)).text
    refused = await venues.get(name, AGENT, **asked)
    assert (refused.status, said in refused.text) == (status, True)
    assert venues.counters.of(path.split("/")[1]).limit_hits == 1
    await venues.clock.advance(span_s)
    assert said not in (await venues.get(name, AGENT, **asked)).text


async def test_before_its_opening_a_market_is_shown_without_figures(venues: Venues) -> None:
    for venue in ("gate", "kucoin", "bitget", "mexc", "htx", "coinbase", "kraken"):
        venues.entry(venue, "ETH").live = False
    gate = await venues.get("/gate/api/v4/spot/tickers", currency_pair="ETH_USDT")
    assert (gate.json[0]["last"], gate.json[0]["highest_bid"]) == ("", "")
    pairs = await venues.get("/gate/api/v4/spot/currency_pairs")
    assert {row["id"]: row["trade_status"] for row in pairs.json}["ETH_USDT"] == "untradable"
    chains = await venues.get("/kucoin/api/v3/currencies/ETH")
    assert chains.json["data"]["chains"] is None
    bitget = await venues.get("/bitget/api/v2/spot/market/tickers", symbol="ETHUSDT")
    assert bitget.json["data"][0]["lastPr"] == "0"
    mexc = await venues.get("/mexc/api/v3/ticker/24hr", symbol="ETHUSDT")
    assert (mexc.json["bidPrice"], mexc.json["quoteVolume"]) == ("", None)
    htx = await venues.get("/htx/market/detail/merged", symbol="ethusdt")
    assert htx.json["err-msg"] == "symbol trade not open now"
    coinbase = await venues.get("/coinbase/products", AGENT)
    assert next(row for row in coinbase.json if row["id"] == "ETH-USD")["trading_disabled"] is True
    kraken = await venues.get("/kraken/0/public/Ticker", pair="ETHUSD")
    assert kraken.json["result"]["XETHZUSD"]["c"][0] == "0.00000"


async def test_dollar_markets_agree_on_what_a_usdt_costs(venues: Venues) -> None:
    coinbase = await venues.get("/coinbase/products/USDT-USD/ticker", AGENT)
    kraken = await venues.get("/kraken/0/public/Ticker", pair="USDTUSD")
    asks = (float(coinbase.json["ask"]), float(kraken.json["result"]["USDTZUSD"]["a"][0]))
    assert asks[0] == pytest.approx(asks[1], rel=1e-9)
    assert 0.999 < asks[0] < 1.001


async def test_coinbase_wants_to_know_who_asks(venues: Venues) -> None:
    answer = await venues.get("/coinbase/products", {"User-Agent": ""})
    assert (answer.status, answer.json["message"]) == (400, "User-Agent header is required.")


async def test_limits_are_told_in_headers(venues: Venues) -> None:
    gate = await venues.get("/gate/api/v4/spot/currencies/BTC")
    assert gate.headers["X-Gate-RateLimit-Requests-Remain"] == "199"
    kucoin = await venues.get("/kucoin/api/v1/market/stats", symbol="BTC-USDT")
    assert kucoin.headers["gw-ratelimit-remaining"] == "1985"


async def test_a_kraken_asset_has_one_status_for_all_its_chains(venues: Venues) -> None:
    venues.entry("kraken", "ETH").withdrawal = False
    answer = await venues.get("/kraken/0/public/Assets", asset="ETH")
    assert answer.json["result"]["XETH"]["status"] == "deposit_only"
