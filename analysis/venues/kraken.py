"""Kraken as a venue: which calls make one answer. What they mean is in `kraken_wire.py`. Pure.

About one public request a second is let through, so what moves slowly is kept. Prices in USD become USDT by its own
USDT/USD market.
"""

from urllib.parse import quote

from analysis.quotes import Candle, Instrument, NotListed, Transfers
from analysis.venues import kraken_wire as wire
from analysis.venues.dialect import Call, Dialect, PerpCalls, SpotCalls

API, FUTURES_API = "/0/public", "/derivatives/api/v3"
FUTURES = "kraken_futures"
DEPTH = "100"


def _spot_names(base: str) -> tuple[Instrument, ...]:
    name = wire.NAMES.get(base, base)
    return tuple(Instrument(f"{name}{currency}", base, quote=currency) for currency in wire.QUOTES)


def _perp_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{wire.PERP}{wire.NAMES.get(base, base)}USD", base, quote="USD"),)


def _spot(one: Instrument, _: bool) -> SpotCalls:
    asked = {"pair": one.symbol}
    return SpotCalls(
        Call(f"{API}/Ticker", wire.parse_ticker, asked, "ticker", keep_s=5),
        Call(f"{API}/Depth", wire.parse_depth, {**asked, "count": DEPTH}, "book"),
    )


def _perp(one: Instrument, _: bool) -> PerpCalls:
    ticker = f"{FUTURES_API}/tickers/{quote(one.symbol, safe='')}"
    return PerpCalls(
        {"mark": Call(ticker, wire.parse_perp_ticker, group="ticker", service=FUTURES)},
        Call(f"{FUTURES_API}/orderbook", wire.parse_perp_book, {"symbol": one.symbol}, "book", FUTURES),
    )


def _transfers(base: str) -> Call[Transfers | NotListed]:
    asked = {"asset": wire.NAMES.get(base, base)}
    return Call(f"{API}/Assets", wire.parse_transfers, asked, "transfer", keep_s=30)


def _candles(one: Instrument, unit_s: int, since_ms: int, _: int) -> Call[list[Candle] | NotListed]:
    """`since` is exclusive."""
    asked = {"pair": one.symbol, "interval": str(unit_s // 60), "since": str(since_ms // 1000 - 1)}
    return Call(f"{API}/OHLC", wire.parse_candles, asked, "transfer")


KRAKEN = Dialect(
    name="kraken",
    spot_list=Call(f"{API}/AssetPairs", wire.parse_pairs, group="instruments"),
    perp_list=Call(f"{FUTURES_API}/tickers", wire.parse_perps, group="instruments", service=FUTURES),
    spot_names=_spot_names,
    perp_names=_perp_names,
    spot=_spot,
    perp=_perp,
    dollars=Call(f"{API}/Ticker", wire.parse_dollars, {"pair": "USDTUSD"}, "ticker", keep_s=10),
    candles=_candles,
    most_candles=720,
    transfers=_transfers,
)
