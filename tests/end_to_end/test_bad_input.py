"""What people and networks get wrong: each is answered with what is wrong, where, and what to do; never a traceback."""

import json
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from config.load import Secrets, load_settings
from ops.assembly import questions
from ops.commands import cli
from tests.end_to_end.daemon import beside_a_simulator
from tests.end_to_end.nursery import Nursery
from tests.end_to_end.outside import Answer, command, json_lines, own_config
from tests.end_to_end.pair import Pair, process, running_pair, small_world
from tests.end_to_end.truth import compare

GARBAGE_MS = 3_000  # of simulated time that frames are spoilt


@pytest.fixture(scope="module")
def tokenless(tmp_path_factory: pytest.TempPathFactory, nursery: Nursery) -> Iterator[Pair]:
    """A daemon that records and has no Telegram token; shared by the tests of this module."""
    with running_pair(tmp_path_factory.mktemp("tokenless"), *small_world(5.0, rate=60.0), begin=nursery.begin) as pair:
        pair.start(secrets={})
        pair.until_recording()
        yield pair


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the configuration folder, to be spoilt."""
    return own_config(tmp_path / "config")


def assert_refused(answer: Answer, code: int, *said: str) -> None:
    """It ended with `code` and said all of this on stderr, in plain words."""
    assert answer.returncode == code, answer.stderr
    for each in said:
        assert each in answer.stderr
    assert "Traceback" not in answer.stderr + answer.stdout


# --- configuration --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "before", "after", "said"),
    [
        ("radar.yaml", "language: ko", "languaje: ko\nlanguage: ko", ("radar.yaml", "languaje")),
        ("radar.yaml", "language: ko", "language: 7", ("radar.yaml", "str", "int", "$.language")),
        ("radar.yaml", "minutes_days: 365", "minutes_days: a year", ("radar.yaml", "int", "$.retention.minutes_days")),
        ("fees.yaml", "  okx: {value: 0.15,", "  okay: {value: 0.15,", ("fees.yaml", "missing fee", "spot_taker.okx")),
        ("fees.yaml", "upbit: {value: 0.05, ", "upbit: {", ("fees.yaml", "value", "$.spot_taker")),
        ("features.yaml", "analysis: true", "analysis: [", ("features.yaml", "line", "column")),
    ],
    ids=["unknown key", "wrong type", "wrong type below", "fee missing", "fee without value", "not YAML"],
)
def test_a_wrong_configuration_is_named_by_file_and_key(
    config: Path, file: str, before: str, after: str, said: tuple[str, ...]
) -> None:
    text = (config / file).read_text(encoding="utf-8")
    assert before in text
    (config / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    assert_refused(command("check-config", "--config", config), 1, *said)


@pytest.mark.parametrize(
    "content", [b"- just\n- a list\n", b"\xff\xfe\x00radar", b"42"], ids=["list", "bytes", "number"]
)
def test_a_file_that_holds_something_else_is_refused_before_anything_is_made(
    config: Path, tmp_path: Path, content: bytes
) -> None:
    (config / "exchanges.yaml").write_bytes(content)
    answer = command("--config", config, "--data", tmp_path / "data")
    assert_refused(answer, 1, "exchanges.yaml")
    assert not (tmp_path / "data").exists()


def test_the_right_configuration_says_what_is_on_and_what_is_off() -> None:
    answer = command("check-config")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "on   record_upbit" in answer.stdout
    assert "off  telegram" in answer.stdout
    assert "TELEGRAM_BOT_TOKEN" in answer.stdout


# --- where to write, whom to ask ------------------------------------------------------------------------------------


def test_a_data_folder_that_cannot_be_written_is_said_plainly(
    tokenless: Pair, tmp_path: Path, nursery: Nursery
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    for folder in (in_the_way, Path("/proc/radar")):
        answer = nursery.run(tmp_path, "--simulator", tokenless.simulator.url, "--data", folder)
        assert_refused(answer, 2, str(folder), "--data")


def test_a_database_that_is_none_is_set_aside_untouched_and_said(
    tokenless: Pair, tmp_path: Path, nursery: Nursery
) -> None:
    content = b"this has never been a database, only text that is long enough" * 40
    with closing(Pair(tmp_path, tokenless.simulator, nursery.begin)) as pair:
        pair.data.mkdir()
        (pair.data / "radar.db").write_bytes(content)
        pair.start(secrets={})
        health = pair.until(pair.health, "it started all the same")
        assert pair.stop() == 0
        assert any("the database was damaged" in reason for reason in health["reasons"])
        assert content in [file.read_bytes() for file in pair.data.iterdir() if file.is_file()]
        assert pair.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]


def test_no_simulator_at_the_address_is_said_with_the_remedy(tmp_path: Path) -> None:
    answer = process("--simulator", "http://127.0.0.1:9", "--data", tmp_path)
    assert_refused(answer, 1, "http://127.0.0.1:9", "python -m simulator")


def test_a_second_daemon_on_one_data_folder_names_the_first_and_leaves(
    tokenless: Pair, tmp_path: Path, nursery: Nursery
) -> None:
    answer = nursery.run(tmp_path, "--simulator", tokenless.simulator.url, "--data", tokenless.data)
    assert_refused(answer, 4, str(tokenless.data), str(tokenless.daemon.pid))
    assert tokenless.daemon.poll() is None


@pytest.mark.parametrize("name", ["status", "listings", "alerts", "gaps"])
def test_a_folder_where_no_daemon_ever_ran_is_no_news_but_a_mistake(tmp_path: Path, name: str) -> None:
    assert_refused(command(name, "--data", tmp_path), 2, str(tmp_path), "--data")


# --- without a token ------------------------------------------------------------------------------------------------


def test_without_a_token_it_says_so_and_is_yellow(tokenless: Pair) -> None:
    answer = tokenless.ask("status", "--json")
    (told,) = json_lines(answer)
    assert (answer.returncode, told["status"]) == (1, "yellow")
    assert any("TELEGRAM_BOT_TOKEN" in reason for reason in told["reasons"])
    assert told["off"]["telegram"].startswith("alerts go to the log only")
    assert {"transfer_state_binance", "second_channel", "deadman"} <= told["off"].keys()
    assert "off: deadman (nobody outside notices" in tokenless.ask("status").stdout
    assert "off: telegram: alerts go to the log only" in tokenless.log.read_text()


def test_without_a_token_an_alert_goes_to_the_log(tokenless: Pair) -> None:
    tokenless.simulator.post("/sim/listing", exchange="upbit", base="NUNAL", announce_in_s=0.0, trading_in_s=3_000.0)
    sent = "SELECT 1 FROM deliveries JOIN alerts ON alerts.id = alert_id WHERE key = ? AND target = ? AND state = ?"
    tokenless.until(lambda: tokenless.rows(sent, "upbit:NUNAL:1", "log", "sent"), "the alert is in the log")
    assert "신규 상장 · NUNAL" in tokenless.log.read_text()
    assert tokenless.simulator.messages() == []


# --- the wire -------------------------------------------------------------------------------------------------------


def test_garbage_is_counted_and_sampled_and_the_connection_lives(tokenless: Pair) -> None:
    for target in ("upbit:public", "bithumb:public"):
        for kind in ("garbage", "truncate"):
            tokenless.simulator.post("/sim/fault", target=target, kind=kind, for_s=GARBAGE_MS / 1000)
    over_ms = tokenless.simulator.now_ms() + GARBAGE_MS
    samples = "SELECT * FROM quarantine WHERE exchange = ? AND reason LIKE '%at line % column %'"
    for exchange in ("upbit", "bithumb"):
        rows = tokenless.until(lambda: tokenless.rows(samples, exchange), f"a sample of {exchange} is kept")  # noqa: B023
        assert any(row["sample"] for row in rows)
    later = "SELECT DISTINCT exchange FROM v_candles_1s WHERE open_ms > ?"
    tokenless.until(lambda: len(tokenless.rows(later, over_ms + 2_000)) == 2, "both are recorded afterwards")
    causes = {row["cause"] for row in tokenless.rows("SELECT cause FROM gaps")}
    assert "quarantined" in causes
    assert not causes & {"disconnect", "stale", "never_live"}
    connections = tokenless.simulator.get("/sim/state")["services"]
    assert all(connections[exchange]["connections"] >= 1 for exchange in ("upbit", "bithumb"))


# --- one question ---------------------------------------------------------------------------------------------------


@pytest.mark.leaping
async def test_an_unknown_symbol_is_answered_with_who_was_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the command alone, and by the daemon that holds the folder."""
    async with beside_a_simulator(tmp_path) as daemon:

        async def analyzed(data: Path) -> dict[str, Any]:
            places = ("--simulator", daemon.simulator.url, "--data", str(data), "--config", str(daemon.config))
            asked = cli.parse(["analyze", "NOSUCHCOIN", "--exchange", "upbit", "--json", *places])
            assert await questions.analyze(asked, load_settings(daemon.config), Secrets()) == 0
            said = capsys.readouterr()
            assert said.err == ""
            (told,) = map(json.loads, said.out.splitlines())
            answer: dict[str, Any] = told
            return answer

        alone = await analyzed(tmp_path / "no daemon here")
        daemon.start()
        await daemon.until((daemon.data / "radar.sock").exists, "it can be asked")
        held = await analyzed(daemon.data)
        assert await daemon.stop() == 0
    for told in (alone, held):
        unknown = told["blockers"][0]
        assert (unknown["code"], unknown["subject"]) == ("unknown_symbol", "NOSUCHCOIN")
        assert set(unknown["numbers"]["asked"].split(", ")) >= {"upbit", "binance", "okx", "bybit"}
        assert told["verdict"] not in ("GO", "READY")


