"""A simulator and a daemon, each a process of its own, and what the outside can see of them.

Nothing here knows the daemon from the inside: it is watched through its exit code, its log, its tables, health.json
and the simulated Telegram. Waiting always ends: on the condition, on the daemon's death, or at a deadline in real time.
"""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

from scripts.pace import busy, paced
from tests.end_to_end.nursery import Begin, Process, spawned
from tests.end_to_end.outside import ROOT, TELEGRAM, Answer, NeverHappened, Outside, environment

T = TypeVar("T")

DAEMON = ROOT / "collector_daemon.py"
LOOK_S = 0.05  # between two looks at a condition
DEADLINE_S = 30.0  # of real time, for anything that takes a second or two on an idle machine; a busy one is slow


def process(*words: str | Path, secrets: Mapping[str, str] = {}) -> Answer:
    """`collector_daemon.py` with these words, to its end."""
    return subprocess.run(
        [sys.executable, DAEMON, *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment(secrets),
        timeout=DEADLINE_S,
        check=False,
    )


class Simulator:
    """The simulator on a free port, with its control calls."""

    def __init__(self, *words: str, begin: Begin = spawned) -> None:
        with tempfile.TemporaryDirectory() as folder:
            told = Path(folder) / "told"
            told.touch()
            self.process = begin("simulator", ["--port", "0", *words], environment({}), told)
            while not (said := told.read_text()).endswith("\n"):
                assert self.process.poll() is None, said
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(LOOK_S)
        self.url = str(json.loads(said)["url"])

    def get(self, path: str, **query: object) -> Any:
        return self._call(urllib.request.Request(f"{self.url}{path}?{urlencode(query)}"))

    def post(self, path: str, **body: object) -> Any:
        return self._call(urllib.request.Request(self.url + path, json.dumps(body).encode(), method="POST"))

    def delete(self, path: str) -> Any:
        return self._call(urllib.request.Request(self.url + path, method="DELETE"))

    def now_ms(self) -> int:
        return int(self.get("/sim/clock")["now_ms"])

    def messages(self) -> list[dict[str, Any]]:
        """Everything that the simulated Telegram accepted."""
        told: list[dict[str, Any]] = self.get("/sim/telegram")
        return told

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(DEADLINE_S)

    @staticmethod
    def _call(request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{request.full_url} answered {e.code}: {e.read().decode()}") from e


class Pair(Outside):
    """A simulator and the daemon on one data folder, which may be killed and started again.

    `log` holds what every run wrote to stdout and stderr.
    """

    def __init__(self, folder: Path, simulator: Simulator, begin: Begin = spawned) -> None:
        super().__init__(folder)
        self.simulator = simulator
        self._begin = begin
        self._daemon: Process | None = None
        self._started_ms = 0

    def close(self) -> None:
        """End the daemon if it still runs; for the end of a test, however it ended."""
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.kill()
            self._daemon.wait(DEADLINE_S)

    # --- the daemon's life --------------------------------------------------------------------------------------------

    def start(self, *words: str, secrets: Mapping[str, str] = TELEGRAM) -> None:
        """The daemon against the simulator, recording into `data`; returns at once."""
        assert self._daemon is None, "the daemon runs already"
        self._started_ms = self.simulator.now_ms()
        places: list[str | Path] = ["--simulator", self.simulator.url, "--data", self.data, "--config", self.config]
        self._daemon = self._begin("daemon", [*places, *words], environment(secrets), self.log)

    @property
    def daemon(self) -> Process:
        assert self._daemon is not None, "no daemon runs"
        return self._daemon

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask the daemon to stop, and answer its exit code."""
        self.daemon.send_signal(number)
        return self.ended()

    def kill(self) -> None:
        """End the daemon as a power cut would."""
        self.daemon.kill()
        assert self.ended() == -signal.SIGKILL

    def ended(self) -> int:
        """Wait for the daemon's end and answer its exit code."""
        try:
            code = self.daemon.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            raise NeverHappened(f"the daemon did not end within {DEADLINE_S:g} s{self.end_of_log()}") from None
        self._daemon = None
        return code

    def until(self, condition: Callable[[], T | None], what: str, within_s: float = DEADLINE_S) -> T:
        """The first truthy answer of `condition`; raise NeverHappened after `within_s` (on an idle machine), or when
        the daemon dies.

        While no daemon is meant to run, it is the simulator that must stay alive.
        """
        watched = self._daemon or self.simulator.process
        within_s *= busy()
        until_s = time.monotonic() + within_s
        while not (answer := condition()):
            if time.monotonic() > until_s:
                raise NeverHappened(f"not within {within_s:g} s: {what}{self.end_of_log()}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = watched.wait(LOOK_S)
                who = "the daemon" if watched is self._daemon else "the simulator"
                raise NeverHappened(f"{who} ended with {code} before: {what}{self.end_of_log()}")
        return answer

    def until_recording(self) -> None:
        """The run that was started last has stored seconds of both exchanges, and listens to every market."""
        self.until(self._records, "both exchanges are recorded")

    def _records(self) -> bool:
        heard = self.rows("SELECT DISTINCT exchange FROM v_candles_1s WHERE open_ms >= ?", self._started_ms)
        return len(heard) == 2 and not self.rows("SELECT 1 FROM gaps WHERE to_ms IS NULL")

    # --- what the outside sees ----------------------------------------------------------------------------------------

    def told(self, message_id: object) -> dict[str, Any] | None:
        """The message of that id at the simulated Telegram."""
        return next((each for each in self.simulator.messages() if str(each["message_id"]) == str(message_id)), None)


@contextlib.contextmanager
def running_pair(folder: Path, *words: str, begin: Begin = spawned) -> Iterator[Pair]:
    """A simulator (its arguments are `words`) and a daemon that is not started yet."""
    with closing(Simulator(*words, begin=begin)) as simulator, closing(Pair(folder, simulator, begin)) as pair:
        yield pair


def small_world(speed: float, *more: str, markets: int = 12, rate: float = 30.0) -> Sequence[str]:
    """Arguments of a simulator that leaves the machine to the daemon; a busy machine gets a slower one."""
    return ("--markets", str(markets), "--rate", str(rate), "--speed", str(paced(speed)), *more)
