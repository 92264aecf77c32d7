"""Bitget's words for the invented coin: an envelope with a code as text, its request's errors with status 400."""

from tests.fakes.venue_pages.script import CONTRACT, NEXT_FUNDING, NOW, Json, Page, Script, Told, every, levels

PATHS = tuple(
    f"/api/v2/{path}"
    for path in (
        *("spot/market/tickers", "spot/market/orderbook", "spot/market/candles", "spot/public/coins"),
        *("mix/market/ticker", "mix/market/current-fund-rate", "mix/market/merge-depth"),
    )
)


def bitget_page(data: Json, code: str = "00000", msg: str = "success") -> Json:
    return {"code": code, "msg": msg, "requestTime": NOW, "data": data}


def listed(told: Told) -> list[Page]:
    asked = {"symbol": "QRXUSDT"}
    ticker = {**asked, "lastPr": told.last, "bidPr": told.bid, "askPr": told.ask, "ts": str(NOW)}
    perp = {**ticker, "markPrice": told.mark, "indexPrice": told.mark, "fundingRate": told.funding}
    rate = {**asked, "fundingRate": told.funding, "fundingRateInterval": "8", "nextUpdate": str(NEXT_FUNDING)}
    book = bitget_page({"bids": levels(told.bids), "asks": levels(told.asks), "ts": str(NOW)})
    chain = {"chain": "ERC20", "withdrawable": "false", "rechargeable": "true", "withdrawFee": "40"}
    chain |= {"extraWithdrawFee": "0", "minWithdrawAmount": "80", "depositConfirm": "12", "congestion": "normal"}
    coin = {"coin": "QRX", "chains": [{**chain, "contractAddress": CONTRACT}]}
    return [
        Page("bitget", PATHS[0], bitget_page([{**ticker, "usdtVolume": told.volume}]), asked),
        Page("bitget", PATHS[1], book, asked),
        Page("bitget", PATHS[3], bitget_page([coin]), {"coin": "QRX"}),
        Page("bitget", PATHS[4], bitget_page([perp]), asked),
        Page("bitget", PATHS[5], bitget_page([rate]), asked),
        Page("bitget", PATHS[6], book, asked),
    ]


SYMBOL = {"symbol": "QRXUSDT", "baseCoin": "QRX", "quoteCoin": "USDT"}
BITGET = Script(
    listed,
    unknown=every("bitget", PATHS, bitget_page(None, "40034", "Parameter NOPEUSDT does not exist"), 400),
    lists=[
        Page("bitget", "/api/v2/spot/public/symbols", bitget_page([{**SYMBOL, "status": "online"}])),
        Page(
            "bitget",
            "/api/v2/mix/market/contracts",
            bitget_page([{**SYMBOL, "symbolType": "perpetual", "symbolStatus": "normal"}]),
        ),
    ],
    empty=every("bitget", PATHS, bitget_page([])),
)