def test_words_that_make_no_sense_are_refused_with_the_usage() -> None:
    for words in (("analyze", "XRP", "--exchange", "krx"), ("gaps", "--last", "many"), ("--duration", "-3")):
        answer = command(*words)
        assert_refused(answer, 2, "usage:")


LINES = (
    {"exchange": "upbit", "title": "노바(NOVA) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)"},
    {"exchange": "bithumb", "title": "서버 점검 안내", "published": "2026-10-01"},
)
ANSWER = "kind is_listing symbols markets trading_starts deposit_opens date_inferred items"


@pytest.mark.parametrize("by", ["file", "stdin"])
def test_classify_answers_each_line_in_order(tmp_path: Path, by: str) -> None:
    answer = _classify(tmp_path, by, [json.dumps(line, ensure_ascii=False).encode() for line in LINES])
    listing, other = json_lines(answer)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert set(ANSWER.split()) <= listing.keys()
    assert (listing["is_listing"], listing["symbols"], listing["markets"]) == (True, ["NOVA"], ["KRW", "BTC", "USDT"])
    assert (other["is_listing"], other["symbols"]) == (False, [])


@pytest.mark.parametrize("by", ["file", "stdin"])
def test_classify_names_a_bad_line_and_answers_the_others(tmp_path: Path, by: str) -> None:
    good = json.dumps(LINES[0], ensure_ascii=False).encode()
    answer = _classify(
        tmp_path, by, [good, b"{not json", b'{"exchange": "upbit"}', b'{"title": "\xbd\xc5\xb1\xd4"}', good]
    )
    first, *bad, last = json_lines(answer)
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert first == last
    assert all("error" in each for each in bad)
    assert len(bad) == 3


