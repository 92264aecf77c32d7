"""Bithumb's REST rows: simulated values in, JSON text out, as captured on 2026-07-02 and 2026-07-30.

The trap of `/v1/ticker`: its two epochs are the Korean wall clock encoded as if it were UTC, nine hours too large,
and so are the 52-week dates; `trade_date` and `trade_time` beside them are true UTC. Everything else is honest.
API 1.x (`/public/...`) spells all values as texts.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from simulator.korea.bithumb_frames import UNIT, paired_units, totals
from simulator.korea.wire import KST_MS, Shape, change_of, iso_seconds, kst, plain, quoted, side_of, sum_of, utc
from simulator.world.values import SimBook, SimCandle, SimDay, SimMarket, SimNotice, SimTrade, SimWallet

MARKET_ROW = Shape("market", "korean_name", "english_name")
MARKET_DETAIL_ROW = Shape("market", "korean_name", "english_name", "market_warning")
WARNING_ROW = Shape("market", "warning_type", "warning_step", "end_date")
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
BOOK_ROW = Shape("market", "timestamp", "total_ask_size", "total_bid_size", "orderbook_units")
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
MINUTE_ROW = Shape(*CANDLE_KEYS, "unit")
DAY_ROW = Shape(*CANDLE_KEYS, "prev_closing_price", "change_price", "change_rate")
CONVERTED_DAY_ROW = Shape(*CANDLE_KEYS, "prev_closing_price", "change_price", "change_rate", "converted_trade_price")
PERIOD_ROW = Shape(*CANDLE_KEYS, "first_day_of_period")
NOTICE_ROW = Shape("categories", "title", "pc_url", "published_at", "modified_at")
ASSET_ROW = Shape("currency", "net_type", "deposit_status", "withdrawal_status")

# The names of an automatic caution (주의) here, by those that the simulated world uses.
WARNING_TYPES = {
    "PRICE_FLUCTUATIONS": "PRICE_SUDDEN_FLUCTUATION",
    "TRADING_VOLUME_SOARING": "TRADING_VOLUME_SUDDEN_FLUCTUATION",
    "DEPOSIT_AMOUNT_SOARING": "DEPOSIT_AMOUNT_SUDDEN_FLUCTUATION",
    "GLOBAL_PRICE_DIFFERENCES": "PRICE_DIFFERENCE_HIGH",
    "CONCENTRATION_OF_SMALL_ACCOUNTS": "SPECIFIC_ACCOUNT_HIGH_TRANSACTION",
}
WARNING_STEPS = ("CAUTION", "WARNING", "DANGER")


def market_row(market: SimMarket, details: bool) -> str:
    names = (f'"{market.code}"', quoted(market.korean_name), quoted(market.english_name))
    if not details:
        return MARKET_ROW.long(names)
    return MARKET_DETAIL_ROW.long((*names, '"CAUTION"' if market.warning else '"NONE"'))


def warning_rows(market: SimMarket, now_ms: int) -> list[str]:
    """One row for each automatic caution of a market, ending at the next five-minute mark of Korean time."""
    end = kst(now_ms - now_ms % 300_000 + 299_000)
    return [
        WARNING_ROW.long(
            (
                f'"{market.code}"',
                f'"{WARNING_TYPES.get(name, name)}"',
                f'"{WARNING_STEPS[len(market.code + name) % 3]}"',
                f'"{end:%Y-%m-%d %H:%M:%S}"',
            )
        )
        for name in sorted(market.cautions)
    ]


def ticker_row(market: SimMarket, day: SimDay) -> str:
    """Both epochs are the last trade's, plus nine hours."""
    change, difference = change_of(day.last, day.prev_close)
    rate = difference / day.prev_close if day.prev_close else 0.0
    at, korean = utc(day.last_traded_ms), kst(day.last_traded_ms)
    shifted_ms = str(day.last_traded_ms + KST_MS)
    values = (
        f'"{market.code}"',
        f'"{at:%Y%m%d}"',
        f'"{at:%H%M%S}"',
        f'"{korean:%Y%m%d}"',
        f'"{korean:%H%M%S}"',
        shifted_ms,
        plain(day.opening),
        plain(day.high),
        plain(day.low),
        plain(day.last),
        plain(day.prev_close),
        f'"{change}"',
        plain(abs(difference)),
        plain(round(abs(rate), 4)),
        plain(difference),
        plain(round(rate, 4)),
        plain(day.last_volume),
        plain(sum_of(day.acc_value)),
        plain(sum_of(day.acc_value_24h)),
        plain(sum_of(day.acc_volume)),
        plain(sum_of(day.acc_volume_24h)),
        plain(day.high_52w),
        f'"{kst(day.high_52w_ms):%Y-%m-%d}"',
        plain(day.low_52w),
        f'"{kst(day.low_52w_ms):%Y-%m-%d}"',
        shifted_ms,
    )
    return TICKER_ROW.long(values)


