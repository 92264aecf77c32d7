"""KuCoin under `/kucoin/api` and its perpetuals under `/kucoin-futures/api`: `{"code","data"}`, "200000" for success.

Contract: universal SDK spec (2025-11), ccxt 4.5.90. A pool of 2,000 weight in 30 s an address and host. `stats` of an
unknown pair is success with null members; most other calls say 400100. Bitcoin's perpetual is XBTUSDTM. A market before
its opening has null quotes and null chains. Not played: sockets, orders.
"""

from collections.abc import Mapping

from aiohttp import web

from simulator.abroad.venue_desk import Answer, Desk, Pool, Refused, Stall
from simulator.abroad.venue_wire import candles_between, millis, network_as, rows, text
from simulator.counters import Counters
from simulator.world.prices import HOUR_MS
from simulator.world.values import SimCandle, SimNetwork, SimPerp, SimQuote
from simulator.world.world import World

LIMIT, SPAN_MS = 2_000, 30_000
TYPES = {"1min": 60, "5min": 300, "15min": 900, "30min": 1_800, "1hour": 3_600, "4hour": 14_400, "1day": 86_400}
UNKNOWN_PAIR = {"code": "400100", "msg": "Unsupported trading pair."}
UNKNOWN_CONTRACT = {"code": "400100", "msg": "The contract doesn't exist."}

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    kucoin, too_many = KuCoin(world), (429, {"code": "429000", "msg": "Too Many Requests"})
    spot, futures = Pool(LIMIT, SPAN_MS), Pool(LIMIT, SPAN_MS)
    spot_desk = Desk(world, counters.of("kucoin"), too_many, _headers)
    futures_desk = Desk(world, counters.of("kucoin-futures"), too_many, _headers)

    def get(path: str, answer: Answer, weight: int) -> web.RouteDef:
        return web.get(f"/kucoin/api/{path}", spot_desk.serve(_wrapped(answer), spot, weight))

    def perp(path: str, answer: Answer, weight: int) -> web.RouteDef:
        return web.get(f"/kucoin-futures/api/{path}", futures_desk.serve(_wrapped(answer), futures, weight))

    return [
        get("v1/market/stats", kucoin.stats, 15),
        get("v1/market/allTickers", kucoin.all_tickers, 15),
        get("v1/market/orderbook/level2_20", kucoin.book, 2),
        get("v1/market/orderbook/level2_100", kucoin.book, 4),
        get("v1/market/candles", kucoin.candles, 3),
        get("v2/symbols", kucoin.symbols, 4),
        get("v3/currencies", kucoin.currencies, 3),
        get("v3/currencies/{currency}", kucoin.currency, 3),
        perp("v1/contracts/active", kucoin.contracts, 3),
        perp("v1/contracts/{symbol}", kucoin.contract, 3),
        perp("v1/funding-rate/{symbol}/current", kucoin.funding, 2),
        perp("v1/level2/depth20", kucoin.perp_book, 5),
        perp("v1/level2/depth100", kucoin.perp_book, 10),
    ]


