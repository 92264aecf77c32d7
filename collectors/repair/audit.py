"""The second witness: is what we stored what the exchange itself tells in its candles? Whose turn it is, too. Pure.

Ours and theirs are compared candle by candle, a second or a minute each. One that a gap touches is known to be
incomplete and is not compared. Where the two disagree, the pages of trades decide; see `auditor.py`.

What the exchanges document (checked 2026-11-20): a unit without trades has no candle; candles do not count trades;
nothing marks a candle as final; sums are printed with at most eight decimals.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from datetime import UTC, datetime
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Candle, Market
from collectors.repair.gaps import Interval, touches
from collectors.repair.healing import alike, holds, near
from config.units import SECOND_MS

TOUR_S = 480.0  # all markets in so long: their seconds are still stored then, and can be mended
PAUSE_LEAST_S = 0.5  # at most two looks a second at one exchange
PAUSE_MOST_S = 5.0
MOST_TIMES = 3  # so often a candle must be borne out by nothing
MOST_DOUBTS = 500
AGAIN_S = 60.0  # no market more often; those that matter now this often


class Comparison(Struct, frozen=True):
    """Starts of the units that were compared. `lacking`: theirs may be the whole of which ours is a part; `excess`:
    ours holds what theirs does not. Those that are `missed` were not compared.
    """

    equal: tuple[int, ...]
    lacking: tuple[int, ...]
    excess: tuple[int, ...]
    missed: tuple[int, ...] = ()

    @property
    def differing(self) -> list[int]:
        return sorted((*self.lacking, *self.excess))


def compare(
    opens: Iterable[int],
    length_ms: int,
    ours: Mapping[int, Candle],
    theirs: Mapping[int, Candle],
    missed: Collection[Interval],
) -> Comparison:
    """Hold the units that start at `opens` against each other, but for those that `missed` touches."""
    equal: list[int] = []
    lacking: list[int] = []
    excess: list[int] = []
    touched: list[int] = []
    for open_ms in opens:
        if missed and any(touches(interval, open_ms, open_ms + length_ms) for interval in missed):
            touched.append(open_ms)
            continue
        mine, told = ours.get(open_ms), theirs.get(open_ms)
        if alike(mine, told):
            equal.append(open_ms)
        else:
            (lacking if mine is None or holds(told, mine) else excess).append(open_ms)
    return Comparison(tuple(equal), tuple(lacking), tuple(excess), tuple(touched))


def is_short(theirs: Candle, ours: Candle | None) -> bool:
    """Whether what a socket told is the beginning of ours: it need not tell a second's last trades.

    So that says nothing; but another first price is that of a trade which ours may lack.
    """
    if ours is None or near(ours.volume, theirs.volume):
        return False
    return ours.open == theirs.open and holds(ours, theirs)


def only_edges_differ(ours: Candle, theirs: Candle) -> bool:
    """Whether they disagree about nothing but the first or the last price: about an order, not about a trade."""
    return not alike(ours, theirs) and alike(ours, replace(theirs, open=ours.open, close=ours.close))


def told_alike(ours: Candle, theirs: Candle) -> bool:
    """Whether they tell of the same trades, in whatever order inside a millisecond."""
    return alike(ours, theirs) or only_edges_differ(ours, theirs)


class Outcome(Enum):
    """How the comparison of one unit ended."""

    EQUAL = "equal"  # the candle agrees with ours, or the trades do where it does not
    REPAIRED = "repaired"
    UNEXPLAINED = "unexplained"  # ours holds what neither candle nor trades show; marked as a gap
    DOUBTFUL = "doubtful"  # the same, seen for the first times: asked again
    MARKED = "marked"  # a gap touches it by now; not compared


class Tally(Struct):
    """What was compared since the start, in seconds and minutes; `odd_ms` is our time of the last unexplained one.

    A second counts each time: with what the exchange's socket told of it, and with a page of its candles.
    """

    compared: int = 0
    equal: int = 0
    repaired: int = 0
    unexplained: int = 0
    odd_ms: int | None = None

    def count(self, outcome: Outcome, now_ms: int, units: int = 1) -> None:
        match outcome:
            case Outcome.EQUAL:
                self.equal += units
            case Outcome.REPAIRED:
                self.repaired += units
            case Outcome.UNEXPLAINED:
                self.unexplained += units
                self.odd_ms = now_ms
            case Outcome.DOUBTFUL | Outcome.MARKED:
                return
        self.compared += units


class Unit(Struct, frozen=True):
    """One candle of a market."""

    market: Market
    length_ms: int
    open_ms: int

    @property
    def name(self) -> str:
        what = "second" if self.length_ms == SECOND_MS else "minute"
        return f"{what} {datetime.fromtimestamp(self.open_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


class Doubts:
    """Candles that nothing bears out so far. One bad page of the exchange must not condemn what we have."""

    def __init__(self) -> None:
        self._seen: dict[Unit, tuple[int, str]] = {}

    def __contains__(self, unit: Unit) -> bool:
        return unit in self._seen

    def of(self, market: Market) -> list[Unit]:
        return [unit for unit in self._seen if unit.market == market]

    @property
    def coins(self) -> Set[str]:
        """Whose candles are in doubt."""
        return {unit.market.base for unit in self._seen}

    def ripe(self, unit: Unit) -> bool:
        """Whether it is looked for the last time now."""
        return self._seen.get(unit, (0, ""))[0] + 1 >= MOST_TIMES

    def drop(self, unit: Unit) -> None:
        self._seen.pop(unit, None)

    def judge(self, unit: Unit, outcome: Outcome, words: str, looks: int = 1) -> tuple[Outcome, str]:
        """The outcome, with DOUBTFUL become UNEXPLAINED the third time; `words` are those of the first.

        `looks` is 0 where it was not looked at in a page of candles: then it is only in doubt from now on.
        """
        times, words = self._seen.pop(unit, (0, words))
        if outcome is not Outcome.DOUBTFUL:
            return outcome, words
        if (times := times + looks) >= MOST_TIMES:
            return Outcome.UNEXPLAINED, words
        if len(self._seen) < MOST_DOUBTS:
            self._seen[unit] = times, words
        return Outcome.DOUBTFUL, words


class Tour:
    """Goes round all markets of one exchange, and between any two of them to one that matters now, if it is due."""

    def __init__(self) -> None:
        self._seen_s: dict[Market, float] = {}
        self._hurried = False

    def next(self, markets: Sequence[Market], hurry: Set[str], now_s: float) -> Market | None:
        """Whose turn it is: of coins in `hurry`, else the one not looked at for longest. None: nobody's yet."""
        due = [each for each in markets if now_s - self._seen_s.get(each, -math.inf) >= AGAIN_S]
        hurried = [] if self._hurried else [each for each in due if each.base in hurry]
        chosen = min(hurried or due, key=lambda each: self._seen_s.get(each, -math.inf), default=None)
        self._hurried = bool(hurried)
        if chosen is not None:
            self._seen_s[chosen] = now_s
        return chosen


def pause_s(markets: int) -> float:
    """Seconds between two looks at an exchange of so many markets."""
    return min(PAUSE_MOST_S, max(PAUSE_LEAST_S, TOUR_S / max(1, markets)))
