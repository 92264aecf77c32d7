"""Bithumb's REST pages: Korean times, shifted epochs, two generations of API."""

import json
from pathlib import Path

import pytest

from collectors.events import Market
from collectors.exchanges import bithumb_rest
from collectors.exchanges.bithumb_rest import Wallet
from collectors.exchanges.rest import BadPage, ExchangeError, ListedMarket, Ticker

PAGES = json.loads((Path(__file__).resolve().parents[2] / "fixtures/bithumb/rest.json").read_text())
ORCA = Market("bithumb", "ORCA", "KRW")
NINE_HOURS_MS = 9 * 3_600_000


def page(name: str) -> bytes:
    return json.dumps(PAGES[name]).encode()


def test_the_market_list_keeps_names_and_warnings() -> None:
    assert bithumb_rest.parse_market_list(200, page("market_list")) == (
        ListedMarket(ORCA, "오르카", "Orca", warning=False),
        ListedMarket(Market("bithumb", "USDC", "BTC"), "유에스디코인", "USDC", warning=True),
    )


@pytest.mark.parametrize("shift_ms", [0, NINE_HOURS_MS])
def test_a_tickers_epoch_is_measured_against_its_own_utc_time(shift_ms: int) -> None:
    row = PAGES["ticker"] | {"trade_timestamp": 1795000800131 + shift_ms}
    expected = Ticker(ORCA, 4218.0, 1795000800131, 123456789.25)
    assert bithumb_rest.parse_tickers(200, json.dumps([row]).encode()) == (expected,)


@pytest.mark.parametrize("shift_ms", [-NINE_HOURS_MS, 3_600_000, 2 * NINE_HOURS_MS, 5_000])
def test_a_tickers_epoch_with_any_other_shift_is_refused(shift_ms: int) -> None:
    row = PAGES["ticker"] | {"trade_timestamp": 1795000800131 + shift_ms}
    with pytest.raises(BadPage, match="fits neither"):
        bithumb_rest.parse_tickers(200, json.dumps([row]).encode())


def test_notices_are_korean_time_and_may_be_edited_before_they_are_published() -> None:
    listing, odd = bithumb_rest.parse_notices(200, page("notices"))
    assert listing.notice_id == "1700001"
    assert listing.published_ms == 1794988800000
    assert listing.edited_ms == 1794985929000
    assert listing.categories == ("거래지원", "안내")
    assert odd.notice_id == "https://feed.bithumb.com/notice/abc", "an unknown address must not hide a notice"
    assert odd.published_ms is None


def test_a_flag_of_another_shape_hides_no_coin_and_is_neither_open_nor_closed() -> None:
    rows = b'{"currency":"A","net_type":null,"deposit_status":null,"withdrawal_status":"1"},{"currency":"B"}'
    assert bithumb_rest.parse_assets(200, b'{"status":"0000","data":[' + rows + b"]}") == (
        Wallet("A", "", deposit_open=None, withdrawal_open=True),
        Wallet("B", "", deposit_open=None, withdrawal_open=None),
    )


def test_the_pages_of_the_old_api_are_read_through_their_envelope() -> None:
    assert bithumb_rest.parse_assets(200, page("assets")) == (
        Wallet("ORCA", "SOL", deposit_open=True, withdrawal_open=False),
        Wallet("BTC", "BTC", deposit_open=True, withdrawal_open=True),
    )
    assert bithumb_rest.parse_ticker_codes(200, page("ticker_all")) == {ORCA, Market("bithumb", "T", "KRW")}
    with pytest.raises(ExchangeError, match="5600"):
        bithumb_rest.parse_assets(200, b'{"status":"5600","message":"custom"}')
    with pytest.raises(BadPage):
        bithumb_rest.parse_assets(200, b'{"status":"0000"}')
    with pytest.raises(BadPage, match="empty"):
        bithumb_rest.parse_ticker_codes(200, b'{"status":"0000","data":{"date":"1"}}')


def test_requests_are_spelled_as_documented() -> None:
    assert bithumb_rest.minutes(ORCA, 1_795_000_800_000).params[-1] == ("to", "2026-11-18T20:20:00")
    assert bithumb_rest.notices().group == "notices"
    assert bithumb_rest.ticker_all("BTC").path == "/public/ticker/ALL_BTC"
    with pytest.raises(ValueError, match="200 codes"):
        bithumb_rest.ticker([ORCA] * 201)


@pytest.mark.captures
@pytest.mark.parametrize(
    ("name", "count"),
    [("bithumb/notices-2026-08-21.json", 5), ("notices/bithumb_api_notices_2025-02-28.json", 3)],
)
def test_the_real_notice_lists_parse_whole(captures: Path, name: str, count: int) -> None:
    notices = bithumb_rest.parse_notices(200, (captures / name).read_bytes())
    assert len(notices) == count
    assert all(notice.notice_id.isdecimal() and notice.published_ms and notice.edited_ms for notice in notices)


@pytest.mark.captures
def test_the_real_pages_of_2026_parse_whole_and_in_true_utc(captures: Path) -> None:
    traded = []
    for name in ("api2-live-2026-07-30.jsonl", "ccxt-samples-2026-07.jsonl"):
        for line in (captures / "bithumb" / name).read_text().splitlines():
            row = json.loads(line)
            path, body = row["src"].partition("?")[0], json.dumps(row["body"]).encode()
            if path.endswith("market/all"):
                assert len(bithumb_rest.parse_market_list(200, body)) == 3
            elif path == "https://api.bithumb.com/v1/ticker":
                traded += [ticker.traded_ms for ticker in bithumb_rest.parse_tickers(200, body)]
            elif path.endswith("trades/ticks"):
                assert bithumb_rest.parse_trades(200, body, 1)
            elif path.endswith("orderbook") and path.startswith("https"):
                [book] = bithumb_rest.parse_books(200, body, 1)
                assert book.bids[0][0] < book.asks[0][0]
                assert len(book.bids) == 29, "one of 30 units has size 0"
            elif path.endswith("minutes/1"):
                assert bithumb_rest.parse_candles(200, body)
    assert traded == [1785397710156, 1782948933650]
