"""The statistics of a market's day: the part before the simulation began is made up from its price path."""

import math

from msgspec import Struct

from simulator.world.market import KST_OFFSET_MS, MarketModel
from simulator.world.prices import DAY_MS
from simulator.world.values import Session, SimDay, SimTrade

SAMPLES_OF_A_DAY = 24
WEEKS_OF_A_YEAR = 52


class _Past(Struct, frozen=True):
    """What had happened on the day that the simulation began in before its first trade, and on the day before."""

    prev_close: float
    opening: float
    high: float
    low: float
    volume: float
    value: float


class DayStatistics:
    """Follows one market in one session (days from 00:00 UTC or 00:00 KST), trade by trade."""

    def __init__(self, model: MarketModel, session: Session, start_ms: int) -> None:
        self._model = model
        self._start_ms = start_ms
        self._offset_ms = KST_OFFSET_MS if session == "kst" else 0
        self._day = -1
        self._opening = self._high = self._low = self._close = self._prev_close = 0.0
        self._volume = self._value = self._ask_volume = self._bid_volume = 0.0
        self._began_ms: int | None = None  # the first trade, until its day is over
        self._past: _Past | None = None
        self._year: tuple[float, int, float, int] | None = None

    def add(self, trade: SimTrade) -> None:
        day = (trade.traded_ms + self._offset_ms) // DAY_MS
        if day != self._day:
            self._open(day, trade)
        self._high = max(self._high, trade.price)
        self._low = min(self._low, trade.price)
        self._close = trade.price
        self._volume += trade.volume
        self._value += trade.price * trade.volume
        if trade.side == "sell":
            self._ask_volume += trade.volume
        else:
            self._bid_volume += trade.volume

    def at(self, now_ms: int) -> SimDay | None:
        """None before the first trade. After midnight and before the day's first trade, yesterday's day stands."""
        last = self._model.tape.last
        if last is None:
            return None
        tape = self._model.tape
        tape.forget_day_before(now_ms)
        before = self._model.daily_value() * max(0.0, 1.0 - max(0, now_ms - self._start_ms) / DAY_MS)
        past = self._known_past()
        if past is not None:
            self._high, self._low = max(self._high, past.high), min(self._low, past.low)
        high, high_ms, low, low_ms = self._year_range(last)
        return SimDay(
            opening=past.opening if past else self._opening,
            high=self._high,
            low=self._low,
            last=self._close,
            prev_close=past.prev_close if past else self._prev_close,
            last_volume=last.volume,
            last_side=last.side,
            last_traded_ms=last.traded_ms,
            acc_volume=self._volume + (past.volume if past else 0.0),
            acc_value=self._value + (past.value if past else 0.0),
            acc_ask_volume=self._ask_volume + (past.volume / 2 if past else 0.0),
            acc_bid_volume=self._bid_volume + (past.volume / 2 if past else 0.0),
            acc_volume_24h=max(0.0, tape.day_volume) + before / self._close,
            acc_value_24h=max(0.0, tape.day_value) + before,
            high_52w=high,
            high_52w_ms=high_ms,
            low_52w=low,
            low_52w_ms=low_ms,
        )

    def _open(self, day: int, trade: SimTrade) -> None:
        first_day, self._day = self._day < 0, day
        self._prev_close = self._close if not first_day else trade.price
        self._opening = self._high = self._low = trade.price
        self._volume = self._value = self._ask_volume = self._bid_volume = 0.0
        self._began_ms = trade.traded_ms if first_day and self._model.history else None
        self._past = None

    def _known_past(self) -> _Past | None:
        """Worked out when it is first asked for: most days of most markets never are."""
        if self._past is None and self._began_ms is not None:
            midnight_ms = self._day * DAY_MS - self._offset_ms
            elapsed_ms = max(0, self._began_ms - midnight_ms)
            prices = [self._price(midnight_ms + elapsed_ms * i // SAMPLES_OF_A_DAY) for i in range(SAMPLES_OF_A_DAY)]
            value = self._model.daily_value() * elapsed_ms / DAY_MS
            self._past = _Past(
                prev_close=self._price(midnight_ms - 1),
                opening=prices[0],
                high=max(prices),
                low=min(prices),
                volume=value / (math.fsum(prices) / len(prices)),
                value=value,
            )
        return self._past

    def _price(self, at_ms: int) -> float:
        return self._model.ticks.snapped(self._model.mid(at_ms - self._start_ms))

    def _year_range(self, last: SimTrade) -> tuple[float, int, float, int]:
        if self._year is None:
            weeks = range(1, WEEKS_OF_A_YEAR) if self._model.history else range(0)
            times = [last.traded_ms - week * 7 * DAY_MS for week in weeks]
            prices = [(self._price(at_ms), at_ms) for at_ms in times] or [(last.price, last.traded_ms)]
            (high, high_ms), (low, low_ms) = max(prices), min(prices)
            self._year = high, high_ms, low, low_ms
        high, high_ms, low, low_ms = self._year
        if self._high > high:
            high, high_ms = self._high, last.traded_ms
        if self._low < low:
            low, low_ms = self._low, last.traded_ms
        self._year = high, high_ms, low, low_ms
        return self._year
