"""What several tests of this folder begin with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.recorder_bench import Bench
from tests.collectors.shards import Log
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
def log() -> Log:
    return Log()
