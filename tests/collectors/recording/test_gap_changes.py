"""Joined or not, the table says of every second that was missed that it was."""

import sqlite3
from collections.abc import Iterable

from hypothesis import example, given
from hypothesis import strategies as st

from collectors.events import GapCause
from collectors.recording.gap_changes import GapChanges, joined
from store.database import SCHEMA, statements
from store.rows import execute
from store.tables import gaps

Row = tuple[str, int | None, int, int | None, str]

happenings = st.lists(
    st.tuples(
        st.sampled_from(["open", "close", "over"]),
        st.sampled_from([1, 2]),
        st.sampled_from([GapCause.DISCONNECT, GapCause.STALE]),
        st.sampled_from([0, 5_000, 300_000]),
    ),
    max_size=30,
)


def changes_of(drawn: Iterable[tuple[str, int, GapCause, int]]) -> list[GapChanges]:
    """What happened, one thing each 10 s; a new gap may begin long before it is known, one that is over 5 s before."""
    found = []
    standing = {1}
    for number, (what, market, cause, before_ms) in enumerate(drawn):
        at_ms = number * 10_000
        if what == "open":
            from_ms = at_ms if market in standing else at_ms - before_ms
            standing.add(market)
            found.append(GapChanges(opened=(("upbit", market, from_ms, cause),)))
        elif what == "close":
            standing.discard(market)
            found.append(GapChanges(closed=(("upbit", market, at_ms),)))
        else:
            found.append(GapChanges(added=(("upbit", market, at_ms - 5_000, at_ms, cause),)))
    return found


def table_after(changes: Iterable[GapChanges]) -> list[Row]:
    """The table when an earlier gap of market 1 stood open, and then this happened."""
    connection = sqlite3.connect(":memory:")
    for statement in statements(SCHEMA[0].sql):
        connection.execute(statement)
    execute(connection, gaps.opened([("upbit", 1, -60_000, GapCause.START)]))
    for each in changes:
        execute(connection, gaps.opened(each.opened))
        execute(connection, gaps.closed(each.closed))
        execute(connection, gaps.added(each.added))
    rows: list[Row] = connection.execute("SELECT exchange, market_id, from_ms, to_ms, cause FROM gaps").fetchall()
    connection.close()
    return rows


def missed(rows: Iterable[Row], until_ms: int) -> set[tuple[int | None, int]]:
    return {
        (market, second_ms)
        for _, market, from_ms, to_ms, _ in rows
        for second_ms in range(from_ms, until_ms if to_ms is None else to_ms, 1_000)
    }


LATE = GapCause.STALE


@given(happenings, st.integers(0, 30))
@example([("open", 2, LATE, 0), ("close", 2, LATE, 0), ("open", 2, LATE, 300_000), ("close", 2, LATE, 0)], 0)
def test_joined_gaps_mark_at_least_the_same_and_leave_the_same_open(
    drawn: list[tuple[str, int, GapCause, int]], again_at: int
) -> None:
    changes, until_ms = changes_of(drawn), 400_000
    plain = table_after(changes)
    for shorter in (joined(changes), joined([*joined(changes[:again_at]), *changes[again_at:]])):
        rows = table_after(shorter)
        assert missed(rows, until_ms) >= missed(plain, until_ms)
        assert {row for row in rows if row[3] is None} == {row for row in plain if row[3] is None}
        assert sum(each.rows for each in shorter) <= 2 * 4 + 2 * 2  # four a market, and one a cause


def test_two_losses_of_a_connection_become_one_gap_with_the_first_cause() -> None:
    lost = [
        GapChanges(opened=(("upbit", 2, 10_000, GapCause.DISCONNECT),)),
        GapChanges(closed=(("upbit", 2, 12_000),)),
        GapChanges(opened=(("upbit", 2, 30_000, GapCause.STALE),)),
        GapChanges(closed=(("upbit", 2, 34_000),)),
    ]
    assert ("upbit", 2, 10_000, 34_000, "disconnect") in table_after(joined(lost))
