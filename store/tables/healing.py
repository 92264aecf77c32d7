"""The SQL of healing: gaps that wait for it, and seconds replaced together with the state of their gap."""

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from itertools import pairwise

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Candle, Exchange, GapCause, Market
from collectors.repair.audit import Comparison, compare
from collectors.repair.healing import holds, seconds_in
from config.units import MINUTE_MS, SECOND_MS, whole_minute, whole_second
from store.rows import Rows, execute
from store.tables import candles, listing_seconds
from store.tables.gaps import missed_of

PIECES = 500  # about so many are added in one transaction: a few ms

_ADD = "INSERT INTO gaps (exchange, market_id, from_ms, to_ms, cause) VALUES (?, ?, ?, ?, ?)"


class Wound(Struct, frozen=True):
    """A closed gap of one market that waits to be healed. `for_good`: its seconds belong into `listing_seconds`."""

    gap_id: int
    market: Market
    market_id: int
    from_ms: int
    to_ms: int
    for_good: bool = False


def settle_whole_exchange(connection: sqlite3.Connection, exchange: Exchange, since_ms: int, before_ms: int) -> bool:
    """Turn closed gaps of a whole exchange into one for each market not gone by then, so that each heals by itself.

    Gaps that touch each other and have one cause become one first. Some at a time; whether there are more.
    """
    rows = connection.execute(
        "SELECT id, from_ms, to_ms, cause FROM gaps WHERE exchange = ? AND market_id IS NULL AND state = 'open'"
        " AND to_ms > ? AND to_ms <= ? ORDER BY from_ms",
        (exchange, since_ms, before_ms),
    ).fetchall()
    known = connection.execute("SELECT id, gone_ms FROM markets WHERE exchange = ?", (exchange,)).fetchall()
    if not known:
        return False
    added = 0
    rows.reverse()
    while rows and added < PIECES:
        gap_id, from_ms, to_ms, cause = rows.pop()
        settled = [(gap_id,)]
        while rows and rows[-1][3] == cause and rows[-1][1] <= to_ms:
            gap_id, _, ends_ms, _ = rows.pop()
            settled.append((gap_id,))
            to_ms = max(to_ms, ends_ms)
        there = [market_id for market_id, gone_ms in known if gone_ms is None or gone_ms > from_ms]
        execute(connection, Rows(_ADD, [(exchange, market_id, from_ms, to_ms, cause) for market_id in there]))
        connection.executemany("DELETE FROM gaps WHERE id = ?", settled)
        added += len(there)
    return bool(rows)


_LONG = """
SELECT id, market_id, from_ms, to_ms, cause FROM gaps
WHERE exchange = :exchange AND market_id NOT NULL AND state = 'open' AND to_ms > :since_ms
    AND ((from_ms < :at_ms AND to_ms > :at_ms) OR to_ms - from_ms > CASE
        WHEN from_ms < :at_ms AND market_id NOT IN (SELECT value FROM json_each(:kept)) THEN :before_ms
        ELSE :after_ms
    END)
"""


def cut(
    connection: sqlite3.Connection, exchange: Exchange, since_ms: int, at_ms: int, lengths_ms: tuple[int, int]
) -> bool:
    """Cut closed gaps at `at_ms`, and into pieces: what is written in one transaction stays small.

    Some at a time; whether there are more. `lengths_ms`: the longest piece before `at_ms`, where only minutes are left
    to heal, and the longest after it, or where seconds are kept for good.
    """
    before_ms, after_ms = lengths_ms
    kept = {market_id for each in listing_seconds.windows(connection, since_ms) for market_id in each.markets}
    asked = {"exchange": exchange, "since_ms": since_ms, "at_ms": at_ms, "kept": json.dumps(sorted(kept))}
    rows = connection.execute(_LONG, asked | {"before_ms": before_ms, "after_ms": after_ms}).fetchall()
    added = 0
    while rows and added < PIECES:
        gap_id, market_id, from_ms, to_ms, cause = rows.pop()
        step_ms = after_ms if market_id in kept else before_ms
        old = range(from_ms - from_ms % step_ms + step_ms, min(to_ms, at_ms), step_ms)
        new = range(max(from_ms, at_ms), to_ms, after_ms)
        edges = sorted({from_ms, *old, *new, to_ms})
        connection.execute("UPDATE gaps SET to_ms = ? WHERE id = ?", (edges[1], gap_id))
        connection.executemany(_ADD, [(exchange, market_id, *piece, cause) for piece in pairwise(edges[1:])])
        added += len(edges)
    return bool(rows)


