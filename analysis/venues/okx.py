"""OKX as a venue: which calls make one answer. What they mean is in `okx_wire.py`."""

from collections.abc import Callable

from analysis.fetching.reading import Reply
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
from analysis.venues import signing
from analysis.venues.assemble import Part, first_listed, perp_part, resolution_for, run_of, spot_part, venue_answer
from analysis.venues.okx_wire import (
    parse_book,
    parse_candles,
    parse_funding_rate,
    parse_mark_price,
    parse_spot_instruments,
    parse_swap_instrument,
    parse_swap_instruments,
    parse_ticker,
    parse_transfers,
)
from analysis.venues.shelf import Shelf
from analysis.venues.signing import HeldKey
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

DEPTH = "100"
CANDLES = 300
BARS = {60: "1m", 300: "5m", 900: "15m", 3_600: "1H"}


class Okx:
    """See `Venue` in `fetching/sources.py`. Transfer state needs a read-only key; else it is silent, never closed."""

    name = "okx"

    def __init__(self, door: Door, clock: Clock, deadline_s: float = DEADLINE_S, key: HeldKey | None = None) -> None:
        self._clock = clock
        self._line = Line(door, "okx", deadline_s)
        self._key = key or signing.absent("okx")
        self._spots = Shelf()
        self._swaps = Shelf()

    async def ask(self, base: str) -> VenueAnswer:
        now_s = self._clock.monotonic()
        spot_names = self._spots.candidates(base, [Instrument(f"{base}-USDT", base)], now_s)
        swap_names = self._swaps.candidates(base, [Instrument(f"{base}-USDT-SWAP", base)], now_s)
        if not spot_names and not swap_names:
            return NotListed()
        async with TaskGroup() as calls:
            spots = [calls.create_task(self._spot(one)) for one in spot_names]
            perps = [calls.create_task(self._perp(one)) for one in swap_names]
            transfers = calls.create_task(self._transfers_of(base))
        spot = first_listed(task.result() for task in spots)
        perp = first_listed(task.result() for task in perps)
        self._spots.heard(base, spot.market, now_s)
        self._swaps.heard(base, perp.market, now_s)
        return venue_answer(self.name, base, spot, perp, transfers.result(), self._clock.now_ms())

    async def instruments(self) -> Instruments:
        async with TaskGroup() as calls:
            spot = calls.create_task(self._list("SPOT", parse_spot_instruments))
            perp = calls.create_task(self._list("SWAP", parse_swap_instruments))
        found = Instruments(self.name, spot.result(), perp.result(), self._clock.now_ms())
        self._spots.take(found.spot, self._clock.monotonic())
        self._swaps.take(found.perp, self._clock.monotonic())
        return found

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        now_ms = self._clock.now_ms()
        unit_s = resolution_for(now_ms - published_ms, CANDLES)
        known = self._spots.known(base)
        symbol = known.symbol if known is not None else f"{base}-USDT"
        path = "/api/v5/market/candles"
        candles = await self._line.ask(
            path, parse_candles, params={"instId": symbol, "bar": BARS[unit_s], "limit": str(CANDLES)}
        )
        if isinstance(candles, NotListed | Silent):
            return candles
        return run_of(self.name, candles, published_ms, unit_s, f"okx {path}", now_ms)

    async def _spot(self, one: Instrument) -> Part[Spot]:
        async with TaskGroup() as calls:
            ticker = calls.create_task(
                self._line.ask("/api/v5/market/ticker", parse_ticker, params={"instId": one.symbol}, group="ticker")
            )
            book = calls.create_task(self._book(one.symbol))
        return spot_part(one, ticker.result(), book.result())

    async def _perp(self, wanted: Instrument) -> Part[Perp]:
        known, symbol = self._swaps.known(wanted.base), wanted.symbol
        async with TaskGroup() as calls:
            funding = calls.create_task(
                self._line.ask(
                    "/api/v5/public/funding-rate", parse_funding_rate, params={"instId": symbol}, group="funding"
                )
            )
            mark = calls.create_task(
                self._line.ask(
                    "/api/v5/public/mark-price",
                    parse_mark_price,
                    params={"instType": "SWAP", "instId": symbol},
                    group="funding",
                )
            )
            contracts = calls.create_task(self._book(symbol))
            instrument = calls.create_task(self._swap(known, symbol))
        one = instrument.result()
        tickers = {"mark": mark.result(), "funding": funding.result()}
        if isinstance(one, Instrument):
            return perp_part(one, tickers, _in_coins(contracts.result(), one.contract_size))
        # Sizes in contracts of unknown content would be wrong numbers, so the book is left out.
        book = Silent(f"contract size: {one.reason}") if isinstance(one, Silent) else one
        return perp_part(wanted, tickers, book)

    async def _swap(self, known: Instrument | None, symbol: str) -> Instrument | NotListed | Silent:
        if known is not None:
            return known
        return await self._line.ask(
            "/api/v5/public/instruments", parse_swap_instrument, params={"instType": "SWAP", "instId": symbol}
        )

    async def _book(self, symbol: str) -> Book | NotListed | Silent:
        return await self._line.ask(
            "/api/v5/market/books", parse_book, params={"instId": symbol, "sz": DEPTH}, group="book"
        )

    async def _list(self, kind: str, parse: Callable[[Reply], dict[str, Instrument]]) -> dict[str, Instrument] | Silent:
        return await self._line.ask(
            "/api/v5/public/instruments",
            parse,
            params={"instType": kind},
            group="instruments",
            deadline_s=BACKGROUND_S,
        )

    async def _transfers_of(self, base: str) -> Transfers | NotListed | Silent:
        api = self._key()
        if isinstance(api, Silent):
            return api
        path, params = "/api/v5/asset/currencies", {"ccy": base}
        headers = signing.okx(api, path, params, self._clock.now_ms())
        parse = signing.blind(api, parse_transfers)
        return await self._line.ask(path, parse, params=params, headers=headers, group="transfer")


def _in_coins(book: Book | NotListed | Silent, contract_size: float) -> Book | NotListed | Silent:
    return book.per_coin(1.0, contract_size) if isinstance(book, Book) else book
