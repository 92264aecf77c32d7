"""MEXC as a venue: which calls make one answer. What they mean is in `mexc_wire.py`. Pure."""

from urllib.parse import quote

from analysis.quotes import Candle, Instrument, NotListed
from analysis.venues import mexc_wire as wire
from analysis.venues.assemble import PerpTicker
from analysis.venues.dialect import Call, Dialect, PerpCalls, SpotCalls

SPOT, PERP = "/api/v3", "/api/v1/contract"
DEPTH = "100"
INTERVALS = {60: "1m", 300: "5m", 900: "15m", 3_600: "60m"}


def _spot_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}USDT", base),)


def _perp_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}_USDT", base), Instrument(f"1000{base}_USDT", base, multiplier=1_000))


def _spot(one: Instrument, _: bool) -> SpotCalls:
    asked = {"symbol": one.symbol}
    return SpotCalls(
        Call(f"{SPOT}/ticker/24hr", wire.parse_ticker, asked, "ticker"),
        Call(f"{SPOT}/depth", wire.parse_book, {**asked, "limit": DEPTH}, "book"),
    )


def _perp(one: Instrument, in_list: bool) -> PerpCalls:
    asked, name = {"symbol": one.symbol}, quote(one.symbol, safe="")
    tickers: dict[str, Call[PerpTicker | NotListed]] = {
        "mark": Call(f"{PERP}/ticker", wire.parse_perp_ticker, asked, "perp_ticker"),
        "funding": Call(f"{PERP}/funding_rate/{name}", wire.parse_funding, group="funding", keep_s=10),
    }
    if not in_list:
        tickers["contract"] = Call(f"{PERP}/detail", wire.parse_detail, asked, "funding", keep_s=60)
    depth = Call(f"{PERP}/depth/{name}", wire.parse_perp_book, {"limit": DEPTH}, "perp_book")
    return PerpCalls(tickers, depth)


def _candles(one: Instrument, unit_s: int, since_ms: int, _: int) -> Call[list[Candle] | NotListed]:
    asked = {"symbol": one.symbol, "interval": INTERVALS[unit_s], "startTime": str(since_ms), "limit": "1000"}
    return Call(f"{SPOT}/klines", wire.parse_candles, asked)


MEXC = Dialect(
    name="mexc",
    spot_list=Call(f"{SPOT}/exchangeInfo", wire.parse_symbols, group="instruments"),
    perp_list=Call(f"{PERP}/detail", wire.parse_contracts, group="instruments"),
    spot_names=_spot_names,
    perp_names=_perp_names,
    spot=_spot,
    perp=_perp,
    sized_in_coins=False,
    candles=_candles,
    most_candles=1_000,
    transfers="MEXC tells transfer state only with a key, and there is no place for one here",
)
