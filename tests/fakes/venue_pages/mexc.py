"""MEXC's words for the invented coin: Binance's for the spot market, its own for the perpetual."""

from tests.fakes.venue_pages.binance import SYMBOL
from tests.fakes.venue_pages.script import (
    NEXT_FUNDING,
    NOW,
    SIZE,
    Json,
    Page,
    Script,
    Told,
    contracts,
    every,
    levels,
    numbers,
    numeric,
)

SPOT = ("/api/v3/ticker/24hr", "/api/v3/depth", "/api/v3/klines")
DETAIL = {
    "symbol": "QRX_USDT",
    "baseCoin": "QRX",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "contractSize": SIZE,
    "state": 0,
}


def mexc_page(data: Json) -> Json:
    return {"success": True, "code": 0, "data": data}


def listed(told: Told) -> list[Page]:
    asked, perp = {"symbol": "QRXUSDT"}, {"symbol": "QRX_USDT"}
    ticker = {**asked, "lastPrice": told.last, "bidPrice": told.bid, "askPrice": told.ask, "bidQty": ""}
    mark = {**perp, "fairPrice": numeric(told.mark), "indexPrice": numeric(told.mark), "timestamp": NOW}
    rate = {**perp, "fundingRate": numeric(told.funding), "collectCycle": 8, "nextSettleTime": NEXT_FUNDING}
    sides = {"bids": numbers(contracts(told.bids)), "asks": numbers(contracts(told.asks))}
    return [
        Page("mexc", SPOT[0], {**ticker, "quoteVolume": told.volume, "closeTime": NOW}, asked),
        Page("mexc", SPOT[1], {"lastUpdateId": 7, "bids": levels(told.bids), "asks": levels(told.asks)}, asked),
        Page("mexc", "/api/v1/contract/ticker", mexc_page({**mark, "fundingRate": numeric(told.funding)}), perp),
        Page("mexc", "/api/v1/contract/funding_rate/QRX_USDT", mexc_page(rate)),
        Page("mexc", "/api/v1/contract/depth/QRX_USDT", mexc_page({**sides, "timestamp": NOW})),
        Page("mexc", "/api/v1/contract/detail", mexc_page(DETAIL), perp),
    ]


NO_CONTRACT = {"success": False, "code": 1001, "message": "Contract does not exist"}
MEXC = Script(
    listed,
    unknown=[
        *every("mexc", SPOT, {"code": -1121, "msg": "Invalid symbol.", "_extend": None}, 400),
        *every("mexc", ("/api/v1/contract/ticker", "/api/v1/contract/detail"), NO_CONTRACT),
        *(
            Page("mexc", f"/api/v1/contract/{path}/{symbol}", NO_CONTRACT)
            for symbol in ("NOPE_USDT", "1000NOPE_USDT", "1000QRX_USDT")
            for path in ("funding_rate", "depth")
        ),
    ],
    lists=[
        Page("mexc", "/api/v3/exchangeInfo", {"symbols": [{**SYMBOL, "status": "1"}]}),
        Page("mexc", "/api/v1/contract/detail", mexc_page([DETAIL])),
    ],
    empty=[
        *every("mexc", SPOT, []),
        *every(
            "mexc",
            (
                *("/api/v1/contract/ticker", "/api/v1/contract/detail"),
                *("/api/v1/contract/funding_rate/QRX_USDT", "/api/v1/contract/depth/QRX_USDT"),
            ),
            mexc_page([]),
        ),
    ],
    transfers=False,
)
