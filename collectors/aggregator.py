"""Rolls minutes as soon as their last second is stored, heals them after a crash, and purges what has served its time.

Minutes come folded from memory; whatever memory can't know (a late second, the minute in which this run began, minutes
of an earlier run) is rolled from the stored seconds. A second is never purged before its minute is stored.
"""

import logging
from functools import partial

from collectors.events import Exchange
from collectors.minutes import Rolled
from collectors.recorder import Recorder
from collectors.repair.gaps import MINUTE_MS
from config.clock import Clock
from config.settings import Retention
from store import candles, debounce, fx, quarantine
from store.database import Connection
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

LOOK_S = 1.0
HEAL_BACK_MS = 5 * MINUTE_MS  # late seconds may have changed minutes this long after they were rolled
PURGE_SPAN_MS = 5_000  # seconds deleted in one transaction: a few thousand rows, a few ms
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PAGES_BACK = 256  # 1 MiB at a time
PAGES_KEPT = 4_096  # unused pages that will soon be used again: 16 MiB


class Aggregator:
    """The minute timer. `force_rollup` at the end rolls the running minute as far as it has come."""

    def __init__(self, writer: DatabaseWriter, recorder: Recorder, clock: Clock, retention: Retention) -> None:
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._retention = retention
        self._housekept_ms: int | None = None

    async def heal(self) -> int:
        """Roll what an earlier run stored as seconds but maybe not as minutes; return how many minutes that was."""

        def todo(connection: Connection) -> range:
            oldest, newest = connection.execute("SELECT MIN(open_ms), MAX(open_ms) FROM candles_1s").fetchone()
            if oldest is None:
                return range(0)
            rolled = [candles.rolled_until(connection, each) or 0 for each in self._recorder.exchanges]
            from_ms = max(candles.purged_until(connection), min(rolled, default=0) - HEAL_BACK_MS, oldest)
            return range(from_ms - from_ms % MINUTE_MS, newest + 1, MINUTE_MS)

        minutes = await self._writer.run(todo)
        for minute_ms in minutes:
            await self._writer.run(partial(candles.rollup_minute, minute_ms=minute_ms))
        if minutes:
            log.info("%d minutes of an earlier run were rolled again from their seconds", len(minutes))
        return len(minutes)

    async def every_minute(self) -> None:
        """Roll each minute once its last second is stored for every market; then purge. For ever."""
        while True:
            await self._clock.sleep(LOOK_S)
            if await self.roll():
                await self.purge()

    async def roll(self) -> bool:
        """Store the minutes that are complete; return whether there were any."""
        rolled = False
        for exchange in self._recorder.exchanges:
            before_ms = self._recorder.settled_before(exchange)
            if self._recorder.minutes.ready(exchange, before_ms):
                batch = self._recorder.minutes.take(exchange, before_ms)
                await self._writer.run(partial(self._store, rolled=batch))
                rolled = True
        return rolled

    def force_rollup(self) -> None:
        """Hand the running minute to the writer; what it refuses is healed from the seconds at the next start."""
        for exchange in self._recorder.exchanges:
            batch = self._recorder.minutes.take_all(exchange)
            if not self._writer.offer(partial(self._store, rolled=batch)):
                log.warning("the last minute of %s is left to the next start", exchange)

    def _store(self, connection: Connection, rolled: Rolled) -> None:
        ids = self._recorder.ids
        candles.store_minutes(connection, rolled.minutes, ids)
        purged_ms = candles.purged_until(connection)
        for minute_ms in rolled.whole:
            if minute_ms >= purged_ms:
                candles.rollup_minute(connection, minute_ms)
        for market, minute_ms in rolled.again:
            if minute_ms >= purged_ms:
                candles.rollup_minute(connection, minute_ms, ids[market])
        touched = [
            (rolled.exchange, None if market is None else ids[market], from_ms, to_ms)
            for market, from_ms, to_ms in rolled.recount
        ]
        candles.refresh_coverage(connection, touched)
        candles.set_rolled(connection, rolled.exchange, rolled.before_ms)

    async def purge(self) -> None:
        """Delete what is older than its retention: seconds by the exchanges' time, the rest by ours, once an hour."""
        settled = {each: self._recorder.settled_before(each) for each in self._recorder.exchanges}
        heard = {each: before_ms for each, before_ms in settled.items() if before_ms}
        if heard:
            before_ms = min(heard.values()) - self._retention.seconds_s * 1000
            while await self._writer.run(lambda connection: self._purge_seconds(connection, before_ms, tuple(heard))):
                pass
        now_ms = self._clock.now_ms()
        if self._housekept_ms is None or abs(now_ms - self._housekept_ms) >= HOUR_MS:
            self._housekept_ms = now_ms
            await self._writer.run(lambda connection: self._purge_others(connection, now_ms))
        await self._writer.run(lambda connection: candles.hand_back(connection, PAGES_BACK, PAGES_KEPT))

    def _purge_seconds(self, connection: Connection, before_ms: int, heard: tuple[Exchange, ...]) -> bool:
        rolled_ms = min(candles.rolled_until(connection, exchange) or 0 for exchange in heard)
        before_ms = min(before_ms, rolled_ms)
        return candles.purge_seconds(connection, before_ms - before_ms % MINUTE_MS, PURGE_SPAN_MS)

    def _purge_others(self, connection: Connection, now_ms: int) -> None:
        candles.purge_minutes(connection, now_ms - self._retention.minutes_days * DAY_MS)
        fx.purge(connection, now_ms - self._retention.fx_snapshots_days * DAY_MS)
        quarantine.purge(connection, now_ms - self._retention.quarantine_days * DAY_MS)
        debounce.forget_expired(connection, now_ms)
