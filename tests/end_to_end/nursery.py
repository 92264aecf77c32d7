"""Processes that are born with everything imported: a start costs what the daemon does in it, not what Python does.

Each is forked from one that does nothing else, and is a process of its own, with its own signals, memory, log and end.
`python -m tests.end_to_end.nursery` begins one for each line on its standard input, and tells each birth and each end
on its standard output; whoever is left dies with it.
"""

import gc
import json
import os
import select
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NoReturn, Protocol

from tests.end_to_end.outside import ROOT, Answer, environment

Program = Literal["daemon", "simulator"]
LATER = (
    "web.views",
    "collectors.net.picows_socket",
    "collectors.net.websockets_socket",
)  # what a daemon imports when …
COMMAND: Mapping[Program, Sequence[str]] = {
    "daemon": [str(ROOT / "collector_daemon.py")],
    "simulator": ["-m", "simulator"],
}
BIRTH_S = 30.0
LIFE_S = 30.0  # of a process that shall end by itself


class Process(Protocol):
    """What a test needs of a process, as `subprocess.Popen` has it."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float) -> int: ...

    def send_signal(self, number: int, /) -> None: ...

    def kill(self) -> None: ...


Begin = Callable[[Program, Sequence[str | Path], Mapping[str, str], Path], Process]


def spawned(program: Program, words: Sequence[str | Path], environment: Mapping[str, str], log: Path) -> Process:
    """A process from nothing, as a user would start it; what it prints is added to `log`."""
    with log.open("ab") as out:
        command = [sys.executable, *COMMAND[program], *words]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)


class Child:
    """A process that the nursery has begun."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self._nursery = nursery

    def poll(self) -> int | None:
        self._nursery.hear(0.0)
        return self._nursery.ended.get(self.pid)

    def wait(self, timeout: float) -> int:
        until_s = time.monotonic() + timeout
        while (code := self.poll()) is None:
            left_s = until_s - time.monotonic()
            if left_s <= 0:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            self._nursery.hear(left_s)
        return code

    def send_signal(self, number: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class Nursery:
    """Our side of it; `begin` one. `ended` has the exit codes of those that are gone."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self.ended: dict[int, int] = {}
        self._born: list[int] = []
        self._process = process
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._news = process.stdin, process.stdout.fileno()
        self._heard = b""

    def begin(
        self,
        program: Program,
        words: Sequence[str | Path],
        environment: Mapping[str, str],
        log: Path,
        errors: Path | None = None,
    ) -> Child:
        """One more; what it prints is added to `log`, its standard error to `errors` if that is given."""
        log.open("ab").close()
        order: dict[str, Any] = {"program": program, "words": [*map(str, words)], "environment": dict(environment)}
        order |= {"log": str(log), "errors": str(errors or log)}
        self._orders.write(json.dumps(order).encode() + b"\n")
        self._orders.flush()
        until_s = time.monotonic() + BIRTH_S
        while not self._born:
            assert time.monotonic() < until_s, "the nursery does not answer"
            self.hear(BIRTH_S)
        return Child(self, self._born.pop())

    def run(self, folder: Path, *words: str | Path) -> Answer:
        """`collector_daemon.py` with these words, to its end; no secret is in its environment."""
        out, errors = folder / "out", folder / "errors"
        for each in (out, errors):
            each.write_bytes(b"")
        code = self.begin("daemon", words, environment({}), out, errors).wait(LIFE_S)
        return Answer([*words], code, out.read_text(encoding="utf-8"), errors.read_text(encoding="utf-8"))

    def hear(self, within_s: float) -> None:
        """Take what is told, waiting for it no longer than that."""
        if not select.select([self._news], [], [], within_s)[0]:
            return
        told = os.read(self._news, 65_536)
        assert told, "the nursery is gone"
        *lines, self._heard = (self._heard + told).split(b"\n")
        for line in lines:
            match json.loads(line):
                case {"born": pid}:
                    self._born.append(pid)
                case {"ended": pid, "code": code}:
                    self.ended[pid] = code


@contextmanager
def nursing() -> Iterator[Nursery]:
    """A nursery; whoever still lives at the end is killed."""
    command = [sys.executable, "-m", "tests.end_to_end.nursery"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield Nursery(process)
        assert process.stdin is not None
        process.stdin.close()


# --- the nursery itself -----------------------------------------------------------------------------------------------


def main() -> None:
    """Until standard input ends."""
    mains = {"daemon": _daemon, "simulator": import_module("simulator.__main__").main}
    for name in ("collector_daemon", *LATER):
        import_module(name)
    gc.freeze()  # else each child copies all of it when it collects first
    deaths, died = os.pipe()
    os.set_blocking(died, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(died)
    living: set[int] = set()
    waiting = b""
    while True:
        ready, _, _ = select.select([0, deaths], [], [])
        if deaths in ready:
            os.read(deaths, 65_536)
            living -= set(_bury(living))
        if 0 in ready:
            if not (orders := os.read(0, 65_536)):
                break
            *lines, waiting = (waiting + orders).split(b"\n")
            for line in lines:
                order = json.loads(line)
                if (pid := os.fork()) == 0:
                    _live(mains[order["program"]], order)
                living.add(pid)
                _tell(born=pid)
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _daemon() -> int:
    code: int = import_module("collector_daemon").main()
    return code


def _bury(living: set[int]) -> Iterator[int]:
    for pid in living:
        dead, status = os.waitpid(pid, os.WNOHANG)
        if dead:
            _tell(ended=pid, code=os.waitstatus_to_exitcode(status))
            yield pid


def _tell(**news: int) -> None:
    os.write(1, json.dumps(news).encode() + b"\n")


def _live(program: Callable[[], int], order: Mapping[str, Any]) -> NoReturn:
    """The life of a child; it never returns."""
    code = 1
    try:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        out, errors = (
            os.open(order[each], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) for each in ("log", "errors")
        )
        for ours, theirs in ((0, nothing), (1, out), (2, errors)):
            os.dup2(theirs, ours)
        os.closerange(3, 64)
        os.environ.clear()
        os.environ.update(order["environment"])
        sys.argv = [order["program"], *order["words"]]
        code = program()
    except SystemExit as end:
        code = int(end.code or 0)
    except KeyboardInterrupt:
        code = 0
    except BaseException:  # noqa: BLE001 - the end of a process, told as Python would
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
