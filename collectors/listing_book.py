"""What is known of listings, and the one transaction in which news becomes listing, sighting, alert and delivery.

Channels race; the book makes one row of what they saw. An alert's row is committed together with the event that caused
it, before anything is sent, so that neither a crash nor a slow network can lose it.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set

from msgspec.structs import replace

from alerts import listing_alerts
from alerts.words import Language
from collectors import sightings
from collectors.bithumb_rest import Wallet
from collectors.events import (
    Channel,
    Exchange,
    Listing,
    ListingState,
    Market,
    Notice,
    Sighting,
    SightingKind,
    exchange_of,
)
from collectors.listing_batch import Batch
from collectors.listing_memory import OVER, ListingMemory
from collectors.market_lists import Renamed
from collectors.market_monitor import News
from collectors.notice_parser import ParsedNotice
from collectors.notice_reading import Reading, other_news_of, too_old, without_body
from collectors.sightings import understand
from config.clock import Clock
from store import listings, news
from store.deliveries import Delivery
from store.news import Commits, Recorded

log = logging.getLogger(__name__)
HOUR_MS = 3_600_000
STAMP_SLACK_MS = 3_000  # notices are stamped in whole seconds, by a clock that may run a little behind ours
NO_NAMES: Mapping[Market, str] = {}


class ListingBook:
    """Memory and tables of all listings. One change at a time; memory follows the commit while the disk takes writes.

    `targets` are where alerts go; `on_alerts` is told after each commit that made alerts, with the first sights that
    may leave at once. `watch` are coins whose other news is told besides those of the listings on their way; None tells
    no other news at all. `on_listing_notice` hears what each new version of a listing's notice says.
    """

    def __init__(
        self,
        lifeline: Commits,
        clock: Clock,
        language: Language,
        targets: Sequence[str],
        catch_up_max_h: float,
        mass_change: int,
        on_alerts: Callable[[Sequence[Delivery]], None],
        watch: Collection[str] | None = (),
        on_listing_notice: Callable[[Exchange, ParsedNotice], None] = lambda exchange, meaning: None,  # noqa: ARG005 - nobody has to care
    ) -> None:
        self._lifeline = lifeline
        self._clock = clock
        self._language: Language = language
        self._targets = tuple(targets)
        self.change(catch_up_max_h, mass_change, watch)
        self._on_alerts = on_alerts
        self._on_listing_notice = on_listing_notice
        self._lock = asyncio.Lock()
        self._memory = ListingMemory()
        self._silent_until_ms = clock.now_ms()
        self._deposits_open: frozenset[str] | None = None
        self._seen_closed: set[str] = set()  # listings whose deposits were seen closed since the start, by key
        self._blind_since_ms: int | None = None

    def change(self, catch_up_max_h: float, mass_change: int, watch: Collection[str] | None) -> None:
        """Hold to these from the next look on. `watch` None: other news is not told at all."""
        self._catch_up_max_ms = int(catch_up_max_h * HOUR_MS)
        self._mass_change = mass_change
        self._watch = None if watch is None else frozenset(watch)

    async def load(self, silent_until_ms: int | None = None, blind_since_ms: int | None = None) -> None:
        """Take up what an earlier run knew; the first look of a channel nobody has read yet is a silent baseline.

        What was published after `silent_until_ms` (now, unless an earlier run is known to have reached that time), or
        a moment before it, is news all the same. `blind_since_ms` is when an earlier run last looked.
        """
        self._memory.take_up(*await self._lifeline.run(news.load))
        until_ms = self._clock.now_ms() if silent_until_ms is None else silent_until_ms
        self._silent_until_ms = until_ms - STAMP_SLACK_MS
        self._blind_since_ms = blind_since_ms

    def active(self) -> list[Listing]:
        """Listings that are still news: neither settled nor cancelled."""
        return self._memory.active()

    def opens_soon(self, exchange: Exchange, now_ms: int) -> bool:
        """Whether a coin of the exchange is to open within ten minutes, or should have and has not traded yet."""
        return self._memory.opens_soon(exchange, now_ms)

    # --- notices -----------------------------------------------------------------------------------------------------

    async def see_notices(self, channel: Channel, seen: Sequence[Notice], seen_ms: int) -> News:
        """Take a page of notices in; what is new since the last look is judged, oldest first."""
        async with self._lock:
            batch = self._batch(seen_ms)
            for notice in sorted(seen, key=lambda each: each.published_ms or seen_ms):
                version = self._memory.versions.next(notice)
                if version is not None:
                    batch.read.append(Reading(notice, understand(notice), version, self._memory.versions.known(notice)))
                else:
                    self._note_sight(batch, channel, notice)
            fresh = batch.read
            if not self._memory.lists.begun(channel):
                batch.lists[channel] = frozenset()
                fresh = [each for each in batch.read if (each.notice.published_ms or 0) > self._silent_until_ms]
                log.info("%s begins with %d notices that are not news", channel.value, len(seen) - len(fresh))
            self._judge(batch, channel, fresh)
            brought = await self._commit(batch) if batch.read or batch.lists or batch.applied else News()
            for each in fresh:
                if each.meaning.is_listing:
                    self._on_listing_notice(each.notice.exchange, each.meaning)
            return replace(
                brought, items=len(fresh), want_body=tuple(without_body(seen, self._memory.versions, self.active()))
            )

    def _judge(self, batch: Batch, channel: Channel, fresh: Iterable[Reading]) -> None:
        """Listings, what nobody could read, and other news of coins under watch."""
        missed: list[Notice] = []
        for each in fresh:
            notice, meaning = each.notice, each.meaning
            if meaning.unread and each.before is None:
                if too_old(notice, batch.seen_ms - self._catch_up_max_ms):
                    missed.append(notice)
                else:
                    batch.tell(listing_alerts.of_unread(notice, self._language, batch.seen_ms))
            self._memory.note_rename(notice, meaning)
            self._judge_other(batch, each)
            for sighting in sightings.of_notice(channel, notice, meaning, batch.seen_ms):
                if not self._is_history(notice, sighting):
                    batch.apply(sighting)
                elif too_old(notice, batch.seen_ms - self._catch_up_max_ms):
                    missed.append(notice)  # an edit of what traded before our first look was never ours to tell
        if missed:
            batch.tell(listing_alerts.of_missed(missed, self._language, batch.seen_ms))

    def _note_sight(self, batch: Batch, channel: Channel, notice: Notice) -> None:
        """A channel shows what another one showed before: no news, but kept, to know who led and by how much."""
        for known in self.active():
            told_by_it = known.exchange == notice.exchange and known.notice_id == notice.notice_id
            if told_by_it and (known.key, channel) not in self._memory.sighted:
                seen = Sighting(known.exchange, known.base, (), channel, SightingKind.NOTICE, batch.seen_ms)
                batch.note(seen, known)

    def _judge_other(self, batch: Batch, each: Reading) -> None:
        """Other news of coins under watch, in the thread of the listing on its way; the same exchange's goes first."""
        if self._watch is None or too_old(each.notice, batch.seen_ms - self._catch_up_max_ms):
            return
        under_watch = {listing.base: listing for listing in self.active()}
        under_watch |= {listing.base: listing for listing in self.active() if listing.exchange == each.notice.exchange}
        found = other_news_of(each, self._watch | under_watch.keys())
        if found is not None:
            alert = listing_alerts.of_other_news(found, each.notice, self._language, batch.seen_ms)
            thread = next((under_watch[coin] for coin in found.coins if coin in under_watch), None)
            batch.tell(alert, thread)

    def _is_history(self, notice: Notice, sighting: Sighting) -> bool:
        """Whether this speaks of a listing that is over: told too long ago, or an edit of what has long traded."""
        if self._memory.listing(sighting.exchange, sighting.base) is not None:
            return False
        oldest_ms = sighting.seen_ms - self._catch_up_max_ms
        if too_old(notice, oldest_ms):
            return True
        trades = any(
            self._memory.lists.shows(sighting.exchange, f"{quote}-{sighting.base}") for quote in sighting.quotes
        )
        return trades and notice.published_ms is not None and notice.published_ms < oldest_ms

    # --- lists -------------------------------------------------------------------------------------------------------

    async def see_markets(
        self,
        channel: Channel,
        markets: Set[Market],
        seen_ms: int,
        confirmed: Set[Market] | None = None,
        names: Mapping[Market, str] = NO_NAMES,
    ) -> News:
        """Compare a list with the last one. A change too large to believe is `doubtful` until `confirmed` bears it out.

        `confirmed`: those of the doubtful markets that a second page shows. Added ones must be there, removed ones not.
        `names`: what the list calls its coins, where it does.
        """
        async with self._lock:
            shown = frozenset(market.code for market in markets)
            if not self._memory.lists.begun(channel):
                batch = self._batch(seen_ms)
                batch.lists[channel] = shown
                await self._commit(batch)
                self._memory.lists.read(channel, seen_ms, names)
                log.info("%s begins with %d markets that are not news", channel.value, len(shown))
                return News()
            exchange = exchange_of(channel)
            known = self._memory.bases(exchange)
            found = self._memory.lists.change(channel, markets, self._mass_change, known, confirmed, names, seen_ms)
            if found.doubtful or found.undecided:
                return News(doubtful=found.doubtful)
            self._memory.lists.read(channel, seen_ms, names)
            if shown == self._memory.lists.items(channel).keys():
                return News()
            batch = self._batch(seen_ms)
            batch.lists[channel] = shown
            renamed = {each.new for each in self._renamed_in(batch, channel, found.renamed, found.joined)}
            for sighting in sightings.of_list(channel, found.joined, found.left, seen_ms):
                has_left = sighting.kind is SightingKind.OUT_OF_LIST
                if has_left and sighting.base in found.remaining:
                    self._note_lost_market(batch, sighting)
                else:
                    batch.apply(sighting, quiet=not has_left and sighting.base in renamed)
            for sighting in sightings.of_list(channel, found.known_elsewhere, (), seen_ms):
                batch.apply(sighting, quiet=True)
            brought = await self._commit(batch)
            return replace(brought, items=len(found.joined))

    def _note_lost_market(self, batch: Batch, sighting: Sighting) -> None:
        """A coin that lost a market and has others: a row at rest, so that the market's return is no listing."""
        if self._memory.listing(sighting.exchange, sighting.base) is None:
            batch.apply(sighting, quiet=True)

    def _renamed_in(
        self, batch: Batch, channel: Channel, by_look: Iterable[Renamed], joined: Iterable[Market]
    ) -> Iterator[Renamed]:
        """Renames among the markets that joined: seen in this look, or told by a notice before. Each is told once."""
        exchange = exchange_of(channel)
        found = {each.new: each for each in by_look}
        for market in sorted(joined):
            if old := self._memory.old_name(exchange, market.base, batch.seen_ms):
                found.setdefault(market.base, Renamed(old, market.base, (market.quote,)))
        for each in found.values():
            if self._memory.listing(exchange, each.new) is None:
                thread = self._memory.listing(exchange, each.old)
                live = thread is not None and thread.state not in OVER
                alert = listing_alerts.of_rename(exchange, each, live, self._language, batch.seen_ms)
                batch.tell(alert, thread if live else None)
            self._memory.renamed(exchange, each.old, each.new, batch.seen_ms)
            yield each

    async def see_assets(self, channel: Channel, wallets: Sequence[Wallet], seen_ms: int) -> News:
        """Deposit and withdrawal states. A coin new to the page is a hint, never a listing by itself.

        What else brings a new coin here: a token swap, an airdrop, a coin that is only held for its owners, a network
        added under another name. So it makes no row; it is told once, as a hint, and counts as the first sight when
        another channel shows the listing. The opening of deposits is told of coins that are being listed; also when it
        fell into a time when nobody looked, if they were seen closed before.
        """
        async with self._lock:
            exchange = exchange_of(channel)
            coins = frozenset(wallet.base for wallet in wallets)
            opened = frozenset(wallet.base for wallet in wallets if wallet.deposit_open)
            before, self._deposits_open = self._deposits_open, opened
            batch = self._batch(seen_ms)
            batch.blind_since_ms = self._blind_since_ms if before is None else None
            known = frozenset(self._memory.lists.items(channel))
            new = coins - known
            if new or not self._memory.lists.begun(channel):
                batch.lists[channel] = known | coins  # never taken away: a row that flickers is no new coin
            if self._memory.lists.begun(channel) and len(new) <= self._mass_change:
                for base in sorted(new):
                    self._hint(batch, channel, base)
            elif new:
                log.info("%s shows %d coins for the first time; none of them is news", channel.value, len(new))
            waiting = [
                listing
                for base in sorted(coins)
                if (listing := self._memory.listing(exchange, base)) is not None
                and listing.state in (ListingState.ANNOUNCED, ListingState.POSTPONED)
            ]
            for listing in waiting:
                was_closed = listing.deposit_closed_ms is not None if before is None else listing.base not in before
                if listing.base in opened and was_closed:
                    kind = SightingKind.DEPOSITS_OPEN
                    batch.apply(Sighting(exchange, listing.base, (), channel, kind, seen_ms))
            found = await self._commit(batch) if batch.lists or batch.applied else News()
            await self._keep_closed(exchange, (each.base for each in waiting if each.base not in opened), seen_ms)
            return found

    async def see_deposits(self, exchange: Exchange, base: str, are_open: bool, seen_ms: int) -> News:
        """Deposits of one coin, where no page shows those of all: their opening is told if they were seen closed."""
        async with self._lock:
            known = self._memory.listing(exchange, base)
            if known is None or known.state not in (ListingState.ANNOUNCED, ListingState.POSTPONED):
                return News()
            if not are_open:
                self._seen_closed.add(known.key)
                await self._keep_closed(exchange, [base], seen_ms)
                return News()
            if known.deposit_closed_ms is None:
                return News()
            batch = self._batch(seen_ms)
            batch.blind_since_ms = None if known.key in self._seen_closed else self._blind_since_ms
            channel, kind = Channel(f"{exchange}:market_list"), SightingKind.DEPOSITS_OPEN
            batch.apply(Sighting(exchange, base, (), channel, kind, seen_ms))
            self._seen_closed.discard(known.key)
            return await self._commit(batch)

    async def _keep_closed(self, exchange: Exchange, bases: Iterable[str], seen_ms: int) -> None:
        """Keep that these were closed, once each, for the next start to know that they opened."""
        known = (self._memory.listing(exchange, base) for base in bases)
        fresh = [replace(each, deposit_closed_ms=seen_ms) for each in known if each and each.deposit_closed_ms is None]
        if fresh:
            await self._lifeline.commit(lambda db: [listings.save(db, each) for each in fresh])
            self._memory.remember(fresh)

    def _hint(self, batch: Batch, channel: Channel, base: str) -> None:
        exchange = exchange_of(channel)
        listing = self._memory.listing(exchange, base)
        if listing is not None:
            batch.apply(Sighting(exchange, base, (), channel, SightingKind.IN_ASSETS, batch.seen_ms))
        elif not self._memory.lists.shows_coin(exchange, base):
            batch.tell(listing_alerts.of_new_wallet(exchange, base, self._language, batch.seen_ms))

    # --- trades and time ---------------------------------------------------------------------------------------------

    async def see_trade(self, market: Market, traded_ms: int, seen_ms: int) -> News:
        """The first trade of a coin under watch: it is open, whatever any list or notice says."""
        async with self._lock:
            known = self._memory.listing(market.exchange, market.base)
            if known is None or known.first_trade_ms is not None:
                return News()
            batch = self._batch(seen_ms)
            batch.apply(
                Sighting(
                    exchange=market.exchange,
                    base=market.base,
                    quotes=(market.quote,),
                    channel=Channel(f"{market.exchange}:market_list"),
                    kind=SightingKind.TRADED,
                    seen_ms=seen_ms,
                    trading_starts_ms=traded_ms,
                ),
            )
            return await self._commit(batch)

    async def tick(self) -> tuple[Listing, ...]:
        """What time alone changes: a listing settles 24 h after its first trade. Gives those that did."""
        async with self._lock:
            moved = self._memory.moved_by(self._clock.now_ms())
            self._memory.forget_sights()
            if moved:
                saved = await self._lifeline.commit(lambda db: [listings.save(db, each) for each in moved])
                self._memory.remember(moved if saved is None else saved)
            return tuple(moved)

    # --- one transaction ---------------------------------------------------------------------------------------------

    def _batch(self, seen_ms: int) -> Batch:
        return Batch(self._memory, self._language, seen_ms)

    async def _commit(self, batch: Batch) -> News:
        """Everything in one transaction; then memory, then the world.

        While the database takes no writes, memory goes ahead, and what cannot wait leaves from there.
        """
        entries, versions = batch.entries(), batch.versions()
        alerts = [each for each in (*(entry.alert for entry in entries), *(told.alert for told in batch.told)) if each]
        recorded = await self._lifeline.commit(
            lambda db: news.record(db, entries, batch.told, versions, batch.lists, self._targets, batch.seen_ms),
            [alert for alert in alerts if listing_alerts.cannot_wait(alert)],
            self._stored_late,
        )
        saved = tuple(entry.listing for entry in entries) if recorded is None else recorded.saved
        batch.remember(saved)
        if alerts and recorded is not None:
            self._on_alerts(recorded.leaving)
        changed = batch.changed()
        for each in changed:
            log.info("%s: %s, seen by %s", each.listing.key, each.change.value, each.sighting.channel.value)
        keys = {each.listing.key for each in changed}
        return News(listings=tuple({each.key: each for each in saved if each.key in keys}.values()))

    def _stored_late(self, recorded: Recorded | None) -> None:
        """The disk takes writes again: what went on in memory meanwhile gets its id. None: it could not be stored."""
        if recorded is not None:
            self._memory.number(recorded.saved)
        self._on_alerts(())
