"""What becomes of candles that were compared: counted, marked where nothing explains a difference, and said."""

import logging
from collections.abc import Mapping
from functools import partial

from collectors.events import Candle, Exchange, Market
from collectors.recording.recorder import Recorder
from collectors.repair.audit import Doubts, Outcome, Tally, Unit
from config.clock import Clock
from store.tables import audit
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

LOUD_OF_A_LOOK = 5  # what differs beyond these is told quietly; `gaps` has them all
SAID = {
    Outcome.EQUAL: (logging.INFO, "ours stands, by its trades"),
    Outcome.MARKED: (logging.INFO, "marked as missed meanwhile"),
    Outcome.DOUBTFUL: (logging.INFO, "in doubt, asked again"),
    Outcome.REPAIRED: (logging.WARNING, "repaired"),
    Outcome.UNEXPLAINED: (logging.WARNING, "unexplained"),
}


class Conclusions:
    """Of one exchange. `tally` is what was compared since the start, `doubts` what is still to be asked again."""

    def __init__(self, exchange: Exchange, writer: DatabaseWriter, recorder: Recorder, clock: Clock) -> None:
        self.tally = Tally()
        self.doubts = Doubts()
        self._exchange: Exchange = exchange
        self._writer = writer
        self._recorder = recorder
        self._clock = clock

    def agreed(self, units: int) -> None:
        """So many candles were found to be the exchange's."""
        self.tally.count(Outcome.EQUAL, self._clock.now_ms(), units)

    async def conclude(
        self,
        market: Market,
        length_ms: int,
        outcomes: Mapping[int, Outcome],
        ours: Mapping[int, Candle],
        told: Mapping[int, Candle],
        looks: int = 1,
    ) -> None:
        """Count what became of candles that differed, mark what stays unexplained, and say so."""
        for n, (open_ms, found) in enumerate(sorted(outcomes.items())):
            unit = Unit(market, length_ms, open_ms)
            outcome, words = self.doubts.judge(unit, found, _difference(ours.get(open_ms), told.get(open_ms)), looks)
            if outcome is Outcome.UNEXPLAINED:
                await self._mark(unit, words)
            self.tally.count(outcome, self._clock.now_ms())
            level, said = SAID[outcome]
            loudness = level if n < LOUD_OF_A_LOOK else logging.DEBUG
            log.log(loudness, "%s %s %s: %s; %s", self._exchange, market.code, unit.name, said, words)

    async def _mark(self, unit: Unit, reason: str) -> None:
        span = unit.open_ms, unit.open_ms + unit.length_ms
        mark = partial(
            audit.condemn, market=unit.market, market_id=self._recorder.ids[unit.market], span=span,
            now_ms=self._clock.now_ms(), reason=reason,
        )  # fmt: skip
        await self._writer.run(mark)
        self._recorder.minutes.touch(self._exchange, unit.market, *span)


def _difference(ours: Candle | None, theirs: Candle | None) -> str:
    """Two candles beside each other, for a log and for the ledger."""
    return f"ours {_told(ours)}, its own candle {_told(theirs)}"


def _told(candle: Candle | None) -> str:
    if candle is None:
        return "none"
    prices = "/".join(f"{each:.10g}" for each in (candle.open, candle.high, candle.low, candle.close))
    return f"{prices} × {candle.volume:.8g}"
