"""The recorder with a real writer on a real file and a clock that stands still until moved."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.aggregator import Aggregator
from collectors.events import GapCause, Market, Trade
from collectors.handover import WAITING_ROWS
from collectors.recorder import Recorder
from collectors.repair.gaps import SECOND_MS
from config.settings import Recording, Retention, Writing
from ops.lifetimes import running
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, ETH, SOL, rows, together, trade

GAPS = "SELECT code, from_ms, to_ms, cause FROM gaps LEFT JOIN markets ON markets.id = market_id ORDER BY gaps.id"
SECONDS = "SELECT code, open_ms, close, trades FROM v_candles_1s ORDER BY open_ms, code"


class Bench:
    """One run of the recording side on a database file."""

    def __init__(self, folder: Path, clock: FakeClock, inbox: int = 10_000) -> None:
        self.path = folder / "radar.db"
        self.clock = clock
        self.writer = DatabaseWriter.open(blank(self.path), clock, Writing(batch_ms=1, inbox=inbox))
        self.recorder = Recorder(self.writer, clock, Recording(), ["upbit", "bithumb"])

    async def begin(self, *markets: Market) -> None:
        await self.recorder.start()
        await self.recorder.expect(markets)

    def go_live(self, *markets: Market) -> None:
        self.recorder.live(markets, self.clock.now_ms())

    def now(self) -> int:
        """Milliseconds since START_MS."""
        return self.clock.now_ms() - START_MS

    def hear(self, price: float = 100.0, market: Market = BTC, age_ms: int = 50) -> Trade:
        at_ms = self.now()
        heard = trade(at_ms - age_ms, price, market=market, received_ms=at_ms)
        self.recorder.trade(heard)
        return heard

    async def stored(self) -> None:
        """Wait until what was handed over is on disk."""
        self.recorder.flush()
        await self.writer.run(lambda connection: None)

    def gaps(self) -> list[tuple[object, object, object, object]]:
        """(code, from, to, cause), times since START_MS."""

        def since(at_ms: object) -> object:
            return at_ms - START_MS if isinstance(at_ms, int) else None

        return [(code, since(begin), since(end), cause) for code, begin, end, cause in rows(self.path, GAPS)]

    def seconds(self) -> list[tuple[object, ...]]:
        """(code, second, close, trades), seconds since START_MS."""
        found = rows(self.path, SECONDS)
        return [(code, (int(str(at_ms)) - START_MS) // 1000, close, n) for code, at_ms, close, n in found]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def bench(tmp_path: Path, clock: FakeClock) -> Iterator[Bench]:
    bench = Bench(tmp_path, clock)
    with bench.writer:
        yield bench


async def test_time_before_the_first_coverage_is_a_gap_and_seconds_after_it_are_stored(bench: Bench) -> None:
    await bench.begin(BTC)
    async with running(bench.recorder.run()):
        await bench.clock.advance(0.3)
        bench.go_live(BTC)
        bench.hear(1.0)  # before coverage: belongs to the gap
        await bench.clock.advance(1.0)
        bench.hear(2.0)
        await bench.clock.advance(6.0)
    await bench.stored()
    assert bench.gaps() == [("KRW-BTC", 0, 1_000, "start")]
    assert bench.seconds() == [("KRW-BTC", 1, 2.0, 1)]


async def test_a_lost_shard_is_one_gap_for_each_of_its_markets_until_it_is_live_again(bench: Bench) -> None:
    await bench.begin(BTC, ETH, SOL)
    bench.go_live(BTC, ETH, SOL)
    await bench.clock.advance(10.2)
    bench.hear(market=BTC)
    await bench.clock.advance(5)
    bench.recorder.lost([BTC, ETH], START_MS + 10_200, GapCause.DISCONNECT)
    bench.recorder.lost([BTC, ETH], START_MS + 11_000, GapCause.NEVER_LIVE)  # known already
    await bench.clock.advance(5)
    bench.go_live(BTC)
    await bench.stored()
    assert bench.gaps()[3:] == [
        ("KRW-BTC", 9_000, 21_000, "disconnect"),
        ("KRW-ETH", 9_000, None, "disconnect"),
    ]
    assert bench.recorder.reading("upbit").open_gaps == 1
    assert bench.recorder.reading("upbit").live == 1


async def test_what_a_standing_connection_missed_is_a_gap_that_is_over_and_opens_no_other(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC)
    await bench.clock.advance(10.2)
    bench.hear(market=BTC)
    bench.recorder.missed([BTC, ETH], START_MS + 6_000, START_MS + 8_000)
    await bench.stored()
    assert bench.gaps()[-1] == ("KRW-BTC", 5_000, 9_000, "stale")
    assert bench.recorder.reading("upbit").open_gaps == 1, "the one that was never live"


async def test_being_told_twice_that_a_market_is_live_costs_no_second(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(2)
    bench.hear(5.0)
    bench.go_live(BTC)
    bench.recorder.close()
    await bench.writer.run(lambda connection: None)
    assert bench.seconds() == [("KRW-BTC", 1, 5.0, 1)]


async def test_a_market_added_while_running_has_a_gap_until_it_is_live(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.clock.advance(30)
    await bench.recorder.expect([BTC, ETH])
    await bench.clock.advance(1.6)
    bench.go_live(ETH)
    await bench.stored()
    assert bench.gaps()[1:] == [("KRW-ETH", 0, 33_000, "market_added")]  # from the start of its first minute


async def test_a_market_that_leaves_is_waited_for_no_longer_until_it_is_back(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    bench.recorder.lost([ETH], bench.clock.now_ms(), GapCause.STOP)
    await bench.clock.advance(5)
    bench.recorder.forget({ETH})
    await bench.stored()
    assert (bench.recorder.reading("upbit").markets, bench.recorder.reading("upbit").open_gaps) == (1, 0)
    assert rows(bench.path, "SELECT code, gone_ms FROM markets") == [("KRW-BTC", None), ("KRW-ETH", START_MS + 5_000)]
    await bench.recorder.expect([BTC, ETH])
    assert bench.recorder.reading("upbit").open_gaps == 1
    bench.go_live(ETH)
    await bench.stored()
    assert rows(bench.path, "SELECT gone_ms FROM markets WHERE code = 'KRW-ETH'") == [(None,)]
    assert [gap[3] for gap in bench.gaps() if gap[0] == "KRW-ETH"] == ["start", "stop"]
    assert bench.gaps()[-1][2] is not None


async def test_a_market_that_is_heard_while_the_list_hides_it_gets_no_gap_when_it_is_back(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    await bench.stored()
    before = bench.gaps()
    bench.recorder.listed("upbit", {BTC})  # the opening of ETH is listened to before a list shows it
    bench.recorder.forget({ETH})
    await bench.recorder.expect([BTC, ETH])
    await bench.stored()
    assert bench.gaps() == before
    assert bench.recorder.reading("upbit").live == 2


async def test_what_left_the_list_while_nobody_ran_is_gone_with_the_first_list(
    tmp_path: Path, clock: FakeClock
) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:
        await first.begin(BTC, ETH, SOL)
        first.recorder.close()
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.recorder.start()
        second.recorder.listed("upbit", {BTC})
        second.recorder.listed("upbit", {BTC})
        await second.stored()
        assert rows(second.path, "SELECT code FROM markets WHERE gone_ms NOT NULL") == [("KRW-ETH",)]


async def test_a_market_that_we_leave_has_not_left_the_list(tmp_path: Path, clock: FakeClock) -> None:
    coins_btc = Market("upbit", "ETH", "BTC")
    first = Bench(tmp_path, clock)
    with first.writer:
        await first.begin(BTC, coins_btc)
        first.go_live(BTC, coins_btc)
        first.recorder.lost([coins_btc], clock.now_ms(), GapCause.STOP)
        first.recorder.leave([coins_btc])
        await first.stored()
        assert (first.recorder.reading("upbit").markets, first.recorder.reading("upbit").open_gaps) == (1, 0)
        first.recorder.close()
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.recorder.start()
        second.recorder.listed("upbit", {BTC})  # only what trades in KRW
        await second.stored()
        assert rows(second.path, "SELECT code FROM markets WHERE gone_ms NOT NULL") == []


async def test_a_market_that_no_list_shows_has_a_gap_from_the_crash_on(tmp_path: Path, clock: FakeClock) -> None:
    coins_btc = Market("upbit", "ETH", "BTC")
    first = Bench(tmp_path, clock)
    with first.writer:
        await first.begin(BTC, coins_btc)
        first.go_live(BTC, coins_btc)
        await clock.advance(61.5)
        first.hear()
        await clock.advance(10)
        await first.stored()
    ended = len(first.gaps())
    await clock.advance(300)
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.recorder.start()
        second.recorder.listed("upbit", {BTC})
        await second.recorder.expect([BTC])
        second.recorder.listed("upbit", {BTC})
        await clock.advance(1)
        await second.recorder.expect([coins_btc])
        await second.stored()
        [of_the_listed, of_the_other] = second.gaps()[ended:]
        assert of_the_other == ("BTC-ETH", *of_the_listed[1:])
        assert of_the_other[3] == "start"


async def test_the_gap_of_a_newcomer_reaches_back_to_the_last_list_without_it(bench: Bench) -> None:
    await bench.recorder.start()
    bench.recorder.listed("upbit", {BTC})
    await bench.recorder.expect([BTC])
    await bench.clock.advance(130)
    bench.recorder.listed("upbit", {BTC})
    await bench.clock.advance(200)  # lists that can't be read
    bench.recorder.listed("upbit", {BTC, ETH})
    await bench.clock.advance(60)
    bench.recorder.listed("upbit", {BTC, ETH})
    await bench.recorder.expect([BTC, ETH])
    await bench.stored()
    assert bench.gaps()[1:] == [("KRW-ETH", 120_000, None, "market_added")]


async def test_a_coin_that_began_while_nobody_ran_has_a_gap_from_the_end_of_the_earlier_run(
    tmp_path: Path, clock: FakeClock
) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:
        await first.begin(BTC)
        first.go_live(BTC)
        await clock.advance(61.5)
        first.hear()
        first.recorder.close()
    await clock.advance(300)
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.recorder.start()
        second.recorder.listed("upbit", {BTC, ETH})
        await second.recorder.expect([BTC])  # the newcomer is held back: its code may be refused
        await clock.advance(1)
        await second.recorder.expect([ETH])
        await second.stored()
    assert second.gaps()[-1] == ("KRW-ETH", 60_000, None, "market_added")


async def test_a_feed_may_only_speak_of_markets_that_are_expected(bench: Bench) -> None:
    await bench.begin(BTC)
    with pytest.raises(ValueError, match="KRW-ETH was never expected"):
        bench.go_live(ETH)


async def test_a_refused_trade_is_kept_for_a_look_and_its_second_is_marked(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(5)
    bench.hear(100.0)
    bench.recorder.trade(trade(4_200, -1.0, received_ms=5_000))
    bench.recorder.trade(trade(4_300, float("nan"), received_ms=5_000))
    await bench.stored()
    assert bench.gaps()[1:] == [("KRW-BTC", 4_000, 5_000, "quarantined")]
    kept = rows(bench.path, "SELECT exchange, reason, sample FROM quarantine ORDER BY id")
    assert [row[:2] for row in kept] == [("upbit", "price"), ("upbit", "price")]
    assert '"price":-1.0' in str(kept[0][2])
    assert bench.recorder.reading("upbit").rejected == 2


async def test_a_frame_that_cannot_be_read_marks_its_moment_on_the_whole_exchange(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(8)
    bench.hear()
    await bench.stored()
    bench.recorder.rejected("upbit", "not JSON", b"\xff{", bench.clock.now_ms())
    await bench.stored()
    assert bench.gaps()[1:] == [(None, 7_000, 9_000, "quarantined")]
    assert rows(bench.path, "SELECT reason, sample FROM quarantine") == [("not JSON", "\\xff{")]


async def test_a_flood_of_bad_frames_leaves_a_few_samples_and_one_gap_a_second(bench: Bench) -> None:
    await bench.begin(BTC)
    for n in range(500):
        bench.recorder.rejected("upbit", "not JSON", b"%d" % n, START_MS)
    await bench.stored()
    assert rows(bench.path, "SELECT COUNT(*) FROM quarantine") == [(20,)]
    assert len(bench.gaps()) == 2
    assert bench.recorder.reading("upbit").rejected == 500


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
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.begin(BTC)
        second.go_live(BTC)
        await second.stored()
    assert second.gaps()[1:] == [("KRW-BTC", 5_000, 107_000, "stop")]


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
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.begin(BTC)
        second.go_live(BTC)
        await second.stored()
    assert second.gaps()[1:] == [("KRW-BTC", 11_000, 81_000, "start")]


async def test_a_crash_before_the_first_trade_leaves_no_time_unmarked(tmp_path: Path, clock: FakeClock) -> None:
    first = Bench(tmp_path, clock)
    with first.writer:  # left without close(), as a crash would
        await first.begin(BTC)
        first.go_live(BTC)
        await first.stored()
    await clock.advance(600)
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.begin(BTC)
        second.go_live(BTC)
        await second.stored()
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


async def test_past_the_bound_the_oldest_seconds_are_dropped_and_marked(tmp_path: Path, clock: FakeClock) -> None:
    bench = Bench(tmp_path, clock, inbox=10)
    bench.writer.offer(lambda connection: None, weight=10)  # not entered yet: full, and nothing is taken out
    recorder = bench.recorder
    recorder._ids = {BTC: 1}  # interned by hand, as the thread does not run
    recorder._expected["upbit"].add(BTC)
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


async def test_a_watched_market_tells_its_next_trade_once_even_before_coverage(bench: Bench) -> None:
    told: list[Trade] = []
    await bench.begin(BTC)
    bench.recorder.watch(BTC, told.append)
    heard = bench.hear()
    bench.hear()
    assert told == [heard]
    await bench.stored()
    assert rows(bench.path, "SELECT trading_since_ms FROM markets") == [(heard.traded_ms,)]


async def test_what_was_heard_can_be_counted_by_market(bench: Bench) -> None:
    await bench.begin(BTC, ETH, SOL)
    bench.go_live(BTC, ETH, SOL)
    await bench.clock.advance(2)
    for market in (BTC, BTC, SOL):
        bench.hear(market=market, age_ms=10 if market is SOL else 20 + len(market.base))
    bench.recorder.trade(trade(1_990, market=BTC))
    bench.recorder.close()
    assert {market: n for market, n in bench.recorder.trades_by_market().items() if n} == {BTC: 2, SOL: 1}
    assert bench.recorder.reading("bithumb").last_trade_ms == START_MS + 2_000


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
async def test_a_step_of_our_clock_costs_no_second(bench: Bench, step_ms: int) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    exchange_ms = 0
    async with running(bench.recorder.run()):
        for second in range(30):
            await bench.clock.advance(1)
            exchange_ms += 1_000
            if second == 15:
                bench.clock.step_wall(step_ms)
                bench.recorder.flush()
            received_ms = bench.now()
            bench.recorder.trade(trade(exchange_ms - 50, float(second + 1), received_ms=received_ms))
        bench.recorder.close()
    await bench.writer.run(lambda connection: None)
    assert [second for _, second, _, _ in bench.seconds()] == list(range(1, 30))


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


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
@pytest.mark.parametrize("looked_at", [True, False])
async def test_trades_on_both_sides_of_a_step_of_our_clock_are_all_believed(
    bench: Bench, step_ms: int, looked_at: bool
) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(2.5)
    theirs_ms = bench.now()
    await bench.stored()
    bench.recorder.trades(together(trade(theirs_ms - 50, 1.0, market=BTC, received_ms=theirs_ms)))
    bench.clock.step_wall(step_ms)
    heard = [trade(theirs_ms - 40 + n, 2.0 + n, market=BTC, received_ms=bench.now()) for n in range(3)]
    bench.recorder.trades(together(*heard[:2]))
    bench.recorder.trades(together(*heard[2:]))
    if looked_at:
        assert bench.recorder.reading("upbit").rejected == 0
    await bench.clock.advance(0.5)
    bench.recorder.flush()
    await bench.clock.advance(6)
    await bench.stored()
    assert bench.recorder.reading("upbit").rejected == 0
    assert bench.seconds() == [("KRW-BTC", 2, 4.0, 4)]
    assert bench.gaps() == [("KRW-BTC", 0, 1_000, "start")]


async def test_a_stop_right_after_a_step_of_our_clock_begins_its_gap_where_we_heard_last(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(12.5)
    bench.hear()
    await bench.stored()
    bench.clock.step_wall(3_600_000)
    bench.recorder.close()
    await bench.writer.run(lambda connection: None)
    assert bench.gaps()[-1] == ("KRW-BTC", 11_000, None, "stop")


async def test_a_trade_from_the_future_of_a_market_that_nobody_expects_ends_nothing(bench: Bench) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    await bench.clock.advance(2.5)
    bench.recorder.trade(trade(3_600_000, market=ETH, received_ms=bench.now()))
    await bench.stored()
    assert bench.recorder.reading("upbit").rejected == 1
    assert bench.gaps() == [("KRW-BTC", 0, 1_000, "start")]


def spans(bench: Bench, cause: str) -> list[tuple[str, int, int]]:
    """(code, from, to) of the gaps of a cause that are over, in order."""
    found = [(code, begins, ends) for code, begins, ends, of in bench.gaps() if of == cause]
    return sorted((str(code), int(str(begins)), int(str(ends))) for code, begins, ends in found)


@pytest.mark.parametrize("heard_by", [BTC, ETH])
async def test_what_a_clock_that_is_ahead_stamped_during_a_gap_is_marked_as_well(
    bench: Bench, heard_by: Market
) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    await bench.clock.advance(12.5)
    bench.hear()
    bench.recorder.lost([ETH], bench.clock.now_ms(), GapCause.STALE)
    await bench.clock.advance(6)
    if heard_by is ETH:
        bench.go_live(ETH)
        await bench.clock.advance(3)
    bench.recorder.trade(trade(bench.now() + 19_700, received_ms=bench.now(), market=heard_by))
    if heard_by is BTC:
        await bench.clock.advance(3)
        bench.go_live(ETH)
    await bench.stored()
    await bench.clock.advance(1)
    await bench.stored()
    ((_, begins, ends),) = spans(bench, "stale")
    marked = [span for span in spans(bench, "quarantined") if span[2] - span[1] > SECOND_MS]
    assert marked == [("KRW-ETH", max(ends, begins + 19_000), ends + 20_000)]


async def test_a_misprint_long_after_a_gap_or_far_in_the_future_marks_its_own_second_only(bench: Bench) -> None:
    await bench.begin(BTC, ETH)
    bench.go_live(BTC, ETH)
    await bench.clock.advance(5)
    bench.recorder.trade(trade(3_600_000, received_ms=bench.now()))
    await bench.stored()
    await bench.clock.advance(25)
    bench.recorder.trade(trade(60_000, received_ms=bench.now()))
    await bench.stored()
    assert spans(bench, "quarantined") == [("KRW-BTC", 60_000, 61_000), ("KRW-BTC", 3_600_000, 3_601_000)]
