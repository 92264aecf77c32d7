"""The SQL of trading volume: what our minutes say of Korea, what the reference venues say of the world.

Korean volume is that of the KRW markets, in KRW; the world's is the venues' own 24 h volume against USDT, of coins that
trade in Korea.
"""

import sqlite3

from msgspec import Struct

from store.tables.gaps import UNTIL_AFTER


class MarketVolume(Struct, frozen=True):
    """What one KRW market traded in the span, as far as it was heard: `heard_ms` of it."""

    exchange: str
    base: str
    volume_krw: float
    heard_ms: int


class WorldVolume(Struct, frozen=True):
    """One coin in one minute of the world; None where no venue tells its volume."""

    base: str
    volume_24h_usdt: float | None
    venues: tuple[str, ...]


_TRADED = """
SELECT m.id, m.exchange, m.base, m.first_seen_ms,
    (SELECT SUM(quote_volume) FROM candles_1m AS c WHERE c.market_id = m.id AND c.open_ms >= :from_ms
        AND c.open_ms < :to_ms)
FROM markets AS m WHERE m.quote = 'KRW' AND (m.gone_ms IS NULL OR m.gone_ms > :from_ms)
"""

_MISSED = f"""
SELECT exchange, market_id, SUM(MIN(COALESCE(to_ms, :to_ms), :to_ms) - MAX(from_ms, :from_ms))
FROM {UNTIL_AFTER} WHERE from_ms < :to_ms AND state <> 'healed' GROUP BY exchange, market_id
"""  # noqa: S608 - parts of our own


def traded(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> list[MarketVolume]:
    """What each KRW market traded in [from_ms, to_ms), whole minutes both; not one that was never heard."""
    missed: dict[tuple[str, int | None], int] = {
        (exchange, market_id): missed_ms
        for exchange, market_id, missed_ms in connection.execute(_MISSED, {"from_ms": from_ms, "to_ms": to_ms})
    }
    found = []
    for market_id, exchange, base, since_ms, volume in connection.execute(
        _TRADED, {"from_ms": from_ms, "to_ms": to_ms}
    ):
        known_ms = to_ms - max(from_ms, since_ms)
        heard_ms = known_ms - missed.get((exchange, market_id), 0) - missed.get((exchange, None), 0)
        if heard_ms > 0:
            found.append(MarketVolume(exchange, base, volume or 0.0, heard_ms))
    return found


def fullest_minute(connection: sqlite3.Connection, since_ms: int) -> int | None:
    """The minute since then of which most venues told, the newest of equals: without one venue a share is too large."""
    rows = connection.execute(
        "SELECT open_ms, GROUP_CONCAT(DISTINCT venues) FROM global_1m WHERE open_ms >= ? GROUP BY open_ms", (since_ms,)
    )
    told = [(len(set(venues.split(","))), open_ms) for open_ms, venues in rows]
    return max(told)[1] if told else None


def world(connection: sqlite3.Connection, minute_ms: int) -> list[WorldVolume]:
    """What the venues said of each coin in one minute."""
    rows = connection.execute(
        "SELECT base, volume_24h_usdt, venues FROM global_1m WHERE open_ms = ? ORDER BY base", (minute_ms,)
    )
    return [WorldVolume(base, volume, tuple(venues.split(","))) for base, volume, venues in rows]
