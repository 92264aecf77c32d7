"""Whether the files of an open database are still those that stand in its folder.

On Linux an open file can be deleted, moved or replaced: SQLite goes on with it, every commit succeeds, and at the end
all of it is gone. Where only the WAL was deleted, readers from then on see another state, and no lock of ours.
"""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

FILES = ("", "-wal", "-shm")
FILES_OPEN = Path("/proc/self/fd")


class DatabaseMoved(Exception):
    """Nobody would find what is written from here on; the text names the file."""


class Place:
    """Remembers the files of a database that is open now. `check` costs three looks at a folder."""

    def __init__(self, database: Path) -> None:
        self._files: Mapping[Path, tuple[int, int] | None] = {
            path: _file_at(path) for path in (database.with_name(database.name + end) for end in FILES)
        }

    def check(self) -> None:
        """Raise DatabaseMoved if one was deleted, moved or replaced. A disk that does not answer proves nothing."""
        for path, known in self._files.items():
            try:
                found = _file_at(path)
            except OSError:
                continue
            if known is not None and found != known and not _is_held(path):
                happened = "was deleted or moved" if found is None else "was replaced by another file"
                raise DatabaseMoved(f"{path.name} {happened} while it was open; stop the daemon first")


def _is_held(path: Path) -> bool:
    """Whether a file that this process has open stands there, as Linux tells: then only its number has changed, as some
    file systems let it. A page's question may hold the new file for a moment; the next look tells.
    """
    stands = path.resolve()
    for each in FILES_OPEN.iterdir() if FILES_OPEN.is_dir() else ():
        with suppress(OSError):  # closed just now
            if each.readlink() == stands:
                return True
    return False


def _file_at(path: Path) -> tuple[int, int] | None:
    """Device and inode; None where there is no such file."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
