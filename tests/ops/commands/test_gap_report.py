"""Any second of any market can be asked for: recorded, quiet, blind or covered, and why."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.events import Exchange, GapCause
from ops.commands import cli, gap_report, readout
from store.rows import execute
from store.tables import candles, gaps, healing, markets
from tests.fakes.clock import START_MS
from tests.fakes.recording import BTC, database, second


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two minutes of one market: trades at 10 and 61 s, missed from 30 to 32 (healed), 70 to 75, and by all at 90."""
    connection = database(tmp_path)
    ids = markets.intern(connection, [BTC], START_MS)
    execute(connection, candles.seconds([second(10), second(61)], ids))
    missed: list[tuple[Exchange, int | None, int, int, GapCause]] = [
        ("upbit", ids[BTC], 30, 32, GapCause.DISCONNECT),
        ("upbit", ids[BTC], 70, 75, GapCause.STALE),
        ("upbit", None, 90, 91, GapCause.QUARANTINED),
        ("bithumb", None, 10, 12, GapCause.DROPPED),
    ]
    for exchange, market, from_s, to_s, cause in missed:
        execute(connection, gaps.added([(exchange, market, START_MS + from_s * 1_000, START_MS + to_s * 1_000, cause)]))
    healing.close(connection, 1, "healed", START_MS, "/v1/trades/ticks")
    execute(connection, candles.recorded("upbit", START_MS + 120_000))
    candles.rollup_minute(connection, START_MS)
    candles.set_rolled(connection, "upbit", START_MS + 120_000)
    connection.close()
    return tmp_path


def ask(folder: Path, time: str, *words: str, market: str = "upbit:KRW-BTC") -> int:
    return readout.show_table(cli.parse(["gaps", "--second", market, time, "--data", str(folder), *words]))


def told(folder: Path, capsys: pytest.CaptureFixture[str], at_s: float) -> dict[str, object]:
    assert ask(folder, str(START_MS + int(at_s * 1_000)), "--json") == 0
    [line] = capsys.readouterr().out.splitlines()
    row: dict[str, object] = json.loads(line)
    return row


@pytest.mark.parametrize(
    ("at_s", "state", "why"),
    [
        (10, "recorded", "nothing of it is missed; it has a candle"),
        (10.999, "recorded", "nothing of it is missed; it has a candle"),
        (11, "quiet", "nothing of it is missed; nobody traded"),
        (
            31,
            "quiet",
            "nothing of it is missed; nobody traded; the connection was lost; healed from /v1/trades/ticks",
        ),
        (74, "blind", "connected, but nothing came for longer than it should; waits to be healed"),
        (75, "quiet", "nothing of it is missed; nobody traded"),
        (90, "blind", "something came that could not be believed or read, and was refused; waits to be healed"),
        (120, "blind", "before the market was listened to, not stored yet, or since the daemon runs no more"),
        (-1, "blind", "before the market was listened to, not stored yet, or since the daemon runs no more"),
    ],
)
def test_a_second_is_told_with_its_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], at_s: float, state: str, why: str
) -> None:
    row = told(folder, capsys, at_s)
    assert (row["state"], row["why"]) == (state, why)
    assert row["second_ms"] == START_MS + int(at_s // 1) * 1_000


def test_a_purged_second_is_covered_by_its_minute(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = database(folder)
    assert not candles.purge_seconds(connection, START_MS + 60_000, 1.0)
    connection.close()
    row = told(folder, capsys, 10)
    assert row["state"] == "covered"
    assert "whether it traded is kept no longer" in str(row["why"])


def test_a_second_that_is_not_promised_yet_is_not_explained_by_what_was_healed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = database(folder)
    to_ms = START_MS + 130_000
    execute(connection, gaps.added([("upbit", 1, START_MS + 119_000, to_ms, GapCause.DISCONNECT)]))
    healing.close(connection, 5, "healed", START_MS, "/v1/trades/ticks")
    connection.close()
    row = told(folder, capsys, 125)
    assert (row["state"], row["why"]) == ("blind", gap_report.UNPROMISED)
    assert len(row["gaps"]) == 1  # type: ignore[arg-type]


def test_a_second_belongs_to_the_time_that_began_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime.fromtimestamp(START_MS / 1000 + 10, UTC).strftime("%Y-%m-%dT%H:%M:%S.999999Z")
    assert ask(folder, at, "--json") == 0
    assert json.loads(capsys.readouterr().out)["second_ms"] == START_MS + 10_000


def test_old_gaps_cost_nothing(folder: Path) -> None:
    connection = database(folder)
    steps: list[str] = []
    connection.set_trace_callback(steps.append)
    gaps.touching(connection, "upbit", 1, START_MS, START_MS + 1_000)
    connection.set_trace_callback(None)
    [asked] = [step for step in steps if step.startswith("SELECT g.id")]
    plan = " ".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {asked}"))
    assert "to_ms>?" in plan
    assert "SCAN gaps" not in plan
    assert "exchange=?" not in plan


def test_the_gaps_of_a_second_come_with_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [each["id"] for each in told(folder, capsys, 31)["gaps"]] == [1]  # type: ignore[attr-defined]
    assert [each["cause"] for each in told(folder, capsys, 90)["gaps"]] == ["quarantined"]  # type: ignore[attr-defined]
    assert told(folder, capsys, 10)["gaps"] == []  # another exchange's


def test_times_are_utc_unless_they_say_otherwise(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    at = datetime.fromtimestamp((START_MS + 10_000) / 1000, UTC)
    spelled = [at.strftime("%Y-%m-%d %H:%M:%S"), at.isoformat(), at.strftime("%Y-%m-%dT%H:%M:%SZ")]
    seoul = datetime.fromtimestamp(at.timestamp() + 9 * 3600, UTC).strftime("%Y-%m-%dT%H:%M:%S+09:00")
    for time in (*spelled, seoul):
        assert ask(folder, time, market="UPBIT:krw-btc") == 0
        heading, row = capsys.readouterr().out.splitlines()
        assert heading.split() == ["exchange", "market", "second", "state", "why"]
        assert row.split()[:5] == ["upbit", "KRW-BTC", *spelled[0].split(), "recorded"]


@pytest.mark.parametrize(
    "time",
    [
        *("yesterday", "", "9" * 30, "2026-13-01", "-5", "٣", "20261130", "1796000000", "20261130090005", "\udcff"),
        *("0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00"),
    ],
)
def test_what_is_no_time_is_refused_plainly(folder: Path, capsys: pytest.CaptureFixture[str], time: str) -> None:
    capsys.readouterr()
    asked = cli.parse(["gaps", "--data", str(folder)])
    asked.second = ["upbit:KRW-BTC", time]
    assert readout.show_table(asked) == 2
    assert "is no time; give one as in" in capsys.readouterr().err


@pytest.mark.parametrize("market", ["KRW-BTC", "upbit:KRW-DOGE", "upbit", "binance:KRW-BTC", "upbit:%", "upbit:\udcff"])
def test_a_market_never_recorded_is_refused_plainly(
    folder: Path, capsys: pytest.CaptureFixture[str], market: str
) -> None:
    assert ask(folder, str(START_MS), market=market) == 2
    assert "never recorded; a market is named as in upbit:KRW-BTC" in capsys.readouterr().err
