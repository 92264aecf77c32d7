"""Bybit v5 on the wire. Pure.

Contract: bybit-exchange/docs, 2026-07-24. `{"retCode","retMsg","result","time"}`; numbers are text and may be "".
An unknown symbol is retCode 10001 (its text varies) or retCode 0 with an empty list. A 403 is a ban or a geo-block.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from analysis.fetching.reading import (
    NoAnswer,
    Reply,
    Wire,
    amount,
    book,
    candles,
    coin_and_multiplier,
    decoded,
    figure,
    number,
    positive,
    refuse,
    signed_figure,
    transfer_state,
    whole,
)
from analysis.quotes import Book, Candle, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker

R = TypeVar("R")

BAD_PARAMETER = 10_001
BEFORE_TRADING = frozenset({"NotStarted", "CallAuction", "CallAuctionNoCancel", "CrossMatching", "ContinuousTrading"})


class _Head(Struct, rename="camel"):
    ret_code: Wire = None
    ret_msg: str | None = ""
    time: Wire = None


class _Rows(Struct, Generic[R], rename="camel"):
    list: list[R]
    next_page_cursor: str | None = ""


class _Envelope(Struct, Generic[R]):
    result: R


class _Ticker(Struct, rename="camel"):
    symbol: str
    last_price: Wire = None
    bid1_price: Wire = None
    ask1_price: Wire = None
    turnover24h: Wire = None
    mark_price: Wire = None
    index_price: Wire = None
    funding_rate: Wire = None
    next_funding_time: Wire = None
    funding_interval_hour: Wire = None
    cur_pre_listing_phase: str | None = ""


class _Book(Struct):
    b: list[list[Wire]]
    a: list[list[Wire]]
    ts: Wire = None


class _Instrument(Struct, rename="camel"):
    symbol: str
    base_coin: str
    quote_coin: str
    status: str = ""
    contract_type: str = ""
    funding_interval: Wire = None  # minutes
    is_pre_listing: Wire = None


class _Chain(Struct, rename="camel"):
    chain: str
    chain_deposit: Wire = None
    chain_withdraw: Wire = None
    withdraw_fee: Wire = None
    withdraw_min: Wire = None
    confirmation: Wire = None
    contract_address: str | None = None


class _Coin(Struct):
    coin: str
    chains: list[_Chain] = []


class _Coins(Struct):
    rows: list[_Coin]


class Page(Struct, frozen=True):
    """One page of an instrument list; `cursor` is empty on the last one."""

    instruments: tuple[Instrument, ...]
    cursor: str


def parse_spot_ticker(reply: Reply, multiplier: int = 1, in_list: bool = False) -> Ticker | NotListed:
    """`tickers?category=spot&symbol=`; raise NoAnswer. An empty list is not believed of a symbol that is `in_list`."""
    row = _one_ticker(reply, in_list)
    if isinstance(row, NotListed):
        return row
    at = _time(reply)
    return Ticker(
        last=figure(row.last_price, reply, at, multiplier),
        bid=figure(row.bid1_price, reply, at, multiplier),
        ask=figure(row.ask1_price, reply, at, multiplier),
        quote_volume_24h=figure(row.turnover24h, reply, at),
    )


def parse_linear_ticker(reply: Reply, multiplier: int = 1, in_list: bool = False) -> PerpTicker | NotListed:
    """`tickers?category=linear&symbol=`: one call tells all of a perpetual but its book; raise NoAnswer."""
    row = _one_ticker(reply, in_list)
    if isinstance(row, NotListed):
        return row
    at = _time(reply)
    return PerpTicker(
        mark=figure(row.mark_price, reply, at, multiplier),
        index=figure(row.index_price, reply, at, multiplier),
        funding_rate=signed_figure(row.funding_rate, reply, at),
        funding_interval_h=figure(row.funding_interval_hour, reply, at),
        next_funding_ms=whole(row.next_funding_time),
        pre_market=row.cur_pre_listing_phase in BEFORE_TRADING,
    )


def parse_orderbook(reply: Reply, multiplier: int = 1) -> Book | NotListed:
    """`orderbook`, both categories; raise NoAnswer."""
    wire = _result(reply, _Book)
    if isinstance(wire, NotListed):
        return wire
    return book(wire.b, wire.a, reply, whole(wire.ts), multiplier)


def parse_instruments(reply: Reply) -> Page:
    """One page of `instruments-info`, what trades against USDT, without dated futures; raise NoAnswer."""
    wire = _result(reply, _Rows[_Instrument])
    if isinstance(wire, NotListed):
        raise NoAnswer("parameters refused")
    kept = [row for row in wire.list if row.quote_coin == "USDT" and row.contract_type in ("", "LinearPerpetual")]
    return Page(tuple(_instrument(row) for row in kept), wire.next_page_cursor or "")


def parse_kline(reply: Reply, multiplier: int = 1) -> list[Candle] | NotListed:
    """`kline`: [start, open, high, low, close, volume, turnover], newest first; raise NoAnswer."""
    wire = _result(reply, _Rows[list[Wire]])
    return wire if isinstance(wire, NotListed) else candles(wire.list, quote_volume_at=6, multiplier=multiplier)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`asset/coin/query-info?coin=`; raise NoAnswer. An empty `withdrawFee` means that there is no withdrawal."""
    wire = _result(reply, _Coins)
    if isinstance(wire, NotListed) or not wire.rows:
        return NotListed()
    networks = tuple(_network(chain) for chain in wire.rows[0].chains)
    return Transfers(networks, reply.source, _time(reply) or reply.received_ms)


def _result(reply: Reply, shape: type[R]) -> R | NotListed:
    refuse(reply)
    head = decoded(reply, _Head)
    code = number(head.ret_code)
    if code == BAD_PARAMETER:
        return NotListed()
    if code != 0 or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {head.ret_code} {(head.ret_msg or '')[:80]}")
    return decoded(reply, _Envelope[shape]).result  # type: ignore[valid-type]  # a generic Struct takes a type at run time


def _time(reply: Reply) -> int | None:
    return whole(decoded(reply, _Head).time)


def _one_ticker(reply: Reply, in_list: bool) -> _Ticker | NotListed:
    wire = _result(reply, _Rows[_Ticker])
    if isinstance(wire, NotListed):
        return wire
    if not wire.list and in_list:
        raise NoAnswer("an empty list for a symbol that is listed")
    return wire.list[0] if wire.list else NotListed()


def _instrument(row: _Instrument) -> Instrument:
    minutes = positive(row.funding_interval)
    return Instrument(
        row.symbol,
        *coin_and_multiplier(row.base_coin),
        live=row.status == "Trading",
        pre_market=row.status == "PreLaunch" or row.is_pre_listing is True,
        funding_interval_h=None if minutes is None else minutes / 60,
    )


def _network(chain: _Chain) -> NetworkState:
    return NetworkState(
        network=chain.chain,
        deposit=transfer_state(chain.chain_deposit),
        withdrawal=transfer_state("0" if chain.withdraw_fee == "" else chain.chain_withdraw),
        withdraw_fee=amount(chain.withdraw_fee),
        withdraw_min=amount(chain.withdraw_min),
        confirmations=whole(chain.confirmation),
        contract=chain.contract_address or "",
    )
