"""How a missed stretch is made whole: which pages of trades to ask for, and what the seconds of it are then. Pure.

A page holds at most 500 trades, newest first on the wire; `Walk` goes back page by page until it has passed the start
of the stretch. What the exchanges document: Upbit `cursor` (a `sequential_id`, unique and growing with time), `to` (UTC
time of day), `days_ago` 1–7 by UTC day (docs v1.6.4, checked 2026-11-20). Bithumb `cursor` is its REST id, the
millisecond times ten thousand, shared by the trades of that millisecond, and `daysAgo` counts Korean days; what `to`
means there is uncertain, so it is not used.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from collectors.events import Candle, Exchange, Market, Trade
from collectors.exchanges import bithumb_rest, upbit_rest
from collectors.exchanges.rest import Request
from collectors.recording.second_part import Part, by_arrival, by_id, fold
from config.units import DAY_MS, SECOND_MS, whole_second

KST_MS = 9 * 3_600_000
DAYS_BACK = 7  # both APIs reach back no further
UNSURE_MS = 5_000  # so close to a midnight of its calendar nobody knows which day an exchange counts back from
IDS_A_MS = 10_000  # an id of REST is its millisecond times this, and a count
SUMS = 1e-9
ROUNDED = 6e-9  # half of the eighth decimal, the last that the wire prints, and a little for our own sums


class _Day(Struct, frozen=True):
    """The part [from_ms, to_ms) of the stretch that lies in one day of the exchange's calendar, which `begins_ms`."""

    days_ago: int
    begins_ms: int
    from_ms: int
    to_ms: int
    whole_end: bool  # it ends with now, or with the day, whose last second `to` can't tell from its first


