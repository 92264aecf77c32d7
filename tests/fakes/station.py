"""The recording side of the daemon in this process: connections, candles, minutes, healing and health, over any socket.

With a FakeClock and a scripted exchange in memory every second is the test's; with a simulator's clock and real sockets
it runs by itself, best in a test that is `leaping`. What is stored can be held against the simulator's truth.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

from collectors.events import Exchange, GapCause, Market
from collectors.exchanges import bithumb_ws, upbit_ws
from collectors.feeds.feed import Feed
from collectors.feeds.fleet import Fleet
from collectors.feeds.overlap import Overlap
from collectors.feeds.robust_ws import Shard
from collectors.feeds.sink import Pace, ShardStatus
from collectors.net.http import HttpDoor
from collectors.net.limits import CONNECT, Limits
from collectors.net.socket import Connect, connect
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from collectors.repair.backfill import Backfill
from collectors.repair.history import History
from config.clock import Clock
from config.settings import Recording, Retention, Writing
from ops.process.lifetimes import running
from ops.watching.clock_offset import ClockOffset
from ops.watching.health import Report, report
from ops.watching.readings import ChannelReading, Readings
from ops.watching.vitals import Vitals, limits
from ops.watching.watchman import Began, Watchman
from store.writer import DatabaseWriter
from tests.end_to_end.truth import Compared, Recorded, compare_with
from tests.fakes.blank import blank
from tests.fakes.simulator import SimulatorHandle

FEEDS: Mapping[Exchange, Feed] = {"upbit": upbit_ws.FEED, "bithumb": bithumb_ws.FEED}
PACE = Pace(silent_s=30.0)
QUICK = Writing(batch_ms=1)
RATES = {"upbit": {CONNECT: 5.0, "backfill": 5.0}, "bithumb": {CONNECT: 10.0, "backfill": 10.0}}
DEADLINE_S = 300.0  # of the loop's time
LOOK_S = 0.01


class NoChannels:
    """No listing channel runs here."""

    crashes: Mapping[str, str] = {}

    def readings(self) -> Mapping[str, ChannelReading]:
        return {}


class Station:
    """Enter `recording(...)` to get one that runs. `sockets` is the address of each exchange that is recorded."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        sockets: Mapping[Exchange, str],
        connect: Connect = connect,
        *,
        pace: Pace = PACE,
        jitter: Callable[[], float] = lambda: 0.5,
        codes: int = 100,
        writing: Writing = QUICK,
        rates: Mapping[str, Mapping[str, float]] = RATES,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.path = folder / "radar.db"
        self.clock = clock
        self.limits = Limits(rates)
        self.writer = DatabaseWriter.open(blank(self.path), clock, writing)
        self.recorder = Recorder(self.writer, clock, Recording(), list(sockets))
        self.aggregator = Aggregator(self.writer, self.recorder, clock, Retention(seconds_s=3600))
        self.fleets = {
            exchange: self._fleet(exchange, url, connect, pace, jitter, codes) for exchange, url in sockets.items()
        }
        self.offset = ClockOffset()
        self.vitals = Vitals(
            *(clock, folder, self.writer, self.recorder, self.fleets, NoChannels(), [], True, self.offset),  # type: ignore[arg-type]
            lambda: self.limits.state(clock.monotonic()),
        )
        self._watchman = Watchman(clock.monotonic())
        self.alarms: list[str] = []

    def _fleet(
        self, exchange: Exchange, url: str, connect: Connect, pace: Pace, jitter: Callable[[], float], codes: int
    ) -> Fleet:
        feed, overlap = FEEDS[exchange], Overlap(self.recorder)

        def shard(markets: Sequence[Market]) -> Shard:
            return Shard(feed, url, markets, connect, overlap.handle(), self.clock, self.limits, pace, jitter)

        return Fleet(shard, codes)

    # --- what the outside sees ----------------------------------------------------------------------------------------

    @property
    def statuses(self) -> list[ShardStatus]:
        return [status for fleet in self.fleets.values() for status in fleet.statuses]

    def readings(self) -> Readings:
        return self.vitals.read()

    def health(self) -> Report:
        return report(self.readings(), limits(30.0, 120.0, 10_000))

    def look(self) -> None:
        """What the owner is told is kept in `alarms`, by cause; call it once a second as the daemon does."""
        news = self._watchman.look(self.readings(), self.clock.monotonic())
        self.alarms += [each.trouble.cause for each in news if isinstance(each, Began)]

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(sql, values)]

    async def stored(self) -> None:
        """Wait until what was handed over is on disk."""
        self.recorder.flush()
        await self.writer.run(lambda connection: None)

    async def until(self, what: str, condition: Callable[[], object]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DEADLINE_S
        while not condition():
            assert loop.time() < deadline, f"it never happened: {what}"
            await asyncio.sleep(LOOK_S)

    async def until_live(self) -> None:
        """Every connection is proven and no market is missing."""
        await self.until("every market is live", lambda: self.rows("SELECT 1 FROM candles_1s") and not self.open_gaps())

    def open_gaps(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM gaps WHERE to_ms IS NULL")

    async def until_back(self, status: ShardStatus, cause: GapCause) -> None:
        """The second connection is proven, and the gap that ended the first is on disk with its end."""
        marked = "SELECT 1 FROM gaps WHERE cause = ?"
        await self.until(
            "it has connected again",
            lambda: status.connections == 2 and self.rows(marked, cause.value) and not self.open_gaps(),
        )

    async def until_healed(self) -> None:
        waiting = "SELECT 1 FROM gaps WHERE state = 'open'"
        await self.until("every gap is healed", lambda: not self.rows(waiting))


@asynccontextmanager
async def recording(
    station: Station, markets: Mapping[Exchange, Sequence[Market]], rest: str | None = None
) -> AsyncIterator[Station]:
    """`station` at work on these markets, ended in order; with the address of a simulator it heals from its REST."""
    async with AsyncExitStack() as stack:
        stack.enter_context(station.writer)
        await station.recorder.start()
        await station.aggregator.heal()
        for exchange, wanted in markets.items():
            await station.recorder.expect(wanted)
            station.fleets[exchange].change_markets(wanted)
        stack.callback(station.aggregator.force_rollup)
        stack.callback(station.recorder.close)
        work = [station.recorder.run(), station.aggregator.every_minute()]
        if rest is not None:
            urls: dict[str, str] = {exchange: f"{rest}/{exchange}" for exchange in markets}
            door = HttpDoor(urls, station.limits, station.clock, "radar/test")
            stack.push_async_callback(door.close)
            for exchange in markets:
                history = History(exchange, door, station.clock)
                work.append(
                    Backfill(history, station.writer, station.recorder, station.clock, Retention(seconds_s=3600)).run()
                )
        await stack.enter_async_context(running(*work))
        for exchange, fleet in station.fleets.items():
            doubts = fleet.question(lambda exchange=exchange: station.recorder.doubtful(exchange), station.clock)  # type: ignore[misc]
            await stack.enter_async_context(running(fleet.run(), doubts))
        yield station


def markets_of(simulator: SimulatorHandle, exchange: Exchange, most: int = 100) -> list[Market]:
    """The KRW markets of a simulated exchange, busiest first."""
    codes = [code for code in simulator.world.markets(exchange) if code.startswith("KRW-")]
    return [Market(exchange, code.partition("-")[2], "KRW") for code in codes[:most]]


def compared(station: Recorded, simulator: SimulatorHandle) -> Compared:
    """Everything that an ended station or daemon stored, second by second and minute by minute, against the truth."""
    world = simulator.world

    def told(exchange: str, from_ms: int) -> dict[str, list[dict[str, Any]]]:
        return {
            code: [
                {"id": each.ws_id, "traded_ms": each.traded_ms, "price": each.price, "volume": each.volume}
                for each in world.trades(exchange, code, from_ms, 2**62)
            ]
            for code in world.traded_codes(exchange)
        }

    return compare_with(station, told)
