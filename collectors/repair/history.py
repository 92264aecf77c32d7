"""Asks an exchange's REST for what was traded, within the share of its limits that repairing may take.

NoHistory (Exception)
    Unanswered      not now; `.pause_s` says how long to leave it alone
    Unreadable      an answer that says nothing; about another market it may be better
      Denied        it says that there was nothing, where we know of something
    Gone            the exchange no longer knows the market
    OutOfReach      it tells, but not that far back
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from collectors.events import Candle, Exchange, Market, Trade
from collectors.exchanges import bithumb_rest, upbit_rest
from collectors.exchanges.rest import ExchangeError, PageError, Request
from collectors.net.http import DoorError, Params, Refused, Response
from collectors.repair.healing import Walk
from config.clock import Clock
from config.units import MINUTE_MS, SECOND_MS

T = TypeVar("T", Trade, Candle)

GROUP = "backfill"  # its rate in exchanges.yaml is what repairing may take of the published one
DEADLINE_S = 10.0
PAUSE_S = 5.0
FOR_EVERYONE = (403, 418, 429)  # no market fares better than another
PARSE = {
    "upbit": (upbit_rest.parse_trades, upbit_rest.parse_candles),
    "bithumb": (bithumb_rest.parse_trades, bithumb_rest.parse_candles),
}
CANDLES: Mapping[tuple[Exchange, int], Callable[[Market, int | None, int], Request]] = {
    ("upbit", SECOND_MS): upbit_rest.seconds,
    ("upbit", MINUTE_MS): upbit_rest.minutes,
    ("bithumb", MINUTE_MS): bithumb_rest.minutes,
}


class NoHistory(Exception):
    """The exchange did not tell."""


class Unanswered(NoHistory):
    """Not now; `pause_s` is how long to leave it alone."""

    def __init__(self, why: str, pause_s: float = PAUSE_S) -> None:
        self.pause_s = pause_s
        super().__init__(why)


class Unreadable(NoHistory):
    """An error or nonsense in place of a page."""


class Denied(Unreadable):
    """An answer that leaves out what we heard ourselves."""


class Gone(NoHistory):
    """The exchange no longer knows the market."""


class OutOfReach(NoHistory):
    """What is asked for lies further back than the pages go."""


class Door(Protocol):
    """The one way out; raises DoorError."""

    async def get(
        self, service: str, path: str, *, params: Params | None = None, group: str = "default", deadline_s: float | None
    ) -> Response: ...


class History:
    """One exchange's past, page by page; raises NoHistory."""

    def __init__(self, exchange: Exchange, door: Door, clock: Clock) -> None:
        self.exchange = exchange
        self._door = door
        self._clock = clock

    async def trades(
        self, market: Market, from_ms: int, to_ms: int, most_pages: int, theirs_ms: Callable[[], int]
    ) -> Walk:
        """A walk over all trades of [from_ms, to_ms) that ended, or got stuck, or took `most_pages`.

        `theirs_ms` tells the exchange's time. A page that may tell of another day than was meant is no answer.
        """
        walk = Walk(market, from_ms, to_ms, theirs_ms())
        parse, _ = PARSE[self.exchange]
        while walk.counts_days_as_at(theirs_ms()):
            if walk.done or walk.pages >= most_pages:
                return walk
            walk.take(await self._page(market, walk.next(), lambda r: parse(r.status, r.body, r.received_ms)))
        raise Unanswered("its day ends just now")

    async def seconds(
        self, market: Market, from_ms: int, to_ms: int, most_pages: int, since_ms: int
    ) -> dict[int, Candle] | None:
        """The official seconds of [from_ms, to_ms) by their start; None where there are none, or too many pages.

        The market is known to have traded before `since_ms`: an empty page of what lies before a later time is no
        answer.
        """
        if (self.exchange, SECOND_MS) not in CANDLES:
            return None
        return await self._candles(market, from_ms, to_ms, SECOND_MS, most_pages, since_ms)

    async def latest(self, market: Market, unit_ms: int, from_ms: int, to_ms: int) -> tuple[dict[int, Candle], int]:
        """One page of the official seconds or minutes of [from_ms, to_ms), and from when on it tells them all."""
        ask, (_, parse) = CANDLES[self.exchange, unit_ms], PARSE[self.exchange]
        count = min(upbit_rest.CANDLES_A_PAGE, (to_ms - from_ms) // unit_ms + 1)
        page = await self._page(market, ask(market, to_ms, count), lambda r: parse(r.status, r.body))
        reached_ms = page[0].open_ms if len(page) >= count else from_ms
        return {each.open_ms: each for each in page if from_ms <= each.open_ms < to_ms}, max(from_ms, reached_ms)

    async def minutes(
        self, market: Market, from_ms: int, to_ms: int, most_pages: int, since_ms: int
    ) -> dict[int, Candle] | None:
        """The official minutes of [from_ms, to_ms) by their start; None where it takes more pages. `since_ms`: as
        above.
        """
        return await self._candles(market, from_ms, to_ms, MINUTE_MS, most_pages, since_ms)

    async def _candles(
        self, market: Market, from_ms: int, to_ms: int, unit_ms: int, most_pages: int, since_ms: int
    ) -> dict[int, Candle] | None:
        ask, (_, parse) = CANDLES[self.exchange, unit_ms], PARSE[self.exchange]
        found: dict[int, Candle] = {}
        before_ms = to_ms + (-to_ms) % unit_ms
        for _ in range(most_pages):
            count = min(upbit_rest.CANDLES_A_PAGE, max(1, (before_ms - from_ms) // unit_ms + 1))
            page = await self._page(market, ask(market, before_ms, count), lambda r: parse(r.status, r.body))
            found |= {each.open_ms: each for each in page if from_ms <= each.open_ms < to_ms}
            if not page and before_ms >= since_ms:
                raise Denied("an empty page of candles, though there were trades")
            if not page or page[0].open_ms <= from_ms:
                return found
            if page[0].open_ms >= before_ms:
                raise Unreadable("the pages of candles do not go back")
            before_ms = page[0].open_ms
        return None

    async def _page(self, market: Market, request: Request, parse: Callable[[Response], Sequence[T]]) -> Sequence[T]:
        try:
            response = await self._door.get(
                self.exchange, request.path, params=request.params, group=GROUP, deadline_s=DEADLINE_S
            )
        except Refused as e:
            raise Unanswered(str(e), max(PAUSE_S, (e.until_ms - self._clock.now_ms()) / 1000)) from e
        except DoorError as e:
            raise Unanswered(str(e)) from e
        try:
            page = parse(response)
        except ExchangeError as e:
            if e.status == 404 or e.name == "404":
                raise Gone(str(e)) from e
            if e.status in FOR_EVERYONE or e.status >= 500:
                raise Unanswered(str(e)) from e
            raise Unreadable(str(e)) from e
        except PageError as e:
            raise Unreadable(str(e)) from e
        if any(each.market != market for each in page):
            raise Unreadable("a page of another market")
        return page
