"""Upbit's REST rows: simulated values in, JSON text out, in the field order and number spelling of the wire.

Documents v1.6.4; captures of 2026-03-11 (whose lengths show eight decimals in candles and trades) and 2026-07-30.
"""

from datetime import datetime

from simulator.korea.upbit_books import UNIT, levels_of, paired_units
from simulator.korea.wire import Shape, change_of, fixed, iso_seconds, java, kst, quoted, side_of, sum_of, utc
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimTrade, SimWallet

CAUTIONS = (
    "PRICE_FLUCTUATIONS",
    "TRADING_VOLUME_SOARING",
    "DEPOSIT_AMOUNT_SOARING",
    "GLOBAL_PRICE_DIFFERENCES",
    "CONCENTRATION_OF_SMALL_ACCOUNTS",
)

MARKET_ROW = Shape("market", "korean_name", "english_name")
MARKET_DETAIL_ROW = Shape("market", "korean_name", "english_name", "market_event")
TRADE_ROW = Shape(
    "market",
    "trade_date_utc",
    "trade_time_utc",
    "timestamp",
    "trade_price",
    "trade_volume",
    "prev_closing_price",
    "change_price",
    "ask_bid",
    "sequential_id",
)
TICKER_ROW = Shape(
    "market",
    "trade_date",
    "trade_time",
    "trade_date_kst",
    "trade_time_kst",
    "trade_timestamp",
    "opening_price",
    "high_price",
    "low_price",
    "trade_price",
    "prev_closing_price",
    "change",
    "change_price",
    "change_rate",
    "signed_change_price",
    "signed_change_rate",
    "trade_volume",
    "acc_trade_price",
    "acc_trade_price_24h",
    "acc_trade_volume",
    "acc_trade_volume_24h",
    "highest_52_week_price",
    "highest_52_week_date",
    "lowest_52_week_price",
    "lowest_52_week_date",
    "timestamp",
)
BOOK_ROW = Shape("market", "timestamp", "total_ask_size", "total_bid_size", "orderbook_units", "level")
INSTRUMENT_ROW = Shape("market", "quote_currency", "tick_size", "supported_levels")
LEVELS_ROW = Shape("market", "supported_levels")
CANDLE_KEYS = (
    "market",
    "candle_date_time_utc",
    "candle_date_time_kst",
    "opening_price",
    "high_price",
    "low_price",
    "trade_price",
    "timestamp",
    "candle_acc_trade_price",
    "candle_acc_trade_volume",
)
SECOND_ROW = Shape(*CANDLE_KEYS)
MINUTE_ROW = Shape(*CANDLE_KEYS, "unit")
DAY_ROW = Shape(*CANDLE_KEYS, "prev_closing_price", "change_price", "change_rate")
CONVERTED_DAY_ROW = Shape(*CANDLE_KEYS, "prev_closing_price", "change_price", "change_rate", "converted_trade_price")
PERIOD_ROW = Shape(*CANDLE_KEYS, "first_day_of_period")
WALLET_ROW = Shape(
    "currency",
    "wallet_state",
    "block_state",
    "block_height",
    "block_updated_at",
    "block_elapsed_minutes",
    "net_type",
    "network_name",
)


def market_row(market: SimMarket, details: bool) -> str:
    names = (f'"{market.code}"', quoted(market.korean_name), quoted(market.english_name))
    if not details:
        return MARKET_ROW.long(names)
    cautions = ",".join(f'"{name}":{"true" if name in market.cautions else "false"}' for name in CAUTIONS)
    warning = "true" if market.warning else "false"
    return MARKET_DETAIL_ROW.long((*names, f'{{"warning":{warning},"caution":{{{cautions}}}}}'))


def trade_row(trade: SimTrade, prev_close: float) -> str:
    at = utc(trade.traded_ms)
    values = (
        f'"{trade.code}"',
        f'"{at:%Y-%m-%d}"',
        f'"{at:%H:%M:%S}"',
        str(trade.traded_ms),
        fixed(trade.price, 8),
        fixed(trade.volume, 8),
        fixed(prev_close, 8),
        fixed(change_of(trade.price, prev_close)[1], 8),
        side_of(trade.side),
        str(trade.rest_id),
    )
    return TRADE_ROW.long(values)