def give_up(connection: sqlite3.Connection, exchange: Exchange, since_ms: int, reason: str) -> None:
    """Closed gaps that end before `since_ms` can't be healed any more."""
    connection.execute(
        "UPDATE gaps SET state = 'unhealable', source = ? WHERE exchange = ? AND state = 'open' AND to_ms <= ?",
        (reason, exchange, since_ms),
    )


_WOUNDS = """
SELECT g.id, m.base, m.quote, g.market_id, g.from_ms, g.to_ms FROM gaps AS g JOIN markets AS m ON m.id = g.market_id
WHERE g.exchange = :exchange AND g.state = 'open' AND g.to_ms > :since_ms AND g.to_ms <= :before_ms
    AND g.id NOT IN (SELECT value FROM json_each(:gaps)) AND m.id NOT IN (SELECT value FROM json_each(:markets))
ORDER BY m.base IN (SELECT value FROM json_each(:young)) DESC,
    m.base IN (SELECT value FROM json_each(:yardsticks)) DESC, g.from_ms
LIMIT :most
"""


def wounds(
    connection: sqlite3.Connection,
    exchange: Exchange,
    since_ms: int,
    before_ms: int,
    most: int,
    first: tuple[Iterable[str], Iterable[str]] = ((), ()),
    resting: tuple[Iterable[int], Iterable[int]] = ((), ()),
) -> list[Wound]:
    """Closed gaps of single markets that end after `since_ms` and at or before `before_ms`.

    Left out are the gaps and the markets whose numbers are in `resting`.

    Those of the coins in `first` come before all others, one group before the other; inside a group the oldest.
    """
    young, yardsticks = (json.dumps(sorted(group)) for group in first)
    resting_gaps, resting_markets = (json.dumps(sorted(group)) for group in resting)
    asked = {"exchange": exchange, "since_ms": since_ms, "before_ms": before_ms, "most": most}
    sets = {"young": young, "yardsticks": yardsticks, "gaps": resting_gaps, "markets": resting_markets}
    rows = connection.execute(_WOUNDS, asked | sets)
    found = [Wound(gap_id, Market(exchange, base, quote), *rest) for gap_id, base, quote, *rest in rows]
    windows = listing_seconds.windows(connection, since_ms)
    return [replace(each, for_good=True) if _in_one(windows, each) else each for each in found]


def _in_one(windows: Sequence[listing_seconds.Window], wound: Wound) -> bool:
    return any(
        wound.market_id in each.markets and each.from_ms < wound.to_ms and wound.from_ms < each.to_ms
        for each in windows
    )


# Second by second through the primary key, which begins with the time: a range would read every other market as well.
_SECONDS = """
WITH RECURSIVE seconds (open_ms) AS (
    SELECT :from_ms UNION ALL SELECT open_ms + 1000 FROM seconds WHERE open_ms + 1000 < :to_ms
)
SELECT c.open_ms, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades
FROM seconds AS s CROSS JOIN candles_1s AS c ON c.open_ms = s.open_ms AND c.market_id = :market_id
"""


def stored_seconds(
    connection: sqlite3.Connection, market: Market, market_id: int, from_ms: int, to_ms: int
) -> dict[int, Candle]:
    """The stored seconds that [from_ms, to_ms) touches, by their start."""
    span = {"from_ms": whole_second(from_ms), "to_ms": to_ms, "market_id": market_id}
    return {row[0]: Candle(market, *row) for row in connection.execute(_SECONDS, span)} if from_ms < to_ms else {}


