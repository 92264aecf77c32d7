"""The SQL of `notices`: every version of every announcement that we saw. Times that start with seen are ours."""

import sqlite3

from msgspec import Struct

from collectors.events import Exchange, Notice


class NoticeRow(Struct, frozen=True):
    """One stored version. `mark` tells versions apart; `body_hash` is None until a channel gave the body."""

    exchange: Exchange
    notice_id: str
    version: int
    kind: str
    title: str
    mark: str
    body_hash: str | None
    published_ms: int | None
    first_seen_ms: int
    last_seen_ms: int


def save(
    connection: sqlite3.Connection,
    notice: Notice,
    kind: str,
    version: int,
    mark: str,
    body_hash: str | None,
    seen_ms: int,
) -> None:
    """Keep a version. Seen again, it is only newer and maybe better understood: the first sight stands."""
    connection.execute(
        "INSERT INTO notices"
        " (exchange, notice_id, version, kind, title, mark, body_hash, published_ms, first_seen_ms, last_seen_ms)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (exchange, notice_id, version) DO UPDATE SET"
        " kind = excluded.kind, title = excluded.title, mark = excluded.mark,"
        " body_hash = COALESCE(excluded.body_hash, body_hash),"
        " published_ms = COALESCE(published_ms, excluded.published_ms),"
        " last_seen_ms = MAX(last_seen_ms, excluded.last_seen_ms)",
        (
            *(notice.exchange, notice.notice_id, version, kind, notice.title, mark, body_hash),
            *(notice.published_ms, seen_ms, seen_ms),
        ),
    )


def newest(connection: sqlite3.Connection) -> list[NoticeRow]:
    """The newest version of each notice."""
    rows = connection.execute(
        "SELECT exchange, notice_id, MAX(version), kind, title, mark, body_hash, published_ms, first_seen_ms,"
        " last_seen_ms FROM notices GROUP BY exchange, notice_id"
    )
    return [NoticeRow(*row) for row in rows]


def versions(connection: sqlite3.Connection, exchange: Exchange, notice_id: str) -> list[NoticeRow]:
    """Every version of one notice, oldest first."""
    rows = connection.execute(
        "SELECT exchange, notice_id, version, kind, title, mark, body_hash, published_ms, first_seen_ms, last_seen_ms"
        " FROM notices WHERE exchange = ? AND notice_id = ? ORDER BY version",
        (exchange, notice_id),
    )
    return [NoticeRow(*row) for row in rows]
