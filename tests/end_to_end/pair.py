"""A simulator and a daemon, each a process of its own as a user would start it, and what the outside can see of them.

Nothing here knows the daemon from the inside: it is watched through its exit code, its log, its tables, health.json
and the simulated Telegram. Waiting always ends: on the condition, on the daemon's death, or at a deadline in real time.
"""

import contextlib
import io
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch
from urllib.parse import urlencode

import collector_daemon
from config.secrets import ENVIRONMENT
from scripts.pace import busy, paced

T = TypeVar("T")
Answer = subprocess.CompletedProcess[str]

ROOT = Path(__file__).resolve().parents[2]
DAEMON = ROOT / "collector_daemon.py"
CHAT = 777_001
TELEGRAM = {"TELEGRAM_BOT_TOKEN": "200000002:" + "Pair" * 8 + "abc", "TELEGRAM_CHAT_ID": str(CHAT)}
REPEAT = "중복일 수 있음"  # stands on a message that may be the second copy
LOOK_S = 0.05  # between two looks at a condition
DEADLINE_S = 30.0  # of real time, for anything that takes a second or two on an idle machine; a busy one is slow
NOT_MADE_YET = ("no such table", "unable to open", "attempt to write a readonly database")  # the last: a hot journal


class NeverHappened(AssertionError):
    """A condition did not come true in time; the text says which, and how the daemon's log ends."""


def environment(secrets: Mapping[str, str]) -> dict[str, str]:
    """Ours without any secret of whoever runs the tests, with `secrets` instead."""
    theirs = {*ENVIRONMENT.values(), "CREDENTIALS_DIRECTORY"}
    return {name: value for name, value in os.environ.items() if name not in theirs} | dict(secrets)


def own_config(folder: Path) -> Path:
    """A copy of the configuration that takes a free port and writes health.json more often."""
    shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    radar = folder / "radar.yaml"
    text = radar.read_text(encoding="utf-8")
    assert "port: 8714" in text
    assert "\nhealth:" not in text
    radar.write_text(text.replace("port: 8714", "port: 0") + "\nhealth: {write_every_s: 5}\n", encoding="utf-8")
    return folder


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


