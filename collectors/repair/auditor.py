"""Holds what was recorded against the exchange's own candles, market by market, behind live data and behind healing.

One an exchange. A look at a market asks for one page of its official seconds (Upbit) and one of its official minutes,
and compares what was not compared yet: all minutes of all markets, and as many of their seconds as a page holds. After
each look come those seconds of one market that the exchange's socket (`candle_socket.py`) told otherwise than ours.
Where candle and record differ, the pages of trades decide: they mend the record, or bear it out. What neither bears out
is asked for again, twice; then both are believed if they tell the same, else it is marked as a gap: *unexplained*.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial
from typing import Final, NoReturn

from msgspec import Struct

from collectors.events import Candle, Exchange, Market
from collectors.recording.recorder import Recorder
from collectors.repair.audit import Comparison, Outcome, Tally, Tour, Unit, is_short, only_edges_differ, pause_s
from collectors.repair.backfill import MINUTES, YARDSTICKS, Backfill, Checked
from collectors.repair.conclusions import Conclusions
from collectors.repair.gaps import SECONDS_NOT_KEPT
from collectors.repair.healing import alike, holds, stretches
from collectors.repair.history import CANDLES, Gone, History, OutOfReach, Unanswered, Unreadable
from collectors.repair.told_seconds import Suspects
from config.clock import Clock
from config.units import MINUTE_MS, SECOND_MS, next_whole, whole_minute, whole_second
from store.tables import audit
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

FINAL_MS = 10_000  # Upbit checks its candles once a second and may publish a second late; nothing marks one as final
LOOK_BACK_MS = 15 * MINUTE_MS  # the first look at a market goes no further back
MISSED_MS = 120 * MINUTE_MS  # so long a minute that a gap touches may be healed, and is compared then
MOST_CANDLES = 199  # what one page holds, and one more
AGAIN_A_LOOK = 5  # candles in doubt that a look holds against their trades again
PAUSE_CAP_S = 120.0
UNTOUCHED: Final = frozenset[int]()  # one for all markets: an empty set takes 216 bytes
PATIENCE_S = 60.0  # healing goes first, but where it never ends a look is taken this often all the same


class _Done(Struct):
    """Up to when a market was compared; 0: never. `missed` are minutes before that which a gap touched then."""

    seconds_ms: int = 0
    minutes_ms: int = 0
    missed: frozenset[int] = UNTOUCHED


class Auditor:
    """`run` compares for ever; `tally` tells how it stands."""

    def __init__(
        self,
        history: History,
        writer: DatabaseWriter,
        recorder: Recorder,
        backfill: Backfill,
        clock: Clock,
        hurry: Callable[[], Set[str]] = frozenset,
    ) -> None:
        """`hurry` names the coins that are looked at each minute; what exchange rates are taken from is as well."""
        self.exchange: Exchange = history.exchange
        self._history = history
        self._writer = writer
        self._recorder = recorder
        self._backfill = backfill
        self._clock = clock
        self._hurry = hurry
        self._tour = Tour()
        self._done: dict[Market, _Done] = {}
        self._conclusions = Conclusions(self.exchange, writer, recorder, clock)
        self._doubts = self._conclusions.doubts
        self._suspects = Suspects()
        self._waits_s = 0.0
        self._looked_s = clock.monotonic()

    @property
    def tally(self) -> Tally:
        """What was compared since the start, and how it ended."""
        return self._conclusions.tally

    async def run(self) -> NoReturn:
        while True:
            await self._clock.sleep(max(self._waits_s, pause_s(len(self._recorder.live_markets(self.exchange)))))
            if self._backfill.busy and self._clock.monotonic() - self._looked_s < PATIENCE_S:
                continue
            self._looked_s = self._clock.monotonic()
            try:
                await self.once()
                self._waits_s = 0.0
                await self.look_into_suspects()
            except Unanswered as e:
                self._waits_s = min(PAUSE_CAP_S, max(e.pause_s, self._waits_s * 2))
                log.debug("%s: auditing waits %.0f s: %s", self.exchange, self._waits_s, e)

    async def once(self) -> None:
        """Look at the market whose turn it is, if any; raise Unanswered."""
        hurry = self._hurry() | self._doubts.coins | set(YARDSTICKS)
        market = self._tour.next(self._recorder.live_markets(self.exchange), hurry, self._clock.monotonic())
        if market is not None:
            await self.look(market)

    async def look(self, market: Market) -> None:
        """Compare what there is to compare of one market; raise Unanswered."""
        settled_ms = self._recorder.settled_before(self.exchange) - FINAL_MS
        there = await self._reach(market, 0 if market in self._done else MISSED_MS)
        second_ms, minute_ms = whole_second(settled_ms), whole_minute(settled_ms)
        ends = {SECOND_MS: second_ms, MINUTE_MS: min(there.rolled_ms, minute_ms)}
        doubted = frozenset(self._doubts.of(market))
        try:
            for length_ms, to_ms in ends.items():
                if not await self._look_again(market, length_ms, to_ms, there):
                    return  # an old page; it is no witness to anything new either
            await self._look_at_the_rest(market, ends, there, doubted)
        except (Gone, Unreadable) as e:
            log.info("%s %s is not audited: %s", self.exchange, market.code, e)

    async def _look_at_the_rest(
        self, market: Market, ends: Mapping[int, int], there: audit.Reach, doubted: Set[Unit]
    ) -> None:
        """What was not compared yet; `doubted` are looked at by themselves."""
        # Before the first look: what was missed of late may have been healed from an old page, long ago as it is.
        done = self._done.setdefault(market, _Done(missed=there.touched))
        if (self.exchange, SECOND_MS) in CANDLES:
            to_ms = ends[SECOND_MS]
            from_ms = next_whole(max(done.seconds_ms, there.kept_ms, to_ms - LOOK_BACK_MS), SECOND_MS)
            await self._look_at_seconds(market, from_ms, to_ms, doubted)
            done.seconds_ms = max(from_ms, to_ms)
        to_ms = ends[MINUTE_MS]
        from_ms = next_whole(max(done.minutes_ms or to_ms - LOOK_BACK_MS, there.known_ms), MINUTE_MS)
        await self._look_at_minutes(market, done, max(from_ms, to_ms - MOST_CANDLES * MINUTE_MS), to_ms)
        done.minutes_ms = max(from_ms, to_ms)

    # --- seconds ------------------------------------------------------------------------------------------------------

    async def _look_at_seconds(self, market: Market, from_ms: int, to_ms: int, doubted: Set[Unit]) -> None:
        if from_ms >= to_ms:
            return
        told, reached_ms = await self._history.latest(market, SECOND_MS, from_ms, to_ms)
        held, ours = await self._compared(market, SECOND_MS, range(reached_ms, to_ms, SECOND_MS), told)
        left_out = {unit.open_ms for unit in doubted if unit.length_ms == SECOND_MS}  # the socket may have told of them
        equal = sum(each not in left_out for each in held.equal)
        wrong = [each for each in held.differing if each not in left_out]
        await self._judge_seconds(market, equal, wrong, ours, told)

    async def _judge_seconds(
        self,
        market: Market,
        equal: int,
        differing: Sequence[int],
        ours: Mapping[int, Candle],
        told: Mapping[int, Candle],
        looks: int = 1,
    ) -> None:
        outcomes: dict[int, Outcome] = {}
        for span in stretches([(each, each + SECOND_MS) for each in differing], MINUTE_MS):
            outcomes |= await self._by_trades(market, differing, *span)
        self._conclusions.agreed(equal)
        await self._conclusions.conclude(market, SECOND_MS, outcomes, ours, told, looks)

    def told(self, seconds: Iterable[Candle]) -> int:
        """What the exchange's socket told of seconds that are settled here: what is ours is counted, the rest looked
        into, but for what is only a part of ours (answers how many are) and for markets that we do not hear: healing
        has those.
        """
        equal = short = 0
        heard = set(self._recorder.live_markets(self.exchange))
        for candle in seconds:
            ours = self._recorder.second(candle.market, candle.open_ms)
            if alike(ours, candle):
                equal += 1
            elif is_short(candle, ours):
                short += 1
            elif candle.market in heard:
                self._suspects.add(candle)
        self._conclusions.agreed(equal)
        return short

    async def look_into_suspects(self) -> None:
        """Hold what was stored against what the socket told otherwise, of one market; raise Unanswered.

        What stays in doubt is left to the pages of candles: only looks at those condemn. What is told of the time
        before the market was expected is nobody's miss.
        """
        final_ms = self._recorder.settled_before(self.exchange) - FINAL_MS
        if (suspected := self._suspects.ripe(final_ms, MOST_CANDLES * SECOND_MS)) is None:
            return
        market, told = suspected
        held, ours = await self._compared(market, SECOND_MS, range(min(told), max(told) + SECOND_MS, SECOND_MS), told)
        kept_ms = (await self._reach(market)).kept_ms
        fresh = {each for each in told if each >= kept_ms and Unit(market, SECOND_MS, each) not in self._doubts}
        equal = sum(each in fresh for each in held.equal)
        wrong = [each for each in held.differing if each in fresh and not is_short(told[each], ours.get(each))]
        try:
            await self._judge_seconds(market, equal, wrong, ours, told, looks=0)
        except Unanswered:
            self._suspects.put_off(market)
            raise
        except (Gone, Unreadable) as e:
            log.info("%s %s is not audited: %s", self.exchange, market.code, e)
        self._suspects.drop(market, told)

    async def _by_trades(
        self, market: Market, seconds: Iterable[int], from_ms: int, to_ms: int, candle: Candle | None = None
    ) -> dict[int, Outcome]:
        """What becomes of seconds of [from_ms, to_ms) whose candle is not ours."""
        asked = [each for each in seconds if from_ms <= each < to_ms]
        try:
            checked = await self._backfill.check(market, from_ms, to_ms, candle)
        except OutOfReach as e:
            log.info("%s %s: %s", self.exchange, market.code, e)
            return dict.fromkeys(asked, Outcome.DOUBTFUL)
        return {each: _outcome(each, checked) for each in asked}

    # --- minutes ------------------------------------------------------------------------------------------------------

    async def _look_at_minutes(self, market: Market, done: _Done, from_ms: int, to_ms: int) -> None:
        """Compare those of [from_ms, to_ms), and what a gap touched before: healed meanwhile, it is a record as any."""
        if from_ms >= to_ms:
            return
        due = {each for each in done.missed if each >= to_ms - MISSED_MS} | {*range(from_ms, to_ms, MINUTE_MS)}
        told, reached_ms = await self._history.latest(market, MINUTE_MS, min(due), to_ms)
        held, ours = await self._compared(market, MINUTE_MS, range(reached_ms, to_ms, MINUTE_MS), told)
        outcomes = await self._decide(market, [each for each in held.differing if each in due], told, ours)
        self._conclusions.agreed(len(due.intersection(held.equal)))
        await self._conclusions.conclude(market, MINUTE_MS, outcomes, ours, told)
        done.missed = frozenset(due.intersection(held.missed)) or UNTOUCHED

    async def _decide(
        self,
        market: Market,
        minutes: Sequence[int],
        told: Mapping[int, Candle],
        ours: Mapping[int, Candle],
        candle: Candle | None = None,
    ) -> dict[int, Outcome]:
        """What becomes of minutes whose candles are not ours. One walk through the trades tells of all of them.

        `candle` is believed before ours, if there is but one minute and its trades bear it out.
        """
        kept_ms = (await self._reach(market)).kept_ms
        outcomes: dict[int, Outcome] = {}
        for minute_ms in (each for each in minutes if each < kept_ms):
            pair = told.get(minute_ms), ours.get(minute_ms)
            outcomes[minute_ms] = await self._take_over(market, *pair, "healed", SECONDS_NOT_KEPT)
        stored = [(each, each + MINUTE_MS) for each in minutes if each >= kept_ms]
        for span in stretches(stored, LOOK_BACK_MS):
            inside = [each for each in minutes if span[0] <= each < span[1]]
            try:
                checked = await self._backfill.check(market, *span, candle)
            except OutOfReach as e:
                for each in inside:
                    pair, why = (told.get(each), ours.get(each)), f"its seconds are out of reach: {e}"
                    outcomes[each] = await self._take_over(market, *pair, "unhealable", why)
                continue
            for each in inside:
                part = checked.within(each, each + MINUTE_MS)
                outcomes[each] = await self._roll_again(market, each, told.get(each), part)
        return outcomes

    async def _roll_again(self, market: Market, minute_ms: int, theirs: Candle | None, checked: Checked) -> Outcome:
        """Compare a minute once more, now that its seconds were held against the trades."""
        span, told = range(minute_ms, minute_ms + MINUTE_MS, MINUTE_MS), {} if theirs is None else {minute_ms: theirs}
        again = partial(
            audit.rolled_again, market=market, market_id=self._recorder.ids[market], span=span, theirs=told,
            whole=not (checked.waiting or checked.excess),
        )  # fmt: skip
        held, rolled = await self._writer.run(again)
        if held.equal:
            return Outcome.REPAIRED if checked.repaired else Outcome.EQUAL
        if not held.differing or checked.waiting:
            return Outcome.MARKED
        if checked.excess:
            return Outcome.DOUBTFUL
        ours = rolled.get(minute_ms)
        if theirs is None or ours is None or not (checked.rough and only_edges_differ(ours, theirs)):
            return Outcome.EQUAL  # trade by trade it is right
        why = "approximate: open or close of its seconds, several prices in one millisecond"
        return await self._take_over(market, theirs, ours, "healed", why)

    async def _take_over(
        self, market: Market, theirs: Candle | None, ours: Candle | None, state: str, why: str
    ) -> Outcome:
        """Believe the exchange's minute, if ours can be a part of it; `state` and `why` stand in its gap then."""
        if theirs is None or not (ours is None or holds(theirs, ours) or only_edges_differ(ours, theirs)):
            return Outcome.DOUBTFUL
        take = partial(
            audit.take_over, market=market, market_id=self._recorder.ids[market], minute=theirs,
            state=state, now_ms=self._clock.now_ms(), source=f"{MINUTES}; {why}",
        )  # fmt: skip
        await self._writer.run(take)
        return Outcome.REPAIRED

    # --- what nothing bears out ---------------------------------------------------------------------------------------

    async def _look_again(self, market: Market, length_ms: int, to_ms: int, there: audit.Reach) -> bool:
        """Ask once more for candles that nothing bore out; False if what was answered may be an old page.

        It is not where a later candle of it is ours, up to `to_ms`. Only then does a look count, and the last time,
        where the exchange's candle and its trades tell the same, they are believed instead of ours.
        """
        units = [unit.open_ms for unit in self._doubts.of(market) if unit.length_ms == length_ms]
        if length_ms == SECOND_MS:
            for open_ms in [each for each in units if each < there.kept_ms]:
                self._doubts.drop(Unit(market, length_ms, open_ms))  # its minute is left to tell
                units.remove(open_ms)
        if not units:
            return True
        from_ms = min(units)
        to_ms = min(max(to_ms, from_ms + length_ms), from_ms + MOST_CANDLES * length_ms)
        told, _ = await self._history.latest(market, length_ms, from_ms, to_ms)
        held, ours = await self._compared(market, length_ms, range(from_ms, to_ms, length_ms), told)
        newest_ms = max((each for each in held.equal if each in ours), default=0)
        wrong = [each for each in units if each in held.differing]
        outcomes = {
            each: Outcome.EQUAL if each in held.equal else Outcome.MARKED
            for each in units
            if each < to_ms and each not in wrong
        }
        for open_ms in [each for each in wrong if each < newest_ms][:AGAIN_A_LOOK]:
            candle = told.get(open_ms) if self._doubts.ripe(Unit(market, length_ms, open_ms)) else None
            if length_ms == SECOND_MS:
                outcomes |= await self._by_trades(market, [open_ms], open_ms, open_ms + SECOND_MS, candle)
            else:
                outcomes |= await self._decide(market, [open_ms], told, ours, candle)
        await self._conclusions.conclude(market, length_ms, outcomes, ours, told)
        return not wrong or min(wrong) < newest_ms

    async def _compared(
        self, market: Market, length_ms: int, span: range, told: Mapping[int, Candle]
    ) -> tuple[Comparison, Mapping[int, Candle]]:
        """Ours of a span held against theirs; ours come along."""
        compare = audit.seconds if length_ms == SECOND_MS else audit.minutes
        market_id = self._recorder.ids[market]
        return await self._writer.run(partial(compare, market=market, market_id=market_id, span=span, theirs=told))

    async def _reach(self, market: Market, touched_ms: int = 0) -> audit.Reach:
        reach = partial(audit.reach, market_id=self._recorder.ids[market], touched_ms=touched_ms)
        return await self._writer.run(partial(reach, exchange=self.exchange))


def _outcome(second_ms: int, checked: Checked) -> Outcome:
    """What trades made of a second."""
    if second_ms in checked.repaired:
        return Outcome.REPAIRED
    if second_ms in checked.excess:
        return Outcome.DOUBTFUL
    return Outcome.EQUAL if second_ms in checked.equal else Outcome.MARKED
