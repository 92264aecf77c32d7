"""Who led, by how much, and how long each step took."""

from msgspec.structs import replace

from ops.commands.latency import Latency, latencies, percentile
from store.tables.listings import ListingRow, SightingRow

T = 1_800_000_000_000


def row(base: str, sights: dict[str, int], published_ms: int | None = T, delivered_after_ms: int = 200) -> ListingRow:
    seen = tuple(SightingRow(channel, "notice", T + after_ms) for channel, after_ms in sights.items())
    traded = SightingRow("upbit:market_list", "traded", T - 9_000)
    first_ms = min(each.seen_ms for each in seen)
    return ListingRow(
        *(1, "upbit", base, 1, "announced", first_ms, next(iter(sights)), published_ms, None, None, None, None),
        *(None, None, None, first_ms + 5, first_ms + 9, first_ms + delivered_after_ms, None, None, None, None, None),
        sightings=(*seen, traded),
    )


def test_the_channel_that_leads_comes_first_with_its_lead_over_the_next() -> None:
    rows = [
        row("NOVA", {"upbit:announcement": 40, "upbit:notices": 4_040}),
        row("STAR", {"upbit:announcement": 60, "upbit:notices": 2_060, "upbit:ticker_all": 9_000}),
        row("MOON", {"upbit:notices": 3_000}),
    ]
    found = {each.step: each for each in latencies(rows)}
    assert list(found) == [
        *("upbit:announcement", "upbit:notices", "upbit:ticker_all"),
        *("alert written", "request sent", "delivered"),
    ]
    assert found["upbit:announcement"] == Latency("upbit", "upbit:announcement", 2, 2, 2_000, 40, 60)
    assert found["upbit:notices"] == Latency("upbit", "upbit:notices", 3, 1, None, 3_000, 4_040)
    assert found["upbit:ticker_all"].first == 0
    assert found["delivered"] == Latency("upbit", "delivered", 3, None, None, 260, 3_200)


def test_what_was_never_published_counts_but_has_no_delay() -> None:
    found = latencies([row("NOVA", {"upbit:market_list": 0}, published_ms=None)])[0]
    assert (found.listings, found.first, found.p50_ms, found.p99_ms) == (1, 1, None, None)


def test_a_coin_that_was_never_told_as_a_listing_does_not_count() -> None:
    gone = replace(row("GONE", {"upbit:market_list": 0}), alerted_ms=None)
    assert latencies([gone]) == []


def test_nothing_listed_is_nothing_to_tell() -> None:
    assert latencies([]) == []


def test_a_percentile_is_one_of_the_values() -> None:
    assert [percentile(list(range(1, 101)), part) for part in (0.5, 0.99, 1.0)] == [50, 99, 100]
    assert percentile([7], 0.5) == 7