class Walk:
    """Asks for all trades of a market in [from_ms, to_ms), newest first. `next` page, `take` it, until `done`.

    `reached_ms`: every trade of the stretch at or after this is known. What the pages claim beside that, and whoever
    knows better believes none of them: `denied`, spans [from, to) in which there was no trade at all; `newest_ms`,
    where that was asked for, the stamp of the latest one there is, or the end of yesterday where there is none today;
    None where it lies beyond the stretch, of which even an old page tells all then.
    """

    def __init__(
        self, market: Market, from_ms: int, to_ms: int, now_ms: int, page: int = bithumb_rest.TRADES_A_PAGE
    ) -> None:
        """`now_ms` is the exchange's time, `page` is how many trades a full page holds."""
        self.market = market
        self.reached_ms = to_ms
        self.stuck = ""
        self.pages = 0
        self.denied: list[tuple[int, int]] = []
        self.newest_ms: int | None = None
        zone_ms = 0 if market.exchange == "upbit" else KST_MS
        self._now_ms = now_ms
        self._midnight_ms = now_ms - (now_ms + zone_ms) % DAY_MS
        self._days = list(_days(from_ms, to_ms, now_ms, zone_ms))
        self._page = page
        self._cursor: int | None = None
        self._asked_again_ms: int | None = None
        self._to_come_again = 0  # trades of that millisecond, left out until then
        self._found: list[list[Trade]] = []

    @property
    def done(self) -> bool:
        return not self._days or bool(self.stuck)

    def counts_days_as_at(self, now_ms: int) -> bool:
        """Whether the exchange, asked or answering at `now_ms` of its time, surely means the same days ago as this."""
        return UNSURE_MS <= now_ms - self._midnight_ms < DAY_MS - UNSURE_MS

    def trades(self) -> list[Trade]:
        """What was found, oldest first, in the order of matching as far as the exchange tells it."""
        return [trade for page in reversed(self._found) for trade in page]

    def next(self) -> Request:
        """The page to ask for now."""
        day = self._days[0]
        if self.market.exchange == "bithumb":
            return bithumb_rest.trades(self.market, before_id=self._cursor, days_ago=day.days_ago)
        until = None if self._cursor is not None or day.whole_end else _time_of_day(day.to_ms)
        return upbit_rest.trades(self.market, before_id=self._cursor, to=until, days_ago=day.days_ago)

    def take(self, page: Sequence[Trade]) -> None:
        """The answer to `next`, oldest first. An empty one says that the day has no earlier trade."""
        self.pages += 1
        day = self._days[0]
        if self._cursor is None:
            self._note_claims(page, day)
        if sum(trade.traded_ms == self._asked_again_ms for trade in page) < self._to_come_again:
            self.stuck = "a page of trades lacks what the one before it showed"
            return
        if not page:
            self.denied.append((day.begins_ms, min(self.reached_ms, day.to_ms)))
            self._end_day(day)
            return
        oldest_ms = page[0].traded_ms
        if oldest_ms < day.from_ms:
            self._keep(page, day)
            self._end_day(day)
            return
        if self.market.exchange == "bithumb":
            self._go_on_by_millisecond(page, day, oldest_ms)
        else:
            self._go_on_by_id(page, day, oldest_ms)

    def _note_claims(self, page: Sequence[Trade], day: _Day) -> None:
        """What the first page of a day says of the time after its newest trade."""
        newest_ms = max((trade.traded_ms for trade in page), default=day.begins_ms - 1)
        if day.days_ago == 0 and (self.market.exchange == "bithumb" or day.whole_end):  # the latest there is
            if newest_ms < day.to_ms + SECOND_MS:  # stamps go back a little
                self.newest_ms = newest_ms
                if page:
                    self.denied.append((newest_ms + 1, self._now_ms))
        elif page and newest_ms < day.begins_ms:  # a page of an earlier day
            self.denied.append((day.begins_ms, day.to_ms))

    def _go_on_by_id(self, page: Sequence[Trade], day: _Day, oldest_ms: int) -> None:
        lowest = min(trade.trade_id for trade in page)
        if self._cursor is not None and lowest >= self._cursor:
            self.stuck = "the pages of trades do not go back"
            return
        self._cursor = lowest
        self._keep(page, day)
        self.reached_ms = min(self.reached_ms, max(oldest_ms + 1, day.from_ms))

    def _go_on_by_millisecond(self, page: Sequence[Trade], day: _Day, oldest_ms: int) -> None:
        """The page may have cut the trades of its oldest millisecond in two: they are asked for once more."""
        if not oldest_ms * IDS_A_MS <= page[0].trade_id < (oldest_ms + 1) * IDS_A_MS:
            self.stuck = "the ids of trades are not what they were"
        elif oldest_ms == self._asked_again_ms and len(page) < self._page:
            self._keep(page, day)
            self._to_come_again = 0
            self._cursor = oldest_ms * IDS_A_MS
            self.reached_ms = min(self.reached_ms, oldest_ms)
        elif self._asked_again_ms is not None and oldest_ms >= self._asked_again_ms:
            self.stuck = "the pages of trades do not go back"
        else:
            self._asked_again_ms = oldest_ms
            self._to_come_again = sum(trade.traded_ms == oldest_ms for trade in page)
            self._cursor = (oldest_ms + 1) * IDS_A_MS
            self._keep([trade for trade in page if trade.traded_ms > oldest_ms], day)
            self.reached_ms = min(self.reached_ms, max(oldest_ms + 1, day.from_ms))

    def _keep(self, page: Sequence[Trade], day: _Day) -> None:
        self._found.append([trade for trade in page if day.from_ms <= trade.traded_ms < day.to_ms])

    def _end_day(self, day: _Day) -> None:
        self.reached_ms = min(self.reached_ms, day.from_ms)
        self._days.pop(0)
        self._cursor = self._asked_again_ms = None
        self._to_come_again = 0