class KuCoin:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "kucoin")

    def stats(self, request: web.Request) -> Row:
        """Of an unknown pair too, with nulls."""
        symbol = request.query.get("symbol", "")
        base, _, against = symbol.partition("-")
        quote = self._stall.venue.spot(base) if against == "USDT" else None
        return _stats(symbol, quote, self._stall.now_ms())

    def all_tickers(self, _: web.Request) -> Row:
        now_ms = self._stall.now_ms()
        found = [_stats(f"{quote.base}-USDT", quote, now_ms) for quote in self._stall.spots()]
        return {"time": now_ms, "ticker": found}

    def book(self, request: web.Request) -> Row:
        book = self._stall.book(self._spot(request), int(request.path.rpartition("_")[2]))
        sides = {"bids": rows(book.bids), "asks": rows(book.asks)}
        return {"time": book.taken_ms, "sequence": str(book.taken_ms // 20), **sides}

    def candles(self, request: web.Request) -> list[list[str]]:
        quote, query = self._spot(request), request.query
        unit_s = TYPES.get(query.get("type", ""))
        if unit_s is None:
            raise Refused({"code": "400100", "msg": "type is incorrect"})
        start, end = (
            None if at is None else at * 1000 for at in (millis(query.get("startAt")), millis(query.get("endAt")))
        )
        found = candles_between(self._stall.venue, quote.base, unit_s, 1_500, start, end, self._stall.now_ms())
        return [_candle(candle) for candle in reversed(found)]

    def symbols(self, _: web.Request) -> list[Row]:
        return [
            {
                "symbol": f"{quote.base}-USDT",
                "name": f"{quote.base}-USDT",
                "baseCurrency": quote.base,
                "quoteCurrency": "USDT",
                "market": "USDS",
                "baseMinSize": "0.0001",
                "enableTrading": quote.live,
                "isMarginEnabled": False,
                "feeCategory": 1,
                "st": False,
            }
            for quote in self._stall.spots()
        ]

    def currencies(self, _: web.Request) -> list[Row]:
        return [self._currency(base) for base in self._stall.venue.bases()]

    def currency(self, request: web.Request) -> Row:
        base = request.match_info["currency"]
        if self._stall.venue.currency(base) is None:
            raise Refused({"code": "900001", "msg": "The symbol does not exist"})
        return self._currency(base)

    def contracts(self, _: web.Request) -> list[Row]:
        return [self._contract(perp) for perp in self._stall.perps()]

    def contract(self, request: web.Request) -> Row:
        return self._contract(self._perp(request.match_info["symbol"]))

    def funding(self, request: web.Request) -> Row:
        perp = self._perp(request.match_info["symbol"])
        interval_ms = perp.funding_interval_h * HOUR_MS
        return {
            "symbol": f".{_name(perp)}FPI{perp.funding_interval_h}H",
            "granularity": interval_ms,
            "timePoint": perp.next_funding_ms - interval_ms,
            "value": perp.funding_rate,
            "dailyInterestRate": 0.0003,
            "fundingRateCap": 0.00375,
            "fundingRateFloor": -0.00375,
            "period": 1,
            "fundingTime": perp.next_funding_ms,
        }

    def perp_book(self, request: web.Request) -> Row:
        """Numbers; sizes in contracts, the time in nanoseconds."""
        perp = self._perp(request.query.get("symbol", ""))
        book = self._stall.book(perp, int(request.path.rpartition("depth")[2]))
        size = self._stall.contract_size(perp.base)
        asks, bids = ([[price, amount / size] for price, amount in side] for side in (book.asks, book.bids))
        stamps = {"sequence": book.taken_ms // 20, "ts": book.taken_ms * 1_000_000}
        return {"symbol": _name(perp), **stamps, "bids": bids, "asks": asks}

    def _spot(self, request: web.Request) -> SimQuote:
        base, _, against = request.query.get("symbol", "").partition("-")
        quote = self._stall.venue.spot(base) if against == "USDT" else None
        if quote is None:
            raise Refused(UNKNOWN_PAIR)
        return quote

    def _perp(self, symbol: str) -> SimPerp:
        base = symbol.removesuffix("USDTM")
        perp = self._stall.venue.perp("BTC" if base == "XBT" else base) if base != symbol else None
        if perp is None or _name(perp) != symbol:
            raise Refused(UNKNOWN_CONTRACT)
        return perp

    def _contract(self, perp: SimPerp) -> Row:
        return {
            "symbol": _name(perp),
            "rootSymbol": "USDT",
            "type": "FFWCSX",
            "expireDate": None,
            "baseCurrency": _base(perp),
            "quoteCurrency": "USDT",
            "settleCurrency": "USDT",
            "multiplier": self._stall.contract_size(perp.base),
            "takerFeeRate": 0.0006,
            "isInverse": False,
            "status": "Open" if perp.live else "Init",
            "fundingFeeRate": perp.funding_rate if perp.live else None,
            "turnoverOf24h": perp.value_24h,
            "markPrice": perp.mark if perp.live else None,
            "indexPrice": perp.index if perp.live else None,
            "lastTradePrice": perp.last if perp.live else None,
            "nextFundingRateTime": perp.next_funding_ms - perp.taken_ms,  # milliseconds left
            "fundingRateGranularity": perp.funding_interval_h * HOUR_MS,
        }

    def _currency(self, base: str) -> Row:
        currency, quote = self._stall.venue.currency(base), self._stall.venue.spot(base)
        assert currency is not None and quote is not None
        return {
            "currency": base,
            "name": base,
            "fullName": currency.name,
            "precision": 8,
            "isMarginEnabled": False,
            "isDebitEnabled": False,
            "chains": [_chain(network) for network in currency.networks] if quote.live else None,
        }


def _base(perp: SimPerp) -> str:
    return "XBT" if perp.base == "BTC" else perp.base


def _name(perp: SimPerp) -> str:
    return f"{_base(perp)}USDTM"


def _stats(symbol: str, quote: SimQuote | None, now_ms: int) -> Row:
    live = quote if quote is not None and quote.live else None

    def shown(value: float) -> str:
        return text(round(value, 12))

    return {
        "time": now_ms,
        "symbol": symbol,
        "buy": shown(live.bid) if live else None,
        "sell": shown(live.ask) if live else None,
        "changeRate": f"{live.last / live.open_24h - 1:.4f}" if live else None,
        "changePrice": shown(live.last - live.open_24h) if live else None,
        "high": shown(live.high_24h) if live else None,
        "low": shown(live.low_24h) if live else None,
        "vol": shown(live.volume_24h) if live else None,
        "volValue": shown(live.value_24h) if live else None,
        "last": shown(live.last) if live else None,
        "averagePrice": shown(live.value_24h / live.volume_24h) if live else None,
        "takerFeeRate": "0.001",
        "makerFeeRate": "0.001",
    }


def _candle(candle: SimCandle) -> list[str]:
    """[seconds, open, close, high, low, volume, turnover]"""
    prices = [text(price) for price in (candle.open, candle.close, candle.high, candle.low)]
    return [str(candle.open_ms // 1000), *prices, text(candle.volume), text(candle.value)]


def _chain(network: SimNetwork) -> Row:
    return {
        "chainName": network.network,
        "chainId": network_as("kucoin", network.network),
        "withdrawalMinSize": text(network.withdraw_min),
        "depositMinSize": None,
        "withdrawFeeRate": "0",
        "withdrawalMinFee": text(network.withdraw_fee),
        "isWithdrawEnabled": network.withdrawal,
        "isDepositEnabled": network.deposit,
        "confirms": network.confirmations,
        "preConfirms": network.confirmations,
        "withdrawPrecision": 8,
        "maxWithdraw": None,
        "maxDeposit": None,
        "needTag": False,
        "contractAddress": network.contract,
    }


def _wrapped(answer: Answer) -> Answer:
    return lambda request: {"code": "200000", "data": answer(request)}


def _headers(pool: Pool, left: int, left_ms: int) -> Mapping[str, str]:
    return {
        "gw-ratelimit-limit": str(pool.limit),
        "gw-ratelimit-remaining": str(left),
        "gw-ratelimit-reset": str(left_ms),
    }
