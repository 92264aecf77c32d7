"""The one transaction in which news becomes listing, sighting, alert and delivery, whichever channel was the first.

Channels race; the book makes one row of what they saw. An alert's row is committed together with the event that caused
it, before anything is sent, so that neither a crash nor a slow network can lose it.

What is remembered: `listing_memory.py`. How a sighting becomes state, row and alert: `listing_batch.py`. What a look
brings: `notice_look.py`, `list_look.py`, `deposit_look.py`.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence, Set

from msgspec.structs import replace

from alerts import listing_alerts
from alerts.texts.words import Language
from collectors.events import Channel, Exchange, Listing, Market, Notice, Sighting, SightingKind, exchange_of
from collectors.exchanges.bithumb_rest import Wallet
from collectors.listings import deposit_look, list_look, notice_look
from collectors.listings.deposit_look import DepositLooks
from collectors.listings.listing_batch import Batch
from collectors.listings.listing_memory import ListingMemory
from collectors.listings.market_monitor import News
from collectors.notices.notice_parser import ParsedNotice
from collectors.notices.notice_reading import without_body
from config.clock import Clock
from config.units import HOUR_MS
from store.tables import listings, news
from store.tables.deliveries import Delivery
from store.tables.news import Commits, Recorded

log = logging.getLogger(__name__)
STAMP_SLACK_MS = 3_000  # notices are stamped in whole seconds, by a clock that may run a little behind ours
NO_NAMES: Mapping[Market, str] = {}
LEAP_MS = HOUR_MS  # a clock that moves by more than this at once may be wrong …
LEAP_HELD_S = 3_600.0  # … and ends no listing before it has stood so for as long


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
        self._deposits = DepositLooks()
        self._silent_until_ms = clock.now_ms()
        self._ahead_ms = clock.now_ms() - round(clock.monotonic() * 1000)  # the wall clock of the other one
        self._believed_s = clock.monotonic()

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
        self._deposits.blind_since_ms = blind_since_ms

    def active(self) -> list[Listing]:
        """Listings that are still news: neither settled nor cancelled."""
        return self._memory.active()

    def opens_soon(self, exchange: Exchange, now_ms: int) -> bool:
        """Whether a coin of the exchange is to open within ten minutes, or should have and has not traded yet."""
        return self._memory.opens_soon(exchange, now_ms)

    # --- what channels show ------------------------------------------------------------------------------------------

    async def see_notices(self, channel: Channel, seen: Sequence[Notice], seen_ms: int) -> News:
        """Take a page of notices in; what is new since the last look is judged, oldest first."""
        async with self._lock:
            batch = self._batch(seen_ms)
            notice_look.read(batch, channel, seen)
            fresh = batch.read
            if not self._memory.lists.begun(channel):
                batch.lists[channel] = frozenset()
                fresh = [each for each in batch.read if (each.notice.published_ms or 0) > self._silent_until_ms]
                log.info("%s begins with %d notices that are not news", channel.value, len(seen) - len(fresh))
            notice_look.judge(batch, channel, fresh, seen_ms - self._catch_up_max_ms, self._watch)
            brought = await self._commit(batch) if batch.read or batch.lists or batch.applied else News()
            for each in fresh:
                if each.meaning.is_listing:
                    self._on_listing_notice(each.notice.exchange, each.meaning)
            want_body = tuple(without_body(seen, self._memory.versions, self.active()))
            return replace(brought, items=len(fresh), want_body=want_body)

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
            lists = self._memory.lists
            batch = self._batch(seen_ms)
            batch.lists[channel] = shown = frozenset(market.code for market in markets)
            if not lists.begun(channel):
                await self._commit(batch)
                lists.read(channel, seen_ms, names)
                log.info("%s begins with %d markets that are not news", channel.value, len(shown))
                return News()
            known = self._memory.bases(exchange_of(channel))
            found = lists.change(channel, markets, self._mass_change, known, confirmed, names, seen_ms)
            if found.doubtful or found.undecided:
                return News(doubtful=found.doubtful)
            lists.read(channel, seen_ms, names)
            brought = News()
            if shown != lists.items(channel).keys() or found.left:
                list_look.judge(batch, channel, found)
                brought = await self._commit(batch)
            lists.lacks(channel, found.lacking)
            return replace(brought, items=len(found.joined))

    async def see_assets(self, channel: Channel, wallets: Sequence[Wallet], seen_ms: int) -> News:
        """Deposit and withdrawal states: hints of listings, and the opening of deposits of coins on their way."""
        async with self._lock:
            batch = self._batch(seen_ms)
            coins = {wallet.base for wallet in wallets}
            if no_news := deposit_look.hint(batch, channel, coins, self._mass_change):
                log.info("%s shows %d coins for the first time; none of them is news", channel.value, no_news)
            closed = self._deposits.page(batch, channel, wallets)
            found = await self._commit(batch) if batch.lists or batch.applied else News()
            await self._keep_closed(exchange_of(channel), closed, seen_ms)
            return found

    async def see_deposits(self, exchange: Exchange, base: str, are_open: bool, seen_ms: int) -> News:
        """Deposits of one coin, where no page shows those of all: their opening is told if they were seen closed."""
        async with self._lock:
            batch = self._batch(seen_ms)
            closed = self._deposits.coin(batch, exchange, base, are_open)
            found = await self._commit(batch) if batch.applied else News()
            await self._keep_closed(exchange, closed, seen_ms)
            return found

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
            now_ms = self._clock.now_ms()
            moved = self._memory.moved_by(now_ms) if self._is_believed(now_ms) else []
            self._memory.forget_sights()
            if moved:
                saved = await self._lifeline.commit(lambda db: [listings.save(db, each) for each in moved])
                self._memory.remember(moved if saved is None else saved)
            return tuple(moved)

    def _is_believed(self, now_ms: int) -> bool:
        """Whether the clock may end a listing: one that leaps ahead for a minute would end all of them."""
        now_s = self._clock.monotonic()
        ahead_ms = now_ms - round(now_s * 1000)
        if abs(ahead_ms - self._ahead_ms) > LEAP_MS:
            self._believed_s = now_s + LEAP_HELD_S
        self._ahead_ms = ahead_ms
        return now_s >= self._believed_s

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

    async def _keep_closed(self, exchange: Exchange, bases: Iterable[str], seen_ms: int) -> None:
        """Keep that deposits of these were closed, once each, for the next start to know that they opened."""
        known = (self._memory.listing(exchange, base) for base in bases)
        fresh = [replace(each, deposit_closed_ms=seen_ms) for each in known if each and each.deposit_closed_ms is None]
        if fresh:
            await self._lifeline.commit(lambda db: [listings.save(db, each) for each in fresh])
            self._memory.remember(fresh)
