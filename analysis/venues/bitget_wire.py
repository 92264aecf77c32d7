"""Bitget v2 on the wire. Pure.

Contract: www.bitget.com/api-doc (2026) and ccxt 4.5.90. `{"code","msg","data"}`, code "00000" for success; everything
is text, flags too ("true"). An unknown symbol is code 40034, a contract that was taken off 40309. Sizes are in coins.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct, field

from analysis.fetching.reading import (
    QUOTE_VOLUME,
    NoAnswer,
    Reply,
    Wire,
    amount,
    book,
    candles,
    coin_and_multiplier,
    columns,
    decoded,
    figure,
    listed,
    positive,
    refuse,
    signed_figure,
    transfer_state,
    whole,
)
from analysis.quotes import Book, Candle, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker

R = TypeVar("R")

OK = "00000"
UNKNOWN = frozenset({"40034", "40309"})
# A perpetual in any other state (off, …) has been taken off. `limit_open`: positions may only be reduced.
PERP_STATES = {"normal": True, "restrictedAPI": True, "maintain": False, "limit_open": False, "listed": False}


class _Head(Struct):
    code: Wire = None
    msg: str | None = ""


class _Envelope(Struct, Generic[R]):
    data: R


class _Ticker(Struct, rename="camel"):
    symbol: str
    last_pr: Wire = None
    bid_pr: Wire = None
    ask_pr: Wire = None
    usdt_volume: Wire = None
    mark_price: Wire = None
    index_price: Wire = None
    funding_rate: Wire = None
    ts: Wire = None


class _Book(Struct):
    bids: list[list[Wire]]
    asks: list[list[Wire]]
    ts: Wire = None


class _Funding(Struct, rename="camel"):
    funding_rate: Wire = None
    funding_rate_interval: Wire = None  # hours
    next_update: Wire = None


class _Symbol(Struct, rename="camel"):
    symbol: str
    base_coin: str
    quote_coin: str
    status: str = ""  # spot: online | gray | halt | offline
    symbol_status: str = ""  # perpetuals
    symbol_type: str = "perpetual"


class _Chain(Struct, rename="camel"):
    chain: str
    withdrawable: Wire = None
    rechargeable: Wire = None
    withdraw_fee: Wire = None
    extra_withdraw_fee: Wire = None  # parts of the amount, where a coin burns some
    min_withdraw_amount: Wire = None
    deposit_confirm: Wire = None
    contract_address: str | None = None
    congestion: str | None = None


class _Coin(Struct):
    coin: str
    chains: list[_Chain] | None = field(default=None)


def parse_ticker(reply: Reply) -> Ticker | NotListed:
    """`/api/v2/spot/market/tickers?symbol=`; raise NoAnswer."""
    row = _one(reply, _Ticker)
    if isinstance(row, NotListed):
        return row
    at = whole(row.ts)
    return Ticker(
        last=figure(row.last_pr, reply, at),
        bid=figure(row.bid_pr, reply, at),
        ask=figure(row.ask_pr, reply, at),
        quote_volume_24h=figure(row.usdt_volume, reply, at),
    )


def parse_perp_ticker(reply: Reply) -> PerpTicker | NotListed:
    """`/api/v2/mix/market/ticker`; raise NoAnswer."""
    row = _one(reply, _Ticker)
    if isinstance(row, NotListed):
        return row
    at = whole(row.ts)
    return PerpTicker(
        mark=figure(row.mark_price, reply, at),
        index=figure(row.index_price, reply, at),
        funding_rate=signed_figure(row.funding_rate, reply, at),
    )


def parse_funding(reply: Reply) -> PerpTicker | NotListed:
    """`/api/v2/mix/market/current-fund-rate`: how often, and when next; raise NoAnswer."""
    row = _one(reply, _Funding)
    if isinstance(row, NotListed):
        return row
    return PerpTicker(
        funding_interval_h=figure(row.funding_rate_interval, reply, None), next_funding_ms=whole(row.next_update)
    )


def parse_book(reply: Reply) -> Book | NotListed:
    """`/api/v2/spot/market/orderbook` and `/api/v2/mix/market/merge-depth`; raise NoAnswer."""
    wire = _data(reply, _Book)
    return wire if isinstance(wire, NotListed) else book(wire.bids, wire.asks, reply, whole(wire.ts))


def parse_symbols(reply: Reply) -> dict[str, Instrument]:
    """`/api/v2/spot/public/symbols`: what trades against USDT; raise NoAnswer, also for an empty list."""
    return listed(
        [
            Instrument(row.symbol, *coin_and_multiplier(row.base_coin), live=row.status == "online")
            for row in _rows(reply, _Symbol)
            if row.quote_coin == "USDT" and row.status != "offline"
        ]
    )


def parse_contracts(reply: Reply) -> dict[str, Instrument]:
    """`/api/v2/mix/market/contracts?productType=USDT-FUTURES`; raise NoAnswer, also for an empty list."""
    return listed(
        [
            Instrument(row.symbol, *coin_and_multiplier(row.base_coin), live=PERP_STATES[row.symbol_status])
            for row in _rows(reply, _Symbol)
            if row.quote_coin == "USDT" and row.symbol_type == "perpetual" and row.symbol_status in PERP_STATES
        ]
    )


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/api/v2/spot/market/candles`: [ms, open, high, low, close, coins, USDT, quote volume]; raise NoAnswer."""
    rows = _data(reply, list[list[Wire]])
    return rows if isinstance(rows, NotListed) else candles(columns(rows, "tohlc-q"), QUOTE_VOLUME)


