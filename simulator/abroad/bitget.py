"""Bitget under `/bitget/api/v2`: `{"code","msg","requestTime","data"}`, "00000" for success, everything text.

Contract: www.bitget.com/api-doc (2026), ccxt 4.5.90. 20 requests a second an endpoint and address, `public/coins` 3. An
unknown symbol is 40034 with HTTP 400. A market before its opening is `halt` with zeros (assumed). Not played: sockets.
"""

from aiohttp import web

from simulator.abroad.venue_desk import Answer, Desk, Pool, Refused, Stall
from simulator.abroad.venue_wire import bounded, candles_between, millis, network_as, rows, text
from simulator.counters import Counters
from simulator.world.values import SimCandle, SimNetwork, SimPerp, SimQuote
from simulator.world.world import World

PER_S, COINS_PER_S = 20, 3
PERIODS = {"1min": 60, "5min": 300, "15min": 900, "30min": 1_800, "1h": 3_600, "4h": 14_400, "1day": 86_400}

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    bitget = Bitget(world)
    desk = Desk(world, counters.of("bitget"), (429, {"code": "429", "msg": "Too many requests"}))

    def v2(path: str, answer: Answer, per_s: int = PER_S) -> web.RouteDef:
        def wrapped(request: web.Request) -> object:
            return {"code": "00000", "msg": "success", "requestTime": world.clock.now_ms(), "data": answer(request)}

        return web.get(f"/bitget/api/v2/{path}", desk.serve(wrapped, Pool(per_s, 1_000)))

    return [
        v2("spot/market/tickers", bitget.tickers),
        v2("spot/market/orderbook", bitget.spot_book),
        v2("spot/market/candles", bitget.candles),
        v2("spot/public/symbols", bitget.symbols),
        v2("spot/public/coins", bitget.coins, COINS_PER_S),
        v2("mix/market/ticker", bitget.perp_ticker),
        v2("mix/market/current-fund-rate", bitget.fund_rate),
        v2("mix/market/merge-depth", bitget.perp_book),
        v2("mix/market/contracts", bitget.contracts),
    ]


