"""Bithumb's socket frames (API 2.x): simulated values in, JSON text out, as captured on 2026-07-10 and 2026-07-30.

The quirks are the point: dates are Korean while epochs are UTC, a book's stamp is in microseconds, its sizes are cut
to four decimals so that dust shows as zero, and numbers have no needless decimals. Sums run since 00:00 KST.
Every function answers both spellings at once: (DEFAULT, SIMPLE).
"""

from simulator.korea.wire import Shape, change_of, cut, fixed, kst, plain, side_of, sum_of, utc
from simulator.world.values import Level, SimBook, SimDay, SimMarket, SimTrade

Pair = tuple[str, str]
WS_UNITS = 15
BOOK_DECIMALS = 4
DUST = 0.00004
DUSTY_OF = 19  # about one level in so many holds nothing but dust

TRADE = Shape(
    "type/ty",
    "code/cd",
    "trade_price/tp",
    "trade_volume/tv",
    "ask_bid/ab",
    "prev_closing_price/pcp",
    "change/c",
    "change_price/cp",
    "trade_date/td",
    "trade_time/ttm",
    "trade_timestamp/ttms",
    "timestamp/tms",
    "sequential_id/sid",
    "stream_type/st",
)
TICKER_KEYS = (
    "type/ty",
    "code/cd",
    "opening_price/op",
    "high_price/hp",
    "low_price/lp",
    "trade_price/tp",
    "prev_closing_price/pcp",
    "change/c",
    "change_price/cp",
    "signed_change_price/scp",
    "change_rate/cr",
    "signed_change_rate/scr",
    "trade_volume/tv",
    "acc_trade_volume/atv",
    "acc_trade_volume_24h/atv24h",
    "acc_trade_price/atp",
    "acc_trade_price_24h/atp24h",
    "trade_date/tdt",
    "trade_time/ttm",
    "trade_timestamp/ttms",
    "ask_bid/ab",
    "acc_ask_volume/aav",
    "acc_bid_volume/abv",
    "highest_52_week_price/h52wp",
    "highest_52_week_date/h52wdt",
    "lowest_52_week_price/l52wp",
    "lowest_52_week_date/l52wdt",
    "market_state/ms",
    "is_trading_suspended/its",
)
TICKER_END = ("market_warning/mw", "timestamp/tms", "stream_type/st")
TICKER = Shape(*TICKER_KEYS, *TICKER_END)
TICKER_WITH_DELISTING = Shape(*TICKER_KEYS, "delisting_date/dd", *TICKER_END)
BOOK = Shape(
    "type/ty",
    "code/cd",
    "total_ask_size/tas",
    "total_bid_size/tbs",
    "orderbook_units/obu",
    "level/lv",
    "timestamp/tms",
    "stream_type/st",
)
UNIT = Shape("ask_price/ap", "bid_price/bp", "ask_size/as", "bid_size/bs")


def trade_frame(trade: SimTrade, prev_close: float, stream: str) -> Pair:
    """No best quotes; `change_price` is absolute; `sequential_id` is not the one that REST shows."""
    change, difference = change_of(trade.price, prev_close)
    at = kst(trade.traded_ms)
    values = (
        '"trade"',
        f'"{trade.code}"',
        plain(trade.price),
        plain(trade.volume),
        side_of(trade.side),
        plain(prev_close),
        f'"{change}"',
        plain(abs(difference)),
        f'"{at:%Y-%m-%d}"',
        f'"{at:%H:%M:%S}"',
        str(trade.traded_ms),
        str(trade.sent_ms),
        str(trade.ws_id),
        f'"{stream}"',
    )
    return TRADE.long(values), TRADE.short(values)


