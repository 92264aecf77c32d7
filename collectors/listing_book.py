"""What is known of listings, and the one transaction in which news becomes listing, sighting, alert and delivery.

Channels race; the book makes one row of what they saw. An alert's row is committed together with the event that caused
it, before anything is sent, so that neither a crash nor a slow network can lose it.
"""

import asyncio
import hashlib
import logging
import sqlite3
from collections.abc import Callable, Iterable, Sequence, Set
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from alerts import listing_alerts
from alerts.alert import Alert, AlertKind
from alerts.words import Language
from collectors import sightings
from collectors.events import Channel, Exchange, Listing, ListingState, Market, Notice, Sighting, SightingKind
from collectors.listing_diff import diff
from collectors.listing_life import Change, observe, tick
from collectors.market_monitor import News
from collectors.notice_parser import ParsedNotice
from collectors.sightings import exchange_of, understand
from config.clock import Clock
from store import baselines, deliveries, listings, notices
from store.deliveries import Delivery

log = logging.getLogger(__name__)
T = TypeVar("T")
HOUR_MS = 3_600_000
OVER = (ListingState.SETTLED, ListingState.CANCELLED)


class Writer(Protocol):
    """The single writer: the result is given after its commit."""

    async def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False) -> T: ...


class Version(Struct, frozen=True):
    """The newest version of a notice that we hold.

    `mark` tells versions apart (title and time of the edit); `body` is the hash of its text, None while we have none.
    """

    number: int
    mark: str
    body: str | None


class _Applied(Struct, frozen=True):
    """One sighting folded in: the listing before and after it, and what changed."""

    sighting: Sighting
    before: Listing | None
    listing: Listing
    change: Change


class _Batch(Struct):
    """What one look brought, on its way into one transaction."""

    seen_ms: int
    applied: list[_Applied] = []
    alerts: list[Alert] = []
    versions: list[tuple[Notice, ParsedNotice, Version]] = []
    lists: dict[Channel, frozenset[str]] = {}


