"""Upbit's REST pages and notice site."""

import json
from pathlib import Path

import pytest

from collectors.events import Candle, Market, Trade
from collectors.exchanges import upbit_rest
from collectors.exchanges.rest import BadPage, ListedMarket, Request, Ticker

PAGES = json.loads((Path(__file__).resolve().parents[2] / "fixtures/upbit/rest.json").read_text())
ORCA = Market("upbit", "ORCA", "KRW")


def page(name: str) -> bytes:
    return json.dumps(PAGES[name]).encode()


def test_the_market_list_keeps_names_and_warnings_and_says_where_it_does_not_know() -> None:
    assert upbit_rest.parse_market_list(200, page("market_list")) == (
        ListedMarket(ORCA, "오르카", "Orca", warning=False),
        ListedMarket(Market("upbit", "T", "USDT"), "스레숄드", "Threshold", warning=True),
        ListedMarket(Market("upbit", "ORCA", "BTC"), "", "Orca", warning=None),
    )


def test_a_ticker_without_a_price_is_no_ticker_but_its_market_is_shown() -> None:
    assert upbit_rest.parse_tickers(200, page("tickers")) == (Ticker(ORCA, 4215.0, 1795000800131, 987654321.5),)
    assert {each.base for each in upbit_rest.parse_ticker_codes(200, page("tickers"))} == {"ORCA", "NEW", "NIL"}


def test_trades_come_oldest_first_with_the_takers_side() -> None:
    assert upbit_rest.parse_trades(200, page("trades"), 7) == (
        Trade(ORCA, 4210.0, 2.0, "sell", 1795000799900, 7, 17950007999000000),
        Trade(ORCA, 4215.0, 12.5, "buy", 1795000800131, 7, 17950008001310003),
    )


def test_candles_come_oldest_first_and_count_no_trades() -> None:
    assert upbit_rest.parse_candles(200, page("candles")) == (
        Candle(ORCA, 1795000797000, 4200.0, 4200.0, 4200.0, 4200.0, 1.0, 4200.0, 0),
        Candle(ORCA, 1795000800000, 4215.0, 4220.0, 4210.0, 4218.0, 12.5, 52687.5, 0),
    )


@pytest.mark.parametrize("price", [0, -1, "4215", None])
def test_a_page_with_an_impossible_price_is_refused_whole(price: object) -> None:
    rows = [PAGES["trades"][0] | {"trade_price": price}]
    with pytest.raises(BadPage):
        upbit_rest.parse_trades(200, json.dumps(rows).encode(), 7)


def test_announcements_are_named_by_uuid_and_keep_both_times_and_pinned_ones_are_left_out() -> None:
    first, second, third = upbit_rest.parse_notices(200, page("notices"))
    assert first.notice_id == "555000111"
    assert first.published_ms == 1794989965000
    assert first.edited_ms == 1794999005000
    assert first.url == "https://upbit.com/service_center/notice?id=7001"
    assert first.categories == ("거래",)
    assert upbit_rest.page_id(first) == 7001
    assert second.notice_id == "7000", "an old notice without uuid"
    assert (third.published_ms, third.edited_ms, third.categories) == (None, None, ())


def test_an_announcements_body_comes_with_its_own_page() -> None:
    notice = upbit_rest.parse_notice(200, page("notice"))
    assert notice.body == "<p>거래지원 개시 시점: 2026-11-18 20:00 KST</p>"
    assert notice.published_ms == notice.edited_ms


def test_a_site_that_says_no_success_is_not_believed() -> None:
    with pytest.raises(BadPage):
        upbit_rest.parse_notices(200, json.dumps(PAGES["notices"] | {"success": False}).encode())


def test_requests_are_spelled_as_documented() -> None:
    assert upbit_rest.ticker_all(("KRW", "BTC")) == Request(
        "/v1/ticker/all", (("quote_currencies", "KRW,BTC"),), "ticker"
    )
    assert upbit_rest.trades(ORCA, 10, before_id=5, to="11:20:00", days_ago=2) == Request(
        "/v1/trades/ticks",
        (("market", "KRW-ORCA"), ("count", "10"), ("cursor", "5"), ("to", "11:20:00"), ("days_ago", "2")),
        "trade",
    )
    assert upbit_rest.seconds(ORCA, 1_795_000_800_000, 5).params[-1] == ("to", "2026-11-18T11:20:00Z")
    assert upbit_rest.notice(7001).path == "/api/v1/announcements/7001"
    assert upbit_rest.order_book([ORCA], 15).params == (("markets", "KRW-ORCA"), ("count", "15"))


@pytest.mark.captures
@pytest.mark.parametrize(
    ("name", "count"), [("upbit/notices-2026-08-21.json", 30), ("notices/upbit_announcements_trade_2026-09-17.json", 8)]
)
def test_the_real_announcement_lists_parse_whole(captures: Path, name: str, count: int) -> None:
    notices = upbit_rest.parse_notices(200, (captures / name).read_bytes())
    assert len(notices) == count
    assert len({notice.notice_id for notice in notices}) == count
    for notice in notices:
        assert notice.published_ms is not None
        assert notice.edited_ms is not None
        assert notice.edited_ms >= notice.published_ms


@pytest.mark.captures
def test_the_real_quotation_pages_parse_whole(captures: Path) -> None:
    parsed = dict[str, int]()
    for line in (captures / "upbit/rest-quotation-2026-03-11.jsonl").read_text().splitlines():
        exchange = json.loads(line)
        path = exchange["request"]["uri"].removeprefix("https://api.upbit.com/v1/").partition("?")[0]
        body = exchange["response"]["body"].encode()
        if path in ("candles/seconds", "candles/minutes/1"):
            parsed[path] = len(upbit_rest.parse_candles(200, body))
        elif path == "orderbook":
            parsed[path] = len(upbit_rest.parse_books(200, body, 1)[0].bids)
        elif path == "ticker":
            parsed[path] = len(upbit_rest.parse_tickers(200, body))
        elif path == "trades/ticks":
            parsed[path] = len(upbit_rest.parse_trades(200, body, 1))
    assert parsed == {"candles/seconds": 1, "candles/minutes/1": 1, "orderbook": 30, "ticker": 1, "trades/ticks": 1}
    tickers = json.loads((captures / "upbit/rest-ticker-all-2026-03-11.json").read_text())["response"]["body"].encode()
    assert len(upbit_rest.parse_tickers(200, tickers)) == len(upbit_rest.parse_ticker_codes(200, tickers)) == 244
