"""One market's seconds that are not closed yet, and what its next price is believed to lie between. Pure."""

import math
from collections.abc import Callable

from collectors.events import Market
from collectors.recording.second_part import Folded, Print
from config.units import SECOND_MS

# Bounds of belief. KRW ticks go down to 1e-8 (Upbit's table of 2025-07-31); Upbit takes orders up to 1e9 KRW, so a fill
# of a hundred times that is none. Real listings have moved ×100 within minutes; ×1,000 from one trade to the next is a
# misprint, unless trade after trade says so.
PRICE_MIN = 1e-9
PRICE_MAX = 1e12
NOTIONAL_MAX = 1e11
JUMP = 1_000.0
JUMP_BELIEVED_AFTER = 5
MANY = 8  # of a second; fewer are not worth folding before it ends


class OpenSeconds:
    """One market. `floor` and `ceiling` are what the next price must lie between. `take` adds a trade stamped in
    [`from_ms`, `to_ms`) to the second that was begun last, so that most trades need not look for theirs. Of the open
    seconds, those before `repeats_before_ms` may hold a snapshot; `reopened`: one of them may have come out before.
    `folded` stands for the earlier trades of a second that has very many; its last is always in `open`.
    """

    __slots__ = (
        *("ceiling", "covered_from_ms", "doubted", "floor", "folded", "from_ms", "market", "missed_from_ms"),
        *("newest_ms", "open", "reopened", "repeats_before_ms", "take", "to_ms", "trades"),
    )

    def __init__(self, market: Market) -> None:
        self.market = market
        self.covered_from_ms: float = math.inf
        self.missed_from_ms = 0
        self.floor = PRICE_MIN
        self.ceiling = PRICE_MAX
        self.doubted: list[float] = []
        self.open: dict[int, list[Print]] = {}
        self.folded: dict[int, Folded] = {}
        self.newest_ms = 0
        self.trades = 0
        self.repeats_before_ms = 0
        self.reopened = False
        self.look_anew()

    def look_anew(self) -> None:
        """Seconds were closed, or other ones count: which one the next trade belongs to is not known."""
        self.from_ms = self.to_ms = 0
        self.take: Callable[[Print], None] = _unreachable

    def begin(self, open_ms: int, trade: Print) -> None:
        """The first trade of a second."""
        of_second = self.open[open_ms] = [trade]
        self.from_ms, self.to_ms, self.take = open_ms, open_ms + SECOND_MS, of_second.append

    def newest_stamp(self) -> int:
        if not self.open:
            return self.newest_ms
        newest = max(self.open)
        folded_ms = self.folded[newest].part.last[0] if newest in self.folded else 0
        return max(self.newest_ms, folded_ms, *[trade.traded_ms for trade in self.open[newest]])

    def learn(self) -> int:
        """Learn from the trade of the newest second that came last what price and stamp to expect; the newest stamp.

        Stamps may go back a little inside a second: one that is not the last of its market is learnt of as it closes.
        """
        last = self.open[max(self.open)][-1]
        self.believe(last.price)
        if last.traded_ms > self.newest_ms:
            self.newest_ms = last.traded_ms
        return self.newest_ms

    def fold_many(self) -> None:
        """Fold what is long already, while it is near at hand; ids must tell the order."""
        for open_ms, trades in self.open.items():
            if len(trades) > MANY and open_ms >= self.repeats_before_ms:
                early = trades[:-1]
                del trades[:-1]
                if (folded := self.folded.get(open_ms)) is None:
                    self.folded[open_ms] = Folded(self.market, early)
                else:
                    folded.add(early)

    def believe(self, price: float) -> None:
        floor, ceiling = price / JUMP, price * JUMP
        self.floor = floor if floor > PRICE_MIN else PRICE_MIN
        self.ceiling = ceiling if ceiling < PRICE_MAX else PRICE_MAX
        if self.doubted:
            self.doubted.clear()


def _unreachable(trade: Print) -> None:
    raise AssertionError(f"no second is open for {trade}")
