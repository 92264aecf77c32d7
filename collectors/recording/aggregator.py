"""Rolls minutes as soon as their last second is stored, heals them after a crash, keeps the seconds around a listing
for good, and purges what has served its time.

Minutes come folded from memory; whatever memory can't know (a late second, the minute in which this run began, minutes
of an earlier run) is rolled from the stored seconds. A second is never purged before its minute is stored and, where it
belongs there, its copy in `listing_seconds`. All of it is work in slices of about 3 ms, so that nothing waits long.
"""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial

from msgspec import Struct

from collectors.events import Exchange, Market
from collectors.recording.minutes import Rolled
from collectors.recording.recorder import Recorder
from config.clock import Clock
from config.settings import Retention
from config.units import DAY_MS, HOUR_MS, MINUTE_MS, whole_minute
from store.database import Connection
from store.tables import candles, debounce, fx, global_minutes, listing_seconds, quarantine
from store.writer import SLICE_S, DatabaseWriter

log = logging.getLogger(__name__)

LOOK_S = 1.0
HEAL_BACK_MS = 5 * MINUTE_MS  # late seconds may have changed minutes this long after they were rolled
NOTICE_LATE_MS = MINUTE_MS  # a notice seen so late still finds the seconds of the ten minutes before it
LATE_SECONDS_MS = 2 * MINUTE_MS  # a second may change for so long; what is kept of it is copied again
KEEP_SPAN_MS = 10_000
ROWS_A_STEP = 100  # of minutes, each on a page of its own
ROLL_SLICE_S = 0.001  # the pages of one transaction are moved by one checkpoint, which takes about as long again
MARKETS_A_STEP = 10  # of those whose minute is rolled from its seconds
RECOUNTS_A_STEP = 50  # of markets whose coverage is counted again
PAGES_KEPT = 4_096  # unused pages that will soon be used again: 16 MiB
PAGES_A_LOOK = 50  # that are handed back beyond these; what moves them grows the WAL, which checkpoints must follow

Step = Callable[[Connection], object]


class _Left(Struct, frozen=True):
    """What an earlier run left: the minutes of its seconds as far as they may not be rolled, and the newest second.

    By exchange, how far it had vouched for what it stored, and until when its minutes were rolled.
    """

    minutes: range
    newest_ms: int
    vouched_ms: dict[Exchange, int]
    rolled_ms: dict[Exchange, int]


