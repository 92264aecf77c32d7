"""The founding checks of the pipeline, 1 to 14 and 20, each under its number (15 to 19: test_pipeline_notices.py)."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from collectors.events import Candle
from collectors.recording.second_bucket import SecondBucket
from config.settings import Recording, Writing
from store.database import SCHEMA
from store.rows import Rows
from store.tables import candles, markets, token_registry
from store.tables.token_registry import Token
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, rows, trade

MINUTE = "SELECT open, high, low, close, volume, quote_volume, trades FROM candles_1m"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radar.db"


@pytest.fixture
async def writer(path: Path) -> AsyncIterator[DatabaseWriter]:
    with DatabaseWriter.open(path, FakeClock(), Writing(batch_ms=1)) as opened:
        yield opened


def filled_bucket() -> SecondBucket:
    """Three trades in the first second, one in the second, one in the running one."""
    bucket = SecondBucket("upbit", Recording())
    bucket.cover(BTC, START_MS)
    for at_ms, price, volume in ((100, 50.0, 1.0), (300, 80.0, 2.0), (900, 40.0, 0.5), (1_500, 60.0, 4.0)):
        assert bucket.add(trade(at_ms, price, volume)) is None
    assert bucket.add(trade(5_000, 70.0, 8.0)) is None
    return bucket


async def rolled(writer: DatabaseWriter, times: int = 1) -> None:
    """The bucket's seconds written, then their minute rolled by the aggregator's SQL."""
    seconds = filled_bucket().flush_all()

    def write(connection: sqlite3.Connection) -> None:
        ids = markets.intern(connection, [BTC], START_MS)
        for each in seconds:
            connection.execute(candles.UPSERT_SECOND, candles.seconds([each], ids).rows[0])

    await writer.run(write)
    for _ in range(times):
        assert await writer.run(lambda connection: candles.rollup_minute(connection, START_MS)) == 1


async def test_01_database_opens_and_migrations_apply(path: Path, writer: DatabaseWriter) -> None:
    assert rows(path, "SELECT version FROM schema_version") == [(each.version,) for each in SCHEMA]
    tables = {name for (name,) in rows(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")}
    assert {"markets", "candles_1s", "candles_1m", "gaps", "token_registry", "fx_snapshots", "alert_debounce"} <= tables


async def test_02_writer_commits_a_batch(path: Path, writer: DatabaseWriter) -> None:
    assert writer.offer(Rows("INSERT INTO token_registry (symbol) VALUES (?)", [(f"S{n}",) for n in range(200)]))
    await writer.run(lambda connection: None)
    assert rows(path, "SELECT COUNT(*) FROM token_registry") == [(200,)]
    assert writer.last_commit_ms == START_MS


async def test_03_queue_size_is_a_public_property_and_right(path: Path) -> None:
    waiting = DatabaseWriter.open(path, FakeClock(), Writing(batch_ms=1))
    assert waiting.queue_size == 0
    waiting.offer(Rows("INSERT INTO token_registry (symbol) VALUES (?)", [("A",), ("B",), ("C",)]))
    waiting.offer(lambda connection: None)
    assert waiting.queue_size == 4
    with waiting:
        await waiting.run(lambda connection: None)
        async with asyncio.timeout(5):
            while waiting.queue_size:
                await asyncio.sleep(0)
    assert waiting.queue_size == 0


def test_04_second_bucket_flushes_completed_seconds() -> None:
    flushed = filled_bucket().flush(START_MS + 5_050)
    assert [candle.open_ms - START_MS for candle in flushed] == [0, 1_000]


def test_05_prices_and_volume_of_a_second_are_right() -> None:
    first = filled_bucket().flush(START_MS + 5_050)[0]
    assert first == Candle(BTC, START_MS, 50.0, 80.0, 40.0, 40.0, 3.5, 50.0 + 160.0 + 20.0, 3)


def test_06_flush_all_empties_the_running_second_too() -> None:
    bucket = filled_bucket()
    bucket.flush(START_MS + 5_050)
    assert [candle.open_ms - START_MS for candle in bucket.flush_all()] == [5_000]
    assert bucket.flush_all() == []


async def test_07_one_second_rows_are_readable_by_the_aggregator(writer: DatabaseWriter) -> None:
    await rolled(writer)
    stored = await writer.run(lambda connection: candles.load_seconds(connection, BTC, START_MS, START_MS + 60_000))
    assert stored == filled_bucket().flush_all()


async def test_08_rollup_minute_makes_the_minute(path: Path, writer: DatabaseWriter) -> None:
    await rolled(writer)
    assert rows(path, "SELECT exchange, code, open_ms, trades, covered_s FROM v_candles_1m") == [
        ("upbit", "KRW-BTC", START_MS, 5, 60)
    ]


async def test_09_minute_open_is_the_first_trades_price(path: Path, writer: DatabaseWriter) -> None:
    await rolled(writer)
    assert [row[0] for row in rows(path, MINUTE)] == [50.0]


async def test_10_minute_high_and_low(path: Path, writer: DatabaseWriter) -> None:
    await rolled(writer)
    assert [row[1:3] for row in rows(path, MINUTE)] == [(80.0, 40.0)]


async def test_11_minute_close_is_the_last_trades_price_and_volumes_are_sums(
    path: Path, writer: DatabaseWriter
) -> None:
    await rolled(writer)
    assert [row[3:] for row in rows(path, MINUTE)] == [(70.0, 15.5, 230.0 + 240.0 + 560.0, 5)]


async def test_12_rolling_the_same_minute_again_replaces_and_never_doubles(path: Path, writer: DatabaseWriter) -> None:
    await rolled(writer)
    once = rows(path, MINUTE)
    await rolled(writer, times=3)
    assert rows(path, MINUTE) == once
    assert len(once) == 1


async def test_13_token_registry_insert_through_the_writer_then_look_up(writer: DatabaseWriter) -> None:
    token = Token("ABC", "solana", "So1ana", 9, "abc-coin", "ABC Coin")
    await writer.run(lambda connection: token_registry.save(connection, token))
    assert await writer.run(lambda connection: token_registry.find(connection, "ABC", "solana")) == token


@pytest.mark.parametrize("chain", ["solana", ""])
async def test_14_token_registry_the_same_symbol_and_chain_twice_is_one_row(
    path: Path, writer: DatabaseWriter, chain: str
) -> None:
    first = await writer.run(lambda connection: token_registry.save(connection, Token("ABC", chain, decimals=9)))
    again = await writer.run(lambda connection: token_registry.save(connection, Token("ABC", chain, name="ABC")))
    assert first == again
    assert rows(path, "SELECT symbol, chain, decimals, name FROM token_registry") == [("ABC", chain, 9, "ABC")]


async def test_20_of_a_batch_with_one_bad_row_the_good_are_kept_and_the_bad_one_logged_and_counted(
    path: Path, writer: DatabaseWriter, caplog: pytest.LogCaptureFixture
) -> None:
    writer.offer(
        Rows(candles.UPSERT_SECOND, [(n, 1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0 if n == 7 else 1) for n in range(20)])
    )
    await writer.run(lambda connection: None)
    assert rows(path, "SELECT open_ms FROM candles_1s") == [(n,) for n in range(20) if n != 7]
    assert writer.failed == 1
    assert "(7, 1, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0)" in caplog.text
