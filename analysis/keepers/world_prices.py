"""What the world pays for a coin, minute by minute: the all-ticker pages of three reference venues in one row. Pure.

Contracts: Binance `ticker/24hr?type=MINI` (binance-spot-api-docs rest-api.md, 2026-07), OKX `market/tickers` and Bybit
`market/tickers` as in `venues/*_wire.py`. The pages hold last trades: of a coin that hardly trades that may be an old
price, and its volume then weighs little.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec
from msgspec import Struct

from analysis.fetching.reading import NoAnswer, Reply, Wire, coin_and_multiplier, decoded, number, positive, require_200
from analysis.premium import VenuePrice, global_vwap

QUOTE = "USDT"
FRESH_MS = 60_000

Page = Mapping[str, tuple[float, float | None]]  # coin -> price of one coin, 24 h volume in USDT (None: not told)


class GlobalPrice(Struct, frozen=True):
    """One coin in one minute. `price_usdt` is weighted by 24 h volume, `venues` are those whose price is in it."""

    base: str
    price_usdt: float
    volume_24h_usdt: float | None
    venues: tuple[str, ...]


class _Mini(Struct, rename="camel"):
    symbol: str
    last_price: Wire = None
    quote_volume: Wire = None


class _Okx(Struct, rename="camel"):
    inst_id: str
    last: Wire = None
    vol_ccy_24h: Wire = msgspec.field(default=None, name="volCcy24h")


class _OkxPage(Struct):
    code: Wire = None
    msg: str = ""
    data: list[_Okx] = []


class _Bybit(Struct):
    symbol: str
    lastPrice: Wire = None
    turnover24h: Wire = None


class _BybitRows(Struct):
    rows: list[_Bybit] = msgspec.field(default_factory=list, name="list")


class _BybitPage(Struct, rename="camel"):
    ret_code: Wire = None
    ret_msg: str = ""
    result: _BybitRows = msgspec.field(default_factory=_BybitRows)


def parse_binance(reply: Reply) -> Page:
    """`/api/v3/ticker/24hr?type=MINI`; raise NoAnswer."""
    rows = decoded(require_200(reply), list[_Mini])
    return _page((row.symbol, row.last_price, row.quote_volume) for row in rows)


def parse_okx(reply: Reply) -> Page:
    """`/api/v5/market/tickers?instType=SPOT`, where `volCcy24h` is in USDT; raise NoAnswer."""
    page = decoded(require_200(reply), _OkxPage)
    if str(page.code) != "0":
        raise NoAnswer(f"code {page.code}: {page.msg[:80]}")
    return _page((row.inst_id.replace("-", ""), row.last, row.vol_ccy_24h) for row in page.data)


def parse_bybit(reply: Reply) -> Page:
    """`/v5/market/tickers?category=spot`; raise NoAnswer."""
    page = decoded(require_200(reply), _BybitPage)
    if str(page.ret_code) != "0":
        raise NoAnswer(f"retCode {page.ret_code}: {page.ret_msg[:80]}")
    return _page((row.symbol, row.lastPrice, row.turnover24h) for row in page.result.rows)


def _page(rows: Iterable[tuple[str, Wire, Wire]]) -> Page:
    """Prices against USDT by coin; what has none (it is about to open, or has gone) is left out."""
    found: dict[str, tuple[float, float | None]] = {}
    for symbol, last, volume in rows:
        price = positive(last)
        if price is None or not symbol.endswith(QUOTE) or symbol == QUOTE:
            continue
        base, multiplier = coin_and_multiplier(symbol.removesuffix(QUOTE))
        traded = number(volume)
        found.setdefault(base, (price / multiplier, traded if traded is not None and traded >= 0 else None))
    if not found:
        raise NoAnswer("no market against USDT")
    return found


def global_prices(
    pages: Mapping[str, Page], bases: Iterable[str], now_ms: int, spread_max: float
) -> Iterator[GlobalPrice]:
    """One price a coin; none where the venues contradict each other, which often means two coins of one ticker."""
    for base in sorted(set(bases)):
        told = [
            VenuePrice(venue, page[base][0], page[base][1], now_ms) for venue, page in pages.items() if base in page
        ]
        found = global_vwap(told, now_ms, FRESH_MS, spread_max)
        if found.price is not None:
            yield GlobalPrice(base, found.price, found.volume_usdt, found.used)
