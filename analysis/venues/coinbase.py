"""Coinbase as a venue: which calls make one answer. What they mean is in `coinbase_wire.py`. Pure.

It has no perpetual for the public. Prices in USD become USDT by its own USDT-USD market.
"""

from datetime import UTC, datetime
from urllib.parse import quote

from analysis.quotes import Candle, Instrument, NotListed, Transfers
from analysis.venues import coinbase_wire as wire
from analysis.venues.dialect import Call, Dialect, SpotCalls

MOST_CANDLES = 300


def _spot_names(base: str) -> tuple[Instrument, ...]:
    return tuple(Instrument(f"{base}-{currency}", base, quote=currency) for currency in wire.QUOTES)


def _spot(one: Instrument, _: bool) -> SpotCalls:
    path = f"/products/{quote(one.symbol, safe='')}"
    return SpotCalls(
        Call(f"{path}/ticker", wire.parse_ticker, group="ticker"),
        Call(f"{path}/book", wire.parse_book, {"level": "2"}, "book"),
    )


def _transfers(base: str) -> Call[Transfers | NotListed]:
    return Call(f"/currencies/{quote(base, safe='')}", wire.parse_transfers, group="transfer", keep_s=10)


def _candles(one: Instrument, unit_s: int, since_ms: int, until_ms: int) -> Call[list[Candle] | NotListed]:
    span = {"start": _iso(since_ms), "end": _iso(min(until_ms, since_ms + MOST_CANDLES * unit_s * 1000))}
    path = f"/products/{quote(one.symbol, safe='')}/candles"
    return Call(path, wire.parse_candles, {"granularity": str(unit_s), **span})


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms // 1000, UTC).isoformat().replace("+00:00", "Z")


COINBASE = Dialect(
    name="coinbase",
    spot_list=Call("/products", wire.parse_products, group="instruments"),
    spot_names=_spot_names,
    spot=_spot,
    dollars=Call("/products/USDT-USD/ticker", wire.parse_dollars, group="ticker", keep_s=5),
    candles=_candles,
    most_candles=MOST_CANDLES,
    transfers=_transfers,
)
