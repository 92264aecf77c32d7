"""One daemon a data folder: a lock that the kernel drops when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunning(Exception):
    """Another daemon holds this data folder; exit code 4."""


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold `path` until the block ends; raise AlreadyRunning, naming the holder, if somebody else does.

    The file stays behind: removing it would let two holders lock two different files of one name. OSError if the file
    cannot be made.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunning(
                f"another daemon (process {holder}) holds {path.parent}; stop it, or give this one its own --data"
            ) from e
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
