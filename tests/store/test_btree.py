"""The separators read from a real file stand where SQLite's own order puts them; damage never raises."""

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store.btree import Pages, separators
from tests.fakes.damaged import PAGE, filled, leaves_of, overwrite


def root_of(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    return int(row[0])


@pytest.mark.parametrize(("table", "keys"), [("candles_1m", 2), ("candles_1s", 2), ("quarantine", 1)])
def test_there_is_one_separator_between_each_two_pages_of_rows(tmp_path: Path, table: str, keys: int) -> None:
    path = filled(tmp_path / "radar.db")
    with closing(Pages(path)) as pages:
        found = list(separators(pages, root_of(path, table), keys))
    assert len(found) == len(leaves_of(path, table)) - 1
    assert found == sorted(found)


def test_text_and_numbers_of_every_width_are_read(tmp_path: Path) -> None:
    path = tmp_path / "keys.db"
    numbers = [0, 1, -1, 127, 128, -129, 40_000, 9_000_000, 3_000_000_000, 2**47, -(2**62)]
    rows = [(f"이름{n:03d}", numbers[n % len(numbers)], "x" * 300) for n in range(400)]
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (name TEXT, n INTEGER, more TEXT, PRIMARY KEY (name, n)) WITHOUT ROWID")
        connection.executemany("INSERT INTO t VALUES (?, ?, ?)", rows)
        connection.commit()
    with closing(Pages(path)) as pages:
        found = list(separators(pages, root_of(path, "t"), 2))
    assert len(found) > 10
    assert set(found) <= {(name, n) for name, n, _ in rows}


def test_garbage_gives_fewer_separators_and_never_an_error(tmp_path: Path) -> None:
    path = filled(tmp_path / "radar.db")
    root = root_of(path, "candles_1m")
    whole = path.read_bytes()
    for seed in range(200):
        dice = random.Random(seed)
        broken = bytearray(whole)
        for _ in range(60):
            broken[dice.randrange(PAGE, len(broken))] = dice.randrange(256)
        at = (root - 1) * PAGE
        broken[at + dice.randrange(PAGE)] = dice.randrange(256)
        path.write_bytes(broken)
        with closing(Pages(path)) as pages:
            list(separators(pages, root, 2))
    overwrite(path, [root])
    with closing(Pages(path)) as pages:
        list(separators(pages, root, 2))
