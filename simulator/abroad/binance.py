"""Binance: spot under `/binance/api/v3`, USD-M futures under `/binance-futures/fapi/v1`, wallet state with a key.

Contract: binance-spot-api-docs rest-api.md and errors.md (2026-07), USD-M market data (2026-07). Not played: sockets,
orders, `symbolStatus` beyond TRADING, HALT, BREAK. The latency of the venue is the server's business.
"""

import json
import re
from collections.abc import Callable

from aiohttp import web

from simulator.abroad import binance_rows as wire
from simulator.abroad.binance_desk import Desk, Refused
from simulator.abroad.binance_rows import Row, perp_name
from simulator.abroad.venue_wire import bounded, candles_between, millis, padded, rights_of
from simulator.counters import Counters
from simulator.world.values import SimPerp, SimQuote
from simulator.world.venues import FUNDING_INTERVAL_H
from simulator.world.world import World

SPOT_LIMIT, PERP_LIMIT = 6_000, 2_400
INTERVALS = {
    "1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1_800, "1h": 3_600, "2h": 7_200, "4h": 14_400,
    "6h": 21_600, "8h": 28_800, "12h": 43_200, "1d": 86_400, "3d": 259_200, "1w": 604_800,
}  # fmt: skip
SYMBOL = re.compile(r"[\w\-.&]{1,50}")
LEGAL = r"legal range is '^[\\w\\-._&&[^a-z]]{1,50}$'."


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    spot, perps = Spot(world), Perps(world)
    desk = Desk(world, counters.of("binance"), SPOT_LIMIT)
    futures = Desk(world, counters.of("binance-futures"), PERP_LIMIT)

    def v3(
        path: str, weight: int | Callable[[web.Request], int], answer: Callable[[web.Request], object]
    ) -> web.RouteDef:
        return web.get(f"/binance/api/v3/{path}", desk.serve(weight, answer))

    def v1(
        path: str, weight: int | Callable[[web.Request], int], answer: Callable[[web.Request], object]
    ) -> web.RouteDef:
        return web.get(f"/binance-futures/fapi/v1/{path}", futures.serve(weight, answer))

    return [
        v3("ping", 1, lambda _: {}),
        v3("time", 1, lambda _: {"serverTime": world.clock.now_ms()}),
        v3("exchangeInfo", 20, spot.exchange_info),
        v3("ticker/24hr", _many(2, 40, 80), spot.ticker_24h),
        v3("ticker/price", _one_or_more(2, 4), lambda request: spot.each(request, wire.price)),
        v3("ticker/bookTicker", _one_or_more(2, 4), lambda request: spot.each(request, wire.best)),
        v3("depth", _by_limit(100, ((100, 5), (500, 25), (1_000, 50), (5_000, 250))), spot.depth),
        v3("klines", 2, spot.klines),
        v3("uiKlines", 2, spot.klines),
        v3("trades", 25, spot.trades),
        v3("avgPrice", 2, spot.average),
        web.get("/binance/sapi/v1/capital/config/getall", desk.serve(10, spot.capital)),
        web.get("/binance/sapi/v1/account/apiRestrictions", desk.serve(1, spot.restrictions)),
        v1("ping", 1, lambda _: {}),
        v1("time", 1, lambda _: {"serverTime": world.clock.now_ms()}),
        v1("exchangeInfo", 1, perps.exchange_info),
        v1("premiumIndex", _one_or_more(1, 10), lambda request: perps.each(request, wire.premium_index)),
        v1("fundingInfo", 0, perps.funding_info),
        v1("ticker/24hr", _one_or_more(1, 40), lambda request: perps.each(request, wire.perp_ticker_24h)),
        v1("ticker/bookTicker", _one_or_more(2, 5), lambda request: perps.each(request, wire.perp_best)),
        v1("depth", _by_limit(500, ((50, 2), (100, 5), (500, 10), (1_000, 20))), perps.depth),
        v1("klines", 5, perps.klines),
    ]