def _classify(folder: Path, by: str, lines: list[bytes]) -> Answer:
    text = b"".join(line + b"\n" for line in lines)
    if by == "stdin":
        return command("classify", text=text)
    path = folder / "notices.jsonl"
    path.write_bytes(text)
    return command("classify", path)


def test_classify_of_a_file_that_is_not_there_is_said_plainly(tmp_path: Path) -> None:
    assert_refused(command("classify", tmp_path / "nowhere.jsonl"), 2, "nowhere.jsonl")


# --- stopping -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sign", ["radar.lock", "health.json"])
def test_a_signal_during_the_start_stops_it_as_asked(
    tokenless: Pair, tmp_path: Path, nursery: Nursery, sign: str
) -> None:
    """As soon as each file appears; the lock is the first thing that a daemon makes."""
    with closing(Pair(tmp_path, tokenless.simulator, nursery.begin)) as starting:
        starting.start(secrets={})
        starting.until((starting.data / sign).exists, f"{sign} is there")
        assert starting.stop() == 0
        assert "Traceback" not in starting.log.read_text()


def test_it_stops_within_seconds_when_asked_and_what_it_stored_is_true(tokenless: Pair) -> None:
    """The last of this module: it ends the shared daemon."""
    assert tokenless.stop(signal.SIGINT) == 0
    assert "Traceback" not in tokenless.log.read_text()
    assert compare(tokenless).wrong == []
