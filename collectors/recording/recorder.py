"""Takes trades in, hands candles and gaps to the writer once a second, and knows what it missed.

Order is kept: what happens first is offered to the writer first, so a minute that is rolled behind a flush sees it.
What waits for the writer is `handover.py`'s.

Coverage: a market counts from the first whole second after its subscription was proven live. Everything else, from the
last second that an earlier run recorded, is a row in `gaps`; a market has at most one gap without an end.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence, Set

import msgspec
from msgspec import Struct

from collectors.events import Candle, Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.feeds.rhythm import MarketRhythms
from collectors.recording.beginnings import Beginnings
from collectors.recording.doubts import Doubts
from collectors.recording.gap_changes import GapChanges
from collectors.recording.handover import HandOver
from collectors.recording.host_clock import HostClock
from collectors.recording.latest_books import LatestBooks
from collectors.recording.minutes import MinuteFold
from collectors.recording.proofs import Proofs
from collectors.recording.second_bucket import Disbelief, Rejection, SecondBucket
from collectors.recording.second_part import whole_second
from collectors.repair.gaps import MINUTE_MS, SECOND_MS
from collectors.repair.healing import Second
from config.clock import Clock
from config.settings import Recording
from store.database import Connection
from store.tables import candles, gaps, markets
from store.tables.gaps import OpenGap
from store.tables.quarantine import Refused
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

FLUSH_S = 1.0
CRASH_MARGIN_MS = 5_000  # trades that may still be on their way when a crash cuts them off
PUBLISHED_MS = 2_000  # a trade this old has been on its way for long enough
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
        self._ids: dict[Market, int] = {}
        self._expected: dict[Exchange, set[Market]] = {exchange: set() for exchange in exchanges}
        self._open: dict[Market, OpenGap] = {}
        self._beginnings = Beginnings()
        self._doubts = Doubts(exchanges)
        self._proofs = {exchange: Proofs(bucket) for exchange, bucket in self._sorted.items()}
        self._rhythms = {exchange: MarketRhythms() for exchange in exchanges}
        self._watched: dict[Market, Callable[[Trade], None]] = {}
        self._gone: set[Market] = set()
        self._host = HostClock(clock)
        self.minutes = MinuteFold(self._host.wall_ms)
        self.books = LatestBooks()
        self._out = HandOver(writer, self.minutes)

    # --- before and after ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Take up what an earlier run left: market ids, gaps without an end, how far it came."""

        def load(
            connection: Connection,
        ) -> tuple[dict[Market, int], dict[Market, OpenGap], dict[Exchange, int | None]]:
            ids = markets.load(connection)
            open_gaps = gaps.load_open(connection, {market_id: market for market, market_id in ids.items()})
            return ids, open_gaps, {each: candles.recorded_until(connection, each) for each in self._buckets}

        self._ids, self._open, recorded_before = await self._writer.run(load)
        self._beginnings.take_up(self._ids, recorded_before)

    def listed(self, exchange: Exchange, shown: Set[Market]) -> None:
        """The exchange's whole list shows these now; what it did not show was not traded yet when it was read."""
        if not self._beginnings.has_list(exchange):  # what left while nobody ran
            unknown = self._ids.keys() - shown - self._expected[exchange]
            quotes = {each.quote for each in shown}  # of others the list says nothing
            self.forget(sorted(each for each in unknown if each.exchange == exchange and each.quote in quotes))
        newcomers = shown - self._expected[exchange]
        self._beginnings.listed(exchange, newcomers, self._now_ms() + self._buckets[exchange].clock.offset_ms)

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
        now_ms = self._now_ms()
        wanted = list(wanted)
        back = self._gone.intersection(wanted)
        new = [market for market in wanted if market in back or market not in self._expected[market.exchange]]
        if not new:
            return
        self._gone -= back
        self._ids |= await self._writer.run(lambda connection: markets.intern(connection, new, now_ms))
        usual: dict[Exchange, OpenGap] = {}
        for exchange in {market.exchange for market in new}:
            theirs_ms = now_ms + self._buckets[exchange].clock.offset_ms
            is_start = not self._expected[exchange]
            begin = usual[exchange] = self._beginnings.usual(exchange, theirs_ms, is_start=is_start)
            if is_start:  # should this run end before its first trade
                self._out.add(candles.recorded(exchange, begin.from_ms), begin.from_ms)
        opened = []
        cut_off = []
        for market in new:
            if market in self._expected[market.exchange] and market not in self._open:
                continue  # back in the list, and heard all along on a connection of its own
            self._expected[market.exchange].add(market)
            begin, left = self._beginnings.of(market, usual[market.exchange]), self._open.get(market)
            if left is None:
                self._open[market] = begin
                opened.append((market.exchange, self._ids[market], begin.from_ms, begin.cause))
                self.minutes.touch(market.exchange, market, begin.from_ms, None)
            elif begin.cause is GapCause.START and begin.from_ms < left.from_ms:  # what a crash took with it
                cut_off.append((market.exchange, self._ids[market], begin.from_ms, left.from_ms, begin.cause))
                self.minutes.touch(market.exchange, market, begin.from_ms, left.from_ms)
        self._out.add_changes(GapChanges(tuple(opened), added=tuple(cut_off)))

    def forget(self, markets_gone: Iterable[Market]) -> None:
        """The exchange lists these no longer: nobody waits for them. Their gap lasts until they come back."""
        gone = [market for market in markets_gone if market in self._ids]
        if gone:
            self._gone.update(gone)
            now_ms = self._clock.now_ms()
            self._out.add(markets.gone([self._ids[each] for each in gone], now_ms), now_ms)

    def leave(self, markets: Iterable[Market]) -> None:
        """We listen to these no longer, though they trade on. Their gap lasts until they are expected again."""
        self._gone.update(each for each in markets if each in self._ids)

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
            live = [market for market in self._expected[exchange] if market not in self._open]
            ends_ms = bucket.missed_after(now_ms, live)
            self._out.add_seconds(bucket.flush_all(), self._ids)
            self._open_gaps(live, ends_ms, GapCause.STOP)
            if live:
                self._out.add(candles.recorded(exchange, ends_ms), ends_ms)
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
        if trade.market in self._ids:
            self._out.add(markets.trading_since(self._ids[trade.market], trade.traded_ms), trade.traded_ms)

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
        """Subscriptions proven by a first frame, received at `at_ms`: their gaps end. Markets that are live stay so."""
        now_ms, buckets = self._now_ms(), self._buckets
        proven: dict[Exchange, dict[Market, int]] = {}
        for market in markets:
            self._known(market)
            if (gap := self._open.pop(market, None)) is not None:
                proven.setdefault(market.exchange, {})[market] = gap.from_ms
        for exchange, begun in proven.items():
            ours_ms = buckets[exchange].clock.by_our_clock(at_ms, now_ms)
            covered_ms = self._proofs[exchange].add(tuple(begun), ours_ms, min(begun.values()))
            ends = tuple((exchange, self._ids[each], covered_ms) for each in begun)
            self._out.add_changes(GapChanges(closed=ends))

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        """A connection is gone, or says nothing; its last good message came at `from_ms`. Known gaps go on."""
        now_ms = self._now_ms()
        by_exchange: dict[Exchange, list[Market]] = {}
        for market in markets:
            self._known(market)
            if market not in self._open:
                by_exchange.setdefault(market.exchange, []).append(market)
        for exchange, gone in by_exchange.items():
            bucket = self._buckets[exchange]
            self._open_gaps(gone, bucket.missed_after(bucket.clock.by_our_clock(from_ms, now_ms), gone), cause)

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        """A connection that stands has brought nothing for too long: a gap that is over. Known gaps go on."""
        standing = [market for market in markets if market not in self._open]
        self.lost(standing, from_ms, GapCause.STALE)
        self.live(standing, to_ms)

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
        for minute_ms in range(from_ms - from_ms % MINUTE_MS, to_ms, MINUTE_MS):
            self.minutes.again(market, minute_ms)
        self.minutes.touch(market.exchange, market, from_ms, to_ms)

    def watch(self, market: Market, tell: Callable[[Trade], None]) -> None:
        """Call `tell` with the next trade of a market, whether it is covered yet or not, once."""
        self._watched[market] = tell

    def doubtful(self, exchange: Exchange) -> list[Market]:
        """Live markets that have been silent far longer than they usually are; each is named once a silence."""
        found = self._rhythms[exchange].doubtful(self._buckets[exchange].closed_before_ms)
        return [market for market in found if market in self._expected[exchange] and market not in self._open]

    # --- what others ask ----------------------------------------------------------------------------------------------

    @property
    def ids(self) -> Mapping[Market, int]:
        """The number of each market in the candle tables."""
        return self._ids

    @property
    def dropped(self) -> int:
        """Seconds that were given up since the start, because the writer could not take them."""
        return self._out.dropped

    @property
    def exchanges(self) -> Sequence[Exchange]:
        return tuple(self._buckets)

    def live_markets(self, exchange: Exchange) -> list[Market]:
        """The markets that we hear now."""
        return [market for market in self._expected[exchange] if market not in self._open]

    def settled_before(self, exchange: Exchange) -> int:
        """Every second of the exchange before this is with the writer (late trades aside); 0 before the first trade."""
        return self._out.settled_before(self._buckets[exchange].closed_before_ms)

    def second(self, market: Market, open_ms: int) -> Candle | None:
        """A second as it was handed to the writer; None without trades, or where it is not remembered any more."""
        return self._sorted[market.exchange].closed(market, open_ms)

    def exchange_ms(self, exchange: Exchange) -> int:
        """The exchange's time now, as far as a step or a wrong setting of our clock is known."""
        return self._now_ms() + self._sorted[exchange].clock.offset_ms

    def last_trade_ms(self, exchange: Exchange) -> int | None:
        """Our time of the newest trade."""
        return self._buckets[exchange].last_received_ms

    def reading(self, exchange: Exchange) -> Recorded:
        bucket = self._buckets[exchange]
        expected = self._expected[exchange] - self._gone
        missing = [gap for market, gap in self._open.items() if market in expected]
        return Recorded(
            markets=len(expected),
            live=len(expected) - len(missing),
            last_trade_ms=bucket.last_received_ms,
            open_gaps=len(missing),
            stale_markets=sum(gap.cause is GapCause.STALE for gap in missing) + self._rhythms[exchange].stale,
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
            self._rhythms[exchange].note(closed)
            self._out.add_seconds(closed, self._ids)
            for market, from_ms, to_ms in self._proofs[exchange].reconsider(self._open, now_ms):
                self._doubts.spoil(exchange, market, from_ms, to_ms)
        self._mark_spoiled()
        self._out.push()
        if not self._out.waits:
            for exchange, bucket in self._buckets.items():
                if bucket.closed_before_ms:
                    self._writer.offer(candles.recorded(exchange, bucket.closed_before_ms - CRASH_MARGIN_MS))

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
        for proofs in self._proofs.values():
            proofs.host_stepped(by_ms)
        for rejection in refused:
            self._reject(rejection)

    # --- gaps ---------------------------------------------------------------------------------------------------------

    def _open_gaps(self, gone: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        if not gone:
            return
        self._rhythms[gone[0].exchange].forget(gone)
        for market in gone:
            self._open[market] = OpenGap(from_ms, cause)
            self._buckets[market.exchange].uncover(market)
            self.minutes.touch(market.exchange, market, from_ms, None)
        opened = tuple((market.exchange, self._ids[market], from_ms, cause) for market in gone)
        self._out.add_changes(GapChanges(opened))

    def _is_history(self, snapshot: Trade) -> bool:
        """Whether a snapshot shows what we had before; if it shows what never came, that becomes a gap.

        Each request brings one for every market: the last trade that the exchange published.
        """
        market = snapshot.market
        if market in self._open or market not in self._expected[market.exchange]:
            return False
        bucket = self._buckets[market.exchange]
        newest_ms = bucket.newest_ms(market)
        if snapshot.traded_ms <= newest_ms:
            return True
        if bucket.clock.age_ms(snapshot) > PUBLISHED_MS:
            log.warning("%s %s: a trade was published and never came", market.exchange, market.code)
            self.lost([market], newest_ms, GapCause.STALE)
            self.live([market], snapshot.received_ms)
        return False

    def _disbelieve(self, rejection: Rejection) -> None:
        trade = rejection.trade
        sample = msgspec.json.encode(trade).decode()
        self._doubts.refuse(Refused(trade.received_ms, trade.market.exchange, rejection.reason.value, sample))
        second_ms = whole_second(trade.traded_ms)
        if trade.market in self._ids:  # else no second of it is kept
            self._doubts.spoil(trade.market.exchange, trade.market, second_ms, second_ms + SECOND_MS)
        if rejection.reason is Disbelief.FUTURE:
            self._proofs[trade.market.exchange].note_ahead(trade)

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
            market_id = None if market is None else self._ids[market]
            rows.append((exchange, market_id, from_ms, to_ms, GapCause.QUARANTINED))
            self.minutes.touch(exchange, market, from_ms, to_ms)
        self._out.add_changes(GapChanges(added=tuple(rows)))

    def _known(self, market: Market) -> None:
        if market not in self._expected[market.exchange]:
            raise ValueError(f"{market.exchange} {market.code} was never expected; call Recorder.expect first")
