"""From one run to the next, after a stop or a crash; and what waits while the writer refuses."""

import threading
from pathlib import Path

from collectors.events import GapCause
from collectors.recording.aggregator import Aggregator
from collectors.recording.handover import WAITING_ROWS
from config.settings import Retention
from ops.process.lifetimes import running
from store.tables import candles
from tests.collectors.recording.recorder_bench import Bench, next_run
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, ETH, rows, trade


async def test_stopping_keeps_the_last_seconds_and_opens_a_gap_that_the_next_run_closes(
    tmp_path: Path, clock: FakeClock
) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:
        await first.begin(BTC)
        first.go_live(BTC)
        await clock.advance(5.7)
        first.hear(7.0)
        first.recorder.close()
    assert first.seconds() == [("KRW-BTC", 5, 7.0, 1)]
    assert first.gaps()[1:] == [("KRW-BTC", 5_000, None, "stop")]
    await clock.advance(100)
    second = await next_run(tmp_path, clock, BTC)
    assert second.gaps()[1:] == [("KRW-BTC", 5_000, 107_000, "stop")]


async def test_a_stop_whose_connections_ended_before_it_leaves_one_gap_for_each_market_from_its_own_last_word(
    tmp_path: Path, clock: FakeClock
) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:
        await first.begin(BTC, ETH)
        first.go_live(BTC, ETH)
        async with running(first.recorder.run()):
            for _ in range(40):
                await clock.advance(1)
                first.hear()
        for market, silent_ms in ((ETH, 30_000), (BTC, 500)):
            first.recorder.lost([market], clock.now_ms() - silent_ms, GapCause.STOP)
        first.recorder.close()
    stopped = [(code, from_ms, cause) for code, from_ms, _, cause in first.gaps() if cause == "stop"]
    await clock.advance(100)
    second = await next_run(tmp_path, clock, BTC, ETH)
    told = [(code, from_ms, cause) for code, from_ms, _, cause in second.gaps()]
    assert len(stopped) == 2
    assert told[2:] == stopped


async def test_after_a_crash_the_gap_begins_before_the_last_second_that_is_surely_whole(
    tmp_path: Path, clock: FakeClock
) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:  # left without close(), as a crash would
        await first.begin(BTC)
        first.go_live(BTC)
        async with running(first.recorder.run()):
            for _ in range(20):
                await clock.advance(1)
                first.hear()
        await first.stored()
    await clock.advance(60)
    second = await next_run(tmp_path, clock, BTC)
    assert second.gaps()[1:] == [("KRW-BTC", 11_000, 81_000, "start")]


async def test_what_a_crash_cut_off_is_missed_although_the_next_run_ended_before_it_asked_for_all_of_it(
    tmp_path: Path, clock: FakeClock
) -> None:
    for heard in ((BTC, ETH), (ETH,)):  # the second time the list could not be read, only a coin that opens was heard
        bench = Bench(tmp_path, clock)
        with bench.writer:  # left without close(), as a crash would
            await bench.begin(*heard)
            bench.go_live(*heard)
            async with running(bench.recorder.run()):
                for _ in range(40):
                    await clock.advance(1)
                    bench.hear(market=ETH)
            await bench.stored()
    last = await next_run(tmp_path, clock, BTC, ETH)
    assert [gap for gap in last.gaps() if gap[0] == "KRW-BTC"][1:] == [("KRW-BTC", 31_000, 81_000, "start")]


async def test_after_a_crash_in_a_silence_the_gap_begins_before_the_silence(tmp_path: Path, clock: FakeClock) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:  # left without close(), as a crash would
        await first.begin(BTC)
        first.go_live(BTC)
        async with running(first.recorder.run()):
            for _ in range(20):
                await clock.advance(1)
                first.hear()
                first.recorder.sound("upbit", clock.now_ms() - 1_000)
            await clock.advance(25)
        await first.stored()
    second = await next_run(tmp_path, clock, BTC)
    assert second.gaps()[1:] == [("KRW-BTC", 16_000, 46_000, "start")]


async def test_where_nothing_is_live_a_silence_bounds_no_run_because_gaps_tell_of_it(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path, clock)
    with bench.writer:
        await bench.begin(BTC)
        bench.go_live(BTC)
        async with running(bench.recorder.run()):
            for _ in range(20):
                await clock.advance(1)
                bench.hear()
                bench.recorder.sound("upbit", clock.now_ms() - 1_000)
            bench.recorder.lost([BTC], clock.now_ms() - 1_000, GapCause.DISCONNECT)
            await clock.advance(60)
        await bench.stored()
        vouched = await bench.writer.run(lambda connection: candles.recorded_until(connection, "upbit"))
    assert vouched == START_MS + 71_000