def ticker_row(market: SimMarket, day: SimDay, now_ms: int) -> str:
    change, difference = change_of(day.last, day.prev_close)
    rate = difference / day.prev_close if day.prev_close else 0.0
    at, korean = utc(day.last_traded_ms), kst(day.last_traded_ms)
    values = (
        f'"{market.code}"',
        f'"{at:%Y%m%d}"',
        f'"{at:%H%M%S}"',
        f'"{korean:%Y%m%d}"',
        f'"{korean:%H%M%S}"',
        str(day.last_traded_ms),
        java(day.opening),
        java(day.high),
        java(day.low),
        java(day.last),
        java(day.prev_close),
        f'"{change}"',
        java(abs(difference)),
        java(round(abs(rate), 10)),
        java(difference),
        java(round(rate, 10)),
        java(day.last_volume),
        java(sum_of(day.acc_value)),
        java(sum_of(day.acc_value_24h)),
        java(sum_of(day.acc_volume)),
        java(sum_of(day.acc_volume_24h)),
        java(day.high_52w),
        f'"{utc(day.high_52w_ms):%Y-%m-%d}"',
        java(day.low_52w),
        f'"{utc(day.low_52w_ms):%Y-%m-%d}"',
        str(now_ms),
    )
    return TICKER_ROW.long(values)


def book_row(code: str, book: SimBook, depth: int, level: str) -> str:
    units = "[" + ",".join(map(UNIT.long, paired_units(book, depth))) + "]"
    values = (f'"{code}"', str(book.taken_ms), java(book.total_ask_size), java(book.total_bid_size), units, level)
    return BOOK_ROW.long(values)


def instrument_row(code: str, price: float) -> str:
    tick, levels = levels_of(code, price)
    texts = "[" + ",".join(f'"{level}"' for level in levels) + "]"
    return INSTRUMENT_ROW.long((f'"{code}"', f'"{code.partition("-")[0]}"', f'"{tick}"', texts))


def supported_levels_row(code: str, price: float) -> str:
    """The deprecated twin of the instruments: numbers, no tick."""
    return LEVELS_ROW.long((f'"{code}"', "[" + ",".join(levels_of(code, price)[1]) + "]"))


def candle_values(code: str, candle: SimCandle) -> tuple[str, ...]:
    return (
        f'"{code}"',
        f'"{iso_seconds(utc(candle.open_ms))}"',
        f'"{iso_seconds(kst(candle.open_ms))}"',
        fixed(candle.open, 8),
        fixed(candle.high, 8),
        fixed(candle.low, 8),
        fixed(candle.close, 8),
        str(candle.last_ms),
        fixed(candle.value, 8),
        fixed(candle.volume, 8),
    )


def second_row(code: str, candle: SimCandle) -> str:
    return SECOND_ROW.long(candle_values(code, candle))


def minute_row(code: str, candle: SimCandle, unit: int) -> str:
    return MINUTE_ROW.long((*candle_values(code, candle), str(unit)))


def day_row(code: str, candle: SimCandle, prev_close: float, converted: float | None) -> str:
    """`change_price` and `change_rate` are signed. `converted` is the close in KRW, where that was asked for."""
    difference = change_of(candle.close, prev_close)[1]
    rate = difference / prev_close if prev_close else 0.0
    values = (*candle_values(code, candle), fixed(prev_close, 8), fixed(difference, 8), fixed(rate, 10))
    return DAY_ROW.long(values) if converted is None else CONVERTED_DAY_ROW.long((*values, fixed(converted, 8)))


def period_row(code: str, candle: SimCandle, first_day: datetime) -> str:
    return PERIOD_ROW.long((*candle_values(code, candle), f'"{first_day:%Y-%m-%d}"'))


def wallet_row(wallet: SimWallet, now_ms: int) -> str:
    state = {(True, True): "working", (True, False): "deposit_only", (False, True): "withdraw_only"}
    at = utc(now_ms - now_ms % 60_000)
    values = (
        f'"{wallet.base}"',
        f'"{state.get((wallet.deposit, wallet.withdrawal), "paused")}"',
        '"normal"',
        str(now_ms // 60_000),
        f'"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}+00:00"',
        "0",
        quoted(wallet.network),
        quoted(wallet.network_name),
    )
    return WALLET_ROW.long(values)
