"""One heap for all threads, and back to the system what is not used, where the C library is glibc.

Else each thread gets a heap of its own, and what it once took for a page or a library stays there, of no use to others.
Python's threads take turns anyway. Measured with 700 markets: 3 MB less after a minute.
"""

from contextlib import suppress

M_ARENA_MAX, M_MMAP_THRESHOLD = -8, -3  # malloc.h of glibc
LARGE_BYTES = 128 * 1024  # a page of a venue; glibc would raise this bound with the first one, and keep their space


def share_one_heap() -> None:
    """Do it before the first thread; elsewhere nothing happens."""
    with suppress(ImportError, OSError, MemoryError, AttributeError):  # no ctypes, or no such function
        import ctypes

        library = ctypes.CDLL(None)
        library.mallopt(M_ARENA_MAX, 1)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Return the pages of the heap that nothing is on; takes a few milliseconds. Elsewhere nothing happens."""
    with suppress(ImportError, OSError, MemoryError, AttributeError):
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)
