"""Faults 16, 17 and 19: a host whose clock steps or slews, whose zone is another, whose event loop stands still."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from email.utils import formatdate
from pathlib import Path

import pytest

from collectors.events import Channel, Exchange, GapCause, Market, Notice
from collectors.listings.listing_book import ListingBook
from collectors.net.socket import Socket, at_once
from config.clock import SimulatorClock
from config.units import HOUR_MS
from ops.process.lifetimes import running
from ops.process.sd_notify import Notify
from ops.watching.loop_lag import LoopLag
from ops.watching.watchdog import Watchdog
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, answer
from tests.fakes.healing_bench import Bench
from tests.fakes.leaping_loop import LeapingLoop
from tests.fakes.outbox import lifeline
from tests.fakes.recording import BTC, SOL, rows
from tests.fakes.simulator import running_simulator
from tests.fakes.station import QUICK, Station, compared, markets_of, recording
from tests.fakes.tape import Tape

NEW_YORK_LEAPS_MS = 1_805_007_600_000  # 2027-03-14T07:00:00Z: two o'clock becomes three


class TheirTime:
    """The exchange's clock, which goes on whatever happens to ours."""

    def __init__(self, ours: FakeClock, start_ms: int = START_MS) -> None:
        self._ours = ours
        self._start_ms = start_ms

    def now_ms(self) -> int:
        return self._start_ms + round(self._ours.monotonic() * 1_000)

    def monotonic(self) -> float:
        return self._ours.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._ours.sleep(seconds)


@pytest.mark.parametrize(
    ("bend", "alarms"),
    [
        ([(30, HOUR_MS), (80, -HOUR_MS)], ["clock"]),
        ([(30, -HOUR_MS), (80, HOUR_MS)], ["clock"]),
        ([(second, 10) for second in range(20, 80)], []),  # slewed for a minute, by 10 ms a second
    ],
    ids=["an hour ahead", "an hour behind", "slewed"],
)
async def test_fault_16_a_clock_that_steps_or_slews_moves_no_second_and_is_told(
    tmp_path: Path, bend: list[tuple[int, int]], alarms: list[str]
) -> None:
    clock = FakeClock()
    theirs, exchange = TheirTime(clock), FakeExchange(clock)
    tape = Tape(theirs, exchange)
    exchange.script(answer(tape.snapshots))
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": "ws://x"}, exchange.connect)
    async with recording(station, {"upbit": [BTC]}), running(tape.run()):
        for second in range(120):
            if second == 55:
                exchange.connections[0].cut()
            for _, by_ms in (each for each in bend if each[0] == second):
                clock.step_wall(by_ms)
            await clock.advance(1)
            date = {"date": formatdate(theirs.now_ms() / 1_000, usegmt=True)}
            station.offset.answered("upbit", date, clock.now_ms() - 40, clock.now_ms(), clock.monotonic())
            station.look()
        await station.stored()
        assert station.alarms == alarms
        assert len(exchange.connections) == 2, "no duration was measured by the wall"
    (gap,) = station.rows("SELECT * FROM gaps WHERE cause NOT IN ('start', 'stop')")
    assert START_MS + 50_000 <= gap["from_ms"] < gap["to_ms"] <= START_MS + 59_000
    stored = {row["open_ms"] for row in station.rows("SELECT open_ms FROM candles_1s")}
    missed = set(range(gap["from_ms"], gap["to_ms"], 1_000))
    whole = set(range(START_MS + 2_000, START_MS + 117_000, 1_000))
    assert whole - missed <= stored, "the exchange's seconds, every one"
    assert stored <= set(range(START_MS, START_MS + 121_000, 1_000))


