"""OKX as the simulator plays it: envelopes, texts, contracts, limits, errors with and without HTTP 200."""

from collections.abc import AsyncIterator

import pytest

from tests.fakes.venues import Venues, running_venues

V5 = "/okx/api/v5"


@pytest.fixture
async def venues() -> AsyncIterator[Venues]:
    async with running_venues() as running:
        yield running


def texts(value: object) -> bool:
    """Whether everything at the ends of this value is text (or a flag)."""
    if isinstance(value, dict):
        return all(map(texts, value.values()))
    if isinstance(value, list):
        return all(map(texts, value))
    return isinstance(value, str | bool)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("market/ticker", {"instId": "BTC-USDT"}),
        ("market/ticker", {"instId": "BTC-USDT-SWAP"}),
        ("market/tickers", {"instType": "SPOT"}),
        ("market/books", {"instId": "BTC-USDT", "sz": "100"}),
        ("market/trades", {"instId": "BTC-USDT-SWAP", "limit": "5"}),
        ("market/candles", {"instId": "BTC-USDT", "limit": "5"}),
        ("public/instruments", {"instType": "SWAP"}),
        ("public/funding-rate", {"instId": "ANY"}),
        ("public/mark-price", {"instType": "SWAP"}),
        ("public/time", {}),
    ],
)
async def test_everything_is_text_in_the_envelope(venues: Venues, path: str, query: dict[str, str]) -> None:
    answer = await venues.get(f"{V5}/{path}", **query)
    assert (answer.status, answer.json["code"], answer.json["msg"]) == (200, "0", "")
    assert answer.json["data"]
    assert texts(answer.json)


@pytest.mark.parametrize(
    ("path", "query", "status", "code"),
    [
        ("market/ticker", {"instId": "NOSUCH-USDT"}, 200, "51001"),
        ("market/ticker", {"instId": "BTC-EUR"}, 200, "51001"),
        ("market/ticker", {}, 400, "50014"),
        ("market/books", {"instId": "BTC-USDT", "sz": "0"}, 400, "51000"),
        ("market/candles", {"instId": "BTC-USDT", "bar": "7m"}, 400, "51000"),
        ("public/instruments", {"instType": "STOCK"}, 400, "51000"),
        ("public/funding-rate", {"instId": "BTC-USDT"}, 200, "51001"),
        ("asset/currencies", {}, 401, "50103"),
        ("market/nothing", {}, 404, 404),
    ],
)
async def test_errors_have_okxs_code(
    venues: Venues, path: str, query: dict[str, str], status: int, code: str | int
) -> None:
    answer = await venues.get(f"{V5}/{path}", **query)
    assert (answer.status, answer.json["code"]) == (status, code)


async def test_too_many_requests_is_429_without_data_and_over_after_two_seconds(venues: Venues) -> None:
    for _ in range(10):
        assert (await venues.get(f"{V5}/public/time")).status == 200
    limited = await venues.get(f"{V5}/public/time")
    assert (limited.status, limited.json) == (429, {"msg": "Too Many Requests", "code": "50011"})
    assert (await venues.get(f"{V5}/market/ticker", instId="BTC-USDT")).status == 200
    await venues.clock.advance(2)
    assert (await venues.get(f"{V5}/public/time")).status == 200


async def test_limits_of_funding_count_each_instrument_apart(venues: Venues) -> None:
    for _ in range(10):
        await venues.get(f"{V5}/public/funding-rate", instId="BTC-USDT-SWAP")
    assert (await venues.get(f"{V5}/public/funding-rate", instId="BTC-USDT-SWAP")).status == 429
    assert (await venues.get(f"{V5}/public/funding-rate", instId="ETH-USDT-SWAP")).status == 200


