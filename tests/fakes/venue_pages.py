"""The same invented coin at every foreign venue, in each one's own words: what a test expects is one table for all.

QRX costs about 2.5 US cents; a USDT costs 1.0 USD here, and a contract holds 10 coins where contracts are counted.
Fields and error bodies as documented (see each `analysis/venues/*_wire.py`); all values are made up.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from tests.fakes.clock import START_MS
from tests.fakes.door import FakeDoor

NOW = START_MS
NEXT_FUNDING = NOW + 3_600_000
CONTRACT = "0x00000000000000000000000000000000005152c8"
SIZE = 10  # coins in a contract, where contracts are counted

Json = Any  # a page of any shape


class Told(Struct, frozen=True):
    """What the venue says of QRX. A test replaces prices by what is no price."""

    last: Json = "0.0251"
    bid: Json = "0.025"
    ask: Json = "0.0252"
    volume: Json = "1250000.5"
    mark: Json = "0.02515"
    funding: Json = "-0.00012"
    bids: Sequence[tuple[Json, str]] = (("0.025", "1000"), ("0.0249", "2000"))
    asks: Sequence[tuple[Json, str]] = (("0.0252", "900"),)

    def with_price(self, price: Json) -> "Told":
        """Every price replaced, those of the books too."""
        level = ((price, "1000"),)
        return Told(price, price, price, self.volume, price, self.funding, level, level)


class Page(Struct, frozen=True):
    """One answer to one question; `params` are those that must fit."""

    service: str
    path: str
    body: Json
    params: Mapping[str, str] = {}
    status: int = 200

    @property
    def of_perpetual(self) -> bool:
        words = f"{self.service} {self.path} {sorted(self.params.values())}"
        signs = ("futures", "/mix/", "/contract/", "SWAP", "linear", "public/mark", "public/funding")
        return any(sign in words for sign in signs)


class Script(Struct, frozen=True):
    """One venue. `listed` answers for QRX; `unknown` answers everything for a coin that is not there.

    `lists` holds the instrument lists. `empty` is every question with an empty list where rows should be; `perp`,
    `fee` and `address` say whether it has a perpetual, and what its page on transfers tells.
    """

    listed: Callable[[Told], list[Page]]
    unknown: list[Page]
    lists: list[Page]
    empty: list[Page]
    perp: bool = True
    transfers: bool = True
    fee: bool = True
    address: bool = True

    def plays(self, door: FakeDoor, told: Told | None = None, **more: Any) -> None:
        """QRX is listed, nothing else; `more` goes to every page of QRX (`after_s`, `status`, …)."""
        self.knows_nothing(door)
        for page in self.listed(told or Told()):
            door.says(page.service, page.path, page.body, when=page.params, **more)

    def knows_nothing(self, door: FakeDoor) -> None:
        for page in self.unknown:
            door.says(page.service, page.path, page.body, status=page.status, when=page.params)

    def denies_the_perpetual(self, door: FakeDoor) -> None:
        """The venue knows no perpetual of QRX, and nothing of its spot market can be had."""
        for page in self.listed(Told()):
            if not page.of_perpetual:
                door.says(page.service, page.path, b"", status=503, when=page.params)
                continue
            denials = [one for one in self.unknown if one.service == page.service]
            perps = [one for one in denials if one.of_perpetual] or denials
            denial = next((one for one in perps if one.path == page.path), perps[-1])
            door.says(page.service, page.path, denial.body, status=denial.status, when=page.params)

    def shows_lists(self, door: FakeDoor) -> None:
        for page in self.lists:
            door.says(page.service, page.path, page.body, when=page.params)

    def questions(self) -> list[tuple[str, str]]:
        """Service and path of everything that is asked about a coin."""
        return list(dict.fromkeys((page.service, page.path) for page in (*self.unknown, *self.listed(Told()))))


def levels(rows: Sequence[tuple[Json, str]]) -> list[list[Json]]:
    return [[price, size] for price, size in rows]


def contracts(rows: Sequence[tuple[Json, str]]) -> list[list[Json]]:
    """The same sizes in contracts."""
    return [[price, float(size) / SIZE] for price, size in rows]


def numeric(value: Json) -> Json:
    """As a JSON number, where it is one."""
    return float(value) if isinstance(value, str) and value else value


def numbers(rows: Sequence[Sequence[Json]]) -> list[list[Json]]:
    return [[numeric(cell) for cell in row] for row in rows]


def every(service: str, paths: Sequence[str], body: Json, status: int = 200) -> list[Page]:
    return [Page(service, path, body, status=status) for path in paths]


# --- Binance --------------------------------------------------------------------------------------------------------

BINANCE_SPOT = ("/api/v3/ticker/24hr", "/api/v3/depth", "/api/v3/klines")
BINANCE_PERP = ("/fapi/v1/premiumIndex", "/fapi/v1/depth")
NO_SYMBOL = {"code": -1121, "msg": "Invalid symbol."}


def binance(told: Told) -> list[Page]:
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
    binance,
    unknown=[
        *every("binance", BINANCE_SPOT, NO_SYMBOL, 400),
        *every("binance_futures", BINANCE_PERP, NO_SYMBOL, 400),
        Page("binance_futures", "/fapi/v1/fundingInfo", []),
    ],
    lists=[
        Page("binance", "/api/v3/exchangeInfo", {"symbols": [SYMBOL]}),
        Page("binance_futures", "/fapi/v1/exchangeInfo", {"symbols": [{**SYMBOL, "contractType": "PERPETUAL"}]}),
    ],
    empty=[*every("binance", BINANCE_SPOT, []), *every("binance_futures", BINANCE_PERP, [])],
    transfers=False,
)


# --- OKX ------------------------------------------------------------------------------------------------------------

OKX_PATHS = tuple(
    f"/api/v5/{path}"
    for path in ("market/ticker", "market/books", "market/candles", "public/funding-rate", "public/mark-price")
)


def okx_page(rows: Json, code: str = "0", msg: str = "") -> Json:
    return {"code": code, "msg": msg, "data": rows}


def okx(told: Told) -> list[Page]:
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
        Page("okx", "/api/v5/public/instruments", okx_page([OKX_SWAP]), {"instType": "SWAP", **swap}),
    ]


OKX_SWAP = {"instId": "QRX-USDT-SWAP", "state": "live", "ctVal": str(SIZE), "ctMult": "1", "ctType": "linear"}
NO_INSTRUMENT = okx_page([], "51001", "Instrument ID, Instrument ID code or Spread ID doesn't exist.")
OKX = Script(
    okx,
    unknown=[*every("okx", OKX_PATHS, NO_INSTRUMENT), Page("okx", "/api/v5/public/instruments", NO_INSTRUMENT)],
    lists=[
        Page(
            "okx",
            "/api/v5/public/instruments",
            okx_page([{"instId": "QRX-USDT", "state": "live"}]),
            {"instType": "SPOT"},
        ),
        Page("okx", "/api/v5/public/instruments", okx_page([OKX_SWAP]), {"instType": "SWAP"}),
    ],
    empty=every("okx", OKX_PATHS, okx_page([])),
    transfers=False,
)


# --- Bybit ----------------------------------------------------------------------------------------------------------

BYBIT_PATHS = ("/v5/market/tickers", "/v5/market/orderbook", "/v5/market/kline")


def bybit_page(result: Json, code: int = 0, msg: str = "OK") -> Json:
    return {"retCode": code, "retMsg": msg, "result": result, "retExtInfo": {}, "time": NOW}


def bybit(told: Told) -> list[Page]:
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


BYBIT_SYMBOL = {"symbol": "QRXUSDT", "baseCoin": "QRX", "quoteCoin": "USDT", "status": "Trading"}
BYBIT = Script(
    bybit,
    unknown=every("bybit", BYBIT_PATHS, bybit_page({}, 10001, "Not supported symbols")),
    lists=[
        Page("bybit", "/v5/market/instruments-info", bybit_page({"list": [BYBIT_SYMBOL], "nextPageCursor": ""})),
        Page("bybit", "/v5/market/instruments-info", bybit_page({"list": []}), {"status": "PreLaunch"}),
    ],
    empty=every("bybit", BYBIT_PATHS, bybit_page({"list": []})),
    transfers=False,
)


# --- Gate -----------------------------------------------------------------------------------------------------------

GATE_PAIR = {"label": "INVALID_CURRENCY_PAIR", "message": "Invalid currency pair"}
GATE_SPOT = tuple(f"/api/v4/spot/{path}" for path in ("tickers", "order_book", "candlesticks"))
GATE_CONTRACT = {"name": "QRX_USDT", "quanto_multiplier": str(SIZE), "in_delisting": False, "type": "direct"}


def gate(told: Told) -> list[Page]:
    pair, contract = {"currency_pair": "QRX_USDT"}, {"contract": "QRX_USDT"}
    ticker = {**pair, "last": told.last, "highest_bid": told.bid, "lowest_ask": told.ask, "quote_volume": told.volume}
    mark = {**GATE_CONTRACT, "mark_price": told.mark, "index_price": told.mark, "funding_rate": told.funding}
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
    gate,
    unknown=[
        *every("gate", GATE_SPOT, GATE_PAIR, 400),
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
        Page("gate", "/api/v4/futures/usdt/contracts", [GATE_CONTRACT]),
    ],
    empty=[
        *every("gate", GATE_SPOT, []),
        *every("gate", ("/api/v4/futures/usdt/contracts/QRX_USDT", "/api/v4/futures/usdt/order_book"), []),
        Page("gate", "/api/v4/spot/currencies/QRX", []),
    ],
    fee=False,
)


# --- KuCoin ---------------------------------------------------------------------------------------------------------

KUCOIN_SPOT = ("/api/v1/market/stats", "/api/v1/market/orderbook/level2_100", "/api/v1/market/candles")
KUCOIN_SYMBOL = {"symbol": "QRX-USDT", "baseCurrency": "QRX", "quoteCurrency": "USDT", "enableTrading": True}
KUCOIN_CONTRACT = {
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


def kucoin(told: Told) -> list[Page]:
    spot, perp = {"symbol": "QRX-USDT"}, {"symbol": "QRXUSDTM"}
    stats = {**spot, "time": NOW, "last": told.last, "buy": told.bid, "sell": told.ask, "volValue": told.volume}
    mark = {**KUCOIN_CONTRACT, "markPrice": numeric(told.mark), "indexPrice": numeric(told.mark)}
    rate = {"value": numeric(told.funding), "granularity": 28_800_000, "timePoint": NEXT_FUNDING - 28_800_000}
    chain: Json = {"chainName": "ERC20", "chainId": "eth", "isDepositEnabled": True, "isWithdrawEnabled": False}
    chain |= {"withdrawalMinFee": "40", "withdrawFeeRate": "0", "withdrawalMinSize": "80", "confirms": 12}
    sides = {"bids": numbers(contracts(told.bids)), "asks": numbers(contracts(told.asks))}
    return [
        Page("kucoin", KUCOIN_SPOT[0], kucoin_page(stats), spot),
        Page(
            "kucoin",
            KUCOIN_SPOT[1],
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


KUCOIN_NONE = {"code": "400100", "msg": "Unsupported trading pair."}
KUCOIN_NO_CONTRACT = {"code": "400100", "msg": "The contract doesn't exist."}
KUCOIN = Script(
    kucoin,
    unknown=[
        *every("kucoin", KUCOIN_SPOT, KUCOIN_NONE),
        *(
            Page("kucoin_futures", path, KUCOIN_NO_CONTRACT)
            for symbol in ("NOPEUSDTM", "1000NOPEUSDTM", "1000QRXUSDTM")
            for path in (f"/api/v1/contracts/{symbol}", f"/api/v1/funding-rate/{symbol}/current")
        ),
        Page("kucoin_futures", "/api/v1/level2/depth100", KUCOIN_NO_CONTRACT),
        Page("kucoin", "/api/v3/currencies/NOPE", {"code": "900001", "msg": "The symbol does not exist"}),
    ],
    lists=[
        Page(
            "kucoin",
            "/api/v2/symbols",
            kucoin_page([KUCOIN_SYMBOL]),
        ),
        Page("kucoin_futures", "/api/v1/contracts/active", kucoin_page([KUCOIN_CONTRACT])),
    ],
    empty=[
        *every("kucoin", (*KUCOIN_SPOT, "/api/v3/currencies/QRX"), kucoin_page([])),
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


# --- Bitget ---------------------------------------------------------------------------------------------------------

BITGET_PATHS = tuple(
    f"/api/v2/{path}"
    for path in (
        *("spot/market/tickers", "spot/market/orderbook", "spot/market/candles", "spot/public/coins"),
        *("mix/market/ticker", "mix/market/current-fund-rate", "mix/market/merge-depth"),
    )
)


def bitget_page(data: Json, code: str = "00000", msg: str = "success") -> Json:
    return {"code": code, "msg": msg, "requestTime": NOW, "data": data}


def bitget(told: Told) -> list[Page]:
    asked = {"symbol": "QRXUSDT"}
    ticker = {**asked, "lastPr": told.last, "bidPr": told.bid, "askPr": told.ask, "ts": str(NOW)}
    perp = {**ticker, "markPrice": told.mark, "indexPrice": told.mark, "fundingRate": told.funding}
    rate = {**asked, "fundingRate": told.funding, "fundingRateInterval": "8", "nextUpdate": str(NEXT_FUNDING)}
    book = bitget_page({"bids": levels(told.bids), "asks": levels(told.asks), "ts": str(NOW)})
    chain = {"chain": "ERC20", "withdrawable": "false", "rechargeable": "true", "withdrawFee": "40"}
    chain |= {"extraWithdrawFee": "0", "minWithdrawAmount": "80", "depositConfirm": "12", "congestion": "normal"}
    coin = {"coin": "QRX", "chains": [{**chain, "contractAddress": CONTRACT}]}
    return [
        Page("bitget", BITGET_PATHS[0], bitget_page([{**ticker, "usdtVolume": told.volume}]), asked),
        Page("bitget", BITGET_PATHS[1], book, asked),
        Page("bitget", BITGET_PATHS[3], bitget_page([coin]), {"coin": "QRX"}),
        Page("bitget", BITGET_PATHS[4], bitget_page([perp]), asked),
        Page("bitget", BITGET_PATHS[5], bitget_page([rate]), asked),
        Page("bitget", BITGET_PATHS[6], book, asked),
    ]


BITGET_SYMBOL = {"symbol": "QRXUSDT", "baseCoin": "QRX", "quoteCoin": "USDT"}
BITGET = Script(
    bitget,
    unknown=every("bitget", BITGET_PATHS, bitget_page(None, "40034", "Parameter NOPEUSDT does not exist"), 400),
    lists=[
        Page("bitget", "/api/v2/spot/public/symbols", bitget_page([{**BITGET_SYMBOL, "status": "online"}])),
        Page(
            "bitget",
            "/api/v2/mix/market/contracts",
            bitget_page([{**BITGET_SYMBOL, "symbolType": "perpetual", "symbolStatus": "normal"}]),
        ),
    ],
    empty=every("bitget", BITGET_PATHS, bitget_page([])),
)


# --- MEXC -----------------------------------------------------------------------------------------------------------

MEXC_SPOT = ("/api/v3/ticker/24hr", "/api/v3/depth", "/api/v3/klines")
MEXC_DETAIL = {
    "symbol": "QRX_USDT",
    "baseCoin": "QRX",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "contractSize": SIZE,
    "state": 0,
}


def mexc_page(data: Json) -> Json:
    return {"success": True, "code": 0, "data": data}


def mexc(told: Told) -> list[Page]:
    asked, perp = {"symbol": "QRXUSDT"}, {"symbol": "QRX_USDT"}
    ticker = {**asked, "lastPrice": told.last, "bidPrice": told.bid, "askPrice": told.ask, "bidQty": ""}
    mark = {**perp, "fairPrice": numeric(told.mark), "indexPrice": numeric(told.mark), "timestamp": NOW}
    rate = {**perp, "fundingRate": numeric(told.funding), "collectCycle": 8, "nextSettleTime": NEXT_FUNDING}
    sides = {"bids": numbers(contracts(told.bids)), "asks": numbers(contracts(told.asks))}
    return [
        Page("mexc", MEXC_SPOT[0], {**ticker, "quoteVolume": told.volume, "closeTime": NOW}, asked),
        Page("mexc", MEXC_SPOT[1], {"lastUpdateId": 7, "bids": levels(told.bids), "asks": levels(told.asks)}, asked),
        Page("mexc", "/api/v1/contract/ticker", mexc_page({**mark, "fundingRate": numeric(told.funding)}), perp),
        Page("mexc", "/api/v1/contract/funding_rate/QRX_USDT", mexc_page(rate)),
        Page("mexc", "/api/v1/contract/depth/QRX_USDT", mexc_page({**sides, "timestamp": NOW})),
        Page("mexc", "/api/v1/contract/detail", mexc_page(MEXC_DETAIL), perp),
    ]


MEXC_NONE = {"success": False, "code": 1001, "message": "Contract does not exist"}
MEXC = Script(
    mexc,
    unknown=[
        *every("mexc", MEXC_SPOT, {"code": -1121, "msg": "Invalid symbol.", "_extend": None}, 400),
        *every("mexc", ("/api/v1/contract/ticker", "/api/v1/contract/detail"), MEXC_NONE),
        *(
            Page("mexc", f"/api/v1/contract/{path}/{symbol}", MEXC_NONE)
            for symbol in ("NOPE_USDT", "1000NOPE_USDT", "1000QRX_USDT")
            for path in ("funding_rate", "depth")
        ),
    ],
    lists=[
        Page("mexc", "/api/v3/exchangeInfo", {"symbols": [{**SYMBOL, "status": "1"}]}),
        Page("mexc", "/api/v1/contract/detail", mexc_page([MEXC_DETAIL])),
    ],
    empty=[
        *every("mexc", MEXC_SPOT, []),
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


# --- HTX ------------------------------------------------------------------------------------------------------------

HTX_SPOT = ("/market/detail/merged", "/market/depth", "/market/history/kline")
HTX_PERP = (
    "/index/market/history/linear_swap_mark_price_kline",
    "/linear-swap-api/v1/swap_funding_rate",
    "/linear-swap-api/v1/swap_contract_info",
    "/linear-swap-ex/market/depth",
)
HTX_CONTRACT = {
    "symbol": "QRX",
    "contract_code": "QRX-USDT",
    "contract_size": SIZE,
    "contract_status": 1,
    "business_type": "swap",
}


def htx_page(name: str, part: Json) -> Json:
    return {"status": "ok", "ts": NOW, name: part}


def htx(told: Told) -> list[Page]:
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
        Page("htx", HTX_SPOT[0], htx_page("tick", tick), spot),
        Page("htx", HTX_SPOT[1], htx_page("tick", depth), spot),
        Page("htx", "/v2/reference/currencies", {"code": 200, "data": [coin]}, {"currency": "qrx"}),
        Page("htx_futures", HTX_PERP[0], htx_page("data", [{"id": 7, "close": told.mark}]), perp),
        Page("htx_futures", HTX_PERP[1], htx_page("data", rate), perp),
        Page("htx_futures", HTX_PERP[2], htx_page("data", [HTX_CONTRACT]), perp),
        Page("htx_futures", HTX_PERP[3], htx_page("tick", swap), perp),
    ]


HTX_NONE = {"ts": NOW, "status": "error", "err-code": "invalid-parameter", "err-msg": "invalid symbol"}
HTX_NO_CONTRACT = {"status": "error", "err_code": 1332, "err_msg": "The contract doesn't exist.", "ts": NOW}
HTX = Script(
    htx,
    unknown=[
        *every("htx", HTX_SPOT, HTX_NONE),
        *every("htx_futures", HTX_PERP, HTX_NO_CONTRACT),
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
        Page("htx_futures", "/linear-swap-api/v1/swap_contract_info", htx_page("data", [HTX_CONTRACT])),
    ],
    empty=[
        *every("htx", HTX_SPOT, htx_page("tick", [])),
        *every("htx_futures", HTX_PERP, htx_page("data", [])),
        Page("htx", "/v2/reference/currencies", {"code": 200, "data": []}),
    ],
    address=False,
)


# --- Coinbase -------------------------------------------------------------------------------------------------------

USDT_USD = {"price": "1", "bid": "0.9999", "ask": "1.0001", "volume": "1", "time": "2026-11-20T00:00:00.000001Z"}
COINBASE_PATHS = tuple(
    f"/products/{product}/{path}"
    for product in ("NOPE-USD", "NOPE-USDT", "QRX-USDT")
    for path in ("ticker", "book", "candles")
)


def coinbase(told: Told) -> list[Page]:
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
    coinbase,
    unknown=[
        *every("coinbase", (*COINBASE_PATHS, "/currencies/NOPE"), {"message": "NotFound"}, 404),
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


# --- Kraken ---------------------------------------------------------------------------------------------------------

KRAKEN_PATHS = ("/0/public/Ticker", "/0/public/Depth", "/0/public/OHLC")


def kraken_page(pair: str, part: Json) -> Json:
    return {"error": [], "result": {pair: part}}


def kraken(told: Told) -> list[Page]:
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


KRAKEN_NONE = {"error": ["EQuery:Unknown asset pair"]}
KRAKEN_NO_CONTRACT = {"result": "error", "error": "invalidArgument: symbol"}
KRAKEN = Script(
    kraken,
    unknown=[
        *every("kraken", KRAKEN_PATHS, KRAKEN_NONE),
        Page("kraken", "/0/public/Assets", {"error": ["EQuery:Unknown asset"]}),
        Page("kraken_futures", "/derivatives/api/v3/tickers/PF_NOPEUSD", KRAKEN_NO_CONTRACT),
        Page("kraken_futures", "/derivatives/api/v3/orderbook", KRAKEN_NO_CONTRACT),
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
        *every("kraken", (*KRAKEN_PATHS, "/0/public/Assets"), {"error": [], "result": {}}),
        *every(
            "kraken_futures",
            ("/derivatives/api/v3/tickers/PF_QRXUSD", "/derivatives/api/v3/orderbook"),
            {"result": "success", "tickers": []},
        ),
    ],
    fee=False,
    address=False,
)

SCRIPTS: dict[str, Script] = {
    "binance": BINANCE,
    "okx": OKX,
    "bybit": BYBIT,
    "gate": GATE,
    "bitget": BITGET,
    "htx": HTX,
    "coinbase": COINBASE,
    "kucoin": KUCOIN,
    "mexc": MEXC,
    "kraken": KRAKEN,
}


def encoded(body: Json) -> bytes:
    return body if isinstance(body, bytes) else msgspec.json.encode(body)
