"""A run without faults in which both exchanges list a coin.

One run for the whole module, until both coins trade and a whole minute was heard: 80 s of simulated time. What was
stored, told and answered is then compared with what the simulator knows.
"""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from tests.end_to_end.daemon import Daemon, beside_a_simulator
from tests.end_to_end.outside import CHAT, REPEAT, Answer, json_lines
from tests.end_to_end.truth import EXCHANGES, MINUTE_MS, SECOND_MS
from tests.fakes.leaping_loop import LeapingLoop
from tests.fakes.station import compared

LEAD_MS = 40_000  # from the notice to the opening; the market lists show a coin for the last third of it
LISTED = (("upbit", "HALLA"), ("bithumb", "SORAK"))
NAMES = {"HALLA": "한라", "SORAK": "설악"}
TABLES = {
    "listings": "id exchange base episode state first_seen_ms published_ms trading_starts_ms deposit_opens_ms"
    " notice_ref title",
    "alerts": "id key kind level listing_id created_ms reply_to text target op state attempts next_try_ms requested_ms"
    " sent_ms message_id error",
    "gaps": "id exchange market_id from_ms to_ms cause state healed_ms source",
}
HEALTH = (
    "status reasons heartbeat_ms started_ms pid version schema_version sqlite_version disk_days_left feeds channels"
    " writer alerts clock_offset_ms"
)


class Run(Struct):
    """A finished run. `live_status` was asked for while it recorded."""

    daemon: Daemon
    messages: list[dict[str, Any]]
    lists: dict[str, list[dict[str, Any]]]
    live_status: Answer
    exit_code: int

    def trades(self, exchange: str, code: str) -> Sequence[Any]:
        """The tape of a market, from its first trade on."""
        return self.daemon.simulator.world.trades(exchange, code, 0, 2**62)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with asyncio.Runner(loop_factory=LeapingLoop) as runner:
        yield runner.run(recorded(tmp_path_factory.mktemp("recording")))


async def recorded(folder: Path) -> Run:
    async with beside_a_simulator(folder, markets=18, rate=30.0, second=45) as daemon:
        daemon.ask_three_venues()
        daemon.start()
        await daemon.until_recording()
        listening_ms = daemon.now_ms()
        staged_at = range(MINUTE_MS - LEAD_MS - 2_000, MINUTE_MS - LEAD_MS)  # and not a minute more than it must
        await daemon.until(lambda: daemon.now_ms() % MINUTE_MS in staged_at, "it is time to announce")
        await _stage(daemon)
        await daemon.until(lambda: _is_over(daemon, listening_ms), "both coins trade, and a whole minute is stored")
        lists = {exchange: await daemon.simulator.get(f"/{exchange}/v1/market/all") for exchange in EXCHANGES}
        status = daemon.ask("status", "--json")
        exit_code = await daemon.stop()
        return Run(daemon, await daemon.messages(), lists, status, exit_code)


async def _stage(daemon: Daemon) -> None:
    """Both open on a whole minute, because a notice tells minutes."""
    now_ms = daemon.now_ms()
    opens_ms = (now_ms + LEAD_MS) // MINUTE_MS * MINUTE_MS + MINUTE_MS
    for exchange, base in LISTED:
        await daemon.simulator.post(
            "/sim/listing", exchange=exchange, base=base, name=NAMES[base], announce_in_s=1.0, premium_pct=30.0,
            trading_in_s=(opens_ms - now_ms) / 1000, networks=["SOL"], venues={"binance": {"price": 0.5}, "okx": {}},
        )  # fmt: skip


def _is_over(daemon: Daemon, listening_ms: int) -> bool:
    trading = daemon.rows("SELECT 1 FROM listings WHERE first_trade_ms IS NOT NULL")
    whole = daemon.rows("SELECT DISTINCT exchange FROM v_candles_1m WHERE open_ms >= ?", listening_ms)
    if len(trading) < 2 or len(whole) < 2:
        return False
    seconds = [
        daemon.rows("SELECT 1 FROM v_candles_1s WHERE exchange = ? AND code = ?", *_code(each)) for each in LISTED
    ]
    waiting = daemon.rows("SELECT 1 FROM deliveries WHERE op = 'send' AND state = 'pending'")
    unhealed = daemon.rows("SELECT 1 FROM gaps WHERE state = 'open' AND cause = 'market_added' AND to_ms IS NOT NULL")
    return all(len(stored) >= 8 for stored in seconds) and not waiting and not unhealed


def _code(coin: tuple[str, str]) -> tuple[str, str]:
    return coin[0], f"KRW-{coin[1]}"


# --- recording ------------------------------------------------------------------------------------------------------


