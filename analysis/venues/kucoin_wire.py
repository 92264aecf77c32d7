"""KuCoin on the wire: spot (api.kucoin.com) and perpetuals (api-futures.kucoin.com). Pure.

Contract: universal SDK spec of 2025-11 and ccxt 4.5.90. `{"code","data"}`, code "200000" for success. An unknown pair
is 400100 or 900001, or success with null data; for a pair of the list null data is no answer. Spot numbers are text,
those of perpetuals numbers; a perpetual is sized in contracts of `multiplier` coins, and bitcoin is XBT there.
"""

from typing import Generic, TypeVar

from msgspec import Struct

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
    flag,
    listed,
    positive,
    refuse,
    signed_figure,
    transfer_state,
    whole,
)
from analysis.quotes import Book, Candle, Figure, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker
from config.units import HOUR_MS

R = TypeVar("R")

OK = "200000"
UNKNOWN = frozenset({"400100", "900001"})
UNKNOWN_TEXTS = ("symbol", "trading pair", "contract", "currency")  # 400100 is any bad parameter
RENAMED = {"XBT": "BTC"}


class _Head(Struct):
    code: Wire = None
    msg: str | None = ""


class _Envelope(Struct, Generic[R]):
    data: R | None = None


class _Stats(Struct, rename="camel"):
    buy: Wire  # the best bid
    sell: Wire  # the best ask
    last: Wire
    vol_value: Wire  # in quote units
    time: Wire = None


class _Book(Struct):
    bids: list[list[Wire]] | None = None
    asks: list[list[Wire]] | None = None
    time: Wire = None  # ms
    ts: Wire = None  # perpetuals: nanoseconds


class _Contract(Struct, rename="camel"):
    symbol: str
    base_currency: str = ""
    quote_currency: str = ""
    mark_price: Wire = None
    index_price: Wire = None
    multiplier: Wire = None
    is_inverse: Wire = None
    expire_date: Wire = None
    status: str = ""


class _Funding(Struct, rename="camel"):
    value: Wire = None
    granularity: Wire = None  # ms between two fundings
    time_point: Wire = None  # when the running interval began
    funding_time: Wire = None  # when it ends


class _Symbol(Struct, rename="camel"):
    symbol: str
    base_currency: str
    quote_currency: str
    enable_trading: Wire = None


class _Chain(Struct, rename="camel"):
    chain_name: str = ""
    chain_id: str = ""
    is_withdraw_enabled: Wire = None
    is_deposit_enabled: Wire = None
    withdrawal_min_fee: Wire = None
    withdraw_fee_rate: Wire = None
    withdrawal_min_size: Wire = None
    confirms: Wire = None
    contract_address: str | None = None


class _Currency(Struct):
    currency: str
    chains: list[_Chain] | None = None


def parse_stats(reply: Reply, in_list: bool) -> Ticker | NotListed:
    """`/api/v1/market/stats`; raise NoAnswer. Of a pair that nobody lists every member is null."""
    row = _data(reply, _Stats, in_list)
    if isinstance(row, NotListed):
        return row
    if not in_list and all(told is None for told in (row.buy, row.sell, row.last, row.vol_value)):
        return NotListed()
    at = whole(row.time)
    return Ticker(
        last=figure(row.last, reply, at),
        bid=figure(row.buy, reply, at),
        ask=figure(row.sell, reply, at),
        quote_volume_24h=figure(row.vol_value, reply, at),
    )


def parse_book(reply: Reply, in_list: bool) -> Book | NotListed:
    """`/api/v1/market/orderbook/level2_100`, and a perpetual's `/api/v1/level2/depth100`; raise NoAnswer."""
    wire = _data(reply, _Book, in_list)
    if isinstance(wire, NotListed):
        return wire
    if wire.bids is None and wire.asks is None:
        if in_list:
            raise NoAnswer("null in place of a book")
        return NotListed()
    nanoseconds = whole(wire.ts)
    at = whole(wire.time) if nanoseconds is None else nanoseconds // 1_000_000
    return book(wire.bids or [], wire.asks or [], reply, at)


