"""The SQL of `candles_1s`, `candles_1m` and `rollup_state`. Candles are upserted whole: the last write stands."""

import sqlite3
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec.structs import astuple

from collectors.events import Candle, Exchange, Market
from collectors.repair.gaps import OFFICIAL_MINUTES, Interval, covered_s
from config.units import MINUTE_MS, SECOND_MS
from store.rows import Rows, execute
from store.tables import listing_seconds
from store.tables.gaps import UNTIL_AFTER, missed_in

UPSERT_SECOND = """
INSERT INTO candles_1s (open_ms, market_id, open, high, low, close, volume, quote_volume, trades)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (open_ms, market_id) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, quote_volume = excluded.quote_volume, trades = excluded.trades
"""
UPSERT_MINUTE = """
INSERT INTO candles_1m (market_id, open_ms, open, high, low, close, volume, quote_volume, trades, covered_s)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (market_id, open_ms) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, quote_volume = excluded.quote_volume, trades = excluded.trades,
    covered_s = excluded.covered_s
"""
_COVERED = "UPDATE candles_1m SET covered_s = ? WHERE market_id = ? AND open_ms = ?"
_SET_STATE = (
    "INSERT INTO rollup_state (name, at_ms) VALUES (?, ?)"
    " ON CONFLICT (name) DO UPDATE SET at_ms = MAX(at_ms, excluded.at_ms)"
)
_SET_EXACTLY = (
    "INSERT INTO rollup_state (name, at_ms) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET at_ms = excluded.at_ms"
)

PURGE_ROWS = 500  # minutes that go in one statement
_AFTER_SOME = "SELECT open_ms FROM candles_1m WHERE market_id = ? AND open_ms < ? ORDER BY open_ms LIMIT 1 OFFSET ?"
_PURGE_MINUTES = "DELETE FROM candles_1m WHERE market_id = ? AND open_ms < ?"

NOWHERE: Mapping[Exchange, int] = {}

Touched = tuple[int, int, int]  # market id, from_ms, to_ms

# The minute of each market from its seconds, first by time to last by time. The slow, sure way: for recovery and tests.
_ROLL = """
SELECT m.market_id, f.open, m.high, m.low, l.close, m.volume, m.quote_volume, m.trades FROM (
    SELECT market_id, MIN(open_ms) AS first_ms, MAX(open_ms) AS last_ms, MAX(high) AS high, MIN(low) AS low,
        SUM(volume) AS volume, SUM(quote_volume) AS quote_volume, SUM(trades) AS trades
    FROM candles_1s WHERE {where} GROUP BY market_id
) AS m
CROSS JOIN candles_1s AS f ON f.open_ms = m.first_ms AND f.market_id = m.market_id
CROSS JOIN candles_1s AS l ON l.open_ms = m.last_ms AND l.market_id = m.market_id
"""
_ROLL_ALL = _ROLL.format(where="open_ms >= ? AND open_ms < ?")
_ROLL_ONE = _ROLL.format(where=f"market_id = ? AND open_ms IN ({', '.join('?' * 60)})")

# The markets whose stored minute is the exchange's own, because their seconds do not tell all of it.
_TAKEN_OVER = f"""
SELECT c.market_id FROM {UNTIL_AFTER} AS g
JOIN candles_1m AS c ON c.market_id = g.market_id AND c.open_ms = :from_ms
WHERE g.from_ms < :to_ms AND instr(g.source, :official)
"""  # noqa: S608  # nothing but the name of a constant

# --- seconds --------------------------------------------------------------------------------------------------------


def seconds(candles: Iterable[Candle], ids: Mapping[Market, int]) -> Rows:
    """One-second candles, ready for the writer."""
    return Rows(
        UPSERT_SECOND,
        [
            (c.open_ms, ids[c.market], c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades)
            for c in candles
        ],
    )


def _values(candle: Candle) -> tuple[float | int, ...]:
    """open, high, low, close, volume, quote_volume, trades: the columns in their order, and the fields in theirs."""
    return astuple(candle)[2:]


def load_seconds(connection: sqlite3.Connection, market: Market, from_ms: int, to_ms: int) -> list[Candle]:
    """The stored seconds of a market in [from_ms, to_ms), oldest first."""
    rows = connection.execute(
        "SELECT c.open_ms, open, high, low, close, volume, quote_volume, trades"
        " FROM candles_1s AS c JOIN markets AS m ON m.id = c.market_id"
        " WHERE m.exchange = ? AND m.base = ? AND m.quote = ? AND c.open_ms >= ? AND c.open_ms < ? ORDER BY c.open_ms",
        (market.exchange, market.base, market.quote, from_ms, to_ms),
    )
    return [Candle(market, *row) for row in rows]


# --- minutes --------------------------------------------------------------------------------------------------------


def first_minute(connection: sqlite3.Connection, market_id: int) -> int | None:
    """The start of the first minute that is stored of a market; None while there is none."""
    found = connection.execute("SELECT MIN(open_ms) FROM candles_1m WHERE market_id = ?", (market_id,)).fetchone()
    first_ms: int | None = found[0]
    return first_ms


