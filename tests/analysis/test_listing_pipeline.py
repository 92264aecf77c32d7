"""Whom the pipeline asks about a listing, when it looks again, and when no more.

Beside this: `test_listing_pipeline_rings.py` (what is told), `test_listing_pipeline_restart.py` (a new process, and
what fails), `test_listing_pipeline_asked.py` (a verdict that somebody asks for).
"""

import msgspec
import pytest

from analysis.listing_pipeline import QUEUE
from analysis.verdict import Mode, Outcome
from collectors.events import ListingState
from ops.process.lifetimes import running
from tests.analysis.pipeline_world import World, listing
from tests.fakes.clock import START_MS, FakeClock


async def test_a_listing_is_judged_at_once_and_rings(at_work: World, clock: FakeClock) -> None:
    assert at_work.pipeline.offer(listing())
    await clock.settle()
    [(at_s, _, verdict, answer)] = at_work.told
    assert (at_s, verdict.outcome, answer.reason) == (0.0, Outcome.GO, "first")


async def test_offer_never_waits_and_refuses_the_33rd(world: World) -> None:
    taken = [world.pipeline.offer(listing(base=f"C{number}")) for number in range(QUEUE + 1)]
    assert taken == [True] * QUEUE + [False]


async def test_a_hanging_venue_is_named_and_holds_nobody_up(at_work: World, clock: FakeClock) -> None:
    """An answer within 0.9 s; the coin is not called GO while the venue that hangs might contradict the only other."""
    at_work.okx.after_s = 1e9
    at_work.pipeline.offer(listing())
    await clock.advance(1.0)
    [(at_s, _, verdict, _)] = at_work.told
    assert at_s <= 1.0
    assert verdict.venues_silent == ("okx",)
    assert verdict.venues_asked == ("binance", "bybit", "okx")
    assert verdict.facts["okx.answer"].value == "silent: no answer within 0.9 s"
    assert (verdict.outcome, verdict.facts["binance.mid_usdt"].value) == (Outcome.NO_GO, 1.0)


async def test_the_venue_that_took_longest_is_asked_first_the_next_time(world: World, clock: FakeClock) -> None:
    asked: list[str] = []
    for venue, after_s in zip(world.venues, (0.1, 0.3, 0.2), strict=True):
        venue.after_s, venue.on_ask = after_s, asked.append
    async with running(world.pipeline.run()):
        world.pipeline.offer(listing())
        await clock.advance(3)
    assert asked == ["binance", "okx", "bybit", "okx", "bybit", "binance"]


async def test_a_late_answer_makes_a_new_verdict_before_the_next_round(at_work: World, clock: FakeClock) -> None:
    at_work.okx.after_s = 1.5
    at_work.pipeline.offer(listing())
    await clock.advance(1.0)
    assert at_work.outcomes == ["NO_GO not_loud"]
    await clock.advance(2.0)
    assert [outcome for outcome in at_work.outcomes if outcome.startswith("GO")] == ["GO turned"]


async def test_late_answers_start_one_extra_look_for_each_regular_one(at_work: World, clock: FakeClock) -> None:
    """Regular looks at 0 and, 2 s after the extra one of 1.0, at 3; the next extra one not before 4."""
    looks: list[float] = []
    at_work.binance.on_ask = lambda _: looks.append(round(clock.monotonic(), 1))
    at_work.pipeline.offer(listing())
    for _ in range(45):
        at_work.pipeline.hear_late()
        await clock.advance(0.1)
    assert looks == [pytest.approx(at_s, abs=0.3) for at_s in (0.0, 1.0, 3.0, 4.0)]


async def test_in_a_crowd_a_late_answer_waits_for_the_next_look(at_work: World, clock: FakeClock) -> None:
    looks: list[float] = []
    at_work.binance.on_ask = lambda _: looks.append(round(clock.monotonic(), 1))
    for number in range(5):
        at_work.pipeline.offer(listing(base=f"C{number}"))
    await clock.advance(1.5)
    at_work.pipeline.hear_late()
    await clock.advance(1.0)
    assert looks == [0.0] * 5


