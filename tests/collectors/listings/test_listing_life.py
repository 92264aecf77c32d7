"""One coin, one row: its states, its episodes, and that the order in which channels speak changes nothing."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from collectors.events import Channel, Listing, ListingState, Sighting, SightingKind
from collectors.listings.listing_life import GIVEN_UP_AFTER_MS, Change, Step, observe, settled, tick
from config.units import DAY_MS

T0 = 1_786_330_800_000
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
FIRST = (Change.FIRST_SIGHT, Change.NEW_EPISODE)
NOTICE, POSTPONED, CANCELLED = SightingKind.NOTICE, SightingKind.POSTPONED, SightingKind.CANCELLED
IN_LIST, OUT, DEPOSITS, TRADED = (
    SightingKind.IN_LIST,
    SightingKind.OUT_OF_LIST,
    SightingKind.DEPOSITS_OPEN,
    SightingKind.TRADED,
)


def seen(
    kind: SightingKind,
    at_ms: int = 0,
    quotes: tuple[str, ...] = ("KRW",),
    starts: int | None = None,
    opens: int | None = None,
    told: int | None = None,
    published: int | None = 0,
    notice: str | None = "7",
    channel: Channel = Channel.UPBIT_NOTICES,
) -> Sighting:
    """A sighting of the coin STAR; times count from T0."""
    of_notice = kind in (NOTICE, POSTPONED, CANCELLED)

    def moment(offset: int | None) -> int | None:
        return None if offset is None else T0 + offset

    return Sighting(
        exchange="upbit",
        base="STAR",
        quotes=quotes,
        channel=channel if of_notice else Channel.UPBIT_MARKET_LIST,
        kind=kind,
        seen_ms=T0 + at_ms,
        published_ms=moment(published) if of_notice else None,
        trading_starts_ms=moment(starts),
        deposit_opens_ms=moment(opens),
        notice_id=notice if of_notice else None,
        title=f"version {told}" if of_notice else None,
        edited_ms=moment(told) if of_notice else None,
    )


def steps_of(*sightings: Sighting, known: Listing | None = None) -> list[Step]:
    steps: list[Step] = []
    for each in sightings:
        steps.append(observe(known, each, each.seen_ms))
        known = steps[-1].listing
    return steps


def changes(*sightings: Sighting, known: Listing | None = None) -> list[Change]:
    return [step.change for step in steps_of(*sightings, known=known)]


def test_a_listing_lives_from_notice_to_rest() -> None:
    steps = steps_of(
        seen(NOTICE, 0, ("KRW", "BTC"), told=0),
        seen(NOTICE, 1, ("KRW", "BTC"), starts=3 * HOUR_MS, told=0),
        seen(POSTPONED, HOUR_MS, ("KRW", "BTC"), starts=5 * HOUR_MS, told=HOUR_MS),
        seen(DEPOSITS, 2 * HOUR_MS),
        seen(IN_LIST, 4 * HOUR_MS),
        seen(TRADED, 5 * HOUR_MS + 40, starts=5 * HOUR_MS + 12),
    )
    assert [(step.change, step.listing.state) for step in steps] == [
        (Change.FIRST_SIGHT, ListingState.ANNOUNCED),
        (Change.TIME_SET, ListingState.ANNOUNCED),
        (Change.POSTPONED, ListingState.POSTPONED),
        (Change.DEPOSITS_OPEN, ListingState.DEPOSITS_OPEN),
        (Change.NONE, ListingState.DEPOSITS_OPEN),
        (Change.TRADING, ListingState.TRADING),
    ]
    listing = steps[-1].listing
    assert listing.first_trade_ms == T0 + 5 * HOUR_MS + 12
    assert tick(listing, listing.first_trade_ms + DAY_MS - 1).change is Change.NONE
    rest = tick(listing, listing.first_trade_ms + DAY_MS)
    assert (rest.change, rest.listing.state) == (Change.SETTLED, ListingState.SETTLED)
    assert tick(rest.listing, listing.first_trade_ms + 9 * DAY_MS).change is Change.NONE


def test_a_list_diff_a_notice_and_a_first_trade_meet_in_one_row() -> None:
    for order in permutations([seen(IN_LIST, 5), seen(NOTICE, 9, ("KRW", "BTC")), seen(TRADED, 20)]):
        steps = steps_of(*order)
        assert steps[0].change is Change.FIRST_SIGHT
        assert not [step for step in steps[1:] if step.change in FIRST]
        assert {step.listing.key for step in steps} == {"upbit:STAR:1"}
        assert steps[-1].listing.quotes == ("KRW", "BTC")


def test_the_first_trade_seen_first_is_a_first_sight_of_a_coin_that_trades() -> None:
    [step] = steps_of(seen(TRADED, 10, starts=7))
    assert step.change is Change.FIRST_SIGHT
    assert step.listing.state is ListingState.TRADING
    assert step.listing.first_trade_ms == T0 + 7


def test_the_earliest_sighting_is_the_first_whenever_it_arrives() -> None:
    late = seen(NOTICE, 50, channel=Channel.UPBIT_NOTICES)
    early = seen(NOTICE, 10, channel=Channel.UPBIT_ANNOUNCEMENT)
    listing = steps_of(late, early)[-1].listing
    assert (listing.first_seen_ms, listing.first_channel) == (T0 + 10, Channel.UPBIT_ANNOUNCEMENT)


def test_an_old_cached_page_does_not_move_a_time_back() -> None:
    steps = steps_of(
        seen(NOTICE, 0, starts=HOUR_MS, told=0),
        seen(POSTPONED, 10, starts=2 * HOUR_MS, told=9),
        seen(NOTICE, 20, starts=HOUR_MS, told=0, channel=Channel.UPBIT_ANNOUNCEMENT),
    )
    assert steps[-1].change is Change.NONE
    assert steps[-1].listing.trading_starts_ms == T0 + 2 * HOUR_MS
    assert steps[-1].listing.title == "version 9"


def test_a_time_told_for_an_earlier_hour_is_moved_not_postponed() -> None:
    told = [seen(NOTICE, 0, starts=3 * HOUR_MS, told=0), seen(NOTICE, 5, starts=2 * HOUR_MS, told=4)]
    assert changes(*told)[-1] is Change.TIME_MOVED
    told = [seen(POSTPONED, 0, starts=3 * HOUR_MS, told=0), seen(POSTPONED, 5, starts=2 * HOUR_MS, told=4)]
    assert changes(*told)[-1] is Change.TIME_MOVED


def test_a_postponement_without_a_new_time_makes_the_old_one_unknown() -> None:
    steps = steps_of(
        seen(NOTICE, 0, starts=HOUR_MS, told=0),
        seen(POSTPONED, 10, told=9),
        seen(POSTPONED, 11, told=9, channel=Channel.UPBIT_ANNOUNCEMENT),
        seen(POSTPONED, 12, starts=4 * HOUR_MS, told=9),
    )
    assert [step.change for step in steps] == [Change.FIRST_SIGHT, Change.POSTPONED, Change.NONE, Change.TIME_SET]
    assert [step.listing.trading_starts_ms for step in steps] == [T0 + HOUR_MS, None, None, T0 + 4 * HOUR_MS]


def test_a_notice_that_is_silent_about_the_time_leaves_it() -> None:
    steps = steps_of(seen(NOTICE, 0, starts=HOUR_MS, told=0), seen(NOTICE, 10, told=9))
    assert steps[-1].change is Change.NONE
    assert steps[-1].listing.trading_starts_ms == T0 + HOUR_MS


def test_a_second_postponement_is_told_again() -> None:
    told = [
        seen(NOTICE, 0, starts=HOUR_MS, told=0),
        seen(POSTPONED, 10, starts=2 * HOUR_MS, told=9),
        seen(POSTPONED, 20, starts=3 * HOUR_MS, told=19),
        seen(POSTPONED, 21, starts=3 * HOUR_MS, told=19, channel=Channel.UPBIT_ANNOUNCEMENT),
    ]
    assert changes(*told) == [Change.FIRST_SIGHT, Change.POSTPONED, Change.POSTPONED, Change.NONE]


def test_cancelled_ends_the_episode_and_an_old_page_does_not_revive_it() -> None:
    told = [
        seen(NOTICE, 0, told=0),
        seen(CANCELLED, 60, told=50),
        seen(CANCELLED, 61, told=50, channel=Channel.UPBIT_ANNOUNCEMENT),
        seen(NOTICE, 62, told=0, channel=Channel.UPBIT_ANNOUNCEMENT),
    ]
    steps = steps_of(*told)
    assert [step.change for step in steps] == [Change.FIRST_SIGHT, Change.CANCELLED, Change.NONE, Change.NONE]
    assert steps[-1].listing.state is ListingState.CANCELLED


def test_a_cancelled_coin_announced_anew_is_a_new_episode() -> None:
    told = [
        seen(NOTICE, 0, told=0),
        seen(CANCELLED, 60, told=50),
        seen(NOTICE, DAY_MS, told=DAY_MS - 5, published=DAY_MS - 5, notice="9"),
    ]
    step = steps_of(*told)[-1]
    assert (step.change, step.listing.key) == (Change.NEW_EPISODE, "upbit:STAR:2")


def test_a_cancelled_coin_that_appears_in_the_list_is_news() -> None:
    step = steps_of(seen(NOTICE, 0, told=0), seen(CANCELLED, 60, told=50), seen(IN_LIST, 90))[-1]
    assert step.change is Change.NEW_EPISODE


def test_a_coin_first_seen_cancelled_gets_a_row_but_no_first_sight() -> None:
    steps = steps_of(seen(CANCELLED, 60, told=50), seen(NOTICE, 62, told=0))
    assert [step.change for step in steps] == [Change.CANCELLED, Change.NONE]


def test_what_trades_is_not_cancelled_by_a_late_page() -> None:
    steps = steps_of(seen(NOTICE, 0, told=0), seen(TRADED, 50), seen(CANCELLED, 60, told=55))
    assert steps[-1].change is Change.NONE
    assert steps[-1].listing.state is ListingState.TRADING


@pytest.mark.parametrize(
    ("away_ms", "change", "episode"),
    [(1, Change.RETURNED, 1), (DAY_MS, Change.RETURNED, 1), (DAY_MS + 1, Change.NEW_EPISODE, 2)],
)
def test_a_coin_that_vanishes_returns_within_a_day_or_begins_anew(away_ms: int, change: Change, episode: int) -> None:
    steps = steps_of(seen(IN_LIST, 0), seen(TRADED, 5), seen(OUT, 100), seen(OUT, 101), seen(IN_LIST, 100 + away_ms))
    assert [step.change for step in steps[2:4]] == [Change.GONE, Change.NONE]
    assert (steps[-1].change, steps[-1].listing.episode) == (change, episode)
    assert steps[-1].listing.gone_ms is None


def test_a_coin_of_the_baseline_that_flickers_is_no_first_sight() -> None:
    assert changes(seen(OUT, 0), seen(IN_LIST, HOUR_MS)) == [Change.GONE, Change.RETURNED]


def test_deposits_of_a_coin_that_left_are_no_listing() -> None:
    steps = steps_of(seen(IN_LIST, 0), seen(OUT, 100), seen(DEPOSITS, 100 + 2 * DAY_MS))
    assert steps[-1].change not in FIRST


def test_krw_added_to_a_coin_that_trades_in_btc_is_told_and_opens_on_its_own() -> None:
    trades = settled(seen(IN_LIST, 0, ("BTC", "USDT")))
    steps = steps_of(
        seen(NOTICE, 2 * DAY_MS, ("KRW",), told=2 * DAY_MS, published=2 * DAY_MS, starts=2 * DAY_MS + HOUR_MS),
        seen(TRADED, 2 * DAY_MS + 10, ("BTC",)),
        seen(IN_LIST, 2 * DAY_MS + MINUTE_MS, ("KRW",)),
        seen(TRADED, 2 * DAY_MS + HOUR_MS, ("KRW",)),
        known=trades,
    )
    assert [step.change for step in steps] == [Change.QUOTES_ADDED, Change.NONE, Change.NONE, Change.TRADING]
    assert steps[0].added == ("KRW",)
    assert steps[0].listing.state is ListingState.ANNOUNCED
    assert steps[0].listing.published_ms == T0 + 2 * DAY_MS
    assert steps[-1].listing.quotes == ("KRW", "BTC", "USDT")
    assert {step.listing.episode for step in steps} == {1}


@pytest.mark.parametrize("joins", [NOTICE, IN_LIST])
def test_krw_does_not_inherit_the_past_opening_of_a_btc_market_that_nobody_recorded(joins: SightingKind) -> None:
    steps = steps_of(
        seen(NOTICE, 0, ("BTC", "USDT"), starts=HOUR_MS, opens=MINUTE_MS, told=0),
        seen(joins, 5 * HOUR_MS, told=5 * HOUR_MS, published=5 * HOUR_MS, notice="9"),
    )
    listing = steps[-1].listing
    assert (steps[-1].change, steps[-1].added) == (Change.QUOTES_ADDED, ("KRW",))
    assert (listing.trading_starts_ms, listing.deposit_opens_ms, listing.first_trade_ms) == (None, None, None)
    of_its_own = (T0 + 5 * HOUR_MS, "9") if joins is NOTICE else (None, None)
    assert (listing.published_ms, listing.notice_id) == of_its_own


def test_krw_read_later_in_the_same_notice_keeps_what_that_notice_told() -> None:
    steps = steps_of(seen(NOTICE, 0, ("BTC",), starts=HOUR_MS, told=0), seen(NOTICE, 9, ("KRW", "BTC"), told=8))
    assert steps[-1].listing.trading_starts_ms == T0 + HOUR_MS


def test_btc_added_to_a_coin_that_trades_in_krw_leaves_its_state() -> None:
    step = steps_of(seen(IN_LIST, 0), seen(TRADED, 5), seen(IN_LIST, 9, ("BTC",)))[-1]
    assert (step.change, step.listing.state, step.added) == (Change.QUOTES_ADDED, ListingState.TRADING, ("BTC",))


def test_a_coin_delisted_while_we_did_not_look_and_announced_again_is_a_new_episode() -> None:
    old = steps_of(seen(NOTICE, 0, told=0), seen(TRADED, 50))[-1].listing
    again = seen(NOTICE, 90 * DAY_MS, told=90 * DAY_MS, published=90 * DAY_MS, notice="99")
    assert changes(again, known=old) == [Change.NEW_EPISODE]
    edited = seen(NOTICE, 90 * DAY_MS, told=90 * DAY_MS, published=0)
    assert changes(edited, known=old) == [Change.NONE]


def test_without_a_krw_market_a_listing_rests_a_day_after_its_stated_start() -> None:
    listing = steps_of(seen(NOTICE, 0, ("BTC", "USDT"), starts=HOUR_MS, told=0))[-1].listing
    assert tick(listing, T0 + HOUR_MS + DAY_MS - 1).change is Change.NONE
    assert tick(listing, T0 + HOUR_MS + DAY_MS).change is Change.SETTLED
    in_krw = replace(listing, quotes=("KRW",))
    assert tick(in_krw, T0 + 9 * DAY_MS).change is Change.NONE


def test_a_listing_that_left_settles_once_it_is_gone_for_more_than_a_day() -> None:
    listing = steps_of(seen(NOTICE, 0, told=0), seen(OUT, 100))[-1].listing
    assert tick(listing, T0 + 100 + DAY_MS).change is Change.NONE
    assert tick(listing, T0 + 101 + DAY_MS).listing.state is ListingState.SETTLED


@pytest.mark.parametrize("starts", [None, 3 * HOUR_MS, 20 * DAY_MS])
def test_a_listing_that_never_trades_is_given_up_two_weeks_after_the_last_we_heard(starts: int | None) -> None:
    listing = steps_of(seen(NOTICE, 0, starts=starts, told=0))[-1].listing
    last_ms = T0 + (starts or 0) + GIVEN_UP_AFTER_MS
    assert tick(listing, last_ms).change is Change.NONE
    assert tick(listing, last_ms + 1).change is Change.SETTLED


def test_a_listing_given_up_begins_anew_with_a_start_ahead_or_with_its_market() -> None:
    old = steps_of(seen(NOTICE, 0, told=0), seen(POSTPONED, 9, told=9))[-1].listing
    late = 40 * DAY_MS
    ahead = seen(POSTPONED, late, starts=late + HOUR_MS, told=late)
    assert changes(ahead, seen(IN_LIST, late + 5), known=old) == [Change.NEW_EPISODE, Change.NONE]
    assert changes(seen(IN_LIST, late), known=old) == [Change.NEW_EPISODE]
    assert changes(seen(POSTPONED, late, told=late), known=old) == [Change.NONE]
    assert changes(seen(OUT, late), seen(IN_LIST, late + 5), known=old) == [Change.GONE, Change.RETURNED]


def test_a_notice_written_ahead_is_as_new_as_its_publication() -> None:
    """Bithumb writes notices ahead: their last change may lie before an edit of the notice that they overtake."""
    notice = seen(NOTICE, HOUR_MS, starts=5 * HOUR_MS, told=HOUR_MS)  # edited an hour after its publication
    postponed = seen(POSTPONED, 2 * HOUR_MS, starts=9 * HOUR_MS, told=30 * MINUTE_MS, published=2 * HOUR_MS, notice="8")
    step = steps_of(notice, postponed)[-1]
    assert (step.change, step.listing.trading_starts_ms) == (Change.POSTPONED, T0 + 9 * HOUR_MS)
    cancelled = seen(CANCELLED, 2 * HOUR_MS, told=30 * MINUTE_MS, published=2 * HOUR_MS, notice="8")
    old_page = seen(NOTICE, 2 * HOUR_MS + 1, starts=5 * HOUR_MS, told=HOUR_MS, channel=Channel.UPBIT_ANNOUNCEMENT)
    assert changes(notice, cancelled, old_page)[1:] == [Change.CANCELLED, Change.NONE]


def test_a_cancelling_older_than_the_start_that_stands_cancels_nothing() -> None:
    steps = steps_of(
        seen(NOTICE, 0, starts=HOUR_MS, told=0),
        seen(NOTICE, 60, starts=2 * HOUR_MS, told=50),
        seen(CANCELLED, 61, told=40, channel=Channel.UPBIT_ANNOUNCEMENT),
    )
    assert steps[-1].change is Change.NONE
    assert steps[-1].listing.state is ListingState.ANNOUNCED


KINDS = st.sampled_from([NOTICE, POSTPONED, IN_LIST, DEPOSITS, TRADED])
HOURS = st.integers(1, 8).map(lambda hours: hours * HOUR_MS)


@st.composite
def sightings_of_one_listing(draw: st.DrawFn) -> list[Sighting]:
    """What several channels may show of one listing within a few hours; a version of a notice has one content."""
    versions = draw(st.lists(st.tuples(HOURS, st.none() | HOURS, st.none() | HOURS, st.booleans()), max_size=4))
    unique = {told: (starts, opens, moved) for told, starts, opens, moved in versions}
    found = [
        seen(POSTPONED if moved else NOTICE, told + delay, ("KRW", "BTC"), starts, opens, told)
        for told, (starts, opens, moved) in unique.items()
        for delay in draw(st.lists(st.integers(0, 9), min_size=1, max_size=2))
    ]
    others = draw(st.lists(st.tuples(st.sampled_from([IN_LIST, DEPOSITS, TRADED]), st.integers(0, 9)), max_size=4))
    return [*found, *(seen(kind, at, draw(st.sampled_from([("KRW",), ("KRW", "BTC")]))) for kind, at in others)]


def facts(listing: Listing) -> tuple[object, ...]:
    return (
        *(listing.quotes, listing.state, listing.first_seen_ms, listing.published_ms, listing.trading_starts_ms),
        *(listing.deposit_opens_ms, listing.first_trade_ms, listing.gone_ms, listing.episode, listing.notice_id),
    )


@given(sightings_of_one_listing(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_change_what_is_known(sightings: list[Sighting], rng: object) -> None:
    if not sightings:
        return
    shuffled = list(sightings)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis hands in a random.Random
    assert facts(end_of(sightings)) == facts(end_of(shuffled))


@given(sightings_of_one_listing())
def test_seeing_it_again_is_never_a_second_first_sight_and_changes_nothing(sightings: list[Sighting]) -> None:
    if not sightings:
        return
    told = changes(*sightings, *sightings)
    assert told[0] is Change.FIRST_SIGHT
    assert not [change for change in told[1:] if change in FIRST]
    assert set(changes(*sightings, known=end_of(sightings))) == {Change.NONE}


@given(st.lists(st.tuples(st.sampled_from(SightingKind), st.integers(0, 3 * DAY_MS)), max_size=12))
def test_any_history_keeps_the_row_whole(history: list[tuple[SightingKind, int]]) -> None:
    known: Listing | None = None
    for kind, at_ms in sorted(history, key=lambda each: each[1]):
        step = observe(known, seen(kind, at_ms, told=at_ms, published=at_ms), T0 + at_ms)
        before, known = known, step.listing
        assert known.episode == (before.episode if before else 1) + (step.change is Change.NEW_EPISODE)
        assert (step.change is Change.FIRST_SIGHT) <= (before is None)
        assert known.state is not ListingState.TRADING or known.first_trade_ms is not None
        assert known.state is not ListingState.CANCELLED or known.gone_ms is not None


def end_of(sightings: Sequence[Sighting]) -> Listing:
    return steps_of(*sightings)[-1].listing
