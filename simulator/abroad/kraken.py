"""Kraken under `/kraken/0/public` and its perpetuals under `/kraken-futures/derivatives/api/v3`.

Contract: docs.kraken.com/api (2025-11), ccxt 4.5.90. HTTP 200 also for errors. About one public request a second an
address; how long a burst may be is not published, here 20. Markets are against USD and USDT, bitcoin is XBT; the name
of a result can differ from the one that was asked. How an unknown perpetual is refused is not documented. Perpetuals
are priced in USD. Not played: sockets, orders.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from simulator.abroad.venue_desk import Desk, Dollars, Pool, Refused, Stall
from simulator.abroad.venue_wire import bounded, caller, candles_between, millis, text
from simulator.counters import Counters
from simulator.limits import Bucket
from simulator.world.values import SimCandle, SimPerp, SimQuote
from simulator.world.world import World

BURST, PER_S = 20, 1.0
INTERVALS = {"1": 60, "5": 300, "15": 900, "30": 1_800, "60": 3_600, "240": 14_400, "1440": 86_400}
MOST_CANDLES = 720
NAMES = {"BTC": "XBT", "DOGE": "XDG"}
COINS = {name: coin for coin, name in NAMES.items()}
LONG = {"XBT": "XXBT", "XDG": "XXDG", "ETH": "XETH", "XRP": "XXRP"}  # the old names of assets
QUOTES = ("USD", "USDT")
SPREAD = 0.00005
UNLIMITED = Pool(2**62, 1_000)

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    kraken, count, bucket = Kraken(world), counters.of("kraken"), Bucket(BURST, PER_S)
    futures = Desk(world, counters.of("kraken-futures"), (429, {"result": "error", "error": "apiLimitExceeded"}))

    def public(name: str, answer: Callable[[web.Request], Row]) -> web.RouteDef:
        async def handler(request: web.Request) -> web.StreamResponse:
            if bucket.take(caller(request), world.clock.now_ms()) is None:
                count.limit_hits += 1
                return web.json_response({"error": ["EGeneral:Too many requests"]})
            try:
                return web.json_response({"error": [], "result": answer(request)})
            except Refused as e:
                return web.json_response({"error": [e.body]})

        return web.get(f"/kraken/0/public/{name}", handler)

    def perp(path: str, answer: Callable[[web.Request], Row]) -> web.RouteDef:
        def wrapped(request: web.Request) -> object:
            return {"result": "success", **answer(request), "serverTime": kraken.server_time()}

        return web.get(f"/kraken-futures/derivatives/api/v3/{path}", futures.serve(wrapped, UNLIMITED))

    return [
        public("Ticker", kraken.ticker),
        public("Depth", kraken.depth),
        public("OHLC", kraken.candles),
        public("AssetPairs", kraken.pairs),
        public("Assets", kraken.assets),
        perp("tickers", kraken.perp_tickers),
        perp("tickers/{symbol}", kraken.perp_ticker),
        perp("orderbook", kraken.perp_book),
    ]


class Kraken:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "kraken")
        self._dollars = Dollars(world)

    def server_time(self) -> str:
        at = datetime.fromtimestamp(self._stall.now_ms() / 1000, UTC)
        return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def ticker(self, request: web.Request) -> Row:
        """One unknown pair fails the whole comma list."""
        return dict(self._ticker(name) for name in request.query.get("pair", "").split(","))

    def depth(self, request: web.Request) -> Row:
        quote, against = self._spot(request.query.get("pair", ""))
        count = bounded(request.query.get("count"), 100, 500)
        if count is None:
            raise Refused("EGeneral:Invalid arguments")
        book, scale = self._stall.book(quote, count), self._scale(against)
        bids, asks = (
            [[text(price * scale), text(size), book.taken_ms // 1000] for price, size in side]
            for side in (book.bids, book.asks)
        )
        return {_long(quote.base, against): {"asks": asks, "bids": bids}}

    def candles(self, request: web.Request) -> Row:
        """Oldest first, after `since` (seconds, exclusive), the forming one last."""
        quote, against = self._spot(request.query.get("pair", ""))
        unit_s = INTERVALS.get(request.query.get("interval", "1"))
        if unit_s is None:
            raise Refused("EGeneral:Invalid arguments")
        since = millis(request.query.get("since"))
        start_ms = None if since is None else (since + 1) * 1000
        found = candles_between(
            self._stall.venue, quote.base, unit_s, MOST_CANDLES, start_ms, None, self._stall.now_ms()
        )
        rows = [_candle(candle, self._scale(against)) for candle in found]
        return {_long(quote.base, against): rows, "last": found[-1].open_ms // 1000 if found else 0}

    def pairs(self, _: web.Request) -> Row:
        return {
            _long(quote.base, against): {
                "altname": f"{_name(quote.base)}{against}",
                "wsname": f"{_name(quote.base)}/{against}",
                "aclass_base": "currency",
                "base": LONG.get(_name(quote.base), _name(quote.base)),
                "aclass_quote": "currency",
                "quote": "ZUSD" if against == "USD" else against,
                "status": "online" if quote.live else "cancel_only",
            }
            for quote in self._stall.spots()
            for against in QUOTES
        }

    def assets(self, request: web.Request) -> Row:
        """One status an asset, whatever its networks."""
        asked = request.query.get("asset")
        names = [_name(base) for base in self._stall.venue.bases()] if asked is None else asked.split(",")
        return dict(self._asset(name) for name in names)

    def perp_tickers(self, _: web.Request) -> Row:
        return {"tickers": [self._perp_ticker(perp) for perp in self._stall.perps()]}

    def perp_ticker(self, request: web.Request) -> Row:
        return {"ticker": self._perp_ticker(self._perp(request.match_info["symbol"]))}

    def perp_book(self, request: web.Request) -> Row:
        """The whole book, numbers."""
        book, scale = self._stall.book(self._perp(request.query.get("symbol", "")), 400), self._dollars.usdt_usd()
        asks, bids = ([[price * scale, size] for price, size in side] for side in (book.asks, book.bids))
        return {"orderBook": {"bids": bids, "asks": asks}}

    def _ticker(self, pair: str) -> tuple[str, Row]:
        if pair in ("USDTUSD", "USDTZUSD"):
            mid = self._dollars.usdt_usd()
            return "USDTZUSD", _ticker(mid * (1 - SPREAD), mid * (1 + SPREAD), mid, mid, 1.2e8, live=True)
        quote, against = self._spot(pair)
        scale = self._scale(against)
        bid, ask, last = (price * scale for price in (quote.bid, quote.ask, quote.last))
        average = quote.value_24h / quote.volume_24h * scale
        return _long(quote.base, against), _ticker(bid, ask, last, average, quote.volume_24h, quote.live)

    def _asset(self, name: str) -> tuple[str, Row]:
        known = self._stall.venue.currency(COINS.get(name, name))
        if known is None:
            raise Refused("EQuery:Unknown asset")
        deposit = any(network.deposit for network in known.networks)
        withdrawal = any(network.withdrawal for network in known.networks)
        status = {
            (True, True): "enabled",
            (True, False): "deposit_only",
            (False, True): "withdrawal_only",
            (False, False): "funding_temporarily_disabled",
        }[deposit, withdrawal]
        row = {"aclass": "currency", "altname": name, "decimals": 10, "display_decimals": 5, "status": status}
        return LONG.get(name, name), row

    def _perp_ticker(self, perp: SimPerp) -> Row:
        """Prices in USD; the funding rate is absolute, in USD a coin and hour."""
        scale = self._dollars.usdt_usd()
        name = _name(perp.base)
        return {
            "symbol": _perp_name(perp),
            "tag": "perpetual",
            "pair": f"{name}:USD",
            "last": perp.last * scale,
            "lastTime": self.server_time(),
            "markPrice": perp.mark * scale if perp.live else 0.0,
            "indexPrice": perp.index * scale if perp.live else 0.0,
            "bid": perp.bid * scale,
            "bidSize": perp.bid_size,
            "ask": perp.ask * scale,
            "askSize": perp.ask_size,
            "vol24h": perp.volume_24h,
            "volumeQuote": perp.value_24h,
            "openInterest": perp.open_interest,
            "fundingRate": perp.funding_rate / perp.funding_interval_h * perp.mark * scale,
            "fundingRatePrediction": perp.funding_rate / perp.funding_interval_h * perp.mark * scale,
            "suspended": not perp.live,
            "postOnly": False,
        }

    def _spot(self, pair: str) -> tuple[SimQuote, str]:
        """The market and its quote currency, by any of its names."""
        for against in QUOTES[::-1]:
            short = pair.removesuffix(against).removesuffix("Z") if against == "USD" else pair.removesuffix(against)
            if short == pair:
                continue
            name = next((name for name, long in LONG.items() if long == short), short)
            quote = self._stall.venue.spot(COINS.get(name, name))
            if quote is not None:
                return quote, against
        raise Refused("EQuery:Unknown asset pair")

    def _perp(self, symbol: str) -> SimPerp:
        name = symbol.upper().removeprefix("PF_").removesuffix("USD")
        perp = self._stall.venue.perp(COINS.get(name, name))
        if perp is None or _perp_name(perp) != symbol.upper():
            raise Refused({"result": "error", "error": "invalidArgument: symbol", "serverTime": self.server_time()})
        return perp

    def _scale(self, against: str) -> float:
        return self._dollars.usdt_usd() if against == "USD" else 1.0


def _name(base: str) -> str:
    return NAMES.get(base, base)


def _long(base: str, against: str) -> str:
    name = _name(base)
    return f"{LONG[name]}Z{against}" if against == "USD" and name in LONG else f"{name}{against}"


def _perp_name(perp: SimPerp) -> str:
    return f"PF_{_name(perp.base)}USD"


def _ticker(bid: float, ask: float, last: float, average: float, coins: float, live: bool) -> Row:
    def shown(value: float) -> str:
        return text(value) if live else "0.00000"

    return {
        "a": [shown(ask), "1", "1.000"],
        "b": [shown(bid), "1", "1.000"],
        "c": [shown(last), "0.01"],
        "v": [shown(coins / 2), shown(coins)],
        "p": [shown(average), shown(average)],
        "t": [350, 3_276],
        "l": [shown(last * 0.98)] * 2,
        "h": [shown(last * 1.02)] * 2,
        "o": shown(last),
    }


def _candle(candle: SimCandle, scale: float) -> list[object]:
    """[seconds, open, high, low, close, average, coins, count]"""
    prices = [text(price * scale) for price in (candle.open, candle.high, candle.low, candle.close)]
    average = text(candle.value / candle.volume * scale)
    return [candle.open_ms // 1000, *prices, average, text(candle.volume), candle.trades]
