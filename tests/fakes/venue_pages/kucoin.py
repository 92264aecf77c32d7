"""KuCoin's words for the invented coin: an envelope with a code as text; its contracts have names of their own."""

from tests.fakes.venue_pages.script import (
    CONTRACT,
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

SPOT = ("/api/v1/market/stats", "/api/v1/market/orderbook/level2_100", "/api/v1/market/candles")
SYMBOL = {"symbol": "QRX-USDT", "baseCurrency": "QRX", "quoteCurrency": "USDT", "enableTrading": True}
PERPETUAL = {
    "symbol": "QRXUSDTM",
    "baseCurrency": "QRX",
    "quoteCurrency": "USDT",
    "multiplier": SIZE,
    "isInverse": False,
    "status": "Open",
    "expireDate": None,
}


def kucoin_page(data: Json, code: str = "200000") -> Json:
    return {"code": code, "data": data}


def listed(told: Told) -> list[Page]:
    spot, perp = {"symbol": "QRX-USDT"}, {"symbol": "QRXUSDTM"}
    stats = {**spot, "time": NOW, "last": told.last, "buy": told.bid, "sell": told.ask, "volValue": told.volume}
    mark = {**PERPETUAL, "markPrice": numeric(told.mark), "indexPrice": numeric(told.mark)}
    rate = {"value": numeric(told.funding), "granularity": 28_800_000, "timePoint": NEXT_FUNDING - 28_800_000}
    chain: Json = {"chainName": "ERC20", "chainId": "eth", "isDepositEnabled": True, "isWithdrawEnabled": False}
    chain |= {"withdrawalMinFee": "40", "withdrawFeeRate": "0", "withdrawalMinSize": "80", "confirms": 12}
    sides = {"bids": numbers(contracts(told.bids)), "asks": numbers(contracts(told.asks))}
    return [
        Page("kucoin", SPOT[0], kucoin_page(stats), spot),
        Page(
            "kucoin",
            SPOT[1],
            kucoin_page({"time": NOW, "bids": levels(told.bids), "asks": levels(told.asks)}),
            spot,
        ),
        Page("kucoin_futures", "/api/v1/contracts/QRXUSDTM", kucoin_page(mark)),
        Page("kucoin_futures", "/api/v1/funding-rate/QRXUSDTM/current", kucoin_page(rate)),
        Page("kucoin_futures", "/api/v1/level2/depth100", kucoin_page({**perp, "ts": NOW * 1_000_000, **sides}), perp),
        Page(
            "kucoin",
            "/api/v3/currencies/QRX",
            kucoin_page({"currency": "QRX", "chains": [{**chain, "contractAddress": CONTRACT}]}),
        ),
    ]


NO_SYMBOL = {"code": "400100", "msg": "Unsupported trading pair."}
NO_CONTRACT = {"code": "400100", "msg": "The contract doesn't exist."}
KUCOIN = Script(
    listed,
    unknown=[
        *every("kucoin", SPOT, NO_SYMBOL),
        *(
            Page("kucoin_futures", path, NO_CONTRACT)
            for symbol in ("NOPEUSDTM", "1000NOPEUSDTM", "1000QRXUSDTM")
            for path in (f"/api/v1/contracts/{symbol}", f"/api/v1/funding-rate/{symbol}/current")
        ),
        Page("kucoin_futures", "/api/v1/level2/depth100", NO_CONTRACT),
        Page("kucoin", "/api/v3/currencies/NOPE", {"code": "900001", "msg": "The symbol does not exist"}),
    ],
    lists=[
        Page(
            "kucoin",
            "/api/v2/symbols",
            kucoin_page([SYMBOL]),
        ),
        Page("kucoin_futures", "/api/v1/contracts/active", kucoin_page([PERPETUAL])),
    ],
    empty=[
        *every("kucoin", (*SPOT, "/api/v3/currencies/QRX"), kucoin_page([])),
        *every(
            "kucoin_futures",
            (
                "/api/v1/contracts/QRXUSDTM",
                "/api/v1/funding-rate/QRXUSDTM/current",
                "/api/v1/level2/depth100",
            ),
            kucoin_page([]),
        ),
    ],
)
