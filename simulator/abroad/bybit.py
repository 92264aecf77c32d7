"""Bybit v5 under `/bybit/v5`: `{"retCode","retMsg","result","retExtInfo","time"}`, HTTP 200 also for errors.

Contract: bybit-exchange/docs, 2026-07-24. 600 requests in 5 s an address over all endpoints; beyond that 403, "access
too frequent", for 10 minutes. `instruments-info` shows what trades; what is in pre-market only when asked for with
`status=PreLaunch`. Not played: sockets, orders, inverse and option (their lists are empty).
"""

from collections.abc import Awaitable, Callable
from urllib.parse import quote as quoted
from urllib.parse import unquote

from aiohttp import web

from simulator.abroad import bybit_rows as wire
from simulator.abroad.bybit_rows import Row
from simulator.abroad.venue_wire import bounded, caller, candles_between, millis, rights_of
from simulator.counters import Counters
from simulator.limits import Window
from simulator.world.values import SimPerp, SimQuote
from simulator.world.world import World

REQUESTS, SPAN_MS, BAN_MS = 600, 5_000, 600_000
CATEGORIES = ("spot", "linear", "inverse", "option")
INTERVALS = {
    "1": 60, "3": 180, "5": 300, "15": 900, "30": 1_800, "60": 3_600, "120": 7_200, "240": 14_400, "360": 21_600,
    "720": 43_200, "D": 86_400, "W": 604_800,
}  # fmt: skip

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The request is answered with a retCode; the HTTP status stays 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    bybit = Bybit(world)
    count, window = counters.of("bybit"), Window(REQUESTS, SPAN_MS)
    banned_until_ms: dict[str, int] = {}

    def too_many(request: web.Request) -> bool:
        address, now_ms = caller(request), world.clock.now_ms()
        if now_ms >= banned_until_ms.get(address, 0):
            if window.take(address, now_ms) is not None:
                return False
            banned_until_ms[address] = now_ms + BAN_MS
        count.limit_hits += 1
        return True

    def v5(path: str, answer: Callable[[web.Request], Row]) -> web.RouteDef:
        async def handler(request: web.Request) -> web.StreamResponse:
            if too_many(request):
                return web.Response(status=403, text="access too frequent")
            code, message, result = 0, "OK", {}
            try:
                result = answer(request)
            except Refused as e:
                code, message = e.code, e.message
            now_ms = world.clock.now_ms()
            return web.json_response(
                {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ms}
            )

        return web.get(f"/bybit/v5/{path}", handler)

    return [
        v5("market/tickers", bybit.tickers),
        v5("market/orderbook", bybit.orderbook),
        v5("market/recent-trade", bybit.trades),
        v5("market/kline", bybit.kline),
        v5("market/instruments-info", bybit.instruments),
        v5("market/time", bybit.time),
        v5("asset/coin/query-info", bybit.coins),
        v5("user/query-api", bybit.key),
    ]


