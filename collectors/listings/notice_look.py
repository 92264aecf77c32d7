"""What a page of notices brings: listings, notices that nobody could read, other news of coins under watch. Pure."""

from collections.abc import Collection, Iterable, Sequence

from alerts import listing_alerts
from collectors.events import Channel, Notice, Sighting, SightingKind
from collectors.listings import sightings
from collectors.listings.listing_batch import Batch
from collectors.listings.sightings import understand
from collectors.notices.notice_reading import Reading, newly_unread, other_news_of, too_old


def read(batch: Batch, channel: Channel, seen: Sequence[Notice]) -> None:
    """Understand what is new on the page, oldest first, and keep that the channel shows what is not."""
    versions = batch.memory.versions
    for notice in sorted(seen, key=lambda each: each.published_ms or batch.seen_ms):
        version = versions.next(notice)
        if version is not None:
            batch.read.append(Reading(notice, understand(notice), version, versions.known(notice)))
        else:
            _note_sight(batch, channel, notice)


def judge(
    batch: Batch, channel: Channel, fresh: Iterable[Reading], oldest_ms: int, watch: Collection[str] | None
) -> None:
    """Listings, what nobody could read, and other news; what is older than `oldest_ms` is a line of a digest.

    `watch` are the coins whose other news is told besides those of the listings on their way; None tells none at all.
    """
    missed: list[Notice] = []
    for each in fresh:
        notice, meaning = each.notice, each.meaning
        if newly_unread(each):
            if too_old(notice, oldest_ms):
                missed.append(notice)
            else:
                batch.tell(listing_alerts.of_unread(notice, batch.language, batch.seen_ms))
        batch.memory.note_rename(notice, meaning)
        if watch is not None and not too_old(notice, oldest_ms):
            _judge_other(batch, each, watch)
        for sighting in sightings.of_notice(channel, notice, meaning, batch.seen_ms):
            if not _is_history(batch, notice, sighting, oldest_ms):
                batch.apply(sighting)
            elif too_old(notice, oldest_ms):
                missed.append(notice)  # an edit of what traded before our first look was never ours to tell
    if missed:
        batch.tell(listing_alerts.of_missed(missed, batch.language, batch.seen_ms))


def _note_sight(batch: Batch, channel: Channel, notice: Notice) -> None:
    """A channel shows what another one showed before: no news, but kept, to know who led and by how much."""
    for known in batch.memory.active():
        told_by_it = known.exchange == notice.exchange and known.notice_id == notice.notice_id
        if told_by_it and (known.key, channel) not in batch.memory.sighted:
            seen = Sighting(known.exchange, known.base, (), channel, SightingKind.NOTICE, batch.seen_ms)
            batch.note(seen, known)


def _judge_other(batch: Batch, each: Reading, watch: Collection[str]) -> None:
    """Other news of coins under watch, in the thread of the listing on its way; the same exchange's goes first."""
    active = batch.memory.active()
    on_their_way = {listing.base: listing for listing in active}
    on_their_way |= {listing.base: listing for listing in active if listing.exchange == each.notice.exchange}
    found = other_news_of(each, on_their_way.keys() | watch)
    if found is not None:
        thread = next((on_their_way[coin] for coin in found.coins if coin in on_their_way), None)
        batch.tell(listing_alerts.of_other_news(found, each.notice, batch.language, batch.seen_ms), thread)


def _is_history(batch: Batch, notice: Notice, sighting: Sighting, oldest_ms: int) -> bool:
    """Whether this speaks of a listing that is over: told too long ago, or an edit of what has long traded."""
    known = batch.memory.listing(sighting.exchange, sighting.base)
    if known is None and too_old(notice, oldest_ms):
        return True
    if notice.published_ms is None or notice.published_ms >= oldest_ms:
        return False
    lists, codes = batch.memory.lists, [f"{quote}-{sighting.base}" for quote in sighting.quotes]
    if known is None:
        return any(lists.shows(sighting.exchange, code) for code in codes)
    # A row may know one market of a coin that traded in others before: what it lacks of those is not new.
    is_other = notice.notice_id != known.notice_id
    return is_other and any(lists.showed(sighting.exchange, code, known.first_seen_ms) for code in codes)
