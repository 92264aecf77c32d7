"""Seconds become minutes: `merge`, and a fold that keeps only the running minute of each market. Pure."""

from collections.abc import Iterable

from msgspec import Struct

from collectors.events import Candle, Exchange, Market
from config.units import MINUTE_MS, whole_minute


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
    """What is to be stored of one exchange: minutes, and what has to come from the stored seconds.

    `again` are (market, minute) pairs; `whole` are minutes of all markets; `recount` are intervals whose coverage
    changed after they were rolled, of one market or (None) of all.
    """

    exchange: Exchange
    before_ms: int
    minutes: tuple[Candle, ...]
    again: tuple[tuple[Market, int], ...]
    whole: tuple[int, ...]
    recount: tuple[tuple[Market | None, int, int], ...]


class _Running:
    """One market's minute, so far."""

    __slots__ = ("close", "high", "last_ms", "low", "open", "quote_volume", "trades", "volume")

    def __init__(self, second: Candle) -> None:
        self.open, self.high, self.low, self.close = second.open, second.high, second.low, second.close
        self.volume, self.quote_volume, self.trades = second.volume, second.quote_volume, second.trades
        self.last_ms = second.open_ms

    def take(self, second: Candle) -> None:
        """`merge` in place: a later second of the same minute."""
        self.last_ms = second.open_ms
        self.close = second.close
        if second.high > self.high:
            self.high = second.high
        if second.low < self.low:
            self.low = second.low
        self.volume += second.volume
        self.quote_volume += second.quote_volume
        self.trades += second.trades

    def candle(self, market: Market, minute_ms: int) -> Candle:
        return Candle(
            market,
            minute_ms,
            *(self.open, self.high, self.low, self.close, self.volume, self.quote_volume, self.trades),
        )


class MinuteFold:
    """Folds seconds as they are stored. Seconds of a market come in order, but for late ones.

    What can't be folded is to be rolled from the stored seconds: a second that comes again or out of order, the minute
    in which this run began, by the time of each exchange, and every minute that an earlier run may have seconds of.
    """

    def __init__(self) -> None:
        self._stored_ms: int | None = None  # the newest minute of an earlier run; None until that is known
        self._began_ms: dict[Exchange, int] = {}
        self._folded_from_ms: dict[Exchange, int] = {}  # minutes before this are rolled from the stored seconds
        self._taken_to_ms: dict[Exchange, int] = {}
        self._running: dict[int, dict[Market, _Running]] = {}
        self._again: set[tuple[Market, int]] = set()
        self._recount: list[tuple[Exchange, Market | None, int, int | None]] = []

    def take_up(self, newest_ms: int) -> None:
        """The newest second that an earlier run stored, 0 without one; before any second of this run."""
        self._stored_ms = whole_minute(newest_ms)

    def begin(self, exchange: Exchange, at_ms: int) -> int:
        """This run stores seconds of the exchange from about `at_ms` of its time on; when that was said first stands.

        Answers the minute in which it began.
        """
        began_ms = self._began_ms.get(exchange)
        if began_ms is None:
            began_ms = self._began_ms[exchange] = whole_minute(at_ms)
            self._folded_from_ms[exchange] = max(began_ms, self._stored_ms or 0) + MINUTE_MS
        return began_ms

    def add(self, seconds: Iterable[Candle]) -> None:
        """Take one-second candles that are stored, or will be before the next minute is."""
        running, folded_from_ms = self._running, self._folded_from_ms
        for second in seconds:
            market = second.market
            minute_ms = second.open_ms - second.open_ms % MINUTE_MS
            from_ms = folded_from_ms.get(market.exchange)
            if from_ms is None:
                self.begin(market.exchange, minute_ms)
                from_ms = folded_from_ms[market.exchange]
            if minute_ms < from_ms:
                self._again.add((market, minute_ms))
                continue
            of_minute = running.get(minute_ms)
            if of_minute is None:
                of_minute = running[minute_ms] = {}
            so_far = of_minute.get(market)
            if so_far is None:
                of_minute[market] = _Running(second)
            elif second.open_ms > so_far.last_ms:
                so_far.take(second)
            else:
                self._again.add((market, minute_ms))

    def touch(self, exchange: Exchange, market: Market | None, from_ms: int, to_ms: int | None) -> None:
        """A gap changed. Minutes not rolled yet will see it; those that are, in this run or before, count again."""
        taken_to_ms = self._taken_to_ms.get(exchange, self._began_ms.get(exchange, 0))
        if self._stored_ms is None or from_ms < max(taken_to_ms, self._stored_ms + MINUTE_MS):
            self._recount.append((exchange, market, from_ms, to_ms))

    def again(self, market: Market, minute_ms: int) -> None:
        """The stored seconds of a minute were replaced: roll it from them."""
        self._again.add((market, minute_ms))

    def ready(self, exchange: Exchange, before_ms: int) -> bool:
        """Whether `take` would move on. `before_ms` is 0 as long as nothing was heard."""
        if not before_ms:
            return False
        began_ms = self.begin(exchange, before_ms)
        return whole_minute(before_ms) > self._taken_to_ms.get(exchange, began_ms)

    def take(self, exchange: Exchange, before_ms: int) -> Rolled:
        """What is to be stored of an exchange, now that all its seconds before `before_ms` are."""
        to_ms = whole_minute(before_ms)
        began_ms = self.begin(exchange, before_ms)
        taken_to_ms = self._taken_to_ms.get(exchange, began_ms)
        began_is_due = taken_to_ms == began_ms < to_ms
        self._taken_to_ms[exchange] = max(to_ms, taken_to_ms)
        self._folded_from_ms[exchange] = max(to_ms, self._folded_from_ms[exchange])
        whole = (began_ms,) if began_is_due else ()
        due = {each for each in self._again if each[0].exchange == exchange and each[1] < to_ms}
        self._again -= due
        left_to_ms = 0 if self._stored_ms is None else self._stored_ms + MINUTE_MS  # by an earlier run
        stored_to_ms = max(taken_to_ms, min(to_ms, left_to_ms))
        recount = tuple(
            (market, from_ms, stored_to_ms if to is None else min(to, stored_to_ms))
            for of_exchange, market, from_ms, to in self._recount
            if of_exchange == exchange and from_ms < stored_to_ms
        )
        unsettled = (
            (exchange, market, max(from_ms, stored_to_ms), to)
            for of_exchange, market, from_ms, to in self._recount
            if of_exchange == exchange and stored_to_ms < left_to_ms and (to is None or to > stored_to_ms)
        )
        self._recount = [*dict.fromkeys(unsettled), *(each for each in self._recount if each[0] != exchange)]
        minutes = tuple(
            of_minute.pop(market).candle(market, minute_ms)
            for minute_ms, of_minute in sorted(self._running.items())
            if minute_ms < to_ms
            for market in [each for each in of_minute if each.exchange == exchange]
        )
        self._running = {minute_ms: of_minute for minute_ms, of_minute in self._running.items() if of_minute}
        return Rolled(
            exchange,
            to_ms,
            tuple(each for each in minutes if (each.market, each.open_ms) not in due),
            tuple(sorted(each for each in due if each[1] not in whole)),
            whole,
            recount,
        )

    def take_all(self, exchange: Exchange) -> Rolled:
        """Everything, the running minute too; for the end."""
        began_ms = self.begin(exchange, self._stored_ms or 0)
        newest_ms = max([began_ms, *self._running, *(minute_ms for _, minute_ms in self._again)])
        return self.take(exchange, newest_ms + MINUTE_MS)
