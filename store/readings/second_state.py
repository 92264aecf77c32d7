"""Was any second of any market recorded, quiet or missed? The answer from everything that is stored."""

import sqlite3

from collectors.events import Exchange
from collectors.repair.gaps import SECONDS_NOT_KEPT, SecondState, state_of
from config.units import SECOND_MS, whole_minute
from store.tables import candles
from store.tables.gaps import UNTIL_AFTER, missed_of

_STORED = """
SELECT EXISTS (SELECT 1 FROM candles_1s WHERE open_ms = :at AND market_id = :market)
    OR EXISTS (SELECT 1 FROM listing_seconds WHERE open_ms = :at AND market_id = :market)
"""
# Whether its minute had trades, or lies before all that are kept of the market.
_MINUTE = """
SELECT EXISTS (SELECT 1 FROM candles_1m WHERE market_id = :market AND open_ms = :minute)
    OR NOT EXISTS (SELECT 1 FROM candles_1m WHERE market_id = :market AND open_ms < :minute)
"""
_HEALED_IN_MINUTES = f"""
SELECT EXISTS (SELECT 1 FROM {UNTIL_AFTER} WHERE from_ms < :to_ms AND market_id = :market AND instr(source, :how))
"""  # noqa: S608  # nothing but the name of a constant


def state_at(connection: sqlite3.Connection, market_id: int, second_ms: int) -> SecondState:
    """What is known of the second that starts at `second_ms`, the exchange's time.

    Nobody listened before a market was first expected, and nothing is promised of what is not stored yet: both are
    BLIND. COVERED is for seconds that were purged, or healed in their minute alone, where that has trades or is kept no
    longer itself.
    """
    exchange, first_seen_ms = _market(connection, market_id)
    promised_ms = candles.recorded_until(connection, exchange) or 0
    if second_ms < whole_minute(first_seen_ms) or second_ms + SECOND_MS > promised_ms:
        return SecondState.BLIND
    at = {"at": second_ms, "market": market_id, "minute": whole_minute(second_ms)}
    stored = bool(connection.execute(_STORED, at).fetchone()[0])
    missed = missed_of(connection, exchange, market_id, second_ms, second_ms + SECOND_MS)
    state = state_of(second_ms, stored, missed)
    if state is SecondState.QUIET and _is_purged(connection, market_id, second_ms):
        return SecondState.COVERED if connection.execute(_MINUTE, at).fetchone()[0] else state
    return state


def _is_purged(connection: sqlite3.Connection, market_id: int, second_ms: int) -> bool:
    """Whether the second is no longer kept, or never was because only its minute was healed."""
    span = {"from_ms": second_ms, "to_ms": second_ms + SECOND_MS, "market": market_id, "how": SECONDS_NOT_KEPT}
    purged = second_ms < candles.purged_until(connection)
    return purged or bool(connection.execute(_HEALED_IN_MINUTES, span).fetchone()[0])


def _market(connection: sqlite3.Connection, market_id: int) -> tuple[Exchange, int]:
    row = connection.execute("SELECT exchange, first_seen_ms FROM markets WHERE id = ?", (market_id,)).fetchone()
    if row is None:
        raise ValueError(f"no market has the id {market_id}")
    exchange, first_seen_ms = row
    return exchange, first_seen_ms
