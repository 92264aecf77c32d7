"""Upbit's socket frames: simulated values in, JSON text out, in the field order and number spelling of the wire.

Documents v1.6.4, captures of 2026-07-30 (DEFAULT) and 2021-04-17 (raw spelling, SIMPLE). Every function answers both
spellings at once: (DEFAULT, SIMPLE).
"""

from simulator.korea.subscriptions import CATEGORIES
from simulator.korea.upbit_books import UNIT, paired_units
from simulator.korea.wire import (
    Shape,
    change_of,
    fixed,
    iso_seconds,
    java,
    kst,
    kst_offset,
    plain,
    quoted,
    side_of,
    sum_of,
    utc,
)
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimNotice, SimTrade

Pair = tuple[str, str]
CATEGORY_NAMES = {korean: english for english, korean in CATEGORIES.items()}

TRADE = Shape(
    "type/ty",
    "code/cd",
    "timestamp/tms",
    "trade_date/td",
    "trade_time/ttm",
    "trade_timestamp/ttms",
    "trade_price/tp",
    "trade_volume/tv",
    "ask_bid/ab",
    "prev_closing_price/pcp",
    "change/c",
    "change_price/cp",
    "sequential_id/sid",
    "best_ask_price/bap",
    "best_ask_size/bas",
    "best_bid_price/bbp",
    "best_bid_size/bbs",
    "stream_type/st",
)
TICKER = Shape(
    "type/ty",
    "code/cd",
    "opening_price/op",
    "high_price/hp",
    "low_price/lp",
    "trade_price/tp",
    "prev_closing_price/pcp",
    "acc_trade_price/atp",
    "change/c",
    "change_price/cp",
    "signed_change_price/scp",
    "change_rate/cr",
    "signed_change_rate/scr",
    "ask_bid/ab",
    "trade_volume/tv",
    "acc_trade_volume/atv",
    "trade_date/tdt",
    "trade_time/ttm",
    "trade_timestamp/ttms",
    "acc_ask_volume/aav",
    "acc_bid_volume/abv",
    "highest_52_week_price/h52wp",
    "highest_52_week_date/h52wdt",
    "lowest_52_week_price/l52wp",
    "lowest_52_week_date/l52wdt",
    "market_state/ms",
    "is_trading_suspended/its",
    "delisting_date/dd",
    "market_warning/mw",
    "timestamp/tms",
    "acc_trade_price_24h/atp24h",
    "acc_trade_volume_24h/atv24h",
    "stream_type/st",
)
BOOK = Shape(
    "type/ty",
    "code/cd",
    "timestamp/tms",
    "total_ask_size/tas",
    "total_bid_size/tbs",
    "orderbook_units/obu",
    "stream_type/st",
    "level/lv",
)
CANDLE = Shape(
    "type/ty",
    "code/cd",
    "candle_date_time_utc/cdttmu",
    "candle_date_time_kst/cdttmk",
    "opening_price/op",
    "high_price/hp",
    "low_price/lp",
    "trade_price/tp",
    "candle_acc_trade_volume/catv",
    "candle_acc_trade_price/catp",
    "timestamp/tms",
    "stream_type/st",
)
ANNOUNCEMENT_KEYS = ("type/ty", "uuid/uid", "event_type/et", "category/cat", "title/tt", "url/url")
ANNOUNCEMENT_END = ("first_listed_at/flat", "listed_at/lat", "timestamp/tms", "stream_type/st")
ANNOUNCEMENT = Shape(*ANNOUNCEMENT_KEYS, *ANNOUNCEMENT_END)
ANNOUNCEMENT_WITH_BODY = Shape(*ANNOUNCEMENT_KEYS, "body/bd", *ANNOUNCEMENT_END)


def trade_frame(trade: SimTrade, prev_close: float, stream: str) -> Pair:
    """`change_price` is absolute here (signed over REST); dates are UTC."""
    change, difference = change_of(trade.price, prev_close)
    at = utc(trade.traded_ms)
    values = (
        '"trade"',
        f'"{trade.code}"',
        str(trade.sent_ms),
        f'"{at:%Y-%m-%d}"',
        f'"{at:%H:%M:%S}"',
        str(trade.traded_ms),
        java(trade.price),
        java(trade.volume),
        side_of(trade.side),
        java(prev_close),
        f'"{change}"',
        java(abs(difference)),
        str(trade.ws_id),
        plain(trade.best_ask),
        plain(trade.best_ask_size),
        plain(trade.best_bid),
        plain(trade.best_bid_size),
        f'"{stream}"',
    )
    return TRADE.long(values), TRADE.short(values)


