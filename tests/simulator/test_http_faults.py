import json

import pytest
from aiohttp import web

from simulator.faults import Fault
from simulator.http_faults import Pages, bent, refusal, with_prices

NOW = 1_800_000_000_000


def fault(kind: str, **given: float) -> Fault:
    return Fault("binance", kind, NOW, NOW + 1_000, **given)  # type: ignore[arg-type]  # numbers only


def text(response: web.Response | None) -> str:
    assert response is not None and isinstance(response.body, bytes)
    return response.body.decode()


@pytest.mark.parametrize(
    ("service", "kind", "status", "body", "retry_after"),
    [
        ("upbit", "http_429", 429, "Too many API requests.", None),
        ("upbit", "http_418", 418, "Blocked for 7 seconds", None),
        ("binance", "http_429", 429, "-1003", "7"),
        ("binance", "http_418", 418, f"banned until {NOW + 7_000}", "7"),
        ("binance-futures", "http_451", 451, "restricted location", None),
        ("okx", "http_429", 429, '"50011"', None),
        ("bybit", "http_403", 403, "access too frequent", None),
        ("coingecko", "http_429", 429, "exceeded the Rate Limit", "7"),
        ("telegram", "http_429", 429, '"retry_after": 7', "7"),
        ("telegram", "http_5xx", 500, "Internal Server Error: restart", None),
        ("upbit-site", "http_403", 403, "<html>", None),
        ("fx", "http_5xx", 500, "<html>", None),
        ("upbit-site", "http_html", 200, "<html>", None),
    ],
)
def test_a_service_refuses_in_its_own_words(
    service: str, kind: str, status: int, body: str, retry_after: str | None
) -> None:
    answer = refusal(service, fault(kind, retry_after_s=7), NOW)
    assert answer is not None
    assert answer.status == status
    assert body in text(answer)
    assert answer.headers.get("Retry-After") == retry_after


def test_other_kinds_refuse_nothing() -> None:
    assert refusal("binance", fault("zero_price"), NOW) is None


@pytest.mark.parametrize(
    ("answer", "prices"),
    [
        ({"lastPrice": "2.5", "volume": "9", "priceChangePercent": "1.0", "symbol": "X"}, ["lastPrice"]),
        ({"data": [{"last": "2.5", "askPx": "2.6", "askSz": "4", "ts": "1734669600000"}]}, ["last", "askPx"]),
        ([{"market": "KRW-BTC", "trade_price": 5.0, "acc_trade_price": 9.0, "change_price": 1.0}], ["trade_price"]),
        ({"bitcoin": {"usd": 5.0, "usd_market_cap": 9.0}}, ["usd"]),
        ([{"code": "FRX.KRWUSD", "basePrice": 1400.5, "timestamp": 5}], ["basePrice"]),
    ],
)
def test_prices_are_found_by_their_names(answer: object, prices: list[str]) -> None:
    changed = json.dumps(with_prices(answer, lambda _: "CHANGED"))
    assert changed.count("CHANGED") == len(prices)
    for name in prices:
        assert f'"{name}": "CHANGED"' in changed


def test_prices_of_levels_and_candles_are_found_by_their_place() -> None:
    wire = {"bids": [["4.0", "431"]], "asks": [["4.1", "12"]], "lastUpdateId": 7}
    assert with_prices(wire, lambda _: "0") == {"bids": [["0", "431"]], "asks": [["0", "12"]], "lastUpdateId": 7}
    candle = [1499040000000, "1", "2", "0.5", "1.5", "900", 1499644799999, "1300"]
    assert with_prices([candle], lambda _: "0") == [[1499040000000, "0", "0", "0", "0", "900", 1499644799999, "1300"]]


def test_a_bent_answer_keeps_its_shape_and_headers() -> None:
    real = web.json_response({"lastPrice": "2.50000000", "list": [1]}, headers={"X-MBX-USED-WEIGHT-1M": "4"})
    assert json.loads(text(bent(real, fault("zero_price")))) == {"lastPrice": "0.00000000", "list": [1]}
    assert json.loads(text(bent(real, fault("null_price")))) == {"lastPrice": None, "list": [1]}
    assert json.loads(text(bent(real, fault("wrong_price", factor=10.0)))) == {"lastPrice": "25", "list": [1]}
    assert json.loads(text(bent(real, fault("empty")))) == {"lastPrice": "2.50000000", "list": []}
    assert bent(real, fault("empty")).headers["X-MBX-USED-WEIGHT-1M"] == "4"


def test_a_stale_page_is_what_the_address_showed_last() -> None:
    pages = Pages()
    pages.remember("/list?page=1", web.json_response([1]))
    pages.remember("/list?page=1", web.json_response([1, 2]))
    pages.remember("/list?page=1", web.Response(status=500))
    assert text(pages.recall("/list?page=1")) == "[1, 2]"
    assert pages.recall("/list?page=2") is None