class Spot:
    """The answers of api.binance.com."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._venue = world.venue("binance")

    def exchange_info(self, request: web.Request) -> Row:
        asked = self._asked(request)
        status = request.query.get("symbolStatus")
        if status not in (None, "TRADING", "HALT", "BREAK"):
            raise Refused(-1122, "Invalid symbolStatus.")
        rows = [wire.spot_symbol(quote) for quote in (self._all() if asked is None else asked)]
        return {
            "timezone": "UTC",
            "serverTime": self._world.clock.now_ms(),
            "rateLimits": [
                _rate("REQUEST_WEIGHT", "MINUTE", 1, SPOT_LIMIT),
                _rate("ORDERS", "SECOND", 10, 100),
                _rate("ORDERS", "DAY", 1, 200_000),
                _rate("RAW_REQUESTS", "MINUTE", 5, 61_000),
            ],
            "exchangeFilters": [],
            "symbols": [row for row in rows if status in (None, row["status"])],
        }

    def ticker_24h(self, request: web.Request) -> object:
        kind = request.query.get("type", "FULL")
        if kind not in ("FULL", "MINI"):
            raise Refused(-1130, "Data sent for parameter 'type' is not valid.")
        return self.each(
            request, wire.ticker_24h if kind == "FULL" else lambda quote: wire.mini(wire.ticker_24h(quote))
        )

    def each(self, request: web.Request, row: Callable[[SimQuote], Row]) -> object:
        """One row for `symbol`, a list for `symbols` or for none of both."""
        asked = self._asked(request)
        if "symbol" in request.query and asked:
            return row(asked[0])
        return [row(quote) for quote in (self._all() if asked is None else asked)]

    def depth(self, request: web.Request) -> Row:
        quote = self._one(request)
        book = self._venue.book(quote.base, depth=_limit(request, 100, 5_000))
        assert book is not None
        return wire.depth(book)

    def klines(self, request: web.Request) -> list[list[object]]:
        return _klines(request, self._world, self._one(request).base)

    def trades(self, request: web.Request) -> list[Row]:
        quote = self._one(request)
        recent = self._venue.trades(quote.base, count=_limit(request, 500, 1_000))
        return [wire.trade(*trade) for trade in reversed(recent)]

    def average(self, request: web.Request) -> Row:
        quote = self._one(request)
        price = padded((quote.bid + quote.ask) / 2 if quote.live else 0.0)
        return {"mins": 5, "price": price, "closeTime": quote.taken_ms}

    def capital(self, request: web.Request) -> list[Row]:
        self._signed(request)
        return [wire.capital(currency) for currency in self._venue.currencies()]

    def restrictions(self, request: web.Request) -> Row:
        """What the key may do."""
        rights = rights_of(self._signed(request))
        if rights == "none":
            raise Refused(-2015, "Invalid API-key, IP, or permissions for action.", status=401)
        return wire.restrictions(may_trade=rights == "trade")

    def _signed(self, request: web.Request) -> str:
        """The key of a signed request; the signature itself cannot be checked without the secret."""
        key, query = request.headers.get("X-MBX-APIKEY", ""), request.query
        if not key:
            raise Refused(-2014, "API-key format invalid.", status=401)
        if not query.get("signature") or millis(query.get("timestamp")) is None:
            missing = "timestamp" if query.get("signature") else "signature"
            raise Refused(-1102, f"Mandatory parameter '{missing}' was not sent, was empty/null, or malformed.")
        at_ms, window_ms = int(query["timestamp"]), int(query.get("recvWindow", "5000"))
        if not -1_000 < self._world.clock.now_ms() - at_ms <= window_ms:
            raise Refused(-1021, "Timestamp for this request is outside of the recvWindow.")
        return key

    def _asked(self, request: web.Request) -> list[SimQuote] | None:
        """The markets that `symbol` or `symbols` name; None if neither is there."""
        query = request.query
        if "symbol" in query and "symbols" in query:
            raise Refused(-1128, "Combination of optional parameters invalid.")
        if "symbol" in query:
            return [self._one(request)]
        if "symbols" not in query:
            return None
        try:
            names = json.loads(query["symbols"])
        except ValueError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise Refused(-1100, f"Illegal characters found in parameter 'symbols'; {LEGAL}")
        if len(set(names)) < len(names):
            raise Refused(-1151, "Symbol is present multiple times in the list.")
        return [self._quote(name) for name in names]

    def _one(self, request: web.Request) -> SimQuote:
        return self._quote(_symbol(request))

    def _quote(self, symbol: str) -> SimQuote:
        quote = self._venue.spot(symbol.removesuffix("USDT")) if symbol.endswith("USDT") else None
        if quote is None:
            raise Refused(-1121, "Invalid symbol.")
        return quote

    def _all(self) -> list[SimQuote]:
        return [quote for base in self._venue.bases() if (quote := self._venue.spot(base)) is not None]


class Perps:
    """The answers of fapi.binance.com."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._venue = world.venue("binance")

    def exchange_info(self, _: web.Request) -> Row:
        return {
            "timezone": "UTC",
            "serverTime": self._world.clock.now_ms(),
            "futuresType": "U_MARGINED",
            "rateLimits": [
                _rate("REQUEST_WEIGHT", "MINUTE", 1, PERP_LIMIT),
                _rate("ORDERS", "MINUTE", 1, 1_200),
                _rate("ORDERS", "SECOND", 10, 300),
            ],
            "exchangeFilters": [],
            "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
            "symbols": [wire.perp_symbol(perp, self._world.start_ms - 86_400_000) for perp in self._all()],
        }

    def each(self, request: web.Request, row: Callable[[SimPerp], Row]) -> object:
        if "symbol" in request.query:
            return row(self._one(request))
        return [row(perp) for perp in self._all()]

    def funding_info(self, _: web.Request) -> list[Row]:
        """Only perpetuals whose interval or cap was changed are in this list."""
        return [] if FUNDING_INTERVAL_H == 8 else [wire.funding_info(perp) for perp in self._all()]

    def depth(self, request: web.Request) -> Row:
        perp = self._one(request)
        limit = _limit(request, 500, 1_000)
        if limit not in (5, 10, 20, 50, 100, 500, 1_000):
            raise Refused(-4021, f"{limit} is not valid depth limit.")
        book = self._venue.book(perp.base, perp=True, depth=limit)
        assert book is not None
        return wire.perp_depth(book, perp.multiplier)

    def klines(self, request: web.Request) -> list[list[object]]:
        perp = self._one(request)
        return _klines(request, self._world, perp.base, perp.multiplier)

    def _one(self, request: web.Request) -> SimPerp:
        symbol = _symbol(request)
        bases = (symbol.removesuffix("USDT"), symbol.removesuffix("USDT").lstrip("10"))
        for base in bases:
            perp = self._venue.perp(base)
            if perp is not None and perp_name(perp) == symbol:
                return perp
        raise Refused(-1121, "Invalid symbol.")

    def _all(self) -> list[SimPerp]:
        return [perp for base in self._venue.bases() if (perp := self._venue.perp(base)) is not None]


