"""Gate under `/gate/api/v4`: no envelope, an error is `{"label","message"}` with HTTP 400.

Contract: gateapi-python docs 4.104.3 (2025-07). 200 requests in 10 s an endpoint and address. A market before its
opening is `untradable` and shows empty quotes (the spelling of such a ticker is assumed). Not played: sockets, orders.
"""

from collections.abc import Mapping

from aiohttp import web

from simulator.abroad.venue_desk import Answer, Desk, Pool, Refused, Stall
from simulator.abroad.venue_wire import bounded, candles_between, millis, network_as, rows, text
from simulator.counters import Counters
from simulator.world.prices import HOUR_MS
from simulator.world.values import SimCandle, SimNetwork, SimPerp, SimQuote
from simulator.world.world import World

LIMIT, SPAN_MS = 200, 10_000
INTERVALS = {"10s": 10, "1m": 60, "5m": 300, "15m": 900, "30m": 1_800, "1h": 3_600, "4h": 14_400, "8h": 28_800}

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    gate = Gate(world)
    too_many = (429, {"label": "TOO_MANY_REQUESTS", "message": "Request Rate limit Exceeded (311)"})
    desk = Desk(world, counters.of("gate"), too_many, _headers)

    def v4(path: str, answer: Answer) -> web.RouteDef:
        return web.get(f"/gate/api/v4/{path}", desk.serve(answer, Pool(LIMIT, SPAN_MS)))

    return [
        v4("spot/tickers", gate.tickers),
        v4("spot/order_book", gate.order_book),
        v4("spot/candlesticks", gate.candles),
        v4("spot/currency_pairs", gate.pairs),
        v4("spot/currencies", gate.currencies),
        v4("spot/currencies/{currency}", gate.currency),
        v4("futures/usdt/contracts", gate.contracts),
        v4("futures/usdt/contracts/{contract}", gate.contract),
        v4("futures/usdt/order_book", gate.perp_book),
    ]


class Gate:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "gate")

    def tickers(self, request: web.Request) -> list[Row]:
        if "currency_pair" in request.query:
            return [_ticker(self._spot(request))]
        return [_ticker(quote) for quote in self._stall.spots()]

    def order_book(self, request: web.Request) -> Row:
        book = self._stall.book(self._spot(request), _limit(request, 10, 100))
        times: Row = {"current": book.taken_ms, "update": book.taken_ms - 40}
        if request.query.get("with_id") == "true":
            times["id"] = book.taken_ms // 20
        return {**times, "asks": rows(book.asks), "bids": rows(book.bids)}

    def candles(self, request: web.Request) -> list[list[str]]:
        quote, query = self._spot(request), request.query
        unit_s = INTERVALS.get(query.get("interval", "30m"))
        if unit_s is None:
            raise Refused({"label": "INVALID_PARAM_VALUE", "message": "Invalid interval"}, 400)
        start, end = millis(query.get("from")), millis(query.get("to"))
        if "limit" in query and (start is not None or end is not None):
            raise Refused({"label": "INVALID_PARAM_VALUE", "message": "limit conflicts with from and to"}, 400)
        limit = 1_000 if start is not None else _limit(request, 100, 1_000)
        start_ms, end_ms = (None if at is None else at * 1000 for at in (start, end))
        now_ms = self._stall.now_ms()
        found = candles_between(self._stall.venue, quote.base, unit_s, limit, start_ms, end_ms, now_ms)
        return [_candle(candle, now_ms, unit_s) for candle in found]

    def pairs(self, _: web.Request) -> list[Row]:
        return [_pair(quote) for quote in self._stall.spots()]

    def currencies(self, _: web.Request) -> list[Row]:
        return [self._currency(base) for base in self._stall.venue.bases()]

    def currency(self, request: web.Request) -> Row:
        base = request.match_info["currency"]
        if self._stall.venue.currency(base) is None:
            raise Refused({"label": "INVALID_CURRENCY", "message": f"Invalid currency {base}"}, 400)
        return self._currency(base)

    def contracts(self, _: web.Request) -> list[Row]:
        return [self._contract(perp) for perp in self._stall.perps()]

    def contract(self, request: web.Request) -> Row:
        return self._contract(self._perp(request.match_info["contract"]))

    def perp_book(self, request: web.Request) -> Row:
        """Levels as objects, sizes in contracts, times in seconds."""
        perp = self._perp(request.query.get("contract", ""))
        book, size = self._stall.book(perp, _limit(request, 10, 100)), self._stall.contract_size(perp.base)
        asks, bids = (
            [{"s": max(1, round(amount / size)), "p": text(price)} for price, amount in side]
            for side in (book.asks, book.bids)
        )
        return {"current": book.taken_ms / 1000, "update": (book.taken_ms - 30) / 1000, "asks": asks, "bids": bids}

    def _spot(self, request: web.Request) -> SimQuote:
        pair = request.query.get("currency_pair", "")
        base, _, against = pair.partition("_")
        quote = self._stall.venue.spot(base) if against == "USDT" else None
        if quote is None:
            raise Refused({"label": "INVALID_CURRENCY_PAIR", "message": f"Invalid currency pair {pair}"}, 400)
        return quote

    def _perp(self, name: str) -> SimPerp:
        base, _, against = name.partition("_")
        perp = self._stall.venue.perp(base) if against == "USDT" else None
        if perp is None:
            raise Refused({"label": "CONTRACT_NOT_FOUND", "message": "contract not found"}, 400)
        return perp

    def _contract(self, perp: SimPerp) -> Row:
        return {
            "name": f"{perp.base}_USDT",
            "type": "direct",
            "status": "trading" if perp.live else "prelaunch",
            "quanto_multiplier": text(self._stall.contract_size(perp.base)),
            "mark_type": "index",
            "mark_price": text(perp.mark) if perp.live else "0",
            "index_price": text(perp.index) if perp.live else "0",
            "last_price": text(perp.last) if perp.live else "0",
            "funding_rate": text(perp.funding_rate),
            "funding_rate_indicative": text(perp.funding_rate),
            "funding_interval": perp.funding_interval_h * HOUR_MS // 1000,
            "funding_next_apply": perp.next_funding_ms // 1000,
            "order_size_min": 1,
            "order_size_max": 1_000_000,
            "leverage_max": "50",
            "in_delisting": False,
        }

    def _currency(self, base: str) -> Row:
        currency = self._stall.venue.currency(base)
        assert currency is not None
        chains = [_chain(network) for network in currency.networks]
        return {
            "currency": base,
            "name": currency.name,
            "delisted": False,
            "withdraw_disabled": all(chain["withdraw_disabled"] for chain in chains),
            "withdraw_delayed": False,
            "deposit_disabled": all(chain["deposit_disabled"] for chain in chains),
            "trade_disabled": False,
            "chain": chains[0]["name"] if chains else "",
            "chains": chains,
        }