def _days(from_ms: int, to_ms: int, now_ms: int, zone_ms: int) -> Iterable[_Day]:
    """The stretch cut at the midnights of the exchange's calendar, newest part first."""
    today = (now_ms + zone_ms) // DAY_MS
    for day in range((to_ms - 1 + zone_ms) // DAY_MS, (from_ms + zone_ms) // DAY_MS - 1, -1):
        begins, ends = day * DAY_MS - zone_ms, (day + 1) * DAY_MS - zone_ms
        whole_end = to_ms >= min(ends - SECOND_MS, now_ms)
        yield _Day(max(0, today - day), begins, max(from_ms, begins), min(to_ms, ends), whole_end)


def _time_of_day(at_ms: int) -> str:
    """A second later than asked for: whether `to` includes its own second is not documented."""
    return datetime.fromtimestamp(at_ms // 1000 + 1, UTC).strftime("%H:%M:%S")


class Second(Struct, frozen=True):
    """One second as REST tells it. `rough`: an edge millisecond holds several prices, whose order is not told.

    `ids` are those that the socket gives the same trades; None where it gives others.
    """

    part: Part
    ids: frozenset[int] | None
    rough: bool

    @property
    def candle(self) -> Candle:
        return self.part.candle


def seconds_of(exchange: Exchange, trades: Iterable[Trade]) -> list[Second]:
    """The seconds that hold these trades of one market, given in the order of matching."""
    order = by_id if exchange == "upbit" else by_arrival
    found = []
    by_second: dict[int, list[Trade]] = {}
    seen: set[int] = set()
    for trade in trades:
        if exchange == "upbit":
            if trade.trade_id in seen:
                continue
            seen.add(trade.trade_id)
        by_second.setdefault(whole_second(trade.traded_ms), []).append(trade)
    for open_ms in sorted(by_second):
        of_second = by_second[open_ms]
        if exchange == "upbit":
            ids = frozenset(trade.trade_id for trade in of_second)
            found.append(Second(fold(of_second[0].market, of_second, order), ids, rough=False))
        else:
            found.append(Second(fold(of_second[0].market, of_second, order), None, _is_rough(of_second)))
    return found


def official(candles: Iterable[Candle]) -> list[Second]:
    """The exchange's own candles as seconds; which trades are in them is not told."""
    return [Second(Part((each.open_ms, 0), (each.open_ms, 0), each), None, rough=False) for each in candles]


def _is_rough(trades: Sequence[Trade]) -> bool:
    edges = {min(trade.traded_ms for trade in trades), max(trade.traded_ms for trade in trades)}
    return any(len({trade.price for trade in trades if trade.traded_ms == edge}) > 1 for edge in edges)


def holds(whole: Candle | None, part: Candle) -> bool:
    """Whether `whole` can be the candle of which `part` is what came over the socket: nothing of it may be missing."""
    if whole is None:
        return False
    return (
        (whole.trades >= part.trades or not whole.trades)
        and whole.high >= part.high
        and whole.low <= part.low
        and whole.volume >= part.volume * (1 - SUMS) - ROUNDED
    )


def alike(ours: Candle | None, theirs: Candle | None) -> bool:
    """Whether two tellings of one candle agree: prices exactly, sums nearly; the count where both know it."""
    if ours is None or theirs is None:
        return ours is theirs
    prices = (ours.open, ours.high, ours.low, ours.close) == (theirs.open, theirs.high, theirs.low, theirs.close)
    counts = ours.trades == theirs.trades or not (ours.trades and theirs.trades)
    return prices and counts and near(ours.volume, theirs.volume) and near(ours.quote_volume, theirs.quote_volume)


def near(ours: float, theirs: float) -> bool:
    """Sums within 1e-9, or as near as the wire's eight decimals can tell."""
    return abs(ours - theirs) <= max(SUMS * max(abs(ours), abs(theirs)), ROUNDED)


def stretches(spans: Iterable[tuple[int, int]], apart_ms: int) -> list[tuple[int, int]]:
    """The spans [from, to) joined where less than `apart_ms` lies between them: one walk finds them all."""
    joined: list[tuple[int, int]] = []
    for from_ms, to_ms in sorted(spans):
        if joined and from_ms - joined[-1][1] < apart_ms:
            joined[-1] = joined[-1][0], max(joined[-1][1], to_ms)
        else:
            joined.append((from_ms, to_ms))
    return joined


def seconds_in(from_ms: int, to_ms: int) -> range:
    """The starts of the seconds that [from_ms, to_ms) touches."""
    return range(whole_second(from_ms), to_ms, SECOND_MS)