def has_minutes(connection: sqlite3.Connection, market_id: int, span: range) -> bool:
    """Whether a stored minute of a market with trades lies in the span, whole."""
    sql = "SELECT 1 FROM candles_1m WHERE market_id = ? AND open_ms >= ? AND open_ms <= ? AND volume > 0 LIMIT 1"
    return connection.execute(sql, (market_id, span.start, span.stop - MINUTE_MS)).fetchone() is not None


def store_minutes(connection: sqlite3.Connection, minutes: Sequence[Candle], ids: Mapping[Market, int]) -> None:
    """Keep minutes that were folded in memory, each with the seconds of it that we were listening."""
    by_start: dict[int, list[Candle]] = {}
    for minute in minutes:
        by_start.setdefault(minute.open_ms, []).append(minute)
    for minute_ms, of_minute in by_start.items():
        coverage = Coverage(connection, minute_ms)
        rows = []
        for candle in of_minute:
            market_id = ids[candle.market]
            covered = coverage.of(candle.market.exchange, market_id)
            rows.append((market_id, minute_ms, *_values(candle), covered))
        # One by one: each row has a page of its own, and a statement for many rows copies every page that it touches,
        # to undo it; that costs more than it saves.
        connection.executemany(UPSERT_MINUTE, rows)


def load_minutes(connection: sqlite3.Connection, market: Market, market_id: int, span: range) -> dict[int, Candle]:
    """The stored minutes of a market in a span, by their start."""
    rows = connection.execute(
        "SELECT open_ms, open, high, low, close, volume, quote_volume, trades FROM candles_1m"
        " WHERE market_id = ? AND open_ms >= ? AND open_ms < ?",
        (market_id, span.start, span.stop),
    )
    return {row[0]: Candle(market, *row) for row in rows}


def rollup_minute(
    connection: sqlite3.Connection,
    minute_ms: int,
    market_ids: Collection[int] | None = None,
    blind_from_ms: Mapping[Exchange, int] = NOWHERE,
    *,
    keeps_official: bool = True,
) -> int:
    """Roll one minute, of these markets or of all, from the stored seconds; return how many markets had any.

    Rolling again replaces, but for minutes that were taken over from the exchange: of those only the coverage is said
    again, unless the seconds are known to tell all (`keeps_official` False). The caller makes sure that no second of
    the minute has been purged (`purged_until`).
    `blind_from_ms`: from there on nothing counts as covered, though no gap says so yet.
    """
    if market_ids is None:
        rolled = connection.execute(_ROLL_ALL, (minute_ms, minute_ms + MINUTE_MS)).fetchall()
    else:
        opens = range(minute_ms, minute_ms + MINUTE_MS, SECOND_MS)
        rolled = [row for each in market_ids for row in connection.execute(_ROLL_ONE, (each, *opens))]
    span = {"from_ms": minute_ms, "to_ms": minute_ms + MINUTE_MS, "official": OFFICIAL_MINUTES}
    taken_over = {each[0] for each in connection.execute(_TAKEN_OVER, span)} if keeps_official else set[int]()
    if market_ids is not None:
        taken_over.intersection_update(market_ids)
    coverage = Coverage(connection, minute_ms, blind_from_ms)
    covered = {
        each: coverage.of(_exchange_of(connection, each), each) for each in {row[0] for row in rolled} | taken_over
    }
    rows = [(row[0], minute_ms, *row[1:], covered[row[0]]) for row in rolled if row[0] not in taken_over]
    execute(connection, Rows(UPSERT_MINUTE, rows))
    execute(connection, Rows(_COVERED, [(covered[each], each, minute_ms) for each in taken_over]))
    return len(rolled)


def _exchange_of(connection: sqlite3.Connection, market_id: int) -> Exchange:
    exchange: Exchange = connection.execute("SELECT exchange FROM markets WHERE id = ?", (market_id,)).fetchone()[0]
    return exchange


def refresh_coverage(connection: sqlite3.Connection, exchange: Exchange, touched: Iterable[Touched]) -> None:
    """Say again how much of stored minutes we were listening, where gaps changed after they were rolled."""
    coverage: dict[int, Coverage] = {}
    for market_id, from_ms, to_ms in touched:
        stored = connection.execute(
            "SELECT open_ms, covered_s FROM candles_1m WHERE market_id = ? AND open_ms > ? AND open_ms < ?",
            (market_id, from_ms - MINUTE_MS, to_ms),
        ).fetchall()
        for minute_ms, before in stored:
            if minute_ms not in coverage:
                coverage[minute_ms] = Coverage(connection, minute_ms)
            if (covered := coverage[minute_ms].of(exchange, market_id)) != before:
                connection.execute(_COVERED, (covered, market_id, minute_ms))


