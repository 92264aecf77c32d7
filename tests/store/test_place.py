"""Whether the files of an open database are still those in its folder; with a writer on it: `test_writer.py`."""

import sys
from pathlib import Path

import pytest

from store.place import DatabaseMoved, Place


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "radar.db"
    path.write_bytes(b"first")
    return path


def test_a_file_that_is_deleted_moved_or_replaced_is_named(database: Path) -> None:
    place = Place(database)
    place.check()
    with database.open("rb"):
        database.rename(database.with_suffix(".bak"))
        with pytest.raises(DatabaseMoved, match=r"radar\.db was deleted or moved"):
            place.check()
        database.write_bytes(b"second")
        with pytest.raises(DatabaseMoved, match=r"radar\.db was replaced"):
            place.check()


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/self/fd is Linux's")
def test_a_file_system_that_numbers_its_files_anew_moves_nothing(database: Path) -> None:
    place = Place(database)
    again = database.with_suffix(".again")
    again.write_bytes(b"first")
    with again.open("rb"):
        again.replace(database)  # what stands there has another number, and is what this process holds
        place.check()
