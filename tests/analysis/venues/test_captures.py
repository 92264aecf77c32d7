"""Payloads that were recorded from the real services, or stand in their documentation, go through the parsers."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from analysis.fetching.bank import parse_dunamu
from analysis.fetching.reading import NoAnswer, Reply
from analysis.keepers.token_list import parse_raw_coins, read_coins
from analysis.quotes import Book, Instrument, Transfers
from analysis.tokenomics import parse_market_caps
from analysis.venues import binance_wire, bybit_wire, okx_wire
from analysis.venues.assemble import PerpTicker, Ticker

pytestmark = pytest.mark.captures

RECEIVED = 1_800_000_000_000
REST_LINE = re.compile(r"^(https://\S+) -> ([\d.]+): (.*)$")


@pytest.fixture
def recorded(captures: Path) -> Path:
    return captures / "global"


def reply(body: bytes, status: int = 200) -> Reply:
    return Reply(status, body, RECEIVED, "capture")


def body_of(path: Path) -> Reply:
    """The `body` of an annotated capture, else the whole file."""
    page = json.loads(path.read_text())
    return reply(json.dumps(page.get("body", page) if isinstance(page, dict) else page).encode())


def objects(path: Path) -> list[Any]:
    """The JSON objects of a documentation example that holds several, between comments."""
    text = re.sub(r"(?m)^\s*//.*$", "", path.read_text())
    decoder, found, at = json.JSONDecoder(), [], 0
    while (at := text.find("{", at)) >= 0:
        page, at = decoder.raw_decode(text, at)
        found.append(page)
    return found


@pytest.mark.parametrize("name", ["spot_rest_depth_2021-10-12.txt", "usdm_rest_depth_2021-07-22.txt"])
def test_binance_books_are_whole_and_uncrossed(recorded: Path, name: str) -> None:
    lines = [REST_LINE.match(line) for line in (recorded / "binance" / name).read_text().splitlines()]
    pages = [line[3].encode() for line in lines if line and "/depth?" in line[1]]
    assert pages
    for page in pages:
        book = binance_wire.parse_depth(reply(page))
        assert isinstance(book, Book)
        assert len(book.bids) == len(json.loads(page)["bids"])
        assert book.bids[0][0] < book.asks[0][0]
        assert list(book.bids) == sorted(book.bids, reverse=True)


def test_binance_instruments(recorded: Path) -> None:
    spot = binance_wire.parse_spot_instruments(
        body_of(recorded / "binance" / "spot_exchangeInfo_2021-10-12.subset.json")
    )
    perps = binance_wire.parse_perp_instruments(
        body_of(recorded / "binance" / "usdm_exchangeInfo_2021-07-22.subset.json")
    )
    assert spot["BTC"] == perps["BTC"] == Instrument("BTCUSDT", "BTC")


def test_okx_instruments(recorded: Path) -> None:
    okx = recorded / "okx"
    page = json.loads((okx / "instruments_SPOT_2022-05-13.subset.json").read_text())
    rows = page.get("body", page)["data"]
    if any(row["instId"].endswith("-USDT") for row in rows):
        assert okx_wire.parse_spot_instruments(body_of(okx / "instruments_SPOT_2022-05-13.subset.json"))
    swaps = okx_wire.parse_swap_instruments(body_of(okx / "fixture_instruments_swap.json"))
    assert set(swaps) == {"BTC", "ETH"}  # the inverse one is left out
    assert (swaps["BTC"].contract_size, swaps["ETH"].contract_size) == (0.01, 0.1)
    with pytest.raises(NoAnswer, match="empty instrument list"):  # a list of USD markets only
        okx_wire.parse_spot_instruments(body_of(okx / "fixture_instruments_spot_2025.json"))


def test_okx_marks_candles_and_errors(recorded: Path) -> None:
    okx = recorded / "okx"
    mark = okx_wire.parse_mark_price(body_of(okx / "fixture_mark_price_2025-04-14.json"))
    assert isinstance(mark, PerpTicker) and mark.mark is not None
    assert mark.mark.value == 84_660.1
    candles = okx_wire.parse_candles(body_of(okx / "fixture_candles_full.json"))
    assert isinstance(candles, list)
    assert [candle.open_ms for candle in candles] == [1_747_094_040_000, 1_747_093_980_000]
    for name, status in (("fixture_error_rate_limit_50011.json", 429), ("fixture_error_unknown_path_404.json", 404)):
        with pytest.raises(NoAnswer, match=str(status)):
            okx_wire.parse_ticker(reply((okx / name).read_bytes(), status))


def test_bybit_examples(recorded: Path) -> None:
    bybit = recorded / "bybit"
    spot = bybit_wire.parse_spot_ticker(reply((bybit / "docs_example_tickers_spot.json").read_bytes()))
    assert isinstance(spot, Ticker) and spot.last is not None and spot.last.value == 20_533.13
    inverse = bybit_wire.parse_linear_ticker(
        reply((bybit / "docs_example_tickers_inverse_2025-10-13.json").read_bytes())
    )
    assert isinstance(inverse, PerpTicker) and inverse.mark is not None and not inverse.pre_market
    book = bybit_wire.parse_orderbook(reply((bybit / "docs_example_orderbook_spot_2024-05-28.json").read_bytes()))
    assert isinstance(book, Book) and book.taken_ms == 1_716_863_719_031
    pages = objects(bybit / "docs_example_instruments_linear_and_prelaunch.txt")
    found = [bybit_wire.parse_instruments(reply(json.dumps(page).encode())) for page in pages]
    early = [one for page in found for one in page.instruments if one.pre_market]
    assert [one.base for one in early] == ["BIO"]
    assert found[-1].cursor
    spots = objects(bybit / "docs_example_instruments_spot_2025-10-09.txt")
    assert bybit_wire.parse_instruments(reply(json.dumps(spots[0]).encode())).instruments[0].base == "BTC"


@pytest.mark.parametrize(
    "name", ["docs_example_coin_info_MNT_2025-01-09.json", "coin_query_info_USDT_ccxt_fixture.json"]
)
def test_bybit_transfer_states(recorded: Path, name: str) -> None:
    found = bybit_wire.parse_transfers(reply((recorded / "bybit" / name).read_bytes()))
    assert isinstance(found, Transfers)
    networks = {state.network: state for state in found.networks}
    assert networks["ETH"].contract.startswith("0x")
    if "CAVAX" in networks:
        assert networks["CAVAX"].withdrawal.value == "closed"
    if "MANTLE" in networks:
        assert str(networks["MANTLE"].withdraw_fee) == "0"


def test_coingecko_and_dunamu(recorded: Path) -> None:
    folder = recorded / "fx-and-tokens"
    coins = list(
        read_coins(parse_raw_coins(reply((folder / "coingecko_oas_example_coins_list_2026-05.json").read_bytes())))
    )
    assert {coin.symbol: list(coin.platforms) for coin in coins} == {"TRUMP": ["solana"], "ONDO": ["ethereum"]}
    cap = parse_market_caps(reply((folder / "coingecko_oas_example_coins_markets_2026-05.json").read_bytes()))[0]
    assert (cap.symbol, cap.rank, cap.maximum, cap.updated_ms) == ("BTC", 1, 21e6, 1_779_108_561_599)
    rate = parse_dunamu(reply((folder / "dunamu_forex_KRWUSD_2021-08-13.json").read_bytes()))
    assert (rate.krw_per_usd, rate.posted_ms) == (1169.0, 1_628_852_510_337)
