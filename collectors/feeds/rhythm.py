"""How often something usually happens, and which pause is too long to be chance. Pure.

Arrivals that don't know of each other pause longer than t with the probability exp(-t / mean). Trades come in bursts,
so real pauses are longer than that more often; a false alarm costs one question to the exchange, and the bounds keep
both mistakes small: no pause under `floor_s` is suspected, every pause over `ceiling_s` is.
"""

import math
from collections.abc import Iterable

from collectors.events import Candle, Market
from config.units import SECOND_MS

CHANCE = 1e-6  # a pause that is less likely than this under its own rate is suspect
WARM = 32  # arrivals before the mean is worth anything
MEMORY = 64  # arrivals over which it is remembered
FLOOR_S = 1.0

USUAL_TIMES = 20.0  # a market is stale after so many times its usual pause …
MARKET_FLOOR_S = 15.0  # … but never sooner
MARKET_CEILING_S = 1_800.0


class Rhythm:
    """The exponential mean of the pauses of one stream, such as all trades of one connection.

    `limit_s` is the longest pause that may be chance. Pauses longer than `heed_s` are to be told to `pause`: before
    enough was heard to judge them they are remembered, and `judged` tells later which of them were too long.
    """

    def __init__(self, ceiling_s: float, floor_s: float = FLOOR_S, chance: float = CHANCE) -> None:
        self._ceiling_s = ceiling_s
        self._floor_s = min(floor_s, ceiling_s)
        self._times = -math.log(chance)
        self._mean_s = 0.0
        self._arrivals = 0
        self._unjudged: list[tuple[int, int]] = []
        self.limit_s = ceiling_s
        self.heed_s = self._floor_s

    @property
    def warm(self) -> bool:
        return self._arrivals >= WARM

    def note(self, arrivals: int, span_s: float) -> None:
        """So many arrivals came within `span_s`, counted from the arrival before them.

        A span counts for no more than the limit for each arrival, so that one outage does not blind us to the next;
        a stream that really slows down is followed all the same, in a few arrivals.
        """
        if arrivals <= 0 or not span_s > 0.0:
            return
        pause_s = min(span_s / arrivals, self.limit_s)
        known = min(self._arrivals, MEMORY)
        kept = known / (known + arrivals) if known < MEMORY else (1.0 - 1.0 / MEMORY) ** arrivals
        self._mean_s = kept * self._mean_s + (1.0 - kept) * pause_s
        self._arrivals += arrivals
        if self.warm:
            self.limit_s = self.heed_s = min(self._ceiling_s, max(self._floor_s, self._mean_s * self._times))

    def pause(self, from_ms: int, to_ms: int, *, first: bool = False) -> bool:
        """Whether this pause between two arrivals is too long to be chance, as far as that can be told now.

        Before the `first` of all any pause may be chance until enough was heard.
        """
        if (self.warm or not first) and self._too_long(from_ms, to_ms):
            return True
        if not self.warm and to_ms - from_ms > self._floor_s * 1000 and len(self._unjudged) < WARM:
            self._unjudged.append((from_ms, to_ms))
        return False

    def judged(self) -> list[tuple[int, int]]:
        """Remembered pauses that turn out to have been too long, each told once; none before enough was heard."""
        if not (self._unjudged and self.warm):
            return []
        pauses, self._unjudged = self._unjudged, []
        return [each for each in pauses if self._too_long(*each)]

    def _too_long(self, from_ms: int, to_ms: int) -> bool:
        return to_ms - from_ms > self.limit_s * 1000


class _Pulse:
    """One market: seconds with a trade, as they closed."""

    __slots__ = ("last_ms", "mean_s", "patience", "seconds")

    def __init__(self, last_ms: int) -> None:
        self.last_ms = last_ms
        self.mean_s = 0.0
        self.seconds = 0
        self.patience = 1.0

    def limit_s(self) -> float:
        if self.seconds < WARM:
            return math.inf
        return self.patience * min(MARKET_CEILING_S, max(MARKET_FLOOR_S, self.mean_s * USUAL_TIMES))


class MarketRhythms:
    """The usual pauses of every market of one exchange, learnt from its stored seconds, in exchange time."""

    def __init__(self) -> None:
        self._pulses: dict[Market, _Pulse] = {}

    def note(self, seconds: Iterable[Candle]) -> None:
        """These seconds closed with trades in them."""
        for second in seconds:
            pulse = self._pulses.get(second.market)
            if pulse is None:
                self._pulses[second.market] = _Pulse(second.open_ms)
                continue
            pause_s = (second.open_ms - pulse.last_ms) / SECOND_MS
            if pause_s <= 0:  # a late second, or the same once more
                continue
            pulse.last_ms = second.open_ms
            pulse.patience = 1.0
            pulse.seconds += 1
            if pause_s > MARKET_CEILING_S:
                pause_s = MARKET_CEILING_S
            pulse.mean_s += (pause_s - pulse.mean_s) / (pulse.seconds if pulse.seconds < MEMORY else MEMORY)

    def forget(self, markets: Iterable[Market]) -> None:
        """Nothing was heard of these for a reason: what is silent now is no news."""
        for market in markets:
            self._pulses.pop(market, None)

    @property
    def stale(self) -> int:
        """How many markets were told as doubtful and have not traded since."""
        return sum(pulse.patience > 1.0 for pulse in self._pulses.values())

    def doubtful(self, now_ms: int) -> list[Market]:
        """Markets that pause far longer than usual, each told once; again only when the pause has doubled."""
        found = []
        for market, pulse in self._pulses.items():
            if (now_ms - pulse.last_ms) / SECOND_MS > pulse.limit_s():
                pulse.patience *= 2.0
                found.append(market)
        return found
