"""Coinbase's words for the invented coin: bare pages in US dollars, absence as a 404; no perpetual."""

from tests.fakes.venue_pages.script import CONTRACT, Json, Page, Script, Told, every, levels

USDT_USD = {"price": "1", "bid": "0.9999", "ask": "1.0001", "volume": "1", "time": "2026-11-20T00:00:00.000001Z"}
PATHS = tuple(
    f"/products/{product}/{path}"
    for product in ("NOPE-USD", "NOPE-USDT", "QRX-USDT")
    for path in ("ticker", "book", "candles")
)


def listed(told: Told) -> list[Page]:
    coins = None if not told.last else float(told.volume) / float(told.last) if float(told.last) else "49800.8"
    ticker = {"price": told.last, "bid": told.bid, "ask": told.ask, "volume": coins, "time": "2026-11-20T00:00:00Z"}
    book = {"bids": [[*row, 3] for row in levels(told.bids)], "asks": [[*row, 1] for row in levels(told.asks)]}
    network: Json = {"id": "ethereum", "name": "Ethereum", "status": "offline", "contract_address": CONTRACT}
    network |= {"min_withdrawal_amount": 80, "network_confirmations": 12}
    return [
        Page("coinbase", "/products/QRX-USD/ticker", ticker),
        Page("coinbase", "/products/QRX-USD/book", book),
        Page("coinbase", "/products/USDT-USD/ticker", USDT_USD),
        Page("coinbase", "/currencies/QRX", {"id": "QRX", "status": "online", "supported_networks": [network]}),
    ]


COINBASE = Script(
    listed,
    unknown=[
        *every("coinbase", (*PATHS, "/currencies/NOPE"), {"message": "NotFound"}, 404),
        Page("coinbase", "/products/USDT-USD/ticker", USDT_USD),
    ],
    lists=[
        Page(
            "coinbase",
            "/products",
            [{"id": "QRX-USD", "base_currency": "QRX", "quote_currency": "USD", "status": "online"}],
        )
    ],
    empty=every("coinbase", ("/products/QRX-USD/ticker", "/products/QRX-USD/book", "/currencies/QRX"), []),
    perp=False,
    fee=False,
)
