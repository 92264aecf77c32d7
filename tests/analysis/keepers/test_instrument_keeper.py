"""The lists of all venues, minute by minute: what changed is written, what can't be read changes nothing."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from analysis.keepers.instrument_keeper import ROWS_A_SLICE, InstrumentKeeper
from analysis.quotes import Instrument, Instruments, NotListed, Run, Silent, VenueAnswer
from store.rows import Rows
from store.tables import global_instruments
from store.tables.global_instruments import Traded
from tests.fakes.blank import open_blank
from tests.fakes.clock import FakeClock


class Direct:
    """A writer that works at once, unless it is busy; `changed` counts the rows of each batch."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.busy = False
        self.changed: list[int] = []

    def offer(self, work: Rows) -> bool:
        if self.busy:
            return False
        self._connection.executemany(work.sql, work.rows)
        if "global_instruments" in work.sql:
            self.changed.append(len(work.rows))
        return True


class Scripted:
    """A venue with lists that the test sets."""

    def __init__(self, name: str, clock: FakeClock) -> None:
        self.name = name
        self.spot: Mapping[str, Instrument] | Silent = {}
        self.perp: Mapping[str, Instrument] | Silent = {}
        self.asked: list[str] = []
        self._clock = clock

    async def ask(self, base: str) -> VenueAnswer:
        self.asked.append(base)
        return NotListed()

    async def instruments(self) -> Instruments:
        return Instruments(self.name, self.spot, self.perp, self._clock.now_ms())

    async def run_since(self, base: str, published_ms: int) -> Run | NotListed | Silent:
        return NotListed()


def coins(*bases: str) -> dict[str, Instrument]:
    return {base: Instrument(f"{base}_USDT", base) for base in bases}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "radar.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    opened = open_blank(path)
    yield opened
    opened.close()


@pytest.fixture
def venue(clock: FakeClock) -> Scripted:
    return Scripted("gate", clock)


@pytest.fixture
def writer(connection: sqlite3.Connection) -> Direct:
    return Direct(connection)


@pytest.fixture
def keeper(venue: Scripted, path: Path, writer: Direct, clock: FakeClock) -> InstrumentKeeper:
    return InstrumentKeeper([venue], path, writer, clock)


def listed(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    return {(one.kind, one.base) for one in global_instruments.present(connection)}


async def test_only_what_changed_is_written(
    keeper: InstrumentKeeper, venue: Scripted, writer: Direct, connection: sqlite3.Connection
) -> None:
    venue.spot, venue.perp = coins("QRX", "OLD"), coins("QRX")
    await keeper.renew(venue)
    assert writer.changed == [2, 1]
    await keeper.renew(venue)
    assert writer.changed == [2, 1]
    early = Instrument("NEW_USDT", "NEW", live=False)
    venue.spot = {**coins("QRX"), "NEW": early}
    await keeper.renew(venue)
    assert writer.changed == [2, 1, 1, 1]
    assert listed(connection) == {("spot", "QRX"), ("spot", "NEW"), ("perp", "QRX")}
    venue.spot = coins("QRX", "NEW")
    await keeper.renew(venue)
    assert writer.changed[4:] == [1]  # it opened
    assert Traded("gate", "spot", "NEW", "NEW_USDT") in global_instruments.present(connection)


async def test_a_list_that_cant_be_read_takes_nothing_away(
    keeper: InstrumentKeeper,
    venue: Scripted,
    connection: sqlite3.Connection,
    caplog: pytest.LogCaptureFixture,
) -> None:
    venue.spot, venue.perp = coins("QRX"), coins("QRX")
    await keeper.renew(venue)
    venue.spot = Silent("HTTP 502, server error")
    for _ in range(3):
        await keeper.renew(venue)
    assert listed(connection) == {("spot", "QRX"), ("perp", "QRX")}
    assert caplog.messages == ["the spot list of gate can't be read: HTTP 502, server error"]
    troubles = {one.kind: one.trouble for one in keeper.lists}
    assert troubles == {"spot": "HTTP 502, server error", "perp": None}


async def test_after_a_restart_only_the_difference_is_written(
    keeper: InstrumentKeeper,
    venue: Scripted,
    path: Path,
    writer: Direct,
    clock: FakeClock,
    connection: sqlite3.Connection,
) -> None:
    venue.spot = coins("QRX", "OLD")
    await keeper.renew(venue)
    writer.changed.clear()
    venue.spot = coins("QRX", "NEW")
    await InstrumentKeeper([venue], path, writer, clock).renew(venue)
    assert writer.changed == [1, 1]
    assert listed(connection) == {("spot", "QRX"), ("spot", "NEW")}


async def test_what_the_writer_refuses_is_written_a_minute_later(
    keeper: InstrumentKeeper, venue: Scripted, writer: Direct, connection: sqlite3.Connection
) -> None:
    venue.spot, writer.busy = coins("QRX"), True
    await keeper.renew(venue)
    assert listed(connection) == set()
    writer.busy = False
    await keeper.renew(venue)
    assert listed(connection) == {("spot", "QRX")}


async def test_a_long_list_goes_in_slices(
    keeper: InstrumentKeeper, venue: Scripted, writer: Direct, clock: FakeClock
) -> None:
    venue.spot = coins(*(f"C{n}" for n in range(ROWS_A_SLICE * 2 + 1)))
    renewing = asyncio.ensure_future(keeper.renew(venue))
    while not renewing.done():
        await clock.advance(0.05)
    assert writer.changed == [ROWS_A_SLICE, ROWS_A_SLICE, 1]


async def test_each_round_keeps_the_connections_warm(
    keeper: InstrumentKeeper, venue: Scripted, path: Path, clock: FakeClock
) -> None:
    venue.spot = coins("BTC")
    for round_number in (1, 2):
        await keeper.renew(venue)
        assert venue.asked == ["BTC"] * round_number


async def test_the_venues_take_turns_and_come_again_every_minute(
    path: Path, writer: Direct, clock: FakeClock, connection: sqlite3.Connection
) -> None:
    venues = [Scripted(name, clock) for name in ("gate", "htx")]
    running = asyncio.ensure_future(InstrumentKeeper(venues, path, writer, clock).run())

    def rounds() -> tuple[int, ...]:
        return tuple(len(venue.asked) for venue in venues)

    await until(lambda: rounds() == (1, 0))
    await clock.advance(1.5)
    await until(lambda: rounds() == (1, 1))
    await clock.advance(58)
    assert rounds() == (1, 1)
    await clock.advance(1)
    await until(lambda: rounds() == (2, 1))
    running.cancel()


async def until(condition: Callable[[], bool]) -> None:
    """The known rows are read in a thread, so the first round takes real turns of the loop."""
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0)
