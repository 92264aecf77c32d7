"""What tests of the audit begin with."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.collectors.repair.audited import Audited
from tests.fakes.clock import FakeClock


@pytest.fixture(params=["upbit", "bithumb"])
async def bench(tmp_path: Path, clock: FakeClock, request: pytest.FixtureRequest) -> AsyncIterator[Audited]:
    bench = Audited(tmp_path / "radar.db", clock, request.param)
    with bench.writer:
        yield bench


@pytest.fixture
async def upbit(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Audited]:
    bench = Audited(tmp_path / "radar.db", clock)
    with bench.writer:
        yield bench
