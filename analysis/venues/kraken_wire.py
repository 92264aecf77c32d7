"""Kraken on the wire: spot (api.kraken.com) and perpetuals (futures.kraken.com). Pure.

Contract: docs.kraken.com/api (2025-11) and ccxt 4.5.90. Spot is `{"error":[],"result":{}}`, HTTP 200 also for errors;
an unknown pair is `EQuery:Unknown asset pair`. The key of a result may differ from the name that was asked. Perpetuals
(`PF_…USD`) are linear, priced in USD, sized in coins; their funding is hourly, in USD a coin. Bitcoin is XBT.
"""

from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from analysis.fetching.reading import (
    LONGEST_REASON,
    QUOTE_VOLUME,
    NoAnswer,
    Reply,
    Wire,
    book,
    candles,
    columns,
    decoded,
    figure,
    flag,
    listed,
    number,
    positive,
    refuse,
)
from analysis.quotes import Book, Candle, Figure, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import PerpTicker, Ticker
from analysis.verdict import TransferState

R = TypeVar("R")

QUOTES = ("USD", "USDT")  # the dollar market first: it is the deeper one
UNKNOWN = ("EQuery:Unknown asset pair", "EQuery:Unknown asset")
COINS = {"XBT": "BTC", "XDG": "DOGE"}
NAMES = {coin: name for name, coin in COINS.items()}
FUNDING_H = 1.0
PERP = "PF_"
# asset status -> deposit, withdrawal; it says nothing about single networks
CLOSED, UNSURE = TransferState.CLOSED, TransferState.UNKNOWN
STATES = {
    "deposit_only": (UNSURE, CLOSED),
    "withdrawal_only": (CLOSED, UNSURE),
    "funding_temporarily_disabled": (CLOSED, CLOSED),
}
EVERY_NETWORK = "every network"


class _Envelope(Struct, Generic[R]):
    error: list[str] = []
    result: dict[str, R] | None = None


class _Ticker(Struct):
    a: list[Wire]  # best ask: price, …
    b: list[Wire]  # best bid: price, …
    c: list[Wire]  # last trade: price, size
    v: list[Wire]  # coins: today, 24 h
    p: list[Wire]  # average price: today, 24 h


class _Depth(Struct):
    bids: list[list[Wire]]
    asks: list[list[Wire]]


class _Pair(Struct):
    altname: str
    wsname: str = ""
    status: str = ""


class _Asset(Struct):
    altname: str
    status: str = ""


class _PerpTicker(Struct, rename="camel"):
    symbol: str
    mark_price: Wire = None
    index_price: Wire = None
    funding_rate: Wire = None  # USD a coin and hour
    post_only: Wire = None
    suspended: Wire = None


class _PerpAnswer(Struct, rename="camel"):
    result: str = ""
    error: str | None = ""
    ticker: _PerpTicker | None = None
    tickers: list[_PerpTicker] | None = None
    order_book: _Depth | None = None


def parse_ticker(reply: Reply) -> Ticker | NotListed:
    """`/0/public/Ticker?pair=`; raise NoAnswer. The 24 h quote volume is coins times the average price."""
    row = _one(reply, _Ticker)
    if isinstance(row, NotListed):
        return row
    volume, average = (positive(cells[1]) if len(cells) > 1 else None for cells in (row.v, row.p))
    return Ticker(
        last=figure(row.c[0] if row.c else None, reply, None),
        bid=figure(row.b[0] if row.b else None, reply, None),
        ask=figure(row.a[0] if row.a else None, reply, None),
        quote_volume_24h=figure(None if volume is None or average is None else volume * average, reply, None),
    )


def parse_dollars(reply: Reply) -> Figure:
    """`/0/public/Ticker?pair=USDTUSD`: what a USDT costs in USD, between the best quotes; raise NoAnswer."""
    ticker = parse_ticker(reply)
    if isinstance(ticker, NotListed) or ticker.bid is None or ticker.ask is None:
        raise NoAnswer("USDT/USD has no quotes")
    return Figure((ticker.bid.value + ticker.ask.value) / 2, reply.source, reply.received_ms)


def parse_depth(reply: Reply) -> Book | NotListed:
    """`/0/public/Depth?pair=`: [price, size, seconds of its last change]; raise NoAnswer."""
    wire = _one(reply, _Depth)
    return wire if isinstance(wire, NotListed) else book(wire.bids, wire.asks, reply, None)


