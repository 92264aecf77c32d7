"""The separators of a table's B-tree, read from the bytes of the file: where one page of rows ends and the next begins.

With them a damaged page costs its own rows only, because its neighbours can be asked for by key. Format:
www.sqlite.org/fileformat2.html, sections 1.6 and 2.1. Bytes that are not what they should be end their branch.
"""

from collections.abc import Iterator
from pathlib import Path

Value = str | int | float | bytes | None
Key = tuple[Value, ...]

INTERIOR_INDEX, INTERIOR_TABLE = 0x02, 0x05
DEPTH_MOST = 20
HEADER_BYTES = 100


class Pages:
    """The pages of a database file, by number from 1."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        header = self._file.read(HEADER_BYTES)
        size = int.from_bytes(header[16:18], "big")
        self.size = 65_536 if size == 1 else size
        self.encoding = {2: "utf-16-le", 3: "utf-16-be"}.get(int.from_bytes(header[56:60], "big"), "utf-8")
        self.count = path.stat().st_size // max(1, self.size)

    def __getitem__(self, number: int) -> bytes:
        if not 1 <= number <= self.count:
            raise IndexError(f"there is no page {number}")
        self._file.seek((number - 1) * self.size)
        return self._file.read(self.size)

    def close(self) -> None:
        self._file.close()


def separators(pages: Pages, root: int, keys: int, depth: int = 0) -> Iterator[Key]:
    """The keys that stand in the interior pages below `root`, in order; `keys` is how many columns make the key.

    A rowid table has one, its rowid. A key that cannot be read is left out.
    """
    try:
        page = pages[root]
        start = HEADER_BYTES if root == 1 else 0
        kind, count = page[start], int.from_bytes(page[start + 3 : start + 5], "big")
        if kind not in (INTERIOR_INDEX, INTERIOR_TABLE) or depth > DEPTH_MOST:
            return
        last = int.from_bytes(page[start + 8 : start + 12], "big")
    except IndexError:
        return
    for n in range(count):
        cell = int.from_bytes(page[start + 12 + 2 * n : start + 14 + 2 * n], "big")
        yield from separators(pages, int.from_bytes(page[cell : cell + 4], "big"), keys, depth + 1)
        try:
            if kind == INTERIOR_TABLE:
                yield (_varint(page, cell + 4)[0],)
            else:
                yield _record(page, _varint(page, cell + 4)[1], keys, pages.encoding)
        except (IndexError, ValueError):
            continue
    yield from separators(pages, last, keys, depth + 1)


def _varint(page: bytes, at: int) -> tuple[int, int]:
    """A number of one to nine bytes, and where the next one begins."""
    value = 0
    for n in range(8):
        byte = page[at + n]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + n + 1
    value = value << 8 | page[at + 8]
    return value - (1 << 64) if value >> 63 else value, at + 9


def _record(page: bytes, at: int, keys: int, encoding: str) -> Key:
    """The first `keys` values of a record; raise ValueError where they reach beyond this page."""
    length, place = _varint(page, at)
    body = at + length
    found: list[Value] = []
    for _ in range(keys):
        kind, place = _varint(page, place)
        value, width = _value(page, body, kind, encoding)
        body += width
        if body > len(page):
            raise ValueError("the key goes on elsewhere")
        found.append(value)
    return tuple(found)


def _value(page: bytes, at: int, kind: int, encoding: str) -> tuple[Value, int]:
    """One value by its serial type, and its width."""
    if kind in (8, 9):
        return kind - 8, 0
    if 1 <= kind <= 6:
        width = (1, 2, 3, 4, 6, 8)[kind - 1]
        return int.from_bytes(page[at : at + width], "big", signed=True), width
    if kind >= 13 and kind % 2:
        width = (kind - 13) // 2
        return page[at : at + width].decode(encoding), width
    raise ValueError(f"no key of ours has the type {kind}")
