"""What tests of the outbox begin with."""

from pathlib import Path

import pytest

from tests.alerts.outbox_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)