class Bitget:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "bitget")

    def tickers(self, request: web.Request) -> list[Row]:
        if "symbol" in request.query:
            return [_ticker(self._spot(request))]
        return [_ticker(quote) for quote in self._stall.spots()]

    def spot_book(self, request: web.Request) -> Row:
        return self._book(self._spot(request), request)

    def candles(self, request: web.Request) -> list[list[str]]:
        quote, query = self._spot(request), request.query
        unit_s, limit = PERIODS.get(query.get("granularity", "")), bounded(query.get("limit"), 100, 1_000)
        if unit_s is None or limit is None:
            raise self._refused("40020", f"Parameter {'granularity' if unit_s is None else 'limit'} error")
        start, end = millis(query.get("startTime")), millis(query.get("endTime"))
        found = candles_between(self._stall.venue, quote.base, unit_s, limit, start, end, self._stall.now_ms())
        return [_candle(candle) for candle in found]

    def symbols(self, _: web.Request) -> list[Row]:
        return [
            {
                "symbol": f"{quote.base}USDT",
                "baseCoin": quote.base,
                "quoteCoin": "USDT",
                "minTradeAmount": "0",
                "takerFeeRate": "0.001",
                "makerFeeRate": "0.001",
                "pricePrecision": "8",
                "quantityPrecision": "4",
                "status": "online" if quote.live else "halt",
                "areaSymbol": "no",
            }
            for quote in self._stall.spots()
        ]

    def coins(self, request: web.Request) -> list[Row]:
        asked = request.query.get("coin")
        if asked is not None and self._stall.venue.currency(asked.upper()) is None:
            raise self._refused("40034", f"Parameter {asked} does not exist")
        return [
            {
                "coinId": str(number),
                "coin": currency.base,
                "transfer": "true",
                "chains": [_chain(network) for network in currency.networks],
                "areaCoin": "no",
            }
            for number, currency in enumerate(self._stall.venue.currencies(), 1)
            if asked is None or currency.base == asked.upper()
        ]

    def perp_ticker(self, request: web.Request) -> list[Row]:
        perp = self._perp(request)
        shown = {"lastPr": perp.last, "askPr": perp.ask, "bidPr": perp.bid, "askSz": perp.ask_size}
        shown |= {"bidSz": perp.bid_size, "indexPrice": perp.index, "markPrice": perp.mark}
        return [
            {
                "symbol": _name(perp),
                **{name: text(value) if perp.live else "" for name, value in shown.items()},
                "fundingRate": text(perp.funding_rate) if perp.live else "",
                "holdingAmount": text(perp.open_interest),
                "usdtVolume": text(perp.value_24h),
                "ts": str(perp.taken_ms),
            }
        ]

    def fund_rate(self, request: web.Request) -> list[Row]:
        perp = self._perp(request)
        return [
            {
                "symbol": _name(perp),
                "fundingRate": text(perp.funding_rate),
                "fundingRateInterval": str(perp.funding_interval_h),
                "nextUpdate": str(perp.next_funding_ms),
                "minFundingRate": "-0.003",
                "maxFundingRate": "0.003",
            }
        ]

    def perp_book(self, request: web.Request) -> Row:
        return self._book(self._perp(request), request)

    def contracts(self, request: web.Request) -> list[Row]:
        self._linear(request)
        return [
            {
                "symbol": _name(perp),
                "baseCoin": perp.base,
                "quoteCoin": "USDT",
                "takerFeeRate": "0.0006",
                "symbolType": "perpetual",
                "symbolStatus": "normal" if perp.live else "listed",
                "sizeMultiplier": "0.001",
                "fundInterval": str(perp.funding_interval_h),
            }
            for perp in self._stall.perps()
        ]

    def _book(self, market: SimQuote | SimPerp, request: web.Request) -> Row:
        depth = bounded(request.query.get("limit"), 100, 150)
        if depth is None:
            raise self._refused("40020", "Parameter limit error")
        book = self._stall.book(market, depth)
        return {"asks": rows(book.asks), "bids": rows(book.bids), "ts": str(book.taken_ms)}

    def _spot(self, request: web.Request) -> SimQuote:
        symbol = request.query.get("symbol", "")
        quote = self._stall.venue.spot(symbol.removesuffix("USDT")) if symbol.endswith("USDT") else None
        if quote is None:
            raise self._refused("40034", f"Parameter {symbol} does not exist")
        return quote

    def _perp(self, request: web.Request) -> SimPerp:
        self._linear(request)
        symbol = request.query.get("symbol", "")
        perp = self._stall.venue.perp(symbol.removesuffix("USDT")) if symbol.endswith("USDT") else None
        if perp is None:
            raise self._refused("40034", f"Parameter {symbol} does not exist")
        return perp

    def _linear(self, request: web.Request) -> None:
        if request.query.get("productType", "").upper() != "USDT-FUTURES":
            raise self._refused("400172", "Parameter verification failed")

    def _refused(self, code: str, message: str) -> Refused:
        body = {"code": code, "msg": message, "requestTime": self._stall.now_ms(), "data": None}
        return Refused(body, 400)


def _name(perp: SimPerp) -> str:
    return f"{perp.base}USDT"


def _ticker(quote: SimQuote) -> Row:
    shown = {
        "open": quote.open_24h,
        "high24h": quote.high_24h,
        "low24h": quote.low_24h,
        "lastPr": quote.last,
        "quoteVolume": quote.value_24h,
        "baseVolume": quote.volume_24h,
        "usdtVolume": quote.value_24h,
        "bidPr": quote.bid,
        "askPr": quote.ask,
        "bidSz": quote.bid_size,
        "askSz": quote.ask_size,
    }
    return {
        "symbol": f"{quote.base}USDT",
        **{name: text(value) if quote.live else "0" for name, value in shown.items()},
        "ts": str(quote.taken_ms),
        "change24h": f"{quote.last / quote.open_24h - 1:.5f}",
    }


def _candle(candle: SimCandle) -> list[str]:
    """[ms, open, high, low, close, coins, USDT, quote volume]"""
    prices = [text(price) for price in (candle.open, candle.high, candle.low, candle.close)]
    return [str(candle.open_ms), *prices, text(candle.volume), text(candle.value), text(candle.value)]


def _chain(network: SimNetwork) -> Row:
    """Flags are texts."""
    return {
        "chain": network_as("bitget", network.network),
        "needTag": "false",
        "withdrawable": str(network.withdrawal).lower(),
        "rechargeable": str(network.deposit).lower(),
        "withdrawFee": text(network.withdraw_fee),
        "extraWithdrawFee": "0",
        "depositConfirm": str(network.confirmations),
        "withdrawConfirm": str(network.confirmations),
        "minDepositAmount": "0.00000001",
        "minWithdrawAmount": text(network.withdraw_min),
        "browserUrl": "",
        "contractAddress": network.contract or None,
        "withdrawStep": "0",
        "withdrawMinScale": "8",
        "congestion": "normal",
    }
