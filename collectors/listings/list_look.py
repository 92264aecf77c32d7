"""What a change of a market list brings: markets that joined or left, and coins that only changed their name. Pure.

Whether the change is believed at all is decided in `market_lists.py`.
"""

from collections.abc import Iterator

from alerts import listing_alerts
from collectors.events import Channel, SightingKind, exchange_of
from collectors.listings import sightings
from collectors.listings.listing_batch import Batch
from collectors.listings.listing_memory import OVER
from collectors.listings.market_lists import ListChange, Renamed


def judge(batch: Batch, channel: Channel, found: ListChange) -> None:
    """What joined and left, coin by coin; what other lists have shown all along becomes a row and no news."""
    renamed = {each.new for each in _renamed(batch, channel, found)}
    for sighting in sightings.of_list(channel, found.joined, found.left, batch.seen_ms):
        has_left = sighting.kind is SightingKind.OUT_OF_LIST
        # What remains in other markets gets a row at rest, or one market more: that one's return is no news.
        batch.apply(sighting, quiet=sighting.base in (found.remaining if has_left else renamed))
    for sighting in sightings.of_list(channel, found.known_elsewhere, (), batch.seen_ms):
        batch.apply(sighting, quiet=True)


def _renamed(batch: Batch, channel: Channel, change: ListChange) -> Iterator[Renamed]:
    """Renames among the markets that joined: seen in this look, or told by a notice before. Each is told once."""
    memory, exchange = batch.memory, exchange_of(channel)
    found = {each.new: each for each in change.renamed}
    for market in sorted(change.joined):
        if old := memory.old_name(exchange, market.base, batch.seen_ms):
            found.setdefault(market.base, Renamed(old, market.base, (market.quote,)))
    for each in found.values():
        if memory.listing(exchange, each.new) is None:
            thread = memory.listing(exchange, each.old)
            live = thread is not None and thread.state not in OVER
            alert = listing_alerts.of_rename(exchange, each, live, batch.language, batch.seen_ms)
            batch.tell(alert, thread if live else None)
        memory.renamed(exchange, each.old, each.new, batch.seen_ms)
        yield each
