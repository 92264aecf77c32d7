"""Takes trades in and hands candles and gaps to the writer, once a second; what feeds tell and others ask.

Order is kept: what happens first is offered to the writer first, so a minute that is rolled behind a flush sees it.
What waits for the writer is `handover.py`'s; which markets count, and what was missed of them, is `coverage.py`'s.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import msgspec
from msgspec import Struct

from collectors.events import Candle, Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.feeds.sink import PUBLISHED_MS
from collectors.recording.coverage import RAN_ON_MS, Coverage, RunEnd
from collectors.recording.doubts import Doubts
from collectors.recording.gap_changes import GapChanges
from collectors.recording.handover import HandOver
from collectors.recording.host_clock import HostClock
from collectors.recording.latest_books import LatestBooks
from collectors.recording.minutes import MinuteFold
from collectors.recording.second_bucket import Disbelief, Rejection, SecondBucket
from collectors.repair.healing import Second
from config.clock import Clock
from config.settings import Recording
from config.units import MINUTE_MS, SECOND_MS, whole_minute, whole_second
from store.database import Connection
from store.tables import candles, gaps, markets
from store.tables.gaps import OpenGap
from store.tables.quarantine import Refused
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

FLUSH_S = 1.0
CRASH_MARGIN_MS = 5_000  # trades that may still be on their way when a crash cuts them off
MANY = 128  # trades that are better sorted in while they are still near at hand


class Recorded(Struct, frozen=True):
    """How one exchange's recording stands. `last_trade_ms` is our time; `markets` are those we should hear.

    `stale_markets` have a gap because nothing came, or are far quieter than usual. `rejected` are trades that we did
    not believe and frames that could not be read. `lag_ms` is the largest (stamp − receipt) of late, None
    before the first trade.
    """

    markets: int
    live: int
    last_trade_ms: int | None
    open_gaps: int
    stale_markets: int
    trades: int
    rejected: int
    lag_ms: int | None = None


class Recorder:
    """The Sink of every feed. `minutes` folds what is on its way to the disk; the aggregator rolls it."""

    def __init__(
        self, writer: DatabaseWriter, clock: Clock, settings: Recording, exchanges: Sequence[Exchange]
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._sorted = {exchange: SecondBucket(exchange, settings) for exchange in exchanges}
        self._arrived: list[Fills | Trade] = []  # and not sorted into seconds yet
        self._doubts = Doubts(exchanges)
        self._watched: dict[Market, Callable[[Trade], None]] = {}
        self._host = HostClock(clock)
        self.minutes = MinuteFold()
        self.books = LatestBooks()
        self._coverage = Coverage(self._sorted, self.minutes)
        self._out = HandOver(writer, self.minutes)
        self._skews: dict[Exchange, tuple[int, int]] = {}  # as stored
        self._sound_ms: dict[Exchange, int] = {}  # the exchange's time that had surely come when it was heard last

    # --- before and after ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier run left: market ids, gaps without an end, how far it came.

        What it knew is missed since then.
        """

        def load(
            connection: Connection,
        ) -> tuple[dict[Market, int], dict[Market, OpenGap], dict[Exchange, RunEnd | None]]:
            ids = markets.load(connection)
            open_gaps = gaps.load_open(connection, {market_id: market for market, market_id in ids.items()})
            stops = {(market.exchange, gap.from_ms) for market, gap in open_gaps.items() if gap.cause is GapCause.STOP}
            return ids, open_gaps, {each: _end_of_run(connection, each, stops) for each in self._buckets}

        self._out.add_changes(self._coverage.take_up(*await self._writer.run(load)))

    def listed(self, exchange: Exchange, shown: Set[Market]) -> None:
        """The exchange's whole list shows these now; what it did not show was not traded yet when it was read."""
        self.forget(self._coverage.left_unseen(exchange, shown))
        self._coverage.listed(exchange, shown, self._now_ms() + self._buckets[exchange].clock.offset_ms)

    def host_is_off(self, low_ms: int, high_ms: int) -> None:
        """Our clock minus the exchanges' lies between these, as their answers tell. Heeded once, where it is plain.

        So seconds are the exchange's, too, where our clock was wrong before we began. Its later steps we see ourselves.
        """
        if off_ms := self._host.is_off(low_ms, high_ms):
            for bucket in self._buckets.values():
                bucket.clock.host_stepped(off_ms, self._now_ms())

    async def expect(self, wanted: Iterable[Market]) -> None:
        """Markets that will be subscribed. Until each is live, and since an earlier run ended, its time is a gap.

        Call this before a feed speaks of them. The first call for an exchange is its start; later ones add markets.
        """
        asked_ms, asked_s = self._now_ms(), self._clock.monotonic()
        new = self._coverage.welcome(list(wanted))
        if not new:
            return
        self._coverage.ids |= await self._writer.run(lambda connection: markets.intern(connection, new, asked_ms))
        waited_ms = round((self._clock.monotonic() - asked_s) * 1000)  # hours, while the disk is full
        now_ms = self._now_ms() - waited_ms  # when it was asked, by our clock as it is set now
        theirs_ms = {exchange: now_ms + bucket.clock.offset_ms for exchange, bucket in self._buckets.items()}
        starts, changes = self._coverage.expect(new, theirs_ms)
        for exchange, from_ms in starts.items():  # should this run end before its first trade
            self._out.add(candles.recorded(exchange, from_ms), from_ms)
        self._out.add_changes(changes)

    def forget(self, markets_gone: Iterable[Market]) -> None:
        """The exchange lists these no longer: nobody waits for them. Their gap lasts until they come back."""
        if gone := self._coverage.leave(markets_gone):
            now_ms = self._clock.now_ms()
            self._out.add(markets.gone([self.ids[each] for each in gone], now_ms), now_ms)

    def leave(self, markets: Iterable[Market]) -> None:
        """We listen to these no longer, though they trade on. Their gap lasts until they are expected again."""
        self._coverage.leave(markets)

    @property
    def _buckets(self) -> Mapping[Exchange, SecondBucket]:
        """The buckets, with all that has arrived in them."""
        for rejection in self._sort_in():
            self._reject(rejection)
        return self._sorted

    def _sort_in(self) -> list[Rejection]:
        """Sort what has arrived into seconds; what was refused."""
        arrived, self._arrived = self._arrived, []
        refused: list[Rejection] = []
        for each in arrived:
            if isinstance(each, Fills):
                refused += self._sorted[each.exchange].add_all(each)
            elif (rejection := self._sorted[each.market.exchange].add(each)) is not None:
                refused.append(rejection)
        return refused

    async def run(self) -> None:
        """Flush once a second, for ever."""
        while True:
            await self._clock.sleep(FLUSH_S)
            self.flush()

    def close(self) -> None:
        """The last seconds, and the gap that begins now. What the writer no longer takes is said and counted."""
        now_ms = self._now_ms()
        for exchange, bucket in self._buckets.items():
            live = self._coverage.live_markets(exchange)
            ends_ms = bucket.missed_after(now_ms, live)
            self._out.add_seconds(bucket.flush_all(), self.ids)
            self._out.add_changes(self._coverage.lose(exchange, live, ends_ms, GapCause.STOP))
            if (stopped_ms := self._coverage.stopped_ms(exchange)) is not None:
                self._out.add(candles.recorded(exchange, stopped_ms), stopped_ms)
        self._mark_spoiled()
        self._out.end()

    # --- what feeds tell (the Sink) -----------------------------------------------------------------------------------

    @property
    def hurried(self) -> bool:
        return bool(self._watched)

    def trade(self, trade: Trade) -> None:
        """One trade of a market that is expected."""
        if not trade.snapshot:
            if trade.market in self._watched:
                self._first(trade)
            self._arrived.append(trade)
        elif not self._is_history(trade) and (rejection := self._buckets[trade.market.exchange].add(trade)) is not None:
            self._reject(rejection)

    def trades(self, fills: Fills) -> None:
        """Trades that came together; the hot path. They are sorted in when somebody looks, or there are many.

        Few cost a third of what they would at once, when what they touch has gone cold; many keep it warm themselves.
        """
        if self._watched:
            for trade in fills.trades():
                if trade.market in self._watched:
                    self._first(trade)
        self._arrived.append(fills)
        if len(fills.each) >= MANY:
            for rejection in self._sort_in():
                self._reject(rejection)

    def _first(self, trade: Trade) -> None:
        """A trade that somebody waits for."""
        self._watched.pop(trade.market)(trade)
        if trade.market in self.ids:
            self._out.add(markets.trading_since(self.ids[trade.market], trade.traded_ms), trade.traded_ms)

    def _reject(self, rejection: Rejection) -> None:
        """What our own clock's step made look like the future is no fault of the trade, whoever saw the step first."""
        if rejection.reason is Disbelief.FUTURE:
            self._heed_step()
            again = self._sorted[rejection.trade.market.exchange].add(rejection.trade)
            if again is None:
                return
            rejection = again
        self._disbelieve(rejection)

    def book(self, book: OrderBook) -> None:
        """The newest book of a market under watch."""
        self.books.note(book)

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        """Subscriptions proven by a first frame at `at_ms`: their gaps end. Markets that are live stay so."""
        self._heed_step()
        buckets = self._buckets
        for exchange, missing in self._coverage.missing(markets).items():
            ours_ms = buckets[exchange].clock.by_our_clock(at_ms)
            self._out.add_changes(self._coverage.prove(exchange, missing, ours_ms))

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        """A connection is gone, or says nothing; its last good message came at `from_ms`. Known gaps go on."""
        self._heed_step()
        for exchange, gone in self._coverage.standing(markets).items():
            bucket = self._buckets[exchange]
            missed_ms = bucket.missed_after(bucket.clock.by_our_clock(from_ms), gone)
            self._out.add_changes(self._coverage.lose(exchange, gone, missed_ms, cause))
            if not self._coverage.live_markets(exchange):  # then all of it has gaps, and needs no other bound
                self._sound_ms.pop(exchange, None)

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        """A connection that stands has brought nothing for too long: a gap that is over. Known gaps go on."""
        standing = [market for market in markets if not self._coverage.misses(market)]
        self.lost(standing, from_ms, GapCause.STALE)
        self.live(standing, to_ms)

    def sound(self, exchange: Exchange, until_ms: int) -> None:
        """Nothing was missed before `until_ms`, whatever the silence since then is: so much outlasts a kill."""
        self._sound_ms[exchange] = self._sorted[exchange].clock.surely_past(until_ms)

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        """A frame that could not be read. It may have held a trade of any market, so those seconds are marked."""
        self._doubts.refuse(Refused(at_ms, exchange, reason, sample.decode("utf-8", "backslashreplace")))
        self._heed_step()
        bucket = self._buckets[exchange]
        self._doubts.spoil(exchange, None, bucket.missed_after(at_ms), bucket.clock.covered_after(at_ms))

    def healed(self, market: Market, from_ms: int, to_ms: int, seconds: Iterable[Second]) -> None:
        """[from_ms, to_ms) of a market is about to be replaced by these; what comes late for it must not undo that.

        The minutes it touches are rolled from what is stored then.
        """
        bucket = self._buckets[market.exchange]
        for each in seconds:
            bucket.heal(market, each.part, each.ids)
        for minute_ms in range(whole_minute(from_ms), to_ms, MINUTE_MS):
            self.minutes.again(market, minute_ms)
        self.minutes.touch(market.exchange, market, from_ms, to_ms)

    def watch(self, market: Market, tell: Callable[[Trade], None]) -> None:
        """Call `tell` with the next trade of a market, whether it is covered yet or not, once."""
        self._watched[market] = tell

    def unwatch(self, market: Market) -> None:
        """Nobody waits for a trade of it any more."""
        self._watched.pop(market, None)

    def doubtful(self, exchange: Exchange) -> list[Market]:
        """Live markets that have been silent far longer than they usually are; each is named once a silence."""
        return self._coverage.doubtful(exchange, self._buckets[exchange].closed_before_ms)

    # --- what others ask ----------------------------------------------------------------------------------------------

    @property
    def ids(self) -> Mapping[Market, int]:
        """The number of each market in the candle tables."""
        return self._coverage.ids

    @property
    def dropped(self) -> int:
        """Seconds that were given up since the start (at the end, rows of any kind): the writer could not take them."""
        return self._out.dropped

    @property
    def exchanges(self) -> Sequence[Exchange]:
        return tuple(self._buckets)

    def live_markets(self, exchange: Exchange) -> list[Market]:
        """The markets that we hear now."""
        return self._coverage.live_markets(exchange)

    def waits_for(self, market: Market) -> bool:
        """Whether we should hear it: it is expected, and has not left the exchange's list since."""
        return market in self._coverage.waited_for(market.exchange)

    def settled_before(self, exchange: Exchange) -> int:
        """Every second of the exchange before this is with the writer (late trades aside); 0 before the first trade."""
        return self._out.settled_before(self._buckets[exchange].closed_before_ms)

    def second(self, market: Market, open_ms: int) -> Candle | None:
        """A second as it was handed to the writer; None without trades, or where it is not remembered any more."""
        return self._sorted[market.exchange].closed(market, open_ms)

    def heard_ms(self, market: Market) -> int:
        """The stamp of the newest trade that came over the socket in this run; 0 before the first."""
        return self._sorted[market.exchange].heard_ms(market)

    def exchange_ms(self, exchange: Exchange) -> int:
        """The exchange's time now, as far as a step or a wrong setting of our clock is known."""
        return self._now_ms() + self._sorted[exchange].clock.offset_ms

    def last_trade_ms(self, exchange: Exchange) -> int | None:
        """Our time of the newest trade."""
        return self._buckets[exchange].last_received_ms

    def reading(self, exchange: Exchange) -> Recorded:
        bucket = self._buckets[exchange]
        expected = len(self._coverage.waited_for(exchange))
        missing = self._coverage.open_gaps(exchange)
        return Recorded(
            markets=expected,
            live=expected - len(missing),
            last_trade_ms=bucket.last_received_ms,
            open_gaps=len(missing),
            stale_markets=sum(gap.cause is GapCause.STALE for gap in missing) + self._coverage.quiet(exchange),
            trades=sum(bucket.trades_by_market().values()),
            rejected=self._doubts.counts[exchange],
            lag_ms=bucket.clock.lag_ms,
        )

    def trades_by_market(self) -> dict[Market, int]:
        """Trades in closed seconds since the start, for every market heard."""
        return {market: n for bucket in self._buckets.values() for market, n in bucket.trades_by_market().items()}

    # --- on the way to the disk ---------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Hand over what closed until now; then say how far this run has come."""
        now_ms = self._now_ms()
        for exchange, bucket in self._buckets.items():
            closed = bucket.flush(now_ms)
            self._out.add_seconds(closed, self.ids)
            if (stood_ms := bucket.clock.set_right()) is not None:
                self._stood_still(exchange, stood_ms, now_ms)
            for market, from_ms, to_ms in self._coverage.learn(exchange, closed, now_ms):
                self._doubts.spoil(exchange, market, from_ms, to_ms)
        self._mark_spoiled()
        self._out.push()
        if not self._out.waits:
            for exchange, bucket in self._buckets.items():
                if bucket.closed_before_ms:
                    self._writer.offer(candles.recorded(exchange, self._outlasts_a_kill(exchange, bucket)))
                skew_ms = self._coverage.skew_ms(exchange, now_ms)
                if skew_ms != self._skews.get(exchange) and self._writer.offer(candles.skewed(exchange, *skew_ms)):
                    self._skews[exchange] = skew_ms

    def _outlasts_a_kill(self, exchange: Exchange, bucket: SecondBucket) -> int:
        """Up to where the next run can trust what is stored. Not into a silence that is still to be understood."""
        before_ms = bucket.closed_before_ms - CRASH_MARGIN_MS
        sound_ms = self._sound_ms.get(exchange)
        return before_ms if sound_ms is None else min(before_ms, whole_second(sound_ms - RAN_ON_MS))

    def _stood_still(self, exchange: Exchange, stood_ms: int, now_ms: int) -> None:
        """This machine did (a paused guest, say), since that time of the exchange: what it took for heard was not."""
        log.warning("%s: its time went on while this machine stood still", exchange)
        live = self._coverage.live_markets(exchange)
        self._out.add_changes(self._coverage.lose(exchange, live, whole_second(stood_ms), GapCause.STALE))
        self._out.add_changes(self._coverage.prove(exchange, live, now_ms))

    def _now_ms(self) -> int:
        """The wall clock; a step of it is told to the buckets, whose seconds are the exchange's."""
        self._heed_step()
        return self._host.wall_ms

    def _heed_step(self) -> None:
        """Tell the buckets if the wall clock has jumped since it was last read here."""
        if not (by_ms := self._host.read()):
            return
        refused = self._sort_in()  # what came before the step, by the clock that it came in; the rest once more
        for bucket in self._sorted.values():
            bucket.clock.host_stepped(by_ms, self._host.wall_ms)
        self._coverage.host_stepped(by_ms)
        for rejection in refused:
            self._reject(rejection)

    # --- what does not count ------------------------------------------------------------------------------------------

    def _is_history(self, snapshot: Trade) -> bool:
        """Whether a snapshot shows what we had before; if it shows what never came, that becomes a gap.

        Each request brings one for every market: the last trade that the exchange published.
        """
        market = snapshot.market
        if not self._coverage.hears(market):
            return False
        bucket = self._buckets[market.exchange]
        newest_ms = bucket.newest_ms(market)
        if snapshot.traded_ms <= newest_ms:
            return True
        if bucket.clock.age_ms(snapshot) > PUBLISHED_MS:
            log.warning("%s %s: a trade was published and never came", market.exchange, market.code)
            self.lost([market], newest_ms, GapCause.STALE)
            self.live([market], snapshot.received_ms + bucket.clock.offset_ms)
        return False

    def _disbelieve(self, rejection: Rejection) -> None:
        trade = rejection.trade
        sample = msgspec.json.encode(trade).decode()
        self._doubts.refuse(Refused(trade.received_ms, trade.market.exchange, rejection.reason.value, sample))
        second_ms = whole_second(trade.traded_ms)
        if trade.market in self.ids:  # else no second of it is kept
            self._doubts.spoil(trade.market.exchange, trade.market, second_ms, second_ms + SECOND_MS)
        if rejection.reason is Disbelief.FUTURE:
            self._coverage.note_ahead(trade)

    def _mark_spoiled(self) -> None:
        """Gap rows for seconds that lack a trade we refused, and the samples of what we refused."""
        for exchange, bucket in self._buckets.items():
            for doubted, open_ms in bucket.doubtful():
                self._doubts.spoil(exchange, doubted, open_ms, open_ms + SECOND_MS)
        samples, spans = self._doubts.take()
        if samples:
            self._out.add_samples(samples)
        if not spans:
            return
        rows = []
        for exchange, market, from_ms, to_ms in spans:
            market_id = None if market is None else self.ids[market]
            rows.append((exchange, market_id, from_ms, to_ms, GapCause.QUARANTINED))
            self.minutes.touch(exchange, market, from_ms, to_ms)
        self._out.add_changes(GapChanges(added=tuple(rows)))


def _end_of_run(connection: Connection, exchange: Exchange, stops: Set[tuple[Exchange, int]]) -> RunEnd | None:
    recorded_ms = candles.recorded_until(connection, exchange)
    if recorded_ms is None:
        return None
    return RunEnd(recorded_ms, *candles.skew_of(connection, exchange), stopped=(exchange, recorded_ms) in stops)
