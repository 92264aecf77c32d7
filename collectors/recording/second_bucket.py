"""Trades become one-second candles. One bucket an exchange; pure: it is told the time and never asks for it.

A second closes by watermark: when its market's newest trade lies `close_after_ms` past its end, or after `silence_ms`
of our clock, mapped to the exchange's by the stamps we see (`exchange_clock.py`). A late trade opens its second again
while that is remembered, and the whole candle comes out once more. Trades are known by id within their second, so that
a repeat changes nothing. What cannot be believed is refused with a reason, never guessed at.

Order inside a second: `traded_ms`, then Upbit's `sequential_id`; for Bithumb, whose ids say nothing about order, the
order of arrival (contract, section 4).
"""

import math
from collections.abc import Callable, Collection, Iterable
from enum import Enum

from msgspec import Struct

from collectors.events import Candle, Exchange, Fills, Market, Trade, market_of, whole
from collectors.recording.exchange_clock import ExchangeClock
from collectors.recording.open_seconds import JUMP_BELIEVED_AFTER, NOTIONAL_MAX, PRICE_MAX, PRICE_MIN, OpenSeconds
from collectors.recording.second_part import (
    ArrivalOrder,
    Folded,
    Key,
    Part,
    Print,
    by_arrival,
    by_id,
    contested,
    fold,
    fold_and_pack,
    join,
    pack,
    unknown,
    unpack,
    unpack_part,
)
from config.settings import Recording
from config.units import SECOND_MS, whole_second

SEALED = b""  # stands for a second that takes no more trades
LOOSE = 4_096  # so many are kept each for itself, where ids tell the order: a megabyte, which a processor keeps near


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


