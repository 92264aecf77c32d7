"""Bithumb's REST API 2.x (and two pages of 1.x that need no key), as pure functions: requests out, typed pages in.

Contract: apidocs.bithumb.com v2.1.5, v1.2.0 for `/public/...`, captures of 2026-07 and 2026-08 (checked 2026-11-20).
KST becomes UTC here and nowhere else. An error may come with HTTP 200.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
from msgspec import Struct

from collectors.events import Candle, Market, Notice, OrderBook, Trade
from collectors.exchanges import rest
from collectors.exchanges.dialect import Markets
from collectors.exchanges.rest import BadPage, ExchangeError, ListedMarket, Request, Ticker
from config.units import SECOND_MS

SERVICE = "bithumb"
NOTICES_A_PAGE = 20
TICKERS_A_PAGE = 200  # since 2026-10-13
TRADES_A_PAGE = 500
CANDLES_A_PAGE = 200
NINE_HOURS_MS = 9 * 3_600_000

_MARKETS = Markets("bithumb")
_NOTICE_ID = re.compile(r"/(\d+)/?(?:\?.*)?$")


def market_list() -> Request:
    """Every market, with its warnings."""
    return Request("/v1/market/all", (("isDetails", "true"),), "market")


def parse_market_list(status: int, body: bytes) -> tuple[ListedMarket, ...]:
    return rest.parse_market_list("bithumb", _MARKETS, status, body)


def ticker(markets: Sequence[Market]) -> Request:
    """At most 200 codes; one unknown code fails the whole answer."""
    if len(markets) > TICKERS_A_PAGE:
        raise ValueError(f"Bithumb takes {TICKERS_A_PAGE} codes a call, not {len(markets)}")
    return Request("/v1/ticker", (("markets", ",".join(each.code for each in markets)),), "ticker")


class _TickerRow(Struct):
    market: str
    trade_price: float | None = None
    trade_date: str | None = None
    trade_time: str | None = None
    trade_timestamp: int | None = None
    acc_trade_price_24h: float | None = None


_TICKERS = msgspec.json.Decoder(list[_TickerRow])


def parse_tickers(status: int, body: bytes) -> tuple[Ticker, ...]:
    """The rows that know a price (0 and null mean "none yet"). An empty page is a BadPage."""
    rows = rest.read("bithumb", status, body, _TICKERS)
    if not rows:
        raise BadPage("bithumb", "an empty ticker page", body)
    return tuple(
        Ticker(
            rest.market_in("bithumb", _MARKETS, row.market, body),
            row.trade_price,
            _true_ms(row.trade_timestamp, f"{row.trade_date}{row.trade_time}", body),
            row.acc_trade_price_24h,
        )
        for row in rows
        if row.trade_price and row.trade_price > 0.0 and row.trade_timestamp and row.acc_trade_price_24h is not None
    )


def _true_ms(epoch_ms: int, utc: str, body: bytes) -> int:
    """The epoch of a ticker row, measured against its own UTC date and time: equal, or nine hours too large.

    Live on 2026-07-02 and 2026-07-30 it was KST's wall clock written as if it were UTC; that may be repaired any day.
    """
    try:
        told = datetime.strptime(utc, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError as e:
        raise BadPage("bithumb", "trade_date and trade_time are not a time", body) from e
    told_ms = int(told.timestamp()) * 1000
    for shift_ms in (0, NINE_HOURS_MS):
        if abs(epoch_ms - shift_ms - told_ms) <= SECOND_MS:
            return epoch_ms - shift_ms
    raise BadPage("bithumb", "trade_timestamp fits neither UTC nor nine hours ahead", body)


def order_book(markets: Sequence[Market]) -> Request:
    """30 levels for one market, 15 for several."""
    return Request("/v1/orderbook", (("markets", ",".join(each.code for each in markets)),), "orderbook")


def parse_books(status: int, body: bytes, received_ms: int) -> tuple[OrderBook, ...]:
    return rest.parse_books("bithumb", _MARKETS, status, body, received_ms)


def trades(market: Market, count: int = TRADES_A_PAGE, before_id: int | None = None, days_ago: int = 0) -> Request:
    """The latest `count` (≤ 500) trades before `before_id` (REST's own id); `days_ago` 1–7 for earlier days."""
    params = [("market", market.code), ("count", str(count))]
    if before_id is not None:
        params.append(("cursor", str(before_id)))
    if days_ago:
        params.append(("daysAgo", str(days_ago)))
    return Request("/v1/trades/ticks", tuple(params), "trade")


def parse_trades(status: int, body: bytes, received_ms: int) -> tuple[Trade, ...]:
    """Oldest first. Several fills of one millisecond may share a `trade_id` here, and the socket's id is another."""
    return rest.parse_trades("bithumb", _MARKETS, status, body, received_ms)


def minutes(market: Market, to_ms: int | None = None, count: int = CANDLES_A_PAGE) -> Request:
    """The last `count` (≤ 200) minute candles that open before `to_ms` (exclusive); there are no second candles."""
    params = [("market", market.code), ("count", str(count))]
    if to_ms is not None:
        params.append(("to", rest.iso_kst(to_ms)))
    return Request("/v1/candles/minutes/1", tuple(params), "candle")


def parse_candles(status: int, body: bytes) -> tuple[Candle, ...]:
    return rest.parse_candles("bithumb", _MARKETS, status, body)


def notices(count: int = NOTICES_A_PAGE) -> Request:
    """The latest notices; one request a second and IP, no paging, no bodies."""
    return Request("/v1/notices", (("count", str(count)),), "notices")


class _NoticeRow(Struct):
    """A title and an address are enough: what else is missing, or of another shape, must not hide the notice."""

    title: str
    pc_url: str
    categories: object = ()
    published_at: object = None
    modified_at: object = None


_NOTICES = msgspec.json.Decoder(list[_NoticeRow])


def parse_notices(status: int, body: bytes) -> tuple[Notice, ...]:
    """The notices of a page, newest publication first; an empty page is a BadPage.

    Notices are written ahead and published on schedule, so `edited_ms` may be earlier than `published_ms`.
    """
    rows = rest.read("bithumb", status, body, _NOTICES)
    if not rows:
        raise BadPage("bithumb", "a page without notices", body)
    return tuple(_notice(row) for row in rows)


def _notice(row: _NoticeRow) -> Notice:
    digits = _NOTICE_ID.search(row.pc_url)
    categories = row.categories if isinstance(row.categories, list) else [row.categories]
    return Notice(
        exchange="bithumb",
        notice_id=digits[1] if digits else row.pc_url,
        title=row.title,
        categories=tuple(each for each in map(rest.text, categories) if each),
        published_ms=rest.kst_ms(row.published_at),
        edited_ms=rest.kst_ms(row.modified_at),
        url=row.pc_url,
    )


class Wallet(Struct, frozen=True):
    """Whether a coin can be sent in and out over one network, by Bithumb's page without a key; None: it is silent."""

    base: str
    network: str
    deposit_open: bool | None
    withdrawal_open: bool | None


def assets() -> Request:
    """Deposit and withdrawal state of every coin and network (API 1.x, no key). A new coin is a listing hint."""
    return Request("/public/assetsstatus/multichain/ALL", group="assets")


class _Asset(Struct):
    """A coin is enough: what else is missing, or of another shape, must not hide it."""

    currency: str
    net_type: object = ""
    deposit_status: object = None
    withdrawal_status: object = None


class _OldPage(Struct):
    """API 1.x: a status of four digits, then data or a message."""

    status: str
    data: msgspec.Raw = msgspec.Raw()
    message: str = ""


_OLD = msgspec.json.Decoder(_OldPage)
_ASSETS = msgspec.json.Decoder(list[_Asset])
_OLD_TICKERS = msgspec.json.Decoder(dict[str, msgspec.Raw])


def parse_assets(status: int, body: bytes) -> tuple[Wallet, ...]:
    """Every coin and network; an empty page is a BadPage."""
    rows = rest.read("bithumb", 200, _old_data(status, body), _ASSETS)
    if not rows:
        raise BadPage("bithumb", "an empty page of assets", body)
    return tuple(
        Wallet(row.currency, rest.text(row.net_type), _flag(row.deposit_status), _flag(row.withdrawal_status))
        for row in rows
    )


def _flag(wire: object) -> bool | None:
    return True if wire in (1, "1") else False if wire in (0, "0") else None


def ticker_all(quote: str = "KRW") -> Request:
    """The state of every market of one quote (API 1.x); a new listing appears as a new key."""
    return Request(f"/public/ticker/ALL_{quote}", group="ticker")


def parse_ticker_codes(status: int, body: bytes, quote: str = "KRW") -> frozenset[Market]:
    """Which markets the page shows; `date` is a key beside the coins. An empty page is a BadPage."""
    bases = rest.read("bithumb", 200, _old_data(status, body), _OLD_TICKERS).keys() - {"date"}
    if not bases:
        raise BadPage("bithumb", "an empty ticker page", body)
    return frozenset(rest.market_in("bithumb", _MARKETS, f"{quote}-{base}", body) for base in bases)


def _old_data(status: int, body: bytes) -> bytes:
    page = rest.read("bithumb", status, body, _OLD)
    if page.status != "0000":
        raise ExchangeError("bithumb", status, page.status, page.message)
    return bytes(page.data)
