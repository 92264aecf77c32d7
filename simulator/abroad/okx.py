"""OKX v5 under `/okx/api/v5`: `{"code","msg","data"}`, errors with and without HTTP 200, limits by endpoint.

Contract: docs-v5, copies of 2026-05 to 2026-07. Every limit counts in spans of 2 s; beyond it HTTP 429 without `data`
and without Retry-After. Not played: sockets, orders, options and dated futures (their lists are empty).
"""

from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web

from simulator.abroad import okx_rows as wire
from simulator.abroad.okx_rows import Row
from simulator.abroad.venue_wire import bounded, caller, candles_between, millis, rights_of
from simulator.counters import Counters, ServiceCount
from simulator.limits import Window
from simulator.world.values import SimPerp, SimQuote
from simulator.world.world import World

SPAN_MS = 2_000
KINDS = ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION")
BARS = {
    "1s": 1, "1m": 60, "3m": 180, "5m": 300, "15m": 900, "30m": 1_800, "1H": 3_600, "2H": 7_200, "4H": 14_400,
    "6H": 21_600, "12H": 43_200, "1D": 86_400, "1Dutc": 86_400, "1W": 604_800,
}  # fmt: skip
INVERSE = ("BTC", "ETH")

Rows = Sequence[object]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refused(Exception):
    """The request is answered with an error code of OKX."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    okx, count = Okx(world), counters.of("okx")

    def v5(path: str, limit: int, answer: Callable[[web.Request], Rows], *counted_with: str) -> web.RouteDef:
        return web.get(f"/okx/api/v5/{path}", _served(world, count, limit, answer, counted_with))

    return [
        v5("market/ticker", 20, okx.ticker),
        v5("market/tickers", 20, okx.tickers),
        v5("market/books", 40, okx.books),
        v5("market/books-full", 10, okx.books),
        v5("market/trades", 100, okx.trades),
        v5("market/candles", 40, okx.candles),
        v5("public/instruments", 20, okx.instruments, "instType"),
        v5("public/funding-rate", 10, okx.funding_rate, "instId"),
        v5("public/mark-price", 10, okx.mark_price, "instId"),
        v5("public/time", 10, lambda _: [{"ts": str(world.clock.now_ms())}]),
        v5("asset/currencies", 12, okx.currencies),
        v5("account/config", 10, okx.account_config),
        web.get("/okx/{tail:.*}", _unknown_path),
    ]


class Okx:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._venue = world.venue("okx")

    def ticker(self, request: web.Request) -> Rows:
        market = self._one(request)
        return [wire.spot_ticker(market) if isinstance(market, SimQuote) else self._swap_ticker(market)]

    def tickers(self, request: web.Request) -> Rows:
        match _kind(request):
            case "SPOT":
                return [wire.spot_ticker(quote) for quote in self._spots()]
            case "SWAP":
                return [self._swap_ticker(perp) for perp in self._perps()]
        return []

    def books(self, request: web.Request) -> Rows:
        market = self._one(request)
        depth = bounded(request.query.get("sz"), 1, 5_000 if request.path.endswith("books-full") else 400)
        if depth is None:
            raise Refused("51000", "Parameter sz error")
        book = self._venue.book(market.base, perp=isinstance(market, SimPerp), depth=depth)
        assert book is not None
        return [wire.book(book, self._size(market))]

    def trades(self, request: web.Request) -> Rows:
        market, swap = self._one(request), request.query["instId"].endswith("-SWAP")
        count = bounded(request.query.get("limit"), 100, 500)
        if count is None:
            raise Refused("51000", "Parameter limit error")
        recent = self._venue.trades(market.base, perp=swap, count=count)
        return [wire.trade(request.query["instId"], *trade, size=self._size(market)) for trade in recent]

    def candles(self, request: web.Request) -> Rows:
        """Newest first; `after` asks for older rows, `before` for newer ones, both without the row of that time."""
        market, query = self._one(request), request.query
        unit_s = BARS.get(query.get("bar", "1m"))
        count = bounded(query.get("limit"), 100, 300)
        if unit_s is None or count is None:
            raise Refused("51000", f"Parameter {'bar' if unit_s is None else 'limit'} error")
        after, before = millis(query.get("after")), millis(query.get("before"))
        now_ms = self._world.clock.now_ms()
        end_ms = None if after is None else after - 1
        found = candles_between(self._venue, market.base, unit_s, count, None, end_ms, now_ms)
        size = self._size(market) if isinstance(market, SimPerp) else None
        kept = [candle for candle in reversed(found) if before is None or candle.open_ms > before]
        return [wire.candle(candle, unit_s * 1000, now_ms, size) for candle in kept]

    def instruments(self, request: web.Request) -> Rows:
        kind = _kind(request)
        listed_ms = self._world.start_ms - 30 * 86_400_000
        if "instId" in request.query:
            market = self._one(request)
            if isinstance(market, SimQuote) == (kind == "SPOT"):
                return [self._instrument(market, listed_ms)]
            raise Refused("51001", _UNKNOWN, status=200)
        if kind == "SPOT":
            return [self._instrument(quote, listed_ms) for quote in self._spots()]
        if kind == "SWAP":
            inverse = [wire.inverse_instrument(base, listed_ms) for base in INVERSE]
            return [*inverse, *(self._instrument(perp, listed_ms) for perp in self._perps())]
        return []

    def funding_rate(self, request: web.Request) -> Rows:
        if request.query.get("instId") == "ANY":
            return [wire.funding_rate(perp) for perp in self._perps() if perp.live]
        return [wire.funding_rate(self._swap(request))]

    def mark_price(self, request: web.Request) -> Rows:
        kind = _kind(request)
        if "instId" in request.query:
            return [wire.mark_price(self._swap(request))]
        return [wire.mark_price(perp) for perp in self._perps()] if kind == "SWAP" else []

    def currencies(self, request: web.Request) -> Rows:
        _signed(request)
        asked = request.query.get("ccy")
        wanted = None if asked is None else set(asked.split(","))
        return [
            row
            for currency in self._venue.currencies()
            if wanted is None or currency.base in wanted
            for row in wire.currencies(currency)
        ]

    def account_config(self, request: web.Request) -> Rows:
        """What the key may do stands in `perm`."""
        rights = rights_of(_signed(request))
        if rights == "none":
            raise Refused("50111", "Invalid OK-ACCESS-KEY", status=401)
        return [wire.account_config("read_only,trade" if rights == "trade" else "read_only")]

    def _one(self, request: web.Request) -> SimQuote | SimPerp:
        name = request.query.get("instId", "")
        if not name:
            raise Refused("50014", "Parameter instId can not be empty.")
        base, _, rest = name.partition("-")
        market = self._venue.spot(base) if rest == "USDT" else self._venue.perp(base) if rest == "USDT-SWAP" else None
        if market is None:
            raise Refused("51001", _UNKNOWN, status=200)
        return market

    def _swap(self, request: web.Request) -> SimPerp:
        market = self._one(request)
        if isinstance(market, SimQuote):
            raise Refused("51001", _UNKNOWN, status=200)
        return market

    def _swap_ticker(self, perp: SimPerp) -> Row:
        return wire.swap_ticker(perp, self._size(perp))

    def _instrument(self, market: SimQuote | SimPerp, listed_ms: int) -> Row:
        if isinstance(market, SimQuote):
            return wire.spot_instrument(market, listed_ms)
        return wire.swap_instrument(market, self._size(market), listed_ms)

    def _size(self, market: SimQuote | SimPerp) -> float:
        """Coins in one unit of size."""
        coin = self._world.coin(market.base)
        return 1.0 if coin is None or isinstance(market, SimQuote) else wire.contract_size(coin.price)

    def _spots(self) -> list[SimQuote]:
        return [quote for base in self._venue.bases() if (quote := self._venue.spot(base)) is not None]

    def _perps(self) -> list[SimPerp]:
        return [perp for base in self._venue.bases() if (perp := self._venue.perp(base)) is not None]


_UNKNOWN = "Instrument ID, Instrument ID code or Spread ID doesn't exist."


def _signed(request: web.Request) -> str:
    """The key of a signed request."""
    for name in ("OK-ACCESS-KEY", "OK-ACCESS-SIGN", "OK-ACCESS-TIMESTAMP", "OK-ACCESS-PASSPHRASE"):
        if not request.headers.get(name):
            code = {"OK-ACCESS-KEY": "50103", "OK-ACCESS-PASSPHRASE": "50104"}.get(name, "50106")
            raise Refused(code, f'Request header "{name}" can\'t be empty.', status=401)
    return request.headers["OK-ACCESS-KEY"]


def _kind(request: web.Request) -> str:
    kind = request.query.get("instType", "")
    if not kind:
        raise Refused("50014", "Parameter instType can not be empty.")
    if kind not in KINDS:
        raise Refused("51000", "Parameter instType error")
    return kind


def _served(
    world: World,
    count: ServiceCount,
    limit: int,
    answer: Callable[[web.Request], Rows],
    counted_with: tuple[str, ...],
) -> Handler:
    window = Window(limit, SPAN_MS)

    async def handler(request: web.Request) -> web.StreamResponse:
        key = (caller(request), *(request.query.get(name, "") for name in counted_with))
        if window.take(key, world.clock.now_ms()) is None:
            count.limit_hits += 1
            return web.json_response({"msg": "Too Many Requests", "code": "50011"}, status=429)
        try:
            return web.json_response({"code": "0", "msg": "", "data": answer(request)})
        except Refused as e:
            return web.json_response({"code": e.code, "msg": e.message, "data": []}, status=e.status)

    return handler


async def _unknown_path(_: web.Request) -> web.StreamResponse:
    """The one body whose code is a number."""
    body = {
        "code": 404,
        "data": {},
        "detailMsg": "",
        "error_code": "404",
        "error_message": "Not Found",
        "msg": "Not Found",
    }
    return web.json_response(body, status=404)