async def test_a_swap_is_sized_in_contracts_and_a_spot_volume_is_in_usdt(venues: Venues) -> None:
    rows = (await venues.get(f"{V5}/public/instruments", instType="SWAP", instId="BTC-USDT-SWAP")).json["data"]
    size = float(rows[0]["ctVal"])
    book = venues.world.venue("okx").book("BTC", perp=True, depth=1)
    perp, spot = venues.world.venue("okx").perp("BTC"), venues.world.venue("okx").spot("BTC")
    assert book is not None and perp is not None and spot is not None
    wire = (await venues.get(f"{V5}/market/books", instId="BTC-USDT-SWAP")).json["data"][0]
    assert float(wire["bids"][0][1]) * size == pytest.approx(book.bids[0][1])
    ticker = (await venues.get(f"{V5}/market/ticker", instId="BTC-USDT-SWAP")).json["data"][0]
    assert float(ticker["volCcy24h"]) == pytest.approx(perp.volume_24h)
    ticker = (await venues.get(f"{V5}/market/ticker", instId="BTC-USDT")).json["data"][0]
    assert float(ticker["volCcy24h"]) == pytest.approx(spot.value_24h)


async def test_a_coin_margined_swap_stands_in_the_same_list(venues: Venues) -> None:
    rows = (await venues.get(f"{V5}/public/instruments", instType="SWAP")).json["data"]
    kinds = {row["instId"]: row["ctType"] for row in rows}
    assert (kinds["BTC-USD-SWAP"], kinds["BTC-USDT-SWAP"]) == ("inverse", "linear")


async def test_before_the_opening_fields_are_empty_texts(venues: Venues) -> None:
    venues.entry("okx", "BTC").live = False
    ticker = (await venues.get(f"{V5}/market/ticker", instId="BTC-USDT")).json["data"][0]
    book = (await venues.get(f"{V5}/market/books", instId="BTC-USDT")).json["data"][0]
    row = (await venues.get(f"{V5}/public/instruments", instType="SPOT", instId="BTC-USDT")).json["data"][0]
    assert (ticker["last"], ticker["lastSz"], book["bids"], book["asks"]) == ("", "0", [], [])
    assert (row["state"], row["baseCcy"]) == ("preopen", "")


async def test_candles_come_newest_first_and_after_asks_for_older_ones(venues: Venues) -> None:
    newest = (await venues.get(f"{V5}/market/candles", instId="BTC-USDT", limit="4")).json["data"]
    times = [int(row[0]) for row in newest]
    assert times == sorted(times, reverse=True)
    assert [row[8] for row in newest] == ["0", "1", "1", "1"]
    older = (await venues.get(f"{V5}/market/candles", instId="BTC-USDT", limit="2", after=str(times[1]))).json["data"]
    assert [int(row[0]) for row in older] == times[2:4]


def signed(key: str) -> dict[str, str]:
    names = ("KEY", "SIGN", "TIMESTAMP", "PASSPHRASE")
    return {f"OK-ACCESS-{name}": key if name == "KEY" else "given" for name in names}


@pytest.mark.parametrize(("key", "rights"), [("OUR-READ", "read_only"), ("OUR-TRADE", "read_only,trade")])
async def test_what_a_key_may_do_goes_by_its_text(venues: Venues, key: str, rights: str) -> None:
    told = await venues.get(f"{V5}/account/config", signed(key))
    assert told.json["data"][0]["perm"] == rights
    stranger = await venues.get(f"{V5}/account/config", signed("stranger"))
    assert (stranger.status, stranger.json["code"]) == (401, "50111")
    half = await venues.get(f"{V5}/account/config", {"OK-ACCESS-KEY": key})
    assert (half.status, half.json["code"]) == (401, "50106")


async def test_a_key_shows_one_row_a_chain(venues: Venues) -> None:
    answer = await venues.get(f"{V5}/asset/currencies", signed("any"), ccy="ETH")
    assert {row["chain"] for row in answer.json["data"]} >= {"ETH-ERC20", "ETH-Arbitrum One"}
