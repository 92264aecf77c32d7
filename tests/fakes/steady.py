"""A recording side whose markets trade once in every second, at a price that tells the second.

Whoever looks at the file afterwards knows what it should hold. Time is simulated and passes as fast as the disk allows.
"""

import sqlite3
from pathlib import Path

from alerts.alert import Alert, AlertKind, AlertLevel
from collectors.events import EXCHANGES, Channel, Listing, ListingState, Market
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from config.settings import Recording, Retention, Writing
from store.tables import candles, deliveries, listings
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import trade

MARKETS = [
    *(Market("upbit", f"C{n}", "KRW") for n in range(10)),
    *(Market("bithumb", f"C{n}", "KRW") for n in range(10)),
]
LISTED = "C0"
QUICK = Writing(batch_ms=1)


def price_at(second: int) -> float:
    return 100.0 + second % 50


def alert_at(second: int) -> Alert:
    return Alert(f"upbit:A{second}:1", AlertKind.FIRST_SIGHT, AlertLevel.CRITICAL, "news", START_MS + second * 1_000)


class Steady:
    """One run of the recording side, from `second` (after START_MS) on. Enter `writer`, `begin`, then `tick`."""

    def __init__(self, path: Path, second: int = 0, retention_s: int = 600, writing: Writing = QUICK) -> None:
        self.second = second
        self.clock = FakeClock(START_MS + second * 1_000)
        self.writer = DatabaseWriter.open(blank(path), self.clock, writing)
        self.recorder = Recorder(self.writer, self.clock, Recording(), EXCHANGES)
        self.aggregator = Aggregator(self.writer, self.recorder, self.clock, Retention(seconds_s=retention_s))

    async def begin(self) -> None:
        """As the daemon starts; every market is live at once, and LISTED was just announced."""
        await self.recorder.start()
        await self.aggregator.heal()
        await self.recorder.expect(MARKETS)
        self.recorder.live(MARKETS, self.clock.now_ms())
        news = Listing("upbit", LISTED, 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
        await self.writer.run(lambda connection: listings.save(connection, news))

    async def tick(self, seconds: int = 1) -> None:
        """A second passes: each market trades in its middle, and what closed is handed over."""
        for _ in range(seconds):
            await self.clock.advance(1)
            for number, market in enumerate(MARKETS):
                at_ms, trade_id = self.second * 1_000 + 500, self.second * 100 + number
                self.recorder.trade(trade(at_ms, price_at(self.second), trade_id=trade_id, market=market))
            self.recorder.flush()
            self.second += 1

    async def tell(self, second: int) -> None:
        """Store the alert of that second; it is committed when this returns."""
        alert = alert_at(second)

        def add(connection: sqlite3.Connection) -> None:
            deliveries.add_alert(connection, alert, ["telegram:1"], alert.created_ms)

        await self.writer.run(add, urgent=True)

    def end(self) -> None:
        """As the daemon ends, before the writer does."""
        self.recorder.close()
        self.aggregator.force_rollup()


# --- what the file must hold ----------------------------------------------------------------------------------------


def assert_nothing_torn(connection: sqlite3.Connection, told: list[int]) -> None:
    """Sound, and every alert whose commit was told is there with its delivery."""
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    stored = {key for (key,) in connection.execute("SELECT key FROM alerts JOIN deliveries ON alert_id = alerts.id")}
    assert {alert_at(second).key for second in told} <= stored


def assert_no_minute_is_both_complete_and_missing(connection: sqlite3.Connection) -> None:
    """Every market trades once in every second, so a minute holds at least the trades of its covered seconds."""
    minutes = connection.execute("SELECT open_ms, open, trades, covered_s FROM candles_1m").fetchall()
    assert [row for row in minutes if row[2] < row[3]] == []
    whole = [(open_ms, first, trades) for open_ms, first, trades, covered_s in minutes if covered_s == 60]
    assert [row for row in whole if row[1:] != (price_at(_second(row[0])), 60)] == []
    for exchange in EXCHANGES:
        rolled_ms = candles.rolled_until(connection, exchange) or 0
        missing = connection.execute(
            "SELECT DISTINCT market_id, open_ms / 60000 FROM candles_1s JOIN markets AS m ON m.id = market_id"
            " WHERE exchange = ? AND open_ms < ? AND NOT EXISTS (SELECT 1 FROM candles_1m AS c WHERE"
            " c.market_id = candles_1s.market_id AND c.open_ms = candles_1s.open_ms / 60000 * 60000)",
            (exchange, rolled_ms),
        ).fetchall()
        assert missing == []


def assert_every_second_is_right_or_missed(connection: sqlite3.Connection, until_s: int) -> int:
    """Returns how many seconds were missed. Of purged seconds it asks the minutes, and those kept around LISTED."""
    purged_s = max(0, _second(candles.purged_until(connection)))
    gaps: dict[int | None, list[tuple[int, int]]] = {}
    for market_id, from_ms, to_ms in connection.execute("SELECT market_id, from_ms, to_ms FROM gaps"):
        gaps.setdefault(market_id, []).append((from_ms, 2**62 if to_ms is None else to_ms))
    ids = dict(connection.execute("SELECT id, base FROM markets"))
    assert len(ids) == len(MARKETS)
    stored, kept = _closes(connection, "candles_1s"), _closes(connection, "listing_seconds")
    minutes = {(row[0], _second(row[1])) for row in connection.execute("SELECT market_id, open_ms FROM candles_1m")}
    missed = 0
    for market_id, base in ids.items():
        for second in range(until_s):
            at_ms = START_MS + second * 1_000
            mine = [*gaps.get(market_id, ()), *gaps.get(None, ())]
            if any(from_ms < at_ms + 1_000 and to_ms > at_ms for from_ms, to_ms in mine):
                missed += 1
                continue
            if second >= purged_s:
                assert stored.get((market_id, second)) == (price_at(second), 1), (market_id, second)
                continue
            assert (market_id, second - second % 60) in minutes, (market_id, second)
            if base == LISTED:
                assert kept.get((market_id, second)) == (price_at(second), 1), (market_id, second)
    return missed


def _closes(connection: sqlite3.Connection, table: str) -> dict[tuple[int, int], tuple[float, int]]:
    rows = connection.execute(f"SELECT market_id, open_ms, close, trades FROM {table}")
    return {(market_id, _second(open_ms)): (close, trades) for market_id, open_ms, close, trades in rows}


def _second(at_ms: int) -> int:
    return (at_ms - START_MS) // 1_000
