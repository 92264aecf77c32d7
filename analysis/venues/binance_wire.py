"""Binance on the wire: spot (api.binance.com) and USD-M perpetuals (fapi.binance.com). Pure.

Contract: binance-spot-api-docs rest-api.md and errors.md (2026-07), USD-M futures market data (2026-07). All numbers
are text. An unknown symbol is HTTP 400 with code -1121. A symbol before its opening has empty books and zero prices.
"""

from collections.abc import Iterable

from msgspec import Struct

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
    refuse,
    signed_figure,
    transfer_state,
    whole,
)
from analysis.quotes import (
    Book,
    Candle,
    Figure,
    Instrument,
    NetworkState,
    NotListed,
    Transfers,
)
from analysis.venues.assemble import PerpTicker, Ticker

UNKNOWN_SYMBOL = -1121
# A perpetual in any other state (SETTLING, CLOSE, …) has been taken off.
PERP_STATES = {"TRADING": True, "PENDING_TRADING": False}


class _Error(Struct):
    code: Wire = None
    msg: str = ""


class _Ticker(Struct, rename="camel"):
    symbol: str
    last_price: Wire = None
    bid_price: Wire = None
    ask_price: Wire = None
    quote_volume: Wire = None
    close_time: Wire = None


class _Depth(Struct, rename="camel"):
    bids: list[list[Wire]]
    asks: list[list[Wire]]
    T: Wire = None  # futures only: transaction time


class _Premium(Struct, rename="camel"):
    symbol: str
    mark_price: Wire = None
    index_price: Wire = None
    last_funding_rate: Wire = None
    next_funding_time: Wire = None
    time: Wire = None


class _Funding(Struct, rename="camel"):
    symbol: str
    funding_interval_hours: Wire = None


class _Symbol(Struct, rename="camel"):
    symbol: str
    base_asset: str
    quote_asset: str
    status: str = ""
    contract_type: str = ""


class _Symbols(Struct, rename="camel"):
    symbols: list[_Symbol]


class _Chain(Struct, rename="camel"):
    network: str
    deposit_enable: Wire = None
    withdraw_enable: Wire = None
    withdraw_fee: Wire = None
    withdraw_min: Wire = None
    min_confirm: Wire = None
    contract_address: str | None = None
    deposit_desc: str | None = None
    withdraw_desc: str | None = None


class _Coin(Struct, rename="camel"):
    coin: str
    network_list: list[_Chain] = []


def parse_ticker(reply: Reply, multiplier: int = 1) -> Ticker | NotListed:
    """`/api/v3/ticker/24hr?symbol=`; raise NoAnswer. `quoteVolume` is in USDT for a market against it."""
    if _unknown_symbol(reply):
        return NotListed()
    wire = decoded(reply, _Ticker)
    at = whole(wire.close_time)
    return Ticker(
        last=figure(wire.last_price, reply, at, multiplier),
        bid=figure(wire.bid_price, reply, at, multiplier),
        ask=figure(wire.ask_price, reply, at, multiplier),
        quote_volume_24h=figure(wire.quote_volume, reply, at),
    )


def parse_depth(reply: Reply, multiplier: int = 1) -> Book | NotListed:
    """`/api/v3/depth` (without a time of its own) and `/fapi/v1/depth`; raise NoAnswer."""
    if _unknown_symbol(reply):
        return NotListed()
    wire = decoded(reply, _Depth)
    return book(wire.bids, wire.asks, reply, whole(wire.T), multiplier)


def parse_premium_index(reply: Reply, multiplier: int = 1) -> PerpTicker | NotListed:
    """`/fapi/v1/premiumIndex?symbol=`; raise NoAnswer. The rate is that of the running interval."""
    if _unknown_symbol(reply):
        return NotListed()
    wire = decoded(reply, _Premium)
    at = whole(wire.time)
    return PerpTicker(
        mark=figure(wire.mark_price, reply, at, multiplier),
        index=figure(wire.index_price, reply, at, multiplier),
        funding_rate=signed_figure(wire.last_funding_rate, reply, at),
        next_funding_ms=whole(wire.next_funding_time),
    )


def parse_funding_info(reply: Reply) -> dict[str, Figure]:
    """`/fapi/v1/fundingInfo`: hours between settlements of the symbols where it was changed; raise NoAnswer."""
    _ok(reply)
    rows = decoded(reply, list[_Funding])
    hours = {row.symbol: figure(row.funding_interval_hours, reply, None) for row in rows}
    return {symbol: interval for symbol, interval in hours.items() if interval is not None}


def parse_spot_instruments(reply: Reply) -> dict[str, Instrument]:
    """`/api/v3/exchangeInfo`: the markets against USDT; raise NoAnswer, also for an empty list."""
    return _listed(
        Instrument(row.symbol, *coin_and_multiplier(row.base_asset), live=row.status == "TRADING")
        for row in _symbols(reply)
        if row.quote_asset == "USDT"
    )


def parse_perp_instruments(reply: Reply) -> dict[str, Instrument]:
    """`/fapi/v1/exchangeInfo`: the USDT perpetuals; raise NoAnswer, also for an empty list."""
    return _listed(
        Instrument(row.symbol, *coin_and_multiplier(row.base_asset), live=PERP_STATES[row.status])
        for row in _symbols(reply)
        if row.quote_asset == "USDT" and row.contract_type == "PERPETUAL" and row.status in PERP_STATES
    )


def parse_klines(reply: Reply, multiplier: int = 1) -> list[Candle] | NotListed:
    """`/api/v3/klines`, oldest first; raise NoAnswer.

    A row is [open time, open, high, low, close, base volume, close time, quote volume, …].
    """
    if _unknown_symbol(reply):
        return NotListed()
    rows = decoded(reply, list[list[Wire]])
    return candles(rows, quote_volume_at=7, multiplier=multiplier)


def parse_transfers(reply: Reply) -> dict[str, Transfers]:
    """`/sapi/v1/capital/config/getall`: every coin's chains; raise NoAnswer."""
    _ok(reply)
    return {
        coin.coin: Transfers(tuple(_network(chain) for chain in coin.network_list), reply.source, reply.received_ms)
        for coin in decoded(reply, list[_Coin])
    }


def _unknown_symbol(reply: Reply) -> bool:
    """Whether Binance says that there is no such symbol; raise NoAnswer for every other error."""
    refuse(reply)
    if reply.status == 200:
        return False
    error = decoded(reply, _Error)
    if error.code == UNKNOWN_SYMBOL:
        return True
    raise NoAnswer(f"HTTP {reply.status}, {error.code} {error.msg[:80]}")


def _ok(reply: Reply) -> None:
    if _unknown_symbol(reply):
        raise NoAnswer(f"HTTP {reply.status}, an unknown symbol where none was named")


def _symbols(reply: Reply) -> list[_Symbol]:
    _ok(reply)
    return decoded(reply, _Symbols).symbols


def _listed(rows: Iterable[Instrument]) -> dict[str, Instrument]:
    found = by_coin(list(rows))
    if not found:
        raise NoAnswer("an empty instrument list")
    return found


def _network(chain: _Chain) -> NetworkState:
    return NetworkState(
        network=chain.network,
        deposit=transfer_state(chain.deposit_enable),
        withdrawal=transfer_state(chain.withdraw_enable),
        withdraw_fee=amount(chain.withdraw_fee),
        withdraw_min=amount(chain.withdraw_min),
        confirmations=whole(chain.min_confirm),
        contract=chain.contract_address or "",
        note=" ".join(text for text in (chain.deposit_desc, chain.withdraw_desc) if text),
    )
