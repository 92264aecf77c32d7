"""MEXC under `/mexc/api`: spot as `/v3` (nearly Binance's), perpetuals as `/v1/contract` with numbers.

Contract: mexc.com/api-docs (2026), ccxt 4.5.90. Spot: 300 weight in 10 s an address, an unknown symbol is -1121 with
HTTP 400. Perpetuals: 20 requests in 2 s an endpoint, an unknown contract is code 1001. A market before its opening has
status 2 and empty or null quotes (assumed). Its transfer state needs a key, which is refused here.
"""

from collections.abc import Callable

from aiohttp import web

from simulator.abroad.venue_desk import Answer, Desk, Pool, Refused, Stall
from simulator.abroad.venue_wire import bounded, candles_between, millis, rows, text
from simulator.counters import Counters
from simulator.world.values import SimCandle, SimPerp, SimQuote
from simulator.world.world import World

WEIGHT, WEIGHT_MS = 300, 10_000
REQUESTS, REQUESTS_MS = 20, 2_000
INTERVALS = {"1m": 60, "5m": 300, "15m": 900, "30m": 1_800, "60m": 3_600, "4h": 14_400, "1d": 86_400}
UNKNOWN = {"code": -1121, "msg": "Invalid symbol.", "_extend": None}
NO_CONTRACT = {"success": False, "code": 1001, "message": "Contract does not exist"}

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    mexc, pool = Mexc(world), Pool(WEIGHT, WEIGHT_MS)
    spot = Desk(world, counters.of("mexc"), (429, {"code": 429, "msg": "Too Many Requests"}))
    too_many = {"success": False, "code": 510, "message": "Requests are too frequent, please try again later"}
    futures = Desk(world, counters.of("mexc"), (429, too_many))

    def v3(path: str, answer: Answer, weight: int) -> web.RouteDef:
        return web.get(f"/mexc/api/v3/{path}", spot.serve(answer, pool, weight))

    def contract(path: str, answer: Answer) -> web.RouteDef:
        def wrapped(request: web.Request) -> object:
            return {"success": True, "code": 0, "data": answer(request)}

        return web.get(f"/mexc/api/v1/contract/{path}", futures.serve(wrapped, Pool(REQUESTS, REQUESTS_MS)))

    return [
        v3("ticker/24hr", mexc.tickers, 1),
        v3("depth", mexc.depth, 1),
        v3("klines", mexc.klines, 1),
        v3("exchangeInfo", mexc.exchange_info, 10),
        v3("capital/config/getall", mexc.coins, 10),
        contract("ticker", mexc.perp_ticker),
        contract("funding_rate/{symbol}", mexc.funding_rate),
        contract("depth/{symbol}", mexc.perp_depth),
        contract("detail", mexc.detail),
    ]


