"""MEXC on the wire: spot (`/api/v3`, nearly Binance's) and perpetuals (`/api/v1/contract`). Pure.

Contract: mexc.com/api-docs (2026) and ccxt 4.5.90. Spot numbers are text and may be null or ""; an unknown symbol is
HTTP 400 with -1121, or 10007. Perpetuals answer `{"success","code","data"}` in numbers; an unknown contract is code
1001, and sizes count contracts of `contractSize` coins.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from analysis.fetching.reading import (
    QUOTE_VOLUME,
    NoAnswer,
    Reply,
    Wire,
    book,
    candles,
    coin_and_multiplier,
    columns,
    decoded,
    figure,
    listed,
    number,
    positive,
    refuse,
    signed_figure,
    whole,
)
from analysis.quotes import Book, Candle, Instrument, NotListed
from analysis.venues.assemble import PerpTicker, Ticker

R = TypeVar("R")

UNKNOWN_SYMBOLS = (-1121, 10_007)
UNKNOWN_CONTRACT = 1_001
LIVE = frozenset({"1", "ENABLED", "TRADING"})  # spellings of the last years


class _Error(Struct):
    code: Wire = None
    msg: str | None = ""


class _Ticker(Struct, rename="camel"):
    symbol: str
    last_price: Wire = None
    bid_price: Wire = None
    ask_price: Wire = None
    quote_volume: Wire = None
    close_time: Wire = None


class _Book(Struct):
    bids: list[list[Wire]]
    asks: list[list[Wire]]
    timestamp: Wire = None


class _Symbol(Struct, rename="camel"):
    symbol: str
    base_asset: str
    quote_asset: str
    status: Wire = None
    is_spot_trading_allowed: Wire = None


class _Symbols(Struct):
    symbols: list[_Symbol]


class _Head(Struct):
    success: Wire = None
    code: Wire = None
    message: str | None = ""


class _Envelope(Struct, Generic[R]):
    data: R


class _Contract(Struct, rename="camel"):
    symbol: str
    base_coin: str = ""
    quote_coin: str = ""
    settle_coin: str = ""
    contract_size: Wire = None
    state: Wire = None  # 0 enabled, 1 delivery, 2 completed, 3 offline, 4 paused


class _PerpTicker(Struct, rename="camel"):
    symbol: str
    fair_price: Wire = None
    index_price: Wire = None
    funding_rate: Wire = None
    timestamp: Wire = None


class _Funding(Struct, rename="camel"):
    funding_rate: Wire = None
    collect_cycle: Wire = None  # hours
    next_settle_time: Wire = None


def parse_ticker(reply: Reply) -> Ticker | NotListed:
    """`/api/v3/ticker/24hr?symbol=`; raise NoAnswer."""
    row = _spot(reply, _Ticker)
    if isinstance(row, NotListed):
        return row
    at = whole(row.close_time)
    return Ticker(
        last=figure(row.last_price, reply, at),
        bid=figure(row.bid_price, reply, at),
        ask=figure(row.ask_price, reply, at),
        quote_volume_24h=figure(row.quote_volume, reply, at),
    )


def parse_book(reply: Reply) -> Book | NotListed:
    """`/api/v3/depth`; raise NoAnswer."""
    wire = _spot(reply, _Book)
    return wire if isinstance(wire, NotListed) else book(wire.bids, wire.asks, reply, whole(wire.timestamp))


def parse_symbols(reply: Reply) -> dict[str, Instrument]:
    """`/api/v3/exchangeInfo`: what trades against USDT; raise NoAnswer, also for an empty list."""
    wire = _spot(reply, _Symbols)
    if isinstance(wire, NotListed):
        raise NoAnswer("an unknown symbol where none was named")
    return listed(
        [
            Instrument(row.symbol, *coin_and_multiplier(row.base_asset), live=str(row.status) in LIVE)
            for row in wire.symbols
            if row.quote_asset == "USDT"
        ]
    )


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/api/v3/klines`: [ms, open, high, low, close, coins, close time, quote volume]; raise NoAnswer."""
    rows = _spot(reply, list[list[Wire]])
    return rows if isinstance(rows, NotListed) else candles(columns(rows, "tohlc--q"), QUOTE_VOLUME)


def parse_perp_ticker(reply: Reply) -> PerpTicker | NotListed:
    """`/api/v1/contract/ticker?symbol=`; raise NoAnswer."""
    row = _contract(reply, _PerpTicker)
    if isinstance(row, NotListed):
        return row
    at = whole(row.timestamp)
    return PerpTicker(
        mark=figure(row.fair_price, reply, at),
        index=figure(row.index_price, reply, at),
        funding_rate=signed_figure(row.funding_rate, reply, at),
    )


def parse_funding(reply: Reply) -> PerpTicker | NotListed:
    """`/api/v1/contract/funding_rate/{symbol}`: how often, and when next; raise NoAnswer."""
    row = _contract(reply, _Funding)
    if isinstance(row, NotListed):
        return row
    return PerpTicker(
        funding_interval_h=figure(row.collect_cycle, reply, None), next_funding_ms=whole(row.next_settle_time)
    )


def parse_detail(reply: Reply) -> PerpTicker | NotListed:
    """`/api/v1/contract/detail?symbol=`: what a contract holds; raise NoAnswer."""
    row = _contract(reply, _Contract)
    if isinstance(row, NotListed):
        return row
    return PerpTicker(contract_size=positive(row.contract_size))


def parse_perp_book(reply: Reply) -> Book | NotListed:
    """`/api/v1/contract/depth/{symbol}`: [price, contracts, orders]; raise NoAnswer."""
    wire = _contract(reply, _Book)
    return wire if isinstance(wire, NotListed) else book(wire.bids, wire.asks, reply, whole(wire.timestamp))


def parse_contracts(reply: Reply) -> dict[str, Instrument]:
    """`/api/v1/contract/detail`: the USDT perpetuals; raise NoAnswer, also for an empty list."""
    rows = _contract(reply, list[_Contract])
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown contract where none was named")
    found = []
    for row in rows:
        size, state = positive(row.contract_size), number(row.state)
        if row.quote_coin == row.settle_coin == "USDT" and size is not None and state in (0, 4):
            coin, times = coin_and_multiplier(row.base_coin)
            found.append(Instrument(row.symbol, coin, times, live=state == 0, contract_size=size))
    return listed(found)


def _spot(reply: Reply, shape: type[R]) -> R | NotListed:
    refuse(reply)
    if reply.status == 200:
        return decoded(reply, shape)
    error = decoded(reply, _Error)
    if number(error.code) in UNKNOWN_SYMBOLS:
        return NotListed()
    raise NoAnswer(f"HTTP {reply.status}, {error.code} {(error.msg or '')[:80]}")


def _contract(reply: Reply, shape: type[R]) -> R | NotListed:
    refuse(reply)
    head = decoded(reply, _Head)
    code = number(head.code)
    if code == UNKNOWN_CONTRACT:
        return NotListed()
    if code != 0 or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {head.code} {(head.message or '')[:80]}")
    data: R = decoded(reply, _Envelope[shape]).data  # type: ignore[valid-type]  # a generic Struct takes a type at run time
    return data
