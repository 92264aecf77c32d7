"""Upbit's frames and rows: spelling, field order, and the same keys as in real recordings."""

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from simulator.korea.market_feed import empty_day
from simulator.korea.socket_session import dressed, listing
from simulator.korea.subscriptions import Subscription
from simulator.korea.upbit_books import grouped, levels_of
from simulator.korea.upbit_frames import announcement_frame, book_frame, candle_frame, ticker_frame, trade_frame
from simulator.korea.upbit_rows import (
    book_row,
    candle_values,
    day_row,
    instrument_row,
    market_row,
    minute_row,
    second_row,
    supported_levels_row,
    ticker_row,
    trade_row,
    wallet_row,
)
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimNotice, SimTrade, SimWallet

AT = 1_800_000_003_779  # 2027-01-15T08:00:03.779Z
MARKET = SimMarket("upbit", "KRW-ZZA", "ZZA", "KRW", "제트", 'Zed "A"', cautions=frozenset({"PRICE_FLUCTUATIONS"}))
TRADE = SimTrade(
    "upbit", "KRW-ZZA", 4_137.0, 0.0000007, "sell", AT, AT + 52, AT * 10_000 + 1, AT * 10_000 + 1,
    4_136.0, 12.5, 4_138.0, 0.04,
)  # fmt: skip
DAY = SimDay(
    opening=4_200.0, high=4_250.0, low=4_100.0, last=4_137.0, prev_close=4_200.0, last_volume=0.5, last_side="sell",
    last_traded_ms=AT, acc_volume=120.5, acc_value=498_000.25, acc_ask_volume=60.5, acc_bid_volume=60.0,
    acc_volume_24h=300.0, acc_value_24h=1_250_000.0, high_52w=9_000.0, high_52w_ms=AT - 86_400_000,
    low_52w=2_000.0, low_52w_ms=AT - 2 * 86_400_000,
)  # fmt: skip
BOOK = SimBook(((4_136.0, 2.5), (4_129.0, 1.25)), ((4_138.0, 0.5), (4_151.0, 3.0)), 99.5, 88.25, AT)
CANDLE = SimCandle(1_800_000_000_000, 4_130.0, 4_140.0, 4_125.0, 4_137.0, 0.8, 3_309.6, 4, AT)


def test_a_trade_frame_in_long_keys() -> None:
    assert trade_frame(TRADE, 4_200.0, "REALTIME")[0] == (
        '{"type":"trade","code":"KRW-ZZA","timestamp":1800000003831,"trade_date":"2027-01-15","trade_time":"08:00:03",'
        '"trade_timestamp":1800000003779,"trade_price":4137.0,"trade_volume":7E-7,"ask_bid":"ASK",'
        '"prev_closing_price":4200.0,"change":"FALL","change_price":63.0,"sequential_id":18000000037790001,'
        '"best_ask_price":4138,"best_ask_size":0.04,"best_bid_price":4136,"best_bid_size":12.5,"stream_type":"REALTIME"}'
    )


def test_a_trade_frame_in_short_keys() -> None:
    assert trade_frame(TRADE, 4_200.0, "SNAPSHOT")[1] == (
        '{"ty":"trade","cd":"KRW-ZZA","tms":1800000003831,"td":"2027-01-15","ttm":"08:00:03","ttms":1800000003779,'
        '"tp":4137.0,"tv":7E-7,"ab":"ASK","pcp":4200.0,"c":"FALL","cp":63.0,"sid":18000000037790001,"bap":4138,'
        '"bas":0.04,"bbp":4136,"bbs":12.5,"st":"SNAPSHOT"}'
    )


def test_the_four_formats_of_one_frame() -> None:
    pair = ('{"type":"t"}', '{"ty":"t"}')
    assert [dressed(pair, name) for name in ("DEFAULT", "SIMPLE", "JSON_LIST", "SIMPLE_LIST")] == [
        b'{"type":"t"}',
        b'{"ty":"t"}',
        b'[{"type":"t"}]',
        b'[{"ty":"t"}]',
    ]


def test_the_socket_shows_the_change_without_its_sign_and_rest_with_it() -> None:
    assert json.loads(trade_frame(TRADE, 4_200.0, "REALTIME")[0])["change_price"] == 63.0
    assert json.loads(trade_row(TRADE, 4_200.0))["change_price"] == -63.0


def test_rest_trades_and_candles_have_eight_decimals() -> None:
    assert '"trade_price":4137.00000000' in trade_row(TRADE, 4_200.0)
    assert '"trade_volume":7.0E-7' in trade_row(TRADE, 4_200.0)  # a BigDecimal of eight decimals below 1e-6
    assert '"candle_acc_trade_price":3309.60000000' in second_row("KRW-ZZA", CANDLE)
    assert '"opening_price":4130.00000000' in candle_frame("candle.1s", "KRW-ZZA", CANDLE, "REALTIME")[0]


