"""The SQL of `global_1m`: what the world paid for each coin that trades in Korea, minute by minute."""

import sqlite3
from collections.abc import Iterable

from analysis.keepers.world_prices import GlobalPrice
from store.rows import Rows

PURGE_ROWS = 5_000  # in one transaction: a few ms

_ADD = (
    "INSERT INTO global_1m (open_ms, base, price_usdt, volume_24h_usdt, venues) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (open_ms, base) DO UPDATE SET price_usdt = excluded.price_usdt,"
    " volume_24h_usdt = excluded.volume_24h_usdt, venues = excluded.venues"
)


def rows(open_ms: int, prices: Iterable[GlobalPrice]) -> Rows:
    """One minute as work for the writer; `venues` is a comma list. Taken again, the minute is what was said last."""
    return Rows(
        _ADD,
        [(open_ms, each.base, each.price_usdt, each.volume_24h_usdt, ",".join(each.venues)) for each in prices],
    )


def purge(connection: sqlite3.Connection, before_ms: int) -> bool:
    """Delete the oldest minutes before `before_ms`, `PURGE_ROWS` at most; return whether more are left."""
    gone = connection.execute(
        "DELETE FROM global_1m WHERE (open_ms, base) IN"
        " (SELECT open_ms, base FROM global_1m WHERE open_ms < ? ORDER BY open_ms LIMIT ?)",
        (before_ms, PURGE_ROWS),
    ).rowcount
    return gone == PURGE_ROWS
