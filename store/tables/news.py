"""The one transaction in which news becomes listing, sighting, alert and delivery, with what it was read from.

An alert's row is committed together with the event that caused it, before anything is sent. Runs inside the caller's
transaction, as everything in `store`.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence, Set
from typing import Protocol, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from alerts.alert import Alert, AlertKind
from collectors.events import Channel, Listing, Notice, Sighting, SightingKind
from store.tables import baselines, deliveries, listings, notices
from store.tables.deliveries import Delivery

T = TypeVar("T")


class Commits(Protocol):
    """What is needed of `Lifeline`."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T: ...

    async def commit(
        self,
        work: Callable[[sqlite3.Connection], T],
        alerts: Sequence[Alert] = (),
        late: Callable[[T | None], None] = ...,
    ) -> T | None: ...


class Entry(Struct, frozen=True):
    """A listing as one sighting left it, and the alert that this makes, if any.

    `if_first` replaces a follow-up to a first sight that was never told.
    """

    listing: Listing
    sighting: Sighting
    alert: Alert | None = None
    if_first: Alert | None = None


class Told(Struct, frozen=True):
    """An alert that no sighting makes by itself; it answers the first sight of `thread`, where there is one."""

    alert: Alert
    thread: Listing | None = None


class ReadNotice(Struct, frozen=True):
    """One version of a notice, with the marks of `collectors/notices/notice_versions.py`."""

    notice: Notice
    kind: str
    version: int
    mark: str
    body_hash: str | None


class Recorded(Struct, frozen=True):
    """The listings with their ids, in the order of the entries, and the first sights that may leave at once."""

    saved: tuple[Listing, ...]
    leaving: tuple[Delivery, ...]


def record(
    connection: sqlite3.Connection,
    entries: Sequence[Entry],
    told: Sequence[Told],
    read: Sequence[ReadNotice],
    lists: Mapping[Channel, Set[str]],
    targets: Sequence[str],
    now_ms: int,
) -> Recorded:
    """Write all of it."""
    saved: list[Listing] = []
    leaving: list[Delivery] = []
    for entry in entries:
        listing = listings.save(connection, entry.listing)
        if entry.sighting.kind is SightingKind.TRADED:
            listings.note_trade(connection, listing, entry.sighting)  # the tape saw it, which is no listing channel
        else:
            listings.add_sighting(connection, listing, entry.sighting)
        saved.append(listing)
        alert = _in_thread(connection, entry, listing)
        if alert is not None:
            leaving += _add(connection, alert, targets, now_ms)
    for each in told:
        alert = each.alert
        if each.thread is not None:
            first = deliveries.first_sight_of(connection, each.thread.key)
            alert = replace(alert, listing_id=listings.id_of(connection, each.thread), reply_to=first)
        leaving += _add(connection, alert, targets, now_ms)
    for version in read:
        notices.save(connection, version.notice, version.kind, version.version, version.mark, version.body_hash, now_ms)
    for channel, shown in lists.items():
        baselines.replace(connection, channel, shown, now_ms)
    return Recorded(tuple(saved), tuple(leaving))


def _in_thread(connection: sqlite3.Connection, entry: Entry, listing: Listing) -> Alert | None:
    """The alert with its listing and, for a follow-up, what it answers."""
    alert, first = entry.alert, None
    if alert is not None and alert.kind is AlertKind.FOLLOW_UP:
        first = deliveries.first_sight_of(connection, listing.key)
        if first is None and entry.if_first is not None:
            alert = entry.if_first
    return None if alert is None else replace(alert, listing_id=listing.listing_id, reply_to=first)


def _add(connection: sqlite3.Connection, alert: Alert, targets: Sequence[str], now_ms: int) -> tuple[Delivery, ...]:
    alert_id = deliveries.add_alert(connection, alert, targets, now_ms)
    return deliveries.fresh(connection, alert_id) if alert.kind is AlertKind.FIRST_SIGHT else ()


Known = tuple[list[Listing], list[notices.NoticeRow], dict[Channel, dict[str, int]]]


def load(connection: sqlite3.Connection) -> Known:
    """Where an earlier run stopped: listings, newest versions of notices, baselines of lists."""
    return listings.latest(connection), notices.newest(connection), baselines.since(connection)
