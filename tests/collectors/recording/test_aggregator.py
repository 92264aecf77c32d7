"""Minutes on a real file: when they are rolled, what is rolled again, what a crash leaves, what is purged."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from collectors.events import Channel, GapCause, Listing, ListingState, Market
from collectors.recording import aggregator
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from config.settings import Recording, Retention, Writing
from config.units import DAY_MS
from ops.process.lifetimes import running
from store.rows import execute
from store.tables import candles, fx, listings, markets, quarantine
from store.tables.fx import FxSnapshot
from store.tables.quarantine import Refused
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, SOL, rows, second, trade

MINUTES = "SELECT code, open_ms, open, close, trades, covered_s FROM v_candles_1m ORDER BY open_ms, code"


class Bench:
    """One run of the daemon's recording side, from `at_s` after START_MS; what it expects is live at once."""

    def __init__(self, path: Path, at_s: int = 0) -> None:
        self.path = path
        self.clock = FakeClock(START_MS + at_s * 1_000)
        self.writer = DatabaseWriter.open(blank(path), self.clock, Writing(batch_ms=1))
        self.recorder = Recorder(self.writer, self.clock, Recording(), ["upbit", "bithumb"])
        self.aggregator = Aggregator(self.writer, self.recorder, self.clock, Retention())

    async def begin(self, *expected: Market) -> None:
        await self.recorder.start()
        await self.recorder.expect(expected)
        self.recorder.live(expected, self.clock.now_ms())

    async def settle(self) -> None:
        """Let the thread commit and the waiting tasks see it."""
        await self.writer.run(lambda connection: None)
        await self.clock.settle()

    def minutes(self) -> list[tuple[object, ...]]:
        found = rows(self.path, MINUTES)
        return [(code, (int(str(at_ms)) - START_MS) // 60_000, *rest) for code, at_ms, *rest in found]


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path / "radar.db")
    with bench.writer:
        yield bench


async def test_a_minute_is_rolled_by_the_timer_once_its_last_second_is_closed(bench: Bench) -> None:
    await bench.begin(BTC)
    async with running(bench.recorder.run(), bench.aggregator.every_minute()):
        for at_s in range(1, 130):
            await bench.clock.advance(1)
            bench.recorder.trade(trade(at_s * 1_000 - 20, float(at_s)))
            await bench.settle()
            early = [minute for _, minute, *_ in bench.minutes() if (int(str(minute)) + 1) * 60 + 3 > at_s]
            assert early == []
    # live at 0 ms is covered from 1 s; the first trade that counts is stamped 1.98 s
    assert bench.minutes() == [("KRW-BTC", 0, 2.0, 60.0, 59, 59), ("KRW-BTC", 1, 61.0, 120.0, 60, 60)]


async def test_a_late_trade_rolls_only_its_minute_again(bench: Bench) -> None:
    await bench.begin(BTC)
    for at_s in range(1, 125):
        await bench.clock.advance(1)
        bench.recorder.trade(trade(at_s * 1_000, float(at_s)))
        bench.recorder.flush()
    await bench.clock.advance(5)
    bench.recorder.flush()
    await bench.aggregator.roll()
    await bench.writer.run(lambda c: c.execute("UPDATE candles_1m SET open = -1 WHERE open_ms > ?", (START_MS,)))
    bench.recorder.trade(trade(50_500, 9_000.0, received_ms=129_000))
    await bench.clock.advance(60)
    bench.recorder.flush()
    await bench.aggregator.roll()
    assert [row[1:5] for row in bench.minutes()] == [
        (0, 1.0, 59.0, 60),
        (1, -1.0, 119.0, 60),
        (2, 120.0, 124.0, 5),
    ]


async def test_a_gap_that_opens_behind_a_rolled_minute_lowers_its_coverage(bench: Bench) -> None:
    await bench.begin(BTC)
    for at_s in range(1, 65):
        await bench.clock.advance(1)
        bench.recorder.trade(trade(at_s * 1_000, float(at_s)))
        bench.recorder.flush()
    await bench.aggregator.roll()
    assert bench.minutes()[0][-1] == 59
    bench.recorder.lost([BTC], START_MS + 50_000, GapCause.STALE)
    await bench.clock.advance(60)
    bench.recorder.flush()
    await bench.aggregator.roll()
    assert bench.minutes()[0][-1] == 48  # less 0 to 1 s before coverage, and from 49 s on


async def test_the_running_minute_is_rolled_at_the_end(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "radar.db")
    with bench.writer:
        await bench.begin(BTC, SOL)
        await bench.clock.advance(70)
        bench.recorder.trade(trade(69_000, 5.0))
        bench.recorder.trade(trade(69_500, 6.0, market=SOL))
        bench.recorder.close()
        bench.aggregator.force_rollup()
    assert [row[:5] for row in bench.minutes()] == [("KRW-BTC", 1, 5.0, 5.0, 1), ("KRW-SOL", 1, 6.0, 6.0, 1)]


async def test_a_stop_between_two_slices_of_a_minute_leaves_no_market_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "ROWS_A_STEP", 1)
    monkeypatch.setattr(aggregator, "ROLL_SLICE_S", -1.0)  # one step a slice
    bench = Bench(tmp_path / "radar.db")
    with bench.writer:
        eth = Market("upbit", "ETH", "KRW")
        await bench.begin(BTC, eth)
        await bench.clock.advance(70)
        bench.recorder.trade(trade(69_000, 4.0))
        bench.recorder.flush()
        await bench.aggregator.roll()
        await bench.clock.advance(60)
        bench.recorder.trade(trade(119_000, 5.0))
        bench.recorder.trade(trade(119_500, 6.0, market=eth))
        bench.recorder.trade(trade(129_000, 7.0))
        bench.recorder.flush()
        rolling = asyncio.ensure_future(bench.aggregator.roll())
        await asyncio.sleep(0)
        assert not rolling.done()
        rolling.cancel()
        bench.recorder.close()
        bench.aggregator.force_rollup()
    told = [row[:3] for row in bench.minutes()]
    assert told == [("KRW-BTC", 1, 4.0), ("KRW-ETH", 1, 6.0), ("KRW-BTC", 2, 7.0)]