@pytest.mark.parametrize("step_ms", [-40_000, -10_000, 10_000, 40_000])
async def test_fault_16_a_silence_behind_a_step_of_our_clock_is_a_gap_from_its_beginning(
    tmp_path: Path, step_ms: int
) -> None:
    clock = FakeClock()
    theirs, exchange = TheirTime(clock), FakeExchange(clock)
    tape = Tape(theirs, exchange)
    for _ in range(2):
        exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": "ws://x"}, exchange.connect)
    async with recording(station, {"upbit": [BTC]}), running(tape.run()):
        await clock.advance(30)
        clock.step_wall(step_ms)
        await clock.advance(30.5)
        exchange.connections[0].fall_silent()
        await clock.advance(40)
        await station.stored()
    (gap,) = station.rows("SELECT * FROM gaps WHERE cause = 'stale'")
    begins_s, ends_s = ((gap[edge] - START_MS) / 1_000 for edge in ("from_ms", "to_ms"))
    (lost_s, back_s) = 60, exchange.attempts_at[1]
    assert lost_s - 6 <= begins_s <= lost_s
    assert back_s <= ends_s <= back_s + 3


@pytest.mark.parametrize("slept_s", [20, 90, 8 * 3_600, 3 * 86_400])
@pytest.mark.parametrize("line", ["cut", "hangs"])
@pytest.mark.parametrize("knows", [True, False], ids=["suspended", "a paused guest"])
async def test_fault_16_what_a_machine_that_slept_did_not_hear_is_a_gap_and_it_goes_on(
    tmp_path: Path, slept_s: int, line: str, knows: bool
) -> None:
    """A guest whose host paused it knows nothing of that: its wall clock is set by the host, nothing else went on."""
    clock = FakeClock()
    exchange = FakeExchange(clock)
    tape = Tape(clock, exchange)
    for _ in range(4):
        exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": "ws://x"}, exchange.connect)
    async with recording(station, {"upbit": [BTC]}):
        async with running(tape.run()):
            await clock.advance(30)
        fell_asleep_ms = clock.now_ms()
        if knows:
            clock.sleep_through(slept_s)
        else:
            clock.step_wall(slept_s * 1_000)
        woke_ms = clock.now_ms()
        if line == "cut":
            exchange.connections[0].cut()
        elif line == "hangs":
            await clock.advance(40)
        async with running(tape.run()):
            await clock.advance(120)
            await station.stored()
        end_ms = clock.now_ms()
    gaps = station.rows("SELECT * FROM gaps WHERE cause NOT IN ('start', 'stop')")
    assert any(gap["from_ms"] <= fell_asleep_ms and woke_ms <= gap["to_ms"] for gap in gaps)
    heard_ms = max(gap["to_ms"] for gap in gaps)
    assert heard_ms <= woke_ms + 70_000
    stored = station.rows("SELECT COUNT(*) AS n FROM candles_1s WHERE open_ms > ?", heard_ms)
    assert stored[0]["n"] >= (end_ms - heard_ms) // 1_000 - 15


@pytest.mark.parametrize("off_ms", [HOUR_MS, 90_000, 8_000, -8_000, -90_000, -HOUR_MS])
async def test_fault_16_a_clock_that_was_wrong_before_the_start_moves_no_second(tmp_path: Path, off_ms: int) -> None:
    clock = FakeClock(START_MS + off_ms)
    theirs, exchange = TheirTime(clock), FakeExchange(clock)
    tape = Tape(theirs, exchange)
    exchange.script(answer(tape.snapshots))
    exchange.script(answer(tape.snapshots))
    station = Station(tmp_path, clock, {"upbit": "ws://x"}, exchange.connect)
    date = {"date": formatdate(theirs.now_ms() / 1_000, usegmt=True)}  # of the market list, read before anything
    station.offset.answered("upbit", date, clock.now_ms() - 40, clock.now_ms(), clock.monotonic())
    interval = station.offset.interval()
    assert interval is not None
    station.recorder.host_is_off(*interval)
    async with recording(station, {"upbit": [BTC]}), running(tape.run()):
        for second in range(120):
            if second == 60:
                exchange.connections[0].cut()
            await clock.advance(1)
        await station.stored()
    (rolled,) = station.rows("SELECT at_ms FROM rollup_state WHERE name = 'rolled:upbit'")
    assert rolled["at_ms"] <= START_MS + 180_000, "no minute that is still to come counts as stored"
    gaps = {gap["cause"]: gap for gap in station.rows("SELECT * FROM gaps")}
    assert gaps.keys() == {"start", "disconnect", "stop"}
    assert START_MS - 60_000 <= gaps["start"]["from_ms"] <= START_MS
    assert gaps["stop"]["from_ms"] >= START_MS + 114_000
    stored = {row["open_ms"] for row in station.rows("SELECT open_ms FROM candles_1s")}
    for second_ms in range(START_MS, START_MS + 114_000, 1_000):
        missed = any(gap["from_ms"] <= second_ms < (gap["to_ms"] or 2**62) for gap in gaps.values())
        assert missed or second_ms in stored, second_ms
    assert len(stored) > 100


