"""Seconds as an exchange's own stream of candles tells them: kept until they are settled, and those that ours deny.

Both are bounded. What does not fit is left to the pages of candles, which come round to it later. Pure.
"""

from collections.abc import Iterable, Mapping

from collectors.events import Candle, Market
from config.units import SECOND_MS

MOST_TOLD = 20_000  # a minute of 330 markets that trade each second, 4 MB
MOST_SUSPECTS = 2_000
MOST_TRIES = 3  # so often in a row a market's pages may fail


class ToldSeconds:
    """The newest telling of each second. `take` those that are over, and told of no more, for long enough.

    So each comes out once and whole, on a connection that is seconds behind as well.
    """

    def __init__(self) -> None:
        self._by_second: dict[int, dict[Market, Candle]] = {}
        self._told_at: dict[int, float] = {}
        self._count = 0

    def note(self, candle: Candle, from_ms: int, to_ms: int, now: float) -> bool:
        """Keep it, in place of what was told of that second before; False if it lies outside [from_ms, to_ms).

        `now` is monotonic seconds.
        """
        if not from_ms <= candle.open_ms < to_ms:
            return False
        of_second = self._by_second.setdefault(candle.open_ms, {})
        self._count += candle.market not in of_second
        of_second[candle.market] = candle
        self._told_at[candle.open_ms] = now
        while self._count > MOST_TOLD:
            self._forget(min(self._by_second))
        return True

    def take(self, before_ms: int, told_until: float) -> list[Candle]:
        """The seconds that end at or before `before_ms` and were last told of by then, oldest first; forgotten here."""
        over = sorted(each for each in self._by_second if each + SECOND_MS <= before_ms)
        return [candle for each in over if self._told_at[each] <= told_until for candle in self._forget(each)]

    def _forget(self, open_ms: int) -> Iterable[Candle]:
        del self._told_at[open_ms]
        of_second = self._by_second.pop(open_ms)
        self._count -= len(of_second)
        return of_second.values()


class Suspects:
    """Told seconds that are not ours, by market, until somebody has looked into them."""

    def __init__(self) -> None:
        self._told: dict[Market, dict[int, Candle]] = {}
        self._tries: dict[Market, int] = {}
        self._count = 0

    def add(self, candle: Candle) -> None:
        if self._count < MOST_SUSPECTS:
            told = self._told.setdefault(candle.market, {})
            self._count += candle.open_ms not in told
            told[candle.open_ms] = candle

    def ripe(self, before_ms: int, most_ms: int) -> tuple[Market, Mapping[int, Candle]] | None:
        """The market that waits longest of those with seconds that end at or before `before_ms`, and its seconds.

        Only those of `most_ms` from its oldest on. None where nothing is ripe. What was put off comes behind the rest.
        """
        due = [each for each, told in self._told.items() if min(told) + SECOND_MS <= before_ms]
        market = min(due, key=lambda each: (self._tries.get(each, 0), min(self._told[each])), default=None)
        if market is None:
            return None
        told = self._told[market]
        end_ms = min(before_ms, min(told) + most_ms)
        return market, {open_ms: candle for open_ms, candle in told.items() if open_ms + SECOND_MS <= end_ms}

    def put_off(self, market: Market) -> None:
        """Nobody could look into these now: try others first, and give them up after a few times."""
        self._tries[market] = self._tries.get(market, 0) + 1
        if self._tries[market] >= MOST_TRIES:
            self.drop(market, dict(self._told.get(market, {})))

    def drop(self, market: Market, looked_into: Mapping[int, Candle]) -> None:
        """These were looked into; what was told anew meanwhile stays."""
        self._tries.pop(market, None)
        told = self._told.get(market, {})
        for open_ms, candle in looked_into.items():
            if told.get(open_ms) is candle:
                del told[open_ms]
                self._count -= 1
        if not told:
            self._told.pop(market, None)