class Mexc:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "mexc")

    def tickers(self, request: web.Request) -> Row | list[Row]:
        if "symbol" in request.query:
            return _ticker(self._spot(request))
        return [_ticker(quote) for quote in self._stall.spots()]

    def depth(self, request: web.Request) -> Row:
        book = self._stall.book(self._spot(request), _limit(request, 100, 5_000))
        sides = {"bids": rows(book.bids), "asks": rows(book.asks)}
        return {"lastUpdateId": book.taken_ms // 20, **sides, "timestamp": book.taken_ms}

    def klines(self, request: web.Request) -> list[list[object]]:
        quote, query = self._spot(request), request.query
        unit_s = INTERVALS.get(query.get("interval", ""))
        if unit_s is None:
            raise Refused({"code": -1121, "msg": "Invalid interval."}, 400)
        start, end = millis(query.get("startTime")), millis(query.get("endTime"))
        limit, now_ms = _limit(request, 500, 1_000), self._stall.now_ms()
        found = candles_between(self._stall.venue, quote.base, unit_s, limit, start, end, now_ms)
        return [_kline(candle, unit_s) for candle in found]

    def exchange_info(self, _: web.Request) -> Row:
        return {
            "timezone": "CST",
            "serverTime": self._stall.now_ms(),
            "rateLimits": [],
            "exchangeFilters": [],
            "symbols": [
                {
                    "symbol": f"{quote.base}USDT",
                    "status": "1" if quote.live else "2",
                    "baseAsset": quote.base,
                    "quoteAsset": "USDT",
                    "isSpotTradingAllowed": quote.live,
                    "permissions": ["SPOT"],
                }
                for quote in self._stall.spots()
            ],
        }

    def coins(self, _: web.Request) -> object:
        raise Refused({"code": 700001, "msg": "apiKey required"}, 400)

    def perp_ticker(self, request: web.Request) -> Row:
        perp = self._perp(request.query.get("symbol", ""))
        return {
            "symbol": _name(perp),
            "lastPrice": perp.last if perp.live else 0,
            "bid1": perp.bid if perp.live else 0,
            "ask1": perp.ask if perp.live else 0,
            "volume24": round(perp.volume_24h / self._stall.contract_size(perp.base)),
            "amount24": perp.value_24h,
            "indexPrice": perp.index if perp.live else 0,
            "fairPrice": perp.mark if perp.live else 0,
            "fundingRate": perp.funding_rate,
            "timestamp": perp.taken_ms,
        }

    def funding_rate(self, request: web.Request) -> Row:
        perp = self._perp(request.match_info["symbol"])
        return {
            "symbol": _name(perp),
            "fundingRate": perp.funding_rate,
            "maxFundingRate": 0.003,
            "minFundingRate": -0.003,
            "collectCycle": perp.funding_interval_h,
            "nextSettleTime": perp.next_funding_ms,
            "timestamp": perp.taken_ms,
        }

    def perp_depth(self, request: web.Request) -> Row:
        """[price, contracts, orders], numbers."""
        perp = self._perp(request.match_info["symbol"])
        book, size = self._stall.book(perp, _limit(request, 100, 1_000)), self._stall.contract_size(perp.base)
        asks, bids = ([[price, amount / size, 1] for price, amount in side] for side in (book.asks, book.bids))
        return {"asks": asks, "bids": bids, "version": book.taken_ms // 20, "timestamp": book.taken_ms}

    def detail(self, request: web.Request) -> Row | list[Row]:
        row: Callable[[SimPerp], Row] = self._detail
        if "symbol" in request.query:
            return row(self._perp(request.query["symbol"]))
        return [row(perp) for perp in self._stall.perps()]

    def _detail(self, perp: SimPerp) -> Row:
        return {
            "symbol": _name(perp),
            "displayNameEn": f"{perp.base}_USDT SWAP",
            "baseCoin": perp.base,
            "quoteCoin": "USDT",
            "settleCoin": "USDT",
            "contractSize": self._stall.contract_size(perp.base),
            "takerFeeRate": 0.0006,
            "state": 0 if perp.live else 4,
        }

    def _spot(self, request: web.Request) -> SimQuote:
        symbol = request.query.get("symbol", "")
        quote = self._stall.venue.spot(symbol.removesuffix("USDT")) if symbol.endswith("USDT") else None
        if quote is None:
            raise Refused(UNKNOWN, 400)
        return quote

    def _perp(self, symbol: str) -> SimPerp:
        base, _, against = symbol.partition("_")
        perp = self._stall.venue.perp(base) if against == "USDT" else None
        if perp is None:
            raise Refused(NO_CONTRACT)
        return perp


def _name(perp: SimPerp) -> str:
    return f"{perp.base}_USDT"


def _ticker(quote: SimQuote) -> Row:
    shown = {
        "prevClosePrice": quote.open_24h,
        "lastPrice": quote.last,
        "bidPrice": quote.bid,
        "bidQty": quote.bid_size,
        "askPrice": quote.ask,
        "askQty": quote.ask_size,
        "openPrice": quote.open_24h,
        "highPrice": quote.high_24h,
        "lowPrice": quote.low_24h,
        "volume": quote.volume_24h,
    }
    return {
        "symbol": f"{quote.base}USDT",
        **{name: text(value) if quote.live else "" for name, value in shown.items()},
        "quoteVolume": text(quote.value_24h) if quote.live else None,
        "openTime": quote.taken_ms - 86_400_000,
        "closeTime": quote.taken_ms,
        "count": None,
    }


def _kline(candle: SimCandle, unit_s: int) -> list[object]:
    """[open ms, open, high, low, close, coins, close ms, quote volume]"""
    prices = [text(price) for price in (candle.open, candle.high, candle.low, candle.close)]
    closes_ms = candle.open_ms + unit_s * 1000
    return [candle.open_ms, *prices, text(candle.volume), closes_ms, text(candle.value)]


def _limit(request: web.Request, default: int, most: int) -> int:
    limit = bounded(request.query.get("limit"), default, most)
    if limit is None:
        raise Refused({"code": -1100, "msg": "Illegal characters found in a parameter."}, 400)
    return limit
