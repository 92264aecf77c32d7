"""What a damaged database still gives: everything outside the damage, in the words of its keys."""

import random
from pathlib import Path

import pytest

from store.salvage import SalvageFailed, Saved, salvage
from tests.fakes.bad_disk import bad_disk
from tests.fakes.clock import START_MS
from tests.fakes.damaged import MARKETS, MINUTES, PAGE, TRADED_S, filled, leaves_of, overwrite, rows

TABLES = ("markets", "candles_1m", "candles_1s", "quarantine", "rollup_state")


def saved_from(path: Path, target: Path) -> dict[str, Saved]:
    return {each.table: each for each in salvage(path, target, START_MS, lambda _: None)}


def test_a_sound_database_is_saved_whole(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    found = saved_from(path, target)
    for table in TABLES:
        assert rows(target, table) == rows(path, table)
    assert all(not each.lost and not each.refused for each in found.values())
    assert found["candles_1m"].rows == MARKETS * MINUTES


@pytest.mark.parametrize("table", ["candles_1m", "candles_1s", "quarantine"])
@pytest.mark.parametrize("seed", range(4))
def test_only_the_rows_of_damaged_pages_are_lost(tmp_path: Path, table: str, seed: int) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    before = {name: rows(path, name) for name in TABLES}
    leaves = leaves_of(path, table)
    broken = random.Random(seed).sample(leaves, 3)
    overwrite(path, broken, seed)
    found = saved_from(path, target)
    for name in set(TABLES) - {table}:
        assert rows(target, name) == before[name]
    after = rows(target, table)
    assert set(after) <= set(before[table])
    share = len(before[table]) / len(leaves)  # rows a page, about
    assert len(after) >= len(before[table]) - 3 * 2.5 * share
    assert 1 <= len(found[table].lost) <= 3
    assert all(text.startswith("rows between ") for text in found[table].lost)


def test_what_was_lost_is_told_by_its_neighbours(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    overwrite(path, [leaves_of(path, "candles_1s")[-1]])  # the first in order of the key
    (text,) = saved_from(path, target)["candles_1s"].lost
    assert text.startswith("rows between the beginning and open_ms=2027-01-15T08:00:")
    assert rows(target, "candles_1s")[-1][0] == START_MS + (TRADED_S - 1) * 1_000


def test_a_table_that_is_damaged_everywhere_ends_all_the_same(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    overwrite(path, leaves_of(path, "candles_1m"))
    found = saved_from(path, target)
    assert found["candles_1m"].rows < 100  # those that stand in interior pages
    assert found["candles_1m"].lost == ("rows between the beginning and the end",)
    assert found["markets"].rows == MARKETS


def test_a_database_that_has_lost_its_end_gives_its_beginning(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - 20 * PAGE)
    found = saved_from(path, target)
    assert found["markets"].rows == MARKETS
    assert found["candles_1m"].rows == MARKETS * MINUTES
    assert 0 < found["quarantine"].rows < 500
    assert found["quarantine"].lost


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    path.write_bytes(b"no database" * 1_000)
    with pytest.raises(SalvageFailed, match="cannot be read"):
        saved_from(path, tmp_path / "new.db")
    assert not (tmp_path / "new.db").exists()


def test_nothing_that_exists_is_written_over(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    target.write_text("mine")
    with pytest.raises(SalvageFailed, match="exists already"):
        saved_from(path, target)
    assert target.read_text() == "mine"


def test_the_damaged_file_is_only_read(tmp_path: Path) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    overwrite(path, leaves_of(path, "candles_1m")[:2])
    before = path.read_bytes()
    saved_from(path, target)
    assert path.read_bytes() == before


@pytest.mark.parametrize("room", [100_000, 300_000, 700_000])
def test_a_disk_without_room_is_no_damage_and_leaves_nothing_in_the_way_of_another_try(
    tmp_path: Path, room: int
) -> None:
    path, target = filled(tmp_path / "radar.db"), tmp_path / "new.db"
    with bad_disk() as disk:
        disk.room = room
        with pytest.raises(SalvageFailed, match="is there room"):
            saved_from(path, target)
        assert disk.refused
        assert not list(tmp_path.glob("new.db*"))
        disk.room = None
        found = saved_from(path, target)
    assert all(not each.lost and not each.refused for each in found.values())
    assert rows(target, "candles_1m") == rows(path, "candles_1m")
