"""Faults 11 and 12: frames that cannot be read, or are no longer what is documented. Ten megabytes: `test_fleet`."""

import json
from pathlib import Path

import pytest

from collectors.events import Exchange, Market
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, answer
from tests.fakes.station import Station, recording
from tests.fakes.tape import Tape

MALFORMED = b'{"ty":"trade","cd":"KRW-BTC","tp":100.0,,"tv":1.0}'
TRUNCATED = b'{"ty":"trade","cd":"KRW-BTC","tp":100.0,"tv":1.'
NO_TEXT = b'{"ty":"trade","cd":"KRW-BT\xff\xfe'
EXCHANGES: list[Exchange] = ["upbit", "bithumb"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def changed(frame: bytes, **fields: object) -> bytes:
    """The frame with other values; None takes the field out."""
    wire = json.loads(frame) | fields
    return json.dumps({name: value for name, value in wire.items() if value is not None}).encode()


@pytest.mark.parametrize("name", EXCHANGES)
async def test_fault_11_frames_that_are_no_json_are_counted_and_kept_and_the_connection_lives(
    tmp_path: Path, clock: FakeClock, name: Exchange
) -> None:
    exchange = FakeExchange(clock)
    tape = Tape(clock, exchange)
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {name: "ws://x"}, exchange.connect)
    async with recording(station, {name: [Market(name, "BTC", "KRW")]}), running(tape.run()):
        await clock.advance(10)
        for bad in (MALFORMED, TRUNCATED, NO_TEXT):
            exchange.connections[0].say(bad)
            await clock.advance(5)
        await station.stored()
        feed = station.health().feeds[name]
        assert (feed.connected, feed.reconnects, feed.quarantined) == (True, 0, 3)
        assert sum(feed.unreadable.values()) == 3
        kept = station.rows("SELECT sample FROM quarantine ORDER BY id")
        assert [row["sample"] for row in kept] == [
            bad.decode("utf-8", "backslashreplace") for bad in (MALFORMED, TRUNCATED, NO_TEXT)
        ]
        gaps = station.rows("SELECT * FROM gaps WHERE cause = 'quarantined'")
        assert [(gap["market_id"], gap["to_ms"] - gap["from_ms"] <= 3_000) for gap in gaps] == [(None, True)] * 3
        assert not station.open_gaps()
    stored = station.rows("SELECT open_ms FROM candles_1s ORDER BY 1")
    seconds = [(row["open_ms"] - START_MS) // 1_000 for row in stored]
    assert seconds == list(range(seconds[0], 25)), "every trade before, between and after was taken"


@pytest.mark.parametrize("name", EXCHANGES)
async def test_fault_12_a_new_field_changes_nothing(tmp_path: Path, clock: FakeClock, name: Exchange) -> None:
    exchange = FakeExchange(clock)
    tape = Tape(clock, exchange)
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {name: "ws://x"}, exchange.connect)
    async with recording(station, {name: [Market(name, "BTC", "KRW")]}):
        await clock.advance(3)
        for _ in range(5):
            exchange.connections[0].say(changed(tape.frame("KRW-BTC"), new_in_2027={"x": [1, None]}))
            await clock.advance(1)
        await clock.advance(5)
        await station.stored()
        station.look()
        assert station.health().feeds[name].unreadable == {}
        assert station.alarms == []
        assert station.rows("SELECT sum(trades) AS n FROM candles_1s") == [{"n": 5}]


@pytest.mark.parametrize("name", EXCHANGES)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tp": None}, "missing required field `tp`"),
        ({"ttms": None}, "missing required field `ttms`"),
        ({"tp": "100.0"}, "`$.tp`"),
        ({"sid": "17"}, "`$.sid`"),
        ({"ab": "BUY"}, "`$.ab`"),
    ],
)
async def test_fault_12_a_field_that_is_missing_or_of_another_type_is_counted_kept_and_told_once(
    tmp_path: Path, clock: FakeClock, name: Exchange, change: dict[str, object], says: str
) -> None:
    exchange = FakeExchange(clock)
    tape = Tape(clock, exchange)
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {name: "ws://x"}, exchange.connect)
    async with recording(station, {name: [Market(name, "BTC", "KRW")]}):
        await clock.advance(3)
        for _ in range(20):
            broken = changed(tape.frame("KRW-BTC"), **change)
            exchange.connections[0].say(broken)
            await clock.advance(1)
            station.look()
        await station.stored()
        feed = station.health().feeds[name]
        ((reason, count),) = feed.unreadable.items()
        assert says in reason
        assert count == feed.quarantined == 20
        assert station.alarms == [f"frames:{name}"]
        newest = station.rows("SELECT * FROM quarantine ORDER BY id DESC LIMIT 1")[0]
        assert json.loads(newest["sample"]) == json.loads(broken)
        assert says in newest["reason"]
        assert station.rows("SELECT 1 FROM candles_1s") == []
