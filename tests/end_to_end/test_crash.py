"""The daemon killed at any instant, and started again on the same data folder: nothing torn, doubled or hidden."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.end_to_end.outside import REPEAT
from tests.end_to_end.pair import Pair, small_world
from tests.end_to_end.truth import SECOND_MS, compare, span_of

NewPair = Callable[..., Pair]


def start_until(pair: Pair, at_ms: int) -> None:
    """Start the daemon and let it run until the simulator's clock shows `at_ms`, wherever it is by then."""
    pair.start()
    pair.until(lambda: pair.simulator.now_ms() >= at_ms, f"it is {at_ms}")


def stage(pair: Pair, exchange: str, base: str) -> str:
    """A listing announced now that opens much later; answers the key of its alerts."""
    pair.simulator.post("/sim/listing", exchange=exchange, base=base, announce_in_s=0.0, trading_in_s=3_000.0)
    return f"{exchange}:{base}:1"


def alert_is_stored(pair: Pair, key: str) -> bool:
    return key in {sight["key"] for sight in pair.first_sights()}


def has_arrived(pair: Pair, key: str) -> bool:
    return bool(first_messages(pair, key))


def is_sent(pair: Pair, key: str) -> bool:
    rows = pair.rows(
        "SELECT 1 FROM deliveries JOIN alerts ON alerts.id = alert_id"
        " WHERE key = ? AND kind = 'first_sight' AND op = 'send' AND state = 'sent'",
        key,
    )
    return bool(rows)


def first_messages(pair: Pair, key: str) -> list[dict[str, Any]]:
    """Each message that told the first sight of this listing, in order."""
    heading = f"신규 상장 · {key.split(':')[1]} "
    return [each for each in pair.simulator.messages() if heading in each["text"].partition("\n")[0]]


def assert_told_once(pair: Pair, key: str) -> None:
    """One first sight; a second copy only where nobody can know of the first, and then it says so."""
    assert [sight["key"] for sight in pair.first_sights()].count(key) == 1
    _, *again = first_messages(pair, key)
    assert len(again) <= 1
    assert all(REPEAT in message["text"] for message in again)


def assert_sound(pair: Pair, folder: Path) -> None:
    """The database as it was left, looked at in a copy so that its next opener finds it untouched."""
    copy = folder / f"left at {pair.simulator.now_ms()}"
    copy.mkdir()
    for file in pair.data.glob("radar.db*"):
        shutil.copy(file, copy)
    with closing(sqlite3.connect(copy / "radar.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
        for table in tables & {"candles_1s", "candles_1m"}:
            doubles = f"SELECT * FROM {table} GROUP BY open_ms, market_id HAVING COUNT(*) > 1"
            assert connection.execute(doubles).fetchall() == []


def assert_blind(pair: Pair, from_ms: int, to_ms: int) -> None:
    """Every second that lies in [from_ms, to_ms) as a whole is a gap, healed or not, of every market known by then."""
    gaps = [span_of(row) for row in pair.rows("SELECT * FROM gaps")]
    for market in pair.rows("SELECT * FROM markets WHERE first_seen_ms < ?", from_ms):
        for second_ms in range(-(-from_ms // SECOND_MS) * SECOND_MS, to_ms - SECOND_MS + 1, SECOND_MS):
            marked = any(gap.touches(market, second_ms, second_ms + SECOND_MS) for gap in gaps)
            assert marked, f"{market['exchange']} {market['code']} says nothing of {second_ms}"


def test_killed_again_and_again_it_keeps_what_is_true(new_pair: NewPair, tmp_path: Path) -> None:
    """While it starts, in the middle of a second, between commit and send, between send and its noting."""
    pair = new_pair(*small_world(8.0, rate=60.0))
    outages: list[tuple[int, int]] = []
    begun_ms = 0

    def killed() -> None:
        nonlocal begun_ms
        pair.kill()
        begun_ms = pair.simulator.now_ms()
        assert_sound(pair, tmp_path)

    def recording_again() -> None:
        pair.start()
        outages.append((begun_ms, pair.simulator.now_ms()))
        pair.until_recording()

    pair.start()
    pair.until((pair.data / "radar.db").exists, "the database is made")
    killed()
    for part_of_a_start_ms in (7_000, 11_000):  # of simulated time; a start takes about 8 s of it
        start_until(pair, pair.simulator.now_ms() + part_of_a_start_ms)
        killed()
    recording_again()

    told_at_upbit = stage(pair, "upbit", "BINGO")
    pair.until(lambda: alert_is_stored(pair, told_at_upbit), "the alert is committed")
    killed()
    recording_again()
    pair.until(lambda: is_sent(pair, told_at_upbit), "the alert is sent")

    told_at_bithumb = stage(pair, "bithumb", "MAUNG")
    pair.until(lambda: has_arrived(pair, told_at_bithumb), "the message has arrived")
    killed()
    recording_again()
    pair.until(lambda: is_sent(pair, told_at_bithumb), "the message is known to have arrived")
    pair.until(lambda: len(pair.rows("SELECT 1 FROM candles_1s")) > 150, "a good deal is recorded")

    waiting = "SELECT 1 FROM gaps WHERE state = 'open' AND to_ms IS NOT NULL"
    pair.until(lambda: not pair.rows(waiting), "all that it missed is healed")

    assert pair.stop() == 0
    assert_sound(pair, tmp_path)
    assert_told_once(pair, told_at_upbit)
    assert_told_once(pair, told_at_bithumb)
    assert len(pair.first_sights()) == 2
    for outage in outages:
        assert_blind(pair, *outage)
    found = compare(pair)
    assert found.wrong == []
    assert found.seconds > 50
