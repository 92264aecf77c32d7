"""Who led, and by how much: publication, each channel's sight, alert, request, delivery, over many listings. Pure."""

import math
from collections.abc import Iterable, Sequence

from msgspec import Struct

from store.tables.listings import ListingRow

SIGHTS = ("notice", "postponed", "cancelled", "in_list", "in_assets")  # a first trade or an opening is no detection


class Latency(Struct, frozen=True):
    """One step from publication to the reader, over the listings of one exchange.

    `step` is a channel, then what follows the first sight. `p50_ms` and `p99_ms` are after publication (negative: seen
    before it), over the listings whose publication is known. `first` counts the listings that this channel showed
    first, `lead_ms` is the median of how far it was then ahead of the next channel, None where no other followed.
    """

    exchange: str
    step: str
    listings: int
    first: int | None
    lead_ms: int | None
    p50_ms: int | None
    p99_ms: int | None


def latencies(rows: Sequence[ListingRow]) -> list[Latency]:
    """By exchange: its channels, the leader of most listings first, then alert written, request sent, delivered.

    Only listings that were told count: coins that left a list or changed their name have a row as well.
    """
    rows = [row for row in rows if row.alerted_ms is not None]
    found: list[Latency] = []
    for exchange in sorted({row.exchange for row in rows}):
        listed = [row for row in rows if row.exchange == exchange]
        channels = sorted({channel for row in listed for channel in _seen(row)})
        found += sorted((_of_channel(exchange, name, listed) for name in channels), key=lambda each: -(each.first or 0))
        for step, field in (
            ("alert written", "alerted_ms"),
            ("request sent", "requested_ms"),
            ("delivered", "delivered_ms"),
        ):
            reached = [(row, getattr(row, field)) for row in listed if getattr(row, field) is not None]
            found.append(_latency(exchange, step, reached, None, None))
    return found


def _of_channel(exchange: str, channel: str, rows: Iterable[ListingRow]) -> Latency:
    seen = [(row, _seen(row)) for row in rows]
    seen = [(row, times) for row, times in seen if channel in times]
    leads: list[int] = []
    first = 0
    for _, times in seen:
        others = [at_ms for name, at_ms in times.items() if name != channel]
        if all(times[channel] < at_ms for at_ms in others):
            first += 1
            leads += [min(others) - times[channel]] if others else []
    return _latency(exchange, channel, [(row, times[channel]) for row, times in seen], first, percentile(leads, 0.5))


def _seen(row: ListingRow) -> dict[str, int]:
    """When each channel first showed anything of the listing."""
    times: dict[str, int] = {}
    for sight in row.sightings:
        if sight.kind in SIGHTS:
            times[sight.channel] = min(sight.seen_ms, times.get(sight.channel, sight.seen_ms))
    return times


def _latency(
    exchange: str, step: str, reached: Sequence[tuple[ListingRow, int]], first: int | None, lead_ms: int | None
) -> Latency:
    delays = [at_ms - row.published_ms for row, at_ms in reached if row.published_ms is not None]
    return Latency(exchange, step, len(reached), first, lead_ms, percentile(delays, 0.5), percentile(delays, 0.99))


def percentile(values: Sequence[int], part: float) -> int | None:
    """The smallest value that at least `part` of all do not exceed; None of nothing."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(part * len(values)) - 1)]
