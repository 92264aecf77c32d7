"""Which markets we should hear, from when on each counts, and the gaps of the rest. Pure: what changes is handed back.

A market counts from the first whole second after its subscription was proven live. Everything else, from the last
second that an earlier run recorded, is a row in `gaps`; a market has at most one gap without an end.
"""

from collections.abc import Iterable, Mapping, Sequence, Set

from msgspec import Struct

from collectors.events import Candle, Exchange, GapCause, Market, Trade
from collectors.feeds.rhythm import MarketRhythms
from collectors.recording.beginnings import Beginnings
from collectors.recording.exchange_clock import DISORDER_MS
from collectors.recording.gap_changes import GapChanges
from collectors.recording.minutes import MinuteFold
from collectors.recording.proofs import STEP_MS, Proofs, Span
from collectors.recording.second_bucket import SecondBucket
from config.units import whole_second
from store.tables.gaps import OpenGap

RAN_ON_MS = 3_000  # seconds are said to be stored 5 s late, counted from stamps that may run 5 s ahead, 3 s after them


class RunEnd(Struct, frozen=True):
    """How an earlier run ended at an exchange: it stored every second before `recorded_ms`, and went on for at least
    `RAN_ON_MS`, or stopped there in order; stamps lay up to `low_ms` behind its time (below 0) and `ahead_ms` ahead of
    it then.
    """

    recorded_ms: int
    low_ms: int
    ahead_ms: int
    stopped: bool = False

    @property
    def safe_ms(self) -> int:
        """The first second of which something may be missed."""
        if self.stopped:
            return self.recorded_ms
        return min(self.recorded_ms, whole_second(self.recorded_ms + RAN_ON_MS + self.low_ms - DISORDER_MS))

    @property
    def slack_ms(self) -> int:
        """How long after `safe_ms` the last message came, at least."""
        if self.stopped:
            return DISORDER_MS - min(0, self.low_ms + STEP_MS)
        return self.recorded_ms + RAN_ON_MS - self.safe_ms


