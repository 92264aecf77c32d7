"""Bitget as a venue: which calls make one answer. What they mean is in `bitget_wire.py`. Pure."""

from functools import partial

from analysis.quotes import Candle, Instrument, NotListed, Transfers
from analysis.venues import bitget_wire as wire
from analysis.venues.dialect import Call, Dialect, PerpCalls, SpotCalls

API = "/api/v2"
DEPTH = "100"
PERIODS = {60: "1min", 300: "5min", 900: "15min", 3_600: "1h"}
LINEAR = {"productType": "USDT-FUTURES"}


def _spot_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}USDT", base),)


def _perp_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}USDT", base), Instrument(f"1000{base}USDT", base, multiplier=1_000))


def _spot(one: Instrument, _: bool) -> SpotCalls:
    asked = {"symbol": one.symbol}
    return SpotCalls(
        Call(f"{API}/spot/market/tickers", wire.parse_ticker, asked, "ticker"),
        Call(f"{API}/spot/market/orderbook", wire.parse_book, {**asked, "type": "step0", "limit": DEPTH}, "book"),
    )


def _perp(one: Instrument, _: bool) -> PerpCalls:
    asked = {**LINEAR, "symbol": one.symbol}
    return PerpCalls(
        {
            "mark": Call(f"{API}/mix/market/ticker", wire.parse_perp_ticker, asked, "perp_ticker"),
            "funding": Call(f"{API}/mix/market/current-fund-rate", wire.parse_funding, asked, "funding", keep_s=10),
        },
        Call(f"{API}/mix/market/merge-depth", wire.parse_book, {**asked, "limit": DEPTH}, "perp_book"),
    )


def _transfers(base: str) -> Call[Transfers | NotListed]:
    path = f"{API}/spot/public/coins"
    return Call(path, partial(wire.parse_transfers, base), {"coin": base}, "transfer", keep_s=5)


def _candles(one: Instrument, unit_s: int, since_ms: int, _: int) -> Call[list[Candle] | NotListed]:
    asked = {"symbol": one.symbol, "granularity": PERIODS[unit_s], "startTime": str(since_ms), "limit": "1000"}
    return Call(f"{API}/spot/market/candles", wire.parse_candles, asked)


BITGET = Dialect(
    name="bitget",
    spot_list=Call(f"{API}/spot/public/symbols", wire.parse_symbols, group="instruments"),
    perp_list=Call(f"{API}/mix/market/contracts", wire.parse_contracts, LINEAR, "instruments"),
    spot_names=_spot_names,
    perp_names=_perp_names,
    spot=_spot,
    perp=_perp,
    candles=_candles,
    most_candles=1_000,
    transfers=_transfers,
)
