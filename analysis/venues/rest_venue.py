"""A venue that answers public questions over REST: asks what its dialect names, all at once, and joins the answers.

Knows no venue by name. What differs between venues is a field of `Dialect`.
"""

import asyncio
from collections.abc import Mapping
from typing import TypeVar, cast

from analysis.fetching.sources import BACKGROUND_S, DEADLINE_S, Door, Line
from analysis.quotes import (
    Book,
    Instrument,
    Instruments,
    NotListed,
    Perp,
    Run,
    Silent,
    Spot,
    Transfers,
    VenueAnswer,
)
from analysis.venues.assemble import (
    Part,
    PerpTicker,
    Ticker,
    book_in,
    candles_in,
    first_listed,
    perp_part,
    perp_ticker_in,
    resolution_for,
    run_of,
    spot_part,
    ticker_in,
    unit_of,
    venue_answer,
    with_interval,
)
from analysis.venues.dialect import RESOLUTIONS_S, Call, Dialect
from analysis.venues.shelf import Shelf
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

T = TypeVar("T")
M = TypeVar("M", Spot, Perp)
_Question = tuple[str, str, tuple[tuple[str, str], ...]]

KEPT = 256  # answers


class RestVenue:
    """See `Venue` in `fetching/sources.py`."""

    def __init__(self, dialect: Dialect, door: Door, clock: Clock, deadline_s: float = DEADLINE_S) -> None:
        self.name = dialect.name
        self._dialect = dialect
        self._door = door
        self._clock = clock
        self._deadline_s = deadline_s
        self._spots = Shelf()
        self._perps = Shelf()
        self._kept: dict[_Question, tuple[float, object]] = {}

    async def ask(self, base: str) -> VenueAnswer:
        dialect, now_s = self._dialect, self._clock.monotonic()
        spots = self._spots.candidates(base, dialect.spot_names(base), now_s)
        perps = self._perps.candidates(base, dialect.perp_names(base), now_s) if dialect.perp else ()
        if not spots and not perps:
            return NotListed()
        async with TaskGroup() as calls:
            dollars = calls.create_task(self._dollars_for((*spots, *perps)))
            asked = [calls.create_task(self._spot(one, dollars)) for one in spots]
            hedges = [calls.create_task(self._perp(one, dollars)) for one in perps]
            transfers = calls.create_task(self._transfers_of(base)) if spots else None
        spot = first_listed(task.result() for task in asked)
        perp = first_listed(task.result() for task in hedges)
        self._spots.heard(base, spot.market, now_s)
        self._perps.heard(base, perp.market, now_s)
        told = NotListed() if transfers is None else transfers.result()
        return venue_answer(self.name, base, spot, perp, told, self._clock.now_ms())

    async def instruments(self) -> Instruments:
        async with TaskGroup() as calls:
            spot = calls.create_task(self._call(self._dialect.spot_list, BACKGROUND_S))
            perp = calls.create_task(self._perp_list())
        found = Instruments(self.name, spot.result(), perp.result(), self._clock.now_ms())
        self._spots.take(found.spot, self._clock.monotonic())
        self._perps.take(found.perp, self._clock.monotonic())
        return found

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        names = self._spots.candidates(base, self._dialect.spot_names(base), self._clock.monotonic())
        run: Run | NotListed | Silent = NotListed()
        for one in names:
            run = await self._run_of(one, published_ms)
            if not isinstance(run, NotListed):
                break
        return run

    async def _run_of(self, one: Instrument, published_ms: int) -> Run | NotListed | Silent:
        dialect, now_ms = self._dialect, self._clock.now_ms()
        unit_s = resolution_for(now_ms - published_ms, dialect.most_candles, RESOLUTIONS_S)
        since_ms = published_ms - published_ms % (unit_s * 1000)
        call = dialect.candles(one, unit_s, since_ms, now_ms)
        candles, dollars = await asyncio.gather(self._call(call), self._dollars_for((one,)))
        if isinstance(candles, NotListed | Silent):
            return candles
        if isinstance(dollars, Silent):
            return dollars
        told = candles_in(unit_of(one, dollars=dollars), candles)
        return run_of(self.name, told, published_ms, unit_s, f"{self.name} {call.path}", now_ms)

    async def _spot(self, one: Instrument, dollars: asyncio.Task[float | Silent]) -> Part[Spot]:
        asked = self._dialect.spot(one, self._spots.known(one.base) is not None)
        ticker, book = await asyncio.gather(self._call(asked.ticker), self._call(asked.book))
        price = 1.0 if one.quote == "USDT" else await dollars
        if isinstance(price, Silent):
            bare = Spot(one.symbol, multiplier=one.multiplier)
            return _unpriced(spot_part(one, ticker, book), bare, price)
        unit = unit_of(one, dollars=price)
        return spot_part(
            one,
            ticker_in(unit, ticker) if isinstance(ticker, Ticker) else ticker,
            book_in(unit, book) if isinstance(book, Book) else book,
        )

    async def _perp(self, one: Instrument, dollars: asyncio.Task[float | Silent]) -> Part[Perp]:
        dialect = self._dialect
        assert dialect.perp is not None
        listed = self._perps.known(one.base)
        asked = dialect.perp(one, listed is not None)
        tickers, book = await asyncio.gather(self._tickers(asked.tickers), self._call(asked.book))
        price = 1.0 if one.quote == "USDT" else await dollars
        if isinstance(price, Silent):
            bare = Perp(one.symbol, multiplier=one.multiplier, pre_market=one.pre_market)
            return _unpriced(perp_part(one, tickers, book), bare, price)
        size = _contract_size(dialect, listed, tickers)
        unit = unit_of(one, size or 1.0, price)
        if isinstance(book, Book):
            # Sizes in contracts of unknown content would be wrong numbers, so the book is left out.
            book = book_in(unit, book) if size is not None else Silent("the size of a contract is not told")
        for name, ticker in tickers.items():
            if isinstance(ticker, PerpTicker):
                tickers[name] = perp_ticker_in(unit, ticker)
        part = perp_part(one, tickers, book)
        return part if dialect.funding_h is None else with_interval(part, {}, dialect.funding_h)

    async def _tickers(
        self, asked: Mapping[str, Call[PerpTicker | NotListed]]
    ) -> dict[str, PerpTicker | NotListed | Silent]:
        answers = await asyncio.gather(*map(self._call, asked.values()))
        return dict(zip(asked, answers, strict=True))

    async def _dollars_for(self, markets: tuple[Instrument, ...]) -> float | Silent:
        """What a USDT costs in USD, if one of the markets is quoted in it; else 1."""
        if self._dialect.dollars is None or all(one.quote == "USDT" for one in markets):
            return 1.0
        told = await self._call(self._dialect.dollars)
        return Silent(f"price of USDT in USD: {told.reason}") if isinstance(told, Silent) else told.value

    async def _perp_list(self) -> dict[str, Instrument] | Silent:
        return {} if self._dialect.perp_list is None else await self._call(self._dialect.perp_list, BACKGROUND_S)

    async def _transfers_of(self, base: str) -> Transfers | NotListed | Silent:
        transfers = self._dialect.transfers
        return Silent(transfers) if isinstance(transfers, str) else await self._call(transfers(base))

    async def _call(self, call: Call[T], deadline_s: float | None = None) -> T | Silent:
        """One question, or the answer to the same one that is not older than `keep_s`."""
        question = call.service or self.name, call.path, tuple(call.params.items())
        now_s = self._clock.monotonic()
        if question in self._kept and now_s - self._kept[question][0] < call.keep_s:
            return cast(T, self._kept[question][1])
        answer = await Line(self._door, question[0], self._deadline_s).ask(
            call.path, call.parse, params=call.params, group=call.group, deadline_s=deadline_s
        )
        if call.keep_s and not isinstance(answer, Silent):
            self._kept.pop(question, None)
            self._kept[question] = now_s, answer
            if len(self._kept) > KEPT:
                del self._kept[next(iter(self._kept))]
        return answer


def _unpriced(part: Part[M], bare: M, why: Silent) -> Part[M]:
    """The market without its figures: it is listed, but against USD, and what that is in USDT is not known."""
    if isinstance(part.market, NotListed | Silent):
        return part
    return Part(bare, {**part.missing, "dollars": why.reason})


def _contract_size(
    dialect: Dialect, listed: Instrument | None, tickers: Mapping[str, PerpTicker | NotListed | Silent]
) -> float | None:
    """Coins in one unit of size: 1, or as a ticker tells it now, or as the list told it; None: not known."""
    if dialect.sized_in_coins:
        return 1.0
    for ticker in tickers.values():
        if isinstance(ticker, PerpTicker) and ticker.contract_size is not None:
            return ticker.contract_size
    return listed.contract_size if listed is not None else None
