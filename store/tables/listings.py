"""The SQL of `listings`, `listing_markets` and `sightings`: one row a coin, exchange and episode, and who saw it when.

`notice_ref` holds the notice's id. Every function works inside the caller's transaction.
"""

import sqlite3

import msgspec
from msgspec import Struct

from collectors.events import Listing, ListingState, Sighting, SightingKind
from store.tables import outcomes, token_registry
from store.tables.outcomes import OutcomeRow

_LOAD = """
SELECT l.exchange, l.base, l.episode, l.state, l.first_seen_ms, l.first_channel, l.published_ms, l.trading_starts_ms,
    l.deposit_opens_ms, l.first_trade_ms, l.gone_ms, l.notice_ref, l.url, l.title,
    l.trading_told_ms, l.deposit_told_ms, l.deposit_closed_ms, l.id,
    (SELECT json_group_array(quote) FROM (SELECT quote FROM listing_markets WHERE listing_id = l.id ORDER BY place))
FROM listings AS l
WHERE l.episode = (SELECT MAX(episode) FROM listings WHERE exchange = l.exchange AND base = l.base)
ORDER BY l.id
"""


def save(connection: sqlite3.Connection, listing: Listing) -> Listing:
    """Insert the listing or make its row equal to it, with its markets; return it with its id. Markets stay.

    Its coin is registered, whatever channel saw it.
    """
    row = connection.execute(
        "INSERT INTO listings (exchange, base, episode, state, first_seen_ms, first_channel, published_ms,"
        " trading_starts_ms, deposit_opens_ms, first_trade_ms, gone_ms, notice_ref, url, title, trading_told_ms,"
        " deposit_told_ms, deposit_closed_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (exchange, base, episode) DO UPDATE SET"
        " state = excluded.state, first_seen_ms = excluded.first_seen_ms, first_channel = excluded.first_channel,"
        " published_ms = excluded.published_ms, trading_starts_ms = excluded.trading_starts_ms,"
        " deposit_opens_ms = excluded.deposit_opens_ms, first_trade_ms = excluded.first_trade_ms,"
        " gone_ms = excluded.gone_ms, notice_ref = excluded.notice_ref, url = excluded.url, title = excluded.title,"
        " trading_told_ms = excluded.trading_told_ms, deposit_told_ms = excluded.deposit_told_ms,"
        " deposit_closed_ms = excluded.deposit_closed_ms RETURNING id",
        (
            *(listing.exchange, listing.base, listing.episode, listing.state.value),
            *(listing.first_seen_ms, listing.first_channel.value, listing.published_ms, listing.trading_starts_ms),
            *(listing.deposit_opens_ms, listing.first_trade_ms, listing.gone_ms),
            *(listing.notice_id, listing.url, listing.title, listing.trading_told_ms, listing.deposit_told_ms),
            listing.deposit_closed_ms,
        ),
    ).fetchone()
    listing_id = int(row[0])
    connection.executemany(
        "INSERT INTO listing_markets (listing_id, quote, place, trading_starts_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (listing_id, quote) DO UPDATE SET"
        " place = excluded.place, trading_starts_ms = COALESCE(excluded.trading_starts_ms, trading_starts_ms)",
        [(listing_id, quote, place, listing.trading_starts_ms) for place, quote in enumerate(listing.quotes)],
    )
    token_registry.register(connection, listing.base)
    return msgspec.structs.replace(listing, listing_id=listing_id)


def id_of(connection: sqlite3.Connection, listing: Listing) -> int | None:
    """The id of a listing's row, also where the listing was made before it had one."""
    if listing.listing_id is not None:
        return listing.listing_id
    row = connection.execute(
        "SELECT id FROM listings WHERE exchange = ? AND base = ? AND episode = ?",
        (listing.exchange, listing.base, listing.episode),
    ).fetchone()
    return None if row is None else int(row[0])


def add_sighting(connection: sqlite3.Connection, listing: Listing, sighting: Sighting) -> None:
    """Note which channel saw what, and when: of each channel and kind the first sight stands."""
    connection.execute(
        "INSERT INTO sightings (listing_id, channel, kind, seen_ms) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (listing_id, channel, kind) DO UPDATE SET seen_ms = MIN(seen_ms, excluded.seen_ms)",
        (listing.listing_id, sighting.channel.value, sighting.kind.value, sighting.seen_ms),
    )
    if sighting.kind is SightingKind.TRADED:
        note_trade(connection, listing, sighting)


def note_trade(connection: sqlite3.Connection, listing: Listing, trade: Sighting) -> None:
    """The first trade of the markets that `trade` names; the first one told stands."""
    connection.executemany(
        "UPDATE listing_markets SET first_trade_ms = COALESCE(first_trade_ms, ?) WHERE listing_id = ? AND quote = ?",
        [(trade.trading_starts_ms, listing.listing_id, quote) for quote in trade.quotes],
    )


