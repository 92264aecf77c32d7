"""Seconds become minutes: `merge`, and a fold that keeps only the running minute of each market. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from collectors.events import Candle, Exchange, Market
from collectors.repair.gaps import MINUTE_MS


def merge(earlier: Candle, later: Candle) -> Candle:
    """One candle for two stretches of a market, of which `earlier` lies wholly before `later`."""
    return Candle(
        earlier.market,
        earlier.open_ms,
        earlier.open,
        max(earlier.high, later.high),
        min(earlier.low, later.low),
        later.close,
        earlier.volume + later.volume,
        earlier.quote_volume + later.quote_volume,
        earlier.trades + later.trades,
    )


class Rolled(Struct, frozen=True):
    """What is ready: whole minutes, and (market, minute) pairs that must be rolled again from the stored seconds."""

    minutes: tuple[Candle, ...]
    again: tuple[tuple[Market, int], ...]


class _Running:
    """One market's minute, so far."""

    __slots__ = ("candle", "last_ms")

    def __init__(self, candle: Candle, last_ms: int) -> None:
        self.candle = candle
        self.last_ms = last_ms


class MinuteFold:
    """Folds seconds as they are stored. Seconds of a market come in order, but for late ones.

    A second that comes again, or out of order, or belongs to a minute that this fold did not see from its beginning
    (`from_ms` is when it began to watch), can't be folded; its minute is then to be rolled from the stored seconds.
    """

    def __init__(self, from_ms: int) -> None:
        self._whole_from_ms = -(-from_ms // MINUTE_MS) * MINUTE_MS
        self._taken_to_ms: dict[Exchange, int] = {}
        self._running: dict[int, dict[Market, _Running]] = {}
        self._again: set[tuple[Market, int]] = set()

    def add(self, seconds: Iterable[Candle]) -> None:
        """Take one-second candles that are stored, or will be before the next minute is."""
        running = self._running
        for second in seconds:
            market = second.market
            minute_ms = second.open_ms - second.open_ms % MINUTE_MS
            if minute_ms < self._whole_from_ms or minute_ms < self._taken_to_ms.get(market.exchange, 0):
                self._again.add((market, minute_ms))
                continue
            of_minute = running.get(minute_ms)
            if of_minute is None:
                of_minute = running[minute_ms] = {}
            so_far = of_minute.get(market)
            if so_far is None:
                of_minute[market] = _Running(second, second.open_ms)
            elif second.open_ms > so_far.last_ms:
                so_far.candle = merge(so_far.candle, second)
                so_far.last_ms = second.open_ms
            else:
                self._again.add((market, minute_ms))

    def take(self, exchange: Exchange, before_ms: int) -> Rolled:
        """The minutes of an exchange that end at or before `before_ms`, and what else is to be rolled again there."""
        to_ms = before_ms - before_ms % MINUTE_MS
        self._taken_to_ms[exchange] = max(to_ms, self._taken_to_ms.get(exchange, 0))
        again = {each for each in self._again if each[0].exchange == exchange and each[1] < to_ms}
        self._again -= again
        minutes = []
        for minute_ms in sorted(self._running):
            if minute_ms >= to_ms:
                break
            of_minute = self._running[minute_ms]
            ours = [market for market in of_minute if market.exchange == exchange]
            for market in ours:
                whole = of_minute.pop(market)
                if (market, minute_ms) not in again:
                    minutes.append(_starting(minute_ms, whole.candle))
            if not of_minute:
                del self._running[minute_ms]
        return Rolled(tuple(minutes), tuple(sorted(again)))

    def give_back(self, rolled: Rolled) -> None:
        """Minutes that could not be stored after all: they are rolled from the stored seconds later."""
        self._again.update(rolled.again, ((minute.market, minute.open_ms) for minute in rolled.minutes))


def _starting(minute_ms: int, candle: Candle) -> Candle:
    return Candle(
        candle.market,
        minute_ms,
        candle.open,
        candle.high,
        candle.low,
        candle.close,
        candle.volume,
        candle.quote_volume,
        candle.trades,
    )
