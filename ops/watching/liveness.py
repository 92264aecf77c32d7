"""Whether this process still does its work, as the watchdog asks: receiving, and committing or rightly waiting. Pure.

An exchange that says nothing, or is down, is no reason: restarting us would not mend it. Neither is a full or locked
disk: recording is paused and goes on by itself.
"""

from collections.abc import Mapping

from msgspec import Struct

COMMIT_S = 20.0  # own rows are committed every few seconds; a disk may take two for each
FREE_BYTES_MIN = 4 * 1024 * 1024  # below this an I/O error is taken for what it is: no space
PAUSED = ("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")
NO_SPACE = ("SQLITE_IOERR", "SQLITE_CANTOPEN")  # what a full disk says where SQLite did not expect it


class Signs(Struct, frozen=True):
    """`receiving` tells for each exchange whether its tasks live; `fault` is why commits fail, as SQLite names it."""

    receiving: Mapping[str, bool]
    committed_ago_s: float
    fault: str | None
    free_bytes: int


def paused(fault: str, free_bytes: int) -> bool:
    """Whether a storage fault is a full or locked disk, which passes."""
    return fault.startswith(PAUSED) or (fault.startswith(NO_SPACE) and free_bytes < FREE_BYTES_MIN)


def why_not(signs: Signs) -> str | None:
    """Why the watchdog must not be fed; None while all is as it should be."""
    dead = [exchange for exchange, alive in signs.receiving.items() if not alive]
    if dead:
        return f"nothing receives {' and '.join(dead)} any more"
    if signs.fault is not None:
        return None if paused(signs.fault, signs.free_bytes) else f"commits fail: {signs.fault}"
    if signs.committed_ago_s > COMMIT_S:
        return f"nothing was committed for {signs.committed_ago_s:.0f} s, and nobody says why"
    return None
