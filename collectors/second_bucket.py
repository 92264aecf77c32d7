"""Trades become one-second candles. One bucket an exchange; pure: it is told the time and never asks for it.

A second closes by watermark: when its market's newest trade lies `close_after_ms` past its end, or after `silence_ms`
of our clock, mapped to the exchange's by the stamps we see. A late trade opens its second again while that is
remembered, and the whole candle comes out once more. Trades are known by id within their second, so that a repeat
changes nothing. What cannot be believed is refused with a reason, never guessed at.

Order inside a second: `traded_ms`, then Upbit's `sequential_id`; for Bithumb, whose ids say nothing about order, the
order of arrival (contract, section 4).
"""

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Candle, Exchange, Market, Trade
from collectors.repair.gaps import SECOND_MS
from collectors.second_part import (
    ArrivalOrder,
    Key,
    Part,
    by_arrival,
    by_id,
    contested,
    fold,
    join,
    pack,
    unpack,
    whole_second,
)
from config.settings import Recording

# Bounds of belief. KRW ticks go down to 1e-8 (Upbit's table of 2025-07-31); Upbit takes orders up to 1e9 KRW, so a fill
# of a hundred times that is none. Real listings have moved ×100 within minutes; ×1,000 from one trade to the next is a
# misprint, unless trade after trade says so.
PRICE_MIN = 1e-9
PRICE_MAX = 1e12
NOTIONAL_MAX = 1e11
JUMP = 1_000.0
JUMP_BELIEVED_AFTER = 5

LAG_WINDOW_MS = 10_000
DISORDER_MS = (
    500  # stamps of one connection: Bithumb publishes 270 ms after the match, Upbit 60 ms (captures of 2026-07)
)
SEALED = b""  # stands for a second that takes no more trades
SLOWEST_MS = 5_000  # no way to us is taken to be longer


class Disbelief(Enum):
    """Why a trade was refused."""

    PRICE = "price"  # not a positive number within the bounds
    VOLUME = "volume"
    JUMP = "jump"  # a thousand times the price before, or a thousandth
    FUTURE = "future"  # stamped further ahead than `future_bound_ms`
    TOO_LATE = "too_late"  # its second is no longer remembered


class Rejection(Struct, frozen=True):
    """A trade that was not counted, and why. Its second is incomplete."""

    reason: Disbelief
    trade: Trade


class _Book:
    """One market. `floor` and `ceiling` are what the next price must lie between. `take` adds a trade stamped in
    [`from_ms`, `to_ms`) to the second that was begun last, so that most trades need not look for theirs. `repeats`: a
    snapshot may be among those of the open seconds; `reopened`: one of these seconds may have come out before.
    """

    __slots__ = (
        *("ceiling", "covered_from_ms", "doubted", "floor", "from_ms", "market", "newest_ms", "open"),
        *("reopened", "repeats", "take", "to_ms", "trades"),
    )

    def __init__(self, market: Market) -> None:
        self.market = market
        self.covered_from_ms: float = math.inf
        self.floor = PRICE_MIN
        self.ceiling = PRICE_MAX
        self.doubted: list[float] = []
        self.open: dict[int, list[Trade]] = {}
        self.newest_ms = 0
        self.trades = 0
        self.repeats = False
        self.reopened = False
        self.look_anew()

    def look_anew(self) -> None:
        """Seconds were closed, or other ones count: which one the next trade belongs to is not known."""
        self.from_ms = self.to_ms = 0
        self.take: Callable[[Trade], None] = _unreachable

    def begin(self, open_ms: int, trade: Trade) -> None:
        """The first trade of a second."""
        of_second = self.open[open_ms] = [trade]
        self.from_ms, self.to_ms, self.take = open_ms, open_ms + SECOND_MS, of_second.append

    def newest_stamp(self) -> int:
        if not self.open:
            return self.newest_ms
        return self.stamp_of(self.open[max(self.open)])

    def stamp_of(self, newest: list[Trade]) -> int:
        """The newest stamp, given the trades of the newest second."""
        newest_ms = newest[0].traded_ms if len(newest) == 1 else max([trade.traded_ms for trade in newest])
        return newest_ms if newest_ms > self.newest_ms else self.newest_ms

    def believe(self, price: float) -> None:
        floor, ceiling = price / JUMP, price * JUMP
        self.floor = floor if floor > PRICE_MIN else PRICE_MIN
        self.ceiling = ceiling if ceiling < PRICE_MAX else PRICE_MAX
        if self.doubted:
            self.doubted.clear()


