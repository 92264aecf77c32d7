"""Simulator and daemon as two processes, for the proof: started, killed and begun again, asked, read.

ProofFailed (Exception)   the run itself did not work; the text says what
"""

import asyncio
import json
import os
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, Protocol

import aiohttp

ROOT = Path(__file__).resolve().parents[1]
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0
CONFIG = {"retention": {"seconds_s": 3600}}


class ProofFailed(Exception):
    """The run itself did not work; the text says what."""


class Both(Protocol):
    """A simulator and a daemon, wherever they live; `speed` is simulated seconds in one of the event loop."""

    @property
    def speed(self) -> float: ...

    @property
    def data(self) -> Path: ...

    async def start(self) -> None: ...

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int: ...

    async def now_ms(self) -> int: ...

    async def get(self, path: str, **query: Any) -> Any: ...  # JSON of any shape

    async def post(self, path: str, **body: Any) -> Any: ...

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]: ...

    async def until(self, sql: str, deadline_s: float) -> bool: ...


Begin = Callable[[Path, int, float, int, float], AbstractAsyncContextManager[Both]]


class Pair:
    """The simulator and the daemon as two processes; the daemon can be killed and begun again."""

    def __init__(self, url: str, data: Path, config: Path, speed: float, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.data = data
        self.speed = speed
        self._config = config
        self._http = http
        self._daemon: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self.data / "daemon.log").open("ab") as log:
            self._daemon = await asyncio.create_subprocess_exec(
                *(sys.executable, str(ROOT / "collector_daemon.py"), "--simulator", self.url),
                *("--data", str(self.data), "--config", str(self._config)),
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
            )

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the daemon; answer its exit code."""
        assert self._daemon is not None
        daemon, self._daemon = self._daemon, None
        with suppress(ProcessLookupError):
            daemon.send_signal(how)
        try:
            return await asyncio.wait_for(daemon.wait(), STOP_DEADLINE_S)
        except TimeoutError:
            daemon.kill()
            raise ProofFailed("the daemon did not stop") from None

    @property
    def running(self) -> bool:
        return self._daemon is not None and self._daemon.returncode is None

    async def now_ms(self) -> int:
        return int((await self.get("/sim/clock"))["now_ms"])

    async def get(self, path: str, **query: Any) -> Any:  # JSON of any shape
        async with self._http.get(self.url + path, params=query) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)

    async def post(self, path: str, **body: Any) -> Any:
        async with self._http.post(self.url + path, json=body) as answer:
            if answer.status != 200:
                raise ProofFailed(f"{path}: {await answer.text()}")
            return await answer.json(content_type=None)

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """What another process reads; nothing while the daemon has not made its tables."""
        path = self.data / "radar.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            try:
                return connection.execute(sql, params).fetchall()
            except sqlite3.OperationalError as e:
                if "no such table" in str(e) or "unable to open" in str(e):
                    return []
                raise

    async def until(self, sql: str, deadline_s: float) -> bool:
        """Wait until a query finds something."""
        deadline = time.monotonic() + deadline_s
        while not self.rows(sql):
            if time.monotonic() > deadline:
                return False
            if not self.running:
                raise ProofFailed(f"the daemon ended by itself; see {self.data / 'daemon.log'}")
            await asyncio.sleep(0.1)
        return True


@asynccontextmanager
async def pair(
    data: Path, seed: int, speed: float, markets: int, rate: float, library: str = "picows"
) -> AsyncIterator[Pair]:
    """Both processes, ended when the block ends; `library` opens the sockets of market data."""
    config = data / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (config / "radar.yaml").write_text(_adapted((config / "radar.yaml").read_text(), library))
    simulator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "--port", "0", "--seed", str(seed), "--speed", str(speed)),
        *("--markets", str(markets), "--rate", str(rate)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert simulator.stdout is not None
        line = await asyncio.wait_for(simulator.stdout.readline(), START_DEADLINE_S)
        if not line:
            raise ProofFailed("the simulator did not start; run `python -m simulator` to see why")
        async with aiohttp.ClientSession() as http:
            both = Pair(json.loads(line)["url"], data, config, speed, http)
            try:
                yield both
            finally:
                if both.running:
                    await both.end(signal.SIGKILL)
    finally:
        with suppress(ProcessLookupError):
            simulator.terminate()
        await simulator.wait()


def _adapted(text: str, library: str) -> str:
    text = text.replace("seconds_s: 600 ", f"seconds_s: {CONFIG['retention']['seconds_s']} ")
    return text.replace("socket_library: picows ", f"socket_library: {library} ")
