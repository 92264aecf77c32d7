"""A new process goes on from what was told; what fails, memory or judgement or table, is counted and tried again."""

import msgspec
import pytest

from analysis.evidence import FxLegs
from analysis.gate_rules import Previous
from analysis.listing_pipeline import ListingPipeline
from analysis.quotes import Silent
from analysis.ringing import Quiet, Ring, Rung
from analysis.verdict import Outcome, Verdict, VerdictNotKept
from collectors.events import Listing
from ops.process.lifetimes import running
from tests.analysis.pipeline_world import LISTING, World, listing
from tests.fakes import evidence as good
from tests.fakes.clock import START_MS, FakeClock


async def test_a_restart_of_the_task_keeps_what_is_watched(world: World, clock: FakeClock) -> None:
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        await clock.advance(1)
    async with running(world.pipeline.run()):
        await clock.advance(61)
    assert world.outcomes.count("GO first") == 1
    assert len(world.outcomes) > 1


@pytest.mark.parametrize(
    ("told_before", "good_now", "heard"),
    [
        (Rung(Outcome.GO, START_MS - 30_000), False, "NO_GO withdrawn"),
        (Rung(Outcome.GO, START_MS - 30_000), True, "GO unchanged"),
        (Rung(), False, "NO_GO not_loud"),
        (Rung(Outcome.NO_GO, START_MS - 61_000), True, "GO turned"),
    ],
)
async def test_a_new_process_goes_on_from_what_was_told(
    world: World, clock: FakeClock, told_before: Rung, good_now: bool, heard: str
) -> None:
    async def remembered(asked: Listing) -> tuple[Rung, Previous | None]:
        assert asked.key == LISTING.key
        return told_before, Previous(Outcome.GO, START_MS - 2_000)

    world.fx = good.legs() if good_now else FxLegs()
    world.pipeline = ListingPipeline(world, good.settings(), clock, world.take, remembered=remembered)
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        await clock.settle()
        assert world.outcomes == [heard]


@pytest.mark.parametrize(("answers_after_s", "told_at_s"), [(3.0, 3.0), (1e9, 10.0)])
async def test_a_go_is_not_taken_back_because_nobody_has_answered_yet_after_a_start(
    world: World, clock: FakeClock, answers_after_s: float, told_at_s: float
) -> None:
    async def remembered(_: Listing) -> tuple[Rung, Previous | None]:
        return Rung(Outcome.GO, START_MS - 30_000), Previous(Outcome.GO, START_MS - 2_000)

    for venue in world.venues:
        venue.after_s = answers_after_s
    world.pipeline = ListingPipeline(world, good.settings(), clock, world.take, remembered=remembered)
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        await clock.advance(14)
    at_s, _, verdict, _ = world.told[0]
    assert at_s == pytest.approx(told_at_s, abs=2.9)
    assert (verdict.outcome is Outcome.GO) is (answers_after_s < 10)


async def test_a_silence_after_a_start_holds_no_go_for_longer_than_ten_seconds_where_looks_are_rare(
    world: World, clock: FakeClock
) -> None:
    async def remembered(_: Listing) -> tuple[Rung, Previous | None]:
        return Rung(Outcome.GO, START_MS - 30_000), Previous(Outcome.GO, START_MS - 2_000)

    for venue in world.venues:
        venue.answer = Silent("timeout")
    world.pipeline = ListingPipeline(world, good.settings(), clock, world.take, remembered=remembered)
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing(trading_starts_ms=START_MS - 7_200_000))
        await clock.advance(12)
    assert [(at_s, verdict.outcome) for at_s, _, verdict, _ in world.told] == [(10.0, Outcome.NO_GO)]


async def test_a_fact_takes_a_go_back_at_once_after_a_start_though_a_price_is_missing(
    world: World, clock: FakeClock
) -> None:
    async def remembered(_: Listing) -> tuple[Rung, Previous | None]:
        return Rung(Outcome.GO, START_MS - 30_000), Previous(Outcome.GO, START_MS - 2_000)

    world.korean_facts = msgspec.structs.replace(world.korean_facts, book=None, listed=False)
    world.pipeline = ListingPipeline(world, good.settings(), clock, world.take, remembered=remembered)
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        await clock.settle()
    assert world.outcomes == ["NO_GO withdrawn"]


async def test_a_memory_that_fails_costs_no_verdict(world: World, clock: FakeClock) -> None:
    async def broken(_: Listing) -> tuple[Rung, Previous | None]:
        raise OSError("disk")

    world.pipeline = ListingPipeline(world, good.settings(), clock, world.take, remembered=broken)
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        await clock.settle()
    assert (world.outcomes, world.pipeline.crashes) == (["GO first"], 1)


async def test_a_failing_judgement_is_counted_and_tried_again(
    at_work: World, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    at_work.korean_facts = good.korean(contracts=7)
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    assert at_work.pipeline.crashes == 1
    assert "judging upbit:NOVA:1 failed" in caplog.text
    at_work.korean_facts = good.korean()
    await clock.advance(2)
    assert at_work.outcomes[0] == "GO first"


async def test_a_verdict_that_cannot_be_kept_costs_neither_its_listing_nor_others(
    world: World, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    async def refusing(told: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        if told.base == "NOVA" and clock.monotonic() < 1.5:
            raise VerdictNotKept("a bad row")
        await world.take(told, verdict, answer)

    world.pipeline = ListingPipeline(world, good.settings(), clock, refusing)
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        world.pipeline.offer(listing(base="OTHER"))
        await clock.advance(5)
    assert [told.base for _, told, _, _ in world.told[:2]] == ["OTHER", "NOVA"]
    assert world.outcomes[:2] == ["GO first", "GO first"]
    assert world.pipeline.crashes >= 1
    assert "a verdict on upbit:NOVA:1 is lost" in caplog.text