def test_a_ticker_of_a_market_without_trades_has_prices_of_zero() -> None:
    preview = replace(MARKET, state="PREVIEW")
    frame = json.loads(ticker_frame(preview, empty_day(AT), AT, "SNAPSHOT")[0])
    assert (frame["market_state"], frame["trade_price"], frame["change"]) == ("PREVIEW", 0.0, "EVEN")
    assert json.loads(ticker_row(preview, empty_day(AT), AT))["trade_price"] == 0.0


def test_ticker_dates_are_utc_and_rest_adds_the_korean_ones() -> None:
    late = replace(DAY, last_traded_ms=1_800_025_200_000)  # 15:00 UTC: the next day in Korea
    frame = json.loads(ticker_frame(MARKET, late, AT, "REALTIME")[0])
    row = json.loads(ticker_row(MARKET, late, AT))
    assert (frame["trade_date"], frame["trade_time"]) == ("20270115", "150000")
    assert (row["trade_date"], row["trade_time"]) == ("20270115", "150000")
    assert (row["trade_date_kst"], row["trade_time_kst"]) == ("20270116", "000000")
    assert row["trade_timestamp"] == 1_800_025_200_000


def test_rates_have_at_most_ten_decimals_and_only_the_signed_ones_a_sign() -> None:
    row = json.loads(ticker_row(MARKET, DAY, AT))
    assert (row["change"], row["change_price"], row["signed_change_price"]) == ("FALL", 63.0, -63.0)
    assert (row["change_rate"], row["signed_change_rate"]) == (0.015, -0.015)


def test_a_book_shows_so_many_pairs_but_the_totals_of_all() -> None:
    frame = json.loads(book_frame("KRW-ZZA", BOOK, 1, "0", "SNAPSHOT")[0])
    assert frame["orderbook_units"] == [{"ask_price": 4138, "bid_price": 4136, "ask_size": 0.5, "bid_size": 2.5}]
    assert (frame["total_ask_size"], frame["total_bid_size"], frame["level"]) == (88.25, 99.5, 0)
    short = json.loads(book_frame("KRW-ZZA", BOOK, 1, "0", "SNAPSHOT")[1])
    assert short["obu"] == [{"ap": 4138, "bp": 4136, "as": 0.5, "bs": 2.5}]


def test_a_side_that_ends_early_is_filled_with_zeros() -> None:
    lopsided = replace(BOOK, bids=BOOK.bids[:1])
    units = json.loads(book_row("KRW-ZZA", lopsided, 30, "0"))["orderbook_units"]
    assert units[1] == {"ask_price": 4151, "bid_price": 0, "ask_size": 3, "bid_size": 0}


def test_grouping_moves_bids_down_and_asks_up_and_adds_their_sizes() -> None:
    book = replace(BOOK, bids=((4_136.0, 2.5), (4_131.0, 1.0), (4_129.0, 1.25)), asks=((4_138.0, 0.5), (4_140.0, 1.0)))
    shown = grouped(book, 10.0)
    assert shown.bids == ((4_130.0, 3.5), (4_120.0, 1.25))
    assert shown.asks == ((4_140.0, 1.5),)


def test_a_price_on_the_step_stays_on_both_sides_for_fractions_too() -> None:
    book = replace(BOOK, bids=((0.3, 1.0),), asks=((0.7, 2.0),))
    shown = grouped(book, 0.1)
    assert (shown.bids, shown.asks) == (((0.3, 1.0),), ((0.7, 2.0),))


@pytest.mark.parametrize(
    ("code", "price", "tick", "levels"),
    [
        ("KRW-ZZA", 91_200_000.0, "1000", ("0", "10000", "100000", "1000000", "10000000", "100000000")),
        ("KRW-ZZA", 4_137.0, "1", ("0", "10", "100", "1000", "10000", "100000")),
        ("KRW-ZZA", 50.0, "0.1", ("0", "1", "10", "100", "1000", "10000")),
        ("KRW-ZZA", 0.5, "0.001", ("0", "0.01", "0.1", "1", "10", "100")),
        ("BTC-ZZA", 0.0005, "0.00000001", ("0",)),
    ],
)
def test_levels_follow_the_tick_of_the_price_and_exist_for_krw_only(
    code: str, price: float, tick: str, levels: tuple[str, ...]
) -> None:
    assert levels_of(code, price) == (tick, levels)


def test_instruments_spell_everything_as_text_and_the_older_call_as_numbers() -> None:
    assert instrument_row("KRW-ZZA", 4_137.0) == (
        '{"market":"KRW-ZZA","quote_currency":"KRW","tick_size":"1",'
        '"supported_levels":["0","10","100","1000","10000","100000"]}'
    )
    assert json.loads(supported_levels_row("KRW-ZZA", 4_137.0))["supported_levels"][1] == 10


def test_a_market_row_names_each_caution_only_in_detail() -> None:
    event = json.loads(market_row(MARKET, details=True))["market_event"]
    assert event["warning"] is False
    assert [name for name, on in event["caution"].items() if on] == ["PRICE_FLUCTUATIONS"]
    assert json.loads(market_row(MARKET, details=False)) == {
        "market": "KRW-ZZA",
        "korean_name": "제트",
        "english_name": 'Zed "A"',
    }