class ListingBook:
    """Memory and tables of all listings. One change at a time; memory follows the commit, never leads it.

    `targets` are where alerts go; `on_alerts` is told after each commit that made alerts, with the
    first sights that may leave at once.
    """

    def __init__(
        self,
        writer: Writer,
        clock: Clock,
        language: Language,
        targets: Sequence[str],
        catch_up_max_h: float,
        mass_change: int,
        on_alerts: Callable[[Sequence[Delivery]], None],
    ) -> None:
        self._writer = writer
        self._clock = clock
        self._language: Language = language
        self._targets = tuple(targets)
        self._catch_up_max_ms = int(catch_up_max_h * HOUR_MS)
        self._mass_change = mass_change
        self._on_alerts = on_alerts
        self._lock = asyncio.Lock()
        self._listings: dict[tuple[Exchange, str], Listing] = {}
        self._notices: dict[tuple[Exchange, str], Version] = {}
        self._lists: dict[Channel, frozenset[str]] = {}  # a channel without an entry has never been read

    async def load(self) -> None:
        """Take up what an earlier run knew; the first look of a channel nobody has read yet is a silent baseline."""

        known, newest, lists = await self._writer.run(_load)
        self._remember(known)
        self._notices = {(row.exchange, row.notice_id): Version(row.version, row.mark, row.body_hash) for row in newest}
        self._lists = lists

    def active(self) -> list[Listing]:
        """Listings that are still news: neither settled nor cancelled."""
        return [each for each in self._listings.values() if each.state not in OVER]

    async def see_notices(self, channel: Channel, seen: Sequence[Notice], seen_ms: int) -> News:
        """Take a page of notices in; what is new since the last look is judged, oldest first."""
        async with self._lock:
            batch = _Batch(seen_ms)
            for notice in sorted(seen, key=lambda each: each.published_ms or seen_ms):
                version = self._next_version(notice)
                if version is not None:
                    batch.versions.append((notice, understand(notice), version))
            if channel not in self._lists:
                batch.lists[channel] = frozenset()
                await self._commit(batch)
                log.info("%s begins with %d notices that are not news", channel.value, len(seen))
                return News()
            if not batch.versions:
                return News()
            missed: list[Notice] = []
            for notice, meaning, version in batch.versions:
                if meaning.unread and version.number == 1 and version.body is None:
                    batch.alerts.append(listing_alerts.of_unread(notice, self._language, seen_ms))
                for sighting in sightings.of_notice(channel, notice, meaning, seen_ms):
                    if self._is_history(notice, sighting):
                        missed.append(notice)
                    else:
                        self._apply(batch, sighting)
            if missed:
                batch.alerts.append(listing_alerts.of_missed(missed, self._language, seen_ms))
            news = await self._commit(batch)
            bodies = [notice for notice, meaning, _ in batch.versions if notice.body is None and meaning.is_listing]
            return replace(news, want_body=tuple(bodies))

    async def see_markets(
        self, channel: Channel, markets: Set[Market], seen_ms: int, confirmed: Set[Market] | None = None
    ) -> News:
        """Compare a list with the last one. A change too large to believe is `doubtful` until `confirmed` bears it out.

        `confirmed`: those of the doubtful markets that a second page shows. Added ones must be there, removed ones not.
        """
        async with self._lock:
            codes = {market.code: market for market in markets}
            before = self._lists.get(channel)
            if before is None:
                await self._commit(_Batch(seen_ms, lists={channel: frozenset(codes)}))
                log.info("%s begins with %d markets that are not news", channel.value, len(codes))
                return News()
            found = diff(before, codes.keys(), self._mass_change)
            added = frozenset(codes[code] for code in found.added)
            removed = frozenset(_market(exchange_of(channel), code) for code in found.removed)
            if found.suspicious and (confirmed is None or not added <= confirmed or removed & confirmed):
                return News(doubtful=added | removed)
            if not (added or removed):
                return News()
            batch = _Batch(seen_ms, lists={channel: frozenset(codes)})
            for sighting in sightings.of_list(channel, added, removed, seen_ms):
                if sighting.kind is SightingKind.IN_LIST or (sighting.exchange, sighting.base) in self._listings:
                    self._apply(batch, sighting)
            return await self._commit(batch)

    async def see_trade(self, market: Market, traded_ms: int, seen_ms: int) -> News:
        """The first trade of a coin under watch: it is open, whatever any list or notice says."""
        async with self._lock:
            known = self._listings.get((market.exchange, market.base))
            if known is None or known.first_trade_ms is not None:
                return News()
            batch = _Batch(seen_ms)
            self._apply(
                batch,
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

    async def tick(self) -> None:
        """What time alone changes: a listing settles 24 h after its first trade."""
        async with self._lock:
            steps = (tick(known, self._clock.now_ms()) for known in self._listings.values())
            moved = [step.listing for step in steps if step.change is not Change.NONE]
            if moved:
                saved = await self._writer.run(lambda db: [listings.save(db, each) for each in moved])
                self._remember(saved)

    def _next_version(self, notice: Notice) -> Version | None:
        """The version that this text would be; None where we hold it already, or hold more of it."""
        known = self._notices.get((notice.exchange, notice.notice_id))
        mark = _hash(f"{notice.edited_ms}\0{notice.title}")
        body = None if notice.body is None else _hash(notice.body)
        if known is None:
            return Version(1, mark, body)
        if known.mark != mark:
            return Version(known.number + 1, mark, body)
        if body is None or body == known.body:
            return None
        return Version(known.number + (known.body is not None), mark, body)

    def _is_history(self, notice: Notice, sighting: Sighting) -> bool:
        """Whether this speaks of a listing that is over: told too long ago, or an edit of what has long traded."""
        if (sighting.exchange, sighting.base) in self._listings:
            return False
        oldest_ms = sighting.seen_ms - self._catch_up_max_ms
        told = [at_ms for at_ms in (notice.published_ms, notice.edited_ms) if at_ms is not None]
        if told and max(told) < oldest_ms:
            return True
        trades = any(
            f"{quote}-{sighting.base}" in codes
            for channel, codes in self._lists.items()
            if exchange_of(channel) == sighting.exchange
            for quote in sighting.quotes
        )
        return trades and notice.published_ms is not None and notice.published_ms < oldest_ms

    def _apply(self, batch: _Batch, sighting: Sighting) -> None:
        """Fold `sighting` in, on top of memory and of what this batch already holds."""
        coin = (sighting.exchange, sighting.base)
        in_batch = [each.listing for each in batch.applied if (each.listing.exchange, each.listing.base) == coin]
        before = in_batch[-1] if in_batch else self._listings.get(coin)
        step = observe(before, sighting, sighting.seen_ms)
        batch.applied.append(_Applied(sighting, before, step.listing, step.change))

    async def _commit(self, batch: _Batch) -> News:
        """Everything in one transaction; then memory, then the world."""
        now_ms = batch.seen_ms
        told = [
            (each, listing_alerts.of_change(each.change, each.before, each.listing, self._language, now_ms))
            for each in batch.applied
        ]

        def record(connection: sqlite3.Connection) -> tuple[list[Listing], list[Delivery]]:
            saved: list[Listing] = []
            leaving: list[Delivery] = []
            for each, alert in told:
                listing = listings.save(connection, each.listing)
                listings.add_sighting(connection, listing, each.sighting)
                saved.append(listing)
                if alert is not None:
                    first = deliveries.first_sight_of(connection, listing.key)
                    answers = first if alert.kind is AlertKind.FOLLOW_UP else None
                    whole = replace(alert, listing_id=listing.listing_id, reply_to=answers)
                    alert_id = deliveries.add_alert(connection, whole, self._targets, now_ms)
                    leaving += deliveries.fresh(connection, alert_id)
            for alert in batch.alerts:
                deliveries.add_alert(connection, alert, self._targets, now_ms)
            for notice, meaning, version in batch.versions:
                notices.save(connection, notice, meaning.kind.value, version.number, version.mark, version.body, now_ms)
            for channel, codes in batch.lists.items():
                baselines.replace(connection, channel, codes, now_ms)
            return saved, leaving

        saved, leaving = await self._writer.run(record, urgent=True)
        self._remember(saved)
        self._notices |= {(notice.exchange, notice.notice_id): version for notice, _, version in batch.versions}
        self._lists |= batch.lists
        if batch.alerts or any(alert is not None for _, alert in told):
            self._on_alerts(leaving)
        changed = [each for each in batch.applied if each.change is not Change.NONE]
        for each in changed:
            log.info("%s: %s, seen by %s", each.listing.key, each.change.value, each.sighting.channel.value)
        keys = {each.listing.key for each in changed}
        return News(listings=tuple({each.key: each for each in saved if each.key in keys}.values()))

    def _remember(self, saved: Iterable[Listing]) -> None:
        self._listings |= {(each.exchange, each.base): each for each in saved}


Tables = tuple[list[Listing], list[notices.NoticeRow], dict[Channel, frozenset[str]]]


def _load(connection: sqlite3.Connection) -> Tables:
    return listings.latest(connection), notices.newest(connection), baselines.load(connection)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _market(exchange: Exchange, code: str) -> Market:
    quote, _, base = code.partition("-")
    return Market(exchange, base, quote)
