"""Heals gaps behind the live data: asks REST for what was traded meanwhile, and replaces the seconds of the gap by it.

One an exchange. What waits is what the table says, so nothing is forgotten by a restart, and nothing piles up in
memory: a pass takes at most `MOST_WOUNDS` of it, coins of young listings first, then what exchange rates are taken
from, then the oldest. Gaps that reach further back than the stored seconds are healed in their minutes, from the
official candles; around a listing also in the seconds that are kept for good.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from functools import partial, reduce
from typing import NoReturn

from msgspec import Struct

from collectors.events import Candle, Exchange, GapCause, Market
from collectors.recording.minutes import merge
from collectors.recording.recorder import Recorder
from collectors.repair.audit import told_alike
from collectors.repair.gaps import OFFICIAL_MINUTES, SECONDS_NOT_KEPT
from collectors.repair.healing import DAYS_BACK, Second, Walk, official, seconds_in, seconds_of, stretches
from collectors.repair.history import Denied, Gone, History, OutOfReach, Unanswered, Unreadable
from config.clock import Clock
from config.settings import Retention
from config.units import DAY_MS, MINUTE_MS, SECOND_MS, next_whole, whole_minute, whole_second
from store.database import Connection
from store.tables import candles, healing
from store.tables.healing import Excess, Lacking, Wound, minutes_in
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

LOOK_S = 2.0
LOOK_BACK_MS = 15 * MINUTE_MS  # what a quick look goes through; everything only now and then
WHOLE_EVERY_S = 300.0
SETTLED_MS = 5_000  # how long REST may take to show a trade
APART_MS = MINUTE_MS  # gaps of a market closer than this are asked for together
SECONDS_PIECE_MS = 10 * MINUTE_MS
MINUTES_PIECE_MS = 180 * MINUTE_MS
MOST_WOUNDS = 400
MOST_MARKETS = 20  # in one pass; what is more urgent may have come meanwhile
SIDE_BY_SIDE = 4  # while one waits for its commit, others ask; the rate is bounded elsewhere
MOST_PAGES = 20
MOST_TRIES = 5
RETRY_S = 10.0
MARKET_RESTS_S = 60.0  # whose pages say nothing, or that REST does not know yet
MARKET_RESTS_MOST_S = 900.0  # whose pages leave something out again and again
PAUSE_CAP_S = 60.0
CHECKS_WAITING = 64
NEVER_MS = 1 << 62
YARDSTICKS = ("BTC", "USDT")
TRADES = "/v1/trades/ticks"  # what healed a gap, as `gaps.source` tells it
SECONDS = "/v1/candles/seconds, counts are lower bounds"
MINUTES = f"{OFFICIAL_MINUTES}, counts are lower bounds"


class Progress(Struct):
    """What was done since the start; `waiting` is as of the last look."""

    healed: int = 0
    unhealable: int = 0
    waiting: int = 0


class Checked(Struct, frozen=True):
    """A stretch held against REST; starts of its seconds, but for those that a gap touched before.

    `waiting` are marked as missed and healed later; `excess` hold more than REST shows, and stay. `rough` are those of
    them all whose open or close REST cannot tell either.
    """

    equal: tuple[int, ...]
    repaired: tuple[int, ...] = ()
    waiting: tuple[int, ...] = ()
    excess: tuple[int, ...] = ()
    rough: frozenset[int] = frozenset()

    def within(self, from_ms: int, to_ms: int) -> "Checked":
        """The part of it that lies in [from_ms, to_ms)."""

        def inside(found: Iterable[int]) -> tuple[int, ...]:
            return tuple(each for each in found if from_ms <= each < to_ms)

        rough = frozenset(inside(self.rough))
        return Checked(inside(self.equal), inside(self.repaired), inside(self.waiting), inside(self.excess), rough)


class Backfill:
    """`run` heals for ever; `check` holds a stretch against REST now, `check_later` when it is settled.

    `busy`: gaps wait that could be healed now, as of the last look.
    """

    def __init__(
        self,
        history: History,
        writer: DatabaseWriter,
        recorder: Recorder,
        clock: Clock,
        retention: Retention,
        young: Callable[[], Set[str]] = frozenset,
    ) -> None:
        """`young` names the coins whose gaps come first."""
        self.exchange: Exchange = history.exchange
        self.progress = Progress()
        self._history = history
        self._writer = writer
        self._recorder = recorder
        self._clock = clock
        self._retention_ms = retention.seconds_s * SECOND_MS
        self._young = young
        self._at_work = asyncio.Lock()
        self._tries: dict[int, int] = {}
        self._not_before: dict[int, float] = {}
        self._markets_not_before: dict[int, float] = {}
        self._rests_s: dict[Market, float] = {}
        self._checks: deque[tuple[Market, int, int]] = deque(maxlen=CHECKS_WAITING)
        self._whole_at = -WHOLE_EVERY_S
        self._pause_s = LOOK_S
        self.busy = True

    # --- for ever -----------------------------------------------------------------------------------------------------

    async def run(self) -> NoReturn:
        while True:
            await self._clock.sleep(self._pause_s)
            try:
                await self._check_due()
                await self.once()
                self._pause_s = LOOK_S
            except Unanswered as e:
                self._pause_s = min(PAUSE_CAP_S, max(e.pause_s, self._pause_s * 2))
                log.debug("%s: healing waits %.0f s: %s", self.exchange, self._pause_s, e)

    async def once(self) -> None:
        """Heal what waits now, the most urgent markets of it; raise Unanswered."""
        settled_ms = self._recorder.settled_before(self.exchange) - SETTLED_MS
        if settled_ms <= 0:
            return
        since_ms, now = settled_ms - LOOK_BACK_MS, self._clock.monotonic()
        whole = now - self._whole_at >= WHOLE_EVERY_S
        if whole:
            since_ms = settled_ms - DAYS_BACK * DAY_MS
        first = self._young(), YARDSTICKS
        resting = _later(self._not_before, now), _later(self._markets_not_before, now)
        load = partial(self._load, since_ms=since_ms, settled_ms=settled_ms, first=first, resting=resting)
        while (loaded := await self._writer.run(load)) is None:
            pass
        keep_ms, found = loaded
        self.progress.waiting = len(found)
        by_market: dict[Market, list[Wound]] = {}
        for wound in found:
            by_market.setdefault(wound.market, []).append(wound)
        self.busy = bool(by_market)
        order = list(by_market)[:MOST_MARKETS]
        for start in range(0, len(order), SIDE_BY_SIDE):
            async with self._at_work:
                part = [self._mend(each, by_market[each], keep_ms) for each in order[start : start + SIDE_BY_SIDE]]
                ends = await asyncio.gather(*part, return_exceptions=True)
            errors = [end for end in ends if end is not None]
            for error in sorted(errors, key=lambda each: isinstance(each, Unanswered)):  # what is a bug goes first
                if not isinstance(error, Unreadable):
                    raise error
            if all(isinstance(end, Unreadable) and not isinstance(end, Denied) for end in ends):
                raise Unanswered(f"no page of {len(part)} markets says anything: {errors[0]}")
        if whole and len(order) == len(by_market) and len(found) < MOST_WOUNDS:
            self._whole_at = now  # nothing is left: the next passes go through the latest only

    def _load(
        self,
        connection: Connection,
        since_ms: int,
        settled_ms: int,
        first: tuple[Set[str], Sequence[str]],
        resting: tuple[Sequence[int], Sequence[int]],
    ) -> tuple[int, list[Wound]] | None:
        """From when on seconds are still stored, and what waits to be healed; None: there is more to be made ready."""
        oldest_ms = settled_ms - DAYS_BACK * DAY_MS
        if since_ms <= oldest_ms:
            healing.give_up(connection, self.exchange, oldest_ms, f"longer ago than {DAYS_BACK} days")
        wanted_ms = settled_ms - self._retention_ms
        keep_ms = max(candles.purged_until(connection), whole_minute(wanted_ms))
        if healing.settle_whole_exchange(connection, self.exchange, since_ms, settled_ms):
            return None
        if healing.cut(connection, self.exchange, since_ms, keep_ms, (MINUTES_PIECE_MS, SECONDS_PIECE_MS)):
            return None
        return keep_ms, healing.wounds(connection, self.exchange, since_ms, settled_ms, MOST_WOUNDS, first, resting)

    # --- one market ---------------------------------------------------------------------------------------------------

    async def _mend(self, market: Market, wounds: Sequence[Wound], keep_ms: int) -> None:
        try:
            recent = [wound for wound in wounds if keep_ms <= wound.from_ms < wound.to_ms]
            for from_ms, to_ms in stretches([(each.from_ms, each.to_ms) for each in recent], APART_MS):
                inside = [each for each in recent if from_ms <= each.from_ms < to_ms]
                await self._mend_seconds(market, from_ms, to_ms, inside)
            for wound in reversed(wounds):  # what an exchange tells no more is the oldest, and must hold up no other
                if wound.from_ms >= wound.to_ms:
                    await self._close(wound, "healed", "nothing was missed")
                elif wound.from_ms < keep_ms and wound.for_good:
                    await self._mend_for_good(wound)
                elif wound.from_ms < keep_ms:
                    await self._mend_minutes(wound, "healed", SECONDS_NOT_KEPT)
        except Gone as e:
            if market.base in self._young() or self._recorder.waits_for(market):  # not yet, or somebody else's 404
                self._leave_alone(market)
                return
            for wound in wounds:
                await self._give_up(wound, str(e))
        except Denied:
            self._leave_alone_longer(market)
            raise
        except Unreadable:
            self._leave_alone(market)
            raise

    def _leave_alone(self, market: Market, for_s: float = MARKET_RESTS_S) -> None:
        self._markets_not_before[self._recorder.ids[market]] = self._clock.monotonic() + for_s

    def _leave_alone_longer(self, market: Market) -> None:
        """Twice as long each time, but a young coin: what an exchange denies it may deny for ever, and others wait."""
        if market.base in self._young():
            self._leave_alone(market)
            return
        before_s = self._rests_s.get(market, MARKET_RESTS_S / 2)
        rest_s = self._rests_s[market] = min(2 * before_s, MARKET_RESTS_MOST_S)
        self._leave_alone(market, rest_s)

    async def _mend_seconds(self, market: Market, from_ms: int, to_ms: int, wounds: Iterable[Wound]) -> None:
        walk = await self._walk(market, from_ms, to_ms)
        found = seconds_of(self.exchange, walk.trades())
        for wound in wounds:
            if whole_second(wound.from_ms) >= walk.reached_ms:
                await self._replace(wound, found, TRADES)
            elif (told := await self._official_seconds(market, *_whole(wound))) is not None:
                await self._replace(wound, official(told.values()), SECONDS)
            elif await self._failed(wound, why := walk.stuck or f"its trades take more than {MOST_PAGES} pages"):
                await self._mend_minutes(wound, "unhealable", f"its seconds are out of reach: {why}")

    async def _walk(self, market: Market, from_ms: int, to_ms: int) -> Walk:
        """What pages of trades tell of a stretch; raise Denied where they leave out what we have heard ourselves."""
        from_ms, to_ms = whole_second(from_ms), next_whole(to_ms, SECOND_MS)
        theirs_ms = partial(self._recorder.exchange_ms, self.exchange)
        heard_ms = self._recorder.heard_ms(market)
        walk = await self._history.trades(market, from_ms, to_ms, MOST_PAGES, theirs_ms)
        if walk.newest_ms is not None and walk.newest_ms < heard_ms - SETTLED_MS:
            raise Denied("an old page of trades: it lacks what came over the socket since")
        market_id = self._recorder.ids[market]
        for span in walk.denied:
            if await self._writer.run(partial(candles.has_minutes, market_id=market_id, span=range(*span))):
                raise Denied("a page without trades, of a time in which there were some")
        return walk

    async def _official_seconds(self, market: Market, from_ms: int, to_ms: int) -> dict[int, Candle] | None:
        return await self._history.seconds(market, from_ms, to_ms, MOST_PAGES, await self._known_since(market))

    async def _official_minutes(self, wound: Wound) -> dict[int, Candle] | None:
        """Those that a gap touches, and maybe more."""
        minutes, since_ms = minutes_in(wound.from_ms, wound.to_ms), await self._known_since(wound.market)
        return await self._history.minutes(wound.market, minutes[0], minutes[-1] + MINUTE_MS, MOST_PAGES, since_ms)

    async def _known_since(self, market: Market) -> int:
        """By when the market had traded, as far as our minutes tell."""
        first_ms = await self._writer.run(partial(candles.first_minute, market_id=self._recorder.ids[market]))
        return NEVER_MS if first_ms is None else first_ms + MINUTE_MS

    async def _replace(
        self, wound: Wound, found: Sequence[Second], source: str, excess: Excess = Excess.REFUSED
    ) -> bool:
        """Store the seconds of a gap with its new state, in one transaction; False if they can't be all of it."""
        opens = seconds_in(wound.from_ms, wound.to_ms)
        mine = [each for each in found if each.candle.open_ms in opens]
        if self._recorder.settled_before(self.exchange) < wound.to_ms:
            return False  # a late second is on its way to the writer: it would undo this
        self._recorder.healed(wound.market, wound.from_ms, wound.to_ms, mine)
        seconds = [each.candle for each in mine]
        heal = partial(
            healing.heal, wound=wound, seconds=seconds, now_ms=self._clock.now_ms(),
            source=_with_doubts(source, mine), excess=excess,
        )  # fmt: skip
        try:
            await self._writer.run(heal)
        except Lacking as e:
            if await self._failed(wound, str(e)):
                await self._give_up(wound, str(e))
            return False
        self._ended(wound, "healed")
        return True

    async def _mend_for_good(self, wound: Wound) -> None:
        """Heal what is kept around a listing, though the seconds around it have been purged."""
        try:
            found, source = await self._told(wound.market, wound.from_ms, wound.to_ms)
        except OutOfReach as e:
            await self._mend_minutes(wound, "unhealable", f"its seconds are out of reach: {e}")
            return
        told = await self._official_minutes(wound) or {}
        heal = partial(
            healing.heal_for_good, wound=wound, seconds=[each.candle for each in found], minutes=list(told.values()),
            now_ms=self._clock.now_ms(),
            source=f"{_with_doubts(source, found)}, into listing_seconds; its minutes {MINUTES}",
        )  # fmt: skip
        try:
            await self._writer.run(heal)
        except Lacking as e:
            if await self._failed(wound, str(e)):
                await self._give_up(wound, str(e))
        else:
            self._ended(wound, "healed")

    async def _mend_minutes(self, wound: Wound, state: str, seconds: str) -> None:
        """Take over the official minutes of a gap; `state` and `seconds` say what its seconds are."""
        told = await self._official_minutes(wound)
        if told is None:
            await self._give_up(wound, f"its minutes take more than {MOST_PAGES} pages")
            return
        rows: list[Candle] = [told[open_ms] for open_ms in minutes_in(wound.from_ms, wound.to_ms) if open_ms in told]
        heal = partial(
            healing.heal_minutes, wound=wound, minutes=rows, now_ms=self._clock.now_ms(),
            source=f"{MINUTES}; {seconds}", state=state,
        )  # fmt: skip
        await self._writer.run(heal)
        self._ended(wound, state)

    def _ended(self, wound: Wound, state: str) -> None:
        self.progress.healed += state == "healed"
        self.progress.unhealable += state == "unhealable"
        self._rests_s.pop(wound.market, None)
        self._tries.pop(wound.gap_id, None)
        self._not_before.pop(wound.gap_id, None)

    async def _failed(self, wound: Wound, why: str) -> bool:
        """Try again a little later; True after a few times, when there is no use in it."""
        tries = self._tries[wound.gap_id] = self._tries.get(wound.gap_id, 0) + 1
        self._not_before[wound.gap_id] = self._clock.monotonic() + RETRY_S * tries
        if tries >= MOST_TRIES:
            log.warning("%s %s: a gap can't be healed: %s", self.exchange, wound.market.code, why)
        return tries >= MOST_TRIES

    async def _give_up(self, wound: Wound, why: str) -> None:
        await self._close(wound, "unhealable", why)
        self._ended(wound, "unhealable")

    async def _close(self, wound: Wound, state: str, source: str) -> None:
        now_ms = self._clock.now_ms()
        await self._writer.run(partial(healing.close, gap_id=wound.gap_id, state=state, now_ms=now_ms, source=source))

    # --- holding against REST -----------------------------------------------------------------------------------------

    def check_later(self, market: Market, from_ms: int, to_ms: int) -> None:
        """Hold [from_ms, to_ms) against REST once it is settled there; past the bound the oldest wish is dropped."""
        self._checks.append((market, from_ms, to_ms))

    async def _check_due(self) -> None:
        settled_ms = self._recorder.settled_before(self.exchange) - SETTLED_MS
        for wish in [each for each in self._checks if each[2] <= settled_ms]:
            try:
                found = await self.check(*wish)
            except (Gone, OutOfReach, Unreadable) as e:
                log.warning("%s %s: %s; it stays unchecked", self.exchange, wish[0].code, e)
            else:
                if found.repaired or found.excess:
                    log.warning("%s %s: REST mended %d seconds", self.exchange, wish[0].code, len(found.repaired))
            if wish in self._checks:  # past the bound it may have gone meanwhile
                self._checks.remove(wish)

    async def check(self, market: Market, from_ms: int, to_ms: int, candle: Candle | None = None) -> Checked:
        """Hold the seconds of [from_ms, to_ms), whole and settled, against REST's trades, and mend them.

        Where those reach no further, the official seconds stand in for them. `candle` is the exchange's own of the
        whole stretch: where its trades make just that, ours gives way even if it holds more. Raises NoHistory of any
        kind.
        """
        async with self._at_work:
            found, source = await self._told(market, from_ms, to_ms)
            market_id = self._recorder.ids[market]
            theirs = [each.candle for each in found]
            compare = partial(
                healing.differing, market=market, market_id=market_id, from_ms=from_ms, to_ms=to_ms, theirs=theirs
            )
            held, _ = await self._writer.run(compare)
            wrong, excess = held.lacking, Excess.REFUSED
            if candle is not None and theirs and told_alike(reduce(merge, theirs), candle):
                wrong, excess, source = tuple(held.differing), Excess.DROPPED, f"{source}; ours held more"
            spans = stretches([(open_ms, open_ms + SECOND_MS) for open_ms in wrong], 1)
            add = partial(healing.add, market=market, market_id=market_id, spans=spans, cause=GapCause.DIFFERED)
            repaired: list[int] = []
            for wound in await self._writer.run(add) if spans else ():
                if await self._replace(wound, found, source, excess):
                    repaired += seconds_in(wound.from_ms, wound.to_ms)
        waiting = tuple(each for each in wrong if each not in repaired)
        left = tuple(each for each in held.excess if each not in wrong)
        rough = frozenset(each.candle.open_ms for each in found if each.rough)
        return Checked(held.equal, tuple(repaired), waiting, left, rough)

    async def _told(self, market: Market, from_ms: int, to_ms: int) -> tuple[Sequence[Second], str]:
        """The seconds of a stretch as REST tells them, and where."""
        walk = await self._walk(market, from_ms, to_ms)
        if walk.reached_ms <= whole_second(from_ms):
            return seconds_of(self.exchange, walk.trades()), TRADES
        from_ms, to_ms = whole_second(from_ms), next_whole(to_ms, SECOND_MS)
        if (told := await self._official_seconds(market, from_ms, to_ms)) is not None:
            return official(told.values()), SECONDS
        raise OutOfReach(walk.stuck or f"its trades take more than {MOST_PAGES} pages")


def _with_doubts(source: str, seconds: Iterable[Second]) -> str:
    """What healed a gap, and of how many seconds it could not tell the first or the last price."""
    rough = sum(each.rough for each in seconds)
    if not rough:
        return source
    return f"{source}; approximate: open or close of {rough} seconds, several prices in one millisecond"


def _later(not_before: Mapping[int, float], now: float) -> list[int]:
    return [each for each, until_s in not_before.items() if until_s > now]


def _whole(wound: Wound) -> tuple[int, int]:
    return whole_second(wound.from_ms), next_whole(wound.to_ms, SECOND_MS)
