"""The pairs behind an implied rate: BTC, ETH and USDT in KRW, BTC and ETH in USDT, and USDT in USD.

`rate = mid in KRW / mid in USDT`; what the rate is then is decided in `premium.py`. Sources: order books of Upbit or
Bithumb; Binance `ticker/bookTicker` (which has no time of its own), OKX and Bybit tickers; Coinbase USDT-USD.
"""

from collections.abc import Callable, Mapping

from msgspec import Struct

from analysis.evidence import FxLegs
from analysis.fetching.korea import parse_books
from analysis.fetching.reading import NoAnswer, Reply, Wire, decoded, figure, positive, require_200
from analysis.fetching.sources import DEADLINE_S, Door, Line
from analysis.premium import agreed_leg
from analysis.quotes import Book, Figure, Leg, NotListed, Silent
from analysis.venues import bybit_wire, okx_wire
from analysis.venues.assemble import Ticker
from collectors.events import Exchange, Market
from collectors.exchanges import bithumb_rest, upbit_rest
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

KRW_BASES = ("BTC", "ETH", "USDT")
USDT_BASES = ("BTC", "ETH")
SYMBOLS = '["BTCUSDT","ETHUSDT"]'
USDT_USD_S = 30.0  # moves little
AGAIN_S = 5.0  # after a failure: one venue's trouble must not cost a request each time
USDT_USD_KEEPS_S = 600.0  # an older price than this says nothing; its age is told with it


class FxAnswer(Struct, frozen=True):
    """The legs that came, and the reasons for those that did not, by service. The bank's rate is not in it."""

    legs: FxLegs
    missing: Mapping[str, str]


class _Best(Struct, rename="camel"):
    symbol: str
    bid_price: Wire = None
    ask_price: Wire = None


class _Coinbase(Struct):
    bid: Wire = None
    ask: Wire = None
    price: Wire = None


def parse_book_tickers(reply: Reply) -> dict[str, Leg]:
    """Binance `ticker/bookTicker?symbols=`: mids by coin; a one-sided market has none. Raise NoAnswer."""
    require_200(reply)
    legs = {}
    for row in decoded(reply, list[_Best]):
        bid, ask = positive(row.bid_price), positive(row.ask_price)
        if bid is not None and ask is not None and row.symbol.endswith("USDT"):
            base = row.symbol.removesuffix("USDT")
            legs[base] = Leg(base, "USDT", (bid + ask) / 2, reply.received_ms, reply.received_ms, reply.source)
    return legs


def parse_usdt_usd(reply: Reply) -> Figure:
    """Coinbase `products/USDT-USD/ticker`: the mid, else the last price. Raise NoAnswer."""
    require_200(reply)
    row = decoded(reply, _Coinbase)
    bid, ask = positive(row.bid), positive(row.ask)
    mid = figure((bid + ask) / 2 if bid and ask else row.price, reply, None)
    if mid is None:
        raise NoAnswer("no price")
    return mid


def krw_legs(books: Mapping[str, Book]) -> dict[str, Leg]:
    """Mids in KRW by coin; a one-sided book has none."""
    return {
        base: Leg(base, "KRW", book.mid, book.taken_ms, book.received_ms, book.source)
        for base, book in books.items()
        if book.mid is not None
    }


def _leg_of(base: str, parse: Callable[[Reply], Ticker | NotListed]) -> Callable[[Reply], dict[str, Leg]]:
    """The mid of one spot ticker as a leg of `base`; a one-sided market has none."""

    def read(reply: Reply) -> dict[str, Leg]:
        told = parse(reply)
        if isinstance(told, NotListed) or told.bid is None or told.ask is None:
            return {}
        price, taken_ms = (told.bid.value + told.ask.value) / 2, min(told.bid.taken_ms, told.ask.taken_ms)
        return {base: Leg(base, "USDT", price, taken_ms, reply.received_ms, reply.source)}

    return read


class _Witness(Struct, frozen=True):
    """One call that tells BTC or ETH, or both, in USDT."""

    service: str
    path: str
    params: Mapping[str, str]
    parse: Callable[[Reply], dict[str, Leg]]


