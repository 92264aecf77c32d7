"""Upbit's REST API and notice site, as pure functions: requests out, typed pages in.

Contract: Upbit developer centre v1.6.4 (checked 2026-11-20); the notice site has no official contract, its shape is
that of captures of 2026-08 and 2026-09. Times without zone are UTC.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from collectors.events import Candle, Market, Notice, OrderBook, Trade
from collectors.exchanges import rest
from collectors.exchanges.dialect import Markets
from collectors.exchanges.rest import BadPage, ListedMarket, Request, Ticker

SERVICE = "upbit"
SITE = "upbit_site"
NOTICES_A_PAGE = 20  # 100 is refused, 30 worked in 2026-08, 20 is what the site itself asks for
TRADES_A_PAGE = 500
CANDLES_A_PAGE = 200

_MARKETS = Markets("upbit")


def market_list() -> Request:
    """Every market, with its warnings."""
    return Request("/v1/market/all", (("is_details", "true"),), "market")


def parse_market_list(status: int, body: bytes) -> tuple[ListedMarket, ...]:
    return rest.parse_market_list("upbit", _MARKETS, status, body)


def ticker_all(quotes: Sequence[str] = ("KRW",)) -> Request:
    """The state of every market of these quotes; a new listing appears as a new row (192 kB for 244 KRW markets)."""
    return Request("/v1/ticker/all", (("quote_currencies", ",".join(quotes)),), "ticker")


def ticker(markets: Sequence[Market]) -> Request:
    """One unknown code fails the whole answer (404)."""
    return Request("/v1/ticker", (("markets", ",".join(each.code for each in markets)),), "ticker")


class _TickerRow(Struct):
    market: str
    trade_price: float | None = None
    trade_timestamp: int | None = None
    acc_trade_price_24h: float | None = None


_TICKERS = msgspec.json.Decoder(list[_TickerRow])


def parse_tickers(status: int, body: bytes) -> tuple[Ticker, ...]:
    """The rows that know a price (0 and null mean "none yet"). An empty page is a BadPage."""
    rows = rest.read("upbit", status, body, _TICKERS)
    if not rows:
        raise BadPage("upbit", "an empty ticker page", body)
    return tuple(
        Ticker(
            rest.market_in("upbit", _MARKETS, row.market, body),
            row.trade_price,
            row.trade_timestamp,
            row.acc_trade_price_24h,
        )
        for row in rows
        if row.trade_price and row.trade_price > 0.0 and row.trade_timestamp and row.acc_trade_price_24h is not None
    )


class _CodeRow(Struct):
    market: str


_CODES = msgspec.json.Decoder(list[_CodeRow])


def parse_ticker_codes(status: int, body: bytes) -> frozenset[Market]:
    """Only which markets the page shows, priced or not; an empty page is a BadPage."""
    rows = rest.read("upbit", status, body, _CODES)
    if not rows:
        raise BadPage("upbit", "an empty ticker page", body)
    return frozenset(rest.market_in("upbit", _MARKETS, row.market, body) for row in rows)


def order_book(markets: Sequence[Market], levels: int = 30) -> Request:
    codes = ",".join(each.code for each in markets)
    return Request("/v1/orderbook", (("markets", codes), ("count", str(levels))), "orderbook")


def parse_books(status: int, body: bytes, received_ms: int) -> tuple[OrderBook, ...]:
    return rest.parse_books("upbit", _MARKETS, status, body, received_ms)


def trades(
    market: Market, count: int = TRADES_A_PAGE, before_id: int | None = None, to: str | None = None, days_ago: int = 0
) -> Request:
    """The latest `count` (≤ 500) trades before `before_id` (a `sequential_id`) or before `to` (`HH:mm:ss`, UTC).

    `days_ago` 1–7 reaches into earlier days; the API keeps no more.
    """
    params = [("market", market.code), ("count", str(count))]
    if before_id is not None:
        params.append(("cursor", str(before_id)))
    if to is not None:
        params.append(("to", to))
    if days_ago:
        params.append(("days_ago", str(days_ago)))
    return Request("/v1/trades/ticks", tuple(params), "trade")


def parse_trades(status: int, body: bytes, received_ms: int) -> tuple[Trade, ...]:
    return rest.parse_trades("upbit", _MARKETS, status, body, received_ms)


def seconds(market: Market, to_ms: int | None = None, count: int = CANDLES_A_PAGE) -> Request:
    """The last `count` (≤ 200) second candles that open before `to_ms` (exclusive, whole seconds); 3 months back."""
    return Request("/v1/candles/seconds", _span(market, to_ms, count), "candle")


def minutes(market: Market, to_ms: int | None = None, count: int = CANDLES_A_PAGE) -> Request:
    """The last `count` (≤ 200) minute candles that open before `to_ms` (exclusive, whole seconds)."""
    return Request("/v1/candles/minutes/1", _span(market, to_ms, count), "candle")


def _span(market: Market, to_ms: int | None, count: int) -> tuple[tuple[str, str], ...]:
    params = [("market", market.code), ("count", str(count))]
    if to_ms is not None:
        params.append(("to", rest.iso_utc(to_ms)))
    return tuple(params)


def parse_candles(status: int, body: bytes) -> tuple[Candle, ...]:
    return rest.parse_candles("upbit", _MARKETS, status, body)


def notices(page: int = 1, category: str = "all") -> Request:
    """A page of the site's announcements; never with an `Origin` header (403)."""
    params = (("os", "web"), ("page", str(page)), ("per_page", str(NOTICES_A_PAGE)), ("category", category))
    return Request("/api/v1/announcements", params)