def transactions(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Grows with each that the writer is asked for."""
    asked: list[object] = []
    run = bench.writer.run

    async def counted(work: Callable[[sqlite3.Connection], object], **how: bool) -> object:
        asked.append(work)
        return await run(work, **how)

    monkeypatch.setattr(bench.writer, "run", counted)
    return asked


async def test_minutes_and_what_is_kept_for_good_are_written_in_slices(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "ROWS_A_STEP", 1)
    monkeypatch.setattr(aggregator, "ROLL_SLICE_S", -1.0)  # one step a slice
    monkeypatch.setattr(aggregator, "SLICE_S", -1.0)  # ten seconds a slice
    coins = [Market("upbit", f"C{n}", "KRW") for n in range(5)]
    await bench.begin(*coins)
    heard = Listing("upbit", "C0", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.UPBIT_NOTICES)
    await bench.writer.run(lambda connection: listings.save(connection, heard))
    for at_s in range(1, 130):
        await bench.clock.advance(1)
        for market in coins:
            bench.recorder.trade(trade(at_s * 1_000, float(at_s), market=market))
        bench.recorder.flush()
    asked = transactions(bench, monkeypatch)
    assert await bench.aggregator.roll()
    assert len(asked) >= len(coins)
    assert len(bench.minutes()) == 2 * len(coins)
    asked.clear()
    await bench.aggregator.keep()
    assert len(asked) >= 12
    assert rows(bench.path, "SELECT COUNT(*) >= 120 FROM listing_seconds") == [(1,)]


async def begun_again(path: Path) -> Bench:
    """A run 30 s in, after one that traded at 5 s and was stopped at 20 s."""
    first = Bench(path)
    with first.writer:
        await first.begin(BTC)
        await first.clock.advance(20)
        first.recorder.trade(trade(5_000, 5.0))
        first.recorder.close()
        first.aggregator.force_rollup()
    return Bench(path, at_s=30)


async def test_a_restart_within_a_minute_joins_both_runs(tmp_path: Path) -> None:
    later = await begun_again(tmp_path / "radar.db")
    with later.writer:
        await later.begin(BTC)
        await later.aggregator.heal()
        await later.clock.advance(10)
        later.recorder.trade(trade(39_900, 7.0))
        for _ in range(30):
            await later.clock.advance(1)
            later.recorder.flush()
        await later.aggregator.roll()
    # 1 to 14 s of the first run, which had been quiet for too long to be sure of more, and 31 to 60 s of the second
    assert later.minutes() == [("KRW-BTC", 0, 5.0, 7.0, 2, 13 + 29)]


@pytest.mark.parametrize("next_at_s", [39, 125])
async def test_after_a_restart_within_a_minute_it_counts_from_then_on_whenever_a_trade_comes(
    tmp_path: Path, next_at_s: int
) -> None:
    later = await begun_again(tmp_path / "radar.db")
    with later.writer:
        await later.recorder.start()
        await later.aggregator.heal()
        await later.recorder.expect([BTC])
        later.recorder.live([BTC], later.clock.now_ms())
        for at_s in range(31, 190):
            await later.clock.advance(1)
            if at_s == next_at_s + 1:
                later.recorder.trade(trade(next_at_s * 1_000, 7.0))
            later.recorder.flush()
            await later.aggregator.roll()
    assert later.minutes()[0][-1] == 13 + 29


async def test_after_a_crash_minutes_are_healed_from_their_seconds_but_never_from_purged_ones(bench: Bench) -> None:
    def leave(connection: sqlite3.Connection) -> None:
        ids = markets.intern(connection, [BTC], START_MS)
        execute(connection, candles.seconds([second(at_s, float(at_s + 1)) for at_s in range(-240, 90)], ids))
        candles.rollup_minute(connection, START_MS - 240_000)
        for _ in range(30):  # half a minute is gone, the rest may go
            candles.purge_seconds(connection, START_MS - 180_000, budget_s=0.0)

    await bench.writer.run(leave)
    await bench.recorder.start()
    assert await bench.aggregator.heal() == 5
    assert [(row[1], row[4]) for row in bench.minutes()] == [(-4, 60), (-3, 60), (-2, 60), (-1, 60), (0, 60), (1, 30)]


async def test_seconds_stay_until_their_minute_is_rolled(bench: Bench) -> None:
    await bench.begin(BTC)
    for at_s in range(1, 30):
        bench.recorder.trade(trade(at_s * 1_000, received_ms=at_s * 1_000))
    await bench.clock.advance(1_800)
    bench.recorder.trade(trade(1_800_000))
    bench.recorder.flush()
    await bench.aggregator.purge()
    assert rows(bench.path, "SELECT COUNT(*) FROM candles_1s") == [(29,)]
    await bench.aggregator.roll()
    await bench.aggregator.purge()
    assert rows(bench.path, "SELECT COUNT(*) FROM candles_1s") == [(0,)]
    assert bench.minutes()[0][1:] == (0, 100.0, 100.0, 29, 59)


async def test_what_has_served_its_time_goes(bench: Bench) -> None:
    def fill(connection: sqlite3.Connection) -> None:
        ids = markets.intern(connection, [BTC], START_MS)
        for age_days in (1, 6, 8, 364, 366):
            at_ms = START_MS - age_days * DAY_MS
            candles.store_minutes(connection, [second(0, market=BTC)], ids)
            connection.execute("UPDATE candles_1m SET open_ms = ? WHERE open_ms = ?", (at_ms, START_MS))
            fx.add(connection, FxSnapshot(at_ms, 1_400.0, "USDT", "btc_implied", {"krw": 1.0}))
            execute(connection, quarantine.added([Refused(at_ms, "upbit", "price", "x")]))
            connection.execute("INSERT INTO alert_debounce VALUES (?, 30, 0, ?)", (str(age_days), at_ms + 2 * DAY_MS))

    await bench.writer.run(fill)
    await bench.begin(BTC)
    bench.recorder.trade(trade(1_500))
    bench.recorder.flush()
    await bench.aggregator.purge()

    def ages(table: str, column: str) -> list[int]:
        found = rows(bench.path, f"SELECT {column} FROM {table}")
        return sorted((START_MS - int(str(at_ms))) // DAY_MS for (at_ms,) in found)

    assert ages("candles_1m", "open_ms") == [1, 6, 8, 364]
    assert ages("fx_snapshots", "taken_ms") == [1, 6]
    assert ages("quarantine", "at_ms") == [1, 6]
    assert rows(bench.path, "SELECT key FROM alert_debounce") == [("1",)]


@pytest.mark.parametrize("heard", [True, False])
async def test_minutes_are_old_by_the_exchanges_time_however_far_ahead_our_clock_is(
    tmp_path: Path, heard: bool
) -> None:
    ahead_ms = 400 * DAY_MS
    bench = Bench(tmp_path / "radar.db", ahead_ms // 1_000)

    def fill(connection: sqlite3.Connection) -> None:
        ids = markets.intern(connection, [BTC], START_MS)
        candles.store_minutes(connection, [second(-3_600)], ids)

    with bench.writer:
        await bench.writer.run(fill)
        bench.recorder.host_is_off(ahead_ms, ahead_ms)
        await bench.begin(BTC)
        if heard:
            bench.recorder.trade(trade(1_500, received_ms=ahead_ms + 1_550))
        bench.recorder.flush()
        assert bool(bench.recorder.settled_before("upbit")) is heard
        await bench.aggregator.purge()
    assert [row[1] for row in bench.minutes()] == [-60]


async def test_a_week_of_refused_samples_goes_in_slices(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quarantine, "PURGE_ROWS", 10)
    ages_days = [8] * 25 + [1, 8, 1]  # our clock was wrong for a while
    samples = [Refused(START_MS - days * DAY_MS, "upbit", "price", "x") for days in ages_days]
    bench.writer.offer(quarantine.added(samples))
    await bench.aggregator.purge()
    assert rows(bench.path, "SELECT at_ms FROM quarantine") == [(START_MS - DAY_MS,)] * 2


KEPT = (
    "SELECT m.code, s.open_ms, s.close FROM listing_seconds AS s JOIN markets AS m ON m.id = s.market_id"
    " ORDER BY s.open_ms, m.code"
)


async def test_the_seconds_of_a_listed_coin_are_kept_each_minute_and_outlive_the_purge(bench: Bench) -> None:
    new, other = Market("upbit", "NEW", "KRW"), Market("upbit", "OLD", "KRW")
    await bench.begin(BTC, new, other)
    listing = Listing(
        *("upbit", "NEW", 1, ("KRW",), ListingState.ANNOUNCED, START_MS + 30_000, Channel.UPBIT_NOTICES),
        published_ms=START_MS + 20_000,
    )
    await bench.writer.run(lambda connection: listings.save(connection, listing))

    async def minute(number: int) -> None:
        for at_s in range(number * 60, number * 60 + 60):
            await bench.clock.advance(1)
            for market in (BTC, new, other):
                bench.recorder.trade(trade(at_s * 1_000 + 500, float(at_s + 1), market=market))
            bench.recorder.flush()
        await bench.aggregator.roll()
        await bench.aggregator.keep()
        await bench.aggregator.purge()

    for number in range(2):
        await minute(number)
    held = rows(bench.path, KEPT)
    newest = max(int(str(row[1])) for row in held)
    assert held == [
        (code, START_MS + at_s * 1_000, float(at_s + 1))
        for at_s in range(1, (newest - START_MS) // 1_000 + 1)
        for code in ("KRW-BTC", "KRW-NEW")
    ]
    assert newest >= START_MS + 110_000

    for number in range(2, 14):
        await minute(number)
    assert rows(bench.path, "SELECT MIN(open_ms) >= ? FROM candles_1s", START_MS + 60_000) == [(1,)]
    held = rows(bench.path, KEPT)
    assert [row[1] for row in held if row[0] == "KRW-NEW"] == [
        START_MS + at_s * 1_000 for at_s in range(1, len(held) // 2 + 1)
    ]
    assert len(held) // 2 >= 800


async def test_a_notice_that_is_seen_a_minute_late_finds_the_ten_minutes_before_it(bench: Bench) -> None:
    await bench.begin(BTC)
    for at_s in range(1, 1_000):
        await bench.clock.advance(1)
        bench.recorder.trade(trade(at_s * 1_000, float(at_s)))
        bench.recorder.flush()
    await bench.aggregator.roll()
    await bench.aggregator.purge()
    published_ms = bench.recorder.settled_before("upbit") - 60_000
    assert rows(bench.path, "SELECT MIN(open_ms) > ? FROM candles_1s", START_MS) == [(1,)], "much is gone"
    heard = Listing(
        *("bithumb", "NEW", 1, ("KRW",), ListingState.ANNOUNCED, published_ms + 60_000, Channel.BITHUMB_NOTICES),
        published_ms=published_ms,
    )
    await bench.writer.run(lambda connection: listings.save(connection, heard))
    await bench.aggregator.keep()
    assert rows(bench.path, "SELECT MIN(open_ms) FROM listing_seconds") == [(published_ms - 600_000,)]


async def test_a_second_that_changes_late_is_kept_as_it_became(bench: Bench) -> None:
    await bench.begin(BTC)
    listing = Listing("bithumb", "NEW", 1, ("KRW",), ListingState.ANNOUNCED, START_MS, Channel.BITHUMB_NOTICES)
    await bench.writer.run(lambda connection: listings.save(connection, listing))
    for at_s in range(1, 66):
        await bench.clock.advance(1)
        bench.recorder.trade(trade(at_s * 1_000, float(at_s)))
        bench.recorder.flush()
    await bench.aggregator.keep()
    assert ("KRW-BTC", START_MS + 40_000, 40.0) in rows(bench.path, KEPT)
    bench.recorder.trade(trade(40_900, 999.0, received_ms=65_500))
    await bench.clock.advance(1)
    bench.recorder.flush()
    await bench.aggregator.keep()
    assert ("KRW-BTC", START_MS + 40_000, 999.0) in rows(bench.path, KEPT)


async def test_a_first_start_in_the_middle_of_a_minute_covers_only_its_rest(tmp_path: Path) -> None:
    bench = Bench(tmp_path / "radar.db", at_s=20)
    with bench.writer:
        await bench.begin(BTC)
        await bench.clock.advance(20)
        bench.recorder.trade(trade(39_900))
        for _ in range(30):
            await bench.clock.advance(1)
            bench.recorder.flush()
        await bench.aggregator.roll()
    assert bench.minutes() == [("KRW-BTC", 0, 100.0, 100.0, 1, 39)]


async def test_after_a_crash_a_minute_counts_only_what_the_lost_run_had_vouched_for(tmp_path: Path) -> None:
    path = tmp_path / "radar.db"
    lost = Bench(path)
    with lost.writer:
        await lost.begin(BTC)
        for at_s in range(1, 40):
            await lost.clock.advance(1)
            lost.recorder.trade(trade(at_s * 1_000, float(at_s)))
            lost.recorder.flush()
    vouched_s = (
        int(str(rows(path, "SELECT at_ms FROM rollup_state WHERE name = 'recorded:upbit'")[0][0])) - START_MS
    ) // 1_000
    later = Bench(path, at_s=300)
    with later.writer:
        await later.recorder.start()
        await later.aggregator.heal()
    assert 20 < vouched_s < 40
    assert later.minutes()[0][-1] == vouched_s - 1  # the first second was not covered yet


async def test_what_a_kill_left_to_be_counted_again_is_counted_by_the_next_start_though_its_seconds_are_gone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "radar.db"
    first = Bench(path)
    with first.writer:
        await first.begin(BTC)
        for at_s in range(1, 65):
            await first.clock.advance(1)
            first.recorder.trade(trade(at_s * 1_000, float(at_s)))
            first.recorder.flush()
        await first.aggregator.roll()
        assert first.minutes()[0][-1] == 59
        first.recorder.lost([BTC], START_MS + 50_000, GapCause.STALE)
        first.recorder.flush()
        await first.writer.run(lambda connection: candles.purge_seconds(connection, START_MS + 60_000, budget_s=10.0))
    later = Bench(path, at_s=70)
    with later.writer:
        await later.recorder.start()
        await later.aggregator.heal()
    assert later.minutes()[0][-1] == 48


async def test_unused_space_is_handed_back_a_little_with_each_look(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "PAGES_KEPT", 10)
    monkeypatch.setattr(aggregator, "PAGES_A_LOOK", 5)

    def fill_and_empty(connection: sqlite3.Connection) -> None:
        ids = markets.intern(connection, [BTC], START_MS)
        execute(connection, candles.seconds([second(at_s) for at_s in range(4_000)], ids))
        connection.execute("DELETE FROM candles_1s")

    def unused(connection: sqlite3.Connection) -> int:
        return int(connection.execute("PRAGMA freelist_count").fetchone()[0])

    await bench.begin(BTC)
    await bench.writer.run(fill_and_empty)
    before = await bench.writer.run(unused)
    assert before >= 20
    await bench.aggregator.purge()
    assert await bench.writer.run(unused) == before - 5
    async with running(bench.aggregator.every_minute()):
        for _ in range(before // 5):
            await bench.clock.advance(1)
            await bench.settle()
    assert await bench.writer.run(unused) == 10
