"""How an exchange's clock stands to ours, learnt from the stamps of its trades; which of its seconds a moment of ours
means. Pure: it is told the time and never asks for it.

A stamp minus our receipt is the difference of the two clocks less the way to us, and nothing tells these apart. So what
is answered here errs to the safe side of both: coverage begins rather late, and what was missed begins rather early.
"""

from collectors.events import Trade
from config.units import SECOND_MS, whole_second

LAG_WINDOW_MS = 10_000
# Stamps of one connection: Bithumb publishes 270 ms after the match, Upbit 60 ms (captures of 2026-07).
DISORDER_MS = 500
SLOWEST_MS = 5_000  # no way to us is taken to be longer
AT_ODDS = 10  # reads in a row: none of them is a misprint
SKEW_MOST_MS = 60_000  # stamps further off tell of a misprint, not of the exchange's clock


class ExchangeClock:
    """One exchange's.

    `offset_ms` is theirs minus ours, as far as a step or a wrong setting of ours tells; else 0. `lag_ms` is the largest
    (stamp − our receipt) over the last one or two windows, None before the first trade: above zero, our clock is behind
    theirs by at least that. A stamp more than `ahead_ms` past its receipt is from the future.
    """

    def __init__(self, future_bound_ms: int) -> None:
        self._future_bound_ms = future_bound_ms
        self.offset_ms = 0
        self.lag_ms: int | None = None
        self.ahead_ms = future_bound_ms
        self._heard_lag_ms: int | None = None  # the largest since it was last looked at
        self._window_lags: list[int | None] = [None, None]
        self._heard_low_ms: int | None = None  # the smallest, likewise
        self._window_lows: list[int | None] = [None, None]
        self._window_from_ms: int | None = None
        self._last_stamp_ms: int | None = None  # believed or not
        self._believed_ms = 0  # the last stamp that was
        self._at_odds = 0  # reads since then whose stamps agree with our clock as it is, and with nothing we know

    # --- what it learns from ----------------------------------------------------------------------------------------

    def hear(self, traded_ms: int, received_ms: int) -> None:
        """The stamp of what came last, unless it is from the future. For every read there is, so it only takes note."""
        self._last_stamp_ms = traded_ms
        lag_ms = traded_ms - received_ms
        if lag_ms > self.ahead_ms:
            self._at_odds += abs(lag_ms) <= self._future_bound_ms
        else:
            self._believed_ms, self._at_odds = traded_ms, 0
            if self._heard_lag_ms is None or lag_ms > self._heard_lag_ms:
                self._heard_lag_ms = lag_ms
        lowest_ms = self._heard_low_ms
        if (lowest_ms is None or lag_ms < lowest_ms) and lag_ms >= self.offset_ms - SKEW_MOST_MS:
            self._heard_low_ms = lag_ms

    def measure(self, now_ms: int) -> None:
        """Learn from what was heard until now."""
        best, heard = self._window_lags[1], self._heard_lag_ms
        if heard is not None and (best is None or heard > best):
            best = heard
        self._heard_lag_ms = None
        self._window_lags[1] = best
        seen = [each for each in self._window_lags if each is not None]
        if seen:
            self.lag_ms = max(seen)
        lows = [each for each in (self._window_lows[1], self._heard_low_ms) if each is not None]
        self._heard_low_ms, self._window_lows[1] = None, min(lows, default=None)
        if self._window_from_ms is None or not 0 <= now_ms - self._window_from_ms < LAG_WINDOW_MS:
            self._window_from_ms = now_ms
            self._window_lags = [best, None]
            self._window_lows = [self._window_lows[1], None]

    def host_stepped(self, by_ms: int, now_ms: int) -> None:
        """Our wall clock jumped by `by_ms` to `now_ms`; the exchange's did not.

        The mapping between them is kept, unless the new reading alone agrees better with the last stamp we saw: then
        the jump was a repair.
        """
        offset_ms = self.offset_ms - by_ms
        stamp_ms = self._last_stamp_ms
        if stamp_ms is not None and abs(stamp_ms - now_ms) < abs(stamp_ms - (now_ms + offset_ms)):
            offset_ms = 0
        if self.lag_ms is not None:
            self.lag_ms += offset_ms - self.offset_ms
        self.offset_ms = offset_ms
        self.ahead_ms = offset_ms + self._future_bound_ms
        self._forget_windows()

    def set_right(self) -> int | None:
        """Whether a jump of our clock was none, but time in which this machine stood still, so that theirs went on:
        then the last stamp before it, and our clock counts from here on. None: no.
        """
        if self._at_odds < AT_ODDS:
            return None
        self.offset_ms, self.lag_ms, self.ahead_ms = 0, None, self._future_bound_ms
        self._at_odds = 0
        self._forget_windows()
        return self._believed_ms

    def _forget_windows(self) -> None:
        """What they hold was measured by another mapping between the clocks."""
        self._heard_lag_ms = self._heard_low_ms = None
        self._window_lags, self._window_lows = [None, None], [None, None]
        self._window_from_ms = None

    # --- what it answers --------------------------------------------------------------------------------------------

    @property
    def low_ms(self) -> int:
        """How far stamps lay behind the exchange's time, as we know it, at most over the last one or two windows: below
        zero, 0 where none was heard. Far below where the way is slow, or their clock was set back.
        """
        lows = [each - self.offset_ms for each in (*self._window_lows, self._heard_low_ms) if each is not None]
        return min(lows, default=0)

    def heard_until(self, our_ms: int) -> int:
        """Up to which stamp all has come at `our_ms`, by the quickest way of late."""
        return our_ms + (self.offset_ms if self.lag_ms is None else self.lag_ms)

    def covered_after(self, our_ms: int) -> int:
        """The first second of which nothing was missed, given a subscription that was live at `our_ms`.

        Their stamps may run ahead by `offset_ms`, or by what `lag_ms` shows.
        """
        stamp_ms = our_ms + self._most_ahead_ms()
        return whole_second(stamp_ms + DISORDER_MS + SECOND_MS - 1)

    def missed_after(self, our_ms: int, newest_ms: int) -> int:
        """The first second of which something may be missed, given a connection whose last message came at `our_ms`
        and whose newest trade is stamped `newest_ms`.

        Frames come in order, so what its newest trade proves was delivered, but for a little disorder of the stamps.
        A slow way shows in how old that trade is; a quiet connection must not, so at most 5 s are taken off. Where
        stamps have gone back of late, what comes next may be stamped as early as they were, or as the last one.
        """
        stamp_ms = our_ms + (self.offset_ms if self.lag_ms is None else min(self.lag_ms, self.offset_ms))
        delivered_ms = min(stamp_ms, max(newest_ms, stamp_ms - SLOWEST_MS))
        early_ms = our_ms + self.offset_ms + min(0, self.low_ms)
        if self._last_stamp_ms is not None:
            early_ms = min(early_ms, max(self._last_stamp_ms, early_ms - SLOWEST_MS))
        return whole_second(min(delivered_ms, early_ms) - DISORDER_MS)

    def surely_past(self, stamp_ms: int) -> int:
        """What time it was at the exchange, at least, when it sent this stamp; stamps of late may have run ahead."""
        return stamp_ms - max(0, self._most_ahead_ms() - self.offset_ms)

    def age_ms(self, trade: Trade) -> int:
        """How long ago, by the exchange's clock, a trade was made when we received it."""
        return trade.received_ms + self._most_ahead_ms() - trade.traded_ms

    def by_our_clock(self, theirs_ms: int) -> int:
        """A moment of the exchange's time, by our clock as it is set now."""
        return theirs_ms - self.offset_ms

    def _most_ahead_ms(self) -> int:
        return self.offset_ms if self.lag_ms is None else max(self.lag_ms, self.offset_ms)
