"""What several tests of this folder begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Writing
from store.writer import DatabaseWriter
from tests.collectors.feeds.shards import Log
from tests.collectors.listings.listing_desk import Desk
from tests.collectors.recording.recorder_bench import Bench
from tests.fakes.blank import blank
from tests.fakes.clock import FakeClock
from tests.fakes.exchange import FakeExchange


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Iterator[Bench]:
    """A recorder whose writer works."""
    bench = Bench(tmp_path, clock)
    with bench.writer:
        yield bench


@pytest.fixture
def exchange(clock: FakeClock) -> FakeExchange:
    return FakeExchange(clock)


@pytest.fixture
def log(clock: FakeClock) -> Log:
    return Log(clock)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A listing book over a real database file."""
    path = tmp_path / "radar.db"
    with DatabaseWriter.open(blank(path), FakeClock(), Writing(batch_ms=1)) as writer:
        yield Desk(path, writer)
