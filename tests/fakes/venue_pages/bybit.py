"""Bybit's words for the invented coin: one path for spot and perpetual, told apart by `category`."""

from tests.fakes.venue_pages.script import NEXT_FUNDING, NOW, Json, Page, Script, Told, every, levels

PATHS = ("/v5/market/tickers", "/v5/market/orderbook", "/v5/market/kline")


def bybit_page(result: Json, code: int = 0, msg: str = "OK") -> Json:
    return {"retCode": code, "retMsg": msg, "result": result, "retExtInfo": {}, "time": NOW}


def listed(told: Told) -> list[Page]:
    ticker = {"symbol": "QRXUSDT", "lastPrice": told.last, "bid1Price": told.bid, "ask1Price": told.ask}
    linear = {**ticker, "markPrice": told.mark, "indexPrice": told.mark, "fundingRate": told.funding}
    linear |= {"nextFundingTime": str(NEXT_FUNDING), "fundingIntervalHour": "8", "curPreListingPhase": ""}
    book = bybit_page({"s": "QRXUSDT", "b": levels(told.bids), "a": levels(told.asks), "ts": NOW})
    spot, perp = {"category": "spot", "symbol": "QRXUSDT"}, {"category": "linear", "symbol": "QRXUSDT"}
    rows = [{**ticker, "turnover24h": told.volume}]
    return [
        Page("bybit", "/v5/market/tickers", bybit_page({"category": "spot", "list": rows}), spot),
        Page("bybit", "/v5/market/tickers", bybit_page({"category": "linear", "list": [linear]}), perp),
        Page("bybit", "/v5/market/orderbook", book, spot),
        Page("bybit", "/v5/market/orderbook", book, perp),
    ]


SYMBOL = {"symbol": "QRXUSDT", "baseCoin": "QRX", "quoteCoin": "USDT", "status": "Trading"}
BYBIT = Script(
    listed,
    unknown=every("bybit", PATHS, bybit_page({}, 10001, "Not supported symbols")),
    lists=[
        Page("bybit", "/v5/market/instruments-info", bybit_page({"list": [SYMBOL], "nextPageCursor": ""})),
        Page("bybit", "/v5/market/instruments-info", bybit_page({"list": []}), {"status": "PreLaunch"}),
    ],
    empty=every("bybit", PATHS, bybit_page({"list": []})),
    transfers=False,
)
