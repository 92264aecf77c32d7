"""How a sighting becomes state, row and alert: what one look brought, folded together for one transaction. Pure.

A look may show a coin more than once, so each sighting is folded in on top of what the batch already holds, and only
then of memory. Nothing is remembered here before it is committed; `remember` is for after that.
"""

from collections.abc import Iterable

from msgspec import Struct

from alerts import listing_alerts
from alerts.alert import Alert
from alerts.texts.words import Language
from collectors.events import EXCHANGES, Channel, Listing, Sighting, SightingKind, exchange_of
from collectors.listings.listing_life import Change, observe, settled, with_markets
from collectors.listings.listing_memory import OVER, ListingMemory
from collectors.notices.notice_reading import Reading
from store.tables.news import Entry, ReadNotice, Told

HINT_KEEPS_MS = 7 * 86_400_000  # a wallet seen this long before its listing was a sight of it
BEGINS = (Change.FIRST_SIGHT, Change.NEW_EPISODE)


class Applied(Struct, frozen=True):
    """One sighting folded in: the listing before and after it, and what changed."""

    sighting: Sighting
    before: Listing | None
    listing: Listing
    change: Change


class Batch:
    """What one look brought, on its way into one transaction.

    `applied` are sightings, `told` alerts that no sighting makes, `read` versions of notices that are new to us,
    `lists` the new baselines. `blind_since_ms`: since when nobody had looked, where this is the first look of a run.
    """

    def __init__(self, memory: ListingMemory, language: Language, seen_ms: int) -> None:
        self.memory = memory
        self.language: Language = language
        self.seen_ms = seen_ms
        self.blind_since_ms: int | None = None
        self.applied: list[Applied] = []
        self.told: list[Told] = []
        self.read: list[Reading] = []
        self.lists: dict[Channel, frozenset[str]] = {}

    # --- what goes in ------------------------------------------------------------------------------------------------

    def apply(self, sighting: Sighting, *, quiet: bool = False) -> None:
        """Fold `sighting` in, on top of memory and of what this batch already holds; `quiet`: it is no news."""
        coin = (sighting.exchange, sighting.base)
        in_batch = [each.listing for each in self.applied if (each.listing.exchange, each.listing.base) == coin]
        before = in_batch[-1] if in_batch else self.memory.listing(*coin)
        if quiet:
            listing = settled(sighting) if before is None else with_markets(before, sighting)
            self.applied.append(Applied(sighting, before, listing, Change.NONE))
            return
        step = observe(before, sighting, sighting.seen_ms)
        self.applied.append(Applied(sighting, before, step.listing, step.change))
        if step.change in BEGINS:
            self._apply_hint(step.listing)
        if step.change in BEGINS or (step.change is Change.QUOTES_ADDED and step.added[:1] == ("KRW",)):
            self._tell_rival(step.listing)

    def note(self, sighting: Sighting, known: Listing) -> None:
        """Keep that a channel has shown what is known already."""
        self.applied.append(Applied(sighting, known, known, Change.NONE))

    def tell(self, alert: Alert, thread: Listing | None = None) -> None:
        """An alert that no sighting makes; it answers the first sight of `thread`, where there is one."""
        self.told.append(Told(alert, thread))

    def _apply_hint(self, listing: Listing) -> None:
        """The wallet that was seen before its listing was a sight of it."""
        for channel in (Channel.BITHUMB_ASSETS,):
            items = self.memory.lists.items(channel)
            since_ms = items.get(listing.base)
            if exchange_of(channel) != listing.exchange or since_ms is None or since_ms == min(items.values()):
                continue
            if self.seen_ms - since_ms < HINT_KEEPS_MS:
                self.apply(Sighting(listing.exchange, listing.base, (), channel, SightingKind.IN_ASSETS, since_ms))

    def _tell_rival(self, listing: Listing) -> None:
        """The same coin while it is being listed on the other exchange: said in that listing's thread."""
        for exchange in EXCHANGES:
            other = self.memory.listing(exchange, listing.base)
            if exchange != listing.exchange and other is not None and other.state not in OVER:
                self.tell(listing_alerts.of_rival(other, listing, self.language, self.seen_ms), other)

    # --- what comes out ----------------------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """A row a sighting, with the alert that it makes."""
        return [self._entry(each) for each in self.applied]

    def _entry(self, each: Applied) -> Entry:
        """A follow-up that tells of a KRW market is the first sight of a coin that was only ever seen leaving."""
        now_ms, language = self.seen_ms, self.language
        alert = listing_alerts.of_change(each.change, each.before, each.listing, language, now_ms, self.blind_since_ms)
        if_first = None
        added = set(each.listing.quotes) - set(() if each.before is None else each.before.quotes)
        if each.change is Change.QUOTES_ADDED and "KRW" in added:
            if_first = listing_alerts.of_change(Change.FIRST_SIGHT, None, each.listing, language, now_ms)
        return Entry(each.listing, each.sighting, alert, if_first)

    def versions(self) -> list[ReadNotice]:
        """The notices read, with the marks that tell their versions apart."""
        return [
            ReadNotice(each.notice, each.meaning.kind.value, each.version.number, each.version.mark, each.version.body)
            for each in self.read
        ]

    def changed(self) -> list[Applied]:
        """The sightings that were news."""
        return [each for each in self.applied if each.change is not Change.NONE]

    def remember(self, saved: Iterable[Listing]) -> None:
        """All of this is committed: memory follows. `saved` are the rows as they are stored."""
        memory = self.memory
        memory.remember(saved)
        memory.sighted |= {(each.listing.key, each.sighting.channel) for each in self.applied}
        memory.versions.keep({(each.notice.exchange, each.notice.notice_id): each.version for each in self.read})
        for channel, shown in self.lists.items():
            memory.lists.keep(channel, shown, self.seen_ms)
