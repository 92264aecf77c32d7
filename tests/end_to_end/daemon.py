"""The whole daemon beside a simulator in this process, over real sockets and on real files, on a loop that leaps.

What needs a process of its own (to be killed, to be refused, to start from nothing) is shown with `pair.py`. Here time
costs only what happens in it; whoever uses it is on a `LeapingLoop`. Waiting ends on the condition, on the daemon's
end, or at a deadline of simulated time.
"""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

import collector_daemon
from config.load import load_secrets, load_settings
from ops.commands import cli
from ops.process.lock import held
from ops.process.logs import set_up
from tests.end_to_end.outside import TELEGRAM, NeverHappened, Outside
from tests.fakes.simulator import SimulatorHandle, running_simulator

T = TypeVar("T")

TICK_S = 0.1  # of the simulated world
LOOK_S = 0.5  # between two looks at a condition
DEADLINE_S = 600.0


class Daemon(Outside):
    """One life of the daemon on the data folder below `folder`."""

    def __init__(self, folder: Path, simulator: SimulatorHandle) -> None:
        super().__init__(folder)
        self.simulator = simulator
        self._life: asyncio.Task[int] | None = None
        self._started_ms = 0

    def now_ms(self) -> int:
        return self.simulator.world.clock.now_ms()

    def start(self, secrets: Mapping[str, str] = TELEGRAM) -> None:
        """Begin to live; returns at once."""
        self._started_ms = self.now_ms()
        self._life = asyncio.create_task(self._live(secrets), name="daemon")

    async def _live(self, secrets: Mapping[str, str]) -> int:
        words = ("--simulator", self.simulator.url, "--data", str(self.data), "--config", str(self.config))
        asked, secret = cli.parse(words), load_secrets(secrets)
        settings = load_settings(asked.config)
        self.data.mkdir(exist_ok=True)
        with _logging(self.log, settings.radar.log_format, secret.redactor()), held(self.data / "radar.lock") as hold:
            return await collector_daemon.run(asked, settings, secret, hold)

    def send(self, number: signal.Signals) -> None:
        """A signal, which the daemon takes as it takes those of its own process."""
        assert self._life is not None
        assert not self._life.done()
        signal.raise_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the daemon to stop, and answer its exit code."""
        assert self._life is not None
        self.send(number)
        return await self._life

    async def ended(self) -> int:
        """Wait until it ends by itself; answer its exit code, or raise what ended it."""
        assert self._life is not None
        return await self._life

    async def until(self, condition: Callable[[], T | None], what: str) -> T:
        """The first truthy answer of `condition`; raise NeverHappened at the deadline, or when the daemon has ended."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + DEADLINE_S
        while True:
            if answer := condition():
                return answer
            if loop.time() > until_s:
                raise NeverHappened(f"not within {DEADLINE_S:g} s: {what}{self.end_of_log()}")
            if self._life is not None and self._life.done():
                raise NeverHappened(f"the daemon ended before: {what}{self.end_of_log()}") from self._life.exception()
            await asyncio.sleep(LOOK_S)

    async def until_recording(self) -> None:
        """It has stored seconds of both exchanges, and listens to every market."""
        await self.until(self._records, "both exchanges are recorded")

    def _records(self) -> bool:
        heard = self.rows("SELECT DISTINCT exchange FROM v_candles_1s WHERE open_ms >= ?", self._started_ms)
        return len(heard) == 2 and not self.rows("SELECT 1 FROM gaps WHERE to_ms IS NULL")

    async def messages(self) -> list[dict[str, Any]]:
        """Everything that the simulated Telegram accepted."""
        told: list[dict[str, Any]] = await self.simulator.get("/sim/telegram")
        return told

    async def until_told(self, words: str, times: int = 1) -> None:
        """So many messages with these words have arrived, and no more."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + DEADLINE_S
        while (told := sum(words in each["text"] for each in await self.messages())) < times:
            if loop.time() > until_s:
                raise NeverHappened(f"not within {DEADLINE_S:g} s: {words} in a message{self.end_of_log()}")
            await asyncio.sleep(LOOK_S)
        assert told == times

    async def close(self) -> None:
        """End the daemon if it still lives; for the end of a test, however it ended."""
        if self._life is not None and not self._life.done():
            self._life.cancel()
            await asyncio.gather(self._life, return_exceptions=True)


@asynccontextmanager
async def beside_a_simulator(
    folder: Path, markets: int = 12, rate: float = 30.0, seed: int = 1, second: int = 0
) -> AsyncIterator[Daemon]:
    """A daemon that is not started yet, and its world, which begins at that second of a minute."""
    start_ms = int(time.time()) // 60 * 60_000 + second * 1_000
    async with running_simulator(seed, rate, markets, tick_s=TICK_S, start_ms=start_ms) as simulator:
        daemon = Daemon(folder, simulator)
        try:
            yield daemon
        finally:
            await daemon.close()


@contextmanager
def _logging(path: Path, style: Any, redact: Any) -> Iterator[None]:
    """What the daemon logs goes to a file, as if it were its standard output."""
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    with path.open("a", encoding="utf-8") as file:
        with redirect_stdout(file):
            set_up(style, "info", redact)
        try:
            yield
        finally:
            root.handlers[:] = kept
            root.setLevel(level)
