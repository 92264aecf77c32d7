"""HTX under `/htx` and its linear swaps under `/htx-futures`: JSON numbers, lower-case symbols, errors with HTTP 200.

Contract: huobiapi.github.io/docs, ccxt 4.5.90. 800 requests a second an address for market data, 120 in 3 s for the
rest (reported). An unknown symbol is `invalid-parameter`/`invalid symbol`, an unknown contract `err_code` 1332. A
market before its opening says "symbol trade not open now". Not played: sockets (gzip), orders.
"""

from aiohttp import web

from simulator.abroad.venue_desk import Answer, Desk, Pool, Refused, Stall
from simulator.abroad.venue_wire import bounded, candles_between, network_as, text
from simulator.counters import Counters
from simulator.world.prices import HOUR_MS
from simulator.world.values import SimBook, SimCandle, SimNetwork, SimPerp, SimQuote
from simulator.world.world import World

MARKET, MARKET_MS = 800, 1_000
OTHER, OTHER_MS = 120, 3_000
PERIODS = {"1min": 60, "5min": 300, "15min": 900, "30min": 1_800, "60min": 3_600, "4hour": 14_400, "1day": 86_400}
TOO_MANY = {"status": "error", "err-code": "too-many-requests", "err-msg": "too many request"}

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    htx, too_many = Htx(world), (429, TOO_MANY)
    hosts = {name: Desk(world, counters.of(name), too_many) for name in ("htx", "htx-futures")}
    market = {name: Pool(MARKET, MARKET_MS) for name in hosts}
    other = {name: Pool(OTHER, OTHER_MS) for name in hosts}

    def get(host: str, path: str, answer: Answer, pools: dict[str, Pool] = market) -> web.RouteDef:
        return web.get(f"/{host}/{path}", hosts[host].serve(answer, pools[host]))

    return [
        get("htx", "market/detail/merged", htx.merged),
        get("htx", "market/tickers", htx.tickers),
        get("htx", "market/depth", htx.depth),
        get("htx", "market/history/kline", htx.kline),
        get("htx", "v1/common/symbols", htx.symbols, other),
        get("htx", "v2/reference/currencies", htx.currencies, other),
        get("htx-futures", "linear-swap-api/v1/swap_contract_info", htx.contract_info, other),
        get("htx-futures", "linear-swap-api/v1/swap_funding_rate", htx.funding_rate, other),
        get("htx-futures", "linear-swap-ex/market/depth", htx.swap_depth),
        get("htx-futures", "index/market/history/linear_swap_mark_price_kline", htx.mark_kline),
    ]


