"""What this process takes of the machine: memory, files, threads, tasks, CPU. Linux tells; elsewhere None."""

import asyncio
import os
import threading
import time
from pathlib import Path

from msgspec import Struct

STATM = Path("/proc/self/statm")
FILES = Path("/proc/self/fd")


class Footprint(Struct, frozen=True):
    """At one moment. `tasks` of the running loop are those that have not ended, whoever asks included."""

    resident_bytes: int | None
    open_files: int | None
    threads: int
    tasks: int
    cpu_s: float


def footprint() -> Footprint:
    """Ours, inside the running loop."""
    return Footprint(resident_bytes(), _open_files(), threading.active_count(), len(asyncio.all_tasks()), _cpu_s())


def resident_bytes() -> int | None:
    """Resident memory of this process; None where the system does not tell."""
    try:
        return int(STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def _open_files() -> int | None:
    try:
        return len(os.listdir(FILES)) - 1  # noqa: PTH208 - the listing itself holds one open
    except OSError:
        return None


def _cpu_s() -> float:
    return time.process_time()
