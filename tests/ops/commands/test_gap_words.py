"""Each gap can be explained to a person, and the table and its JSON do."""

import json
from pathlib import Path

import pytest

from collectors.events import GapCause
from ops.commands import cli, readout
from ops.commands.gap_words import CAUSES, why
from store.rows import execute
from store.tables import gaps, healing, markets
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, database


@pytest.mark.parametrize("cause", GapCause)
def test_every_cause_has_words_of_its_own(cause: GapCause) -> None:
    assert len(CAUSES[cause.value]) > len(cause.value)
    assert len(set(CAUSES.values())) == len(CAUSES)


@pytest.mark.parametrize(
    ("state", "lasts", "source", "says"),
    [
        ("open", True, None, "the connection was lost; it lasts"),
        ("open", False, None, "the connection was lost; waits to be healed"),
        ("healed", False, "/v1/trades/ticks", "the connection was lost; healed from /v1/trades/ticks"),
        ("healed", False, None, "the connection was lost; healed"),
        ("unhealable", False, "Code not found", "the connection was lost; can't be healed: Code not found"),
        ("unhealable", False, None, "the connection was lost; can't be healed"),
    ],
)
def test_what_became_of_it_is_said_behind_the_cause(state: str, lasts: bool, source: str | None, says: str) -> None:
    assert why("disconnect", state, lasts, source) == says


def test_the_command_explains_each_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = database(tmp_path)
    [market_id] = markets.intern(connection, [BTC], START_MS).values()
    execute(connection, gaps.added([("bithumb", None, START_MS, START_MS + 1_000, GapCause.QUARANTINED)]))
    execute(connection, gaps.added([("upbit", market_id, START_MS, START_MS + 90_000, GapCause.DISCONNECT)]))
    healing.close(connection, 2, "healed", START_MS, "/v1/trades/ticks")
    execute(connection, gaps.opened([("upbit", market_id, START_MS + 95_000, GapCause.STALE)]))
    connection.close()
    assert readout.show_table(cli.parse(["gaps", "--data", str(tmp_path)])) == 0
    heading, first, second, third = capsys.readouterr().out.splitlines()
    assert heading.split() == ["exchange", "market", "from", "to", "length_s", "state", "why"]
    assert "every market" in first
    assert first.endswith("and was refused; waits to be healed")
    assert " 90 " in second
    assert second.endswith("the connection was lost; healed from /v1/trades/ticks")
    assert third.endswith("longer than it should; it lasts")
    assert readout.show_table(cli.parse(["gaps", "--json", "--data", str(tmp_path)])) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["market"], row["length_s"], row["cause"]) for row in told] == [
        (None, 1, "quarantined"), ("KRW-BTC", 90, "disconnect"), ("KRW-BTC", None, "stale"),
    ]  # fmt: skip
    assert all(row["why"] for row in told)