def ticker_frame(market: SimMarket, day: SimDay, now_ms: int, stream: str) -> Pair:
    """Always complete; sums run since 00:00 UTC. A market before its first trade has its opening price and zeros."""
    change, difference = change_of(day.last, day.prev_close)
    rate = difference / day.prev_close if day.prev_close else 0.0
    at = utc(day.last_traded_ms)
    values = (
        '"ticker"',
        f'"{market.code}"',
        java(day.opening),
        java(day.high),
        java(day.low),
        java(day.last),
        java(day.prev_close),
        java(sum_of(day.acc_value)),
        f'"{change}"',
        java(abs(difference)),
        java(difference),
        java(round(abs(rate), 10)),
        java(round(rate, 10)),
        side_of(day.last_side),
        java(day.last_volume),
        java(sum_of(day.acc_volume)),
        f'"{at:%Y%m%d}"',
        f'"{at:%H%M%S}"',
        str(day.last_traded_ms),
        java(sum_of(day.acc_ask_volume)),
        java(sum_of(day.acc_bid_volume)),
        java(day.high_52w),
        f'"{utc(day.high_52w_ms):%Y-%m-%d}"',
        java(day.low_52w),
        f'"{utc(day.low_52w_ms):%Y-%m-%d}"',
        f'"{market.state}"',
        "false",
        "null",
        '"CAUTION"' if market.warning else '"NONE"',
        str(now_ms),
        java(sum_of(day.acc_value_24h)),
        java(sum_of(day.acc_volume_24h)),
        f'"{stream}"',
    )
    return TICKER.long(values), TICKER.short(values)


def book_frame(code: str, book: SimBook, depth: int, level: str, stream: str) -> Pair:
    """Always the whole view of `depth` pairs. Totals are those of the whole book, not of the units shown."""
    units = paired_units(book, depth)
    head = ('"orderbook"', f'"{code}"', str(book.taken_ms), java(book.total_ask_size), java(book.total_bid_size))
    tail = (f'"{stream}"', level)
    long = "[" + ",".join(map(UNIT.long, units)) + "]"
    short = "[" + ",".join(map(UNIT.short, units)) + "]"
    return BOOK.long((*head, long, *tail)), BOOK.short((*head, short, *tail))


def candle_frame(type_: str, code: str, candle: SimCandle, stream: str) -> Pair:
    values = (
        f'"{type_}"',
        f'"{code}"',
        f'"{iso_seconds(utc(candle.open_ms))}"',
        f'"{iso_seconds(kst(candle.open_ms))}"',
        fixed(candle.open, 8),
        fixed(candle.high, 8),
        fixed(candle.low, 8),
        fixed(candle.close, 8),
        fixed(candle.volume, 8),
        fixed(candle.value, 8),
        str(candle.last_ms),
        f'"{stream}"',
    )
    return CANDLE.long(values), CANDLE.short(values)


def announcement_frame(notice: SimNotice, now_ms: int, include_body: bool) -> Pair:
    """Private socket, since 2026-08-31. There is no snapshot of announcements, ever."""
    head = (
        '"announcement"',
        quoted(notice.uuid),
        '"CREATED"' if notice.version == 1 else '"UPDATED"',
        f'"{category_of(notice)}"',
        quoted(notice.title),
        quoted(f"https://upbit.com/service_center/notice?id={notice.uuid}"),
    )
    tail = (f'"{kst_offset(notice.published_ms)}"', f'"{kst_offset(notice.edited_ms)}"', str(now_ms), '"REALTIME"')
    values = (*head, quoted(notice.body), *tail) if include_body else (*head, *tail)
    shape = ANNOUNCEMENT_WITH_BODY if include_body else ANNOUNCEMENT
    return shape.long(values), shape.short(values)


def category_of(notice: SimNotice) -> str:
    return CATEGORY_NAMES.get(notice.categories[0] if notice.categories else "", "notice")
