"""What `gaps` answers: the newest rows, or what is known of one second of one market.

UnknownSecond (ValueError)   no such market or time; the text says what is expected
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

from msgspec import Struct, structs

from collectors.events import Exchange
from collectors.repair.gaps import SecondState
from config.units import SECOND_MS, whole_second
from ops.commands.gap_words import why
from store.database import Connection
from store.readings.second_state import state_at
from store.tables import gaps

GAP_COLUMNS = ("exchange", "market", "from", "to", "length_s", "state", "why")
SECOND_COLUMNS = ("exchange", "market", "second", "state", "why")
STATES = {
    SecondState.RECORDED: "nothing of it is missed; it has a candle",
    SecondState.QUIET: "nothing of it is missed; nobody traded",
    SecondState.COVERED: "nothing of it is missed; whether it traded is kept no longer, at most of its minute",
}
EPOCH = datetime.fromtimestamp(0, UTC)
EPOCH_DIGITS = (12, 13)  # of ms, from 1973 to 2286; fewer are seconds or a date
UNPROMISED = "before the market was listened to, not stored yet, or since the daemon runs no more"


class UnknownSecond(ValueError):
    """There is no such second to tell of."""


class GapTold(gaps.GapRow, frozen=True):
    """A row of `gaps` with its length and its meaning in words."""

    length_s: int | None
    why: str


class SecondTold(Struct, frozen=True):
    """One second of a market, which starts at `second_ms` of the exchange's time, and the gaps that touch it."""

    exchange: str
    market_id: int
    market: str
    second_ms: int
    state: str
    why: str
    gaps: Sequence[GapTold]


def last_gaps(connection: Connection, last: int) -> list[GapTold]:
    """The newest `last` gaps, oldest first, each with why it is there and what became of it."""
    return [_explained(row) for row in gaps.report(connection, last)]


def second_of(connection: Connection, market: str, time: str) -> SecondTold:
    """What is known of the second that holds `time` (ISO, UTC where it names no offset, or epoch ms), and why.

    `market` is as in `upbit:KRW-BTC`. Raises UnknownSecond. All of it is of one moment.
    """
    second_ms = _second_ms(time)
    exchange, _, code = market.encode("utf-8", "replace").decode().partition(":")
    connection.execute("BEGIN")
    known = connection.execute(
        "SELECT id, exchange, code FROM markets WHERE exchange = ? AND code = ?", (exchange.lower(), code.upper())
    ).fetchone()
    if known is None:
        raise UnknownSecond(f"{exchange}:{code} was never recorded; a market is named as in upbit:KRW-BTC")
    market_id, exchange, code = known
    state = state_at(connection, market_id, second_ms)
    rows = gaps.touching(connection, cast(Exchange, exchange), market_id, second_ms, second_ms + SECOND_MS)
    told = [_explained(row) for row in rows]
    if state is SecondState.BLIND:
        words = [each.why for each in told if each.state != "healed"] or [UNPROMISED]
    else:
        words = [STATES[state], *(each.why for each in told)]
    return SecondTold(exchange, market_id, code, second_ms, state.value, "; ".join(words), told)


def _second_ms(time: str) -> int:
    try:
        if time.isascii() and time.isdigit() and len(time) in EPOCH_DIGITS:
            at_ms = int(time)
        else:
            at = datetime.fromisoformat(time)
            at_ms = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // timedelta(milliseconds=1)
            datetime.fromtimestamp(at_ms // 1000, UTC)
            if time.isdigit():
                raise ValueError("a date alone is no second")
    except (ValueError, OverflowError, OSError) as e:
        raise UnknownSecond(f"{time!a} is no time; give one as in 2026-11-30T09:00:05+09:00, or epoch ms") from e
    return whole_second(at_ms)


def _explained(row: gaps.GapRow) -> GapTold:
    length_s = None if row.to_ms is None else round((row.to_ms - row.from_ms) / 1000)
    words = why(row.cause, row.state, row.to_ms is None, row.source)
    return GapTold(**structs.asdict(row), length_s=length_s, why=words)
