"""Compares what the daemon stored with what the simulator says was traded: second by second, minute by minute.

The slow obvious way on purpose: trades are sorted, grouped by whole second or minute and folded with `min` and `max`.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from tests.end_to_end.pair import Pair

SECOND_MS = 1_000
MINUTE_MS = 60_000
SUMS = 1e-9  # contract: sums within this, relative; prices and counts exact
EXCHANGES = ("upbit", "bithumb")

Row = Mapping[str, Any]


class Span(Struct, frozen=True):
    """A stretch [from_ms, to_ms) of a market (None: all of its exchange) that counts as missed; None is for ever."""

    exchange: str
    market_id: int | None
    from_ms: int
    to_ms: int | None

    def touches(self, market: Row, from_ms: int, to_ms: int) -> bool:
        mine = self.exchange == market["exchange"] and self.market_id in (None, market["id"])
        return mine and self.from_ms < to_ms and (self.to_ms is None or from_ms < self.to_ms)


class Compared(Struct):
    """What was compared, and every difference in words."""

    markets: int = 0
    trades: int = 0
    seconds: int = 0
    quiet_seconds: int = 0
    missed_seconds: int = 0
    minutes: int = 0
    wrong: list[str] = []


def fold(trades: Sequence[Row]) -> dict[str, float]:
    """One candle of these trades, which are in order."""
    prices = [trade["price"] for trade in trades]
    return {
        "open": prices[0],
        "high": max(prices),
        "low": min(prices),
        "close": prices[-1],
        "volume": math.fsum(trade["volume"] for trade in trades),
        "quote_volume": math.fsum(trade["price"] * trade["volume"] for trade in trades),
        "trades": len(trades),
    }


def in_order(exchange: str, trades: Iterable[Row]) -> list[Row]:
    """By stamp, then by Upbit's id; Bithumb's stays in the order of arrival, which is how the truth is told."""
    if exchange == "upbit":
        return sorted(trades, key=lambda trade: (trade["traded_ms"], trade["id"]))
    return sorted(trades, key=lambda trade: trade["traded_ms"])


def grouped(trades: Iterable[Row], length_ms: int) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = {}
    for trade in trades:
        groups.setdefault(trade["traded_ms"] - trade["traded_ms"] % length_ms, []).append(trade)
    return groups


def differences(candle: Row, expected: Mapping[str, float]) -> list[str]:
    """What is not as expected: prices and counts must be equal, sums nearly so."""
    found = []
    for name, value in expected.items():
        same = math.isclose(candle[name], value, rel_tol=SUMS) if "volume" in name else candle[name] == value
        if not same:
            found.append(f"{name} is {candle[name]!r}, not {value!r}")
    return found


class Recorded(Protocol):
    """Whatever has stored something: a daemon, or its recording side alone."""

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]: ...


Truth = Callable[[str, int], Mapping[str, Sequence[Row]]]


def compare(pair: Pair) -> Compared:
    """Everything that a stopped daemon stored, against the truth."""
    return compare_with(
        pair, lambda exchange, from_ms: pair.simulator.get("/sim/truth", exchange=exchange, from_ms=from_ms)
    )


def compare_with(pair: Recorded, told: Truth) -> Compared:
    """Everything that was stored against the trades that are `told` of an exchange from a moment on, by code.

    Seconds that an unhealed gap touches may differ, and those of a gap that says itself to be healed approximately.
    """
    found = Compared()
    rows = pair.rows("SELECT * FROM gaps")
    first_ms = min((row["from_ms"] for row in rows), default=0)
    gaps = [span_of(row) for row in rows if row["state"] != "healed"]
    rough = [span_of(row) for row in rows if row["state"] == "healed" and "approximate" in row["source"]]
    markets = pair.rows("SELECT * FROM markets")
    truth = {exchange: told(exchange, first_ms) for exchange in EXCHANGES}
    for market in markets:
        trades = in_order(market["exchange"], truth[market["exchange"]].get(market["code"], []))
        mine, vague = ([each for each in some if each.touches(market, first_ms, 2**62)] for some in (gaps, rough))
        found.markets += 1
        begins_ms = min(
            (row["from_ms"] for row in rows if Span(row["exchange"], row["market_id"], 0, None).touches(market, 0, 1)),
            default=0,
        )
        _compare_seconds(found, pair, market, trades, [*mine, *vague], begins_ms)
        _compare_minutes(found, pair, market, trades, mine, vague, begins_ms)
    return found


def span_of(row: Row) -> Span:
    """A row of `gaps`."""
    return Span(row["exchange"], row["market_id"], row["from_ms"], row["to_ms"])


def _compare_seconds(
    found: Compared, pair: Recorded, market: Row, trades: Sequence[Row], gaps: Sequence[Span], ours_from_ms: int
) -> None:
    stored = {row["open_ms"]: row for row in pair.rows("SELECT * FROM candles_1s WHERE market_id = ?", market["id"])}
    true = grouped(trades, SECOND_MS)
    covered: set[int] = set()
    for open_ms in sorted(stored.keys() | true.keys()):
        where = f"{market['exchange']} {market['code']} second {open_ms}"
        if any(gap.touches(market, open_ms, open_ms + SECOND_MS) for gap in gaps):
            found.missed_seconds += 1
        elif open_ms < ours_from_ms:
            found.wrong += [f"{where}: stored, but from before we listened"] if open_ms in stored else []
        elif open_ms not in stored:
            found.wrong.append(f"{where}: {len(true[open_ms])} trades, no candle, no gap")
        elif open_ms not in true:
            found.wrong.append(f"{where}: a candle where nothing was traded")
        else:
            found.seconds += 1
            found.trades += len(true[open_ms])
            covered.add(open_ms)
            found.wrong += [f"{where}: {each}" for each in differences(stored[open_ms], fold(true[open_ms]))]
    if covered:
        found.quiet_seconds += (max(covered) - min(covered)) // SECOND_MS + 1 - len(covered)


def _compare_minutes(
    found: Compared,
    pair: Recorded,
    market: Row,
    trades: Sequence[Row],
    gaps: Sequence[Span],
    rough: Sequence[Span],
    ours_from_ms: int,
) -> None:
    """Minutes after the one in which we began; what a minute says of its coverage must agree with the gaps."""
    stored = {row["open_ms"]: row for row in pair.rows("SELECT * FROM candles_1m WHERE market_id = ?", market["id"])}
    true = grouped(trades, MINUTE_MS)
    for open_ms in sorted(each for each in stored.keys() | true.keys() if each >= ours_from_ms):
        where = f"{market['exchange']} {market['code']} minute {open_ms}"
        seconds = range(open_ms, open_ms + MINUTE_MS, SECOND_MS)
        covered_s = sum(not any(gap.touches(market, each, each + SECOND_MS) for gap in gaps) for each in seconds)
        expected: dict[str, float] = {"covered_s": covered_s}
        if covered_s == 60 and not any(gap.touches(market, open_ms, open_ms + MINUTE_MS) for gap in rough):
            found.minutes += 1
            expected |= fold(true[open_ms]) if open_ms in true else {"trades": 0}
        if open_ms in stored:
            found.wrong += [f"{where}: {each}" for each in differences(stored[open_ms], expected)]
        elif covered_s == 60:
            found.wrong.append(f"{where}: {len(true[open_ms])} trades, no candle, no gap")
