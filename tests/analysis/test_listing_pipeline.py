"""The pipeline on a clock that stands still, with sources that answer, hang, fail and change their minds."""

import asyncio
from collections.abc import AsyncIterator, Callable
from decimal import Decimal

import msgspec
import pytest

from analysis.evidence import FxLegs, KoreanFacts
from analysis.gate_rules import Previous
from analysis.gathering import NoSizes
from analysis.listing_pipeline import QUEUE, ListingPipeline
from analysis.quotes import Instruments, NotListed, Run, Silent, VenueAnswer
from analysis.ringing import Quiet, Ring, Rung
from analysis.verdict import Mode, Outcome, TransferState, Verdict, VerdictNotKept
from collectors.events import Channel, Exchange, Listing, ListingState
from ops.lifetimes import running
from tests.fakes import evidence as good
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.evidence import told_at


class FakeVenue:
    """Tells `answer` with the time of its telling, after `after_s`. `breaks` raises, as only a bug would."""

    def __init__(self, name: str, clock: FakeClock, answer: VenueAnswer, after_s: float = 0.0) -> None:
        self.name = name
        self.answer = answer
        self.after_s = after_s
        self.breaks = False
        self.runs: list[int] = []
        self.on_ask: Callable[[str], None] = lambda _: None
        self.run_after_s = 0.0
        self._clock = clock

    async def ask(self, base: str) -> VenueAnswer:
        self.on_ask(self.name)
        if self.breaks:
            raise KeyError(base)
        if self.after_s:
            await self._clock.sleep(self.after_s)
        return told_at(self.answer, self._clock.now_ms())

    async def instruments(self) -> Instruments:
        return Instruments(self.name, {}, {}, self._clock.now_ms())

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        self.runs.append(published_ms)
        if self.run_after_s:
            await self._clock.sleep(self.run_after_s)
        return Run(self.name, published_ms, 0.8, 1.0, 1.0, 1e5, 60, f"{self.name} klines", self._clock.now_ms())


class World:
    """Three venues, the Korean side and the rate, all good; and what the pipeline told."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.binance = FakeVenue("binance", clock, good.venue())
        self.okx = FakeVenue("okx", clock, NotListed())
        self.venues = (self.binance, self.okx, FakeVenue("bybit", clock, NotListed()))
        self.korean = self
        self.rates = self
        self.sizes, self.spot_only, self.paces_s = NoSizes(), frozenset[str](), dict[str, float]()
        self.korean_facts = good.korean()
        self.fx = good.legs()
        self.told: list[tuple[float, Listing, Verdict, Ring | Quiet]] = []
        self.kept: list[tuple[float, Verdict]] = []
        self.pipeline = ListingPipeline(self, good.settings(), clock, self.take, on_change=self.keep)

    async def keep(self, listing: Listing, verdict: Verdict) -> None:
        self.kept.append((self.clock.monotonic(), verdict))

    async def facts(self, exchange: Exchange, base: str) -> KoreanFacts:
        return told_at(self.korean_facts, self.clock.now_ms())

    async def legs(self, exchange: Exchange) -> FxLegs:
        fx = self.fx
        return told_at(fx, self.clock.now_ms())

    async def take(self, listing: Listing, verdict: Verdict, answer: Ring | Quiet) -> None:
        self.told.append((self.clock.monotonic(), listing, verdict, answer))

    @property
    def outcomes(self) -> list[str]:
        return [f"{verdict.outcome.value} {answer.reason}" for _, _, verdict, answer in self.told]


LISTING = Listing(
    "upbit",
    "NOVA",
    1,
    ("KRW",),
    ListingState.TRADING,
    START_MS,
    Channel.UPBIT_NOTICES,
    published_ms=START_MS - 5_000,
    trading_starts_ms=START_MS - 1_000,
)


def listing(**changes: object) -> Listing:
    return msgspec.structs.replace(LISTING, **changes)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> World:
    return World(clock)


@pytest.fixture
async def at_work(world: World) -> AsyncIterator[World]:
    async with running(world.pipeline.run()):
        yield world


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


async def test_a_go_withdrawn_rings_at_once_and_comes_back_after_a_minute(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    closed = good.good_transfers(good.network(deposit=TransferState.CLOSED))
    at_work.korean_facts = good.korean(transfers=closed)
    await clock.advance(2)
    assert at_work.outcomes == ["GO first", "NO_GO withdrawn"]
    at_work.korean_facts = good.korean()
    await clock.advance(70)
    rings = [(at_s, answer.reason) for at_s, _, _, answer in at_work.told if isinstance(answer, Ring)]
    assert [reason for _, reason in rings] == ["first", "withdrawn", "turned"]
    assert rings[2][0] - rings[1][0] >= 60


async def test_a_change_too_early_for_an_edit_is_kept_and_so_is_its_end(at_work: World, clock: FakeClock) -> None:
    """Looks at 0, 2, 4, …: GO is told at 0; a warning that stands at 2 only is not told, but both changes are kept."""
    at_work.pipeline.offer(listing(published_ms=None))
    await clock.advance(1)
    at_work.binance.answer = good.venue(spot=good.good_spot(volume=50_000.0))
    await clock.advance(2)
    at_work.binance.answer = good.venue()
    await clock.advance(2)
    assert at_work.outcomes == ["GO first"]
    assert [(round(at_s), len(verdict.warnings)) for at_s, verdict in at_work.kept] == [(2, 1), (4, 0)]


async def test_moved_figures_are_edited_seldom_and_kept_each_minute(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing(published_ms=None))
    await clock.advance(62)
    assert len(at_work.told) == 2
    assert 60 <= at_work.told[1][0] <= 62
    at_work.korean_facts = good.korean(1_480.0, 1_482.0)
    await clock.advance(31)
    assert len(at_work.told) == 3


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


async def test_an_opening_without_a_price_yet_rings_only_when_the_price_is_there(
    at_work: World, clock: FakeClock
) -> None:
    """READY at 0, the opening at 70 with an empty book, a price at 73: no NO-GO lies between, and GO rings at once."""
    at_work.korean_facts = good.korean(book=None)
    at_work.pipeline.offer(listing(state=ListingState.ANNOUNCED, trading_starts_ms=START_MS + 70_000))
    await clock.advance(73)
    at_work.korean_facts = good.korean()
    await clock.advance(2)
    rings = [(verdict.outcome, round(at_s)) for at_s, _, verdict, answer in at_work.told if isinstance(answer, Ring)]
    assert [outcome for outcome, _ in rings] == [Outcome.READY, Outcome.GO]
    assert 73 <= rings[1][1] <= 75


async def test_a_go_whose_korean_price_vanishes_is_withdrawn_at_once(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    at_work.korean_facts = good.korean(book=None)
    await clock.advance(2)
    assert at_work.outcomes == ["GO first", "NO_GO withdrawn"]


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
