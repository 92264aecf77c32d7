"""What was recorded from Gate, KuCoin, Kraken, or stands in test data of other clients, goes through the parsers."""

import json
import re
from pathlib import Path

import pytest

from analysis.fetching.reading import Reply
from analysis.quotes import Book, Figure
from analysis.venues import gate_wire, kraken_wire, kucoin_wire
from analysis.venues.assemble import Ticker

pytestmark = pytest.mark.captures

RECEIVED = 1_800_000_000_000
REST_LINE = re.compile(r"^(https://\S+) -> ([\d.]+): (.*)$")


@pytest.fixture
def recorded(captures: Path) -> Path:
    return captures / "global" / "others"


def pages(path: Path, sign: str) -> list[tuple[float, bytes]]:
    """(when, body) of each recorded answer to an address that holds `sign`."""
    lines = [REST_LINE.match(line) for line in path.read_text().splitlines()]
    found = [(float(line[2]), line[3].encode()) for line in lines if line and sign in line[1]]
    assert found
    return found


def reply(body: bytes) -> Reply:
    return Reply(200, body, RECEIVED, "capture")


def assert_sound(book: object, bids: int) -> Book:
    assert isinstance(book, Book)
    assert len(book.bids) == bids
    assert list(book.bids) == sorted(book.bids, reverse=True)
    assert list(book.asks) == sorted(book.asks)
    assert book.bids[0][0] < book.asks[0][0]
    return book


def test_gate_books_of_2021_had_no_times_yet(recorded: Path) -> None:
    for _, body in pages(recorded / "gate_rest_2021.txt", "/spot/order_book"):
        book = assert_sound(gate_wire.parse_book(reply(body)), len(json.loads(body)["bids"]))
        assert book.taken_ms == json.loads(body).get("current", RECEIVED)


def test_gate_perpetual_books_tell_seconds(recorded: Path) -> None:
    for at, body in pages(recorded / "gate_futures_rest_2023-05-24.txt", "/futures/usdt/order_book"):
        book = assert_sound(gate_wire.parse_perp_book(reply(body)), len(json.loads(body)["bids"]))
        assert abs(book.taken_ms / 1000 - at) < 2


def test_kucoin_books_tell_milliseconds(recorded: Path) -> None:
    for at, body in pages(recorded / "kucoin_rest_2021.txt", "/orderbook/"):
        book = assert_sound(kucoin_wire.parse_book(reply(body), in_list=True), len(json.loads(body)["data"]["bids"]))
        assert abs(book.taken_ms / 1000 - at) < 2


def test_krakens_ticker_book_and_pairs(recorded: Path) -> None:
    ticker = kraken_wire.parse_ticker(reply((recorded / "kraken_ticker_2025-11.json").read_bytes()))
    assert isinstance(ticker, Ticker)
    assert isinstance(ticker.bid, Figure) and isinstance(ticker.ask, Figure) and ticker.quote_volume_24h
    assert 0 < ticker.ask.value - ticker.bid.value < 1
    assert ticker.quote_volume_24h.value == pytest.approx(163.28908096 * 105904.39279)
    assert_sound(kraken_wire.parse_depth(reply((recorded / "kraken_depth_2025-11-11.json").read_bytes())), 5)
    pairs = kraken_wire.parse_pairs(reply((recorded / "kraken_asset_pairs.json").read_bytes()))
    assert (pairs["BTC"].symbol, pairs["BTC"].quote, pairs["BTC"].live) == ("XBTUSDT", "USDT", True)


def test_krakens_linear_perpetuals_only(recorded: Path) -> None:
    perps = kraken_wire.parse_perps(reply((recorded / "kraken_futures_tickers.json").read_bytes()))
    assert {coin: (one.symbol, one.quote) for coin, one in perps.items()} == {"ETH": ("PF_ETHUSD", "USD")}
