"""HTX's words for the invented coin: numbers as numbers, lower-case symbols; its perpetual is on a host of its own."""

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

SPOT = ("/market/detail/merged", "/market/depth", "/market/history/kline")
PERP = (
    "/index/market/history/linear_swap_mark_price_kline",
    "/linear-swap-api/v1/swap_funding_rate",
    "/linear-swap-api/v1/swap_contract_info",
    "/linear-swap-ex/market/depth",
)
PERPETUAL = {
    "symbol": "QRX",
    "contract_code": "QRX-USDT",
    "contract_size": SIZE,
    "contract_status": 1,
    "business_type": "swap",
}


def htx_page(name: str, part: Json) -> Json:
    return {"status": "ok", "ts": NOW, name: part}


def listed(told: Told) -> list[Page]:
    spot, perp = {"symbol": "qrxusdt"}, {"contract_code": "QRX-USDT"}
    last, bid, ask = numeric(told.last), numeric(told.bid), numeric(told.ask)
    tick = {"close": last, "vol": numeric(told.volume), "amount": 1.0, "bid": [bid, 1000.0], "ask": [ask, 900.0]}
    depth = {"bids": numbers(levels(told.bids)), "asks": numbers(levels(told.asks)), "ts": NOW}
    swap = {"bids": numbers(contracts(told.bids)), "asks": numbers(contracts(told.asks)), "ts": NOW}
    rate = {"funding_rate": told.funding, "funding_time": str(NEXT_FUNDING), "next_funding_time": None, **perp}
    chain: Json = {"chain": "qrxerc20", "displayName": "ERC20", "baseChain": "ETH", "numOfConfirmations": 12}
    chain |= {"depositStatus": "allowed", "withdrawStatus": "prohibited", "minWithdrawAmt": "80"}
    coin: Json = {"currency": "qrx", "chains": [{**chain, "withdrawFeeType": "fixed", "transactFeeWithdraw": "40"}]}
    return [
        Page("htx", SPOT[0], htx_page("tick", tick), spot),
        Page("htx", SPOT[1], htx_page("tick", depth), spot),
        Page("htx", "/v2/reference/currencies", {"code": 200, "data": [coin]}, {"currency": "qrx"}),
        Page("htx_futures", PERP[0], htx_page("data", [{"id": 7, "close": told.mark}]), perp),
        Page("htx_futures", PERP[1], htx_page("data", rate), perp),
        Page("htx_futures", PERP[2], htx_page("data", [PERPETUAL]), perp),
        Page("htx_futures", PERP[3], htx_page("tick", swap), perp),
    ]


NO_SYMBOL = {"ts": NOW, "status": "error", "err-code": "invalid-parameter", "err-msg": "invalid symbol"}
NO_CONTRACT = {"status": "error", "err_code": 1332, "err_msg": "The contract doesn't exist.", "ts": NOW}
HTX = Script(
    listed,
    unknown=[
        *every("htx", SPOT, NO_SYMBOL),
        *every("htx_futures", PERP, NO_CONTRACT),
        Page("htx", "/v2/reference/currencies", {"code": 2002, "message": "invalid field value in `currency`"}),
    ],
    lists=[
        Page(
            "htx",
            "/v1/common/symbols",
            htx_page(
                "data",
                [{"symbol": "qrxusdt", "base-currency": "qrx", "quote-currency": "usdt", "state": "online"}],
            ),
        ),
        Page("htx_futures", "/linear-swap-api/v1/swap_contract_info", htx_page("data", [PERPETUAL])),
    ],
    empty=[
        *every("htx", SPOT, htx_page("tick", [])),
        *every("htx_futures", PERP, htx_page("data", [])),
        Page("htx", "/v2/reference/currencies", {"code": 200, "data": []}),
    ],
    address=False,
)