async def test_a_gap_that_stands_at_a_crash_reaches_back_over_what_the_crash_took(
    tmp_path: Path, clock: FakeClock
) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:  # left without close(), as a crash would
        await first.begin(BTC, ETH)
        first.go_live(BTC, ETH)
        async with running(first.recorder.run()):
            for _ in range(20):
                await clock.advance(1)
                first.hear()
                first.hear(market=ETH)
            first.recorder.lost([BTC], first.clock.now_ms(), GapCause.DISCONNECT)
        await first.stored()
    assert first.gaps()[2:] == [("KRW-BTC", 19_000, None, "disconnect")]
    await clock.advance(60)
    second = await next_run(tmp_path, clock, BTC, ETH)
    assert sorted(second.gaps()[2:]) == [
        ("KRW-BTC", 11_000, 19_000, "start"),
        ("KRW-BTC", 19_000, 81_000, "disconnect"),
        ("KRW-ETH", 11_000, 81_000, "start"),
    ]


async def test_a_crash_before_the_first_trade_leaves_no_time_unmarked(tmp_path: Path, clock: FakeClock) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:  # left without close(), as a crash would
        await first.begin(BTC)
        first.go_live(BTC)
        await first.stored()
    await clock.advance(600)
    second = await next_run(tmp_path, clock, BTC)
    assert second.gaps() == [("KRW-BTC", 0, 1_000, "start"), ("KRW-BTC", 0, 601_000, "start")]


async def test_candles_wait_while_the_writer_refuses_and_are_all_stored_later(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path, clock, inbox=2)
    with bench.writer:
        await bench.begin(BTC, ETH)
        await bench.stored()
        disk = threading.Event()
        bench.writer.offer(lambda connection: disk.wait(), weight=2)  # the thread hangs, the inbox is full
        bench.go_live(BTC, ETH)
        for at_s in range(2, 40):
            for market in (BTC, ETH):
                bench.recorder.trade(trade(at_s * 1_000, market=market))
        await bench.clock.advance(60)
        bench.recorder.flush()
        assert bench.recorder.settled_before("upbit") <= START_MS + 2_000  # nothing may be rolled or called recorded
        disk.set()
        while bench.recorder.settled_before("upbit") < START_MS + 40_000:
            await bench.stored()
    assert len(bench.seconds()) == 76
    assert bench.recorder.dropped == 0


async def test_nothing_is_vouched_for_while_a_second_waits_though_there_were_room_to_say_so(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path, clock, inbox=3)
    with bench.writer:
        await bench.begin(BTC, ETH)
        await bench.stored()
        bench.go_live(BTC, ETH)
        disk = threading.Event()
        bench.writer.offer(lambda connection: disk.wait(), weight=2)  # room for one row, and two want in
        for market in (BTC, ETH):
            bench.recorder.trade(trade(2_000, market=market))
        await bench.clock.advance(60)
        bench.recorder.flush()
        disk.set()
        vouched = await bench.writer.run(lambda connection: candles.recorded_until(connection, "upbit"))
        assert bench.seconds() == []
        assert vouched is not None
        assert vouched <= START_MS + 2_000


async def test_past_the_bound_the_oldest_seconds_are_dropped_and_marked(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path, clock, inbox=10)
    bench.writer.offer(lambda connection: None, weight=10)  # not entered yet: full, and nothing is taken out
    recorder = bench.recorder
    recorder._coverage.ids[BTC] = 1  # interned by hand, as the thread does not run
    recorder._coverage._expected["upbit"].add(BTC)
    recorder._buckets["upbit"].cover(BTC, START_MS)
    for start in range(0, WAITING_ROWS + 1_000, 100):
        for at_s in range(start, start + 100):
            recorder.trade(trade(at_s * 1_000))
        await clock.advance(100)
        recorder.flush()
    assert recorder.dropped > 0
    assert recorder._out.rows <= WAITING_ROWS
    with bench.writer:
        await bench.writer.run(lambda connection: None)
        while recorder._out.waits:
            await bench.stored()
    stored = {int(str(open_ms)) - START_MS for (open_ms,) in rows(bench.path, "SELECT open_ms FROM candles_1s")}
    ((_, begins, ends, cause),) = bench.gaps()
    assert (begins, cause) == (0, "dropped")
    missing = set(range(0, max(stored) + 1, 1_000)) - stored
    assert missing
    assert max(missing) < int(str(ends))


async def test_six_minutes_of_the_recording_side_rolls_purges_and_ends_in_order(
    tmp_path: Path, clock: FakeClock
) -> None:
    bench = Bench(tmp_path, clock)
    with bench.writer:
        aggregator = Aggregator(bench.writer, bench.recorder, clock, Retention(seconds_s=120))
        await bench.begin(BTC)
        bench.go_live(BTC)
        for minute in range(6):
            for _ in range(60):
                await clock.advance(1)
                bench.hear(float(minute + 1))
                bench.recorder.flush()
            await aggregator.roll()
            await aggregator.purge()
        bench.recorder.close()
        aggregator.force_rollup()
    minutes = rows(tmp_path / "radar.db", "SELECT open_ms, trades, covered_s FROM candles_1m ORDER BY open_ms")
    assert [((int(str(at)) - START_MS) // 60_000, n, covered) for at, n, covered in minutes] == [
        (0, 59, 59),
        *((minute, 60, 60) for minute in range(1, 5)),
        (5, 60, 59),
    ]
    oldest = rows(tmp_path / "radar.db", "SELECT MIN(open_ms) FROM candles_1s")
    # 120 s before what is settled, a minute more for a notice that is seen late, from the start of a minute
    assert oldest == [(START_MS + 2 * 60_000,)]
