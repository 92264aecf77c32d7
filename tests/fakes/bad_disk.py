"""A disk that is full, slow, or loses what was not synced: a VFS of SQLite in front of the real one.

It wraps the default VFS and replaces three methods of each database and WAL file it opens: write, truncate and sync
(www.sqlite.org/vfs.html; struct layouts of sqlite3.h, version 1 of the VFS and 3 of the I/O methods). All of SQLite
runs for real; only the disk is ours. It needs a Python whose sqlite3 module exports SQLite's functions, which holds for
the system's library, and `bad_disk()` skips the test where it does not.
"""

import _sqlite3
import ctypes
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

OK, FULL = 0, 13
OPEN_FILES = 0x0100 | 0x80000  # SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL
NAME = b"bad_disk"

Pointer = ctypes.c_void_p
Open = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, Pointer, Pointer, ctypes.c_int, Pointer)
Write = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, Pointer, ctypes.c_int, ctypes.c_int64)
Sized = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.c_int64)
Flagged = ctypes.CFUNCTYPE(ctypes.c_int, Pointer, ctypes.c_int)


class _Vfs(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int),
        ("file_bytes", ctypes.c_int),
        ("path_bytes", ctypes.c_int),
        ("next", Pointer),
        ("name", ctypes.c_char_p),
        ("data", Pointer),
        ("open", Open),
        ("others", Pointer * 20),  # delete … nextSystemCall, as they are
    ]


class _Methods(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int),
        ("close", Pointer),
        ("read", Pointer),
        ("write", Write),
        ("truncate", Sized),
        ("sync", Flagged),
        ("others", Pointer * 13),  # fileSize … unfetch, as they are
    ]


class _File(ctypes.Structure):
    _fields_ = [("methods", ctypes.POINTER(_Methods))]


class BadDisk:
    """`room`: how many bytes files may still grow by (None: no bound), those whose name ends with `full_at`.

    `syncs_pass` cleared: whoever syncs waits until it is set. `keep_syncs` remembers what each file held when it was
    last synced; `after_power_cut` is that, as files elsewhere. `refused` counts writes, `waiting` the syncs that wait.
    """

    def __init__(self) -> None:
        self.room: int | None = None
        self.full_at = ""
        self.refused = 0
        self.syncs_pass = threading.Event()
        self.syncs_pass.set()
        self.waiting = 0
        self.keep_syncs = False
        self._synced: dict[Path, bytes] = {}
        self._methods: dict[int, _Methods] = {}
        self._real: dict[int, _Methods] = {}
        self._paths: dict[int, Path] = {}

    def after_power_cut(self, folder: Path) -> None:
        """Write into `folder` what survives when the power fails now: each file as it was last synced."""
        for path, content in self._synced.items():
            (folder / path.name).write_bytes(content)

    # --- what SQLite calls --------------------------------------------------------------------------------------------

    def opened(self, name: int | None, file: int) -> None:
        """A file was opened by the real VFS: put ours in front of its methods."""
        if name is None:
            return
        handle = _File.from_address(file)
        real = handle.methods.contents
        address = ctypes.addressof(real)
        if address not in self._methods:
            ours = _Methods.from_buffer_copy(real)
            ours.write, ours.truncate, ours.sync = Write(self._write), Sized(self._truncate), Flagged(self._sync)
            self._methods[address] = ours
            self._real[ctypes.addressof(ours)] = real
        self._paths[file] = Path(ctypes.string_at(name).decode())
        handle.methods = ctypes.pointer(self._methods[address])

    def _under(self, file: int) -> _Methods:
        return self._real[ctypes.addressof(_File.from_address(file).methods.contents)]

    def _write(self, file: int, content: int, length: int, offset: int) -> int:
        grows = offset + length - self._length(file)
        if self.room is not None and grows > 0 and self._paths[file].name.endswith(self.full_at):
            if grows > self.room:
                self.refused += 1
                return FULL
            self.room -= grows
        return int(self._under(file).write(file, content, length, offset))

    def _truncate(self, file: int, length: int) -> int:
        return int(self._under(file).truncate(file, length))

    def _sync(self, file: int, flags: int) -> int:
        self.waiting += 1
        self.syncs_pass.wait()
        self.waiting -= 1
        done = int(self._under(file).sync(file, flags))
        if self.keep_syncs and done == OK:
            path = self._paths[file]
            self._synced[path] = path.read_bytes()
        return done

    def _length(self, file: int) -> int:
        with suppress(FileNotFoundError):
            return self._paths[file].stat().st_size
        return 0


@contextmanager
def bad_disk() -> Iterator[BadDisk]:
    """The disk under every connection that is opened inside the block. Open none before, and close all in it."""
    library = ctypes.CDLL(_sqlite3.__file__)
    try:
        find, register, unregister = (
            getattr(library, f"sqlite3_vfs_{name}") for name in ("find", "register", "unregister")
        )
    except AttributeError:
        pytest.skip(f"this Python keeps SQLite {sqlite3.sqlite_version} to itself, so its disk cannot be replaced")
    find.restype = ctypes.POINTER(_Vfs)
    disk = BadDisk()
    real = find(None).contents
    ours = _Vfs.from_buffer_copy(real)

    def opened(vfs: int, name: int | None, file: int, flags: int, answered: int | None) -> int:
        done = int(real.open(ctypes.addressof(real), name, file, flags, answered))
        if done == OK and flags & OPEN_FILES:
            disk.opened(name, file)
        return done

    ours.name = NAME
    ours.open = Open(opened)
    register(ctypes.byref(ours), 1)
    try:
        yield disk
    finally:
        disk.syncs_pass.set()
        unregister(ctypes.byref(ours))
        register(ctypes.byref(real), 1)
