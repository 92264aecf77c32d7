"""Coinbase Exchange under `/coinbase`, the little that is asked of it: tickers in USD (USDT-USD too) and currencies.

Contract: docs.cdp.coinbase.com/exchange/rest-api (2026). 10 requests a second an address, burst 15, then 429. A
request without User-Agent is refused. Prices are text, times ISO with microseconds.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from aiohttp import web

from simulator.counters import Counters
from simulator.limits import Bucket
from simulator.prices import MINUTE_MS, Noise, mixed, text_seed
from simulator.values import SimNetwork, SimQuote
from simulator.venue_wire import caller, text
from simulator.world import World

BURST, PER_S = 15, 10.0
USDT_SPREAD = 0.00005

Row = dict[str, object]


class Refused(Exception):
    """The request is answered with a status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def routes(world: World, counters: Counters) -> list[web.RouteDef]:
    coinbase, count = Coinbase(world), counters.of("coinbase")
    bucket = Bucket(BURST, PER_S)

    def served(path: str, answer: Callable[[web.Request], object]) -> web.RouteDef:
        async def handler(request: web.Request) -> web.StreamResponse:
            try:
                if not request.headers.get("User-Agent"):
                    raise Refused(400, "User-Agent header is required.")
                if bucket.take(caller(request), world.clock.now_ms()) is None:
                    count.limit_hits += 1
                    raise Refused(429, "Public rate limit exceeded")
                return web.json_response(answer(request))
            except Refused as e:
                return web.json_response({"message": e.message}, status=e.status)

        return web.get(f"/coinbase/{path}", handler)

    return [
        served("products/{id}/ticker", coinbase.ticker),
        served("currencies/{id}", coinbase.currency),
    ]


class Coinbase:
    """The answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._venue = world.venue("coinbase")
        self._dollars = Noise(mixed(world.seed, text_seed("USDT-USD")), ((5 * MINUTE_MS, 0.5), (180 * MINUTE_MS, 0.5)))

    def usdt_usd(self) -> float:
        """What a USDT costs in USD: within 0.05 % of one."""
        return 1.0 + 0.0005 * self._dollars(self._world.clock.now_ms() - self._world.start_ms)

    def ticker(self, request: web.Request) -> Row:
        base, _, currency = request.match_info["id"].partition("-")
        now_ms = self._world.clock.now_ms()
        if (base, currency) == ("USDT", "USD"):
            mid = self.usdt_usd()
            bid, ask, size, volume = mid * (1 - USDT_SPREAD), mid * (1 + USDT_SPREAD), 1_250.0, 185_000_000.0
            return _ticker(bid, bid, ask, size, volume, now_ms)
        quote = self._venue.spot(base) if currency in ("USD", "USDT") else None
        if quote is None or not quote.live:
            raise Refused(404, "NotFound")
        scale = self.usdt_usd() if currency == "USD" else 1.0
        return _quoted(quote, scale)

    def currency(self, request: web.Request) -> Row:
        known = self._venue.currency(request.match_info["id"])
        if known is None:
            raise Refused(404, "NotFound")
        return {
            "id": known.base,
            "name": known.name,
            "min_size": "0.00000001",
            "status": "online",
            "message": "",
            "max_precision": "0.00000001",
            "convertible_to": [],
            "details": {"type": "crypto", "symbol": None, "push_payment_methods": ["crypto"]},
            "default_network": known.networks[0].network.lower() if known.networks else "",
            "supported_networks": [_network(network) for network in known.networks],
            "display_name": known.base,
        }


def _quoted(quote: SimQuote, scale: float) -> Row:
    last, bid, ask = (price * scale for price in (quote.last, quote.bid, quote.ask))
    return _ticker(last, bid, ask, quote.last_size, quote.volume_24h, quote.taken_ms)


def _ticker(last: float, bid: float, ask: float, size: float, volume: float, at_ms: int) -> Row:
    """`volume` is in coins."""
    return {
        "ask": text(round(ask, 10)),
        "bid": text(round(bid, 10)),
        "volume": text(volume),
        "trade_id": at_ms // 400,
        "price": text(round(last, 10)),
        "size": text(size),
        "time": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "rfq_volume": "0",
    }


def _network(network: SimNetwork) -> Row:
    """Here one status stands for deposits and withdrawals together."""
    return {
        "id": network.network.lower(),
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