class Aggregator:
    """The minute timer. `force_rollup` at the end rolls the running minute as far as it has come."""

    def __init__(self, writer: DatabaseWriter, recorder: Recorder, clock: Clock, retention: Retention) -> None:
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._retention = retention
        self._housekept_ms: int | None = None
        self._unfinished: Sequence[Step] = ()  # of minutes that are being stored; a stop may come between two slices
        self._to_hand_back = False
        self._kept_before: Mapping[tuple[int, int], int] = {}  # by listing and start of its window

    def change(self, retention: Retention) -> None:
        """Keep what these say from the next purge on."""
        self._retention = retention

    async def heal(self) -> int:
        """Roll what an earlier run stored as seconds but maybe not as minutes; return how many minutes that was.

        What that run had not vouched for when it ended counts as missed; the gap itself is opened when this one begins.
        """
        left = await self._writer.run(partial(_left, exchanges=self._recorder.exchanges))
        minutes = left.minutes
        self._recorder.minutes.take_up(left.newest_ms)
        for minute_ms in minutes:
            await self._writer.run(partial(candles.rollup_minute, minute_ms=minute_ms, blind_from_ms=left.vouched_ms))
        for exchange, rolled_ms in left.rolled_ms.items():  # a kill forgets what was to be counted again
            from_ms, to_ms = rolled_ms - HEAL_BACK_MS, minutes.start if minutes else rolled_ms
            for step in self._counted_again(exchange, [(None, from_ms, to_ms)] if from_ms < to_ms else ()):
                await self._writer.run(step)
        if minutes:
            log.info("%d minutes of an earlier run were rolled again from their seconds", len(minutes))
        return len(minutes)

    async def every_minute(self) -> None:
        """Roll each minute once its last second is stored for every market; then purge. For ever."""
        while True:
            await self._clock.sleep(LOOK_S)
            if await self.roll():
                await self.keep()
                await self.purge()
            elif self._to_hand_back:
                await self._hand_back()

    async def roll(self) -> bool:
        """Store the minutes that are complete; return whether there were any."""
        rolled = False
        for exchange in self._recorder.exchanges:
            before_ms = self._recorder.settled_before(exchange)
            if self._recorder.minutes.ready(exchange, before_ms):
                self._unfinished = tuple(self._steps(self._recorder.minutes.take(exchange, before_ms)))
                while self._unfinished:
                    done = await self._writer.run(partial(_some, self._unfinished), scattered=True)
                    self._unfinished = self._unfinished[done:]
                rolled = True
        return rolled

    def force_rollup(self) -> None:
        """Hand what a roll left unfinished, and the running minute, to the writer; each step may be taken twice.

        What the writer refuses is healed from the seconds at the next start.
        """
        unfinished, self._unfinished = self._unfinished, ()
        for exchange in self._recorder.exchanges:
            steps = [*unfinished, *self._steps(self._recorder.minutes.take_all(exchange))]
            unfinished = ()
            if not self._writer.offer(partial(_all, steps)):
                log.warning("the last minute of %s is left to the next start", exchange)

    def _steps(self, rolled: Rolled) -> Iterator[Step]:
        """What stores these minutes, in small steps; the last one says that they are stored."""
        ids, exchange = self._recorder.ids, rolled.exchange
        for start in range(0, len(rolled.minutes), ROWS_A_STEP):
            yield partial(candles.store_minutes, minutes=rolled.minutes[start : start + ROWS_A_STEP], ids=ids)
        everyone = [market_id for market, market_id in ids.items() if market.exchange == exchange]
        again: dict[int, list[int]] = {}
        for minute_ms in rolled.whole:
            again[minute_ms] = list(everyone)
        for market, minute_ms in rolled.again:
            again.setdefault(minute_ms, []).append(ids[market])
        for minute_ms, market_ids in again.items():
            for start in range(0, len(market_ids), MARKETS_A_STEP):
                some = market_ids[start : start + MARKETS_A_STEP]
                yield partial(_roll_again, minute_ms=minute_ms, market_ids=some)
        yield from self._counted_again(exchange, rolled.recount)
        yield partial(candles.set_rolled, exchange=exchange, before_ms=rolled.before_ms)

    def _counted_again(self, exchange: Exchange, recount: Iterable[tuple[Market | None, int, int]]) -> Iterator[Step]:
        """What says again how much of stored minutes was heard, of a market or (None) of all."""
        ids = self._recorder.ids
        everyone = [market_id for market, market_id in ids.items() if market.exchange == exchange]
        touched = [
            (market_id, from_ms, to_ms)
            for market, from_ms, to_ms in recount
            for market_id in (everyone if market is None else [ids[market]])
        ]
        for start in range(0, len(touched), RECOUNTS_A_STEP):
            part = touched[start : start + RECOUNTS_A_STEP]
            yield partial(candles.refresh_coverage, exchange=exchange, touched=part)

    async def keep(self) -> None:
        """Copy the settled seconds around listings to where they stay; late ones are copied again."""
        settled = [before_ms for each in self._recorder.exchanges if (before_ms := self._recorder.settled_before(each))]
        kept = {window: before_ms - LATE_SECONDS_MS for window, before_ms in self._kept_before.items()}
        more = bool(settled)
        while more:
            kept, more = await self._writer.run(partial(_keep, before_ms=min(settled), kept=kept))
            self._kept_before = kept

    async def purge(self) -> None:
        """Delete what is older than its retention: candles by the exchanges' time, the rest by ours, once an hour."""
        settled = {each: self._recorder.settled_before(each) for each in self._recorder.exchanges}
        heard = {each: before_ms for each, before_ms in settled.items() if before_ms}
        if heard:
            before_ms = min(heard.values()) - self._retention.seconds_s * 1000 - NOTICE_LATE_MS
            while await self._writer.run(partial(_purge_seconds, before_ms=before_ms, heard=tuple(heard))):
                pass
        now_ms = self._clock.now_ms()
        if self._housekept_ms is None or abs(now_ms - self._housekept_ms) >= HOUR_MS:
            self._housekept_ms = now_ms
            await self._purge_others(now_ms, min(heard.values(), default=None))
        await self._hand_back()

    async def _hand_back(self) -> None:
        """A little of the file's unused space; the rest with the next looks."""
        self._to_hand_back = await self._writer.run(partial(candles.hand_back, keep_free=PAGES_KEPT, most=PAGES_A_LOOK))

    async def _purge_others(self, now_ms: int, theirs_ms: int | None) -> None:
        """`theirs_ms`: the exchanges' time; None while nothing is heard of them, and then minutes stay."""
        before_ms = (theirs_ms or 0) - self._retention.minutes_days * DAY_MS
        refused_ms = now_ms - self._retention.quarantine_days * DAY_MS
        for some in (
            partial(candles.purge_minutes, before_ms=before_ms, budget_s=SLICE_S),
            partial(quarantine.purge, before_ms=refused_ms),
        ):
            done_id: int | None = -1
            while done_id is not None:
                done_id = await self._writer.run(partial(some, after_id=done_id))
        small = (
            partial(fx.purge, before_ms=now_ms - self._retention.fx_snapshots_days * DAY_MS),
            partial(debounce.forget_expired, now_ms=now_ms),
        )
        for step in small:
            await self._writer.run(step)
        world = partial(global_minutes.purge, before_ms=before_ms)
        while await self._writer.run(world):
            pass


