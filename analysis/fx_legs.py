"""The pairs behind an implied rate: BTC, ETH and USDT in KRW, BTC and ETH in USDT, and USDT in USD.

`rate = mid in KRW / mid in USDT`; what the rate is then is decided in `premium.py`. Sources: order books of Upbit or
Bithumb, Binance `ticker/bookTicker` (which has no time of its own), Coinbase USDT-USD.
"""

import asyncio
from collections.abc import Mapping

from msgspec import Struct

from analysis.evidence import FxLegs
from analysis.korea import parse_books
from analysis.quotes import Book, Figure, Leg, NotListed, Silent
from analysis.reading import NoAnswer, Reply, Wire, decoded, figure, positive, require_200
from analysis.sources import DEADLINE_S, Door, Line
from collectors import bithumb_rest, upbit_rest
from collectors.events import Exchange, Market
from config.clock import Clock

KRW_BASES = ("BTC", "ETH", "USDT")
USDT_BASES = ("BTC", "ETH")
SYMBOLS = '["BTCUSDT","ETHUSDT"]'
USDT_USD_S = 30.0  # moves little, and one venue's trouble must not cost a request each time


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


class FxSources:
    """Asks for all legs at once, each source with its own deadline."""

    def __init__(self, door: Door, clock: Clock, deadline_s: float = DEADLINE_S) -> None:
        self._clock = clock
        self._korean = {"upbit": Line(door, "upbit", deadline_s), "bithumb": Line(door, "bithumb", deadline_s)}
        self._binance = Line(door, "binance", deadline_s)
        self._coinbase = Line(door, "coinbase", deadline_s)
        self._usdt_usd: tuple[float, Figure | Silent] | None = None

    async def legs(self, exchange: Exchange = "upbit") -> FxAnswer:
        """The legs now, the KRW side from `exchange`."""
        async with asyncio.TaskGroup() as calls:
            krw = calls.create_task(self._krw(exchange))
            usdt = calls.create_task(
                self._binance.ask(
                    "/api/v3/ticker/bookTicker", parse_book_tickers, params={"symbols": SYMBOLS}, group="ticker"
                )
            )
            dollars = calls.create_task(self._dollars())
        answers = {exchange: krw.result(), "binance": usdt.result(), "coinbase": dollars.result()}
        in_krw, in_usdt, usdt_usd = krw.result(), usdt.result(), dollars.result()
        krw_side = {} if isinstance(in_krw, Silent) else in_krw
        usdt_side = {} if isinstance(in_usdt, Silent) else in_usdt
        return FxAnswer(
            FxLegs(
                btc_krw=krw_side.get("BTC"),
                btc_usdt=usdt_side.get("BTC"),
                eth_krw=krw_side.get("ETH"),
                eth_usdt=usdt_side.get("ETH"),
                usdt_krw=krw_side.get("USDT"),
                usdt_usd=None if isinstance(usdt_usd, Silent) else usdt_usd,
            ),
            {service: answer.reason for service, answer in answers.items() if isinstance(answer, Silent)},
        )

    async def _krw(self, exchange: Exchange) -> dict[str, Leg] | Silent:
        markets = [Market(exchange, base, "KRW") for base in KRW_BASES]
        request = upbit_rest.order_book(markets) if exchange == "upbit" else bithumb_rest.order_book(markets)
        books = await self._korean[exchange].ask(
            request.path,
            lambda reply: parse_books(exchange, reply),
            params=dict(request.params),
            group=request.group,
        )
        if isinstance(books, NotListed):
            return Silent("one of KRW-BTC, KRW-ETH, KRW-USDT is not listed")
        return books if isinstance(books, Silent) else krw_legs(books)

    async def _dollars(self) -> Figure | Silent:
        now = self._clock.monotonic()
        if self._usdt_usd is None or now - self._usdt_usd[0] >= USDT_USD_S:
            self._usdt_usd = now, await self._coinbase.ask("/products/USDT-USD/ticker", parse_usdt_usd)
        return self._usdt_usd[1]