def ticker_frame(market: SimMarket, day: SimDay, now_ms: int, stream: str) -> Pair:
    """`delisting_date` was missing in the captured snapshot, `""` in the captured realtime frame, so it is here too."""
    change, difference = change_of(day.last, day.prev_close)
    rate = difference / day.prev_close if day.prev_close else 0.0
    at = kst(day.last_traded_ms)
    values = (
        '"ticker"',
        f'"{market.code}"',
        plain(day.opening),
        plain(day.high),
        plain(day.low),
        plain(day.last),
        plain(day.prev_close),
        f'"{change}"',
        plain(abs(difference)),
        plain(difference),
        plain(round(abs(rate), 8)),
        plain(round(rate, 8)),
        plain(day.last_volume),
        plain(sum_of(day.acc_volume)),
        plain(sum_of(day.acc_volume_24h)),
        plain(sum_of(day.acc_value)),
        plain(sum_of(day.acc_value_24h)),
        f'"{at:%Y%m%d}"',
        f'"{at:%H%M%S}"',
        str(day.last_traded_ms),
        side_of(day.last_side),
        plain(sum_of(day.acc_ask_volume)),
        plain(sum_of(day.acc_bid_volume)),
        plain(day.high_52w),
        f'"{utc(day.high_52w_ms):%Y-%m-%d}"',
        plain(day.low_52w),
        f'"{utc(day.low_52w_ms):%Y-%m-%d}"',
        f'"{market.state}"',
        "false",
    )
    tail = ('"CAUTION"' if market.warning else '"NONE"', str(now_ms), f'"{stream}"')
    if stream == "SNAPSHOT":
        return TICKER.long((*values, *tail)), TICKER.short((*values, *tail))
    return TICKER_WITH_DELISTING.long((*values, '""', *tail)), TICKER_WITH_DELISTING.short((*values, '""', *tail))


def book_frame(code: str, book: SimBook, stream: str) -> Pair:
    """Always 15 pairs, level 1, microseconds. Totals are sums of the cut sizes shown."""
    units = paired_units(book, WS_UNITS)
    head = ('"orderbook"', f'"{code}"', *(fixed(total, BOOK_DECIMALS) for total in totals(units)))
    microseconds = book.taken_ms * 1000 + book.taken_ms % 997
    tail = ("1", str(microseconds), f'"{stream}"')
    texts = [
        (plain(ask), plain(bid), fixed(ask_size, BOOK_DECIMALS), fixed(bid_size, BOOK_DECIMALS))
        for ask, bid, ask_size, bid_size in units
    ]
    long = "[" + ",".join(map(UNIT.long, texts)) + "]"
    short = "[" + ",".join(map(UNIT.short, texts)) + "]"
    return BOOK.long((*head, long, *tail)), BOOK.short((*head, short, *tail))


Unit = tuple[float, float, float, float]  # ask, bid, ask size, bid size


def paired_units(book: SimBook, depth: int) -> list[Unit]:
    """Best first, sizes cut; some levels hold only dust and show as zero, the best ones too."""
    pairs = []
    for n in range(min(depth, max(len(book.asks), len(book.bids)))):
        ask, ask_size = book.asks[n] if n < len(book.asks) else (0.0, 0.0)
        bid, bid_size = book.bids[n] if n < len(book.bids) else (0.0, 0.0)
        pairs.append((ask, bid, shown_size((ask, ask_size)), shown_size((bid, bid_size))))
    return pairs


def shown_size(level: Level) -> float:
    """The size as the book shows it. Which price holds dust is fixed, so that it stays while the book moves."""
    price, size = level
    dusty = round(price * 1e8) * 2_654_435_761 % 4_294_967_296 % DUSTY_OF == 0
    return cut(DUST if dusty else size, BOOK_DECIMALS)


def totals(units: list[Unit]) -> tuple[float, float]:
    """Sums of the asks and of the bids."""
    return (
        round(sum(ask_size for _, _, ask_size, _ in units), BOOK_DECIMALS),
        round(sum(bid_size for _, _, _, bid_size in units), BOOK_DECIMALS),
    )