async def test_a_source_with_a_bug_is_silent_and_the_others_count(
    at_work: World, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    at_work.okx.breaks = True
    at_work.pipeline.offer(listing())
    await clock.settle()
    [(_, _, verdict, _)] = at_work.told
    assert verdict.facts["okx.answer"].value == "silent: failed: KeyError"
    assert "okx: a bug in a source" in caplog.text


async def test_the_run_since_the_notice_is_in_the_first_verdict_and_renewed(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    [(_, _, first, _)] = at_work.told
    assert first.run_bps == first.facts["run_high_bps"].value == pytest.approx(2_500.0)
    assert at_work.binance.runs == [START_MS - 5_000]
    await clock.advance(40)
    assert 4 <= len(at_work.binance.runs) <= 5
    assert len(at_work.venues[1].runs) == 1  # it does not trade the coin


async def test_a_run_that_comes_late_is_told_as_soon_as_an_edit_may(at_work: World, clock: FakeClock) -> None:
    at_work.binance.run_after_s = 2.0
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    assert [verdict.run_bps for _, _, verdict, _ in at_work.told] == [None]
    await clock.advance(4)
    assert at_work.told[-1][2].run_bps == pytest.approx(2_500.0)


async def test_without_a_notice_the_run_counts_from_the_first_sight_and_then_from_the_notice(
    at_work: World, clock: FakeClock
) -> None:
    at_work.pipeline.offer(listing(published_ms=None, first_seen_ms=START_MS - 2_000))
    await clock.advance(1)
    at_work.pipeline.offer(listing(first_seen_ms=START_MS - 2_000))
    await clock.advance(1)
    assert at_work.binance.runs == [START_MS - 2_000, START_MS - 5_000]


async def test_it_looks_every_two_seconds_then_by_the_minute_then_no_more(at_work: World, clock: FakeClock) -> None:
    """The hour after the opening ends at 10, its day at 300."""
    looks: list[int] = []
    at_work.binance.on_ask = lambda _: looks.append(round(clock.monotonic()))
    at_work.pipeline.offer(listing(trading_starts_ms=START_MS - 3_590_000))
    await clock.advance(200)
    assert looks == [0, 2, 4, 6, 8, 10, 12, 72, 132, 192]
    at_work.pipeline.offer(listing(trading_starts_ms=START_MS - 86_100_000))
    await clock.advance(99)
    assert len(at_work.pipeline.watched) == 1
    await clock.advance(1_000)
    assert looks[10:] == [200, 260, 320]
    assert len(at_work.pipeline.watched) == 0


async def test_news_of_a_watched_listing_wakes_it(at_work: World, clock: FakeClock) -> None:
    before = listing(state=ListingState.ANNOUNCED, trading_starts_ms=START_MS + 3_600_000)
    at_work.pipeline.offer(before)
    await clock.advance(0.5)
    assert at_work.told[0][2].mode is Mode.PRE_OPEN
    await clock.advance(4)
    assert at_work.pipeline.offer(listing(first_trade_ms=START_MS + 4_000))
    await clock.settle()
    assert at_work.told[-1][2].mode is Mode.OPEN
    assert at_work.outcomes[-1] == "GO held"


async def test_the_opening_is_judged_when_it_comes(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing(state=ListingState.ANNOUNCED, trading_starts_ms=START_MS + 61_500))
    await clock.advance(61.8)
    at_s, _, verdict, answer = at_work.told[-1]
    assert at_s == pytest.approx(61.5)
    assert (verdict.mode, verdict.outcome, answer.reason) == (Mode.OPEN, Outcome.GO, "turned")


async def test_a_cancelled_listing_is_let_go(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    at_work.pipeline.offer(listing(state=ListingState.CANCELLED))
    await clock.settle()
    assert at_work.pipeline.watched == ()


async def test_a_listing_without_an_opening_is_watched_until_it_is_told_to_be_over(
    at_work: World, clock: FakeClock
) -> None:
    looks: list[int] = []
    at_work.binance.on_ask = lambda _: looks.append(round(clock.monotonic()))
    unopened = listing(
        state=ListingState.ANNOUNCED,
        quotes=("BTC",),
        trading_starts_ms=None,
        published_ms=None,
        first_seen_ms=START_MS - 3 * 86_400_000,
    )
    at_work.pipeline.offer(unopened)
    await clock.advance(130)
    assert looks == [0, 60, 120]
    assert len(at_work.pipeline.watched) == 1
    at_work.pipeline.offer(msgspec.structs.replace(unopened, state=ListingState.SETTLED))
    await clock.settle()
    assert len(at_work.pipeline.watched) == 0


async def test_a_listing_whose_day_is_over_is_not_looked_at_however_often_it_is_offered(
    at_work: World, clock: FakeClock
) -> None:
    for _ in range(3):
        at_work.pipeline.offer(listing(trading_starts_ms=START_MS - 25 * 3_600_000))
        await clock.advance(1)
    assert (at_work.told, at_work.pipeline.watched) == ([], ())


async def test_listings_are_judged_beside_each_other(at_work: World, clock: FakeClock) -> None:
    at_work.binance.after_s = 0.2
    for base in ("AAA", "BBB", "CCC"):
        at_work.pipeline.offer(listing(base=base))
    await clock.advance(0.2)
    assert sorted(told.base for _, told, _, _ in at_work.told) == ["AAA", "BBB", "CCC"]
