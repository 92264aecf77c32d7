"""SIGHUP: checked first, taken over whole, told; a mistake changes nothing."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from config.load import load_settings
from config.settings import Settings
from ops.process.reloader import Hangup, Reloader
from tests.end_to_end.outside import own_config


class Bench:
    """A configuration folder, a reloader that answers this process's SIGHUP, and what came of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = own_config(folder)
        self.applied: list[Settings] = []
        self.told: asyncio.Queue[object] = asyncio.Queue()
        settings = load_settings(self.folder)
        self.reloader = Reloader(lambda: load_settings(self.folder), settings, self._apply, self._taken, self._refused)

    async def _apply(self, settings: Settings) -> None:
        self.applied.append(settings)

    async def _taken(self, taken: Sequence[str], waiting: Sequence[str]) -> None:
        await self.told.put((tuple(taken), tuple(waiting)))

    async def _refused(self, why: str) -> None:
        await self.told.put(why)

    def edit(self, before: str, after: str) -> None:
        radar = self.folder / "radar.yaml"
        text = radar.read_text(encoding="utf-8")
        assert before in text
        radar.write_text(text.replace(before, after), encoding="utf-8")

    async def hang_up(self) -> object:
        os.kill(os.getpid(), signal.SIGHUP)
        return await asyncio.wait_for(self.told.get(), 20)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made, hangup = Bench(tmp_path / "config"), Hangup()
    hangup.listen()
    task = asyncio.ensure_future(made.reloader.run(hangup.asked))
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)


async def test_a_change_is_handed_on_and_one_that_waits_is_named(bench: Bench) -> None:
    bench.edit("margin_bps: 100", "margin_bps: 130")
    bench.edit("language: ko", "language: en")
    taken, waiting = ("radar.yaml: gate.margin_bps: 100 → 130",), ("radar.yaml: language: ko → en",)
    assert await bench.hang_up() == (taken, waiting)
    (settings,) = bench.applied
    assert settings.radar.gate.margin_bps == 130
    assert settings.radar.language == "ko"
    assert await bench.hang_up() == ((), waiting)  # it still waits, and the margin is not news any more


async def test_a_mistake_changes_nothing_and_the_mended_file_is_taken(bench: Bench) -> None:
    bench.edit("margin_bps: 100 ", "margin_bps: 130\n  marginn_bps: 7")
    why = await bench.hang_up()
    assert isinstance(why, str)
    assert "radar.yaml" in why
    assert "marginn_bps" in why
    assert bench.applied == []
    bench.edit("\n  marginn_bps: 7", "")
    assert await bench.hang_up() == (("radar.yaml: gate.margin_bps: 100 → 130",), ())
