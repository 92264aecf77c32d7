"""What the alerts remember of the operator's news: troubles that were told and not ended, and earlier starts."""

import sqlite3

from msgspec import Struct

from alerts.alert import AlertLevel

PREFIX = "operator:"


class OpenTrouble(Struct, frozen=True):
    """The last word on a cause was that it began."""

    cause: str
    alert_id: int
    created_ms: int


def open_troubles(connection: sqlite3.Connection) -> list[OpenTrouble]:
    """Causes whose newest alert is no reply: a recovery answers the message that told of the trouble."""
    rows = connection.execute(
        "SELECT substr(key, ?), id, created_ms FROM alerts WHERE reply_to IS NULL AND id IN"
        " (SELECT MAX(id) FROM alerts WHERE kind = 'operator' AND key LIKE 'operator:%' GROUP BY key)",
        (len(PREFIX) + 1,),
    )
    return [OpenTrouble(*row) for row in rows]


def told_since(connection: sqlite3.Connection, cause: str, since_ms: int) -> list[tuple[int, bool]]:
    """When alerts of a cause were made since then, and whether each was meant to be sent."""
    rows = connection.execute(
        "SELECT created_ms, level FROM alerts WHERE kind = 'operator' AND key = ? AND created_ms >= ? ORDER BY id",
        (PREFIX + cause, since_ms),
    )
    return [(at_ms, level > AlertLevel.INFO) for at_ms, level in rows]