def _unreachable(trade: Trade) -> None:
    raise AssertionError(f"no second is open for {trade}")


class SecondBucket:
    """The running and remembered seconds of one exchange.

    `add_all` is the hot path: it sorts trades into their seconds, and `flush` does the rest once a second.
    `last_received_ms` is our time of the newest trade.
    """

    def __init__(self, exchange: Exchange, settings: Recording) -> None:
        self.exchange = exchange
        self._settings = settings
        self._books: dict[Market, _Book] = {}
        self._active: dict[Market, _Book] = {}  # those with open seconds
        self._closed: dict[int, dict[Market, bytes]] = {}
        self._order: Callable[[Trade], Key] = by_id if exchange == "upbit" else by_arrival
        self._arrivals = None if exchange == "upbit" else ArrivalOrder()
        self._doubtful: list[tuple[Market, int]] = []
        self._newest_ms = 0  # the newest stamp believed; what is remembered counts from here
        self._forgotten_before_ms = 0
        self._closed_before_ms = 0
        # Their clock against ours. `offset` is the part that only a step of ours changes; `lag` is stamp − receipt at
        # its largest over the last one or two windows, so it holds the way to us as well.
        self._offset_ms = 0
        self._lag_ms: int | None = None
        self._window_lags: list[int | None] = [None, None]
        self._window_from_ms: int | None = None
        self._last_stamp_ms: int | None = None  # believed or not
        self._ahead_ms = settings.future_bound_ms
        self.last_received_ms: int | None = None

    # --- what is listened to ----------------------------------------------------------------------------------------

    def cover(self, market: Market, from_ms: int) -> None:
        """Count trades stamped at or after `from_ms`, a whole second; earlier ones are history and left alone."""
        book = self._books.get(market)
        if book is None:
            book = self._books[market] = _Book(market)
        book.covered_from_ms = from_ms
        book.look_anew()

    def uncover(self, market: Market) -> None:
        """Stop counting; what is there still comes out."""
        if (book := self._books.get(market)) is not None:
            book.covered_from_ms = math.inf
            book.look_anew()

    def covered_after(self, our_ms: int) -> int:
        """The first second of which nothing was missed, given a subscription that was live at `our_ms`.

        On the safe side of both clocks: their stamps may run ahead by `offset`, or by what `lag` shows.
        """
        stamp_ms = our_ms + max(self._offset_ms, self._offset_ms if self._lag_ms is None else self._lag_ms)
        return whole_second(stamp_ms + DISORDER_MS + SECOND_MS - 1)

    def missed_after(self, our_ms: int, markets: Iterable[Market] | None = None) -> int:
        """The first second of which something may be missed, given a connection of `markets` (or all)
        whose last message came at `our_ms`.

        Frames come in order, so what its newest trade proves was delivered, but for a little disorder of the stamps.
        A slow way shows in how old that trade is; a quiet connection must not, so at most 5 s are taken off.
        """
        stamp_ms = our_ms + (self._offset_ms if self._lag_ms is None else min(self._lag_ms, self._offset_ms))
        books = (
            self._books.values() if markets is None else [self._books[each] for each in markets if each in self._books]
        )
        newest_ms = max((book.newest_stamp() for book in books), default=0)
        return whole_second(min(stamp_ms, max(newest_ms, stamp_ms - SLOWEST_MS)) - DISORDER_MS)

    def newest_ms(self, market: Market) -> int:
        """The newest stamp of a covered market; before its first trade, the start of its coverage."""
        book = self._books[market]
        return max(book.newest_stamp(), int(book.covered_from_ms) - 1)

    def age_ms(self, trade: Trade) -> int:
        """How long ago, by the exchange's clock, a trade was made when we received it."""
        lag_ms = self._offset_ms if self._lag_ms is None else max(self._lag_ms, self._offset_ms)
        return trade.received_ms + lag_ms - trade.traded_ms

    @property
    def closed_before_ms(self) -> int:
        """Every second before this has come out (late trades aside); 0 while we have seen no trade to know time by."""
        return self._closed_before_ms

    @property
    def offset_ms(self) -> int:
        """The exchange's clock minus ours, as far as a step or a wrong setting of ours tells; else 0."""
        return self._offset_ms

    @property
    def lag_ms(self) -> int | None:
        """The largest (stamp − our receipt) of late: above zero, our clock is behind theirs by at least that."""
        return self._lag_ms

    def trades_by_market(self) -> dict[Market, int]:
        """Trades in closed seconds since the start."""
        return {market: book.trades for market, book in self._books.items()}

    def host_stepped(self, by_ms: int, now_ms: int) -> None:
        """Our wall clock jumped by `by_ms` to `now_ms`; the exchange's did not.

        The mapping between them is kept, unless the new reading alone agrees better with the last stamp we saw: then
        the jump was a repair.
        """
        offset_ms = self._offset_ms - by_ms
        stamp_ms = self._last_stamp_ms
        if stamp_ms is not None and abs(stamp_ms - now_ms) < abs(stamp_ms - (now_ms + offset_ms)):
            offset_ms = 0
        if self._lag_ms is not None:
            self._lag_ms += offset_ms - self._offset_ms
        self._offset_ms = offset_ms
        self._ahead_ms = offset_ms + self._settings.future_bound_ms
        self._window_lags = [None, None]
        self._window_from_ms = None
        for book in self._active.values():
            for open_ms, trades in book.open.items():
                book.open[open_ms] = [_received_by(each, by_ms, now_ms) for each in trades]
            book.look_anew()

    def by_our_clock(self, told_ms: int, now_ms: int) -> int:
        """A moment that a connection tells, by our clock: it knows the exchange's, or only ours; the nearer is meant.

        The two are the same but for a step of ours.
        """
        theirs_now_ms = now_ms + self._offset_ms
        return told_ms - self._offset_ms if abs(told_ms - theirs_now_ms) <= abs(told_ms - now_ms) else told_ms

    # --- trades come in ---------------------------------------------------------------------------------------------

    def add(self, trade: Trade) -> Rejection | None:
        """Count a trade, or say why not. Trades before the market's coverage are left alone without a word."""
        if not trade.snapshot:
            rejections = self.add_all((trade,))
            return rejections[0] if rejections else None
        book = self._books.get(trade.market)
        if book is None:
            return self._history(trade)
        self.last_received_ms = trade.received_ms
        book.repeats = True
        return self._examine(book, trade)

    def add_all(self, trades: Sequence[Trade]) -> list[Rejection]:
        """Count trades that were received together, no snapshot, in their order; which were not, and why.

        This loop runs for every trade there is.
        """
        rejections: list[Rejection] = []
        books = self._books
        received_ms = self.last_received_ms = trades[0].received_ms
        latest_ms = received_ms + self._ahead_ms
        for trade in trades:
            book = books.get(trade.market)
            if book is None:
                if (rejection := self._history(trade)) is not None:
                    rejections.append(rejection)
                continue
            traded_ms = trade.traded_ms
            price = trade.price
            if (
                book.from_ms <= traded_ms < book.to_ms
                and book.floor < price < book.ceiling
                and 0.0 < trade.volume * price < NOTIONAL_MAX
                and traded_ms <= latest_ms
            ):
                book.take(trade)
            elif (rejection := self._examine(book, trade)) is not None:
                rejections.append(rejection)
        return rejections

    def _examine(self, book: _Book, trade: Trade) -> Rejection | None:
        """Of another second than the last, or out of bounds: history, no possible value, a jump, from the future."""
        if trade.traded_ms < book.covered_from_ms:
            return self._history(trade)
        price = trade.price
        if not PRICE_MIN < price < PRICE_MAX:
            return Rejection(Disbelief.PRICE, trade)
        if not 0.0 < trade.volume * price < NOTIONAL_MAX:
            return Rejection(Disbelief.VOLUME, trade)
        if trade.traded_ms - trade.received_ms > self._ahead_ms:
            self._last_stamp_ms = trade.traded_ms
            return Rejection(Disbelief.FUTURE, trade)
        if not book.floor < price < book.ceiling:
            book.doubted = [*(p for p in book.doubted if price / 10 < p < price * 10), price]
            if len(book.doubted) <= JUMP_BELIEVED_AFTER:
                return Rejection(Disbelief.JUMP, trade)
            book.believe(price)
        return self._sort_in(book, trade)

    def _history(self, trade: Trade) -> Rejection | None:
        """A trade that comes before its market counts; one from the future would be missed in a second that counts."""
        ahead = trade.traded_ms - trade.received_ms > self._ahead_ms
        return Rejection(Disbelief.FUTURE, trade) if ahead else None

    def _sort_in(self, book: _Book, trade: Trade) -> Rejection | None:
        """A good trade into its second: the one that runs, a new one, a late one, or one too late."""
        open_ms = whole_second(trade.traded_ms)
        if (of_second := book.open.get(open_ms)) is not None:
            of_second.append(trade)
        elif open_ms < self._forgotten_before_ms:
            return Rejection(Disbelief.TOO_LATE, trade)
        else:
            book.begin(open_ms, trade)
            if book.market in self._closed.get(open_ms, ()):
                book.reopened = True
            self._active[book.market] = book
        return None

    def heal(self, market: Market, part: Part, ids: Collection[int] | None) -> None:
        """A second is known from elsewhere: later trades of it join `part` unless they are among `ids`.

        None: the socket's ids are of another kind, so nothing that comes later can be told from what is there, and all
        of it is left out.
        """
        open_ms = part.candle.open_ms
        if open_ms >= self._forgotten_before_ms:
            self._closed.setdefault(open_ms, {})[market] = SEALED if ids is None else pack(part, ids)
            if (book := self._books.get(market)) is not None:
                book.reopened = True

    # --- candles come out -------------------------------------------------------------------------------------------

    def flush(self, now_ms: int) -> list[Candle]:
        """The candles that closed, or changed, until `now_ms` of our clock; a market's in order of time."""
        self._measure(now_ms)
        lag_ms = self._offset_ms if self._lag_ms is None else self._lag_ms
        silent_before_ms = now_ms + lag_ms - self._settings.silence_ms
        close_after_ms = self._settings.close_after_ms
        candles: list[Candle] = []
        for book in list(self._active.values()):
            before_ms = book.newest_ms - close_after_ms
            self._close(book, before_ms if before_ms > silent_before_ms else silent_before_ms, candles)
        if self._lag_ms is not None:
            self._closed_before_ms = max(self._closed_before_ms, whole_second(silent_before_ms))
        self._forget()
        return candles

    def doubtful(self) -> list[tuple[Market, int]]:
        """Seconds that came out since the last call whose open or close may be the wrong one, told once."""
        told, self._doubtful = self._doubtful, []
        return told

    def flush_all(self) -> list[Candle]:
        """Everything, the running second too."""
        candles: list[Candle] = []
        for book in list(self._active.values()):
            self._close(book, math.inf, candles)
        return candles

    def _close(self, book: _Book, before_ms: float, candles: list[Candle]) -> None:
        """Move the seconds that end at or before `before_ms` from open to closed; add to `candles` what is new."""
        for open_ms in sorted(book.open):
            if open_ms + SECOND_MS > before_ms:
                if not book.reopened:
                    return
                if book.market not in self._closed.get(open_ms, ()):
                    continue
            if (candle := self._settle(book, open_ms, book.open.pop(open_ms))) is not None:
                candles.append(candle)
            if open_ms == book.from_ms:
                book.look_anew()
        book.reopened = False
        if not book.open:
            book.repeats = False
            del self._active[book.market]

    def _settle(self, book: _Book, open_ms: int, trades: list[Trade]) -> Candle | None:
        """Join `trades` with what is known of their second; the whole candle, or None if they were all repeats."""
        of_second = self._closed.get(open_ms)
        if of_second is None:
            of_second = self._closed[open_ms] = {}
        packed = of_second.get(book.market)
        if packed == SEALED:
            return None
        before = None
        if packed is None and not book.repeats and len(ids := {trade.trade_id for trade in trades}) == len(trades):
            fresh = trades  # as nearly always
        else:
            before, ids = (None, set[int]()) if packed is None else unpack(book.market, open_ms, packed)
            fresh = _unknown(trades, ids)
            if not fresh:
                return None
        part = fold(fresh, self._order)
        contradicted = self._arrivals is not None and len(fresh) > 1 and self._arrivals.doubtful(fresh)
        if before is not None:
            contradicted |= self._arrivals is not None and contested(before, part)
            part = join(before, part)
        if contradicted:
            self._doubtful.append((book.market, open_ms))
        of_second[book.market] = pack(part, ids)
        book.trades += len(fresh)
        return part.candle

    def _forget(self) -> None:
        before_ms = whole_second(self._newest_ms - self._settings.remember_s * SECOND_MS)
        self._forgotten_before_ms = max(self._forgotten_before_ms, before_ms)
        for open_ms in [each for each in self._closed if each < before_ms]:
            del self._closed[open_ms]

    def _measure(self, now_ms: int) -> None:
        """Learn from the newest trade of each open market: its stamp, its price, how their clock stands to ours."""
        best = self._window_lags[1]
        newest_ms = self._newest_ms
        for book in self._active.values():
            of_second = book.open[max(book.open)]
            stamp_ms = book.newest_ms = book.stamp_of(of_second)
            if stamp_ms > newest_ms:
                newest_ms = stamp_ms
            last = of_second[-1]
            lag_ms = last.traded_ms - last.received_ms
            if best is None or lag_ms > best:
                best = lag_ms
            self._last_stamp_ms = last.traded_ms
            book.believe(last.price)
        self._newest_ms = newest_ms
        self._window_lags[1] = best
        seen = [each for each in self._window_lags if each is not None]
        if seen:
            self._lag_ms = max(seen)
        if self._window_from_ms is None or not 0 <= now_ms - self._window_from_ms < LAG_WINDOW_MS:
            self._window_from_ms = now_ms
            self._window_lags = [best, None]


def _unknown(trades: list[Trade], known: set[int]) -> list[Trade]:
    """Those whose ids are not among the `known`, each once; their ids are `known` then."""
    fresh = []
    # A snapshot may overtake its own trade, and others of its millisecond: where the trade itself came, it stands.
    for trade in sorted(trades, key=_is_repeated):
        if trade.trade_id not in known:
            known.add(trade.trade_id)
            fresh.append(trade)
    return fresh


def _is_repeated(trade: Trade) -> bool:
    return trade.snapshot


def _received_by(trade: Trade, by_ms: int, now_ms: int) -> Trade:
    """The trade with its receipt by our clock after a step of it, if it was noted before."""
    before = abs(trade.received_ms + by_ms - now_ms) < abs(trade.received_ms - now_ms)
    return replace(trade, received_ms=trade.received_ms + by_ms) if before else trade
