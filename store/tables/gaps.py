"""The SQL of `gaps`: every interval that we know we missed. Times are the exchange's, in whole seconds of ms.

A market has at most one gap without an end; opening it again leaves it as it is.
"""

import sqlite3
from collections.abc import Iterable, Mapping

from msgspec import Struct

from collectors.events import Exchange, GapCause, Market
from collectors.repair.gaps import Interval
from store.rows import Rows

_OPEN = (
    "INSERT INTO gaps (exchange, market_id, from_ms, cause) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (exchange, market_id) WHERE to_ms IS NULL DO NOTHING"
)
_CLOSE = "UPDATE gaps SET to_ms = MAX(?, from_ms) WHERE exchange = ? AND market_id = ? AND to_ms IS NULL"
_ADD = "INSERT INTO gaps (exchange, market_id, from_ms, to_ms, cause) VALUES (?, ?, ?, ?, ?)"

# The gaps that end after :from_ms or have not ended, found by their end: months of older ones cost nothing.
UNTIL_AFTER = "(SELECT * FROM gaps WHERE to_ms > :from_ms UNION ALL SELECT * FROM gaps WHERE to_ms IS NULL)"


class OpenGap(Struct, frozen=True):
    """A gap that has not ended. `from_ms` is the exchange's time."""

    from_ms: int
    cause: GapCause


class Missed(Struct, frozen=True):
    """An interval [from_ms, to_ms) that counts as missed, of one market or (None) of its whole exchange."""

    exchange: Exchange
    market_id: int | None
    from_ms: int
    to_ms: int


def opened(gaps: Iterable[tuple[Exchange, int, int, GapCause]]) -> Rows:
    """Rows that open gaps: (exchange, market id, from_ms, cause) each."""
    return Rows(_OPEN, [(exchange, market, from_ms, cause.value) for exchange, market, from_ms, cause in gaps])


def closed(ends: Iterable[tuple[Exchange, int, int]]) -> Rows:
    """Rows that end the open gaps of markets: (exchange, market id, to_ms) each."""
    return Rows(_CLOSE, [(to_ms, exchange, market) for exchange, market, to_ms in ends])


def added(gaps: Iterable[tuple[Exchange, int | None, int, int, GapCause]]) -> Rows:
    """Rows that add gaps whose end is known: (exchange, market id or None, from_ms, to_ms, cause) each."""
    return Rows(_ADD, [(*gap, cause.value) for *gap, cause in gaps])


def load_open(connection: sqlite3.Connection, markets: Mapping[int, Market]) -> dict[Market, OpenGap]:
    """The gaps without an end that an earlier run left, by market."""
    rows = connection.execute("SELECT market_id, from_ms, cause FROM gaps WHERE to_ms IS NULL AND market_id NOT NULL")
    return {markets[market]: OpenGap(from_ms, GapCause(cause)) for market, from_ms, cause in rows if market in markets}


def missed_in(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> list[Missed]:
    """What of [from_ms, to_ms) is still missed: gaps that touch it and are not healed, cut to it."""
    rows = connection.execute(
        "SELECT exchange, market_id, MAX(from_ms, :from_ms), MIN(COALESCE(to_ms, :to_ms), :to_ms)"  # noqa: S608
        f" FROM {UNTIL_AFTER} WHERE from_ms < :to_ms AND state <> 'healed'",
        {"from_ms": from_ms, "to_ms": to_ms},
    )
    return [Missed(*row) for row in rows]


def missed_of(
    connection: sqlite3.Connection, exchange: Exchange, market_id: int, from_ms: int, to_ms: int
) -> list[Interval]:
    """What one market still misses of [from_ms, to_ms), gaps of its whole exchange included."""
    return [
        (gap.from_ms, gap.to_ms)
        for gap in missed_in(connection, from_ms, to_ms)
        if gap.exchange == exchange and gap.market_id in (None, market_id)
    ]


class GapRow(Struct, frozen=True):
    """A gap for people and scripts: the table's columns, and the market's code (None: every market)."""

    id: int
    exchange: str
    market_id: int | None
    market: str | None
    from_ms: int
    to_ms: int | None
    cause: str
    state: str
    healed_ms: int | None
    source: str | None


_FOR_PEOPLE = (
    "SELECT g.id, g.exchange, g.market_id, m.code, g.from_ms, g.to_ms, g.cause, g.state, g.healed_ms, g.source"
    " FROM {gaps} AS g LEFT JOIN markets AS m ON m.id = g.market_id"
)


def report(connection: sqlite3.Connection, last: int) -> list[GapRow]:
    """The newest `last` gaps, oldest first."""
    rows = connection.execute(_FOR_PEOPLE.format(gaps="gaps") + " ORDER BY g.id DESC LIMIT ?", (last,)).fetchall()
    return [GapRow(*row) for row in reversed(rows)]


def touching(
    connection: sqlite3.Connection, exchange: Exchange, market_id: int, from_ms: int, to_ms: int
) -> list[GapRow]:
    """The gaps, healed ones too, that touch [from_ms, to_ms) of a market, those of its whole exchange included."""
    rows = connection.execute(
        _FOR_PEOPLE.format(gaps=UNTIL_AFTER) + " WHERE g.from_ms < :to_ms AND +g.exchange = :exchange"
        " AND COALESCE(g.market_id, :market) = :market ORDER BY +g.id",  # found by their end, not by what + stands at
        {"from_ms": from_ms, "to_ms": to_ms, "exchange": exchange, "market": market_id},
    )
    return [GapRow(*row) for row in rows]
