"""The SQL of `markets`: every book we ever recorded, and the small number that stands for it in the candles."""

import sqlite3
from collections.abc import Iterable

from collectors.events import Market


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


def set_trading_since(connection: sqlite3.Connection, market_id: int, at_ms: int) -> None:
    """Note the first trade that was ever seen of a market; the earliest stands."""
    connection.execute(
        "UPDATE markets SET trading_since_ms = MIN(COALESCE(trading_since_ms, ?), ?) WHERE id = ?",
        (at_ms, at_ms, market_id),
    )


def set_gone(connection: sqlite3.Connection, market_id: int, at_ms: int) -> None:
    """The exchange's market list no longer shows it."""
    connection.execute("UPDATE markets SET gone_ms = COALESCE(gone_ms, ?) WHERE id = ?", (at_ms, market_id))