def _ticker(quote: SimQuote) -> Row:
    shown = {
        "last": quote.last,
        "lowest_ask": quote.ask,
        "lowest_size": quote.ask_size,
        "highest_bid": quote.bid,
        "highest_size": quote.bid_size,
        "base_volume": quote.volume_24h,
        "quote_volume": quote.value_24h,
        "high_24h": quote.high_24h,
        "low_24h": quote.low_24h,
    }
    return {
        "currency_pair": f"{quote.base}_USDT",
        **{name: text(value) if quote.live else "" for name, value in shown.items()},
        "change_percentage": f"{(quote.last / quote.open_24h - 1) * 100:.2f}",
    }


def _pair(quote: SimQuote) -> Row:
    return {
        "id": f"{quote.base}_USDT",
        "base": quote.base,
        "quote": "USDT",
        "fee": "0.2",
        "min_quote_amount": "3",
        "amount_precision": 4,
        "precision": 8,
        "trade_status": "tradable" if quote.live else "untradable",
        "sell_start": 0,
        "buy_start": 0,
        "delisting_time": 0,
        "type": "normal",
        "st_tag": False,
    }


def _candle(candle: SimCandle, now_ms: int, unit_s: int) -> list[str]:
    """[seconds, quote volume, close, high, low, open, base volume, closed]"""
    prices = [text(price) for price in (candle.close, candle.high, candle.low, candle.open)]
    closed = "true" if now_ms >= candle.open_ms + unit_s * 1000 else "false"
    return [str(candle.open_ms // 1000), text(candle.value), *prices, text(candle.volume), closed]


def _chain(network: SimNetwork) -> Row:
    return {
        "name": network_as("gate", network.network),
        "addr": network.contract,
        "withdraw_disabled": not network.withdrawal,
        "withdraw_delayed": False,
        "deposit_disabled": not network.deposit,
    }


def _limit(request: web.Request, default: int, most: int) -> int:
    limit = bounded(request.query.get("limit"), default, most)
    if limit is None:
        raise Refused({"label": "INVALID_PARAM_VALUE", "message": "Invalid limit"}, 400)
    return limit


def _headers(pool: Pool, left: int, left_ms: int) -> Mapping[str, str]:
    return {
        "X-Gate-RateLimit-Requests-Remain": str(left),
        "X-Gate-RateLimit-Limit": str(pool.limit),
        "X-Gate-Ratelimit-Reset-Timestamp": str(left_ms),
    }
