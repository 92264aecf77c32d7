"""One daemon a data folder: a lock that the kernel drops when its holder dies, however it dies.

The file also keeps a note of the run: who holds it, and, once it ended in order, how. A note without an end is the mark
of a run that was killed, and the next start says so.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from config.redaction import Redactor

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
NOTE_BYTES = 4_096  # one block: overwriting it needs no free space
WHY_CHARACTERS = 300

End = Literal["stopped", "crashed"]


class AlreadyRunning(Exception):
    """Another daemon holds this data folder; exit code 4."""


class Run(Struct, frozen=True):
    """The note of one run. `ended` is None while it lasts, and for ever if it was killed; `why` never holds a secret.

    `boot` names the start of the machine that the run belongs to, empty where the system does not tell.
    """

    pid: int
    boot: str = ""
    ended: End | None = None
    at_ms: int | None = None
    why: str = ""


class Hold:
    """The lock while it is ours. `before` is the note that the last holder left; None: there was none."""

    def __init__(self, descriptor: int, before: Run | None) -> None:
        self._descriptor = descriptor
        self._now = Run(os.getpid(), boot_id())
        self.before = before
        self._write()

    def end(self, ended: End, at_ms: int, why: str) -> None:
        """Note that this run ends in order, and how. `why` is ours: no secret, no text of an exchange."""
        self._now = msgspec.structs.replace(self._now, ended=ended, at_ms=at_ms, why=why[:WHY_CHARACTERS])
        self._write()

    def _write(self) -> None:
        """The pid on a line of its own, for people. A full disk costs the note, not the run."""
        text = f"{self._now.pid}\n".encode() + msgspec.json.encode(self._now) + b"\n"
        with suppress(OSError):
            os.pwrite(self._descriptor, text[:NOTE_BYTES], 0)
            os.ftruncate(self._descriptor, len(text))


@contextmanager
def held(path: Path) -> Iterator[Hold]:
    """Hold `path` until the block ends; raise AlreadyRunning, naming the holder, if somebody else does.

    The file stays behind: removing it would let two holders lock two different files of one name. OSError if the file
    cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            text = os.pread(descriptor, NOTE_BYTES, 0)
            holder = text.partition(b"\n")[0].decode("ascii", "replace").strip()[:20] or "unknown"
            raise AlreadyRunning(
                f"another daemon (process {holder}) holds {path.parent}; stop it, or give this one its own --data"
            ) from e
        yield Hold(descriptor, _read(os.pread(descriptor, NOTE_BYTES, 0)))  # not before: it may have been ending
    finally:
        os.close(descriptor)


@contextmanager
def noting(hold: Hold, redact: Redactor, refusals: tuple[type[Exception], ...] = ()) -> Iterator[None]:
    """Note a crash of the block, for the message of the next start; a secret in its text is blanked out.

    `refusals` are words to whoever started us, such as a wrong address: a start that never was, not a crash.
    """
    try:
        yield
    except Exception as crash:
        why = "; ".join(f"{type(each).__name__}: {each}" for each in _crashes(crash))
        ended: End = "stopped" if isinstance(crash, refusals) else "crashed"
        hold.end(ended, time.time_ns() // 1_000_000, " ".join(redact(why).split()))
        raise


def _crashes(crash: BaseException) -> Iterator[BaseException]:
    """What crashed; a group's own text says no more than how many."""
    if isinstance(crash, BaseExceptionGroup):
        for each in crash.exceptions:
            yield from _crashes(each)
    else:
        yield crash


def _read(text: bytes) -> Run | None:
    """The note of the last run; a run whose note is unreadable was not ended in order."""
    if not text.strip():
        return None
    pid, _, note = text.partition(b"\n")
    try:
        return msgspec.json.decode(note, type=Run)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return Run(int(pid) if pid.strip().isdigit() and len(pid) < 20 else 0)


def boot_id() -> str:
    """Which start of the machine this is; empty where the system does not tell."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