def notice(page_id: int) -> Request:
    """One announcement with its body. `page_id` is the list's `id`, not the `uuid` that names a notice elsewhere."""
    return Request(f"/api/v1/announcements/{page_id}")


class _NoticeRow(Struct):
    """A title and a number are enough: what else is missing, or of another shape, must not hide the notice."""

    id: int | str
    title: str
    category: object = ""
    listed_at: object = ""
    first_listed_at: object = ""
    uuid: object = None
    body: object = None


class _NoticeList(Struct):
    notices: list[_NoticeRow]


class _NoticesPage(Struct):
    data: _NoticeList
    success: object = True


class _NoticePage(Struct):
    data: _NoticeRow
    success: object = True


_NOTICES = msgspec.json.Decoder(_NoticesPage)
_NOTICE = msgspec.json.Decoder(_NoticePage)


def parse_notices(status: int, body: bytes) -> tuple[Notice, ...]:
    """The announcements of a page, as ordered there (latest edit first); pinned ones are repeats and left out.

    An edit keeps `published_ms` and raises `edited_ms`. No announcements at all on a page is a BadPage.
    """
    page = rest.read("upbit", status, body, _NOTICES)
    if not page.success or not page.data.notices:
        raise BadPage("upbit", "a page without announcements", body)
    return tuple(_notice(row) for row in page.data.notices)


def parse_notice(status: int, body: bytes) -> Notice:
    """One announcement with its body (HTML or Markdown, as it came)."""
    page = rest.read("upbit", status, body, _NOTICE)
    if not page.success:
        raise BadPage("upbit", "the site says: no success", body)
    return _notice(page.data)


def page_id(notice: Notice) -> int | None:
    """The number to ask `notice()` with, from the notice's URL."""
    digits = (notice.url or "").rpartition("id=")[2]
    return int(digits) if digits.isdecimal() else None


def _notice(row: _NoticeRow) -> Notice:
    category = rest.text(row.category)
    return Notice(
        exchange="upbit",
        notice_id=rest.text(row.uuid) or str(row.id),
        title=row.title,
        categories=(category,) if category else (),
        published_ms=rest.kst_ms(row.first_listed_at),
        edited_ms=rest.kst_ms(row.listed_at),
        url=f"https://upbit.com/service_center/notice?id={row.id}",
        body=row.body if isinstance(row.body, str) else None,
    )
