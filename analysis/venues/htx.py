"""HTX as a venue: which calls make one answer. What they mean is in `htx_wire.py`. Pure."""

from analysis.quotes import Candle, Instrument, NotListed, Transfers
from analysis.venues import htx_wire as wire
from analysis.venues.assemble import PerpTicker
from analysis.venues.dialect import Call, Dialect, PerpCalls, SpotCalls

FUTURES = "htx_futures"
PERIODS = {60: "1min", 300: "5min", 900: "15min", 3_600: "60min"}
MOST_CANDLES = 2_000


def _spot_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base.lower()}usdt", base),)


def _perp_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}-USDT", base), Instrument(f"1000{base}-USDT", base, multiplier=1_000))


def _spot(one: Instrument, _: bool) -> SpotCalls:
    asked = {"symbol": one.symbol}
    return SpotCalls(
        Call("/market/detail/merged", wire.parse_merged, asked, "ticker"),
        Call("/market/depth", wire.parse_depth, {**asked, "type": "step0"}, "book"),
    )


def _perp(one: Instrument, in_list: bool) -> PerpCalls:
    asked = {"contract_code": one.symbol}
    marks = "/index/market/history/linear_swap_mark_price_kline"
    tickers: dict[str, Call[PerpTicker | NotListed]] = {
        "mark": Call(marks, wire.parse_mark, {**asked, "period": "1min", "size": "1"}, "ticker", FUTURES),
        "funding": Call(
            "/linear-swap-api/v1/swap_funding_rate", wire.parse_funding, asked, "funding", FUTURES, keep_s=10
        ),
    }
    if not in_list:
        info = "/linear-swap-api/v1/swap_contract_info"
        tickers["contract"] = Call(info, wire.parse_contract, asked, "funding", FUTURES, keep_s=60)
    depth = Call("/linear-swap-ex/market/depth", wire.parse_depth, {**asked, "type": "step0"}, "book", FUTURES)
    return PerpCalls(tickers, depth)


def _transfers(base: str) -> Call[Transfers | NotListed]:
    asked = {"currency": base.lower()}
    return Call("/v2/reference/currencies", wire.parse_transfers, asked, "transfer", keep_s=5)


def _candles(one: Instrument, unit_s: int, since_ms: int, until_ms: int) -> Call[list[Candle] | NotListed]:
    """HTX takes no start, only a number of candles back from now."""
    size = min(MOST_CANDLES, (until_ms - since_ms) // (unit_s * 1000) + 2)
    asked = {"symbol": one.symbol, "period": PERIODS[unit_s], "size": str(size)}
    return Call("/market/history/kline", wire.parse_candles, asked)


HTX = Dialect(
    name="htx",
    spot_list=Call("/v1/common/symbols", wire.parse_symbols, group="instruments"),
    perp_list=Call(
        "/linear-swap-api/v1/swap_contract_info", wire.parse_contracts, group="instruments", service=FUTURES
    ),
    spot_names=_spot_names,
    perp_names=_perp_names,
    spot=_spot,
    perp=_perp,
    sized_in_coins=False,
    funding_h=8.0,
    candles=_candles,
    most_candles=MOST_CANDLES,
    transfers=_transfers,
)