class Coverage:
    """The gaps of one minute, asked market by market."""

    def __init__(
        self, connection: sqlite3.Connection, minute_ms: int, blind_from_ms: Mapping[Exchange, int] = NOWHERE
    ) -> None:
        self._minute_ms = minute_ms
        self._missed: dict[tuple[Exchange, int | None], list[Interval]] = {
            (exchange, None): [(from_ms, None)] for exchange, from_ms in blind_from_ms.items()
        }
        for gap in missed_in(connection, minute_ms, minute_ms + MINUTE_MS):
            self._missed.setdefault((gap.exchange, gap.market_id), []).append((gap.from_ms, gap.to_ms))

    def of(self, exchange: Exchange, market_id: int) -> int:
        """The seconds, 0 to 60, that no gap of the market or of its whole exchange touches."""
        if not self._missed:
            return 60
        missed = [*self._missed.get((exchange, market_id), ()), *self._missed.get((exchange, None), ())]
        return covered_s(self._minute_ms, missed)


# --- how far we have come -------------------------------------------------------------------------------------------


def recorded(exchange: Exchange, before_ms: int) -> Rows:
    """A row that says: every second of the exchange before `before_ms` is stored, as far as it will be."""
    return Rows(_SET_STATE, [(f"recorded:{exchange}", before_ms)])


def skewed(exchange: Exchange, low_ms: int, ahead_ms: int) -> Rows:
    """Rows that say how far behind its time (below 0) and ahead of it the stamps of an exchange lay of late."""
    return Rows(_SET_EXACTLY, [(f"low:{exchange}", low_ms), (f"ahead:{exchange}", ahead_ms)])


def skew_of(connection: sqlite3.Connection, exchange: Exchange) -> tuple[int, int]:
    """The two that were stored last; 0 where none were."""
    return _state(connection, f"low:{exchange}") or 0, _state(connection, f"ahead:{exchange}") or 0


def recorded_until(connection: sqlite3.Connection, exchange: Exchange) -> int | None:
    return _state(connection, f"recorded:{exchange}")


def set_rolled(connection: sqlite3.Connection, exchange: Exchange, before_ms: int) -> None:
    """Every minute of the exchange that ends at or before `before_ms` is stored."""
    connection.execute(_SET_STATE, (f"rolled:{exchange}", before_ms))


def rolled_until(connection: sqlite3.Connection, exchange: Exchange) -> int | None:
    return _state(connection, f"rolled:{exchange}")


def purged_until(connection: sqlite3.Connection) -> int:
    """Seconds before this may be gone; minutes before it must not be rolled again from them."""
    return _state(connection, "purged") or 0


def _state(connection: sqlite3.Connection, name: str) -> int | None:
    row = connection.execute("SELECT at_ms FROM rollup_state WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


# --- purge ----------------------------------------------------------------------------------------------------------
# Each takes steps until its budget is used up, at least one, and tells whether it has to be called again.


def purge_seconds(connection: sqlite3.Connection, before_ms: int, budget_s: float) -> bool:
    """Delete seconds before `before_ms`, the oldest first, after copying what `listing_seconds` is to keep of them.

    `before_ms` must be the start of a minute, so that a minute's seconds are all there or may all be gone.
    """
    until = time.monotonic() + budget_s
    oldest = oldest_second(connection)
    if oldest is None or oldest >= before_ms:
        return False
    connection.execute(_SET_STATE, ("purged", before_ms))
    windows = listing_seconds.windows(connection, oldest)
    while oldest is not None and oldest < before_ms:
        if wanted := listing_seconds.markets_at(windows, oldest):
            listing_seconds.keep(connection, wanted, oldest, oldest + SECOND_MS)
        connection.execute("DELETE FROM candles_1s WHERE open_ms = ?", (oldest,))
        oldest = oldest_second(connection)
        if time.monotonic() > until:
            return oldest is not None and oldest < before_ms
    return False


def oldest_second(connection: sqlite3.Connection) -> int | None:
    oldest: int | None = connection.execute("SELECT MIN(open_ms) FROM candles_1s").fetchone()[0]
    return oldest


def purge_minutes(connection: sqlite3.Connection, before_ms: int, budget_s: float, after_id: int = -1) -> int | None:
    """Delete minutes before `before_ms`, market by market as they lie in the table, beginning after `after_id`.

    Returns the last market that is done with, to go on from; None once all are. Of one market alone a year may have to
    go, where the retention was shortened.
    """
    until = time.monotonic() + budget_s
    ids = connection.execute("SELECT id FROM markets WHERE id > ? ORDER BY id", (after_id,)).fetchall()
    for (market_id,) in ids:
        while (rest := connection.execute(_AFTER_SOME, (market_id, before_ms, PURGE_ROWS)).fetchone()) is not None:
            connection.execute(_PURGE_MINUTES, (market_id, *rest))
            if time.monotonic() > until:
                return after_id
        connection.execute(_PURGE_MINUTES, (market_id, before_ms))
        after_id = market_id
        if time.monotonic() > until:
            return after_id
    return None


def hand_back(connection: sqlite3.Connection, keep_free: int, most: int) -> bool:
    """Return up to `most` pages to the file system while more than `keep_free` are unused; whether there are more.

    The file is not copied, but a page in use moves for each: a page or two of WAL.
    """
    free = connection.execute("PRAGMA freelist_count").fetchone()[0] - keep_free
    for _ in range(min(free, most)):
        connection.execute("PRAGMA incremental_vacuum(1)")  # a larger number stops after one as well, called from here
    return bool(free > most)
