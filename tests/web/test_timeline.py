"""What happened to a listing, in order."""

from msgspec.structs import replace

from store.readings.listing_page import AlertRow, DecisionRow
from store.tables.listings import MarketRow, SightingRow
from tests.web.test_now import ROW
from web.timeline import MOMENTS_MAX, timeline


def decision(made_ms: int, verdict: str) -> DecisionRow:
    return DecisionRow(made_ms, made_ms, "open", verdict, 40, None, None, None, None, (), ())


def test_only_a_verdict_that_changed_is_a_moment() -> None:
    made = [decision(4, "NO_GO"), decision(3, "GO"), decision(2, "GO"), decision(1, "NO_GO")]
    assert [(each.at_ms, each.what) for each in timeline(ROW, [], made, [], 9)] == [
        (1, "NO_GO"),
        (2, "GO"),
        (4, "NO_GO"),
    ]


def test_what_lies_ahead_is_marked_and_the_exchanges_times_are_theirs() -> None:
    listing = replace(ROW, published_ms=5, trading_starts_ms=50, markets=(MarketRow("KRW", 50, 51),))
    moments = {each.kind: each for each in timeline(listing, [], [], [], now_ms=20)}
    assert (moments["published"].theirs, moments["published"].ahead) == (True, False)
    assert (moments["trading"].theirs, moments["trading"].ahead) == (True, True)
    assert moments["first_trade"].what == "KRW"


def test_the_first_alert_is_told_by_its_way_and_others_by_their_first_line() -> None:
    listing = replace(ROW, alerted_ms=10, requested_ms=11, delivered_ms=12)
    first = AlertRow(1, "k", "first_sight", 40, 1, 10, "one\ntwo", 11, 12, 1, 0, 0)
    later = replace(first, id=2, kind="follow_up", created_ms=20)
    told = timeline(listing, [], [], [later, first], 30)
    assert [(each.kind, each.detail) for each in told] == [
        ("alert_written", ""),
        ("alert_requested", ""),
        ("alert_delivered", ""),
        ("alert", "one"),
    ]


def test_a_listing_with_endless_sights_is_cut_to_the_newest() -> None:
    sightings = tuple(SightingRow(f"channel {at}", "notice", at) for at in range(MOMENTS_MAX + 50))
    told = timeline(replace(ROW, sightings=sightings), [], [], [], 0)
    assert (len(told), told[-1].at_ms) == (MOMENTS_MAX, MOMENTS_MAX + 49)
