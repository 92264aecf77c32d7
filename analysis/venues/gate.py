"""Gate as a venue: which calls make one answer. What they mean is in `gate_wire.py`. Pure."""

from urllib.parse import quote

from analysis.quotes import Candle, Instrument, NotListed, Transfers
from analysis.venues import gate_wire as wire
from analysis.venues.dialect import Call, Dialect, PerpCalls, SpotCalls

API = "/api/v4"
DEPTH = "100"
INTERVALS = {60: "1m", 300: "5m", 900: "15m", 3_600: "1h"}


def _names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}_USDT", base),)


def _spot(one: Instrument, _: bool) -> SpotCalls:
    pair = {"currency_pair": one.symbol}
    return SpotCalls(
        Call(f"{API}/spot/tickers", wire.parse_ticker, pair, "ticker"),
        Call(f"{API}/spot/order_book", wire.parse_book, {**pair, "limit": DEPTH}, "book"),
    )


def _perp(one: Instrument, _: bool) -> PerpCalls:
    path = f"{API}/futures/usdt/contracts/{quote(one.symbol, safe='')}"
    return PerpCalls(
        {"mark": Call(path, wire.parse_contract, group="perp")},
        Call(
            f"{API}/futures/usdt/order_book",
            wire.parse_perp_book,
            {"contract": one.symbol, "limit": DEPTH},
            "perp_book",
        ),
    )


def _transfers(base: str) -> Call[Transfers | NotListed]:
    path = f"{API}/spot/currencies/{quote(base, safe='')}"
    return Call(path, wire.parse_transfers, group="transfer", keep_s=5)


def _candles(one: Instrument, unit_s: int, since_ms: int, _: int) -> Call[list[Candle] | NotListed]:
    asked = {"currency_pair": one.symbol, "interval": INTERVALS[unit_s], "from": str(since_ms // 1000)}
    return Call(f"{API}/spot/candlesticks", wire.parse_candles, asked)


GATE = Dialect(
    name="gate",
    spot_list=Call(f"{API}/spot/currency_pairs", wire.parse_pairs, group="instruments"),
    perp_list=Call(f"{API}/futures/usdt/contracts", wire.parse_contracts, group="instruments"),
    spot_names=_names,
    perp_names=_names,
    spot=_spot,
    perp=_perp,
    sized_in_coins=False,
    candles=_candles,
    most_candles=1_000,
    transfers=_transfers,
)