WITNESSES = (
    _Witness("binance", "/api/v3/ticker/bookTicker", {"symbols": SYMBOLS}, parse_book_tickers),
    *(
        _Witness("okx", "/api/v5/market/ticker", {"instId": f"{base}-USDT"}, _leg_of(base, okx_wire.parse_ticker))
        for base in USDT_BASES
    ),
    *(
        _Witness(
            "bybit",
            "/v5/market/tickers",
            {"category": "spot", "symbol": f"{base}USDT"},
            _leg_of(base, bybit_wire.parse_spot_ticker),
        )
        for base in USDT_BASES
    ),
)


class FxSources:
    """Asks for all legs at once, each source with its own deadline.

    The foreign side has three sources, because what is wrong with one is wrong with BTC and ETH alike, and a rate that
    is too low makes a premium of nothing.
    """

    def __init__(self, door: Door, clock: Clock, deadline_s: float = DEADLINE_S) -> None:
        self._clock = clock
        names = ("upbit", "bithumb", "coinbase", *(witness.service for witness in WITNESSES))
        self._lines = {name: Line(door, name, deadline_s) for name in names}
        self._usdt_usd: tuple[float, Figure] | None = None
        self._ask_dollars_s = float("-inf")

    async def legs(self, exchange: Exchange = "upbit") -> FxAnswer:
        """The legs now, the KRW side from `exchange`."""
        async with TaskGroup() as calls:
            krw = calls.create_task(self._krw(exchange))
            usdt = [calls.create_task(self._usdt(witness)) for witness in WITNESSES]
            dollars = calls.create_task(self._dollars())
        in_krw, usdt_usd = krw.result(), dollars.result()
        told: list[tuple[str, object]] = [(exchange, in_krw), ("coinbase", usdt_usd)]
        witnesses: list[Leg] = []
        for task in usdt:
            service, answer = task.result()
            told.append((service, answer))
            witnesses += [] if isinstance(answer, Silent) else answer.values()
        krw_side = {} if isinstance(in_krw, Silent) else in_krw
        now_ms = self._clock.now_ms()
        return FxAnswer(
            FxLegs(
                btc_krw=krw_side.get("BTC"),
                btc_usdt=agreed_leg((leg for leg in witnesses if leg.base == "BTC"), now_ms),
                eth_krw=krw_side.get("ETH"),
                eth_usdt=agreed_leg((leg for leg in witnesses if leg.base == "ETH"), now_ms),
                usdt_krw=krw_side.get("USDT"),
                usdt_usd=None if isinstance(usdt_usd, Silent) else usdt_usd,
                witnesses=tuple(witnesses),
            ),
            {service: answer.reason for service, answer in told if isinstance(answer, Silent)},
        )

    async def _usdt(self, witness: _Witness) -> tuple[str, dict[str, Leg] | Silent]:
        line = self._lines[witness.service]
        return witness.service, await line.ask(witness.path, witness.parse, params=witness.params, group="ticker")

    async def _krw(self, exchange: Exchange) -> dict[str, Leg] | Silent:
        markets = [Market(exchange, base, "KRW") for base in KRW_BASES]
        request = upbit_rest.order_book(markets) if exchange == "upbit" else bithumb_rest.order_book(markets)
        books = await self._lines[exchange].ask(
            request.path,
            lambda reply: parse_books(exchange, reply),
            params=dict(request.params),
            group=request.group,
        )
        if isinstance(books, NotListed):
            return Silent("one of KRW-BTC, KRW-ETH, KRW-USDT is not listed")
        return books if isinstance(books, Silent) else krw_legs(books)

    async def _dollars(self) -> Figure | Silent:
        """The price of a USDT; while Coinbase is silent the one before, for ten minutes."""
        now_s = self._clock.monotonic()
        told: Figure | Silent = Silent("asked a moment ago, without an answer")
        if now_s >= self._ask_dollars_s:
            self._ask_dollars_s = now_s + AGAIN_S  # whoever asks meanwhile does not ask again
            told = await self._lines["coinbase"].ask("/products/USDT-USD/ticker", parse_usdt_usd)
            if isinstance(told, Figure):
                self._usdt_usd, self._ask_dollars_s = (now_s, told), now_s + USDT_USD_S
        known = self._usdt_usd
        return known[1] if known is not None and now_s - known[0] <= USDT_USD_KEEPS_S else told
