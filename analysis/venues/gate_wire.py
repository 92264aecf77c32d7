"""Gate's API v4 on the wire. Pure.

Contract: gateapi-python docs 4.104.3 (2025-07). No envelope; an error is `{"label","message"}` with HTTP 400, the label
of an unknown pair INVALID_CURRENCY_PAIR. Spot numbers are text. Perpetuals are sized in contracts of
`quanto_multiplier` coins; their book has objects for levels and seconds for times.
"""

from typing import TypeVar

import msgspec
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
    flag,
    listed,
    number,
    positive,
    refuse,
    signed_figure,
    whole,
)
from analysis.quotes import Book, Candle, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker
from analysis.verdict import TransferState

R = TypeVar("R")

UNKNOWN = frozenset({"INVALID_CURRENCY_PAIR", "INVALID_CURRENCY", "CONTRACT_NOT_FOUND"})
HOUR_S = 3_600


class _Error(Struct):
    label: str = ""
    message: str = ""


class _Ticker(Struct):
    currency_pair: str
    last: Wire = None
    lowest_ask: Wire = None
    highest_bid: Wire = None
    quote_volume: Wire = None


class _Book(Struct):
    bids: list[list[Wire]]
    asks: list[list[Wire]]
    current: Wire = None  # ms; `update` is when it last changed, which for a quiet coin is long ago


class _Level(Struct):
    p: Wire = None
    s: Wire = None


class _PerpBook(Struct):
    bids: list[_Level]
    asks: list[_Level]
    current: Wire = None  # seconds


class _Contract(Struct):
    name: str
    mark_price: Wire = None
    index_price: Wire = None
    funding_rate: Wire = None
    funding_interval: Wire = None  # seconds
    funding_next_apply: Wire = None  # seconds
    quanto_multiplier: Wire = None
    in_delisting: Wire = None
    status: str = "trading"  # newer field: prelaunch | trading | delisting | delisted | circuit_breaker


class _Pair(Struct):
    id: str
    base: str
    quote: str
    trade_status: str = ""
    type: str = "normal"


class _Chain(Struct):
    name: str
    addr: str | None = None
    withdraw_disabled: Wire = None
    withdraw_delayed: Wire = None
    deposit_disabled: Wire = None


class _Currency(Struct):
    currency: str
    chains: list[_Chain] | None = None


def parse_ticker(reply: Reply) -> Ticker | NotListed:
    """`/spot/tickers?currency_pair=`; raise NoAnswer."""
    rows = _answer(reply, list[_Ticker])
    if isinstance(rows, NotListed):
        return rows
    if not rows:
        raise NoAnswer("an empty answer")
    row = rows[0]
    return Ticker(
        last=figure(row.last, reply, None),
        bid=figure(row.highest_bid, reply, None),
        ask=figure(row.lowest_ask, reply, None),
        quote_volume_24h=figure(row.quote_volume, reply, None),
    )


def parse_book(reply: Reply) -> Book | NotListed:
    """`/spot/order_book`; raise NoAnswer."""
    wire = _answer(reply, _Book)
    return wire if isinstance(wire, NotListed) else book(wire.bids, wire.asks, reply, whole(wire.current))


def parse_contract(reply: Reply) -> PerpTicker | NotListed:
    """`/futures/usdt/contracts/{contract}`: all of a perpetual but its book; raise NoAnswer."""
    row = _answer(reply, _Contract)
    if isinstance(row, NotListed):
        return row
    interval, coming = positive(row.funding_interval), whole(row.funding_next_apply)
    return PerpTicker(
        mark=figure(row.mark_price, reply, None),
        index=figure(row.index_price, reply, None),
        funding_rate=signed_figure(row.funding_rate, reply, None),
        funding_interval_h=None if interval is None else figure(interval / HOUR_S, reply, None),
        next_funding_ms=None if coming is None else coming * 1000,
        pre_market=row.status == "prelaunch",
        contract_size=positive(row.quanto_multiplier),
    )


