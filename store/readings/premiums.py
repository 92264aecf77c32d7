"""The SQL of premiums over time: the rates of each moment, and a coin's price here and abroad beside them.

Times are our clock's. A value older than its source may be at that moment is unknown, never carried on.
"""

import sqlite3

from msgspec import Struct

from analysis.facts import USDT_FACT

POINTS_MAX = 600
RATE_MAX_AGE_MS = 60_000  # a rate is taken every 10 s
PRICE_MAX_AGE_MS = 300_000  # a quiet coin's last trade; the world's price is taken each minute
COINS_MAX = 2_000


class Rates(Struct, frozen=True):
    """Exchange rates as we had them at `at_ms`; None: unknown then. `usdt_usd` is the price of a USDT in USD."""

    at_ms: int
    krw_per_usdt: float | None
    krw_per_usd: float | None
    usdt_usd: float | None


class CoinPoint(Struct, frozen=True):
    """A coin at `at_ms`: its last KRW price on each Korean exchange and what the world paid."""

    at_ms: int
    upbit_krw: float | None
    bithumb_krw: float | None
    price_usdt: float | None


class CoinNow(Struct, frozen=True):
    """A coin in the newest minute that we have of the world."""

    base: str
    upbit_krw: float | None
    bithumb_krw: float | None
    price_usdt: float
    volume_24h_usdt: float | None
    venues: tuple[str, ...]


_TIMES = """
WITH RECURSIVE times (at) AS (
    SELECT :from_ms UNION ALL SELECT at + :step FROM times WHERE at + :step <= :to_ms LIMIT :most
)
"""

_RATES = f"""
{_TIMES}
SELECT t.at, usdt.krw_per_quote, usd.krw_per_quote, json_extract(usdt.inputs, :usdt_usd)
FROM times AS t
LEFT JOIN fx_snapshots AS usdt ON usdt.id = (
    SELECT id FROM fx_snapshots WHERE taken_ms <= t.at AND taken_ms > t.at - :age AND quote = 'USDT'
    ORDER BY taken_ms DESC LIMIT 1
)
LEFT JOIN fx_snapshots AS usd ON usd.id = (
    SELECT id FROM fx_snapshots WHERE taken_ms <= t.at AND taken_ms > t.at - :age AND quote = 'USD'
    ORDER BY taken_ms DESC LIMIT 1
)
ORDER BY t.at
"""  # noqa: S608 - parts of this file only

_MARKET = "SELECT id FROM markets WHERE exchange = ? AND base = ? AND quote = 'KRW'"

# A minute's close is its price one minute after its opening.
_LAST_CLOSE = (
    "(SELECT close FROM candles_1m WHERE market_id = {market} AND open_ms <= {at} - 60000 AND open_ms > {at} - :age"
    " ORDER BY open_ms DESC LIMIT 1)"
)

_COIN = f"""
{_TIMES}
SELECT t.at, {_LAST_CLOSE.format(market=":upbit", at="t.at")}, {_LAST_CLOSE.format(market=":bithumb", at="t.at")},
    COALESCE(g.price_usdt, h.price_usdt)
FROM times AS t
LEFT JOIN global_1m AS g ON g.open_ms = t.at AND g.base = :base
LEFT JOIN global_1m AS h ON h.open_ms = t.at - 60000 AND h.base = :base
ORDER BY t.at
"""  # noqa: S608 - parts of this file only

_COINS = f"""
SELECT g.base, {_LAST_CLOSE.format(market="u.id", at=":at")}, {_LAST_CLOSE.format(market="b.id", at=":at")},
    g.price_usdt, g.volume_24h_usdt, g.venues
FROM global_1m AS g
LEFT JOIN markets AS u ON u.exchange = 'upbit' AND u.base = g.base AND u.quote = 'KRW'
LEFT JOIN markets AS b ON b.exchange = 'bithumb' AND b.base = g.base AND b.quote = 'KRW'
WHERE g.open_ms = :minute ORDER BY g.base LIMIT :most
"""  # noqa: S608 - parts of this file only


def rates(connection: sqlite3.Connection, from_ms: int, to_ms: int, step_ms: int) -> list[Rates]:
    """The rates every `step_ms` of the span, `POINTS_MAX` at most."""
    asked = {"from_ms": from_ms, "to_ms": to_ms, "step": step_ms, "most": POINTS_MAX}
    more = {"age": RATE_MAX_AGE_MS, "usdt_usd": f"$.{USDT_FACT}.value"}
    return [Rates(*row) for row in connection.execute(_RATES, asked | more)]


def coin(connection: sqlite3.Connection, base: str, from_ms: int, to_ms: int, step_ms: int) -> list[CoinPoint]:
    """A coin every `step_ms` of the span, both whole minutes; `POINTS_MAX` at most."""
    ids = {}
    for exchange in ("upbit", "bithumb"):
        row = connection.execute(_MARKET, (exchange, base)).fetchone()
        ids[exchange] = None if row is None else row[0]
    asked = {"from_ms": from_ms, "to_ms": to_ms, "step": step_ms, "most": POINTS_MAX, "age": PRICE_MAX_AGE_MS}
    return [CoinPoint(*row) for row in connection.execute(_COIN, asked | ids | {"base": base})]


def newest_minute(connection: sqlite3.Connection) -> int | None:
    """The newest minute of which we know what the world paid."""
    newest: int | None = connection.execute("SELECT MAX(open_ms) FROM global_1m").fetchone()[0]
    return newest


def coins(connection: sqlite3.Connection, minute_ms: int) -> list[CoinNow]:
    """Every coin of one minute of the world, which is asked at its beginning, with its last Korean prices then."""
    asked = {"minute": minute_ms, "at": minute_ms, "age": PRICE_MAX_AGE_MS, "most": COINS_MAX}
    return [CoinNow(*(*row[:-1], tuple(row[-1].split(",")))) for row in connection.execute(_COINS, asked)]
