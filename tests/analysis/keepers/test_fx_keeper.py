"""The kept exchange rate: every ten seconds, each input with its source and age, and no row for what nobody knows."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from analysis.evidence import FxLegs
from analysis.keepers.fx_keeper import FxKeeper, snapshots
from analysis.premium import Fx
from analysis.quotes import BankRate, Leg
from analysis.verdict import Fact
from collectors.events import Exchange
from store.tables import fx
from store.tables.fx import FxInput, FxSnapshot
from tests.fakes.blank import open_blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.evidence import SHIPPED


class Legs:
    """A rate of 1,400 KRW, a second old when asked; `split` sets ETH and USDT far from it."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.split = False
        self.silent = False

    async def legs(self, exchange: Exchange) -> FxLegs:
        at_ms = self._clock.now_ms() - 1_000
        bank = BankRate(1_380.0, at_ms - 59_000, at_ms, "dunamu")
        if self.silent:
            return FxLegs(bank=bank)

        def leg(base: str, quote: str, price: float) -> Leg:
            return Leg(base, quote, price, at_ms, at_ms, exchange if quote == "KRW" else "binance")

        return FxLegs(
            btc_krw=leg("BTC", "KRW", 140_000_000.0),
            btc_usdt=leg("BTC", "USDT", 100_000.0),
            usdt_krw=leg("USDT", "KRW", 1_500.0 if self.split else 1_401.0),
            bank=bank,
        )


class Direct:
    """A writer that works at once; `full` makes it refuse."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.full = False

    def offer(self, work: Callable[[sqlite3.Connection], object]) -> bool:
        if not self.full:
            work(self._connection)
        return not self.full


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_blank(tmp_path / "radar.db")
    yield opened
    opened.close()


def keeper(connection: sqlite3.Connection, clock: FakeClock) -> tuple[FxKeeper, Legs, Direct, list[Fx]]:
    legs, writer, heard = Legs(clock), Direct(connection), list[Fx]()
    return FxKeeper(legs, "upbit", writer, clock, SHIPPED.radar.gate, heard.append), legs, writer, heard


def times(connection: sqlite3.Connection, quote: str) -> list[int]:
    rows = connection.execute("SELECT taken_ms FROM fx_snapshots WHERE quote = ? ORDER BY id", (quote,))
    return [(at_ms - START_MS) // 1000 for (at_ms,) in rows]


async def test_a_snapshot_is_kept_every_ten_seconds(connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    kept, _, _, heard = keeper(connection, clock)
    task = asyncio.create_task(kept.run())
    await clock.advance(30)
    task.cancel()
    assert times(connection, "USDT") == times(connection, "USD") == [0, 10, 20, 30]
    assert [each.rate for each in heard] == [1_400.0] * 4


async def test_every_input_names_its_source_and_age(connection: sqlite3.Connection) -> None:
    kept, *_ = keeper(connection, FakeClock())
    await kept.take()
    ours, bank = fx.latest(connection, "USDT"), fx.latest(connection, "USD")
    assert ours is not None
    assert bank is not None
    assert (ours.krw_per_quote, ours.source) == (1_400.0, "btc_implied")
    assert ours.inputs["leg.btc_krw"] == FxInput(140_000_000.0, "krw", "upbit", 1_000)
    assert ours.inputs["leg.btc_usdt"] == FxInput(100_000.0, "usdt", "binance", 1_000)
    assert ours.inputs["fx.krw_usdt"] == FxInput(1_401.0, "krw_per_usdt", "upbit", 1_000)
    assert ours.inputs["bank_krw_per_usd"] == FxInput(1_380.0, "krw_per_usd", "dunamu", 60_000)
    assert (bank.krw_per_quote, bank.source, list(bank.inputs)) == (1_380.0, "dunamu", ["bank_krw_per_usd"])


async def test_a_disputed_rate_is_no_row_and_the_bank_is_still_kept(connection: sqlite3.Connection) -> None:
    kept, legs, _, heard = keeper(connection, FakeClock())
    legs.split = True
    await kept.take()
    assert times(connection, "USDT") == []
    assert times(connection, "USD") == [0]
    assert heard[0].rate is None


async def test_the_last_good_rate_is_kept_under_that_name_until_it_is_too_old(connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    kept, legs, *_ = keeper(connection, clock)
    await kept.take()
    legs.silent = True
    await clock.advance(290)
    await kept.take()
    await clock.advance(20)
    await kept.take()
    rows = connection.execute("SELECT source FROM fx_snapshots WHERE quote = 'USDT' ORDER BY id").fetchall()
    assert [source for (source,) in rows] == ["btc_implied", "last_good", "hard_coded"]


async def test_a_full_writer_costs_one_snapshot_and_nothing_else(connection: sqlite3.Connection) -> None:
    clock = FakeClock()
    kept, _, writer, _ = keeper(connection, clock)
    task = asyncio.create_task(kept.run())
    writer.full = True
    await clock.advance(5)
    writer.full = False
    await clock.advance(10)
    task.cancel()
    assert times(connection, "USDT") == [10]


def test_unknown_rates_make_no_rows() -> None:
    unknown = Fact(None, "krw_per_usdt", "none: no two sources agree", None)
    assert snapshots({"fx_krw_per_usdt": unknown, "bank_krw_per_usd": unknown}, START_MS) == []
    known = Fact(1_400.0, "krw_per_usdt", "eth_implied: upbit / binance", START_MS)
    assert snapshots({"fx_krw_per_usdt": known}, START_MS) == [FxSnapshot(START_MS, 1_400.0, "USDT", "eth_implied", {})]
