"""Rows on their way to the writer, in the order in which things happened.

What the writer refuses waits here, bounded: past the bound the oldest candles are dropped and marked as a gap, gaps of
a market are joined to one, and of samples only the newest are kept.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from collectors.events import Candle, Exchange, GapCause, Market
from collectors.recording.gap_changes import GapChanges, joined
from collectors.recording.minutes import MinuteFold
from config.units import SECOND_MS
from store.tables import candles, gaps, quarantine
from store.tables.quarantine import Refused
from store.writer import DatabaseWriter, Rows

log = logging.getLogger(__name__)

BATCH_ROWS = 500
WAITING_ROWS = 30_000  # candles: about a minute of both exchanges, 10 MB
WAITING_CHANGES = 10_000  # of gaps: every market has lost its connection seven times
WAITING_SAMPLES = 1_000


class _Waiting(Struct, frozen=True):
    """Rows on their way to the writer. `from_ms`: no second before this is in them. `changes` if they are of gaps."""

    rows: Rows
    from_ms: int
    seconds: tuple[Candle, ...] = ()
    changes: GapChanges | None = None
    samples: int = 0


class HandOver:
    """`add` what happened, then `push`. `minutes` gets the seconds that the writer took.

    `rows` are those that wait, `dropped` the candles that were given up since the start; at the end, rows of any kind.
    """

    def __init__(self, writer: DatabaseWriter, minutes: MinuteFold) -> None:
        self._writer = writer
        self._minutes = minutes
        self._waiting: deque[_Waiting] = deque()
        self._dropped_spans: dict[tuple[Exchange, GapCause], tuple[int, int]] = {}
        self._changes = 0
        self._changes_bound = WAITING_CHANGES
        self._samples = 0
        self.rows = 0
        self.dropped = 0

    @property
    def waits(self) -> bool:
        """Whether the writer has not taken all of it."""
        return bool(self._waiting)

    def settled_before(self, closed_before_ms: int) -> int:
        """Every second before this is with the writer, if every one before `closed_before_ms` was added."""
        return min([closed_before_ms, *(each.from_ms for each in self._waiting)])

    def add(self, rows: Rows, from_ms: int) -> None:
        self._put(_Waiting(rows, from_ms))

    def add_changes(self, changes: GapChanges) -> None:
        """Gaps that opened, closed, or were over when they were found."""
        for each in _in_statements(changes):
            self._put(each)

    def add_samples(self, refused: Sequence[Refused]) -> None:
        """What was not believed, for people to look at."""
        self._put(_Waiting(quarantine.added(refused), refused[0].at_ms, samples=len(refused)))

    def _put(self, each: _Waiting) -> None:
        self._waiting.append(each)
        self._count(each, 1)

    def _count(self, each: _Waiting, sign: int) -> None:
        self.rows += sign * len(each.rows.rows)
        self._changes += sign * (each.changes.rows if each.changes is not None else 0)
        self._samples += sign * each.samples

    def add_seconds(self, closed: Sequence[Candle], ids: Mapping[Market, int]) -> None:
        for start in range(0, len(closed), BATCH_ROWS):
            part = tuple(closed[start : start + BATCH_ROWS])
            self._put(_Waiting(candles.seconds(part, ids), min(candle.open_ms for candle in part), part))

    def push(self) -> None:
        """Offer what waits, in order; past its bound the oldest goes or is joined."""
        if self._dropped_spans:
            self._say_dropped()
        while not self._dropped_spans and self._waiting and self._writer.offer(self._waiting[0].rows):
            sent = self._waiting.popleft()
            self._count(sent, -1)
            self._minutes.add(sent.seconds)
        if self._changes > self._changes_bound:
            self._join_changes()
        while self._samples > WAITING_SAMPLES:
            self._take_out(next(each for each in self._waiting if each.samples))
        while self.rows - self._changes > WAITING_ROWS and (oldest := self._oldest_seconds()) is not None:
            self._take_out(oldest)
            self._drop(oldest.seconds)

    def _take_out(self, each: _Waiting) -> None:
        self._waiting.remove(each)
        self._count(each, -1)

    def _join_changes(self) -> None:
        """Joined gaps go first: so no second is stored that they will mark, and no minute rolled."""
        waiting = [each for each in self._waiting if each.changes is None]
        changes = joined(each.changes for each in self._waiting if each.changes is not None)
        first = [each for change in changes for each in _in_statements(change)]
        log.error("the writer is behind: %d changes of gaps are joined", self._changes)
        self._waiting = deque([*first, *waiting])
        self._changes = sum(each.changes.rows for each in first if each.changes is not None)
        self.rows = sum(len(each.rows.rows) for each in self._waiting)
        self._changes_bound = max(WAITING_CHANGES, 2 * self._changes)

    def end(self) -> None:
        """Push for the last time. What the writer no longer takes is said and counted."""
        self.push()
        if self._waiting:
            log.error("%d rows could not be handed to the writer at the end", self.rows)
            self.dropped += self.rows

    def _oldest_seconds(self) -> _Waiting | None:
        return next((each for each in self._waiting if each.seconds), None)

    def _drop(self, seconds: Sequence[Candle]) -> None:
        if not self._dropped_spans:
            log.error("the writer is behind: the oldest seconds are dropped and marked as missed")
        self.dropped += len(seconds)
        cause = GapCause.DROPPED if self._writer.healthy else GapCause.PAUSED
        for candle in seconds:
            what = candle.market.exchange, cause
            from_ms, to_ms = self._dropped_spans.get(what, (candle.open_ms, 0))
            self._dropped_spans[what] = min(from_ms, candle.open_ms), max(to_ms, candle.open_ms + SECOND_MS)

    def _say_dropped(self) -> None:
        """Once the writer takes rows again, the first one says what is missing."""
        spans = [(exchange, None, *span, cause) for (exchange, cause), span in self._dropped_spans.items()]
        if self._writer.offer(gaps.added(spans)):
            for (exchange, _), (from_ms, to_ms) in self._dropped_spans.items():
                self._minutes.touch(exchange, None, from_ms, to_ms)
            self._dropped_spans.clear()


def _in_statements(changes: GapChanges) -> list[_Waiting]:
    """One entry for each statement, in order."""
    found = []
    if each := changes.opened:
        found.append(_Waiting(gaps.opened(each), min(gap[2] for gap in each), changes=GapChanges(opened=each)))
    if ends := changes.closed:
        found.append(_Waiting(gaps.closed(ends), min(gap[2] for gap in ends), changes=GapChanges(closed=ends)))
    if over := changes.added:
        found.append(_Waiting(gaps.added(over), min(gap[2] for gap in over), changes=GapChanges(added=over)))
    return found