def _left(connection: Connection, exchanges: Sequence[Exchange]) -> _Left:
    oldest_ms, newest_ms = connection.execute("SELECT MIN(open_ms), MAX(open_ms) FROM candles_1s").fetchone()
    rolled_ms = {each: candles.rolled_until(connection, each) or 0 for each in exchanges}
    vouched = {each: candles.recorded_until(connection, each) for each in exchanges}
    vouched_ms = {each: until_ms for each, until_ms in vouched.items() if until_ms is not None}
    if oldest_ms is None:
        return _Left(range(0), 0, vouched_ms, rolled_ms)
    from_ms = max(candles.purged_until(connection), min(rolled_ms.values(), default=0) - HEAL_BACK_MS, oldest_ms)
    return _Left(range(whole_minute(from_ms), newest_ms + 1, MINUTE_MS), newest_ms, vouched_ms, rolled_ms)


def _some(steps: Sequence[Step], connection: Connection) -> int:
    """Take steps until a slice of time is over; how many are done then."""
    until = time.monotonic() + ROLL_SLICE_S
    for done, step in enumerate(steps, start=1):
        step(connection)
        if time.monotonic() > until:
            return done
    return len(steps)


def _all(steps: Sequence[Step], connection: Connection) -> None:
    for step in steps:
        step(connection)


def _roll_again(connection: Connection, minute_ms: int, market_ids: Sequence[int]) -> None:
    if minute_ms >= candles.purged_until(connection):
        candles.rollup_minute(connection, minute_ms, market_ids)


def _purge_seconds(connection: Connection, before_ms: int, heard: tuple[Exchange, ...]) -> bool:
    rolled_ms = min(candles.rolled_until(connection, exchange) or 0 for exchange in heard)
    before_ms = min(before_ms, rolled_ms)
    return candles.purge_seconds(connection, whole_minute(before_ms), SLICE_S)


def _keep(
    connection: Connection, before_ms: int, kept: Mapping[tuple[int, int], int]
) -> tuple[dict[tuple[int, int], int], bool]:
    """Copy until a slice of time is over; how far each window is kept then, and whether there is more."""
    until = time.monotonic() + SLICE_S
    reached: dict[tuple[int, int], int] = {}
    oldest_ms = candles.oldest_second(connection)
    if oldest_ms is None:
        return reached, False
    windows = listing_seconds.windows(connection, oldest_ms)
    for window in windows:
        key = window.listing_id, window.from_ms
        reached[key] = max(kept.get(key, 0), window.from_ms, oldest_ms)
    for window in windows:
        key = window.listing_id, window.from_ms
        to_ms = min(window.to_ms, before_ms)
        while reached[key] < to_ms:
            next_ms = min(reached[key] + KEEP_SPAN_MS, to_ms)
            listing_seconds.keep(connection, window.markets, reached[key], next_ms)
            reached[key] = next_ms
            if time.monotonic() > until:
                return reached, True
    return reached, False
