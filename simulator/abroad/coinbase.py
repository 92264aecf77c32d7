"""Coinbase Exchange under `/coinbase`: markets in USD and a few in USDT, currencies with their chains.

Contract: docs.cdp.coinbase.com/exchange/rest-api (2026). 10 requests a second an address, burst 15, then 429. A request
without User-Agent is refused. Prices are text, times ISO with microseconds; an unknown product is 404. A market before
its opening has trading disabled, and no ticker yet (assumed). It has no perpetual. Not played: sockets, orders.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from simulator.abroad.venue_desk import Dollars, Refused, Stall
from simulator.abroad.venue_wire import caller, candles_between, network_as, text
from simulator.counters import Counters
from simulator.limits import Bucket
from simulator.world.values import SimCandle, SimNetwork, SimQuote
from simulator.world.venues import MAJORS
from simulator.world.world import World

BURST, PER_S = 15, 10.0
USDT_SPREAD = 0.00005
GRANULARITIES = ("60", "300", "900", "3600", "21600", "86400")
MOST_CANDLES = 300

Row = dict[str, object]


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    coinbase, count = Coinbase(world), counters.of("coinbase")
    bucket = Bucket(BURST, PER_S)

    def served(path: str, answer: Callable[[web.Request], object]) -> web.RouteDef:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                if not request.headers.get("User-Agent"):
                    raise Refused({"message": "User-Agent header is required."}, 400)
                if bucket.take(caller(request), world.clock.now_ms()) is None:
                    count.limit_hits += 1
                    raise Refused({"message": "Public rate limit exceeded"}, 429)
                return web.json_response(answer(request))
            except Refused as e:
                return web.json_response(e.body, status=e.status)

        return web.get(f"/coinbase/{path}", handler)

    return [
        served("products", coinbase.products),
        served("products/{id}/ticker", coinbase.ticker),
        served("products/{id}/book", coinbase.book),
        served("products/{id}/candles", coinbase.candles),
        served("currencies", coinbase.currencies),
        served("currencies/{id}", coinbase.currency),
    ]


class Coinbase:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._stall = Stall(world, "coinbase")
        self._dollars = Dollars(world)

    def products(self, _: web.Request) -> list[Row]:
        return [
            _product(quote, currency)
            for quote in self._stall.spots()
            for currency in (("USD", "USDT") if quote.base in MAJORS else ("USD",))
        ]

    def ticker(self, request: web.Request) -> Row:
        now_ms = self._stall.now_ms()
        if request.match_info["id"] == "USDT-USD":
            mid = self._dollars.usdt_usd()
            bid, ask = mid * (1 - USDT_SPREAD), mid * (1 + USDT_SPREAD)
            return _ticker(bid, bid, ask, 1_250.0, 185_000_000.0, now_ms)
        quote, scale = self._market(request)
        if not quote.live:
            raise _not_found()
        last, bid, ask = (price * scale for price in (quote.last, quote.bid, quote.ask))
        return _ticker(last, bid, ask, quote.last_size, quote.volume_24h, quote.taken_ms)

    def book(self, request: web.Request) -> Row:
        quote, scale = self._market(request)
        depth = {"1": 1, "2": 400}.get(request.query.get("level", "1"))
        if depth is None:
            raise Refused({"message": "Invalid level"}, 400)
        book = self._stall.book(quote, depth)
        bids, asks = (
            [[text(round(price * scale, 12)), text(size), 1 + number % 3] for number, (price, size) in enumerate(side)]
            for side in (book.bids, book.asks)
        )
        times = {"sequence": book.taken_ms // 20, "auction_mode": False, "time": _iso(book.taken_ms)}
        return {"bids": bids, "asks": asks, **times}

    def candles(self, request: web.Request) -> list[list[object]]:
        """Newest first; start and end go together and may span 300 candles."""
        (quote, scale), query = self._market(request), request.query
        if query.get("granularity") not in GRANULARITIES:
            raise Refused({"message": "Unsupported granularity"}, 400)
        unit_s, start, end = int(query["granularity"]), _millis(query.get("start")), _millis(query.get("end"))
        if start is not None and end is not None and end - start > MOST_CANDLES * unit_s * 1000:
            raise Refused({"message": "granularity too small for the requested time range"}, 400)
        now_ms = self._stall.now_ms()
        found = candles_between(self._stall.venue, quote.base, unit_s, MOST_CANDLES, start, end, now_ms)
        return [_candle(candle, scale) for candle in reversed(found)]

    def currencies(self, _: web.Request) -> list[Row]:
        return [self._currency(base) for base in self._stall.venue.bases()]

    def currency(self, request: web.Request) -> Row:
        return self._currency(request.match_info["id"])

    def _market(self, request: web.Request) -> tuple[SimQuote, float]:
        """The market, and what its prices are multiplied with."""
        base, _, currency = request.match_info["id"].partition("-")
        listed = currency == "USD" or (currency == "USDT" and base in MAJORS)
        quote = self._stall.venue.spot(base) if listed else None
        if quote is None:
            raise _not_found()
        return quote, self._dollars.usdt_usd() if currency == "USD" else 1.0

    def _currency(self, base: str) -> Row:
        known = self._stall.venue.currency(base)
        if known is None:
            raise _not_found()
        networks = [_network(network) for network in known.networks]
        return {
            "id": known.base,
            "name": known.name,
            "min_size": "0.00000001",
            "status": "online",
            "message": "",
            "max_precision": "0.00000001",
            "convertible_to": [],
            "details": {"type": "crypto", "symbol": None, "push_payment_methods": ["crypto"]},
            "default_network": networks[0]["id"] if networks else "",
            "supported_networks": networks,
            "display_name": known.base,
        }


def _not_found() -> Refused:
    return Refused({"message": "NotFound"}, 404)


def _product(quote: SimQuote, currency: str) -> Row:
    return {
        "id": f"{quote.base}-{currency}",
        "base_currency": quote.base,
        "quote_currency": currency,
        "quote_increment": "0.0001",
        "base_increment": "0.00000001",
        "display_name": f"{quote.base}/{currency}",
        "post_only": False,
        "limit_only": False,
        "cancel_only": False,
        "trading_disabled": not quote.live,
        "status": "online",
        "status_message": "",
        "auction_mode": False,
    }


def _ticker(last: float, bid: float, ask: float, size: float, volume: float, at_ms: int) -> Row:
    """`volume` is in coins."""
    return {
        "ask": text(round(ask, 12)),
        "bid": text(round(bid, 12)),
        "volume": text(volume),
        "trade_id": at_ms // 400,
        "price": text(round(last, 12)),
        "size": text(size),
        "time": _iso(at_ms),
        "rfq_volume": "0",
    }


def _candle(candle: SimCandle, scale: float) -> list[object]:
    """[seconds, low, high, open, close, coins], numbers"""
    prices = [price * scale for price in (candle.low, candle.high, candle.open, candle.close)]
    return [candle.open_ms // 1000, *prices, candle.volume]


def _network(network: SimNetwork) -> Row:
    """Here one status stands for deposits and withdrawals together."""
    return {
        "id": network_as("coinbase", network.network),
        "name": network.network,
        "status": "online" if network.deposit and network.withdrawal else "offline",
        "contract_address": network.contract,
        "crypto_address_link": "",
        "crypto_transaction_link": "",
        "min_withdrawal_amount": network.withdraw_min,
        "max_withdrawal_amount": 1_000_000,
        "network_confirmations": network.confirmations,
        "processing_time_seconds": 0,
    }


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _millis(wire: str | None) -> int | None:
    """An ISO time or seconds."""
    if not wire:
        return None
    if wire.isdecimal():
        return int(wire) * 1000
    try:
        return round(datetime.fromisoformat(wire).timestamp() * 1000)
    except ValueError:
        raise Refused({"message": "Invalid start or end"}, 400) from None
