"""Builders for tests of recording: trades, candles, an open database, and how a person would fold trades by hand."""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

from collectors.events import EXCHANGES, AskBid, Candle, Exchange, Fill, Fills, Market, Trade
from collectors.recording.minutes import MinuteFold
from tests.fakes.blank import open_blank
from tests.fakes.clock import START_MS

BTC = Market("upbit", "BTC", "KRW")
ETH = Market("upbit", "ETH", "KRW")
SOL = Market("bithumb", "SOL", "KRW")


def trade(
    at_ms: int,
    price: float = 100.0,
    volume: float = 1.0,
    trade_id: int | None = None,
    market: Market = BTC,
    received_ms: int | None = None,
) -> Trade:
    """A trade `at_ms` after START_MS, received 50 ms later unless said otherwise."""
    traded_ms = START_MS + at_ms
    received = traded_ms + 50 if received_ms is None else START_MS + received_ms
    return Trade(market, price, volume, "buy", traded_ms, received, at_ms * 10_000 if trade_id is None else trade_id)


def together(*trades: Trade) -> Fills:
    """Trades of one exchange as they come in one read; all received when the latest was."""
    fills = [fill_of(each) for each in trades]
    return Fills(trades[0].market.exchange, max(each.received_ms for each in trades), fills)


def fill_of(trade: Trade) -> Fill:
    """As it stands among others."""
    word: AskBid = "ASK" if trade.side == "sell" else "BID"
    return Fill(trade.market.code, trade.traded_ms, trade.price, trade.volume, word, trade.trade_id)


def second(at_s: int, price: float = 100.0, market: Market = BTC, volume: float = 1.0) -> Candle:
    """A one-trade candle `at_s` seconds after START_MS."""
    return Candle(market, START_MS + at_s * 1000, price, price, price, price, volume, price * volume, 1)


def fold_from(at_ms: int) -> MinuteFold:
    """A fold that began in that minute of both exchanges, so that it folds from the next one on."""
    fold = MinuteFold()
    for exchange in EXCHANGES:
        fold.begin(exchange, at_ms)
    return fold


def by_hand(trades: Iterable[Trade], length_ms: int, exchange: Exchange = "upbit") -> list[Candle]:
    """The slow, obvious way: unique trades, sorted, grouped by market and interval. Bithumb keeps order of arrival."""
    unique: dict[tuple[Market, int, int], Trade] = {}
    for each in trades:
        unique.setdefault((each.market, each.traded_ms // 1000, each.trade_id), each)
    key = (lambda t: (t.traded_ms, t.trade_id)) if exchange == "upbit" else (lambda t: (t.traded_ms, 0))
    groups: dict[tuple[Market, int], list[Trade]] = {}
    for each in sorted(unique.values(), key=key):
        groups.setdefault((each.market, each.traded_ms - each.traded_ms % length_ms), []).append(each)
    return [_candle(market, open_ms, group) for (market, open_ms), group in sorted(groups.items())]


def _candle(market: Market, open_ms: int, group: Sequence[Trade]) -> Candle:
    prices = [each.price for each in group]
    volume, value = 0.0, 0.0
    for each in group:
        volume += each.volume
        value += each.price * each.volume
    return Candle(market, open_ms, prices[0], max(prices), min(prices), prices[-1], volume, value, len(group))


def same(left: Candle, right: Candle) -> bool:
    """Prices and counts exactly, sums within 1e-9 relative (the contract)."""
    exact = ("market", "open_ms", "open", "high", "low", "close", "trades")
    if any(getattr(left, name) != getattr(right, name) for name in exact):
        return False
    pairs = [(left.volume, right.volume), (left.quote_volume, right.quote_volume)]
    return all(abs(a - b) <= 1e-9 * max(abs(a), abs(b)) for a, b in pairs)


def database(folder: Path) -> sqlite3.Connection:
    """A migrated database file, opened for writing."""
    return open_blank(folder / "radar.db")


def rows(path: Path, sql: str, *params: object) -> list[tuple[object, ...]]:
    """What another process would read from the file."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        return connection.execute(sql, params).fetchall()
    finally:
        connection.close()
