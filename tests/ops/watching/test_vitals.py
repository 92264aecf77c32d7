"""What is measured for health itself: the disk, and when it will be full."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from ops.watching.vitals import Disk
from tests.fakes.clock import FakeClock

GB = 10**9
HOUR_S = 3_600.0

Usage = namedtuple("Usage", "total used free")


class Filling:
    """A disk of 100 GB; `free` is what is left of it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.free = 50 * GB
        self.clock = FakeClock()
        self.disk = Disk(folder, self.clock)
        monkeypatch.setattr(shutil, "disk_usage", lambda of: Usage(100 * GB, 100 * GB - self.free, self.free))

    async def hours(self, hours: int, bytes_an_hour: int) -> None:
        """So much is written in each hour, and looked at every quarter of one."""
        for _ in range(4 * hours):
            await self.clock.advance(HOUR_S / 4)
            self.free -= bytes_an_hour // 4
            self.disk.look()


@pytest.fixture
def filling(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Filling:
    filling = Filling(monkeypatch, tmp_path)
    filling.disk.look()
    return filling


async def test_the_days_until_the_disk_is_full_follow_from_what_was_written(filling: Filling) -> None:
    await filling.hours(8, GB // 2)  # 46 GB are left, at 12 GB a day
    assert filling.disk.free_part == 0.46
    assert filling.disk.days_left == pytest.approx(46 / 12, abs=0.1)


async def test_the_last_day_counts_and_no_more(filling: Filling) -> None:
    await filling.hours(24, GB)
    await filling.hours(24, GB // 10)
    assert filling.disk.days_left == pytest.approx((50 - 24 - 2.4) / 2.4, abs=0.2)


async def test_nothing_is_foretold_from_a_few_hours_or_of_a_disk_that_empties(filling: Filling) -> None:
    await filling.hours(5, GB)
    assert filling.disk.days_left is None
    await filling.hours(24, -GB)
    assert filling.disk.days_left is None
