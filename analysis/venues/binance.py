"""Binance as a venue: which calls make one answer. What they mean is in `binance_wire.py`."""

from analysis.fetching.sources import BACKGROUND_S, DEADLINE_S, Door, Line
from analysis.quotes import (
    Figure,
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
    with_interval,
)
from analysis.venues.binance_wire import (
    parse_depth,
    parse_funding_info,
    parse_klines,
    parse_perp_instruments,
    parse_premium_index,
    parse_spot_instruments,
    parse_ticker,
    parse_transfers,
)
from analysis.venues.shelf import Shelf
from analysis.venues.signing import HeldKey
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

DEPTH = "100"  # levels a side: weight 5, at both hosts
CANDLES = 1_000
INTERVALS = {60: "1m", 300: "5m", 900: "15m", 3_600: "1h"}
TRANSFERS_FRESH_MS = 20_000  # one answer holds every coin and weighs 10
FUNDING_FRESH_MS = 3_600_000
DEFAULT_FUNDING_H = 8.0  # of every perpetual that fundingInfo does not list


class Binance:
    """See `Venue` in `fetching/sources.py`. Transfer state needs a read-only key; else it is silent, never closed."""

    name = "binance"

    def __init__(self, door: Door, clock: Clock, deadline_s: float = DEADLINE_S, key: HeldKey | None = None) -> None:
        self._clock = clock
        self._spot_line = Line(door, "binance", deadline_s)
        self._perp_line = Line(door, "binance_futures", deadline_s)
        self._key = key or signing.absent("binance")
        self._spots = Shelf()
        self._perps = Shelf()
        self._funding: tuple[int, dict[str, Figure]] | None = None
        self._transfers: tuple[int, dict[str, Transfers]] | None = None

    async def ask(self, base: str) -> VenueAnswer:
        now_s, names = self._clock.monotonic(), spellings(base, f"1000{base}USDT")
        spot_names = self._spots.candidates(base, names, now_s)
        perp_names = self._perps.candidates(base, names, now_s)
        if not spot_names and not perp_names:
            return NotListed()
        async with TaskGroup() as calls:
            spots = [calls.create_task(self._spot(one)) for one in spot_names]
            perps = [calls.create_task(self._perp(one)) for one in perp_names]
            funding = calls.create_task(self._funding_hours())
            transfers = calls.create_task(self._transfers_of(base))
        spot = first_listed(task.result() for task in spots)
        perp = first_listed(task.result() for task in perps)
        self._spots.heard(base, spot.market, now_s)
        self._perps.heard(base, perp.market, now_s)
        return venue_answer(
            self.name,
            base,
            spot,
            with_interval(perp, funding.result(), DEFAULT_FUNDING_H),
            transfers.result(),
            self._clock.now_ms(),
        )

    async def instruments(self) -> Instruments:
        async with TaskGroup() as calls:
            spot = calls.create_task(
                self._spot_line.ask(
                    "/api/v3/exchangeInfo",
                    parse_spot_instruments,
                    params={"showPermissionSets": "false"},  # more than half of the page, and not needed
                    group="instruments",
                    deadline_s=BACKGROUND_S,
                )
            )
            perp = calls.create_task(
                self._perp_line.ask(
                    "/fapi/v1/exchangeInfo", parse_perp_instruments, group="instruments", deadline_s=BACKGROUND_S
                )
            )
            calls.create_task(self._funding_hours())
        found = Instruments(self.name, spot.result(), perp.result(), self._clock.now_ms())
        self._spots.take(found.spot, self._clock.monotonic())
        self._perps.take(found.perp, self._clock.monotonic())
        return found

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        now_ms = self._clock.now_ms()
        unit_s = resolution_for(now_ms - published_ms, CANDLES)
        since_ms = published_ms - published_ms % (unit_s * 1000)
        instrument = self._spots.known(base) or Instrument(f"{base}USDT", base)
        path = "/api/v3/klines"
        candles = await self._spot_line.ask(
            path,
            lambda reply: parse_klines(reply, instrument.multiplier),
            params={
                "symbol": instrument.symbol,
                "interval": INTERVALS[unit_s],
                "startTime": str(since_ms),
                "limit": str(CANDLES),
            },
        )
        if isinstance(candles, NotListed | Silent):
            return candles
        return run_of(self.name, candles, published_ms, unit_s, f"binance {path}", now_ms)

    async def _spot(self, one: Instrument) -> Part[Spot]:
        asked, times = {"symbol": one.symbol}, one.multiplier
        async with TaskGroup() as calls:
            ticker = calls.create_task(
                self._spot_line.ask(
                    "/api/v3/ticker/24hr", lambda reply: parse_ticker(reply, times), params=asked, group="ticker"
                )
            )
            depth = calls.create_task(
                self._spot_line.ask(
                    "/api/v3/depth",
                    lambda reply: parse_depth(reply, times),
                    params={**asked, "limit": DEPTH},
                    group="book",
                )
            )
        return spot_part(one, ticker.result(), depth.result())

    async def _perp(self, one: Instrument) -> Part[Perp]:
        asked, times = {"symbol": one.symbol}, one.multiplier
        async with TaskGroup() as calls:
            premium = calls.create_task(
                self._perp_line.ask(
                    "/fapi/v1/premiumIndex",
                    lambda reply: parse_premium_index(reply, times),
                    params=asked,
                    group="ticker",
                )
            )
            depth = calls.create_task(
                self._perp_line.ask(
                    "/fapi/v1/depth",
                    lambda reply: parse_depth(reply, times),
                    params={**asked, "limit": DEPTH},
                    group="book",
                )
            )
        return perp_part(one, {"mark": premium.result()}, depth.result())

    async def _funding_hours(self) -> dict[str, Figure] | Silent:
        """The changed funding intervals, an hour old at most; the last known ones if it does not answer now."""
        if self._funding is None or self._clock.now_ms() - self._funding[0] >= FUNDING_FRESH_MS:
            hours = await self._perp_line.ask("/fapi/v1/fundingInfo", parse_funding_info)
            if not isinstance(hours, Silent):
                self._funding = self._clock.now_ms(), hours
            elif self._funding is None:
                return hours
        return self._funding[1]

    async def _transfers_of(self, base: str) -> Transfers | NotListed | Silent:
        api = self._key()
        if isinstance(api, Silent):
            return api
        now_ms = self._clock.now_ms()
        if self._transfers is None or now_ms - self._transfers[0] >= TRANSFERS_FRESH_MS:
            params, headers = signing.binance(api, {}, now_ms)
            told = await self._spot_line.ask(
                "/sapi/v1/capital/config/getall",
                signing.blind(api, parse_transfers),
                params=params,
                headers=headers,
                group="transfer",
            )
            if isinstance(told, Silent):
                return told
            self._transfers = now_ms, told
        return self._transfers[1].get(base, NotListed())
