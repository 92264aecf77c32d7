"""What Upbit's and Bithumb's REST answers share: requests as values, shapes of pages, and the errors of reading one.

    PageError (ValueError)  nothing may be concluded from this page, least of all "no listings" or "no trades"
        BadPage             not what the exchange documents: HTML, broken JSON, a missing field, an empty market list
        ExchangeError       the exchange says no: in its envelope (Bithumb: also with HTTP 200) or by its status

Contract: Upbit docs v1.6.4, Bithumb docs v2.1.5, checked 2026-11-20. Unknown keys are let through.
"""

from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

import msgspec
from msgspec import Struct

from collectors.events import AskBid, Candle, Exchange, Market, OrderBook, Trade
from collectors.exchanges.dialect import FIRST_MS, LAST_MS, Level, Markets, sides

T = TypeVar("T")

KST = timezone(timedelta(hours=9), "KST")
SAMPLE_BYTES = 500


class Request(Struct, frozen=True):
    """A GET as a value: hand `path`, `params` and `group` (of the limits) to the door."""

    path: str
    params: tuple[tuple[str, str], ...] = ()
    group: str = "default"


class PageError(ValueError):
    """A page that says nothing."""


class BadPage(PageError):
    """`sample` is the beginning of what came instead."""

    def __init__(self, exchange: Exchange, reason: str, body: bytes) -> None:
        self.exchange = exchange
        self.reason = reason
        self.sample = body[:SAMPLE_BYTES]
        super().__init__(f"{exchange}: {reason}")


class ExchangeError(PageError):
    """`name` is the exchange's word or number for it, `status` the HTTP status it came with."""

    def __init__(self, exchange: Exchange, status: int, name: str, message: str) -> None:
        self.exchange = exchange
        self.status = status
        self.name = name
        self.message = message
        super().__init__(f"{exchange}: HTTP {status}, {name}: {message}")


class ListedMarket(Struct, frozen=True):
    """One row of a market list. `warning`: designated 유의 by hand; None where the page does not say."""

    market: Market
    korean_name: str
    english_name: str
    warning: bool | None


class Ticker(Struct, frozen=True):
    """The state of one market. `traded_ms` is the last trade's true time, `quote_volume_24h` in quote units."""

    market: Market
    price: float
    traded_ms: int
    quote_volume_24h: float


class _Error(Struct):
    name: str | int
    message: str = ""


class _ErrorPage(Struct):
    error: _Error


_ERROR = msgspec.json.Decoder(_ErrorPage)