class Excess(Enum):
    """What becomes of a stored second that holds more than what is to replace it."""

    REFUSED = "refused"  # then nothing is replaced
    DROPPED = "dropped"


class Lacking(Exception):
    """What was fetched can't be the whole of it: nothing is replaced, and the gap stays as it is."""


def heal(
    connection: sqlite3.Connection,
    wound: Wound,
    seconds: Sequence[Candle],
    now_ms: int,
    source: str,
    excess: Excess = Excess.REFUSED,
) -> None:
    """Replace the seconds of a gap and mark it healed; roll the minutes that are stored already once more.

    A candle with `trades` 0 does not tell its count: ours stands then, or 1, as a lower bound. Raises Lacking, with
    nothing changed, where a stored second holds what `seconds` does not (unless that is to be dropped), or the first of
    its minutes is purged already.
    """
    if minutes_in(wound.from_ms, wound.to_ms)[0] < candles.purged_until(connection):
        raise Lacking("the seconds around it have been purged meanwhile")
    ours = stored_seconds(connection, wound.market, wound.market_id, wound.from_ms, wound.to_ms)
    theirs = {each.open_ms: counted(each, ours.get(each.open_ms)) for each in seconds}
    for open_ms, candle in ours.items():
        if excess is Excess.REFUSED and not holds(theirs.get(open_ms), candle):
            raise Lacking(f"{wound.market.code} {open_ms}: REST shows less than the socket brought")
        if open_ms not in theirs:
            drop_second(connection, wound.market_id, open_ms)
    execute(connection, candles.seconds(theirs.values(), {wound.market: wound.market_id}))
    close(connection, wound.gap_id, "healed", now_ms, source)
    _keep(connection, wound)
    reroll(connection, wound)


def drop_second(connection: sqlite3.Connection, market_id: int, open_ms: int) -> None:
    """Take out a second in which nothing was traded after all."""
    connection.execute("DELETE FROM candles_1s WHERE open_ms = ? AND market_id = ?", (open_ms, market_id))
    connection.execute("DELETE FROM listing_seconds WHERE open_ms = ? AND market_id = ?", (open_ms, market_id))


def counted(candle: Candle, ours: Candle | None) -> Candle:
    """The candle with a count of trades, if it has none."""
    return candle if candle.trades else replace(candle, trades=1 if ours is None else ours.trades)


def differing(
    connection: sqlite3.Connection, market: Market, market_id: int, from_ms: int, to_ms: int, theirs: Iterable[Candle]
) -> tuple[Comparison, Mapping[int, Candle]]:
    """Hold the stored seconds of [from_ms, to_ms) against theirs; ours come along.

    Left out are those that a gap touches, and those that have been purged meanwhile.
    """
    from_ms = max(from_ms, candles.purged_until(connection))
    ours = stored_seconds(connection, market, market_id, from_ms, to_ms)
    missed = missed_of(connection, market.exchange, market_id, from_ms, to_ms)
    told = {each.open_ms: each for each in theirs}
    return compare(seconds_in(from_ms, to_ms), SECOND_MS, ours, told, missed), ours


def _keep(connection: sqlite3.Connection, wound: Wound) -> None:
    """What is kept for good around a listing gets the healed seconds as well."""
    for window in listing_seconds.windows(connection, wound.from_ms):
        from_ms, to_ms = max(window.from_ms, wound.from_ms), min(window.to_ms, wound.to_ms)
        if wound.market_id in window.markets and from_ms < to_ms:
            listing_seconds.keep(connection, [wound.market_id], whole_second(from_ms), to_ms)


