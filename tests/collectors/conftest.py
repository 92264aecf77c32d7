"""What several tests of listings stand on."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import Writing
from store.writer import DatabaseWriter
from tests.collectors.listing_desk import Desk
from tests.fakes.blank import blank
from tests.fakes.clock import FakeClock


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    path = tmp_path / "radar.db"
    with DatabaseWriter.open(blank(path), FakeClock(), Writing(batch_ms=1)) as writer:
        yield Desk(path, writer)
