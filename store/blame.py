"""Whose fault a database error is: the disk's, a lock's, a damaged file's — and, for a lock, which process holds it.

On Linux `/proc/locks` names the holders: in WAL mode SQLite locks single bytes of the `-shm` file, 120 for writing and
123 to 127 for reading (www.sqlite.org/walformat.html, "WAL locks", checked 2026-11-20). Where that cannot be read, the
processes that merely have the file open are named. Names only, never command lines: these may hold secrets.
"""

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

PROC = Path("/proc")
WRITE_BYTE = 120
READ_BYTES = range(123, 128)
SCAN_S = 0.05  # how long looking through the open files of all processes may take
SHOWN = 3

DISK_TROUBLE = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_NOMEM", "SQLITE_PERM")
LOCKED = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
DAMAGED = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


def is_locked(error: BaseException) -> bool:
    return _named(error, LOCKED)


def is_damaged(error: BaseException) -> bool:
    return _named(error, DAMAGED)


def is_environmental(error: BaseException) -> bool:
    """Whether the disk or a lock is to blame, so that the same work may succeed later."""
    return _named(error, LOCKED) or _named(error, DISK_TROUBLE)


def _named(error: BaseException, names: tuple[str, ...]) -> bool:
    return isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorname", "").startswith(names)


def writer_of(database: Path) -> str:
    """Who else holds the lock for writing, as a phrase such as "held by process 4242 (python3)"; empty if not known."""
    return _phrase("held", _lockers(database, range(WRITE_BYTE, WRITE_BYTE + 1)) or _openers(database))


def readers_of(database: Path) -> str:
    """Who reads from an old state of the database, as a phrase; empty if not known. This process is named as well."""
    return _phrase("read", _lockers(database, READ_BYTES, ours=True))


def _phrase(verb: str, pids: Sequence[int]) -> str:
    if not pids:
        return ""
    names = [f"process {pid} ({_name(pid)})" for pid in pids[:SHOWN]]
    more = f" and {len(pids) - SHOWN} more" if len(pids) > SHOWN else ""
    return f"{verb} by {', '.join(names)}{more}"


def _name(pid: int) -> str:
    if pid == os.getpid():
        return "this daemon"
    try:
        return (PROC / str(pid) / "comm").read_text(errors="replace").strip()
    except OSError:
        return "unknown"


def _lockers(database: Path, wanted: range, ours: bool = False) -> list[int]:
    """The processes that lock any of the bytes `wanted` of the database's `-shm` file."""
    try:
        inode = database.with_name(database.name + "-shm").stat().st_ino
        lines = (PROC / "locks").read_text().splitlines()
    except OSError:
        return []
    found = {
        pid for pid, of_inode, first, last in map(_lock, lines) if of_inode == inode and _meet(first, last, wanted)
    }
    return sorted(pid for pid in found if pid > 0 and (ours or pid != os.getpid()))


def _lock(line: str) -> tuple[int, int, int, int]:
    """pid, inode, first and last byte of a line such as `1: POSIX ADVISORY WRITE 4242 08:02:1313 120 120`."""
    try:
        *_, pid, file, first, last = line.split()
        return int(pid), int(file.rpartition(":")[2]), int(first), 2**63 if last == "EOF" else int(last)
    except ValueError:  # a line of another form, such as one that waits
        return 0, 0, 0, 0


def _meet(first: int, last: int, wanted: range) -> bool:
    return first < wanted.stop and last >= wanted.start


def _openers(database: Path) -> list[int]:
    """The other processes that have the database open, as far as we may see and `SCAN_S` allows."""
    until = time.monotonic() + SCAN_S
    ours = str(database.resolve())
    found = []
    for process in _processes():
        if time.monotonic() > until:
            break
        if process.name != str(os.getpid()) and any(each.startswith(ours) for each in _open_files(process)):
            found.append(int(process.name))
    return found


def _processes() -> Iterator[Path]:
    try:
        yield from (each for each in PROC.iterdir() if each.name.isdigit())
    except OSError:
        return


def _open_files(process: Path) -> Iterator[str]:
    try:
        for descriptor in (process / "fd").iterdir():
            yield str(descriptor.readlink())
    except OSError:  # it ended, or is somebody else's
        return
