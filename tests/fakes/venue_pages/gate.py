"""Gate's words for the invented coin: bare rows, errors by label, a size in contracts beside each price by name."""

from tests.fakes.venue_pages.script import (
    CONTRACT,
    NEXT_FUNDING,
    NOW,
    SIZE,
    Page,
    Script,
    Told,
    contracts,
    every,
    levels,
)

NO_PAIR = {"label": "INVALID_CURRENCY_PAIR", "message": "Invalid currency pair"}
SPOT = tuple(f"/api/v4/spot/{path}" for path in ("tickers", "order_book", "candlesticks"))
PERPETUAL = {"name": "QRX_USDT", "quanto_multiplier": str(SIZE), "in_delisting": False, "type": "direct"}


def listed(told: Told) -> list[Page]:
    pair, contract = {"currency_pair": "QRX_USDT"}, {"contract": "QRX_USDT"}
    ticker = {**pair, "last": told.last, "highest_bid": told.bid, "lowest_ask": told.ask, "quote_volume": told.volume}
    mark = {**PERPETUAL, "mark_price": told.mark, "index_price": told.mark, "funding_rate": told.funding}
    mark |= {"funding_interval": 28_800, "funding_next_apply": NEXT_FUNDING // 1000}
    chain = {"name": "ETH", "addr": CONTRACT, "withdraw_disabled": True, "withdraw_delayed": False}
    book = {"id": 7, "current": NOW, "update": NOW - 90_000, "bids": levels(told.bids), "asks": levels(told.asks)}
    sides = {
        name: [{"p": price, "s": size} for price, size in contracts(side)]
        for name, side in (("bids", told.bids), ("asks", told.asks))
    }
    return [
        Page("gate", "/api/v4/spot/tickers", [ticker], pair),
        Page("gate", "/api/v4/spot/order_book", book, pair),
        Page("gate", "/api/v4/futures/usdt/contracts/QRX_USDT", mark),
        Page("gate", "/api/v4/futures/usdt/order_book", {**sides, "current": NOW / 1000, "update": 1.0}, contract),
        Page(
            "gate",
            "/api/v4/spot/currencies/QRX",
            {"currency": "QRX", "chains": [{**chain, "deposit_disabled": False}]},
        ),
    ]


GATE = Script(
    listed,
    unknown=[
        *every("gate", SPOT, NO_PAIR, 400),
        Page("gate", "/api/v4/futures/usdt/contracts/NOPE_USDT", {"label": "CONTRACT_NOT_FOUND"}, status=400),
        Page("gate", "/api/v4/futures/usdt/order_book", {"label": "CONTRACT_NOT_FOUND"}, status=400),
        Page("gate", "/api/v4/spot/currencies/NOPE", {"label": "INVALID_CURRENCY"}, status=400),
    ],
    lists=[
        Page(
            "gate",
            "/api/v4/spot/currency_pairs",
            [{"id": "QRX_USDT", "base": "QRX", "quote": "USDT", "trade_status": "tradable", "type": "normal"}],
        ),
        Page("gate", "/api/v4/futures/usdt/contracts", [PERPETUAL]),
    ],
    empty=[
        *every("gate", SPOT, []),
        *every("gate", ("/api/v4/futures/usdt/contracts/QRX_USDT", "/api/v4/futures/usdt/order_book"), []),
        Page("gate", "/api/v4/spot/currencies/QRX", []),
    ],
    fee=False,
)
