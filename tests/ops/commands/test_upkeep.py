"""backup, salvage and doctor as a person calls them: what they print and how they exit."""

import json
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from collector_daemon import main
from ops.commands import upkeep
from ops.commands.cli import parse
from ops.commands.doctor import Answer, Mark
from store.database import connect
from tests.fakes.damaged import MARKETS, MINUTES, filled, leaves_of, overwrite, rows

ANSWERS = [
    Answer("clock", Mark.OK, "fine"),
    Answer("sqlite", Mark.WARN, "old", "get a new one"),
    Answer("upbit", Mark.FAIL, "HTTP 500", "wait"),
]


def test_a_backup_can_be_made_while_the_daemon_writes_and_says_what_it_holds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = filled(tmp_path / "radar.db"), tmp_path / "copy.db"
    with closing(connect(source)):
        assert main(["backup", str(target), "--data", str(tmp_path)]) == 0
    assert rows(target, "candles_1m") == rows(source, "candles_1m")
    said = capsys.readouterr()
    assert f"{target}: " in said.out
    assert "checked" in said.out
    assert "100 % copied" in said.err


def test_a_backup_of_nothing_exits_2_in_plain_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["backup", str(tmp_path / "copy.db"), "--data", str(tmp_path)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_salvage_says_what_was_saved_and_what_was_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = filled(tmp_path / "radar.db.damaged-20270115T080000Z")
    overwrite(damaged, [leaves_of(damaged, "candles_1m")[40]])
    assert main(["salvage", str(damaged)]) == 1
    said = capsys.readouterr().out
    assert "candles_1m: " in said
    assert "  lost: rows between market_id=" in said
    saved = damaged.with_name(damaged.name + ".salvaged")
    assert MARKETS * MINUTES - 300 < len(rows(saved, "candles_1m")) < MARKETS * MINUTES


def test_salvage_of_a_sound_file_exits_0_and_of_scrap_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["salvage", str(filled(tmp_path / "radar.db"))]) == 0
    assert "nothing was lost" in capsys.readouterr().out
    (tmp_path / "scrap").write_bytes(b"scrap" * 1_000)
    assert main(["salvage", str(tmp_path / "scrap")]) == 2


def test_the_examination_reads_well_and_fails_with_its_worst(capsys: pytest.CaptureFixture[str]) -> None:
    assert upkeep.show_answers(msgspec.json.encode(ANSWERS), parse(["doctor"])) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["OK", "clock", "fine"]
    assert "→ get a new one" in lines[2]
    assert lines[-1] == "1 OK, 1 WARN, 1 FAIL"


def test_the_examination_as_json_is_an_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert upkeep.show_answers(msgspec.json.encode(ANSWERS[:2]), parse(["doctor", "--json"])) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[1] == {"question": "sqlite", "mark": "WARN", "found": "old", "remedy": "get a new one"}