class Coverage:
    """Of all exchanges; tells each bucket which markets count, and `minutes` where a gap begins.

    Whoever asks has sorted into the buckets what arrived before. `ids` are the numbers of all markets that were ever
    expected. A market that is expected stays so: when it is gone or left, the end of its connection gives it a gap like
    any other, and nobody waits for that gap to end.
    """

    def __init__(self, buckets: Mapping[Exchange, SecondBucket], minutes: MinuteFold) -> None:
        self._buckets = buckets
        self._minutes = minutes
        self._expected: dict[Exchange, set[Market]] = {exchange: set() for exchange in buckets}
        self._gone: set[Market] = set()
        self._open: dict[Market, OpenGap] = {}
        self._beginnings = Beginnings()
        self._proofs = {exchange: Proofs(bucket) for exchange, bucket in buckets.items()}
        self._rhythms = {exchange: MarketRhythms() for exchange in buckets}
        self._ends: Mapping[Exchange, RunEnd] = {}
        self.ids: dict[Market, int] = {}

    def take_up(
        self, ids: dict[Market, int], open_gaps: dict[Market, OpenGap], ends: Mapping[Exchange, RunEnd | None]
    ) -> GapChanges:
        """What an earlier run left, and how it ended at each exchange; None where there was none.

        What it knew is missed since then, asked for again or not: a crash left no row of that.
        """
        self.ids, self._open = ids, open_gaps
        self._ends = {exchange: end for exchange, end in ends.items() if end is not None}
        self._beginnings.take_up({exchange: end.safe_ms for exchange, end in self._ends.items()})
        for exchange, end in self._ends.items():
            self._proofs[exchange].take_up(end.recorded_ms, end.ahead_ms)
        opened, before = [], []
        for market, market_id in ids.items():
            exchange, known, ended = market.exchange, open_gaps.get(market), self._ends.get(market.exchange)
            if ended is None or (known is not None and known.from_ms <= ended.safe_ms):
                continue
            if known is None:
                self._open[market] = OpenGap(ended.safe_ms, GapCause.START)
                opened.append((exchange, market_id, ended.safe_ms, GapCause.START))
            else:
                before.append((exchange, market_id, ended.safe_ms, known.from_ms, GapCause.START))
            self._minutes.touch(exchange, market, ended.safe_ms, None if known is None else known.from_ms)
        return GapChanges(tuple(opened), added=tuple(before))

    # --- which markets ------------------------------------------------------------------------------------------------

    def left_unseen(self, exchange: Exchange, shown: Set[Market]) -> list[Market]:
        """What left the exchange's list while nobody ran, as the first list that this run reads shows it."""
        if self._beginnings.has_list(exchange):
            return []
        unknown = self.ids.keys() - shown - self._expected[exchange]
        quotes = {each.quote for each in shown}  # of others the list says nothing
        return sorted(each for each in unknown if each.exchange == exchange and each.quote in quotes)

    def listed(self, exchange: Exchange, shown: Set[Market], read_ms: int) -> None:
        """The exchange's whole list showed these at `read_ms` of its time."""
        self._beginnings.listed(exchange, shown - self._expected[exchange], read_ms)

    def welcome(self, wanted: Sequence[Market]) -> list[Market]:
        """Those of them that have to be expected (anew); none of them is gone any more."""
        back = self._gone.intersection(wanted)
        self._gone -= back
        return [market for market in wanted if market in back or market not in self._expected[market.exchange]]

    def expect(
        self, new: Sequence[Market], theirs_ms: Mapping[Exchange, int]
    ) -> tuple[Mapping[Exchange, int], GapChanges]:
        """Wait for these, at the exchanges' time: their gaps, and since when an exchange is recorded that begins so."""
        starts: dict[Exchange, int] = {}
        usual: dict[Exchange, OpenGap] = {}
        for exchange in {market.exchange for market in new}:
            is_start = not self._expected[exchange]
            begin = usual[exchange] = self._beginnings.usual(exchange, theirs_ms[exchange], is_start=is_start)
            if is_start:
                starts[exchange] = begin.from_ms
        opened = []
        for market in new:
            if market in self._expected[market.exchange] and market not in self._open:
                continue  # back in the list, and heard all along on a connection of its own
            is_first = market not in self._expected[market.exchange]
            self._expected[market.exchange].add(market)
            left = self._open.get(market)
            if is_first and (end := self._ends.get(market.exchange)) is not None:
                of_the_end = left is None or left.from_ms == end.safe_ms
                self._proofs[market.exchange].lose([market], end.slack_ms if of_the_end else DISORDER_MS)
            if left is None:
                begin = self._open[market] = self._beginnings.of(market, usual[market.exchange])
                opened.append((market.exchange, self.ids[market], begin.from_ms, begin.cause))
                self._minutes.touch(market.exchange, market, begin.from_ms, None)
        return starts, GapChanges(tuple(opened))

    def leave(self, markets: Iterable[Market]) -> list[Market]:
        """Nobody waits for these until they are expected again; which of them were ever known."""
        gone = [market for market in markets if market in self.ids]
        self._gone.update(gone)
        return gone

    # --- gaps open and end --------------------------------------------------------------------------------------------

    def standing(self, markets: Iterable[Market]) -> Mapping[Exchange, Sequence[Market]]:
        """Those of these that we hear, by exchange. Raises ValueError for one that was never expected."""
        return self._by_exchange(markets, missing=False)

    def missing(self, markets: Iterable[Market]) -> Mapping[Exchange, Sequence[Market]]:
        """Those of these whose gap has no end yet, likewise."""
        return self._by_exchange(markets, missing=True)

    def _by_exchange(self, markets: Iterable[Market], *, missing: bool) -> Mapping[Exchange, Sequence[Market]]:
        found: dict[Exchange, list[Market]] = {}
        for market in markets:
            if market not in self._expected[market.exchange]:
                raise ValueError(f"{market.exchange} {market.code} was never expected; call Recorder.expect first")
            if (market in self._open) is missing:
                found.setdefault(market.exchange, []).append(market)
        return found

    def lose(self, exchange: Exchange, standing: Sequence[Market], from_ms: int, cause: GapCause) -> GapChanges:
        """These are heard no longer, from that time of the exchange on."""
        self._rhythms[exchange].forget(standing)
        self._proofs[exchange].lose(standing, DISORDER_MS - min(0, self._buckets[exchange].clock.low_ms))
        for market in standing:
            self._open[market] = OpenGap(from_ms, cause)
            self._buckets[exchange].uncover(market)
            self._minutes.touch(exchange, market, from_ms, None)
        return GapChanges(tuple((exchange, self.ids[market], from_ms, cause) for market in standing))

    def stopped_ms(self, exchange: Exchange) -> int | None:
        """The newest moment at which a stop ended what we wait for; each market has a gap from there or before.

        None where no stop did. Where nothing was heard since an earlier one, or at the end, it is that one's, which
        takes back nothing: how far an exchange is recorded only grows.
        """
        gaps = [self._open[market] for market in self.waited_for(exchange) if market in self._open]
        return max((gap.from_ms for gap in gaps if gap.cause is GapCause.STOP), default=None)

    def prove(self, exchange: Exchange, missing: Sequence[Market], at_ms: int) -> GapChanges:
        """Subscriptions of these were live at `at_ms` of our clock."""
        begun: dict[int, list[Market]] = {}
        for market in dict.fromkeys(missing):
            begun.setdefault(self._open.pop(market).from_ms, []).append(market)
        closed: list[tuple[Exchange, int, int]] = []
        for from_ms, together in begun.items():
            covered_ms = self._proofs[exchange].add(together, at_ms, from_ms)
            for market in together:
                closed.append((exchange, self.ids[market], covered_ms))
                self._minutes.touch(exchange, market, covered_ms, None)
        return GapChanges(closed=tuple(closed))

    # --- what the trades tell -----------------------------------------------------------------------------------------

    def learn(self, exchange: Exchange, closed: Sequence[Candle], now_ms: int) -> list[Span]:
        """From seconds that closed: how often each market trades, and where it turns out to count only later."""
        self._rhythms[exchange].note(closed)
        return self._proofs[exchange].reconsider(self._open, now_ms)

    def note_ahead(self, trade: Trade) -> None:
        """This one was stamped in the future."""
        self._proofs[trade.market.exchange].note_ahead(trade)

    def host_stepped(self, by_ms: int) -> None:
        """Our wall clock jumped."""
        for proofs in self._proofs.values():
            proofs.host_stepped(by_ms)

    def skew_ms(self, exchange: Exchange, now_ms: int) -> tuple[int, int]:
        """How far behind its time, and ahead of it, its stamps lay of late."""
        return self._proofs[exchange].skew_ms(now_ms)

    # --- what others ask ----------------------------------------------------------------------------------------------

    def hears(self, market: Market) -> bool:
        return market in self._expected[market.exchange] and market not in self._open

    def misses(self, market: Market) -> bool:
        """Whether a gap of it has no end yet."""
        return market in self._open

    def live_markets(self, exchange: Exchange) -> list[Market]:
        """The markets that we hear now."""
        return [market for market in self._expected[exchange] if market not in self._open]

    def waited_for(self, exchange: Exchange) -> Set[Market]:
        """The markets that we should hear."""
        return self._expected[exchange] - self._gone

    def open_gaps(self, exchange: Exchange) -> Sequence[OpenGap]:
        """The gaps of those that we should hear and don't."""
        waited_for = self.waited_for(exchange)
        return [gap for market, gap in self._open.items() if market in waited_for]

    def doubtful(self, exchange: Exchange, closed_before_ms: int) -> list[Market]:
        """Live markets that have been silent far longer than they usually are; each is named once a silence."""
        return [market for market in self._rhythms[exchange].doubtful(closed_before_ms) if self.hears(market)]

    def quiet(self, exchange: Exchange) -> int:
        """How many were named so and have not traded since."""
        return self._rhythms[exchange].stale