def heal_minutes(
    connection: sqlite3.Connection,
    wound: Wound,
    minutes: Sequence[Candle],
    now_ms: int,
    source: str,
    state: str = "healed",
) -> None:
    """Take over official minutes where the seconds are gone or can't be had; `state` is how the gap ends.

    The exchanges do not count trades in a candle; what we counted ourselves, or 1, is a lower bound.
    """
    close(connection, wound.gap_id, state, now_ms, source)
    for minute in minutes:
        known = connection.execute(
            "SELECT trades FROM candles_1m WHERE market_id = ? AND open_ms = ?", (wound.market_id, minute.open_ms)
        ).fetchone()
        covered = candles.Coverage(connection, minute.open_ms).of(wound.market.exchange, wound.market_id)
        values = (minute.open, minute.high, minute.low, minute.close, minute.volume, minute.quote_volume)
        row = (wound.market_id, minute.open_ms, *values, max(1, minute.trades, known[0] if known else 1), covered)
        execute(connection, Rows(candles.UPSERT_MINUTE, [row]))


def heal_for_good(
    connection: sqlite3.Connection,
    wound: Wound,
    seconds: Iterable[Candle],
    minutes: Sequence[Candle],
    now_ms: int,
    source: str,
) -> None:
    """Heal a gap whose seconds are purged already, but belong into `listing_seconds`; its minutes are official ones.

    Raises Lacking, with nothing changed, where a kept second holds what `seconds` does not.
    """
    windows = [each for each in listing_seconds.windows(connection, wound.from_ms) if wound.market_id in each.markets]
    opens = {
        open_ms
        for open_ms in seconds_in(wound.from_ms, wound.to_ms)
        if any(window.from_ms <= open_ms < window.to_ms for window in windows)
    }
    theirs = {each.open_ms: each for each in seconds if each.open_ms in opens}
    span = wound.market, wound.market_id, whole_second(wound.from_ms), wound.to_ms
    passing = {at: each for at, each in stored_seconds(connection, *span).items() if at in opens}
    ours = passing | listing_seconds.load(connection, *span)
    for open_ms, candle in (*ours.items(), *passing.items()):
        if not holds(theirs.get(open_ms), candle):
            raise Lacking(f"{wound.market.code} {open_ms}: REST shows less than the socket brought")
    whole = {at: counted(each, ours.get(at)) for at, each in theirs.items()}
    listing_seconds.put(connection, wound.market_id, whole.values())
    of_passing = [each for at, each in whole.items() if at in passing]  # the purge copies these once more
    execute(connection, candles.seconds(of_passing, {wound.market: wound.market_id}))
    heal_minutes(connection, wound, minutes, now_ms, source)


def reroll(connection: sqlite3.Connection, wound: Wound) -> None:
    """Roll the minutes that the gap touches, as far as they were rolled before and their seconds are all there."""
    rolled_ms = candles.rolled_until(connection, wound.market.exchange) or 0
    purged_ms = candles.purged_until(connection)
    for minute_ms in minutes_in(wound.from_ms, wound.to_ms):
        if purged_ms <= minute_ms and minute_ms + MINUTE_MS <= rolled_ms:
            candles.rollup_minute(connection, minute_ms, [wound.market_id])


def minutes_in(from_ms: int, to_ms: int) -> range:
    """The starts of the minutes that [from_ms, to_ms) touches."""
    return range(whole_minute(from_ms), to_ms, MINUTE_MS)


def close(connection: sqlite3.Connection, gap_id: int, state: str, now_ms: int, source: str) -> None:
    """Say how an open gap ended: healed by `source`, or unhealable because of it."""
    healed_ms = now_ms if state == "healed" else None
    connection.execute(
        "UPDATE gaps SET state = ?, healed_ms = ?, source = ? WHERE id = ? AND state = 'open'",
        (state, healed_ms, source, gap_id),
    )


def add(
    connection: sqlite3.Connection, market: Market, market_id: int, spans: Iterable[tuple[int, int]], cause: GapCause
) -> list[Wound]:
    """Open gaps that are found afterwards; each is answered as what waits to be healed."""
    found = []
    for from_ms, to_ms in spans:
        cursor = connection.execute(_ADD, (market.exchange, market_id, from_ms, to_ms, cause.value))
        assert cursor.lastrowid is not None
        found.append(Wound(cursor.lastrowid, market, market_id, from_ms, to_ms))
    return found
