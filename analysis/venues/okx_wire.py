"""OKX v5 on the wire. Pure.

Contract: www.okx.com/docs-v5, copies of 2026-05 to 2026-07. `{"code","msg","data"}`, everything text; errors may come
with HTTP 200. An unknown instrument is code 51001; an empty `data` is not how OKX says so, except where rows are
filtered (`instruments`, `currencies`). Swaps are sized in contracts of `ctVal` × `ctMult` coins.
"""

from typing import Generic, TypeVar

from msgspec import Struct, field

from analysis.fetching.reading import (
    NoAnswer,
    Reply,
    Wire,
    amount,
    book,
    by_coin,
    candles,
    coin_and_multiplier,
    decoded,
    figure,
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

UNKNOWN_INSTRUMENT = "51001"


class _Head(Struct):
    code: Wire = None
    msg: str | None = ""


class _Envelope(Struct, Generic[R]):
    data: list[R]


class _Ticker(Struct, rename="camel"):
    inst_id: str
    last: Wire = None
    bid_px: Wire = None
    ask_px: Wire = None
    vol_ccy_24h: Wire = field(name="volCcy24h", default=None)  # spot: in quote units
    ts: Wire = None


class _Book(Struct):
    bids: list[list[Wire]]
    asks: list[list[Wire]]
    ts: Wire = None


class _Funding(Struct, rename="camel"):
    inst_id: str
    funding_rate: Wire = None
    funding_time: Wire = None  # the coming settlement
    next_funding_time: Wire = None  # the one after it
    ts: Wire = None


class _Mark(Struct, rename="camel"):
    inst_id: str
    mark_px: Wire = None
    ts: Wire = None


class _Instrument(Struct, rename="camel"):
    inst_id: str
    state: str = ""
    rule_type: str = ""
    ct_val: Wire = None
    ct_mult: Wire = None
    ct_type: str = ""


class _Currency(Struct, rename="camel"):
    ccy: str
    chain: str
    can_dep: Wire = None
    can_wd: Wire = None
    fee: Wire = None
    min_fee: Wire = None  # deprecated in favour of `fee`
    min_wd: Wire = None
    min_dep_arrival_confirm: Wire = None
    ct_addr: str | None = None


def parse_ticker(reply: Reply) -> Ticker | NotListed:
    """`market/ticker` of a spot instrument; raise NoAnswer."""
    row = _one(reply, _Ticker)
    if isinstance(row, NotListed):
        return row
    at = whole(row.ts)
    return Ticker(
        last=figure(row.last, reply, at),
        bid=figure(row.bid_px, reply, at),
        ask=figure(row.ask_px, reply, at),
        quote_volume_24h=figure(row.vol_ccy_24h, reply, at),
    )


def parse_book(reply: Reply) -> Book | NotListed:
    """`market/books`, a swap's in contracts; in a call auction the ask may be below the bid. Raise NoAnswer."""
    row = _one(reply, _Book)
    if isinstance(row, NotListed):
        return row
    return book(row.bids, row.asks, reply, whole(row.ts))


def parse_funding_rate(reply: Reply) -> PerpTicker | NotListed:
    """`public/funding-rate`; the interval is the distance of the two settlements that it names. Raise NoAnswer."""
    row = _one(reply, _Funding)
    if isinstance(row, NotListed):
        return row
    at = whole(row.ts)
    coming, following = whole(row.funding_time), whole(row.next_funding_time)
    interval = None
    if coming is not None and following is not None and following > coming:
        interval = Figure((following - coming) / HOUR_MS, reply.source, at or reply.received_ms)
    return PerpTicker(
        funding_rate=signed_figure(row.funding_rate, reply, at), funding_interval_h=interval, next_funding_ms=coming
    )


def parse_mark_price(reply: Reply) -> PerpTicker | NotListed:
    """`public/mark-price`; raise NoAnswer."""
    row = _one(reply, _Mark)
    return row if isinstance(row, NotListed) else PerpTicker(mark=figure(row.mark_px, reply, whole(row.ts)))


def parse_spot_instruments(reply: Reply) -> dict[str, Instrument]:
    """`public/instruments?instType=SPOT`: the markets against USDT; raise NoAnswer, also for an empty list."""
    return _listed([one for row in _rows(reply, _Instrument) if (one := _spot(row)) is not None])


def parse_swap_instruments(reply: Reply) -> dict[str, Instrument]:
    """`public/instruments?instType=SWAP`: the linear USDT swaps; raise NoAnswer, also for an empty list."""
    return _listed([one for row in _rows(reply, _Instrument) if (one := _swap(row)) is not None])


def parse_swap_instrument(reply: Reply) -> Instrument | NotListed:
    """The same for one `instId`; raise NoAnswer."""
    rows = _rows_or_unknown(reply, _Instrument)
    if isinstance(rows, NotListed) or not rows:
        return NotListed()
    swap = _swap(rows[0])
    if swap is None:
        raise NoAnswer(f"{rows[0].inst_id} without a contract size")
    return swap


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`market/candles`: [time, open, high, low, close, …, quote volume, confirmed], newest first; raise NoAnswer."""
    rows: list[list[Wire]] | NotListed = _rows_or_unknown(reply, list[Wire])
    return rows if isinstance(rows, NotListed) else candles(rows, quote_volume_at=7)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`asset/currencies?ccy=`: one row a chain, named `USDT-TRC20`; raise NoAnswer."""
    rows = _rows_or_unknown(reply, _Currency)
    if isinstance(rows, NotListed) or not rows:
        return NotListed()
    return Transfers(tuple(_network(row) for row in rows), reply.source, reply.received_ms)


def _rows_or_unknown(reply: Reply, shape: type[R]) -> list[R] | NotListed:
    refuse(reply)
    head = decoded(reply, _Head)
    code = str(head.code)
    if code == UNKNOWN_INSTRUMENT:
        return NotListed()
    if code != "0" or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {code} {(head.msg or '')[:80]}")
    return decoded(reply, _Envelope[shape]).data  # type: ignore[valid-type]  # a generic Struct takes a type at run time


def _rows(reply: Reply, shape: type[R]) -> list[R]:
    rows = _rows_or_unknown(reply, shape)
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown instrument where none was named")
    return rows


def _one(reply: Reply, shape: type[R]) -> R | NotListed:
    rows = _rows_or_unknown(reply, shape)
    if isinstance(rows, NotListed):
        return rows
    if not rows:
        raise NoAnswer("an empty answer")
    return rows[0]


def _spot(row: _Instrument) -> Instrument | None:
    base, _, quote = row.inst_id.partition("-")
    if quote != "USDT" or row.state == "test":
        return None
    coin, multiplier = coin_and_multiplier(base)
    return Instrument(row.inst_id, coin, multiplier, row.state == "live", row.rule_type == "pre_market")


def _swap(row: _Instrument) -> Instrument | None:
    """None for inverse swaps, tests, and rows without a contract size (they can't be measured)."""
    base, _, rest = row.inst_id.partition("-")
    size, times = positive(row.ct_val), positive(row.ct_mult)
    if rest != "USDT-SWAP" or row.state == "test" or row.ct_type == "inverse" or size is None:
        return None
    coin, multiplier = coin_and_multiplier(base)
    return Instrument(
        row.inst_id, coin, multiplier, row.state == "live", row.rule_type == "pre_market", size * (times or 1.0)
    )


def _listed(instruments: list[Instrument]) -> dict[str, Instrument]:
    if not instruments:
        raise NoAnswer("an empty instrument list")
    return by_coin(instruments)


def _network(row: _Currency) -> NetworkState:
    fee = amount(row.fee)
    return NetworkState(
        network=row.chain.removeprefix(f"{row.ccy}-"),
        deposit=transfer_state(row.can_dep),
        withdrawal=transfer_state(row.can_wd),
        withdraw_fee=amount(row.min_fee) if fee is None else fee,
        withdraw_min=amount(row.min_wd),
        confirmations=whole(row.min_dep_arrival_confirm),
        contract=row.ct_addr or "",
    )
