"""A short run under faults, held against the truth second by second. The long one, with kills: `scripts/prove`."""

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.proof import QUICK, prove
from tests.end_to_end.daemon import Daemon, beside_a_simulator


class Both:
    """The daemon and its simulator in one loop, as the proof asks for them."""

    speed = 1.0

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self.data = daemon.data
        self.get = daemon.simulator.get
        self.post = daemon.simulator.post

    async def start(self) -> None:
        self._daemon.start()

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        return await self._daemon.stop(how)

    async def now_ms(self) -> int:
        return self._daemon.now_ms()

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self._daemon.rows(sql, *params)]

    async def until(self, sql: str, deadline_s: float) -> bool:
        await self._daemon.until(lambda: self._daemon.rows(sql), sql)
        return True


@asynccontextmanager
async def both(folder: Path, seed: int, speed: float, markets: int, rate: float) -> AsyncIterator[Both]:
    async with beside_a_simulator(folder, markets, rate, seed) as daemon:
        yield Both(daemon)


@pytest.mark.leaping
async def test_under_faults_every_second_is_right_and_every_gap_is_healed(tmp_path: Path) -> None:
    verdict = await prove(tmp_path, script=QUICK, length_s=90, speed=1.0, markets=20, rate=40, begin=both)
    assert verdict.wrong == ()
    assert verdict.open_gaps == ()
    assert verdict.healed > 200
    assert verdict.equal > 1_000