def parse_contract(reply: Reply, in_list: bool) -> PerpTicker | NotListed:
    """`/api/v1/contracts/{symbol}`; raise NoAnswer. Its funding time is in ms left, so `parse_funding` is asked."""
    row = _data(reply, _Contract, in_list)
    if isinstance(row, NotListed):
        return row
    return PerpTicker(
        mark=figure(row.mark_price, reply, None),
        index=figure(row.index_price, reply, None),
        pre_market=row.status in ("Init", "PrepareOpen"),
        contract_size=positive(row.multiplier),
    )


def parse_funding(reply: Reply, in_list: bool) -> PerpTicker | NotListed:
    """`/api/v1/funding-rate/{symbol}/current`; raise NoAnswer."""
    row = _data(reply, _Funding, in_list)
    if isinstance(row, NotListed):
        return row
    interval, began, ends = positive(row.granularity), whole(row.time_point), whole(row.funding_time)
    if ends is None and began is not None and interval is not None:
        ends = began + int(interval)
    return PerpTicker(
        funding_rate=signed_figure(row.value, reply, None),
        funding_interval_h=None if interval is None else Figure(interval / HOUR_MS, reply.source, reply.received_ms),
        next_funding_ms=ends,
    )


def parse_symbols(reply: Reply) -> dict[str, Instrument]:
    """`/api/v2/symbols`: what trades against USDT; raise NoAnswer, also for an empty list."""
    rows = _rows(reply, _Symbol)
    return listed(
        [
            Instrument(row.symbol, *coin_and_multiplier(row.base_currency), live=flag(row.enable_trading) is True)
            for row in rows
            if row.quote_currency == "USDT"
        ]
    )


def parse_contracts(reply: Reply) -> dict[str, Instrument]:
    """`/api/v1/contracts/active`: the linear USDT perpetuals; raise NoAnswer, also for an empty list."""
    found = []
    for row in _rows(reply, _Contract):
        size = positive(row.multiplier)
        linear = row.quote_currency == "USDT" and flag(row.is_inverse) is not True and whole(row.expire_date) is None
        if linear and size is not None:
            coin, times = coin_and_multiplier(RENAMED.get(row.base_currency, row.base_currency))
            early = row.status in ("Init", "PrepareOpen")
            found.append(Instrument(row.symbol, coin, times, row.status == "Open", early, contract_size=size))
    return listed(found)


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/api/v1/market/candles`: [seconds, open, close, high, low, volume, turnover], newest first; raise NoAnswer."""
    rows: list[list[Wire]] | NotListed = _data(reply, list[list[Wire]], in_list=False)
    return rows if isinstance(rows, NotListed) else candles(columns(rows, "Tochl-q"), QUOTE_VOLUME)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`/api/v3/currencies/{currency}`; raise NoAnswer. Chains are null for a coin that is not open yet: unknown."""
    row = _data(reply, _Currency, in_list=False)
    if isinstance(row, NotListed):
        return row
    if not row.chains:
        raise NoAnswer("no chain told")
    return Transfers(tuple(_network(chain) for chain in row.chains), reply.source, reply.received_ms)


def _data(reply: Reply, shape: type[R], in_list: bool) -> R | NotListed:
    refuse(reply)
    head = decoded(reply, _Head)
    code, message = str(head.code), head.msg or ""
    if code in UNKNOWN and (code != "400100" or any(word in message.lower() for word in UNKNOWN_TEXTS)):
        return NotListed()
    if code != OK or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {code} {message[:80]}")
    data: R | None = decoded(reply, _Envelope[shape]).data  # type: ignore[valid-type]  # a generic Struct takes a type at run time
    if data is None and in_list:
        raise NoAnswer("null for a symbol that is listed")
    return NotListed() if data is None else data


def _rows(reply: Reply, row: type[R]) -> list[R]:
    rows = _data(reply, list[row], in_list=True)  # type: ignore[valid-type]  # a list takes its type at run time
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown symbol where none was named")
    return rows


def _network(chain: _Chain) -> NetworkState:
    by_share = positive(chain.withdraw_fee_rate) is not None  # a fee in parts of the amount is no number of coins
    return NetworkState(
        network=chain.chain_id or chain.chain_name,
        deposit=transfer_state(chain.is_deposit_enabled),
        withdrawal=transfer_state(chain.is_withdraw_enabled),
        withdraw_fee=None if by_share else amount(chain.withdrawal_min_fee),
        withdraw_min=amount(chain.withdrawal_min_size),
        confirmations=whole(chain.confirms),
        contract=chain.contract_address or "",
    )
