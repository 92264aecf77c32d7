"""What the pipeline tells of a listing it watches: what rings, what is an edit, what is only kept."""

from analysis.ringing import Ring
from analysis.verdict import Outcome, TransferState
from collectors.events import ListingState
from tests.analysis.pipeline_world import World, listing
from tests.fakes import evidence as good
from tests.fakes.clock import START_MS, FakeClock


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


async def test_a_go_whose_korean_price_vanishes_is_withdrawn_at_once(at_work: World, clock: FakeClock) -> None:
    at_work.pipeline.offer(listing())
    await clock.advance(1)
    at_work.korean_facts = good.korean(book=None)
    await clock.advance(2)
    assert at_work.outcomes == ["GO first", "NO_GO withdrawn"]


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
