"""A verdict that somebody asks for: `analyze`, with a listing under watch and without; what it knows from before."""

import asyncio
from decimal import Decimal

import pytest

from analysis.evidence import FxLegs, KoreanFacts
from analysis.quotes import NotListed, Silent
from analysis.verdict import Mode, Outcome
from collectors.events import ListingState
from tests.analysis.pipeline_world import World, listing
from tests.fakes import evidence as good
from tests.fakes.clock import START_MS, FakeClock


async def test_a_verdict_that_is_asked_for_knows_the_go_that_stands(at_work: World, clock: FakeClock) -> None:
    """Net is a little below the margin, which a standing GO outlives: the answer must not say NO-GO in its place."""
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    net = at_work.told[0][2].net_bps
    assert net is not None
    at_work.pipeline.change(good.settings(margin_bps=net + 20))
    asking = asyncio.ensure_future(at_work.pipeline.judge(listing()))
    await clock.advance(1)
    assert (await asking).outcome is Outcome.GO
    assert at_work.outcomes == ["GO first"]


async def test_analyze_answers_without_a_listing(world: World, clock: FakeClock) -> None:
    verdict = await world.pipeline.judge_now("upbit", "NOVA")
    assert verdict.outcome is Outcome.GO
    assert (await world.pipeline.judge_now("upbit", "NOVA", Decimal(5_000_000))).cost is not None
    assert world.told == []


async def test_analyze_of_a_coin_under_watch_knows_its_listing(at_work: World, clock: FakeClock) -> None:
    at_work.korean_facts = KoreanFacts(listed=False, transfers=good.korean().transfers)
    at_work.pipeline.offer(listing(state=ListingState.ANNOUNCED, trading_starts_ms=START_MS + 600_000))
    await clock.advance(1)
    verdict = await at_work.pipeline.judge_now("upbit", "NOVA")
    assert (verdict.mode, verdict.outcome) == (Mode.PRE_OPEN, Outcome.READY)
    assert verdict.run_bps == pytest.approx(2_500.0)
    assert (await at_work.pipeline.judge_now("bithumb", "NOVA")).mode is Mode.PRE_OPEN
    at_work.binance.answer = NotListed()  # announced, but traded nowhere abroad: no unknown coin
    announced = await at_work.pipeline.judge_now("upbit", "NOVA")
    assert "unknown_symbol" not in {reason.code for reason in announced.blockers}


async def test_analyze_of_an_unknown_symbol_says_who_was_asked(world: World, clock: FakeClock) -> None:
    world.binance.answer = NotListed()
    world.korean_facts = KoreanFacts(listed=False)
    verdict = await world.pipeline.judge_now("bithumb", "NOPE")
    assert verdict.blockers[0].code == "unknown_symbol"
    assert verdict.blockers[0].numbers == {"asked": "bithumb, binance, bybit, okx"}
    world.okx.answer = Silent("HTTP 500")
    unsure = await world.pipeline.judge_now("bithumb", "NOPE")
    assert "unknown_symbol" not in [blocker.code for blocker in unsure.blockers]


async def test_analyze_waits_for_nobody_beyond_the_deadline(world: World, clock: FakeClock) -> None:
    world.okx.after_s = 1e9
    asking = asyncio.ensure_future(world.pipeline.judge_now("upbit", "NOVA"))
    await clock.advance(1.0)
    assert (await asking).venues_silent == ("okx",)


async def test_the_last_good_rate_is_remembered_between_verdicts(world: World, clock: FakeClock) -> None:
    await world.pipeline.judge_now("upbit", "NOVA")
    world.fx = FxLegs()
    await clock.advance(290)
    later = await world.pipeline.judge_now("upbit", "NOVA")
    assert later.facts["fx_krw_per_usdt"].source.startswith("last_good")
    await clock.advance(11)
    too_late = await world.pipeline.judge_now("upbit", "NOVA")
    assert too_late.blockers[0].subject == "fx_hard_coded"