@pytest.mark.parametrize("off_ms", [0, -8_000, -HOUR_MS, HOUR_MS])
async def test_fault_16_a_clock_that_is_wrong_at_a_restart_keeps_what_was_recorded_before_in_its_minute(
    tmp_path: Path, off_ms: int
) -> None:
    await recorded_for(tmp_path, START_MS, START_MS, 64)
    await recorded_for(tmp_path, START_MS + 66_000, START_MS + 66_000 + off_ms, 60)
    sums = "SELECT open_ms / 60000 AS minute, SUM(trades) AS trades FROM {} GROUP BY 1"
    path = tmp_path / "radar.db"
    assert rows(path, sums.format("candles_1m")) == rows(path, sums.format("candles_1s"))


async def recorded_for(folder: Path, at_ms: int, ours_ms: int, seconds: int) -> None:
    """A run that begins at `at_ms`, which is `ours_ms` by our clock; the answer that brings the list tells both."""
    clock = FakeClock(ours_ms)
    theirs, exchange = TheirTime(clock, at_ms), FakeExchange(clock)
    tape = Tape(theirs, exchange)
    exchange.script(answer(tape.snapshots))
    station = Station(folder, clock, {"upbit": "ws://x"}, exchange.connect)
    date = {"date": formatdate(theirs.now_ms() / 1_000, usegmt=True)}
    station.offset.answered("upbit", date, clock.now_ms() - 40, clock.now_ms(), clock.monotonic())
    interval = station.offset.interval()
    assert interval is not None
    station.recorder.host_is_off(*interval)
    async with recording(station, {"upbit": [BTC]}), running(tape.run()):
        await clock.advance(seconds)
        await station.stored()


# --- the zone -------------------------------------------------------------------------------------------------------


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The zone of this process, in libc and all that asks it."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