def _klines(request: web.Request, world: World, base: str, multiplier: int = 1) -> list[list[object]]:
    query = request.query
    if "interval" not in query:
        raise Refused(-1102, "Mandatory parameter 'interval' was not sent, was empty/null, or malformed.")
    unit_s = INTERVALS.get(query["interval"])
    if unit_s is None:
        raise Refused(-1120, "Invalid interval.")
    found = candles_between(
        world.venue("binance"),
        base,
        unit_s,
        _limit(request, 500, 1_000),
        millis(query.get("startTime")),
        millis(query.get("endTime")),
        world.clock.now_ms(),
    )
    return [wire.kline(candle, unit_s * 1000, multiplier) for candle in found]


def _symbol(request: web.Request) -> str:
    symbol = request.query.get("symbol", "")
    if not symbol:
        raise Refused(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
    if not SYMBOL.fullmatch(symbol) or symbol != symbol.upper():
        raise Refused(-1100, f"Illegal characters found in parameter 'symbol'; {LEGAL}")
    return symbol


def _limit(request: web.Request, default: int, most: int) -> int:
    limit = bounded(request.query.get("limit"), default, most)
    if limit is None:
        raise Refused(-1130, "Data sent for parameter 'limit' is not valid.")
    return limit


def _rate(kind: str, interval: str, number: int, limit: int) -> Row:
    return {"rateLimitType": kind, "interval": interval, "intervalNum": number, "limit": limit}


def _one_or_more(one: int, more: int) -> Callable[[web.Request], int]:
    return lambda request: one if "symbol" in request.query else more


def _many(few: int, some: int, every: int) -> Callable[[web.Request], int]:
    """Up to 20 symbols, up to 100, more or all."""

    def weight(request: web.Request) -> int:
        if "symbol" in request.query:
            return few
        named = request.query.get("symbols", "").count(",") + 1 if "symbols" in request.query else 1_000
        return few if named <= 20 else some if named <= 100 else every

    return weight


def _by_limit(default: int, steps: tuple[tuple[int, int], ...]) -> Callable[[web.Request], int]:
    def weight(request: web.Request) -> int:
        limit = bounded(request.query.get("limit"), default, steps[-1][0]) or default
        return next(cost for most, cost in steps if limit <= most)

    return weight
