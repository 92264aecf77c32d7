"""The SQL of `global_instruments` (who trades what abroad, by coin) and `global_lists` (how fresh each list is).

A coin that leaves a list keeps its row, with `gone_ms`; one that comes back loses it and keeps `first_seen_ms`.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Literal

from msgspec import Struct

from store.rows import Rows

Kind = Literal["spot", "perp"]

UPSERT = (
    "INSERT INTO global_instruments (venue, kind, base, symbol, quote, multiplier, contract_size, live, pre_market,"
    " first_seen_ms, changed_ms, gone_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (venue, kind, base) DO UPDATE SET symbol = excluded.symbol, quote = excluded.quote,"
    " multiplier = excluded.multiplier, contract_size = excluded.contract_size, live = excluded.live,"
    " pre_market = excluded.pre_market, changed_ms = excluded.changed_ms, gone_ms = excluded.gone_ms"
)
LIST = (
    "INSERT INTO global_lists (venue, kind, taken_ms, listed, trouble) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (venue, kind) DO UPDATE SET taken_ms = COALESCE(excluded.taken_ms, taken_ms),"
    " listed = COALESCE(excluded.listed, listed), trouble = excluded.trouble"
)


class Traded(Struct, frozen=True, gc=False):
    """One coin at one venue. `multiplier`: coins the venue calls one; `contract_size`: of these in a unit of size."""

    venue: str
    kind: Kind
    base: str
    symbol: str
    quote: str = "USDT"
    multiplier: int = 1
    contract_size: float = 1.0
    live: bool = True
    pre_market: bool = False


class ListRead(Struct, frozen=True):
    """How one list was read: how many coins were in it and when, or what the trouble was."""

    venue: str
    kind: Kind
    taken_ms: int | None = None
    listed: int | None = None
    trouble: str | None = None


def kept(traded: Iterable[Traded], now_ms: int, gone: bool = False) -> Rows:
    """New and changed coins, or ones that left their list."""
    return Rows(UPSERT, [(*_values(one), now_ms, now_ms, now_ms if gone else None) for one in traded])


def read_lists(lists: Iterable[ListRead]) -> Rows:
    return Rows(LIST, [(one.venue, one.kind, one.taken_ms, one.listed, one.trouble) for one in lists])


def present(connection: sqlite3.Connection) -> list[Traded]:
    """Everything that stood in a list when it was last read."""
    rows = connection.execute(
        "SELECT venue, kind, base, symbol, quote, multiplier, contract_size, live, pre_market"
        " FROM global_instruments WHERE gone_ms IS NULL"
    )
    return [
        Traded(venue, kind, base, symbol, quote, multiplier, size, bool(live), bool(pre_market))
        for venue, kind, base, symbol, quote, multiplier, size, live, pre_market in rows
    ]


def read(path: Path) -> list[Traded]:
    """`present` by a read-only connection, for a thread beside the loop; nothing while the database can't be read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            return present(connection)
    except sqlite3.Error:
        return []


def _values(one: Traded) -> tuple[str | int | float, ...]:
    state = (one.multiplier, one.contract_size, int(one.live), int(one.pre_market))
    return (one.venue, one.kind, one.base, one.symbol, one.quote, *state)
