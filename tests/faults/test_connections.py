"""Faults 1, 4, 6, 7, 9 and 10 against a scripted exchange: what is done, to the second of a clock that stands.

The same faults on real sockets: `test_network.py`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from collectors.events import Exchange, Market
from collectors.feeds.sink import Pace
from collectors.net.http import HttpDoor, Refused, open_door
from collectors.net.limits import Limits
from collectors.net.socket import Socket, at_once
from config.load import load_settings
from ops.process.endpoints import endpoints
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeConnection, FakeExchange, answer, error_frame, refuse
from tests.fakes.recording import BTC, ETH
from tests.fakes.station import Station, recording
from tests.fakes.tape import Tape

FOUR = [Market("upbit", f"C{n}", "KRW") for n in range(4)]
URL = "ws://exchange.test/websocket/v1"
HALF_AN_HOUR_S = 1_800
SHARDS = 6


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def exchange(clock: FakeClock) -> FakeExchange:
    return FakeExchange(clock)


def lists(connection: FakeConnection) -> int:
    """How often a connection was asked for its subscriptions."""
    return sum("LIST_SUBSCRIPTIONS" in text for text in connection.sent)


@pytest.mark.parametrize("jitter", [0.0, 0.5, 0.999])
async def test_fault_01_a_closed_line_is_replaced_within_two_seconds_whatever_the_jitter(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange, jitter: float
) -> None:
    tape = Tape(clock, exchange)
    exchange.script(answer(tape.snapshots))
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": URL}, exchange.connect, jitter=lambda: jitter)
    async with recording(station, {"upbit": [BTC]}), running(tape.run()):
        await clock.advance(10.5)
        exchange.connections[0].cut(1006)
        await clock.advance(2)
        _, second = exchange.attempts_at
        assert second - 10.5 == pytest.approx(0.5 * (1 - 0.5 * jitter))
        await station.stored()
        (gap,) = station.rows("SELECT * FROM gaps WHERE cause = 'disconnect'")
        assert START_MS + 8_000 <= gap["from_ms"] <= START_MS + 10_000, "where the last good second ended"
        assert gap["to_ms"] <= START_MS + 12_000


@asynccontextmanager
async def trading(folder: Path, clock: FakeClock, exchange: FakeExchange) -> AsyncIterator[Station]:
    """Four markets on a line that can be opened again a hundred times."""
    tape = Tape(clock, exchange)
    for _ in range(100):
        exchange.script(answer(tape.snapshots))
    station = Station(folder, clock, {"upbit": URL}, exchange.connect)
    async with recording(station, {"upbit": FOUR}), running(tape.run()):
        yield station


async def test_fault_01_a_line_that_is_closed_after_each_first_trade_is_told_once_and_floods_no_gaps(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    async with trading(tmp_path, clock, exchange) as station:
        async with running(cut_soon(clock, exchange)):
            for _ in range(900):
                await clock.advance(1)
                station.look()
        assert station.alarms == ["connection:upbit"]
        assert len(exchange.connections) < 60
        await clock.advance(60)
        assert station.readings().feeds["upbit"].brief == 0
        await station.stored()
        assert station.rows("SELECT COUNT(*) AS n FROM gaps")[0]["n"] < 60 * len(FOUR)


async def test_fault_01_a_line_that_brings_some_seconds_each_time_is_told_and_comes_back_at_once_all_the_same(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    async with trading(tmp_path, clock, exchange) as station:
        for _ in range(30):
            await clock.advance(5)
            exchange.connections[-1].cut(1006)
            await clock.advance(1)
            station.look()
        assert station.alarms == ["connection:upbit"]
        assert len(exchange.connections) == 31


async def cut_soon(clock: FakeClock, exchange: FakeExchange) -> None:
    """Cut every connection a moment after it stands."""
    for connection in exchange.connections:
        connection.cut(1006)
    while True:
        known = len(exchange.connections)
        while len(exchange.connections) == known:
            await clock.sleep(0.1)
        await clock.sleep(0.3)
        exchange.connections[-1].cut(1006)


async def test_fault_04_a_market_that_is_no_longer_sent_is_a_gap_and_only_its_connection_is_asked_again(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    tape = Tape(clock, exchange)
    exchange.script(answer(tape.snapshots))
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": URL}, exchange.connect, codes=2)
    async with recording(station, {"upbit": FOUR}), running(tape.run()):
        await clock.advance(70)  # long enough to know its rhythm; each minute every connection is asked anyway
        mine, other = exchange.connections
        silent = mine.requests[-1][0]
        tape.quiet.add(silent)
        mine.forgotten.add(silent)
        await clock.advance(19)
        assert (lists(mine), len(mine.requests)) == (1, 1), "twenty times its usual second is not over"
        await clock.advance(9)
        assert lists(mine) == 2
        assert len(mine.requests) > 1
        assert (lists(other), len(other.requests)) == (1, 1)
        await station.stored()
        (gap,) = station.rows("SELECT * FROM gaps WHERE cause = 'stale'")
        code = station.rows("SELECT code FROM markets WHERE id = ?", gap["market_id"])[0]["code"]
        assert code == silent
        assert gap["to_ms"] is not None, "asked for again, and sent again"
        assert station.health().feeds["upbit"].stale_markets == 0
        assert len(exchange.connections) == 2, "nobody was disconnected for it"


async def test_fault_04_a_market_that_is_only_quiet_counts_as_stale_until_it_trades_and_is_no_gap(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    tape = Tape(clock, exchange)
    exchange.script(answer(lambda codes: [tape.frame(code, True) for code in codes if code not in tape.quiet]))
    station = Station(tmp_path, clock, {"upbit": URL}, exchange.connect)
    async with recording(station, {"upbit": [BTC, ETH]}), running(tape.run()):
        await clock.advance(40)
        tape.quiet.add(BTC.code)
        await clock.advance(25)
        await station.stored()
        assert station.health().feeds["upbit"].stale_markets == 1
        assert station.rows("SELECT * FROM gaps WHERE cause = 'stale'") == []
        tape.quiet.clear()
        await clock.advance(8)
        assert station.health().feeds["upbit"].stale_markets == 0


async def test_fault_06_a_storm_stays_well_below_the_published_rates_and_never_ends(
    tmp_path: Path, clock: FakeClock
) -> None:
    published: dict[Exchange, int] = {"upbit": 5, "bithumb": 10}
    settings = load_settings(Path(__file__).parents[2] / "config")
    rates = endpoints(settings, None, None).rates
    at: dict[Exchange, FakeExchange] = {name: FakeExchange(clock) for name in published}
    tapes = {name: Tape(clock, exchange) for name, exchange in at.items()}

    async def connect(
        url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Socket:
        return await at["upbit" if "upbit" in url else "bithumb"].connect(url, headers, admitted)

    sockets: dict[Exchange, str] = {name: f"ws://{name}.test" for name in published}
    station = Station(tmp_path, clock, sockets, connect, jitter=lambda: 0.0, codes=1, rates=rates)
    markets = {name: [Market(name, f"C{n}", "KRW") for n in range(SHARDS)] for name in published}
    for exchange in at.values():
        for _ in range(100 * SHARDS):
            exchange.script(refuse(503))
    async with recording(station, markets):
        for _ in range(HALF_AN_HOUR_S // 10):
            await clock.advance(10)
            station.look()
        for name, exchange in at.items():
            tried = exchange.attempts_at
            assert len(tried) > 50 * SHARDS, "for ever"
            assert clock.monotonic() - tried[-1] <= 31.0
            busiest = max(sum(0 <= other - one < 1.0 for other in tried) for one in tried)
            assert busiest <= 0.6 * published[name]
            assert station.health().feeds[name].failures >= 50
            assert f"connection:{name}" in station.alarms
        for name, exchange in at.items():
            exchange._scripts.clear()
            for _ in range(SHARDS):
                exchange.script(answer(tapes[name].snapshots))
        async with running(*(tape.run() for tape in tapes.values())):
            await clock.advance(40)
        for name in at:
            assert station.recorder.reading(name).live == SHARDS
            assert station.health().feeds[name].failures == 0


@pytest.mark.parametrize("stalled_s", [1.0, 2.9])
async def test_fault_06_attempts_that_a_name_server_held_up_do_not_arrive_together(
    tmp_path: Path, clock: FakeClock, stalled_s: float
) -> None:
    settings = load_settings(Path(__file__).parents[2] / "config")
    exchange, answers = FakeExchange(clock), asyncio.Event()
    set_out = list[float]()

    async def connect(
        url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Socket:
        set_out.append(clock.monotonic())
        await answers.wait()
        return await exchange.connect(url, headers, admitted)

    rates = endpoints(settings, None, None).rates
    station = Station(tmp_path, clock, {"upbit": URL}, connect, jitter=lambda: 0.0, codes=1, rates=rates)
    async with recording(station, {"upbit": [Market("upbit", f"C{n}", "KRW") for n in range(12)]}):
        await clock.advance(stalled_s)
        assert 3 <= len(set_out) <= 9
        answers.set()
        await clock.advance(20)
    assert len(exchange.attempts_at) >= 12
    tried = exchange.attempts_at
    assert max(sum(0 <= other - one < 1.0 for other in tried) for one in tried) <= 3


async def test_fault_07_a_429_and_then_a_ban_keep_every_question_to_that_host_back_and_show_in_health(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    answers = [429, 418, 200]
    asked: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        asked.append(request.path)
        status = answers.pop(0)
        told = {} if status == 200 else {"Retry-After": "57"}
        return web.json_response([], status=status, headers=told)

    app = web.Application()
    app.router.add_get("/{path:.*}", serve)
    async with serving(app) as url, open_door(HttpDoor({"upbit": url}, Limits({}), clock, "radar/test")) as door:
        station = Station(tmp_path, clock, {"upbit": URL}, exchange.connect)
        station.limits = door.limits

        async def ask(path: str, group: str) -> int:
            return (await door.get("upbit", path, group=group)).status

        with station.writer:
            assert await ask("/v1/market/all", "market") == 429
            for level in (429, 418):
                for path, group in (
                    ("/v1/market/all", "market"),
                    ("/v1/trades/ticks", "backfill"),
                    ("/v1/ticker", "t"),
                ):
                    with pytest.raises(Refused):
                        await ask(path, group)
                assert asked == ["/v1/market/all"] if level == 429 else ["/v1/market/all", "/v1/trades/ticks"]
                (warning,) = [each for each in station.health().warnings if each.startswith("upbit is left alone")]
                assert f"for 57 s: HTTP {level}" in warning
                await clock.advance(57)
                assert not any("left alone" in each for each in station.health().warnings)
                assert await ask("/v1/trades/ticks", "backfill") == (418 if level == 429 else 200)
        assert answers == []


@asynccontextmanager
async def serving(app: web.Application) -> AsyncIterator[str]:
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def refusing(tape: Tape, bad: set[str]) -> Callable[[Sequence[str]], Sequence[bytes]]:
    """An exchange that refuses a request which names a bad code."""

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        if bad & set(codes):
            return [error_frame("WRONG_FORMAT", "Format이 맞지 않습니다.")]
        return tape.snapshots(codes)

    return reply


async def test_fault_09_offending_codes_are_bisected_out_and_told_and_the_others_kept(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    tape, markets = Tape(clock, exchange), [Market("upbit", f"C{n}", "KRW") for n in range(20)]
    exchange.script(answer(refusing(tape, {"KRW-C3", "KRW-C17"})))
    station = Station(tmp_path, clock, {"upbit": URL}, exchange.connect, pace=Pace(silent_s=None))
    async with recording(station, {"upbit": markets}), running(tape.run()):
        await clock.advance(60)
        station.look()
        assert len(exchange.connections) == 1
        assert station.recorder.reading("upbit").live == 18
        assert station.health().feeds["upbit"].refused_codes == ("KRW-C17", "KRW-C3")
        assert any("refuses KRW-C17, KRW-C3" in warning for warning in station.health().warnings)
        assert station.alarms == ["codes:upbit"]


async def test_fault_10_a_market_added_while_connected_costs_the_others_no_trade(
    tmp_path: Path, clock: FakeClock, exchange: FakeExchange
) -> None:
    tape = Tape(clock, exchange)
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": URL}, exchange.connect)
    async with recording(station, {"upbit": FOUR[:2]}), running(tape.run()):
        await clock.advance(10)
        await station.recorder.expect(FOUR[:3])
        station.fleets["upbit"].change_markets(FOUR[:3])
        await clock.advance(10)
        await station.recorder.expect(FOUR)
        station.fleets["upbit"].change_markets(FOUR)
        await clock.advance(10)
    (connection,) = exchange.connections
    assert [len(codes) for codes in connection.requests] == [2, 3, 4]
    for base in ("C0", "C1"):
        stored = station.rows("SELECT open_ms, trades FROM v_candles_1s WHERE code = ? ORDER BY 1", f"KRW-{base}")
        seconds = [row["open_ms"] for row in stored]
        assert seconds == list(range(seconds[0], seconds[0] + 1_000 * len(seconds), 1_000)), "a trade in every second"
        assert len(seconds) >= 28
        assert {row["trades"] for row in stored} == {1}
    assert station.rows("SELECT 1 FROM gaps WHERE cause NOT IN ('start', 'stop', 'market_added')") == []
