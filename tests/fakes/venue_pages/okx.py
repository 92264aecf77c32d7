"""OKX's words for the invented coin: an envelope with a code as text; its perpetual is a SWAP counted in contracts."""

from tests.fakes.venue_pages.script import NEXT_FUNDING, NOW, SIZE, Json, Page, Script, Told, contracts, every, levels

PATHS = tuple(
    f"/api/v5/{path}"
    for path in ("market/ticker", "market/books", "market/candles", "public/funding-rate", "public/mark-price")
)


def okx_page(rows: Json, code: str = "0", msg: str = "") -> Json:
    return {"code": code, "msg": msg, "data": rows}


def listed(told: Told) -> list[Page]:
    spot, swap, now = {"instId": "QRX-USDT"}, {"instId": "QRX-USDT-SWAP"}, str(NOW)
    ticker = {**spot, "last": told.last, "bidPx": told.bid, "askPx": told.ask, "volCcy24h": told.volume, "ts": now}
    book = {"bids": levels(told.bids), "asks": levels(told.asks), "ts": now}
    rate = {**swap, "fundingRate": told.funding, "fundingTime": str(NEXT_FUNDING), "ts": now}
    rate["nextFundingTime"] = str(NEXT_FUNDING + 8 * 3_600_000)
    return [
        Page("okx", "/api/v5/market/ticker", okx_page([ticker]), spot),
        Page("okx", "/api/v5/market/books", okx_page([book]), spot),
        Page("okx", "/api/v5/public/mark-price", okx_page([{**swap, "markPx": told.mark, "ts": now}]), swap),
        Page("okx", "/api/v5/public/funding-rate", okx_page([rate]), swap),
        Page(
            "okx",
            "/api/v5/market/books",
            okx_page([{"bids": contracts(told.bids), "asks": contracts(told.asks), "ts": now}]),
            swap,
        ),
        Page("okx", "/api/v5/public/instruments", okx_page([SWAP]), {"instType": "SWAP", **swap}),
    ]


SWAP = {"instId": "QRX-USDT-SWAP", "state": "live", "ctVal": str(SIZE), "ctMult": "1", "ctType": "linear"}
NO_INSTRUMENT = okx_page([], "51001", "Instrument ID, Instrument ID code or Spread ID doesn't exist.")
OKX = Script(
    listed,
    unknown=[*every("okx", PATHS, NO_INSTRUMENT), Page("okx", "/api/v5/public/instruments", NO_INSTRUMENT)],
    lists=[
        Page(
            "okx",
            "/api/v5/public/instruments",
            okx_page([{"instId": "QRX-USDT", "state": "live"}]),
            {"instType": "SPOT"},
        ),
        Page("okx", "/api/v5/public/instruments", okx_page([SWAP]), {"instType": "SWAP"}),
    ],
    empty=every("okx", PATHS, okx_page([])),
    transfers=False,
)
