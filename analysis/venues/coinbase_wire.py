"""Coinbase Exchange on the wire. Pure.

Contract: docs.cdp.coinbase.com/exchange (2026) and ccxt 4.5.90. Most markets are against USD. An unknown product or
currency is HTTP 404 `{"message":"NotFound"}`. A chain has one status for deposits and withdrawals, and no fee.
"""

from datetime import datetime
from typing import TypeVar

import msgspec
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
    whole,
)
from analysis.quotes import Book, Candle, Figure, Instrument, NetworkState, NotListed, Transfers
from analysis.venues.assemble import Ticker
from analysis.verdict import TransferState

R = TypeVar("R")

QUOTES = ("USD", "USDT")  # the dollar market first: it is the deeper one
LEVELS = 500  # a side; the whole book comes
STATES = {
    "online": TransferState.OPEN,
    "offline": TransferState.CLOSED,
    "disabled": TransferState.CLOSED,
    "delisted": TransferState.CLOSED,
}


class _Error(Struct):
    message: str | None = ""


class _Ticker(Struct):
    price: Wire
    bid: Wire
    ask: Wire
    volume: Wire  # coins
    time: str | None = None  # of the last trade


class _Book(Struct):
    bids: list[list[Wire]]
    asks: list[list[Wire]]
    time: str | None = None


class _Product(Struct):
    id: str
    base_currency: str
    quote_currency: str
    status: str = ""
    trading_disabled: Wire = None


class _Network(Struct):
    id: str
    status: str = ""
    contract_address: str | None = None
    min_withdrawal_amount: Wire = None
    network_confirmations: Wire = None


class _Currency(Struct):
    id: str
    status: str = ""
    supported_networks: list[_Network] | None = None


def parse_ticker(reply: Reply) -> Ticker | NotListed:
    """`/products/{id}/ticker`; raise NoAnswer. Its time is that of the last trade, so the quotes count from now."""
    row = _answer(reply, _Ticker)
    if isinstance(row, NotListed):
        return row
    price, volume = positive(row.price), positive(row.volume)
    return Ticker(
        last=figure(row.price, reply, _time_ms(row.time)),
        bid=figure(row.bid, reply, None),
        ask=figure(row.ask, reply, None),
        quote_volume_24h=figure(None if price is None or volume is None else price * volume, reply, None),
    )


def parse_dollars(reply: Reply) -> Figure:
    """`/products/USDT-USD/ticker`: what a USDT costs in USD, between the best quotes; raise NoAnswer."""
    row = _answer(reply, _Ticker)
    bid, ask = (None, None) if isinstance(row, NotListed) else (positive(row.bid), positive(row.ask))
    if bid is None or ask is None:
        raise NoAnswer("USDT-USD has no quotes")
    return Figure((bid + ask) / 2, reply.source, reply.received_ms)


def parse_book(reply: Reply) -> Book | NotListed:
    """`/products/{id}/book?level=2`; raise NoAnswer."""
    wire = _answer(reply, _Book)
    if isinstance(wire, NotListed):
        return wire
    return book(wire.bids[:LEVELS], wire.asks[:LEVELS], reply, _time_ms(wire.time))


def parse_products(reply: Reply) -> dict[str, Instrument]:
    """`/products`: what trades against USD, else USDT; raise NoAnswer, also for an empty list."""
    rows = _answer(reply, list[_Product])
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown product where none was named")
    return listed(
        [
            Instrument(
                row.id,
                *coin_and_multiplier(row.base_currency),
                live=row.status == "online" and flag(row.trading_disabled) is not True,
                quote=quote,
            )
            for quote in QUOTES
            for row in rows
            if row.quote_currency == quote and row.status != "delisted"
        ]
    )


def parse_candles(reply: Reply) -> list[Candle] | NotListed:
    """`/products/{id}/candles`: [seconds, low, high, open, close, coins], newest first; raise NoAnswer."""
    rows = _answer(reply, list[list[Wire]])
    return rows if isinstance(rows, NotListed) else candles(columns(rows, "Tlhocv"), QUOTE_VOLUME)


def parse_transfers(reply: Reply) -> Transfers | NotListed:
    """`/currencies/{id}`; raise NoAnswer. A coin that is not online moves over no chain, whatever those say."""
    row = _answer(reply, _Currency)
    if isinstance(row, NotListed):
        return row
    if not row.supported_networks:
        raise NoAnswer("no chain told")
    return Transfers(
        tuple(_network(row, network) for network in row.supported_networks), reply.source, reply.received_ms
    )


def parse_coins(reply: Reply) -> list[msgspec.Raw]:
    """`/currencies`, every coin's row, not read yet; raise NoAnswer."""
    rows = _answer(reply, list[msgspec.Raw])
    if isinstance(rows, NotListed):
        raise NoAnswer("an unknown coin where none was named")
    return rows


def read_coin(row: msgspec.Raw) -> tuple[str, tuple[NetworkState, ...]]:
    """One of these rows as a coin and its chains; raise DecodeError."""
    coin = msgspec.json.decode(row, type=_Currency)
    return coin.id, tuple(_network(coin, network) for network in coin.supported_networks or ())


def _answer(reply: Reply, shape: type[R]) -> R | NotListed:
    refuse(reply)
    if reply.status == 200:
        return decoded(reply, shape)
    message = decoded(reply, _Error).message or ""
    if reply.status == 404 and message.replace(" ", "").lower() == "notfound":
        return NotListed()
    raise NoAnswer(f"HTTP {reply.status}, {message[:80]}")


def _network(coin: _Currency, network: _Network) -> NetworkState:
    state = STATES.get(network.status, TransferState.UNKNOWN)
    if STATES.get(coin.status, TransferState.UNKNOWN) is not TransferState.OPEN:
        state = STATES.get(coin.status, TransferState.UNKNOWN)
    return NetworkState(
        network=network.id,
        deposit=state,
        withdrawal=state,
        withdraw_min=amount(network.min_withdrawal_amount),
        confirmations=whole(network.network_confirmations),
        contract=network.contract_address or "",
    )


def _time_ms(text: str | None) -> int | None:
    """ISO time with offset; None where it is missing or none."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at.tzinfo is None else round(at.timestamp() * 1000)
