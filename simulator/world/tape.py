"""What has happened in one market: the trades as columns, one-minute bars, and the statistics of the day.

Bounded: trades are kept for `keep_ms`, bars for `KEEP_BARS_MS` of simulated time.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from simulator.world.prices import DAY_MS, HOUR_MS, MINUTE_MS
from simulator.world.values import SimCandle, SimTrade

KEEP_TRADES_MS = 2 * HOUR_MS
KEEP_BARS_MS = 26 * HOUR_MS
TRIM_EVERY = 2_000  # trades between two looks at the bound


class Tape:
    """The trades of one market in the order of matching."""

    def __init__(self, exchange: str, code: str, keep_ms: int = KEEP_TRADES_MS) -> None:
        self._exchange = exchange
        self._keep_ms = keep_ms
        self._code = code
        self._integers = [array("q") for _ in range(4)]  # traded_ms, sent_ms, ws_id, rest_id
        self._numbers = [array("d") for _ in range(6)]  # price, volume, bid, bid size, ask, ask size
        self._buys = array("b")
        self._sorted = True  # False once a skewed clock has stepped back
        self._bars: dict[int, SimCandle] = {}
        self._since_trim = 0
        self.day_volume = 0.0  # of the bars kept for the last 24 h
        self.day_value = 0.0
        self._oldest_summed_ms: int | None = None
        self.last: SimTrade | None = None

    def __len__(self) -> int:
        return len(self._buys)

    def rename(self, code: str) -> None:
        self._code = code

    def append(self, trade: SimTrade) -> None:
        stamps = self._integers[0]
        if stamps and trade.traded_ms < stamps[-1]:
            self._sorted = False
        for column, integer in zip(
            self._integers, (trade.traded_ms, trade.sent_ms, trade.ws_id, trade.rest_id), strict=True
        ):
            column.append(integer)
        for numbers, number in zip(
            self._numbers,
            (trade.price, trade.volume, trade.best_bid, trade.best_bid_size, trade.best_ask, trade.best_ask_size),
            strict=True,
        ):
            numbers.append(number)
        self._buys.append(trade.side == "buy")
        self.last = trade
        open_ms = trade.traded_ms - trade.traded_ms % MINUTE_MS
        bar = self._bars.get(open_ms)
        self._bars[open_ms] = folded(bar, trade, open_ms)
        self.day_volume += trade.volume
        self.day_value += trade.price * trade.volume
        self._since_trim += 1
        if self._since_trim >= TRIM_EVERY:
            self._trim(trade.traded_ms)

    def between(self, from_ms: int, to_ms: int) -> list[SimTrade]:
        """Trades with from_ms <= traded_ms < to_ms, oldest first; inside a millisecond in the order of matching."""
        stamps = self._integers[0]
        if self._sorted:
            return [self._at(i) for i in range(bisect_left(stamps, from_ms), bisect_left(stamps, to_ms))]
        chosen = sorted((i for i, stamp in enumerate(stamps) if from_ms <= stamp < to_ms), key=lambda i: stamps[i])
        return [self._at(i) for i in chosen]

    def newest(self, count: int, until_ms: int | None = None) -> list[SimTrade]:
        """The last `count` trades at or before `until_ms`, newest first."""
        stamps = self._integers[0]
        if not self._sorted:
            return self.between(0, (until_ms if until_ms is not None else 2**62) + 1)[::-1][:count]
        end = len(stamps) if until_ms is None else bisect_right(stamps, until_ms)
        return [self._at(i) for i in range(end - 1, max(-1, end - 1 - count), -1)]

    def candles(self, unit_ms: int, before_ms: int, count: int, offset_ms: int) -> list[SimCandle]:
        """Newest first, only windows that have trades and open before `before_ms`.

        Windows start at multiples of `unit_ms` counted from `offset_ms` before the epoch.
        """
        if unit_ms < MINUTE_MS:
            return self._candles_of_trades(unit_ms, before_ms, count)
        candles: list[SimCandle] = []
        for open_ms in sorted(self._bars, reverse=True):
            window_ms = open_ms - (open_ms + offset_ms) % unit_ms
            if window_ms >= before_ms:
                continue
            if candles and candles[-1].open_ms == window_ms:
                candles[-1] = joined(self._bars[open_ms], candles[-1], window_ms)
                continue
            if len(candles) == count:
                break
            bar = self._bars[open_ms]
            candles.append(bar if window_ms == open_ms else joined(bar, None, window_ms))
        return candles

    def forget_day_before(self, now_ms: int) -> None:
        """Take bars older than 24 h out of `day_volume` and `day_value`."""
        edge = now_ms - DAY_MS
        oldest = self._oldest_summed_ms
        if oldest is None:
            oldest = min(self._bars, default=now_ms)
        while oldest < edge:
            if bar := self._bars.get(oldest):
                self.day_volume -= bar.volume
                self.day_value -= bar.value
            oldest += MINUTE_MS
        self._oldest_summed_ms = oldest

    def _candles_of_trades(self, unit_ms: int, before_ms: int, count: int) -> list[SimCandle]:
        candles: list[SimCandle] = []
        stamps = self._integers[0]
        end = bisect_left(stamps, before_ms) if self._sorted else len(stamps)
        order: Iterable[int] = range(end - 1, -1, -1)
        if not self._sorted:
            order = sorted((i for i in range(end) if stamps[i] < before_ms), key=lambda i: (stamps[i], i), reverse=True)
        window: list[SimTrade] = []
        window_ms = -1
        for i in order:
            open_ms = stamps[i] - stamps[i] % unit_ms
            if open_ms != window_ms:
                if window:
                    candles.append(candle_of(window[::-1], window_ms))
                    if len(candles) == count:
                        return candles
                window, window_ms = [], open_ms
            window.append(self._at(i))
        if window:
            candles.append(candle_of(window[::-1], window_ms))
        return candles

    def _at(self, i: int) -> SimTrade:
        traded_ms, sent_ms, ws_id, rest_id = (column[i] for column in self._integers)
        price, volume, bid, bid_size, ask, ask_size = (column[i] for column in self._numbers)
        return SimTrade(
            self._exchange, self._code, price, volume, "buy" if self._buys[i] else "sell", traded_ms, sent_ms, ws_id,
            rest_id, bid, bid_size, ask, ask_size,
        )  # fmt: skip

    def _trim(self, now_ms: int) -> None:
        self._since_trim = 0
        self.forget_day_before(now_ms)
        cut = bisect_left(self._integers[0], now_ms - self._keep_ms) if self._sorted else 0
        if cut:
            for integers in self._integers:
                del integers[:cut]
            for numbers in self._numbers:
                del numbers[:cut]
            del self._buys[:cut]
        for open_ms in [open_ms for open_ms in self._bars if open_ms < now_ms - KEEP_BARS_MS]:
            del self._bars[open_ms]


def folded(candle: SimCandle | None, trade: SimTrade, open_ms: int) -> SimCandle:
    """The candle with one more trade at its end."""
    value = trade.price * trade.volume
    if candle is None:
        return SimCandle(
            open_ms, trade.price, trade.price, trade.price, trade.price, trade.volume, value, 1, trade.traded_ms
        )
    return SimCandle(
        open_ms,
        candle.open,
        max(candle.high, trade.price),
        min(candle.low, trade.price),
        trade.price,
        candle.volume + trade.volume,
        candle.value + value,
        candle.trades + 1,
        max(candle.last_ms, trade.traded_ms),
    )


def candle_of(trades: Sequence[SimTrade], open_ms: int) -> SimCandle:
    """The candle of these trades (at least one, oldest first)."""
    candle = None
    for trade in trades:
        candle = folded(candle, trade, open_ms)
    assert candle is not None
    return candle


def joined(earlier: SimCandle, later: SimCandle | None, open_ms: int) -> SimCandle:
    """Two neighbouring candles as one that opens at `open_ms`."""
    last = later or earlier
    return SimCandle(
        open_ms,
        earlier.open,
        max(earlier.high, last.high),
        min(earlier.low, last.low),
        last.close,
        earlier.volume + (later.volume if later else 0.0),
        earlier.value + (later.value if later else 0.0),
        earlier.trades + (later.trades if later else 0),
        max(earlier.last_ms, last.last_ms),
    )