def read(exchange: Exchange, status: int, body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The page behind an answer; raise ExchangeError if the exchange says no, BadPage if it says nothing."""
    try:
        refusal = _ERROR.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        refusal = None
    if refusal is not None:
        raise ExchangeError(exchange, status, str(refusal.name), refusal.message)
    if status != 200:
        said = body[:80].decode("utf-8", "replace").strip()
        raise ExchangeError(exchange, status, str(status), "an HTML page" if said[:1] == "<" else said or "no text")
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as e:
        reason = "an HTML page instead of JSON" if body.lstrip()[:1] == b"<" else str(e)
        raise BadPage(exchange, reason, body) from e


def text(wire: object) -> str:
    """What a field says that a page can be read without; empty where it is null, or no text any more."""
    return wire if isinstance(wire, str) else ""


class _ListRow(Struct):
    """A code is enough: what else is missing, or of another shape, must not hide the market."""

    market: str
    english_name: object = ""
    korean_name: object = ""
    market_event: object = None
    market_warning: object = None


_LIST = msgspec.json.Decoder(list[_ListRow])


def parse_market_list(exchange: Exchange, markets: Markets, status: int, body: bytes) -> tuple[ListedMarket, ...]:
    """Every market of the list; an empty list is a BadPage, no exchange has ever had none."""
    rows = read(exchange, status, body, _LIST)
    if not rows:
        raise BadPage(exchange, "an empty market list", body)
    return tuple(
        ListedMarket(
            market_in(exchange, markets, row.market, body), text(row.korean_name), text(row.english_name), _warning(row)
        )
        for row in rows
    )


def _warning(row: _ListRow) -> bool | None:
    if isinstance(row.market_event, dict):
        warning = row.market_event.get("warning")
        return warning if isinstance(warning, bool) else None
    return row.market_warning != "NONE" if isinstance(row.market_warning, str) else None


class _Tick(Struct, gc=False):
    market: str
    timestamp: int
    trade_price: float
    trade_volume: float
    ask_bid: AskBid
    sequential_id: int


_TICKS = msgspec.json.Decoder(list[_Tick])


def parse_trades(exchange: Exchange, markets: Markets, status: int, body: bytes, received_ms: int) -> tuple[Trade, ...]:
    """The trades of a page, **oldest first** (the wire has the newest first); `timestamp` is the match time in UTC."""
    rows = read(exchange, status, body, _TICKS)
    trades = []
    for row in reversed(rows):
        positive(exchange, body, row.trade_price, row.trade_volume)
        if not FIRST_MS <= row.timestamp < LAST_MS:
            raise BadPage(exchange, "trade time is not in milliseconds", body)
        trades.append(
            Trade(
                market_in(exchange, markets, row.market, body),
                row.trade_price,
                row.trade_volume,
                "sell" if row.ask_bid == "ASK" else "buy",
                row.timestamp,
                received_ms,
                row.sequential_id,
            )
        )
    return tuple(trades)


class _BookRow(Struct):
    market: str
    timestamp: int
    orderbook_units: list[Level]


_BOOKS = msgspec.json.Decoder(list[_BookRow])


def parse_books(
    exchange: Exchange, markets: Markets, status: int, body: bytes, received_ms: int
) -> tuple[OrderBook, ...]:
    """Whole books, best first, without zero prices or sizes. Times are milliseconds (Bithumb's: since 2025-11-11)."""
    books = []
    for row in read(exchange, status, body, _BOOKS):
        bids, asks = sides(row.orderbook_units)
        taken_ms = row.timestamp // 1000 if row.timestamp >= LAST_MS else row.timestamp
        books.append(OrderBook(market_in(exchange, markets, row.market, body), bids, asks, taken_ms, received_ms))
    return tuple(books)


class _CandleRow(Struct):
    market: str
    candle_date_time_utc: str
    opening_price: float
    high_price: float
    low_price: float
    trade_price: float
    candle_acc_trade_volume: float
    candle_acc_trade_price: float


_CANDLES = msgspec.json.Decoder(list[_CandleRow])


def parse_candles(exchange: Exchange, markets: Markets, status: int, body: bytes) -> tuple[Candle, ...]:
    """Candles **oldest first**; a window without trades has no row. The newest may still be forming.

    The wire does not count trades, so `trades` is 0 here and means "not told".
    """
    rows = read(exchange, status, body, _CANDLES)
    candles = []
    for row in reversed(rows):
        positive(exchange, body, row.opening_price, row.high_price, row.low_price, row.trade_price)
        open_ms = utc_ms(exchange, row.candle_date_time_utc, body)
        market = market_in(exchange, markets, row.market, body)
        candles.append(
            Candle(
                market,
                open_ms,
                row.opening_price,
                row.high_price,
                row.low_price,
                row.trade_price,
                row.candle_acc_trade_volume,
                row.candle_acc_trade_price,
                0,
            )
        )
    return tuple(candles)


def market_in(exchange: Exchange, markets: Markets, code: str, body: bytes) -> Market:
    """The market of a code found in `body`; raise BadPage if it is none."""
    try:
        return markets[code]
    except ValueError as e:
        raise BadPage(exchange, "not a market code", body) from e


def positive(exchange: Exchange, body: bytes, *numbers: float) -> None:
    """Raise BadPage unless each is a positive, finite number."""
    if not all(0.0 < number < float("inf") for number in numbers):
        raise BadPage(exchange, "non-positive price or volume", body)


def utc_ms(exchange: Exchange, time: str, body: bytes) -> int:
    """Epoch milliseconds of a time without zone that means UTC; raise BadPage if it is no time."""
    at_ms = _ms(time, UTC)
    if at_ms is None:
        raise BadPage(exchange, "not a date and time", body)
    return at_ms


def kst_ms(wire: object) -> int | None:
    """Epoch milliseconds of a time without zone that means Korea's; one with an offset keeps it; None if it is none."""
    return _ms(text(wire), KST)


def _ms(time: str, zone: timezone) -> int | None:
    try:
        moment = datetime.fromisoformat(time)
        return round((moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def iso_utc(at_ms: int) -> str:
    """`2026-07-30T06:52:00Z`; whole seconds, both exchanges refuse fractions."""
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_kst(at_ms: int) -> str:
    """`2026-07-30T15:52:00`, Korea's wall clock without an offset."""
    return datetime.fromtimestamp(at_ms // 1000, KST).strftime("%Y-%m-%dT%H:%M:%S")
