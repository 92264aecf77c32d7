"""The SQL of the audit: stored candles held against the exchange's own, and what becomes of those that differ."""

import sqlite3
from collections.abc import Mapping

from msgspec import Struct

from collectors.events import Candle, Exchange, GapCause, Market
from collectors.repair.audit import Comparison, compare
from config.units import MINUTE_MS, whole_minute
from store.tables import candles, gaps, healing
from store.tables.gaps import missed_of


class Reach(Struct, frozen=True):
    """What is there to be compared of one market: seconds from `kept_ms` on, minutes from `known_ms` to `rolled_ms`.

    `touched` are minutes of late that gaps touch, healed ones too.
    """

    known_ms: int
    kept_ms: int
    rolled_ms: int
    touched: frozenset[int] = frozenset()


def reach(connection: sqlite3.Connection, exchange: Exchange, market_id: int, touched_ms: int = 0) -> Reach:
    """How far the stored candles of a market reach. It is known from the minute on in which it was first expected.

    `touched_ms`: how far back gaps are looked for.
    """
    (first_seen_ms,) = connection.execute("SELECT first_seen_ms FROM markets WHERE id = ?", (market_id,)).fetchone()
    known_ms = whole_minute(first_seen_ms)
    kept_ms = max(known_ms, candles.purged_until(connection))
    rolled_ms = candles.rolled_until(connection, exchange) or 0
    span = range(max(known_ms, rolled_ms - touched_ms), rolled_ms)
    return Reach(known_ms, kept_ms, rolled_ms, _touched(connection, exchange, market_id, span))


def _touched(connection: sqlite3.Connection, exchange: Exchange, market_id: int, span: range) -> frozenset[int]:
    """The minutes of a span that gaps of a market touch, healed ones too."""
    if not span:
        return frozenset()
    found = gaps.touching(connection, exchange, market_id, span.start, span.stop)
    spans = [(max(each.from_ms, span.start), min(each.to_ms or span.stop, span.stop)) for each in found]
    return frozenset(minute_ms for each in spans for minute_ms in healing.minutes_in(*each))


def seconds(
    connection: sqlite3.Connection, market: Market, market_id: int, span: range, theirs: Mapping[int, Candle]
) -> tuple[Comparison, Mapping[int, Candle]]:
    """Hold the stored seconds of a span against these; ours come along."""
    return healing.differing(connection, market, market_id, span.start, span.stop, theirs.values())


def minutes(
    connection: sqlite3.Connection, market: Market, market_id: int, span: range, theirs: Mapping[int, Candle]
) -> tuple[Comparison, Mapping[int, Candle]]:
    """Hold the stored minutes of a span against these; ours come along."""
    ours = candles.load_minutes(connection, market, market_id, span)
    missed = missed_of(connection, market.exchange, market_id, span.start, span.stop)
    return compare(span, MINUTE_MS, ours, theirs, missed), ours


def rolled_again(
    connection: sqlite3.Connection,
    market: Market,
    market_id: int,
    span: range,
    theirs: Mapping[int, Candle],
    *,
    whole: bool,
) -> tuple[Comparison, Mapping[int, Candle]]:
    """The same of minutes that are rolled once more from their seconds, where those are all still there.

    `whole`: the trades bore these out, so that they tell more than what was taken over before.
    """
    for minute_ms in span:
        if minute_ms >= candles.purged_until(connection):
            candles.rollup_minute(connection, minute_ms, [market_id], keeps_official=not whole)
    return minutes(connection, market, market_id, span, theirs)


def take_over(
    connection: sqlite3.Connection, market: Market, market_id: int, minute: Candle, state: str, now_ms: int, source: str
) -> None:
    """Store the exchange's minute in place of ours, with a gap that says so; `state` tells what its seconds are."""
    span = minute.open_ms, minute.open_ms + MINUTE_MS
    (wound,) = healing.add(connection, market, market_id, [span], GapCause.DIFFERED)
    healing.heal_minutes(connection, wound, [minute], now_ms, source, state)


def condemn(
    connection: sqlite3.Connection, market: Market, market_id: int, span: tuple[int, int], now_ms: int, reason: str
) -> None:
    """Mark a candle that nothing bears out: it stays, with a gap that can't be healed."""
    (wound,) = healing.add(connection, market, market_id, [span], GapCause.DIFFERED)
    healing.close(connection, wound.gap_id, "unhealable", now_ms, reason)