def latest(connection: sqlite3.Connection) -> list[Listing]:
    """The newest episode of every coin on every exchange."""
    return [_listing(row) for row in connection.execute(_LOAD)]


def active(connection: sqlite3.Connection) -> list[Listing]:
    """The listings that are still news: neither settled nor cancelled."""
    return [each for each in latest(connection) if each.state not in (ListingState.SETTLED, ListingState.CANCELLED)]


def _listing(row: tuple[object, ...]) -> Listing:
    fields = (
        *("exchange", "base", "episode", "state", "first_seen_ms", "first_channel", "published_ms"),
        *("trading_starts_ms", "deposit_opens_ms", "first_trade_ms", "gone_ms", "notice_id", "url", "title"),
        *("trading_told_ms", "deposit_told_ms", "deposit_closed_ms", "listing_id", "quotes"),
    )
    known = dict(zip(fields, row, strict=True))
    return msgspec.convert(known | {"quotes": msgspec.json.decode(str(known["quotes"]))}, Listing)


class MarketRow(Struct, frozen=True):
    """One market of a listing, as its table holds it."""

    quote: str
    trading_starts_ms: int | None
    first_trade_ms: int | None


class SightingRow(Struct, frozen=True):
    """Which channel showed what, and when (our time)."""

    channel: str
    kind: str
    seen_ms: int


class ListingRow(Struct, frozen=True):
    """A listing for people and scripts: its columns, who saw it when, its first alert, the verdict, the outcome.

    `channel` saw it first; `delay_ms` is from publication to that sight. Times named published, trading_starts,
    deposit_opens and first_trade are the exchange's, the others ours.
    """

    id: int
    exchange: str
    base: str
    episode: int
    state: str
    first_seen_ms: int
    channel: str
    published_ms: int | None
    trading_starts_ms: int | None
    deposit_opens_ms: int | None
    first_trade_ms: int | None
    gone_ms: int | None
    notice_ref: str | None
    url: str | None
    title: str | None
    alerted_ms: int | None
    requested_ms: int | None
    delivered_ms: int | None
    decided_ms: int | None
    mode: str | None
    verdict: str | None
    level: int | None
    net_bps: float | None
    markets: tuple[MarketRow, ...] = ()
    sightings: tuple[SightingRow, ...] = ()
    delay_ms: int | None = None
    outcome: OutcomeRow | None = None


_REPORT = """
SELECT l.id, l.exchange, l.base, l.episode, l.state, l.first_seen_ms, l.first_channel, l.published_ms,
    l.trading_starts_ms, l.deposit_opens_ms, l.first_trade_ms, l.gone_ms, l.notice_ref, l.url, l.title,
    a.created_ms, MIN(s.requested_ms), MIN(s.sent_ms), d.made_ms, d.mode, d.verdict, d.level, d.net_bps
FROM ({which}) AS l
LEFT JOIN alerts AS a ON a.kind = 'first_sight' AND a.key = l.exchange || ':' || l.base || ':' || l.episode
LEFT JOIN deliveries AS s ON s.alert_id = a.id AND s.op = 'send'
LEFT JOIN decisions AS d ON d.id = (SELECT MAX(id) FROM decisions WHERE listing_id = l.id)
GROUP BY l.id ORDER BY l.first_seen_ms, l.id
"""
_NEWEST = _REPORT.format(which="SELECT * FROM listings ORDER BY first_seen_ms DESC, id DESC LIMIT ?")
_ONE = _REPORT.format(which="SELECT * FROM listings WHERE id = ?")


def report(connection: sqlite3.Connection, last: int) -> list[ListingRow]:
    """The newest `last` listings, oldest first."""
    return [_with_parts(connection, ListingRow(*row)) for row in connection.execute(_NEWEST, (last,)).fetchall()]


def one(connection: sqlite3.Connection, listing_id: int) -> ListingRow | None:
    """One listing as `report` tells it; None if there is none of that id."""
    row = connection.execute(_ONE, (listing_id,)).fetchone()
    return None if row is None else _with_parts(connection, ListingRow(*row))


def _with_parts(connection: sqlite3.Connection, listing: ListingRow) -> ListingRow:
    markets = connection.execute(
        "SELECT quote, trading_starts_ms, first_trade_ms FROM listing_markets WHERE listing_id = ? ORDER BY place",
        (listing.id,),
    )
    sightings = connection.execute(
        "SELECT channel, kind, seen_ms FROM sightings WHERE listing_id = ? ORDER BY seen_ms, channel", (listing.id,)
    )
    return msgspec.structs.replace(
        listing,
        markets=tuple(MarketRow(*row) for row in markets),
        sightings=tuple(SightingRow(*row) for row in sightings),
        delay_ms=None if listing.published_ms is None else listing.first_seen_ms - listing.published_ms,
        outcome=outcomes.of_listing(connection, listing.id),
    )