def command(*words: str | Path, text: bytes = b"") -> Answer:
    """A command that only reads, through the same `main` in this process: a second sooner. `text` is its input."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(errors))
        stack.enter_context(patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(text))))
        stack.enter_context(patch.dict(os.environ, environment({}), clear=True))
        try:
            code = collector_daemon.main([str(word) for word in words])
        except SystemExit as refused:  # how argparse refuses words
            code = int(refused.code or 0)
    return Answer([*words], code, out.getvalue(), errors.getvalue())


def json_lines(answer: Answer) -> list[dict[str, Any]]:
    """What a command with `--json` printed: one object a line."""
    return [json.loads(line) for line in answer.stdout.splitlines()]


class Simulator:
    """`python -m simulator` on a free port, with its control calls."""

    def __init__(self, *words: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "--port", "0", *words],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env=environment({}),
        )
        assert self.process.stdout is not None
        self.url = str(json.loads(self.process.stdout.readline())["url"])

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
            self.process.terminate()
        _reap(self.process)
        assert self.process.stdout is not None
        self.process.stdout.close()

    @staticmethod
    def _call(request: urllib.request.Request) -> Any:
        try:
            with urllib.request.urlopen(request, timeout=DEADLINE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise AssertionError(f"{request.full_url} answered {e.code}: {e.read().decode()}") from e


class Pair:
    """A simulator and the daemon on one data folder, which may be killed and started again.

    `log` holds what every run wrote to stdout and stderr.
    """

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.data = folder / "data"
        self.log = folder / "daemon.log"
        self.simulator = simulator
        self._config = own_config(folder / "config")
        self._daemon: subprocess.Popen[bytes] | None = None
        self._started_ms = 0

    def close(self) -> None:
        """End the daemon if it still runs; for the end of a test, however it ended."""
        if self._daemon is not None and self._daemon.poll() is None:
            self._daemon.kill()
            self._daemon.wait()

    # --- the daemon's life --------------------------------------------------------------------------------------------

    def start(self, *words: str, secrets: Mapping[str, str] = TELEGRAM) -> None:
        """The daemon against the simulator, recording into `data`; returns at once."""
        assert self._daemon is None, "the daemon runs already"
        self._started_ms = self.simulator.now_ms()
        places: list[str | Path] = ["--simulator", self.simulator.url, "--data", self.data, "--config", self._config]
        with self.log.open("ab") as log:
            self._daemon = subprocess.Popen(
                [sys.executable, DAEMON, *places, *words],
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=environment(secrets),
            )

    @property
    def daemon(self) -> subprocess.Popen[bytes]:
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
            raise NeverHappened(f"the daemon did not end within {DEADLINE_S:g} s{self._end_of_log()}") from None
        self._daemon = None
        return code

    def until(self, condition: Callable[[], T | None], what: str, within_s: float = DEADLINE_S) -> T:
        """The first truthy answer of `condition`; raise NeverHappened after `within_s` (on an idle machine), or when
        the daemon dies.

        While no daemon is meant to run, it is the simulator that must stay alive.
        """
        watched: subprocess.Popen[Any] = self._daemon or self.simulator.process
        within_s *= busy()
        until_s = time.monotonic() + within_s
        while not (answer := condition()):
            if time.monotonic() > until_s:
                raise NeverHappened(f"not within {within_s:g} s: {what}{self._end_of_log()}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = watched.wait(LOOK_S)
                who = "the daemon" if watched is self._daemon else "the simulator"
                raise NeverHappened(f"{who} ended with {code} before: {what}{self._end_of_log()}")
        return answer

    def until_recording(self) -> None:
        """The run that was started last has stored seconds of both exchanges, and listens to every market."""
        self.until(self._records, "both exchanges are recorded")

    def _records(self) -> bool:
        heard = self.rows("SELECT DISTINCT exchange FROM v_candles_1s WHERE open_ms >= ?", self._started_ms)
        return len(heard) == 2 and not self.rows("SELECT 1 FROM gaps WHERE to_ms IS NULL")

    # --- what the outside sees ----------------------------------------------------------------------------------------

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query; none while the daemon has not made its tables."""
        path = self.data / "radar.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(sql, values)]
            except sqlite3.OperationalError as e:
                if any(early in str(e) for early in NOT_MADE_YET):
                    return []
                raise

    def health(self) -> dict[str, Any] | None:
        """health.json, or None before its first writing."""
        try:
            told: dict[str, Any] = json.loads((self.data / "health.json").read_bytes())
        except FileNotFoundError:
            return None
        return told

    def ask(self, name: str, *words: str) -> Answer:
        """One command on this pair's data folder."""
        return command(name, *words, "--data", self.data)

    def first_sights(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM alerts WHERE kind = 'first_sight' ORDER BY id")

    def told(self, message_id: object) -> dict[str, Any] | None:
        """The message of that id at the simulated Telegram."""
        return next((each for each in self.simulator.messages() if str(each["message_id"]) == str(message_id)), None)

    def _end_of_log(self, lines: int = 30) -> str:
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n--- the daemon's log ends ---\n" + "\n".join(text.splitlines()[-lines:])


@contextlib.contextmanager
def running_pair(folder: Path, *words: str) -> Iterator[Pair]:
    """A simulator (its arguments are `words`) and a daemon that is not started yet."""
    with closing(Simulator(*words)) as simulator, closing(Pair(folder, simulator)) as pair:
        yield pair


def small_world(speed: float, *more: str, markets: int = 12, rate: float = 30.0) -> Sequence[str]:
    """Arguments of a simulator that leaves the machine to the daemon; a busy machine gets a slower one."""
    return ("--markets", str(markets), "--rate", str(rate), "--speed", str(paced(speed)), *more)


def _reap(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(DEADLINE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
