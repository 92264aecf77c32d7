"""A recorder with what audits it, on a real database, beside a truth that goes on without it."""

from pathlib import Path
from typing import Any

from collectors.events import Market
from collectors.recording.aggregator import Aggregator
from collectors.repair.auditor import Auditor
from collectors.repair.history import History
from config.settings import Retention
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.healing_bench import Bench
from tests.fakes.recording import BTC, SOL, rows

ALL = {"upbit": 122 + 2, "bithumb": 2}  # what is settled, final and rolled once `settle` is over


class Audited(Bench):
    """A bench with the minute timer and the audit on top."""

    def __init__(self, path: Path, clock: FakeClock, exchange: Any = "upbit", seconds_s: int = 600) -> None:
        super().__init__(path, clock, exchange, seconds_s)
        self.aggregator = Aggregator(self.writer, self.recorder, clock, Retention(seconds_s=seconds_s))
        history = History(exchange, self.rest, clock)
        self.auditor = Auditor(history, self.writer, self.recorder, self.backfill, clock, lambda: self.young)

    async def settle(self, *markets: Market, seconds: int = 75) -> None:
        """Until the minute that runs now is rolled, and final at the exchange."""
        await self.run(seconds, markets)
        await self.aggregator.roll()

    @property
    def counts(self) -> tuple[int, int, int]:
        tally = self.auditor.tally
        assert tally.compared == tally.equal + tally.repaired + tally.unexplained
        return tally.equal, tally.repaired, tally.unexplained

    def wrong_minutes(self) -> list[tuple[object, ...]]:
        """Stored minutes that are not the sum of the trades that were made."""
        found = rows(self.path, "SELECT open_ms, volume, trades, covered_s FROM candles_1m WHERE open_ms > ?", START_MS)
        made = self.rest.trades
        return [
            row for row in found if row[2] != sum(t.traded_ms // 60_000 == int(str(row[0])) // 60_000 for t in made)
        ]


def market_of(bench: Audited) -> Market:
    return BTC if bench.exchange == "upbit" else SOL


async def healed_start(bench: Audited, market: Market) -> None:
    """Recording for a minute, and the gap of the start healed."""
    await bench.begin(market)
    await bench.run(60, [market])
    await bench.backfill.once()
    await bench.run(1, [market])
    await bench.backfill.once()


async def looked_at(bench: Audited, market: Market, times: int) -> None:
    """So many looks a minute apart, each at what is settled by then."""
    for _ in range(times):
        assert bench.counts[1:] == (0, 0)
        assert all(row[0] != "differed" for row in bench.gaps())
        await bench.settle(market, seconds=60)
        await bench.auditor.look(market)


async def with_a_trade_too_many(bench: Audited, market: Market) -> None:
    """Recorded without fault; then the exchange no longer knows a trade of second 70."""
    await healed_start(bench, market)
    await bench.settle(market)
    lost = next(each for each in bench.rest.trades if each.traded_ms // 1_000 == START_MS // 1_000 + 70)
    bench.rest.trades.remove(lost)
