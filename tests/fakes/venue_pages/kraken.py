"""Kraken's words for the invented coin: a result under the pair's other name, volume in coins, funding in dollars."""

from tests.fakes.venue_pages.script import NOW, Json, Page, Script, Told, every, levels, numbers, numeric

PATHS = ("/0/public/Ticker", "/0/public/Depth", "/0/public/OHLC")


def kraken_page(pair: str, part: Json) -> Json:
    return {"error": [], "result": {pair: part}}


def listed(told: Told) -> list[Page]:
    asked, perp = {"pair": "QRXUSD"}, {"symbol": "PF_QRXUSD"}
    coins = "0" if not told.last or not float(told.last) else str(float(told.volume) / float(told.last))
    ticker = {"a": [told.ask, "1", "1"], "b": [told.bid, "1", "1"], "c": [told.last, "5"]}
    ticker |= {"v": ["1", coins], "p": ["1", told.last]}
    depth = {
        name: [[*row, NOW // 1000] for row in levels(side)] for name, side in (("bids", told.bids), ("asks", told.asks))
    }
    mark = numeric(told.mark)
    absolute = numeric(told.funding) * mark if mark else 0.0
    tell = {**perp, "markPrice": mark, "indexPrice": mark, "fundingRate": absolute, "suspended": False}
    sides = {"bids": numbers(levels(told.bids)), "asks": numbers(levels(told.asks))}
    dollars = {**ticker, "a": ["1.0001", "1", "1"], "b": ["0.9999", "1", "1"]}
    return [
        Page("kraken", "/0/public/Ticker", kraken_page("QRXZUSD", ticker), asked),
        Page("kraken", "/0/public/Ticker", kraken_page("USDTZUSD", dollars), {"pair": "USDTUSD"}),
        Page("kraken", "/0/public/Depth", kraken_page("QRXZUSD", depth), asked),
        Page(
            "kraken",
            "/0/public/Assets",
            kraken_page("QRX", {"aclass": "currency", "altname": "QRX", "status": "deposit_only"}),
            {"asset": "QRX"},
        ),
        Page(
            "kraken_futures",
            "/derivatives/api/v3/tickers/PF_QRXUSD",
            {"result": "success", "ticker": {**tell, "postOnly": False}},
        ),
        Page("kraken_futures", "/derivatives/api/v3/orderbook", {"result": "success", "orderBook": sides}, perp),
    ]


NO_PAIR = {"error": ["EQuery:Unknown asset pair"]}
NO_CONTRACT = {"result": "error", "error": "invalidArgument: symbol"}
KRAKEN = Script(
    listed,
    unknown=[
        *every("kraken", PATHS, NO_PAIR),
        Page("kraken", "/0/public/Assets", {"error": ["EQuery:Unknown asset"]}),
        Page("kraken_futures", "/derivatives/api/v3/tickers/PF_NOPEUSD", NO_CONTRACT),
        Page("kraken_futures", "/derivatives/api/v3/orderbook", NO_CONTRACT),
        Page(
            "kraken",
            "/0/public/Ticker",
            kraken_page("USDTZUSD", {key: ["1", "1"] for key in "abcvp"}),
            {"pair": "USDTUSD"},
        ),
    ],
    lists=[
        Page(
            "kraken",
            "/0/public/AssetPairs",
            kraken_page("QRXZUSD", {"altname": "QRXUSD", "wsname": "QRX/USD", "status": "online"}),
        ),
        Page(
            "kraken_futures", "/derivatives/api/v3/tickers", {"result": "success", "tickers": [{"symbol": "PF_QRXUSD"}]}
        ),
    ],
    empty=[
        *every("kraken", (*PATHS, "/0/public/Assets"), {"error": [], "result": {}}),
        *every(
            "kraken_futures",
            ("/derivatives/api/v3/tickers/PF_QRXUSD", "/derivatives/api/v3/orderbook"),
            {"result": "success", "tickers": []},
        ),
    ],
    fee=False,
    address=False,
)
