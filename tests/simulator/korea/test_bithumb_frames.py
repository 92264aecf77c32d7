"""Bithumb's frames and rows: the quirks, each by name, and the same keys as in real recordings."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from simulator.korea.bithumb_frames import (
    book_frame,
    paired_units,
    shown_size,
    ticker_frame,
    trade_frame,
)
from simulator.korea.bithumb_rows import (
    asset_state,
    book_row,
    fee_row,
    market_row,
    minute_row,
    network_asset_row,
    notice_row,
    old_ticker,
    ticker_row,
    trade_row,
    warning_rows,
)
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimNotice, SimTrade, SimWallet

AT = 1_800_025_203_004  # 2027-01-15T15:00:03.004Z, the next day in Korea
NINE_HOURS_MS = 32_400_000
MARKET = SimMarket("bithumb", "KRW-ZZA", "ZZA", "KRW", "제트", "Zed", warning=True)
TRADE = SimTrade(
    "bithumb", "KRW-ZZA", 4_137.0, 0.25, "buy", AT, AT + 264, 910_000_000_000_000_123, AT * 10_000,
    4_136.0, 12.5, 4_138.0, 0.04,
)  # fmt: skip
DAY = SimDay(
    opening=4_200.0, high=4_250.0, low=4_100.0, last=4_137.0, prev_close=4_200.0, last_volume=0.5, last_side="sell",
    last_traded_ms=AT, acc_volume=120.5, acc_value=498_000.25, acc_ask_volume=60.5, acc_bid_volume=60.0,
    acc_volume_24h=300.0, acc_value_24h=1_250_000.0, high_52w=9_000.0, high_52w_ms=AT, low_52w=2_000.0, low_52w_ms=AT,
)  # fmt: skip
CANDLE = SimCandle(1_800_025_200_000, 4_130.0, 4_140.0, 4_125.0, 4_137.0, 0.8, 3_309.6, 4, AT)


def book(sizes: list[float]) -> SimBook:
    levels = tuple((4_000.0 + n, size) for n, size in enumerate(sizes))
    return SimBook(levels, levels, 1.0, 1.0, AT)


def test_a_trade_frame_has_korean_dates_and_utc_epochs() -> None:
    assert trade_frame(TRADE, 4_200.0, "REALTIME")[0] == (
        '{"type":"trade","code":"KRW-ZZA","trade_price":4137,"trade_volume":0.25,"ask_bid":"BID",'
        '"prev_closing_price":4200,"change":"FALL","change_price":63,"trade_date":"2027-01-16",'
        '"trade_time":"00:00:03","trade_timestamp":1800025203004,"timestamp":1800025203268,'
        '"sequential_id":910000000000000123,"stream_type":"REALTIME"}'
    )


def test_the_socket_and_rest_name_a_trade_by_different_ids() -> None:
    frame, row = json.loads(trade_frame(TRADE, 4_200.0, "REALTIME")[0]), json.loads(trade_row(TRADE, 4_200.0))
    assert frame["sequential_id"] != row["sequential_id"] == AT * 10_000
    assert (row["trade_date_utc"], row["trade_time_utc"]) == ("2027-01-15", "15:00:03")
    assert row["change_price"] == -63


def test_the_rest_ticker_is_nine_hours_ahead_in_both_epochs_and_true_in_its_dates() -> None:
    row = json.loads(ticker_row(MARKET, DAY))
    assert row["trade_timestamp"] == row["timestamp"] == AT + NINE_HOURS_MS
    assert (row["trade_date"], row["trade_time"]) == ("20270115", "150003")
    assert (row["trade_date_kst"], row["trade_time_kst"]) == ("20270116", "000003")


def test_the_socket_ticker_has_true_epochs_and_korean_dates() -> None:
    frame = json.loads(ticker_frame(MARKET, DAY, AT + 5, "SNAPSHOT")[0])
    assert (frame["trade_timestamp"], frame["timestamp"]) == (AT, AT + 5)
    assert (frame["trade_date"], frame["trade_time"]) == ("20270116", "000003")
    assert frame["market_warning"] == "CAUTION"


def test_the_52_week_dates_of_rest_are_a_day_off_those_of_the_socket() -> None:
    assert json.loads(ticker_frame(MARKET, DAY, AT, "SNAPSHOT")[0])["highest_52_week_date"] == "2027-01-15"
    assert json.loads(ticker_row(MARKET, DAY))["highest_52_week_date"] == "2027-01-16"


def test_rates_have_eight_decimals_on_the_socket_and_four_over_rest() -> None:
    day = replace(DAY, last=4_137.0, prev_close=4_201.0)
    assert json.loads(ticker_frame(MARKET, day, AT, "SNAPSHOT")[0])["change_rate"] == 0.01523447
    assert json.loads(ticker_row(MARKET, day))["change_rate"] == 0.0152


def test_the_delisting_date_is_missing_in_a_snapshot_and_empty_in_realtime() -> None:
    assert "delisting_date" not in json.loads(ticker_frame(MARKET, DAY, AT, "SNAPSHOT")[0])
    assert json.loads(ticker_frame(MARKET, DAY, AT, "REALTIME")[0])["delisting_date"] == ""
    assert json.loads(ticker_frame(MARKET, DAY, AT, "REALTIME")[1])["dd"] == ""


def test_a_socket_book_has_fifteen_pairs_level_one_and_microseconds() -> None:
    frame = json.loads(book_frame("KRW-ZZA", book([1.0] * 30), "REALTIME")[0])
    assert len(frame["orderbook_units"]) == 15
    assert frame["level"] == 1
    assert frame["timestamp"] // 1_000 == AT


def test_sizes_are_cut_to_four_decimals_and_spelled_with_all_of_them() -> None:
    text = book_frame("KRW-ZZA", book([0.12349, 2.0]), "REALTIME")[0]
    assert '"ask_size":0.1234' in text
    assert '"ask_size":2.0000' in text
    assert '"total_ask_size":2.1234' in text


def test_dust_stays_in_the_book_with_a_size_of_zero() -> None:
    units = paired_units(book([0.00009] * 20), 15)
    assert len(units) == 15
    assert all(size == 0.0 for _, _, ask_size, bid_size in units for size in (ask_size, bid_size))
    assert '"ask_size":0.0000' in book_frame("KRW-ZZA", book([0.00009]), "REALTIME")[0]


@given(st.integers(1, 200_000_000))
def test_the_same_price_always_holds_dust_or_never(price: int) -> None:
    first = shown_size((float(price), 5.0))
    assert first in (0.0, 5.0)
    assert (shown_size((float(price), 7.0)) == 0.0) is (first == 0.0)


def test_about_one_price_in_nineteen_holds_only_dust() -> None:
    dusty = sum(shown_size((float(price), 5.0)) == 0.0 for price in range(90_000_000, 90_019_000))
    assert 500 < dusty < 1_500


def test_a_rest_book_is_in_milliseconds_and_has_no_level() -> None:
    row = json.loads(book_row("KRW-ZZA", book([1.0] * 30), 30))
    assert row["timestamp"] == AT
    assert len(row["orderbook_units"]) == 30
    assert "level" not in row


def test_a_coin_without_history_is_spelled_like_any_other() -> None:
    tiny = replace(DAY, last=1.4e-7, prev_close=2.7e-7)
    assert '"trade_price":1.4E-7' in ticker_row(MARKET, tiny)
    assert '"signed_change_price":-1.3E-7' in ticker_row(MARKET, tiny)


def test_market_rows_tell_of_a_warning_only_in_detail() -> None:
    assert json.loads(market_row(MARKET, details=True))["market_warning"] == "CAUTION"
    assert "market_warning" not in json.loads(market_row(MARKET, details=False))


def test_automatic_cautions_have_a_list_of_their_own_with_naive_korean_ends() -> None:
    cautious = replace(MARKET, cautions=frozenset({"PRICE_FLUCTUATIONS", "GLOBAL_PRICE_DIFFERENCES"}))
    rows = [json.loads(row) for row in warning_rows(cautious, AT)]
    assert [row["warning_type"] for row in rows] == ["PRICE_DIFFERENCE_HIGH", "PRICE_SUDDEN_FLUCTUATION"]
    assert {row["end_date"] for row in rows} == {"2027-01-16 00:04:59"}
    assert {row["warning_step"] for row in rows} <= {"CAUTION", "WARNING", "DANGER"}
    assert warning_rows(MARKET, AT) == []


def test_a_notice_has_naive_korean_times_and_may_be_written_before_it_is_published() -> None:
    notice = SimNotice(
        "bithumb", 1_660_001, "5", "제트(ZZA) 원화 마켓 추가", "", ("거래지원", "마켓 추가"), AT, AT, AT - 600_000
    )
    assert json.loads(notice_row(notice)) == {
        "categories": ["거래지원", "마켓 추가"],
        "title": "제트(ZZA) 원화 마켓 추가",
        "pc_url": "https://feed.bithumb.com/notice/1660001",
        "published_at": "2027-01-16 00:00:03",
        "modified_at": "2027-01-15 23:50:03",
    }


def test_transfer_states_are_ones_and_zeros_and_a_coin_is_open_when_any_network_is() -> None:
    closed, opened = SimWallet("ZZA", "ETH", "Ethereum", False, False), SimWallet("ZZA", "BASE", "Base", True, False)
    assert json.loads(network_asset_row(closed)) == {
        "currency": "ZZA",
        "net_type": "ETH",
        "deposit_status": 0,
        "withdrawal_status": 0,
    }
    assert asset_state({"ETH": closed, "BASE": opened}) == {"withdrawal_status": 0, "deposit_status": 1}


def test_the_old_api_spells_everything_as_text() -> None:
    row = old_ticker(DAY)
    assert all(isinstance(value, str) for value in row.values())
    assert (row["closing_price"], row["fluctate_24H"], row["fluctate_rate_24H"]) == ("4137", "-63", "-1.5")


def test_fees_are_told_by_network() -> None:
    row = json.loads(fee_row("ZZA", "제트", [SimWallet("ZZA", "ETH", "Ethereum", True, True)]))
    assert (row["currency"], row["name"], row["networks"][0]["net_name"]) == ("ZZA", "제트", "Ethereum")
    assert float(row["networks"][0]["withdraw_fee_quantity"]) > 0


def recorded(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.captures
def test_frames_and_rows_have_the_keys_of_the_recorded_ones_in_their_order(captures: Path) -> None:
    ours = {
        "trade": trade_frame(TRADE, 4_200.0, "SNAPSHOT")[0],
        "ticker": ticker_frame(MARKET, DAY, AT, "SNAPSHOT")[0],
        "orderbook": book_frame("KRW-ZZA", book([1.0] * 15), "SNAPSHOT")[0],
        "/market/all?": market_row(MARKET, details=True),
        "/ticker?": ticker_row(MARKET, DAY),
        "/trades/ticks?": trade_row(TRADE, 4_200.0),
        "/orderbook?": book_row("KRW-ZZA", book([1.0] * 30), 30),
        "/candles/minutes/": minute_row("KRW-ZZA", CANDLE, 1),
    }
    seen = set()
    for line in recorded(captures / "bithumb" / "api2-live-2026-07-30.jsonl"):
        body = line["body"] if isinstance(line["body"], dict) else line["body"][0]
        name = line.get("type") or next((path for path in ours if path[0] == "/" and path in line["src"]), None)
        if name in ours:
            seen.add(name)
            assert list(json.loads(ours[name])) == list(body), name
    assert seen == set(ours)
