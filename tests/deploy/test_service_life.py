"""The daemon under a service manager's eyes: a real process, a real notify socket, exchanges that are down."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.fakes.service_manager import ServiceManager, listening_manager
from tests.fakes.simulator import running_simulator

ROOT = Path(__file__).resolve().parents[2]
START_S = 60.0
STOP_S = 30.0  # TimeoutStopSec of the unit
WATCHDOG_S = 1.5


@asynccontextmanager
async def service(url: str, data: Path, manager: ServiceManager) -> AsyncIterator[asyncio.subprocess.Process]:
    """The daemon as the unit starts it; killed if a test leaves it behind."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("TELEGRAM", "UPBIT"))}
    environ |= {"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": str(round(WATCHDOG_S * 1e6))}
    words = [sys.executable, "collector_daemon.py", "run", "--simulator", url, "--data", str(data)]
    with (data / "log").open("wb") as log:
        daemon = await asyncio.create_subprocess_exec(*words, cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            yield daemon
        finally:
            if daemon.returncode is None:
                daemon.kill()
            await daemon.wait()


async def heard(manager: ServiceManager, message: str, within_s: float = START_S) -> list[str]:
    """The simulator lives on this loop, so the waiting is done beside it."""
    return await asyncio.to_thread(manager.wait_for, message, within_s)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


async def test_it_is_ready_and_fed_while_both_exchanges_are_down_and_stops_in_time(data: Path, tmp_path: Path) -> None:
    async with running_simulator() as simulator:
        for exchange in ("upbit", "bithumb", "upbit-site"):
            await simulator.post("/sim/fault", target=exchange, kind="refuse", for_s=3_600)
        with listening_manager(tmp_path) as manager:
            async with service(simulator.url, data, manager) as daemon:
                before = await heard(manager, "READY=1")
                assert "WATCHDOG=1" not in before
                for _ in range(5):
                    await heard(manager, "WATCHDOG=1", WATCHDOG_S)
                daemon.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(daemon.wait(), STOP_S) == 0
                assert "STOPPING=1" in manager.told()


async def test_a_process_that_hangs_is_not_fed(data: Path, tmp_path: Path) -> None:
    async with running_simulator() as simulator:
        with listening_manager(tmp_path) as manager:
            async with service(simulator.url, data, manager) as daemon:
                await heard(manager, "READY=1")
                daemon.send_signal(signal.SIGSTOP)
                manager.told()
                with pytest.raises(TimeoutError):
                    await heard(manager, "WATCHDOG=1", WATCHDOG_S)
                daemon.send_signal(signal.SIGCONT)
                await heard(manager, "WATCHDOG=1", START_S)


async def test_a_killed_run_is_told_by_the_next_start(data: Path, tmp_path: Path) -> None:
    async with running_simulator() as simulator:
        with listening_manager(tmp_path) as manager:
            async with service(simulator.url, data, manager) as daemon:
                await heard(manager, "READY=1")
                daemon.kill()
                await daemon.wait()
            async with service(simulator.url, data, manager) as daemon:
                await heard(manager, "READY=1")
                await until_said(data / "log", "비정상 종료 후 다시 시작함")
                daemon.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(daemon.wait(), STOP_S) == 0
            assert "SIGTERM 신호로 멈춤" in (data / "log").read_text()


async def test_a_damaged_database_is_moved_aside_and_recording_goes_on(data: Path, tmp_path: Path) -> None:
    (data / "radar.db").write_bytes(b"scrap" * 10_000)
    async with running_simulator() as simulator:
        with listening_manager(tmp_path) as manager:
            async with service(simulator.url, data, manager) as daemon:
                await heard(manager, "READY=1")
                await until_said(data / "log", "salvage")
                daemon.send_signal(signal.SIGTERM)
                assert await asyncio.wait_for(daemon.wait(), STOP_S) == 0
    (aside,) = data.glob("radar.db.damaged-*")
    assert aside.read_bytes() == b"scrap" * 10_000
    assert aside.name in (data / "health.json").read_text()


async def until_said(log: Path, words: str) -> None:
    """Without Telegram the owner's news goes to the log."""
    async with asyncio.timeout(START_S):
        while words not in log.read_text():
            await asyncio.sleep(0.1)