def test_every_second_and_minute_that_no_gap_touches_equals_the_truth(run: Run) -> None:
    found = compared(run.daemon, run.daemon.simulator)
    assert found.wrong == []
    assert found.seconds > 600
    assert found.minutes > 15


def test_a_run_without_faults_misses_only_its_start_its_end_and_the_birth_of_markets(run: Run) -> None:
    causes = {row["cause"] for row in run.daemon.rows("SELECT DISTINCT cause FROM gaps")}
    assert {"start", "stop"} <= causes <= {"start", "stop", "market_added"}
    longest = run.daemon.rows("SELECT MAX(to_ms - from_ms) AS ms FROM gaps WHERE cause = 'start'")
    assert longest[0]["ms"] <= (60 + 10) * SECOND_MS  # it begins with the minute


def test_every_krw_market_of_both_lists_is_recorded_and_of_listed_coins_every_other(run: Run) -> None:
    for exchange in EXCHANGES:
        recorded = run.daemon.rows("SELECT code FROM markets WHERE exchange = ?", exchange)
        codes = {row["market"] for row in run.lists[exchange]}
        listed = {base for where, base in LISTED if where == exchange}
        expected = {code for code in codes if code.startswith("KRW-") or code.partition("-")[2] in listed}
        assert {row["code"] for row in recorded} == expected


def test_it_stops_with_nothing_lost_on_the_way(run: Run) -> None:
    assert run.exit_code == 0
    health = run.daemon.health()
    assert health is not None
    assert (health["status"], health["reasons"]) == ("green", [])
    assert (health["writer"]["dropped"], health["writer"]["failed"]) == (0, 0)
    assert run.daemon.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert run.daemon.rows("SELECT * FROM quarantine") == []
    log = run.daemon.log.read_text()
    assert "Traceback" not in log
    assert " ERROR " not in log.partition("stopping: sockets")[0]


# --- listings -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coin", LISTED, ids="-".join)
def test_a_listing_becomes_one_row_that_several_channels_saw(run: Run, coin: tuple[str, str]) -> None:
    (listing,) = run.daemon.rows("SELECT * FROM listings WHERE exchange = ? AND base = ?", *coin)
    assert (listing["episode"], listing["state"]) == (1, "trading")
    assert listing["published_ms"] <= listing["first_seen_ms"] < listing["first_trade_ms"]
    seen = run.daemon.rows("SELECT channel, seen_ms FROM sightings WHERE listing_id = ?", listing["id"])
    assert {row["channel"] for row in seen} >= {f"{coin[0]}:notices", f"{coin[0]}:market_list"}
    assert min(row["seen_ms"] for row in seen) == listing["first_seen_ms"]


def test_a_start_is_known_where_the_body_of_the_notice_is_and_unknown_else(run: Run) -> None:
    """Upbit's site shows bodies; Bithumb's API has titles only, and this one does not tell the time."""
    starts = {row["base"]: row["trading_starts_ms"] for row in run.daemon.rows("SELECT * FROM listings")}
    opened_ms = run.trades("upbit", "KRW-HALLA")[0].traded_ms
    assert starts == {"HALLA": opened_ms - opened_ms % MINUTE_MS, "SORAK": None}


@pytest.mark.parametrize("coin", LISTED, ids="-".join)
def test_its_first_trade_is_the_first_of_the_tape_and_is_recorded(run: Run, coin: tuple[str, str]) -> None:
    exchange, code = _code(coin)
    opening = run.trades(exchange, code)[0]
    (listing,) = run.daemon.rows("SELECT * FROM listings WHERE exchange = ? AND base = ?", *coin)
    assert listing["first_trade_ms"] == opening.traded_ms
    (first,) = run.daemon.rows(
        "SELECT open, open_ms FROM v_candles_1s WHERE exchange = ? AND code = ? ORDER BY open_ms LIMIT 1",
        exchange, code,
    )  # fmt: skip
    assert first["open"] == opening.price
    assert first["open_ms"] == opening.traded_ms - opening.traded_ms % SECOND_MS


@pytest.mark.parametrize("coin", LISTED, ids="-".join)
def test_no_second_of_it_is_missing_from_its_first_trade_on(run: Run, coin: tuple[str, str]) -> None:
    exchange, code = _code(coin)
    opened_ms = run.trades(exchange, code)[0].traded_ms
    missed = run.daemon.rows(
        "SELECT cause FROM gaps JOIN markets ON markets.id = market_id AND markets.exchange = ? AND code = ?"
        " WHERE gaps.state != 'healed' AND coalesce(to_ms, ?) > ?",
        *(exchange, code, 2**62, opened_ms),
    )
    assert {row["cause"] for row in missed} == {"stop"}