async def content(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table after an hour-wise awkward morning: recorded, cut off, healed, announced."""
    folder.mkdir()
    await _recorded(folder / "recorded")
    for name, market in (("upbit", BTC), ("bithumb", SOL)):
        await _healed(folder / f"{name}.db", market)
    await _announced(folder / "listings.db")
    found = {}
    for path in (folder / "recorded" / "radar.db", *sorted(folder.glob("*.db"))):
        for (table,) in rows(path, "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') ORDER BY 1"):
            found[f"{path.name}: {table}"] = sorted(rows(path, f"SELECT * FROM {table}"), key=repr)
    return found


async def _recorded(folder: Path) -> None:
    """Both exchanges over the moment at which New York's clocks leap, with a reconnect in it."""
    clock = FakeClock(NEW_YORK_LEAPS_MS - 70_000)
    exchanges: dict[Exchange, FakeExchange] = {"upbit": FakeExchange(clock), "bithumb": FakeExchange(clock)}
    tapes = [Tape(clock, exchange) for exchange in exchanges.values()]

    async def connect(
        url: str, headers: Mapping[str, str], admitted: Callable[[], Awaitable[None]] = at_once
    ) -> Socket:
        return await exchanges["upbit" if "upbit" in url else "bithumb"].connect(url, headers, admitted)

    for tape, exchange in zip(tapes, exchanges.values(), strict=True):
        exchange.script(answer(tape.snapshots))
        exchange.script(answer(tape.snapshots))
    station = Station(folder, clock, {name: f"ws://{name}" for name in exchanges}, connect)
    markets = {name: [Market(name, "BTC", "KRW")] for name in exchanges}
    async with recording(station, markets), running(*(tape.run() for tape in tapes)):
        await clock.advance(68)
        for exchange in exchanges.values():
            exchange.connections[0].cut()
        await clock.advance(70)
        await station.stored()
        for _ in range(3):
            await station.aggregator.roll()


async def _healed(path: Path, market: Market) -> None:
    """A gap that REST heals, in the exchange's own spelling of time."""
    bench = Bench(path, FakeClock(), market.exchange, seconds_s=60)
    with bench.writer:
        await bench.begin(market)
        await bench.run(10, [market])
        bench.recorder.lost([market], bench.clock.now_ms(), GapCause.DISCONNECT)
        await bench.run(150, [market], heard=False)
        bench.recorder.live([market], bench.clock.now_ms())
        await bench.settle(market)
        for _ in range(3):
            await bench.backfill.once()
        assert bench.states() == {"healed"}


async def _announced(path: Path) -> None:
    """Notices that name times of a Korean day."""
    clock = FakeClock()
    body = "거래지원 개시 시점 : 2027-01-16 00:30 KST 예정\n입출금 : 공지 시점으로부터 2시간 이내 지원 예정"
    title = "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)"
    upbit = Notice("upbit", "u1", title, ("거래",), START_MS - 500, START_MS - 500, None, body)
    title = "[마켓 추가] 오르카(ORCA) 원화 마켓 추가 (1/16(토) 00:15 거래 오픈 예정)"
    bithumb = Notice("bithumb", "77", title, ("마켓 추가",), START_MS - 500, START_MS - 500, None, None)
    with DatabaseWriter.open(path, clock, QUICK) as writer:
        book = ListingBook(lifeline(writer, clock), clock, "ko", ["telegram:1"], 24.0, 10, lambda fresh: None)
        for channel in (Channel.UPBIT_NOTICES, Channel.BITHUMB_NOTICES):
            await book.see_notices(channel, [], START_MS - 1_000)
        await book.see_notices(Channel.UPBIT_NOTICES, [upbit], START_MS)
        await book.see_notices(Channel.BITHUMB_NOTICES, [bithumb], START_MS)
    starts = rows(path, "SELECT base, trading_starts_ms FROM listings ORDER BY 1")
    assert starts == [("NOVA", 1_800_027_000_000), ("ORCA", 1_800_026_100_000)]


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"], indirect=True)
async def test_fault_17_the_database_holds_the_same_whatever_the_zone_of_the_host(
    tmp_path: Path, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert time.tzname[0] != "UTC"
    here = await content(tmp_path / "here")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    there = await content(tmp_path / "there")
    assert here.keys() == there.keys()
    for table, content_there in there.items():
        assert here[table] == content_there, table
    assert len(there["radar.db: candles_1m"]) >= 4
    assert there["listings.db: alerts"]


# --- the loop -------------------------------------------------------------------------------------------------------


@pytest.mark.leaping
async def test_fault_19_a_loop_that_stood_still_is_told_starves_nobody_and_costs_no_second(
    tmp_path: Path,
) -> None:
    still_s = 5.0
    async with running_simulator(markets=12, rate=60.0, tick_s=0.05) as simulator:
        clock = SimulatorClock(simulator.world.clock.now_ms(), 1.0, asyncio.get_running_loop().time)
        socket = "ws" + simulator.url.removeprefix("http") + "/upbit/websocket/v1"
        station = Station(tmp_path, clock, {"upbit": socket})
        lag = LoopLag()
        async with recording(station, {"upbit": markets_of(simulator, "upbit")}):
            watchdog = Watchdog(Notify(None), station.writer, station.fleets, tmp_path, clock, "recording")
            async with running(lag.run(), watchdog.run()):
                watchdog.composed()
                await station.until_live()
                await clock.sleep(6)
                _stand_still(still_s)
                whys = []
                for _ in range(8):
                    await clock.sleep(1)
                    whys.append(watchdog.why)
                assert lag.worst_s >= 0.8 * still_s
                assert set(whys) == {None}
            (status,) = station.statuses
            assert status.reconnects == 0

        found = compared(station, simulator)
        assert found.wrong == []
        assert found.seconds > 50
    assert station.rows("SELECT 1 FROM gaps WHERE cause NOT IN ('start', 'stop')") == []


def _stand_still(seconds: float) -> None:
    """What a long computation on the loop does."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, LeapingLoop)
    loop.last(seconds)