def test_candle_rows_differ_in_their_last_fields() -> None:
    assert json.loads(minute_row("KRW-ZZA", CANDLE, 5))["unit"] == 5
    assert "unit" not in json.loads(second_row("KRW-ZZA", CANDLE))
    day = json.loads(day_row("KRW-ZZA", CANDLE, 4_200.0, None))
    assert (day["change_price"], day["change_rate"]) == (-63.0, -0.015)
    assert "converted_trade_price" not in day
    assert json.loads(day_row("BTC-ZZA", CANDLE, 4_200.0, 7.0))["converted_trade_price"] == 7.0
    assert candle_values("KRW-ZZA", CANDLE)[1:3] == ('"2027-01-15T08:00:00"', '"2027-01-15T17:00:00"')


@pytest.mark.parametrize(
    ("deposit", "withdrawal", "state"),
    [
        (True, True, "working"),
        (True, False, "deposit_only"),
        (False, True, "withdraw_only"),
        (False, False, "paused"),
    ],
)
def test_a_wallet_state_has_four_words(deposit: bool, withdrawal: bool, state: str) -> None:
    row = json.loads(wallet_row(SimWallet("ZZA", "ETH", "Ethereum", deposit, withdrawal), AT))
    assert (row["wallet_state"], row["net_type"], row["currency"]) == (state, "ETH", "ZZA")


def test_an_announcement_says_whether_it_is_new_and_brings_its_body_only_when_asked() -> None:
    notice = SimNotice("upbit", 7_001, "898000111", '제트(ZZA) "안내"', "본문\n둘째", ("거래",), AT, AT, AT)
    long, short = announcement_frame(notice, AT + 5, include_body=False)
    frame = json.loads(long)
    assert list(frame) == [
        "type", "uuid", "event_type", "category", "title", "url", "first_listed_at", "listed_at", "timestamp",
        "stream_type",
    ]  # fmt: skip
    assert (frame["event_type"], frame["category"], frame["uuid"]) == ("CREATED", "trade", "898000111")
    assert frame["listed_at"] == "2027-01-15T17:00:03+09:00"
    assert list(json.loads(short)) == ["ty", "uid", "et", "cat", "tt", "url", "flat", "lat", "tms", "st"]
    edited = replace(notice, version=2, edited_ms=AT + 60_000)
    again = json.loads(announcement_frame(edited, AT, include_body=True)[0])
    assert (again["event_type"], again["body"]) == ("UPDATED", "본문\n둘째")
    assert again["first_listed_at"] < again["listed_at"]


def test_the_list_of_subscriptions_in_each_format() -> None:
    asked = (Subscription("trade", ("KRW-ZZA",)), Subscription("orderbook", ("KRW-ZZA",), level="10"))
    assert json.loads(listing(asked, "u", "DEFAULT")) == {
        "method": "LIST_SUBSCRIPTIONS",
        "result": [
            {"type": "trade", "codes": ["KRW-ZZA"]},
            {"type": "orderbook", "codes": ["KRW-ZZA"], "level": 10},
        ],
        "ticket": "u",
    }
    (simple,) = json.loads(listing(asked, "u", "SIMPLE_LIST"))
    assert simple["rslt"][1] == {"ty": "orderbook", "cds": ["KRW-ZZA"], "lv": 10}
    assert (simple["mthd"], simple["tckt"]) == ("LIST_SUBSCRIPTIONS", "u")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.captures
def test_socket_frames_have_the_keys_of_the_recorded_ones_in_their_order(captures: Path) -> None:
    ours = {
        "trade": json.loads(trade_frame(TRADE, 4_200.0, "REALTIME")[0]),
        "candle.1m": json.loads(candle_frame("candle.1m", "KRW-ZZA", CANDLE, "REALTIME")[0]),
    }
    seen = set()
    for line in lines(captures / "upbit" / "live-2026-07-30.jsonl"):
        body = line["body"]
        if isinstance(body, dict) and body.get("type") in ours:
            seen.add(body["type"])
            assert list(ours[body["type"]]) == list(body)
    assert seen == set(ours)


@pytest.mark.captures
def test_rest_rows_have_the_keys_of_the_recorded_ones_in_their_order(captures: Path) -> None:
    rows = {
        "/ticker?": ticker_row(MARKET, DAY, AT),
        "/trades/ticks?": trade_row(TRADE, 4_200.0),
        "/candles/seconds?": second_row("KRW-ZZA", CANDLE),
        "/candles/minutes/": minute_row("KRW-ZZA", CANDLE, 1),
        "/candles/days?": day_row("KRW-ZZA", CANDLE, 4_200.0, None),
        "/orderbook/instruments?": instrument_row("KRW-ZZA", 4_137.0),
    }
    seen = set()
    for line in lines(captures / "upbit" / "rest-quotation-2026-03-11.jsonl"):
        path = next((path for path in rows if path in line["request"]["uri"]), None)
        if path:
            seen.add(path)
            assert list(json.loads(rows[path])) == list(json.loads(line["response"]["body"])[0]), path
    assert seen == set(rows)
