"""Rows on their way to the writer, in the order in which things happened.

What the writer refuses waits here, bounded; past the bound the oldest candles are dropped and marked as a gap.
"""

import logging
from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct

from collectors.events import Candle, Exchange, GapCause, Market
from collectors.minutes import MinuteFold
from collectors.repair.gaps import SECOND_MS
from store import candles, gaps
from store.writer import DatabaseWriter, Rows

log = logging.getLogger(__name__)

BATCH_ROWS = 500
WAITING_ROWS = 30_000  # about a minute of both exchanges, 10 MB


class _Waiting(Struct, frozen=True):
    """Rows on their way to the writer. `from_ms`: no second before this is in them."""

    rows: Rows
    from_ms: int
    seconds: tuple[Candle, ...] = ()


class HandOver:
    """`add` what happened, then `push`. `minutes` gets the seconds that the writer took.

    `rows` are those that wait, `dropped` the candles that were given up since the start.
    """

    def __init__(self, writer: DatabaseWriter, minutes: MinuteFold) -> None:
        self._writer = writer
        self._minutes = minutes
        self._waiting: deque[_Waiting] = deque()
        self._dropped_spans: dict[tuple[Exchange, GapCause], tuple[int, int]] = {}
        self.rows = 0
        self.dropped = 0

    @property
    def waits(self) -> bool:
        """Whether the writer has not taken all of it."""
        return bool(self._waiting)

    def settled_before(self, closed_before_ms: int) -> int:
        """Every second before this is with the writer, if every one before `closed_before_ms` was added."""
        return min([closed_before_ms, *(each.from_ms for each in self._waiting)])

    def add(self, rows: Rows, from_ms: int, seconds: tuple[Candle, ...] = ()) -> None:
        self._waiting.append(_Waiting(rows, from_ms, seconds))
        self.rows += len(rows.rows)

    def add_seconds(self, closed: Sequence[Candle], ids: Mapping[Market, int]) -> None:
        for start in range(0, len(closed), BATCH_ROWS):
            part = tuple(closed[start : start + BATCH_ROWS])
            self.add(candles.seconds(part, ids), min(candle.open_ms for candle in part), part)

    def push(self) -> None:
        """Offer what waits, in order; drop the oldest candles past the bound, and remember to say so."""
        if self._dropped_spans:
            self._say_dropped()
        while not self._dropped_spans and self._waiting and self._writer.offer(self._waiting[0].rows):
            sent = self._waiting.popleft()
            self.rows -= len(sent.rows.rows)
            self._minutes.add(sent.seconds)
        while self.rows > WAITING_ROWS and (oldest := self._oldest_seconds()) is not None:
            self._waiting.remove(oldest)
            self.rows -= len(oldest.rows.rows)
            self._drop(oldest.seconds)

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
