"""Reading REST pages: what every page has in common, and that nothing unreadable passes for an empty one."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.exchanges import bithumb_rest, upbit_rest
from collectors.exchanges.rest import BadPage, ExchangeError, PageError, iso_kst, iso_utc, kst_ms

Parse = Callable[[int, bytes], object]

PARSERS: list[Parse] = [
    upbit_rest.parse_market_list,
    upbit_rest.parse_tickers,
    upbit_rest.parse_ticker_codes,
    upbit_rest.parse_candles,
    upbit_rest.parse_notices,
    upbit_rest.parse_notice,
    lambda status, body: upbit_rest.parse_trades(status, body, 1),
    lambda status, body: upbit_rest.parse_books(status, body, 1),
    bithumb_rest.parse_market_list,
    bithumb_rest.parse_tickers,
    bithumb_rest.parse_ticker_codes,
    bithumb_rest.parse_candles,
    bithumb_rest.parse_notices,
    bithumb_rest.parse_assets,
    lambda status, body: bithumb_rest.parse_trades(status, body, 1),
    lambda status, body: bithumb_rest.parse_books(status, body, 1),
]
LISTS: list[Parse] = [
    upbit_rest.parse_market_list,
    upbit_rest.parse_tickers,
    upbit_rest.parse_ticker_codes,
    bithumb_rest.parse_market_list,
    bithumb_rest.parse_tickers,
    bithumb_rest.parse_notices,
]


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("status", [200, 403, 503])
def test_an_html_page_is_an_error_and_never_an_empty_list(parse: Parse, status: int) -> None:
    with pytest.raises(PageError, match="HTML"):
        parse(status, b"<!DOCTYPE html><html><title>Just a moment...</title></html>")


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("status", [200, 400, 404])
def test_an_error_envelope_is_the_exchanges_no_whatever_the_status(parse: Parse, status: int) -> None:
    with pytest.raises(ExchangeError) as error:
        parse(status, b'{"error":{"name":404,"message":"Code not found"}}')
    assert (error.value.name, error.value.message, error.value.status) == ("404", "Code not found", status)


@pytest.mark.parametrize("parse", PARSERS)
def test_the_plain_text_of_a_429_is_the_exchanges_no(parse: Parse) -> None:
    with pytest.raises(ExchangeError, match="Too many API requests"):
        parse(429, b" Too many API requests. ")
    with pytest.raises(ExchangeError):
        parse(429, b"")


@pytest.mark.parametrize("parse", LISTS)
def test_an_empty_list_of_what_cannot_be_empty_is_an_error(parse: Parse) -> None:
    with pytest.raises(BadPage, match=r"empty|without"):
        parse(200, b"[]" if parse is not upbit_rest.parse_notices else b'{"success":true,"data":{"notices":[]}}')


UPBIT_NOTICE = {"id": 7, "title": "별빛(STAR) 신규 거래지원 안내 (KRW 마켓)"}
BITHUMB_NOTICE = {"title": "별빛(STAR) 원화 마켓 추가", "pc_url": "https://feed.bithumb.com/notice/7"}
MARKET = {"market": "KRW-STAR"}


@pytest.mark.parametrize("value", [None, 5, True, [], {}, [None], {"warning": None}, {"warning": "CAUTION"}])
def test_fields_that_nobody_needs_hide_no_notice_and_no_market_whatever_is_in_them(value: object) -> None:
    """They may be missing already; a new kind of row may well have null there, or a word in place of a flag."""
    for field in ("category", "listed_at", "first_listed_at", "uuid", "body", "need_new_badge"):
        notices = json.dumps({"success": True, "data": {"notices": [UPBIT_NOTICE | {field: value}]}})
        [notice] = upbit_rest.parse_notices(200, notices.encode())
        assert (notice.notice_id, notice.title, notice.body) == ("7", UPBIT_NOTICE["title"], None)
    for field in ("categories", "published_at", "modified_at"):
        [notice] = bithumb_rest.parse_notices(200, json.dumps([BITHUMB_NOTICE | {field: value}]).encode())
        assert (notice.notice_id, notice.categories, notice.published_ms) == ("7", (), None)
    for field in ("korean_name", "english_name", "market_event", "market_warning"):
        for parse in (upbit_rest.parse_market_list, bithumb_rest.parse_market_list):
            [row] = parse(200, json.dumps([MARKET | {field: value}]).encode())
            assert (row.market.base, row.korean_name, row.english_name, row.warning) == ("STAR", "", "", None)


@given(st.binary(max_size=200), st.sampled_from(PARSERS))
def test_any_bytes_give_a_page_or_a_page_error(body: bytes, parse: Parse) -> None:
    try:
        parse(200, body)
    except PageError as e:
        assert body.startswith(getattr(e, "sample", b""))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.just("20261118"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("market", "trade_price", "trade_timestamp", "acc_trade_price_24h", "trade_date", "trade_time"),
                    *("title", "pc_url", "published_at", "id", "notices", "data", "success", "status", "currency"),
                    *("candle_date_time_utc", "opening_price", "orderbook_units", "timestamp", "error", "name"),
                ]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@given(json_values, st.sampled_from(PARSERS))
def test_any_json_gives_a_page_or_a_page_error(value: object, parse: Parse) -> None:
    try:
        parse(200, json.dumps(value).encode())
    except PageError as e:
        assert str(e)


def test_times_are_spelled_for_each_exchange() -> None:
    assert iso_utc(1_795_000_800_999) == "2026-11-18T11:20:00Z"
    assert iso_kst(1_795_000_800_999) == "2026-11-18T20:20:00"
    assert kst_ms("2026-11-18 20:20:00") == 1_795_000_800_000
    assert kst_ms("2026-11-18T20:20:00+09:00") == 1_795_000_800_000
    assert kst_ms("2026-11-18T11:20:00Z") == 1_795_000_800_000
    assert kst_ms("곧") is None
    assert kst_ms(None) is None