def parse_pairs(reply: Reply) -> dict[str, Instrument]:
    """`/0/public/AssetPairs`: what trades against USD, else USDT; raise NoAnswer, also for an empty list."""
    rows = _result(reply, _Pair)
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown pair where none was named")
    return listed(
        [
            Instrument(row.altname, COINS.get(name, name), live=row.status == "online", quote=quote)
            for quote in QUOTES
            for row in rows.values()
            for name, _, against in [row.wsname.partition("/")]
            if against == quote
        ]
    )


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/0/public/OHLC`: [seconds, open, high, low, close, average, coins, count]; raise NoAnswer."""
    parts = _result(reply, msgspec.Raw)
    if isinstance(parts, NotListed):
        return parts
    pair = next((name for name in parts if name != "last"), None)
    if pair is None:
        raise NoAnswer("an empty answer")
    try:
        rows = msgspec.json.decode(parts[pair], type=list[list[Wire]])
    except msgspec.DecodeError as e:
        raise NoAnswer(f"unreadable: {e}"[:LONGEST_REASON]) from e
    return candles(columns(rows, "Tohlcpv"), QUOTE_VOLUME)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`/0/public/Assets?asset=`; raise NoAnswer.

    The status is the asset's. What it forbids is forbidden on every network; what it allows may still be closed on one.
    """
    row = _one(reply, _Asset)
    if isinstance(row, NotListed):
        return row
    states = STATES.get(row.status)
    if states is None:
        raise NoAnswer(f"Kraken says {row.status or 'nothing'} of the asset, and nothing of its networks")
    network = NetworkState(EVERY_NETWORK, *states, note=row.status)
    return Transfers((network,), reply.source, reply.received_ms)


def parse_perp_ticker(reply: Reply) -> PerpTicker | NotListed:
    """`/derivatives/api/v3/tickers/{symbol}`; raise NoAnswer. The rate is made relative to the mark."""
    answer = _perp(reply)
    if isinstance(answer, NotListed):
        return answer
    if answer.ticker is None:
        raise NoAnswer("an empty answer")
    row = answer.ticker
    mark, funding = positive(row.mark_price), number(row.funding_rate)
    rate = None if mark is None or funding is None else Figure(funding / mark, reply.source, reply.received_ms)
    return PerpTicker(
        mark=figure(row.mark_price, reply, None),
        index=figure(row.index_price, reply, None),
        funding_rate=rate,
        funding_interval_h=None if rate is None else Figure(FUNDING_H, reply.source, reply.received_ms),
        pre_market=flag(row.post_only) is True or flag(row.suspended) is True,
    )


def parse_perp_book(reply: Reply) -> Book | NotListed:
    """`/derivatives/api/v3/orderbook?symbol=`; raise NoAnswer."""
    answer = _perp(reply)
    if isinstance(answer, NotListed):
        return answer
    if answer.order_book is None:
        raise NoAnswer("an empty answer")
    return book(answer.order_book.bids, answer.order_book.asks, reply, None)


def parse_perps(reply: Reply) -> dict[str, Instrument]:
    """`/derivatives/api/v3/tickers`: the linear perpetuals; raise NoAnswer, also for an empty list."""
    answer = _perp(reply)
    rows = [] if isinstance(answer, NotListed) else answer.tickers or []
    found = []
    for row in rows:
        name = row.symbol.removeprefix(PERP).removesuffix("USD")
        if row.symbol == f"{PERP}{name}USD":
            live = flag(row.suspended) is not True
            found.append(Instrument(row.symbol, COINS.get(name, name), live=live, quote="USD"))
    return listed(found)


def _result(reply: Reply, shape: type[R]) -> dict[str, R] | NotListed:
    refuse(reply)
    if reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}")
    errors = decoded(reply, _Envelope[object]).error
    if any(error in UNKNOWN for error in errors):
        return NotListed()
    if errors:
        raise NoAnswer("; ".join(errors)[:80])
    result: dict[str, R] | None = decoded(reply, _Envelope[shape]).result  # type: ignore[valid-type]  # a generic Struct takes a type at run time
    if not result:
        raise NoAnswer("an empty answer")
    return result


def _one(reply: Reply, shape: type[R]) -> R | NotListed:
    rows = _result(reply, shape)
    return rows if isinstance(rows, NotListed) else next(iter(rows.values()))


def _perp(reply: Reply) -> _PerpAnswer | NotListed:
    refuse(reply)
    answer = decoded(reply, _PerpAnswer)
    error = answer.error or ""
    # How an unknown contract is refused is not documented; these spellings are taken for it, others for silence.
    if error.startswith("invalidArgument") or "notfound" in error.replace(" ", "").lower():
        return NotListed()
    if answer.result != "success" or reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}, {error[:80] or answer.result[:20]}")
    return answer