def parse_transfers(coin: str, reply: Reply) -> Transfers | NotListed:
    """`/api/v2/spot/public/coins?coin=`; raise NoAnswer."""
    rows = _data(reply, list[_Coin])
    if isinstance(rows, NotListed):
        return rows
    row = next((row for row in rows if row.coin.upper() == coin.upper()), None)
    if row is None or not row.chains:
        raise NoAnswer(f"no chain of {coin} told")
    return Transfers(tuple(_network(chain) for chain in row.chains), reply.source, reply.received_ms)


def parse_coins(reply: Reply) -> list[msgspec.Raw]:
    """`/api/v2/spot/public/coins`, every coin's row, not read yet; raise NoAnswer."""
    return _rows(reply, msgspec.Raw)


def read_coin(row: msgspec.Raw) -> tuple[str, tuple[NetworkState, ...]]:
    """One of these rows as a coin and its chains; raise DecodeError."""
    coin = msgspec.json.decode(row, type=_Coin)
    return coin.coin, tuple(_network(chain) for chain in coin.chains or ())


def _data(reply: Reply, shape: type[R]) -> R | NotListed:
    refuse(reply)
    head = decoded(reply, _Head)
    code = str(head.code)
    if code in UNKNOWN:
        return NotListed()
    if code != OK or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {code} {(head.msg or '')[:80]}")
    data: R = decoded(reply, _Envelope[shape]).data  # type: ignore[valid-type]  # a generic Struct takes a type at run time
    return data


def _one(reply: Reply, shape: type[R]) -> R | NotListed:
    rows = _data(reply, list[shape])  # type: ignore[valid-type]  # a list takes its type at run time
    if isinstance(rows, NotListed):
        return rows
    if not rows:
        raise NoAnswer("an empty answer")
    return rows[0]


def _rows(reply: Reply, shape: type[R]) -> list[R]:
    rows = _data(reply, list[shape])  # type: ignore[valid-type]  # a list takes its type at run time
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown symbol where none was named")
    return rows


def _network(chain: _Chain) -> NetworkState:
    burns = positive(chain.extra_withdraw_fee) is not None  # then the fee depends on the amount
    return NetworkState(
        network=chain.chain,
        deposit=transfer_state(chain.rechargeable),
        withdrawal=transfer_state(chain.withdrawable),
        withdraw_fee=None if burns else amount(chain.withdraw_fee),
        withdraw_min=amount(chain.min_withdraw_amount),
        confirmations=whole(chain.deposit_confirm),
        contract=chain.contract_address or "",
        note="" if chain.congestion in (None, "", "normal") else f"network {chain.congestion}",
    )
