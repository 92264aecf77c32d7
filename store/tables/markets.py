"""The SQL of `markets`: every book we ever recorded, and the small number that stands for it in the candles."""

import sqlite3
from collections.abc import Iterable

from collectors.events import Market
from store.rows import Rows

_GONE = "UPDATE markets SET gone_ms = COALESCE(gone_ms, ?) WHERE id = ?"
_TRADING_SINCE = "UPDATE markets SET trading_since_ms = MIN(COALESCE(trading_since_ms, ?), ?) WHERE id = ?"


def intern(connection: sqlite3.Connection, markets: Iterable[Market], now_ms: int) -> dict[Market, int]:
    """The ids of `markets`, new ones added. A market that had gone and is back is no longer gone."""
    connection.executemany(
        "INSERT INTO markets (exchange, base, quote, code, first_seen_ms) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (exchange, base, quote) DO UPDATE SET gone_ms = NULL WHERE gone_ms IS NOT NULL",
        [(each.exchange, each.base, each.quote, each.code, now_ms) for each in markets],
    )
    known = load(connection)
    return {each: known[each] for each in markets}


def load(connection: sqlite3.Connection) -> dict[Market, int]:
    """Every market with its id."""
    rows = connection.execute("SELECT exchange, base, quote, id FROM markets")
    return {Market(exchange, base, quote): market_id for exchange, base, quote, market_id in rows}


def trading_since(market_id: int, at_ms: int) -> Rows:
    """A row that notes the first trade of a market whose opening was watched; the earliest stands."""
    return Rows(_TRADING_SINCE, [(at_ms, at_ms, market_id)])


def gone(market_ids: Iterable[int], at_ms: int) -> Rows:
    """Rows that say that the exchange's market list no longer shows these."""
    return Rows(_GONE, [(at_ms, each) for each in market_ids])