class Bybit:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._venue = world.venue("bybit")

    def tickers(self, request: web.Request) -> Row:
        category = _category(request)
        if "symbol" in request.query:
            markets: list[SimQuote | SimPerp] = [self._one(request)]
        else:
            markets = [*self._spots()] if category == "spot" else [*self._perps()] if category == "linear" else []
        found = [wire.spot_ticker(m) if isinstance(m, SimQuote) else wire.linear_ticker(m) for m in markets]
        return {"category": category, "list": found}

    def orderbook(self, request: web.Request) -> Row:
        market = self._one(request)
        depth = _limit(request, 1 if isinstance(market, SimQuote) else 25, 1_000)
        book = self._venue.book(market.base, perp=isinstance(market, SimPerp), depth=depth)
        assert book is not None
        return wire.orderbook(request.query["symbol"], book, _multiplier(market))

    def trades(self, request: web.Request) -> Row:
        market = self._one(request)
        spot = isinstance(market, SimQuote)
        recent = self._venue.trades(market.base, not spot, _limit(request, 60 if spot else 500, 60 if spot else 1_000))
        symbol, times = request.query["symbol"], _multiplier(market)
        return {"category": _category(request), "list": [wire.trade(symbol, *one, multiplier=times) for one in recent]}

    def kline(self, request: web.Request) -> Row:
        market, query = self._one(request), request.query
        unit_s = INTERVALS.get(query.get("interval", ""))
        if unit_s is None:
            raise Refused(10001, "Invalid period!")
        start, end = millis(query.get("start")), millis(query.get("end"))
        now_ms, limit = self._world.clock.now_ms(), _limit(request, 200, 1_000)
        found = candles_between(self._venue, market.base, unit_s, limit, start, end, now_ms)
        candles = [wire.kline(candle, _multiplier(market)) for candle in reversed(found)]
        return {"symbol": query["symbol"], "category": _category(request), "list": candles}

    def instruments(self, request: web.Request) -> Row:
        """Spot comes whole; linear in pages, by `cursor`."""
        category, query = _category(request), request.query
        status = query.get("status", "Trading")
        if category == "spot":
            spots = [quote for quote in self._spots() if _shown(quote.live, status)]
            listed = [wire.spot_instrument(quote) for quote in spots if query.get("symbol") in (None, _name(quote))]
            return {"category": category, "list": listed}
        perps = sorted(self._perps(), key=wire.perp_name) if category == "linear" else []
        named = [
            perp
            for perp in perps
            if _shown(perp.live, status)
            and query.get("symbol") in (None, wire.perp_name(perp))
            and query.get("baseCoin") in (None, wire.perp_coin(perp))
        ]
        last_seen = unquote(query.get("cursor", "")).rpartition("last=")[2]
        left = [perp for perp in named if wire.perp_name(perp) > last_seen]
        page = left[: _limit(request, 500, 1_000)]
        cursor = ""
        if len(page) < len(left):
            cursor = quoted(f"first={wire.perp_name(page[0])}&last={wire.perp_name(page[-1])}", safe="")
        launched_ms = self._world.start_ms - 30 * 86_400_000
        rows = [wire.linear_instrument(perp, launched_ms) for perp in page]
        return {"category": category, "list": rows, "nextPageCursor": cursor}

    def time(self, _: web.Request) -> Row:
        now_ms = self._world.clock.now_ms()
        return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}

    def coins(self, request: web.Request) -> Row:
        _signed(request)
        asked = request.query.get("coin")
        return {"rows": [wire.coin(one) for one in self._venue.currencies() if asked in (None, one.base)]}

    def key(self, request: web.Request) -> Row:
        """What the key may do."""
        rights = rights_of(_signed(request))
        if rights == "none":
            raise Refused(10003, "API key is invalid.")
        return wire.api_key(may_trade=rights == "trade")

    def _one(self, request: web.Request) -> SimQuote | SimPerp:
        category, symbol = _category(request), request.query.get("symbol", "")
        base = symbol.removesuffix("USDT")
        if category == "spot":
            quote = self._venue.spot(base) if symbol.endswith("USDT") else None
            if quote is not None:
                return quote
        elif category == "linear":
            for coin in (base, base.lstrip("10"), base.removesuffix("1000")):
                perp = self._venue.perp(coin)
                if perp is not None and wire.perp_name(perp) == symbol:
                    return perp
        raise Refused(10001, "params error: Symbol Is Invalid" if category == "linear" else "Not supported symbols")

    def _spots(self) -> list[SimQuote]:
        return [quote for base in self._venue.bases() if (quote := self._venue.spot(base)) is not None]

    def _perps(self) -> list[SimPerp]:
        return [perp for base in self._venue.bases() if (perp := self._venue.perp(base)) is not None]


def _signed(request: web.Request) -> str:
    """The key of a signed request."""
    if not request.headers.get("X-BAPI-API-KEY"):
        raise Refused(10003, "API key is invalid.")
    if not request.headers.get("X-BAPI-SIGN") or not request.headers.get("X-BAPI-TIMESTAMP"):
        raise Refused(10004, "Error sign, please check your signature generation algorithm.")
    return request.headers["X-BAPI-API-KEY"]


def _category(request: web.Request) -> str:
    category = request.query.get("category", "")
    if category not in CATEGORIES:
        raise Refused(10001, "params error: Category is invalid")
    return category


def _limit(request: web.Request, default: int, most: int) -> int:
    limit = bounded(request.query.get("limit"), default, most)
    if limit is None:
        raise Refused(10001, "params error: limit invalid")
    return limit


def _shown(live: bool, status: str) -> bool:
    return status == ("Trading" if live else "PreLaunch")


def _multiplier(market: SimQuote | SimPerp) -> int:
    return market.multiplier if isinstance(market, SimPerp) else 1


def _name(quote: SimQuote) -> str:
    return wire.spot_name(quote.base)
