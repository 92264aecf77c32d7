"""KuCoin as a venue: which calls make one answer. What they mean is in `kucoin_wire.py`. Pure."""

from functools import partial
from urllib.parse import quote

from analysis.quotes import Candle, Instrument, NotListed, Transfers
from analysis.venues import kucoin_wire as wire
from analysis.venues.dialect import Call, Dialect, PerpCalls, SpotCalls

FUTURES = "kucoin_futures"
PERIODS = {60: "1min", 300: "5min", 900: "15min", 3_600: "1hour"}


def _spot_names(base: str) -> tuple[Instrument, ...]:
    return (Instrument(f"{base}-USDT", base),)


def _perp_names(base: str) -> tuple[Instrument, ...]:
    return (
        Instrument("XBTUSDTM" if base == "BTC" else f"{base}USDTM", base),
        Instrument(f"1000{base}USDTM", base, multiplier=1_000),
    )


def _spot(one: Instrument, in_list: bool) -> SpotCalls:
    asked = {"symbol": one.symbol}
    return SpotCalls(
        Call("/api/v1/market/stats", partial(wire.parse_stats, in_list=in_list), asked, "ticker"),
        Call("/api/v1/market/orderbook/level2_100", partial(wire.parse_book, in_list=in_list), asked, "book"),
    )


def _perp(one: Instrument, in_list: bool) -> PerpCalls:
    name = quote(one.symbol, safe="")
    contract = partial(wire.parse_contract, in_list=in_list)
    funding = partial(wire.parse_funding, in_list=in_list)
    depth = partial(wire.parse_book, in_list=in_list)
    return PerpCalls(
        {
            "mark": Call(f"/api/v1/contracts/{name}", contract, group="ticker", service=FUTURES),
            "funding": Call(f"/api/v1/funding-rate/{name}/current", funding, service=FUTURES, keep_s=10),
        },
        Call("/api/v1/level2/depth100", depth, {"symbol": one.symbol}, "book", FUTURES),
    )


def _transfers(base: str) -> Call[Transfers | NotListed]:
    return Call(f"/api/v3/currencies/{quote(base, safe='')}", wire.parse_transfers, group="transfer", keep_s=5)


def _candles(one: Instrument, unit_s: int, since_ms: int, until_ms: int) -> Call[list[Candle] | NotListed]:
    span = {"startAt": str(since_ms // 1000), "endAt": str(until_ms // 1000 + 1)}
    return Call("/api/v1/market/candles", wire.parse_candles, {"symbol": one.symbol, "type": PERIODS[unit_s], **span})


KUCOIN = Dialect(
    name="kucoin",
    spot_list=Call("/api/v2/symbols", wire.parse_symbols, group="instruments"),
    perp_list=Call("/api/v1/contracts/active", wire.parse_contracts, group="instruments", service=FUTURES),
    spot_names=_spot_names,
    perp_names=_perp_names,
    spot=_spot,
    perp=_perp,
    sized_in_coins=False,
    candles=_candles,
    most_candles=1_500,
    transfers=_transfers,
)
