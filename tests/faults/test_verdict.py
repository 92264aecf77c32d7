"""What lies, is silent or contradicts itself never makes a GO, and the record says who it was.

A coin opens on Bithumb 9 % above the world; Gate, Bitget and Bybit trade it at one price, and all would be well. The
simulator plays every service behind real connections; its clock moves only when the test says so.
"""

from collections.abc import AsyncIterator

import msgspec
import pytest

from analysis.fetching.everyone import Everyone
from analysis.listing_pipeline import ListingPipeline
from analysis.verdict import Outcome, Verdict
from collectors.events import Channel, Exchange, Listing, ListingState
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from config.settings import VaspEntry
from simulator.world.venues import VENUE_NAMES
from tests.analysis.venues.test_against_simulator import PATHS
from tests.fakes.evidence import SHIPPED
from tests.fakes.simulator import FakeSimClock, SimulatorHandle, running_simulator

COIN = "SAET"
SELLERS = ("gate", "bitget", "bybit")
VENUE = {"price": 0.52, "perp": True, "withdrawal": True, "contract": "0x5a1e0000000000000000000000000000000c0de5"}
YES = VaspEntry("yes", "test", "2026-11-01", "2027-11-01")
SETTINGS = msgspec.structs.replace(
    SHIPPED, vasps={korean: dict.fromkeys(SHIPPED.radar.gate.venues, YES) for korean in ("upbit", "bithumb")}
)


class Radar:
    """The judging side alone; `judged` is one verdict on the coin, now."""

    def __init__(self, sim: SimulatorHandle, clock: FakeSimClock, pipeline: ListingPipeline) -> None:
        self.sim = sim
        self._clock = clock
        self._pipeline = pipeline

    async def judged(self, exchange: Exchange = "bithumb") -> Verdict:
        now_ms = self._clock.now_ms()
        listing = Listing(
            *(exchange, COIN, 1, ("KRW",), ListingState.TRADING, now_ms - 9_000, Channel.BITHUMB_NOTICES),
            first_trade_ms=now_ms - 60_000,
        )
        return await self._pipeline.judge(listing)

    async def fault(self, target: str, kind: str, **more: float) -> None:
        await self.sim.post("/sim/fault", target=target, kind=kind, for_s=600, **more)

    async def passing(self, seconds: float) -> None:
        await self._clock.advance(seconds)
        self.sim.world.advance(self._clock.now_ms())


async def _unheard(*_: object) -> None:
    """A verdict that nobody is told."""


@pytest.fixture
async def radar() -> AsyncIterator[Radar]:
    clock = FakeSimClock()
    async with running_simulator(seed=3, markets=12, rate=20, clock=clock, tick_s=0.5) as sim:
        for venue in VENUE_NAMES:  # the clock stands, so a latency would never be over
            sim.world.venue(venue).latency_ms = 0
        urls = {service: sim.url + path for service, path in PATHS.items()}
        async with open_door(HttpDoor(urls, Limits({}), clock, "radar-test")) as door:
            await door.load()
            everyone = Everyone(door, clock, SHIPPED.radar.gate.venues, 5.0)
            made = Radar(sim, clock, ListingPipeline(everyone, SETTINGS, clock, _unheard))
            await sim.post(
                "/sim/listing", exchange="bithumb", base=COIN, quotes=["KRW"], networks=["BASE"], announce_in_s=0,
                deposits_in_s=0, trading_in_s=1, premium_path=[[0, 9.0]], venues=dict.fromkeys(SELLERS, VENUE),
            )  # fmt: skip
            await made.passing(6)
            yield made


def watch_only(verdict: Verdict) -> set[str]:
    return {finding.subject for finding in verdict.blockers if finding.code == "watch_only"}


async def test_without_a_fault_it_is_a_go(radar: Radar) -> None:
    verdict = await radar.judged()
    assert (verdict.outcome, verdict.blockers) == (Outcome.GO, ())
    assert verdict.excess_bps == pytest.approx(900, abs=150)