def test_each_listing_is_told_once_and_edited_as_facts_arrive(run: Run) -> None:
    sights = run.daemon.first_sights()
    assert sorted(sight["key"] for sight in sights) == ["bithumb:SORAK:1", "upbit:HALLA:1"]
    for sight in sights:
        (sent,) = run.daemon.rows("SELECT * FROM deliveries WHERE alert_id = ? AND op = 'send'", sight["id"])
        assert sent["state"] == "sent"
        assert sight["created_ms"] <= sent["requested_ms"] <= sent["sent_ms"]
        (message,) = (each for each in run.messages if str(each["message_id"]) == sent["message_id"])
        base = sight["key"].split(":")[1]
        assert message["chat_id"] == CHAT
        assert base in message["text"].partition("\n")[0]
        assert len(message["edits"]) >= 2
        assert all(base in edit["text"].partition("\n")[0] for edit in message["edits"])
        assert "binance" in message["edits"][-1]["text"].lower()


def test_what_happens_to_a_listing_later_answers_its_first_sight(run: Run) -> None:
    sent = run.daemon.rows(
        "SELECT alerts.id, kind, listing_id, alerts.reply_to, message_id FROM deliveries"
        " JOIN alerts ON alerts.id = alert_id WHERE op = 'send'"
    )
    messages = {row["id"]: row["message_id"] for row in sent}
    anchors = {row["listing_id"]: row["message_id"] for row in sent if row["kind"] == "first_sight"}
    later = {row["message_id"]: anchors[row["listing_id"]] for row in sent if row["kind"] == "follow_up"}
    assert len(later) >= 2  # both began to trade
    answers = {str(each["message_id"]): str(each["reply_to"]) for each in run.messages if each["reply_to"]}
    assert later.items() <= answers.items()
    assert answers == {row["message_id"]: messages[row["reply_to"]] for row in sent if row["reply_to"] is not None}


def test_nothing_is_told_twice(run: Run) -> None:
    assert REPEAT not in json.dumps(run.messages, ensure_ascii=False)
    rows = run.daemon.rows("SELECT message_id FROM deliveries WHERE op = 'send' AND sent_ms IS NOT NULL")
    ids = [row["message_id"] for row in rows]
    assert len(ids) == len(set(ids))
    assert {str(each["message_id"]) for each in run.messages} <= set(ids)


def test_a_judged_listing_leaves_its_decisions(run: Run) -> None:
    modes = run.daemon.rows("SELECT DISTINCT base, mode FROM decisions JOIN listings ON listings.id = listing_id")
    assert {(row["base"], row["mode"]) for row in modes} >= {
        ("HALLA", "pre_open"), ("HALLA", "open"), ("SORAK", "pre_open"), ("SORAK", "open"),
    }  # fmt: skip
    for row in run.daemon.rows("SELECT facts, blockers, warnings FROM decisions"):
        assert all({"value", "unit", "source", "age_ms"} <= fact.keys() for fact in json.loads(row["facts"]).values())
        assert isinstance(json.loads(row["blockers"]), list)
        assert isinstance(json.loads(row["warnings"]), list)


# --- commands -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_printed_as_one_object_a_line_with_its_columns(run: Run, name: str) -> None:
    answer = run.daemon.ask(name, "--json", "--last", "1000")
    assert (answer.returncode, answer.stderr) == (0, "")
    printed = json_lines(answer)
    assert all(set(TABLES[name].split()) <= row.keys() for row in printed)
    assert {row["id"] for row in printed} == {row["id"] for row in run.daemon.rows(f"SELECT id FROM {name}")}


def test_last_shows_the_newest(run: Run) -> None:
    newest = run.daemon.rows("SELECT MAX(id) AS id FROM gaps")[0]["id"]
    assert [row["id"] for row in json_lines(run.daemon.ask("gaps", "--json", "--last", "1"))] == [newest]


def test_a_person_reads_tables(run: Run) -> None:
    answer = run.daemon.ask("listings")
    heading, *lines = answer.stdout.splitlines()
    assert answer.returncode == 0
    assert heading.split()[:3] == ["exchange", "base", "state"]
    assert sorted(tuple(line.split()[:3]) for line in lines) == [
        ("bithumb", "SORAK", "trading"), ("upbit", "HALLA", "trading"),
    ]  # fmt: skip


def test_status_is_green_while_it_records(run: Run) -> None:
    (told,) = json_lines(run.live_status)
    assert (run.live_status.returncode, told["status"]) == (0, "green")
    assert set(HEALTH.split()) <= told.keys()
    assert set(told["feeds"]) == set(EXCHANGES)
    assert all(feed["connected"] for feed in told["feeds"].values())