class Htx:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "htx")

    def merged(self, request: web.Request) -> Row:
        quote = self._spot(request)
        tick = {
            "id": quote.taken_ms,
            "open": quote.open_24h,
            "close": quote.last,
            "low": quote.low_24h,
            "high": quote.high_24h,
            "amount": quote.volume_24h,
            "vol": quote.value_24h,
            "count": round(quote.value_24h / 100),
            "bid": [quote.bid, quote.bid_size],
            "ask": [quote.ask, quote.ask_size],
        }
        return self._ok(f"market.{_symbol(quote)}.detail.merged", "tick", tick)

    def tickers(self, _: web.Request) -> Row:
        found = [
            {
                "symbol": _symbol(quote),
                "open": quote.open_24h,
                "high": quote.high_24h,
                "low": quote.low_24h,
                "close": quote.last,
                "amount": quote.volume_24h,
                "vol": quote.value_24h,
                "count": round(quote.value_24h / 100),
                "bid": quote.bid,
                "bidSize": quote.bid_size,
                "ask": quote.ask,
                "askSize": quote.ask_size,
            }
            for quote in self._stall.spots()
            if quote.live
        ]
        return {"status": "ok", "ts": self._stall.now_ms(), "data": found}

    def depth(self, request: web.Request) -> Row:
        quote = self._spot(request)
        depth = bounded(request.query.get("depth"), 150, 150)
        if depth is None or request.query.get("type") != "step0":
            raise self._refused("invalid type")
        book = self._stall.book(quote, depth)
        return self._ok(f"market.{_symbol(quote)}.depth.step0", "tick", _depth(book, 1.0))

    def kline(self, request: web.Request) -> Row:
        """Newest first; there is no start to ask for."""
        quote, query = self._spot(request), request.query
        unit_s, size = PERIODS.get(query.get("period", "")), bounded(query.get("size"), 150, 2_000)
        if unit_s is None or size is None:
            raise self._refused("invalid period" if unit_s is None else "invalid size")
        found = candles_between(self._stall.venue, quote.base, unit_s, size, None, None, self._stall.now_ms())
        rows = [_candle(candle) for candle in reversed(found)]
        return self._ok(f"market.{_symbol(quote)}.kline.{query['period']}", "data", rows)

    def symbols(self, _: web.Request) -> Row:
        found = [
            {
                "base-currency": quote.base.lower(),
                "quote-currency": "usdt",
                "price-precision": 8,
                "amount-precision": 4,
                "symbol-partition": "main",
                "symbol": _symbol(quote),
                "state": "online" if quote.live else "pre-online",
                "api-trading": "enabled",
                "tags": "",
            }
            for quote in self._stall.spots()
        ]
        return {"status": "ok", "data": found}

    def currencies(self, request: web.Request) -> Row:
        asked = request.query.get("currency")
        found = [
            {
                "currency": currency.base.lower(),
                "assetType": 1,
                "instStatus": "normal",
                "chains": [_chain(currency.base, network) for network in currency.networks],
            }
            for currency in self._stall.venue.currencies()
            if asked is None or currency.base.lower() == asked
        ]
        if not found:
            raise Refused({"code": 2002, "message": "invalid field value in `currency`"})
        return {"code": 200, "data": found}

    def contract_info(self, request: web.Request) -> Row:
        perps = [self._perp(request)] if "contract_code" in request.query else self._stall.perps()
        found = [
            {
                "symbol": perp.base,
                "contract_code": _code(perp),
                "contract_size": self._stall.contract_size(perp.base),
                "price_tick": 1e-8,
                "create_date": "20250101",
                "contract_status": 1 if perp.live else 2,
                "settlement_date": str(perp.next_funding_ms),
                "support_margin_mode": "all",
                "business_type": "swap",
                "pair": _code(perp),
                "contract_type": "swap",
                "trade_partition": "USDT",
            }
            for perp in perps
        ]
        return {"status": "ok", "data": found, "ts": self._stall.now_ms()}

    def funding_rate(self, request: web.Request) -> Row:
        perp = self._perp(request)
        following_ms = perp.next_funding_ms + perp.funding_interval_h * HOUR_MS
        rate = {
            "estimated_rate": None,
            "funding_rate": f"{perp.funding_rate:.18f}",
            "contract_code": _code(perp),
            "symbol": perp.base,
            "fee_asset": "USDT",
            "funding_time": str(perp.next_funding_ms),
            "next_funding_time": str(following_ms),
        }
        return {"status": "ok", "data": rate, "ts": self._stall.now_ms()}

    def swap_depth(self, request: web.Request) -> Row:
        perp = self._perp(request)
        book = self._stall.book(perp, 150)
        tick = _depth(book, self._stall.contract_size(perp.base)) | {"id": book.taken_ms, "mrid": book.taken_ms}
        return self._ok(f"market.{_code(perp)}.depth.step0", "tick", tick)

    def mark_kline(self, request: web.Request) -> Row:
        """Prices are texts here."""
        perp = self._perp(request)
        mark = text(perp.mark) if perp.live else "0"
        row = dict.fromkeys(("open", "close", "high", "low"), mark)
        minute = {"id": perp.taken_ms // 60_000 * 60, "amount": "0", "count": "0", "vol": "0", "trade_turnover": "0"}
        return self._ok(f"market.{_code(perp)}.mark_price.1min", "data", [{**minute, **row}])

    def _ok(self, channel: str, name: str, part: object) -> Row:
        return {"ch": channel, "status": "ok", "ts": self._stall.now_ms(), name: part}

    def _spot(self, request: web.Request) -> SimQuote:
        symbol = request.query.get("symbol", "")
        base = symbol.removesuffix("usdt").upper()
        quote = self._stall.venue.spot(base) if symbol.endswith("usdt") and symbol.islower() else None
        if quote is None:
            raise self._refused("invalid symbol")
        if not quote.live:
            raise self._refused("symbol trade not open now")
        return quote

    def _perp(self, request: web.Request) -> SimPerp:
        base, _, against = request.query.get("contract_code", "").partition("-")
        perp = self._stall.venue.perp(base) if against == "USDT" else None
        if perp is None:
            said = {"err_code": 1332, "err_msg": "The contract doesn't exist."}
            raise Refused({"status": "error", **said, "ts": self._stall.now_ms()})
        return perp

    def _refused(self, message: str) -> Refused:
        said = {"err-code": "invalid-parameter", "err-msg": message}
        return Refused({"ts": self._stall.now_ms(), "status": "error", **said})


def _symbol(quote: SimQuote) -> str:
    return f"{quote.base.lower()}usdt"


def _code(perp: SimPerp) -> str:
    return f"{perp.base}-USDT"


def _depth(book: SimBook, size: float) -> Row:
    bids, asks = ([[price, amount / size] for price, amount in side] for side in (book.bids, book.asks))
    return {"bids": bids, "asks": asks, "version": book.taken_ms // 20, "ts": book.taken_ms}


def _candle(candle: SimCandle) -> Row:
    return {
        "id": candle.open_ms // 1000,
        "open": candle.open,
        "close": candle.close,
        "low": candle.low,
        "high": candle.high,
        "amount": candle.volume,
        "vol": candle.value,
        "count": candle.trades,
    }


def _chain(base: str, network: SimNetwork) -> Row:
    chain = network_as("htx", network.network)
    return {
        "chain": f"{chain}{base}".lower(),
        "displayName": network.network,
        "baseChain": chain,
        "baseChainProtocol": network.network,
        "numOfConfirmations": network.confirmations,
        "numOfFastConfirmations": network.confirmations,
        "depositStatus": "allowed" if network.deposit else "prohibited",
        "minDepositAmt": "0.00000001",
        "withdrawStatus": "allowed" if network.withdrawal else "prohibited",
        "minWithdrawAmt": text(network.withdraw_min),
        "withdrawPrecision": 8,
        "withdrawFeeType": "fixed",
        "transactFeeWithdraw": text(network.withdraw_fee),
        "addrWithTag": False,
    }
