"""The SQL of `listing_seconds`: what is kept for good of the one-second candles, and for how long around a listing.

Kept are the listed coin's markets on both exchanges and KRW-BTC and KRW-USDT on both, from 10 minutes before the notice
to 24 hours after the opening. A listing that has not opened keeps on, but not for ever (`PATIENCE_MS`).
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import astuple

from collectors.events import Candle, Market
from config.units import SECOND_MS, whole_second
from store.rows import Rows, execute

LEAD_MS = 10 * 60_000
TAIL_MS = 24 * 3_600_000
PATIENCE_MS = 30 * 24 * 3_600_000  # undated postponements have lasted weeks; four markets are about 25 MB a day
YARDSTICKS = ("BTC", "USDT")

# `sights`: the notice, or when we heard of the coin otherwise.
_WINDOWS = """
SELECT id, base, sights - :lead,
    CASE
        WHEN state = 'cancelled' AND first_trade_ms IS NULL THEN COALESCE(gone_ms, first_seen_ms)
        WHEN first_trade_ms IS NOT NULL THEN first_trade_ms + :tail
        WHEN state IN ('trading', 'settled') THEN COALESCE(trading_starts_ms, first_seen_ms) + :tail
        ELSE MAX(COALESCE(trading_starts_ms, first_seen_ms), first_seen_ms) + :patience
    END AS to_ms
FROM (SELECT *, MIN(COALESCE(published_ms, first_seen_ms), first_seen_ms) AS sights FROM listings)
WHERE to_ms > :after
ORDER BY id
"""

# Second by second and market by market through the primary key: a range of times would read every other market as well.
_KEEP = """
WITH RECURSIVE seconds (open_ms) AS (
    SELECT :from_ms UNION ALL SELECT open_ms + 1000 FROM seconds WHERE open_ms + 1000 < :to_ms
)
INSERT INTO listing_seconds (market_id, open_ms, open, high, low, close, volume, quote_volume, trades)
SELECT c.market_id, c.open_ms, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades
FROM seconds AS s CROSS JOIN json_each(:markets) AS m
CROSS JOIN candles_1s AS c ON c.open_ms = s.open_ms AND c.market_id = m.value
WHERE true
ON CONFLICT (market_id, open_ms) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, quote_volume = excluded.quote_volume, trades = excluded.trades
WHERE (open, high, low, close, volume, quote_volume, trades) IS NOT (excluded.open, excluded.high, excluded.low,
    excluded.close, excluded.volume, excluded.quote_volume, excluded.trades)
"""

_PUT = """
INSERT INTO listing_seconds (market_id, open_ms, open, high, low, close, volume, quote_volume, trades)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (market_id, open_ms) DO UPDATE SET
    open = excluded.open, high = excluded.high, low = excluded.low, close = excluded.close,
    volume = excluded.volume, quote_volume = excluded.quote_volume, trades = excluded.trades
"""


class Window(Struct, frozen=True):
    """[from_ms, to_ms) of the exchange's time around one listing, and the markets that are kept meanwhile."""

    listing_id: int
    from_ms: int
    to_ms: int
    markets: tuple[int, ...]


def windows(connection: sqlite3.Connection, after_ms: int) -> list[Window]:
    """The windows of all listings that reach beyond `after_ms`."""
    spans = {"lead": LEAD_MS, "tail": TAIL_MS, "patience": PATIENCE_MS, "after": after_ms}
    found = connection.execute(_WINDOWS, spans).fetchall()
    if not found:
        return []
    by_base: dict[str, list[int]] = {}
    yardsticks: list[int] = []
    for market_id, base, quote in connection.execute("SELECT id, base, quote FROM markets"):
        by_base.setdefault(base, []).append(market_id)
        if quote == "KRW" and base in YARDSTICKS:
            yardsticks.append(market_id)
    return [
        Window(listing_id, whole_second(from_ms), to_ms, tuple(sorted({*by_base.get(base, ()), *yardsticks})))
        for listing_id, base, from_ms, to_ms in found
    ]


def keep(connection: sqlite3.Connection, markets: Iterable[int], from_ms: int, to_ms: int) -> None:
    """Copy the seconds of `markets` in [from_ms, to_ms), whole seconds both; what was copied before is made equal."""
    wanted = json.dumps(sorted(markets))
    connection.execute(_KEEP, {"from_ms": from_ms, "to_ms": to_ms, "markets": wanted})


def put(connection: sqlite3.Connection, market_id: int, seconds: Iterable[Candle]) -> None:
    """Keep seconds that were never among the passing ones."""
    execute(connection, Rows(_PUT, [(market_id, each.open_ms, *astuple(each)[2:]) for each in seconds]))


def load(connection: sqlite3.Connection, market: Market, market_id: int, from_ms: int, to_ms: int) -> dict[int, Candle]:
    """What is kept of a market in [from_ms, to_ms), by the start of the second."""
    rows = connection.execute(
        "SELECT open_ms, open, high, low, close, volume, quote_volume, trades FROM listing_seconds"
        " WHERE market_id = ? AND open_ms >= ? AND open_ms < ?",
        (market_id, from_ms, to_ms),
    )
    return {row[0]: Candle(market, *row) for row in rows}


def markets_at(windows: Sequence[Window], second_ms: int) -> set[int]:
    """Which markets are kept of the second that starts at `second_ms`."""
    touched = [each for each in windows if each.from_ms < second_ms + SECOND_MS and each.to_ms > second_ms]
    return {market_id for each in touched for market_id in each.markets}