def trade_row(trade: SimTrade, prev_close: float) -> str:
    """True UTC; `change_price` is signed; the id is shared by the trades of one millisecond."""
    at = utc(trade.traded_ms)
    values = (
        f'"{trade.code}"',
        f'"{at:%Y-%m-%d}"',
        f'"{at:%H:%M:%S}"',
        str(trade.traded_ms),
        plain(trade.price),
        plain(trade.volume),
        plain(prev_close),
        plain(change_of(trade.price, prev_close)[1]),
        side_of(trade.side),
        str(trade.rest_id),
    )
    return TRADE_ROW.long(values)


def book_row(code: str, book: SimBook, depth: int) -> str:
    """30 pairs for one market, 15 for each of several; milliseconds (since 2025-11-11), no `level`."""
    units = paired_units(book, depth)
    texts = "[" + ",".join(UNIT.long(tuple(map(plain, unit))) for unit in units) + "]"
    return BOOK_ROW.long((f'"{code}"', str(book.taken_ms), *map(plain, totals(units)), texts))


def candle_values(code: str, candle: SimCandle) -> tuple[str, ...]:
    return (
        f'"{code}"',
        f'"{iso_seconds(utc(candle.open_ms))}"',
        f'"{iso_seconds(kst(candle.open_ms))}"',
        plain(candle.open),
        plain(candle.high),
        plain(candle.low),
        plain(candle.close),
        str(candle.last_ms),
        plain(sum_of(candle.value)),
        plain(sum_of(candle.volume)),
    )


def minute_row(code: str, candle: SimCandle, unit: int) -> str:
    return MINUTE_ROW.long((*candle_values(code, candle), str(unit)))


def day_row(code: str, candle: SimCandle, prev_close: float, converted: float | None) -> str:
    difference = change_of(candle.close, prev_close)[1]
    rate = round(difference / prev_close, 8) if prev_close else 0.0
    values = (*candle_values(code, candle), plain(prev_close), plain(difference), plain(rate))
    return DAY_ROW.long(values) if converted is None else CONVERTED_DAY_ROW.long((*values, plain(converted)))


def period_row(code: str, candle: SimCandle, first_day: datetime) -> str:
    return PERIOD_ROW.long((*candle_values(code, candle), f'"{first_day:%Y-%m-%d}"'))


def notice_row(notice: SimNotice) -> str:
    """Naive Korean times; `modified_at` may come before `published_at`, since notices are written ahead."""
    return NOTICE_ROW.long(
        (
            json.dumps(notice.categories, ensure_ascii=False, separators=(",", ":")),
            quoted(notice.title),
            f'"https://feed.bithumb.com/notice/{notice.notice_id}"',
            f'"{kst(notice.published_ms):%Y-%m-%d %H:%M:%S}"',
            f'"{kst(notice.written_ms):%Y-%m-%d %H:%M:%S}"',
        )
    )


def network_asset_row(wallet: SimWallet) -> str:
    return ASSET_ROW.long(
        (f'"{wallet.base}"', quoted(wallet.network), str(int(wallet.deposit)), str(int(wallet.withdrawal)))
    )


def asset_state(networks: Mapping[str, SimWallet]) -> dict[str, int]:
    """Without networks: open when any of them is."""
    return {
        "withdrawal_status": int(any(wallet.withdrawal for wallet in networks.values())),
        "deposit_status": int(any(wallet.deposit for wallet in networks.values())),
    }


def old_ticker(day: SimDay) -> dict[str, str]:
    """One coin of `/public/ticker` (API 1.x): texts, and the 24 h change as amount and percentage."""
    change = sum_of(day.last - day.prev_close)
    return {
        "opening_price": plain(day.opening),
        "closing_price": plain(day.last),
        "min_price": plain(day.low),
        "max_price": plain(day.high),
        "units_traded": plain(sum_of(day.acc_volume)),
        "acc_trade_value": plain(sum_of(day.acc_value)),
        "prev_closing_price": plain(day.prev_close),
        "units_traded_24H": plain(sum_of(day.acc_volume_24h)),
        "acc_trade_value_24H": plain(sum_of(day.acc_value_24h)),
        "fluctate_24H": plain(change),
        "fluctate_rate_24H": plain(round(change / day.prev_close * 100, 2)) if day.prev_close else "0",
    }


def fee_row(base: str, korean_name: str, networks: Sequence[SimWallet]) -> str:
    """`/v2/fee/inout`: fees as texts; the amounts are made up from the ticker, they only need to be steady."""
    fee = 0.0001 * (1 + sum(base.encode()) % 50)
    return json.dumps(
        [
            {
                "name": korean_name,
                "currency": base,
                "networks": [
                    {
                        "net_name": wallet.network_name,
                        "deposit_fee_quantity": "0",
                        "deposit_minimum_quantity": plain(round(fee, 8)),
                        "withdraw_fee_quantity": plain(round(fee * 2, 8)),
                        "withdraw_minimum_quantity": plain(round(fee * 4, 8)),
                    }
                    for wallet in networks
                ],
            }
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )[1:-1]
