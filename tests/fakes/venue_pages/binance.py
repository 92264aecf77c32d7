"""Binance's words for the invented coin: errors by number, and no page on transfers without a key."""

from tests.fakes.venue_pages.script import NEXT_FUNDING, NOW, Page, Script, Told, every, levels

SPOT = ("/api/v3/ticker/24hr", "/api/v3/depth", "/api/v3/klines")
PERP = ("/fapi/v1/premiumIndex", "/fapi/v1/depth")
NO_SYMBOL = {"code": -1121, "msg": "Invalid symbol."}


def listed(told: Told) -> list[Page]:
    asked = {"symbol": "QRXUSDT"}
    depth = {"lastUpdateId": 7, "bids": levels(told.bids), "asks": levels(told.asks)}
    ticker = {"symbol": "QRXUSDT", "lastPrice": told.last, "bidPrice": told.bid, "askPrice": told.ask}
    mark = {"symbol": "QRXUSDT", "markPrice": told.mark, "indexPrice": told.mark, "lastFundingRate": told.funding}
    return [
        Page("binance", "/api/v3/ticker/24hr", {**ticker, "quoteVolume": told.volume, "closeTime": NOW}, asked),
        Page("binance", "/api/v3/depth", depth, asked),
        Page("binance_futures", "/fapi/v1/premiumIndex", {**mark, "nextFundingTime": NEXT_FUNDING, "time": NOW}, asked),
        Page("binance_futures", "/fapi/v1/depth", {**depth, "E": NOW, "T": NOW}, asked),
        Page("binance_futures", "/fapi/v1/fundingInfo", []),
    ]


SYMBOL = {"symbol": "QRXUSDT", "status": "TRADING", "baseAsset": "QRX", "quoteAsset": "USDT"}
BINANCE = Script(
    listed,
    unknown=[
        *every("binance", SPOT, NO_SYMBOL, 400),
        *every("binance_futures", PERP, NO_SYMBOL, 400),
        Page("binance_futures", "/fapi/v1/fundingInfo", []),
    ],
    lists=[
        Page("binance", "/api/v3/exchangeInfo", {"symbols": [SYMBOL]}),
        Page("binance_futures", "/fapi/v1/exchangeInfo", {"symbols": [{**SYMBOL, "contractType": "PERPETUAL"}]}),
    ],
    empty=[*every("binance", SPOT, []), *every("binance_futures", PERP, [])],
    transfers=False,
)
