"""Bithumb's socket codec: what differs from Upbit's, real captures where they are, and any bytes at all."""

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Market, OrderBook, Trade
from collectors.exchanges import bithumb_ws
from tests.collectors.exchanges.socket_cases import (
    BREACHES,
    GOOD_BOOK,
    GOOD_TRADE,
    RECEIVED_MS,
    assert_trade,
    encoded,
    event_or_bad_frame,
    fixture_frames,
    mutated,
    reason_of,
)

decode = bithumb_ws.decode


@pytest.mark.parametrize(("frame", "expected"), fixture_frames("bithumb"))
def test_a_trade_reads_the_same_in_long_and_short_keys(frame: bytes, expected: dict[str, object]) -> None:
    assert_trade(decode(frame, RECEIVED_MS), expected)


@pytest.mark.parametrize(("change", "reason"), BREACHES)
def test_a_breach_names_the_field(change: dict[str, object], reason: str) -> None:
    assert reason in reason_of(decode, encoded(GOOD_TRADE | change))


def test_a_book_time_in_microseconds_becomes_milliseconds() -> None:
    book = decode(encoded(GOOD_BOOK | {"tms": 1795000800131456}), RECEIVED_MS)
    assert isinstance(book, OrderBook)
    assert book.taken_ms == 1795000800131


def test_a_book_time_in_milliseconds_is_taken_too_and_one_in_seconds_is_not() -> None:
    book = decode(encoded(GOOD_BOOK), RECEIVED_MS)
    assert isinstance(book, OrderBook)
    assert book.taken_ms == 1795000800131
    assert "neither in micro- nor milliseconds" in reason_of(decode, encoded(GOOD_BOOK | {"tms": 1795000800}))


def test_a_best_bid_of_size_zero_is_not_the_best_bid() -> None:
    rows = [{"ap": 4220, "bp": 4210, "as": 1.5, "bs": 0.0}, {"ap": 4225, "bp": 4205, "as": 0.0, "bs": 3}]
    book = decode(encoded(GOOD_BOOK | {"obu": rows}), RECEIVED_MS)
    assert isinstance(book, OrderBook)
    assert book.bids == ((4205.0, 3.0),)
    assert book.asks == ((4220.0, 1.5),)


def test_a_request_asks_for_short_keys() -> None:
    text = bithumb_ws.subscribe([Market("bithumb", "BTC", "KRW")], "t1")
    assert json.loads(text) == [{"ticket": "t1"}, {"type": "trade", "codes": ["KRW-BTC"]}, {"format": "SIMPLE"}]


@given(st.binary(max_size=300))
def test_any_bytes_give_an_event_or_a_bad_frame(frame: bytes) -> None:
    event_or_bad_frame(decode, frame)


@given(mutated())
def test_a_mutated_frame_gives_an_event_or_a_bad_frame(frame: bytes) -> None:
    event_or_bad_frame(decode, frame)


@pytest.mark.captures
def test_no_frame_of_api_2_is_rejected_and_times_are_true_utc(captures: Path) -> None:
    kinds = []
    for name in ("api2-live-2026-07-30.jsonl", "ccxt-samples-2026-07.jsonl"):
        for line in (captures / "bithumb" / name).read_text().splitlines():
            row = json.loads(line)
            if not row["src"].startswith("wss"):
                continue
            event = decode(encoded(row["body"]), RECEIVED_MS)
            kinds.append(type(event).__name__)
            if isinstance(event, Trade):
                korean = datetime.fromisoformat(f"{row['body']['trade_date']}T{row['body']['trade_time']}+09:00")
                assert event.traded_ms // 1000 == int(korean.timestamp())
                assert event.side == "sell"
            if isinstance(event, OrderBook):
                assert event.taken_ms == 1785397747576
                assert event.bids[0] == (91171000.0, 0.0289), "the first listed bid has size 0"
                assert event.bids[0][0] < event.asks[0][0]
    assert kinds == ["Trade", "OrderBook", "NoneType", "NoneType", "Trade"]
