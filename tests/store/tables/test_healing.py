"""How gaps are made ready to be healed: one for each market, in pieces that one transaction bears."""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.events import GapCause, Market
from config.units import DAY_MS, MINUTE_MS
from store.rows import execute
from store.tables import gaps, healing, markets
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, database

CODES = [Market("upbit", f"C{number}", "KRW") for number in range(7)]
LENGTHS_MS = (180 * MINUTE_MS, 10 * MINUTE_MS)
SINCE_MS = START_MS - 7 * DAY_MS

Rows = list[tuple[object, ...]]


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = database(tmp_path)
    yield opened
    opened.close()


def made_ready(connection: sqlite3.Connection) -> list[int]:
    """Settle and cut all that waits; how many rows there were after each step."""
    found = []
    more = True
    while more:
        more = healing.settle_whole_exchange(connection, "upbit", SINCE_MS, START_MS) or healing.cut(
            connection, "upbit", SINCE_MS, START_MS - 10 * MINUTE_MS, LENGTHS_MS
        )
        found.append(connection.execute("SELECT COUNT(*) FROM gaps").fetchone()[0])
    return found


def test_a_week_without_a_word_is_made_ready_in_small_steps(
    connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One transaction for all of it kept alerts waiting for a quarter of a second with 350 markets."""
    monkeypatch.setattr(healing, "PIECES", 50)
    markets.intern(connection, CODES, 1)
    flaps = [(SINCE_MS + n * DAY_MS, SINCE_MS + n * DAY_MS + 20 * MINUTE_MS * (n + 1)) for n in range(6)]
    execute(connection, gaps.added([("upbit", None, *flap, GapCause.QUARANTINED) for flap in flaps]))
    execute(connection, gaps.added([("upbit", number + 1, SINCE_MS, START_MS, GapCause.START) for number in range(7)]))
    counts = made_ready(connection)
    steps = [later - earlier for earlier, later in zip([13, *counts], counts, strict=False)]
    assert len(steps) == 7, "one for each market"
    assert max(steps) <= 50 + 58, "a gap is never left half cut"
    assert connection.execute("SELECT COUNT(*) FROM gaps WHERE market_id IS NULL").fetchone() == (0,)
    assert connection.execute("SELECT MAX(to_ms - from_ms) FROM gaps").fetchone() == (LENGTHS_MS[0],)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([None, 1, 2]), st.integers(0, 600), st.integers(1, 900), st.booleans()), max_size=12
    )
)
def test_small_steps_end_where_one_large_one_does(spans: list[tuple[int | None, int, int, bool]]) -> None:
    def after(pieces: int) -> Rows:
        with (
            tempfile.TemporaryDirectory(prefix="radar-gaps-") as folder,
            closing(database(Path(folder))) as connection,
            pytest.MonkeyPatch.context() as patch,
        ):
            patch.setattr(healing, "PIECES", pieces)
            markets.intern(connection, [BTC, ETH], 1)
            for market_id, from_min, length_min, stale in spans:
                from_ms = START_MS - 1_000 * MINUTE_MS + from_min * MINUTE_MS
                to_ms = min(START_MS, from_ms + length_min * MINUTE_MS)
                cause = GapCause.STALE if stale else GapCause.QUARANTINED
                execute(connection, gaps.added([("upbit", market_id, from_ms, to_ms, cause)]))
            made_ready(connection)
            return connection.execute(
                "SELECT market_id, from_ms, to_ms, cause FROM gaps ORDER BY 1, 2, 3, 4"
            ).fetchall()

    assert after(1) == after(1_000_000)