class SecondBucket:
    """The running and remembered seconds of one exchange.

    `add_all` is the hot path: it sorts trades into their seconds, and `flush` does the rest once a second.
    `last_received_ms` is our time of the newest trade. `clock` is the exchange's, as its trades tell it.
    """

    def __init__(self, exchange: Exchange, settings: Recording) -> None:
        self.exchange = exchange
        self._settings = settings
        self._books: dict[Market, OpenSeconds] = {}
        self._by_code: dict[str, OpenSeconds] = {}  # and the markets that nobody covers, as they are heard
        self._active: dict[Market, OpenSeconds] = {}  # those with open seconds
        self._loose = 0  # trades that came since the last flush, and may be each for itself
        self._closed: dict[int, dict[Market, bytes]] = {}
        self._order: Callable[[Print], Key] = by_id if exchange == "upbit" else by_arrival
        self._arrivals = None if exchange == "upbit" else ArrivalOrder()
        self._doubtful: list[tuple[Market, int]] = []
        self._newest_ms = 0  # the newest stamp believed; what is remembered counts from here
        self._forgotten_before_ms = 0
        self._closed_before_ms = 0
        self.clock = ExchangeClock(settings.future_bound_ms)
        self.last_received_ms: int | None = None

    # --- what is listened to ----------------------------------------------------------------------------------------

    def cover(self, market: Market, from_ms: int, missed_from_ms: int = 0) -> None:
        """Count trades stamped at or after `from_ms`, a whole second. Those from `missed_from_ms` to there lie in a
        gap and are left alone; what was stamped before may be late of what was covered then.
        """
        book = self._books.get(market)
        if book is None:
            book = self._books[market] = self._by_code[market.code] = OpenSeconds(market)
        book.covered_from_ms = from_ms
        book.missed_from_ms = missed_from_ms
        book.look_anew()

    def uncover(self, market: Market) -> None:
        """Stop counting; what is there still comes out."""
        if (book := self._books.get(market)) is not None:
            book.covered_from_ms = math.inf
            book.look_anew()

    def missed_after(self, our_ms: int, markets: Iterable[Market] | None = None) -> int:
        """The first second of which something may be missed, given a connection of `markets` (or all)
        whose last message came at `our_ms`.
        """
        books = (
            self._books.values() if markets is None else [self._books[each] for each in markets if each in self._books]
        )
        return self.clock.missed_after(our_ms, max((book.newest_stamp() for book in books), default=0))

    def newest_ms(self, market: Market) -> int:
        """The newest stamp of a covered market; before its first trade, the start of its coverage."""
        book = self._books[market]
        return max(book.newest_stamp(), int(book.covered_from_ms) - 1)

    def heard_ms(self, market: Market) -> int:
        """The newest stamp of a market, covered or not; 0 before its first trade."""
        return 0 if (book := self._books.get(market)) is None else book.newest_stamp()

    @property
    def closed_before_ms(self) -> int:
        """Every second before this has come out (late trades aside); 0 while we have seen no trade to know time by."""
        return self._closed_before_ms

    def trades_by_market(self) -> dict[Market, int]:
        """Trades in closed seconds since the start."""
        return {market: book.trades for market, book in self._books.items()}

    # --- trades come in ---------------------------------------------------------------------------------------------

    def add(self, trade: Trade) -> Rejection | None:
        """Count a trade, or say why not. Trades before the market's coverage are left alone without a word."""
        code = trade.market.code
        book = self._by_code.get(code) or self._stranger(code)
        clock = self.clock
        self.last_received_ms = received_ms = trade.received_ms
        if not trade.snapshot:
            clock.hear(trade.traded_ms, received_ms)
        if (disbelief := self._examine(book, trade, received_ms + clock.ahead_ms)) is not None:
            return Rejection(disbelief, trade)
        if trade.snapshot:
            book.repeats_before_ms = max(book.repeats_before_ms, whole_second(trade.traded_ms) + SECOND_MS)
        return None

    def add_all(self, fills: Fills) -> list[Rejection]:
        """Count trades that were received together; which were not, and why. This loop runs for every trade there is.

        Raises ValueError for a code that is no market's; whoever decodes leaves none in.
        """
        rejections: list[Rejection] = []
        books = self._by_code
        clock, many = self.clock, fills.each
        received_ms = fills.received_ms
        latest_ms = received_ms + clock.ahead_ms
        for fill in many:
            try:
                book = books[fill.code]
            except KeyError:
                book = self._stranger(fill.code)
            traded_ms = fill.traded_ms
            price = fill.price
            if (
                book.from_ms <= traded_ms < book.to_ms
                and book.floor < price < book.ceiling
                and 0.0 < fill.volume * price < NOTIONAL_MAX
                and traded_ms <= latest_ms
            ):
                book.take(fill)
            elif (disbelief := self._examine(book, fill, latest_ms)) is not None:
                rejections.append(Rejection(disbelief, whole(fill, book.market, received_ms)))
        self.last_received_ms = received_ms
        clock.hear(traded_ms, received_ms)
        self._loose += len(many)
        if self._loose > LOOSE:
            self._loose = 0
            if self._arrivals is None:
                for book in self._active.values():
                    if not book.reopened:
                        book.fold_many()
        return rejections

    def _stranger(self, code: str) -> OpenSeconds:
        """A market that is heard and not covered."""
        book = self._by_code[code] = OpenSeconds(market_of(self.exchange, code))
        return book

    def _examine(self, book: OpenSeconds, trade: Print, latest_ms: int) -> Disbelief | None:
        """Each bound by itself: history, no possible value, a jump, from the future. A good trade is sorted in."""
        ahead = trade.traded_ms > latest_ms
        if trade.traded_ms < book.covered_from_ms and not self._is_late(book, trade):
            if ahead:  # it would be missed in a second that counts
                return Disbelief.FUTURE
            return Disbelief.TOO_LATE if self._was_covered(book, trade) else None
        price = trade.price
        if not PRICE_MIN < price < PRICE_MAX:
            return Disbelief.PRICE
        if not 0.0 < trade.volume * price < NOTIONAL_MAX:
            return Disbelief.VOLUME
        if ahead:
            return Disbelief.FUTURE
        if not book.floor < price < book.ceiling:
            book.doubted = [*(p for p in book.doubted if price / 10 < p < price * 10), price]
            if len(book.doubted) <= JUMP_BELIEVED_AFTER:
                return Disbelief.JUMP
            book.believe(price)
        return self._sort_in(book, trade)

    def _is_late(self, book: OpenSeconds, trade: Print) -> bool:
        """Whether its second was recorded before the present coverage began; a snapshot only repeats what came."""
        if book.covered_from_ms == math.inf or (isinstance(trade, Trade) and trade.snapshot):
            return False
        open_ms = whole_second(trade.traded_ms)
        return open_ms in book.open or book.market in self._closed.get(open_ms, ())

    @staticmethod
    def _was_covered(book: OpenSeconds, trade: Print) -> bool:
        """Whether it lies before the gap that the present coverage ended, and so in a second that counts."""
        if isinstance(trade, Trade) and trade.snapshot:
            return False
        return book.covered_from_ms != math.inf and trade.traded_ms < book.missed_from_ms

    def _sort_in(self, book: OpenSeconds, trade: Print) -> Disbelief | None:
        """A good trade into its second: the one that runs, a new one, a late one, or one too late."""
        open_ms = whole_second(trade.traded_ms)
        if (of_second := book.open.get(open_ms)) is not None:
            of_second.append(trade)
        elif open_ms < self._forgotten_before_ms:
            return Disbelief.TOO_LATE
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

    def closed(self, market: Market, open_ms: int) -> Candle | None:
        """A second as it came out last; None if it is not remembered, or was healed from where no id is told."""
        packed = self._closed.get(open_ms, {}).get(market)
        return unpack_part(market, open_ms, packed).candle if packed else None

    # --- candles come out -------------------------------------------------------------------------------------------

    def flush(self, now_ms: int) -> list[Candle]:
        """The candles that closed, or changed, until `now_ms` of our clock; a market's in order of time."""
        self._loose = 0
        self.clock.measure(now_ms)
        silent_before_ms = self.clock.heard_until(now_ms) - self._settings.silence_ms
        close_after_ms, newest_ms = self._settings.close_after_ms, self._newest_ms
        candles: list[Candle] = []
        for book in list(self._active.values()):
            if (stamp_ms := book.learn()) > newest_ms:
                newest_ms = stamp_ms
            before_ms = stamp_ms - close_after_ms
            self._close(book, before_ms if before_ms > silent_before_ms else silent_before_ms, candles)
        self._newest_ms = newest_ms
        if self.clock.lag_ms is not None:
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

    def _close(self, book: OpenSeconds, before_ms: float, candles: list[Candle]) -> None:
        """Move the seconds that end at or before `before_ms` from open to closed; add to `candles` what is new."""
        for open_ms in sorted(book.open):
            if open_ms + SECOND_MS > before_ms:
                if not book.reopened:
                    return
                if book.market not in self._closed.get(open_ms, ()):
                    continue
            trades = book.open[open_ms]
            if (len(trades) > 1 or book.folded) and book.newest_ms < open_ms + SECOND_MS:
                book.newest_ms = book.newest_stamp()
            del book.open[open_ms]
            if (candle := self._settle(book, open_ms, trades)) is not None:
                candles.append(candle)
            if open_ms == book.from_ms:
                book.look_anew()
        book.reopened = False
        if not book.open:
            del self._active[book.market]

    def _settle(self, book: OpenSeconds, open_ms: int, trades: list[Print]) -> Candle | None:
        """Join `trades` with what is known of their second; the whole candle, or None if they were all repeats."""
        of_second = self._closed.get(open_ms)
        if of_second is None:
            of_second = self._closed[open_ms] = {}
        packed = of_second.get(book.market)
        folded = book.folded.pop(open_ms, None) if book.folded else None
        if packed == SEALED:
            return None
        if folded is not None:
            return self._settle_folded(book, folded, trades, of_second)
        if packed is None and open_ms >= book.repeats_before_ms:  # as nearly always
            ids = {trade.trade_id for trade in trades}
            if len(ids) == len(trades):
                candle, of_second[book.market] = fold_and_pack(book.market, open_ms, trades, ids, self._order)
                if self._arrivals is not None and len(trades) > 1 and self._arrivals.doubtful(trades):
                    self._doubtful.append((book.market, open_ms))
                book.trades += len(trades)
                return candle
        before, ids = (None, set[int]()) if packed is None else unpack(book.market, open_ms, packed)
        fresh = unknown(trades, ids)
        if not fresh:
            return None
        part = fold(book.market, fresh, self._order)
        contradicted = self._arrivals is not None and len(fresh) > 1 and self._arrivals.doubtful(fresh)
        if before is not None:
            contradicted |= self._arrivals is not None and contested(before, part)
            part = join(before, part)
        if contradicted:
            self._doubtful.append((book.market, open_ms))
        of_second[book.market] = pack(part, ids)
        book.trades += len(fresh)
        return part.candle

    def _settle_folded(
        self, book: OpenSeconds, folded: Folded, trades: list[Print], of_second: dict[Market, bytes]
    ) -> Candle:
        """The same for a second whose earlier trades are folded. Healed meanwhile, it may hold some of them twice: then
        what was healed stands, and the second is doubtful.
        """
        open_ms = folded.part.candle.open_ms
        folded.add(trades)
        part, packed = folded.part, folded.packed()
        if (earlier := of_second.get(book.market)) is not None:
            healed, known = unpack(book.market, open_ms, earlier)
            ids = folded.known()
            if ids.isdisjoint(known):
                part, packed = (joined := join(healed, part)), pack(joined, ids | known)
            else:
                part, packed = healed, earlier
                if not ids <= known:
                    self._doubtful.append((book.market, open_ms))
        of_second[book.market] = packed
        book.trades += folded.part.candle.trades
        return part.candle

    def _forget(self) -> None:
        before_ms = whole_second(self._newest_ms - self._settings.remember_s * SECOND_MS)
        self._forgotten_before_ms = max(self._forgotten_before_ms, before_ms)
        for open_ms in [each for each in self._closed if each < before_ms]:
            del self._closed[open_ms]
