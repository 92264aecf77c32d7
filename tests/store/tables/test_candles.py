import sqlite3
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.events import Candle, GapCause, Market
from collectors.recording.minutes import merge
from collectors.repair.gaps import OFFICIAL_MINUTES
from config.units import MINUTE_MS
from store.rows import execute
from store.tables import candles, gaps, healing, markets
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, ETH, SOL, database, same, second


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = database(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def ids(connection: sqlite3.Connection) -> dict[Market, int]:
    return markets.intern(connection, [BTC, ETH, SOL], START_MS)


def stored_minutes(connection: sqlite3.Connection) -> dict[tuple[int, int], tuple[object, ...]]:
    rows = connection.execute(
        "SELECT market_id, open_ms, open, high, low, close, volume, quote_volume, trades, covered_s FROM candles_1m"
    )
    return {(row[0], row[1]): row[2:] for row in rows}


seconds_of_a_minute = st.lists(
    st.tuples(
        st.sampled_from([BTC, ETH, SOL]),
        st.integers(0, 59),
        st.floats(1e-6, 1e8),
        st.floats(1e-8, 1e6),
    ),
    unique_by=lambda each: (each[0], each[1]),
    max_size=60,
)


@given(seconds_of_a_minute)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_the_rollup_in_sql_equals_the_merge_in_memory(
    connection: sqlite3.Connection, ids: dict[Market, int], drawn: list[tuple[Market, int, float, float]]
) -> None:
    connection.execute("DELETE FROM candles_1s")
    connection.execute("DELETE FROM candles_1m")
    by_market: dict[Market, list[Candle]] = {}
    for market, at_s, price, volume in sorted(drawn):
        by_market.setdefault(market, []).append(second(at_s, price, market, volume))
    for of_market in by_market.values():
        execute(connection, candles.seconds(of_market, ids))
    for roll in (candles.rollup_minute, roll_each):
        roll(connection, START_MS)
        minutes = stored_minutes(connection)
        assert len(minutes) == len(by_market)
        for market, of_market in by_market.items():
            *values, covered = minutes[ids[market], START_MS]
            wanted = reduce(merge, of_market)
            assert covered == 60
            assert same(Candle(market, wanted.open_ms, *values), wanted)  # type: ignore[arg-type]  # row values


def roll_each(connection: sqlite3.Connection, minute_ms: int) -> None:
    for market_id in markets.load(connection).values():
        candles.rollup_minute(connection, minute_ms, [market_id])


def test_a_second_is_upserted_whole(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, candles.seconds([second(0, 5.0)], ids))
    execute(connection, candles.seconds([second(0, 6.0, volume=3.0)], ids))
    assert candles.load_seconds(connection, BTC, START_MS, START_MS + 1_000) == [second(0, 6.0, volume=3.0)]


def test_rolling_again_replaces(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, candles.seconds([second(0, 5.0), second(1, 6.0)], ids))
    assert candles.rollup_minute(connection, START_MS) == 1
    once = stored_minutes(connection)
    candles.rollup_minute(connection, START_MS)
    assert stored_minutes(connection) == once
    candles.store_minutes(connection, [Candle(BTC, START_MS, 1, 1, 1, 1, 1, 1, 1)], ids)
    assert stored_minutes(connection)[ids[BTC], START_MS] == (1, 1, 1, 1, 1, 1, 1, 60)


def test_covered_seconds_follow_the_gaps_of_the_market_and_of_its_exchange(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    for market in (BTC, ETH, SOL):
        execute(connection, candles.seconds([second(0, market=market)], ids))
    execute(connection, gaps.added([("upbit", ids[BTC], START_MS, START_MS + 10_000, GapCause.DISCONNECT)]))
    execute(connection, gaps.added([("upbit", None, START_MS + 5_000, START_MS + 15_000, GapCause.DROPPED)]))
    execute(connection, gaps.opened([("bithumb", ids[SOL], START_MS + 30_500, GapCause.STALE)]))
    candles.rollup_minute(connection, START_MS)
    covered = {market: stored_minutes(connection)[ids[market], START_MS][-1] for market in (BTC, ETH, SOL)}
    assert covered == {BTC: 45, ETH: 50, SOL: 30}


def test_a_healed_gap_counts_as_covered(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, candles.seconds([second(0)], ids))
    execute(connection, gaps.added([("upbit", ids[BTC], START_MS, START_MS + 10_000, GapCause.DISCONNECT)]))
    candles.rollup_minute(connection, START_MS)
    connection.execute("UPDATE gaps SET state = 'healed'")
    candles.refresh_coverage(connection, "upbit", [(ids[BTC], START_MS, START_MS + 10_000)])
    assert stored_minutes(connection)[ids[BTC], START_MS][-1] == 60


def test_coverage_is_counted_again_for_every_market_of_an_exchange(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    for market in (BTC, ETH, SOL):
        execute(connection, candles.seconds([second(0, market=market), second(60, market=market)], ids))
    for minute_ms in (START_MS, START_MS + MINUTE_MS):
        candles.rollup_minute(connection, minute_ms)
    span = (START_MS + 58_000, START_MS + 61_000)
    execute(connection, gaps.added([("upbit", None, *span, GapCause.DROPPED)]))
    candles.refresh_coverage(connection, "upbit", [(ids[each], *span) for each in (BTC, ETH)])
    covered = {key: row[-1] for key, row in stored_minutes(connection).items()}
    assert [covered[ids[market], START_MS] for market in (BTC, ETH, SOL)] == [58, 58, 60]
    assert [covered[ids[market], START_MS + MINUTE_MS] for market in (BTC, ETH, SOL)] == [59, 59, 60]


def test_a_purge_goes_second_by_second_and_says_first_what_may_be_gone(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    execute(connection, candles.seconds([second(at_s) for at_s in range(120)], ids))
    before_ms = START_MS + MINUTE_MS
    assert candles.purge_seconds(connection, before_ms, budget_s=0.0)
    assert candles.purged_until(connection) == before_ms
    assert connection.execute("SELECT COUNT(*) FROM candles_1s").fetchone() == (119,)
    assert not candles.purge_seconds(connection, before_ms, budget_s=60.0)
    assert connection.execute("SELECT MIN(open_ms) FROM candles_1s").fetchone() == (before_ms,)


def test_progress_never_goes_back(connection: sqlite3.Connection) -> None:
    assert candles.recorded_until(connection, "upbit") is None
    execute(connection, candles.recorded("upbit", 500))
    execute(connection, candles.recorded("upbit", 400))
    assert candles.recorded_until(connection, "upbit") == 500


def test_old_minutes_go_market_by_market_in_slices(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    for minute_ms in (START_MS - MINUTE_MS, START_MS):
        candles.store_minutes(connection, [second((minute_ms - START_MS) // 1000, market=each) for each in ids], ids)
    done_id: int | None = -1
    slices = 0
    while done_id is not None:
        done_id = candles.purge_minutes(connection, START_MS, budget_s=0.0, after_id=done_id)
        slices += 1
    assert slices == len(ids) + 1
    assert {open_ms for _, open_ms in stored_minutes(connection)} == {START_MS}


def test_a_year_of_minutes_of_one_market_goes_in_slices_too(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    year = (
        (market_id, START_MS - n * MINUTE_MS, 1, 2, 0.5, 1.5, 10, 15, 3, 60)
        for market_id in ids.values()
        for n in range(2 * candles.PURGE_ROWS + 1)
    )
    connection.executemany(candles.UPSERT_MINUTE, year)
    done_id: int | None = -1
    gone = []
    while done_id is not None:
        before = connection.total_changes
        done_id = candles.purge_minutes(connection, START_MS, budget_s=0.0, after_id=done_id)
        gone.append(connection.total_changes - before)
    assert max(gone) <= candles.PURGE_ROWS
    assert {open_ms for _, open_ms in stored_minutes(connection)} == {START_MS}


def test_to_roll_a_market_costs_the_same_however_many_minutes_were_taken_over(
    connection: sqlite3.Connection, ids: dict[Market, int]
) -> None:
    coins = markets.intern(connection, [Market("upbit", f"C{n}", "KRW") for n in range(50)], START_MS)
    execute(connection, candles.seconds([second(5), second(5, market=ETH)], ids))
    candles.rollup_minute(connection, START_MS)

    def looks() -> int:
        asked: list[str] = []
        connection.set_trace_callback(asked.append)
        candles.rollup_minute(connection, START_MS, [ids[BTC]])
        connection.set_trace_callback(None)
        return len(asked)

    before = looks()
    for market in (ETH, *coins):
        span = START_MS + 10_000, START_MS + 15_000
        market_id = (ids | coins)[market]
        (wound,) = healing.add(connection, market, market_id, [span], GapCause.DISCONNECT)
        source = f"{OFFICIAL_MINUTES}; out of reach"
        healing.heal_minutes(connection, wound, [second(0, market=market)], START_MS, source, "unhealable")
    assert looks() <= before + 1
    candles.rollup_minute(connection, START_MS, blind_from_ms={"upbit": START_MS + 30_000})
    covered = {market_id: row[-1] for (market_id, _), row in stored_minutes(connection).items()}
    assert covered == {ids[BTC]: 30, ids[ETH]: 25} | dict.fromkeys(coins.values(), 25)


def test_unused_pages_are_handed_back_a_few_at_a_time(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, candles.seconds([second(at_s) for at_s in range(20_000)], ids))
    connection.execute("DELETE FROM candles_1s")
    free = connection.execute("PRAGMA freelist_count").fetchone()[0]
    assert free > 100
    assert candles.hand_back(connection, keep_free=10, most=5)
    assert connection.execute("PRAGMA freelist_count").fetchone()[0] == free - 5
    assert not candles.hand_back(connection, keep_free=10, most=free)
    assert connection.execute("PRAGMA freelist_count").fetchone()[0] == 10


def test_people_read_views_with_code_and_time(connection: sqlite3.Connection, ids: dict[Market, int]) -> None:
    execute(connection, candles.seconds([second(1)], ids))
    candles.rollup_minute(connection, START_MS)
    for view, opened in (("v_candles_1s", "2027-01-15T08:00:01Z"), ("v_candles_1m", "2027-01-15T08:00:00Z")):
        row = connection.execute(f"SELECT exchange, code, opened FROM {view}").fetchone()
        assert row == ("upbit", "KRW-BTC", opened)