def parse_perp_book(reply: Reply) -> Book | NotListed:
    """`/futures/usdt/order_book`, in contracts; raise NoAnswer."""
    wire = _answer(reply, _PerpBook)
    if isinstance(wire, NotListed):
        return wire
    seconds = number(wire.current)
    bids, asks = ([[level.p, level.s] for level in side] for side in (wire.bids, wire.asks))
    return book(bids, asks, reply, None if seconds is None else whole(seconds * 1000))


def parse_pairs(reply: Reply) -> dict[str, Instrument]:
    """`/spot/currency_pairs`: what trades against USDT; raise NoAnswer, also for an empty list."""
    pairs = [
        Instrument(
            row.id,
            *coin_and_multiplier(row.base),
            live=row.trade_status == "tradable",
            pre_market=row.type == "premarket",
        )
        for row in _list(reply, _Pair)
        if row.quote == "USDT"
    ]
    return listed(pairs)


def parse_contracts(reply: Reply) -> dict[str, Instrument]:
    """`/futures/usdt/contracts`: the perpetuals, save those that leave; raise NoAnswer, also for an empty list."""
    contracts = []
    for row in _list(reply, _Contract):
        size, (name, _, quote) = positive(row.quanto_multiplier), row.name.partition("_")
        if (
            quote == "USDT"
            and size is not None
            and not row.in_delisting
            and row.status not in ("delisting", "delisted")
        ):
            early = row.status == "prelaunch"
            coin, times = coin_and_multiplier(name)
            contracts.append(Instrument(row.name, coin, times, not early, early, contract_size=size))
    return listed(contracts)


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/spot/candlesticks`: [seconds, quote volume, close, high, low, open, base volume, closed]; raise NoAnswer."""
    rows = _answer(reply, list[list[Wire]])
    return rows if isinstance(rows, NotListed) else candles(columns(rows, "Tqchlo"), QUOTE_VOLUME)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`/spot/currencies/{currency}`: flags and contracts by chain, without fees; raise NoAnswer."""
    row = _answer(reply, _Currency)
    if isinstance(row, NotListed):
        return row
    if not row.chains:
        raise NoAnswer("no chain told")
    return Transfers(tuple(_network(chain) for chain in row.chains), reply.source, reply.received_ms)


def parse_coins(reply: Reply) -> list[msgspec.Raw]:
    """`/spot/currencies`, every coin's row, not read yet; raise NoAnswer."""
    return _list(reply, msgspec.Raw)


def read_coin(row: msgspec.Raw) -> tuple[str, tuple[NetworkState, ...]]:
    """One of these rows as a coin and its chains; raise DecodeError."""
    coin = msgspec.json.decode(row, type=_Currency)
    return coin.currency, tuple(_network(chain) for chain in coin.chains or ())


def _answer(reply: Reply, shape: type[R]) -> R | NotListed:
    refuse(reply)
    if reply.status == 200:
        return decoded(reply, shape)
    error = decoded(reply, _Error)
    if error.label in UNKNOWN:
        return NotListed()
    raise NoAnswer(f"HTTP {reply.status}, {error.label} {error.message[:80]}")


def _list(reply: Reply, row: type[R]) -> list[R]:
    rows = _answer(reply, list[row])  # type: ignore[valid-type]  # a list takes its type at run time
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown instrument where none was named")
    return rows


def _network(chain: _Chain) -> NetworkState:
    delayed = flag(chain.withdraw_delayed) is True
    return NetworkState(
        network=chain.name,
        deposit=_state(chain.deposit_disabled),
        withdrawal=_state(chain.withdraw_disabled),
        contract=chain.addr or "",
        note="withdrawals delayed" if delayed else "",
    )


def _state(disabled: Wire) -> TransferState:
    told = flag(disabled)
    return TransferState.UNKNOWN if told is None else TransferState.CLOSED if told else TransferState.OPEN