async def test_fault_42_all_rates_silent_is_watch_only_and_withholds_the_premium(radar: Radar) -> None:
    """Nobody tells a rate, the last good one is more than 300 s old: only the hard-coded one is left, for show."""
    await radar.judged()
    await radar.passing(301)
    for service in ("binance", "okx", "bybit"):
        await radar.fault(service, "http_5xx")
    await radar.fault("bithumb", "http_5xx")
    verdict = await radar.judged()
    assert verdict.outcome is Outcome.NO_GO
    assert "fx_hard_coded" in watch_only(verdict)
    assert (verdict.excess_bps, verdict.net_bps, verdict.facts["excess_bps"].value) == (None, None, None)


@pytest.mark.parametrize("factor", [0.5, 0.8, 1.25, 2.0])
async def test_fault_42_rates_in_conflict_are_watch_only(radar: Radar, factor: float) -> None:
    """The Korean side of BTC, ETH and USDT is off together: three agree, and the bank's rate calls them absurd."""
    await radar.fault("bithumb", "wrong_price", factor=factor)
    for service in ("binance", "okx", "bybit"):
        await radar.fault(service, "wrong_price", factor=1.0 / factor)
    verdict = await radar.judged()
    assert verdict.outcome is Outcome.NO_GO
    assert watch_only(verdict) & {"fx_conflict", "fx_off_bank"}
    assert verdict.excess_bps is None


@pytest.mark.parametrize("factor", [0.9, 0.94, 1.06, 1.1, 3.0])
async def test_fault_43_one_venue_with_a_wrong_price_is_left_out_and_recorded(radar: Radar, factor: float) -> None:
    before = await radar.judged()
    await radar.fault("gate", "wrong_price", factor=factor)
    verdict = await radar.judged()
    assert verdict.facts["gate.excluded"].value == "outlier"
    told, right = verdict.facts["reference_usdt"].value, before.facts["reference_usdt"].value
    assert isinstance(told, float) and told == pytest.approx(right, rel=0.001)
    assert verdict.outcome is Outcome.GO and verdict.routes[0].venue != "gate"
    excluded = [route for route in verdict.routes if route.venue == "gate"]
    assert all("price_excluded" in {reason.code for reason in route.reasons} for route in excluded)


@pytest.mark.parametrize("factor", [0.97, 1.03])
async def test_fault_43_a_foreign_side_of_the_rate_that_is_wrong_alone_is_outvoted(radar: Radar, factor: float) -> None:
    """Binance 3 % off for BTC and ETH alike: OKX and Bybit bear out each other, and the rate stays what it was."""
    before = (await radar.judged()).facts["fx_krw_per_usdt"].value
    await radar.fault("binance", "wrong_price", factor=factor)
    verdict = await radar.judged()
    assert isinstance(before, float)
    assert verdict.facts["fx_krw_per_usdt"].value == pytest.approx(before, rel=0.002)
    assert verdict.facts["fx_krw_per_usdt"].source.startswith("btc_implied")
    assert verdict.facts["leg.btc_usdt.binance"].value == pytest.approx(
        float(verdict.facts["leg.btc_usdt"].value or 0) * factor, rel=0.002
    )


@pytest.mark.parametrize("kind", ["http_html", "http_403", "http_451", "empty", "zero_price", "null_price"])
async def test_a_venue_that_says_nothing_useful_costs_itself_and_no_more(radar: Radar, kind: str) -> None:
    await radar.fault("gate", kind)
    verdict = await radar.judged()
    assert verdict.outcome is Outcome.GO and verdict.routes[0].venue == "bitget"
    assert verdict.facts["gate.answer"].value != "not listed"


@pytest.mark.parametrize("kind", ["http_html", "http_403", "http_451", "empty", "zero_price", "null_price"])
async def test_when_the_korean_exchange_says_nothing_useful_there_is_no_go(radar: Radar, kind: str) -> None:
    await radar.fault("bithumb", kind)
    verdict = await radar.judged()
    assert verdict.outcome is Outcome.NO_GO
    assert "bithumb price" in watch_only(verdict)


@pytest.mark.parametrize("kind", ["http_html", "empty", "zero_price"])
async def test_when_two_of_three_venues_say_nothing_useful_one_is_not_enough(radar: Radar, kind: str) -> None:
    await radar.fault("gate", kind)
    await radar.fault("bitget", kind)
    verdict = await radar.judged()
    assert verdict.outcome is Outcome.NO_GO
    assert "foreign price" in watch_only(verdict)
    assert verdict.facts["bybit.excluded"].value == "unconfirmed"
