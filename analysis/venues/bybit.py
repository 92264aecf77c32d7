"""Bybit as a venue: which calls make one answer. What they mean is in `bybit_wire.py`."""

from analysis.fetching.reading import by_coin
from analysis.fetching.sources import BACKGROUND_S, DEADLINE_S, Door, Line
from analysis.quotes import (
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
from analysis.venues.assemble import (
    Part,
    first_listed,
    perp_part,
    resolution_for,
    run_of,
    spellings,
    spot_part,
    venue_answer,
)
from analysis.venues.bybit_wire import (
    parse_instruments,
    parse_kline,
    parse_linear_ticker,
    parse_orderbook,
    parse_spot_ticker,
    parse_transfers,
)
from analysis.venues.shelf import Shelf
from analysis.venues.signing import HeldKey
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

DEPTH = "200"
CANDLES = 1_000
INTERVALS = {60: "1", 300: "5", 900: "15", 3_600: "60"}
PAGES = 10  # of 1,000 instruments; there were about 700 in 2026


class Bybit:
    """See `Venue` in `fetching/sources.py`. Transfer state needs a read-only key; else it is silent, never closed."""

    name = "bybit"

    def __init__(self, door: Door, clock: Clock, deadline_s: float = DEADLINE_S, key: HeldKey | None = None) -> None:
        self._clock = clock
        self._line = Line(door, "bybit", deadline_s)
        self._key = key or signing.absent("bybit")
        self._spots = Shelf()
        self._perps = Shelf()

    async def ask(self, base: str) -> VenueAnswer:
        now_s = self._clock.monotonic()
        spot_names = self._spots.candidates(base, spellings(base), now_s)
        perp_names = self._perps.candidates(base, spellings(base, f"1000{base}USDT", f"{base}1000USDT"), now_s)
        if not spot_names and not perp_names:
            return NotListed()
        async with TaskGroup() as calls:
            spots = [calls.create_task(self._spot(one)) for one in spot_names]
            perps = [calls.create_task(self._perp(one)) for one in perp_names]
            transfers = calls.create_task(self._transfers_of(base))
        spot = first_listed(task.result() for task in spots)
        perp = first_listed(task.result() for task in perps)
        self._spots.heard(base, spot.market, now_s)
        self._perps.heard(base, perp.market, now_s)
        return venue_answer(self.name, base, spot, perp, transfers.result(), self._clock.now_ms())

    async def instruments(self) -> Instruments:
        """Pre-market perpetuals come in a list of their own; without it they are found by asking for them."""
        async with TaskGroup() as calls:
            spot = calls.create_task(self._list({"category": "spot"}))
            perp = calls.create_task(self._list({"category": "linear"}))
            early = calls.create_task(self._list({"category": "linear", "status": "PreLaunch"}))
        spots, perps, earlies = spot.result(), perp.result(), early.result()
        if not isinstance(perps, Silent) and not isinstance(earlies, Silent):
            perps = [*perps, *earlies]
        found = Instruments(self.name, _by_coin(spots), _by_coin(perps), self._clock.now_ms())
        self._spots.take(found.spot, self._clock.monotonic())
        self._perps.take(found.perp, self._clock.monotonic())
        return found

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        now_ms = self._clock.now_ms()
        unit_s = resolution_for(now_ms - published_ms, CANDLES)
        instrument = self._spots.known(base) or Instrument(f"{base}USDT", base)
        path = "/v5/market/kline"
        candles = await self._line.ask(
            path,
            lambda reply: parse_kline(reply, instrument.multiplier),
            params={
                "category": "spot",
                "symbol": instrument.symbol,
                "interval": INTERVALS[unit_s],
                "start": str(published_ms - published_ms % (unit_s * 1000)),
                "limit": str(CANDLES),
            },
        )
        if isinstance(candles, NotListed | Silent):
            return candles
        return run_of(self.name, candles, published_ms, unit_s, f"bybit {path}", now_ms)

    async def _spot(self, one: Instrument) -> Part[Spot]:
        asked, times = {"category": "spot", "symbol": one.symbol}, one.multiplier
        in_list = self._spots.known(one.base) is not None
        async with TaskGroup() as calls:
            ticker = calls.create_task(
                self._line.ask(
                    "/v5/market/tickers",
                    lambda reply: parse_spot_ticker(reply, times, in_list),
                    params=asked,
                    group="ticker",
                )
            )
            book = calls.create_task(
                self._line.ask(
                    "/v5/market/orderbook",
                    lambda reply: parse_orderbook(reply, times),
                    params={**asked, "limit": DEPTH},
                    group="book",
                )
            )
        return spot_part(one, ticker.result(), book.result())

    async def _perp(self, one: Instrument) -> Part[Perp]:
        asked, times = {"category": "linear", "symbol": one.symbol}, one.multiplier
        in_list = self._perps.known(one.base) is not None
        async with TaskGroup() as calls:
            ticker = calls.create_task(
                self._line.ask(
                    "/v5/market/tickers",
                    lambda reply: parse_linear_ticker(reply, times, in_list),
                    params=asked,
                    group="ticker",
                )
            )
            book = calls.create_task(
                self._line.ask(
                    "/v5/market/orderbook",
                    lambda reply: parse_orderbook(reply, times),
                    params={**asked, "limit": DEPTH},
                    group="book",
                )
            )
        return perp_part(one, {"mark": ticker.result()}, book.result())

    async def _list(self, asked: dict[str, str]) -> list[Instrument] | Silent:
        """All pages of one list, or nothing: half a list would be taken for the whole."""
        found: list[Instrument] = []
        cursor = ""
        for _ in range(PAGES):
            page = await self._line.ask(
                "/v5/market/instruments-info",
                parse_instruments,
                params={**asked, "limit": "1000", **({"cursor": cursor} if cursor else {})},
                group="instruments",
                deadline_s=BACKGROUND_S,
            )
            if isinstance(page, Silent):
                return page
            found.extend(page.instruments)
            if not page.cursor or page.cursor == cursor:
                return found
            cursor = page.cursor
        return Silent(f"more than {PAGES} pages of instruments")

    async def _transfers_of(self, base: str) -> Transfers | NotListed | Silent:
        api = self._key()
        if isinstance(api, Silent):
            return api
        params = {"coin": base}
        headers = signing.bybit(api, params, self._clock.now_ms())
        parse = signing.blind(api, parse_transfers)
        return await self._line.ask(
            "/v5/asset/coin/query-info", parse, params=params, headers=headers, group="transfer"
        )


def _by_coin(instruments: list[Instrument] | Silent) -> dict[str, Instrument] | Silent:
    if isinstance(instruments, Silent):
        return instruments
    return by_coin(instruments) if instruments else Silent("an empty instrument list")
