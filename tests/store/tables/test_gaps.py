import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.events import GapCause, Market
from store.rows import execute
from store.tables import gaps, markets
from store.tables.gaps import Missed, OpenGap
from tests.fakes.recording import BTC, ETH, database


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def ids(connection: sqlite3.Connection) -> dict[Market, int]:
    return markets.intern(connection, [BTC, ETH], 1)


def test_a_market_has_at_most_one_gap_without_an_end(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, gaps.opened([("upbit", ids[BTC], 5_000, GapCause.STALE)]))
    execute(connection, gaps.opened([("upbit", ids[BTC], 7_000, GapCause.DISCONNECT)]))
    by_id = {market_id: market for market, market_id in ids.items()}
    assert gaps.load_open(connection, by_id) == {BTC: OpenGap(5_000, GapCause.STALE)}


def test_closing_ends_the_open_gap_of_that_market_only(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, gaps.opened([("upbit", ids[each], 5_000, GapCause.STALE) for each in (BTC, ETH)]))
    execute(connection, gaps.closed([("upbit", ids[BTC], 9_000)]))
    assert gaps.missed_in(connection, 0, 20_000) == [
        Missed("upbit", ids[BTC], 5_000, 9_000),
        Missed("upbit", ids[ETH], 5_000, 20_000),
    ]


def test_what_is_missed_is_cut_to_what_was_asked(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, gaps.added([("upbit", ids[BTC], 1_000, 9_000, GapCause.DISCONNECT)]))
    assert gaps.missed_in(connection, 3_000, 5_000) == [Missed("upbit", ids[BTC], 3_000, 5_000)]
    assert gaps.missed_in(connection, 9_000, 10_000) == []
    assert gaps.missed_in(connection, 0, 1_000) == []


def test_the_report_names_the_market_and_is_oldest_first(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    execute(connection, gaps.added([("upbit", None, 1_000, 2_000, GapCause.PAUSED)]))
    execute(connection, gaps.opened([("upbit", ids[ETH], 3_000, GapCause.STOP)]))
    seen = [(row.market, row.from_ms, row.to_ms, row.cause, row.state) for row in gaps.report(connection, 5)]
    assert seen == [(None, 1_000, 2_000, "paused", "open"), ("KRW-ETH", 3_000, None, "stop", "open")]
    assert [row.market for row in gaps.report(connection, 1)] == ["KRW-ETH"]
