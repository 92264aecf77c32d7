"""Markets that come, leave, are left, or began while nobody ran: where their gaps begin and end."""

import asyncio
from pathlib import Path

import pytest

from collectors.events import GapCause, Market
from ops.process.lifetimes import running
from tests.collectors.recording.recorder_bench import Bench
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import BTC, ETH, SOL, rows


async def test_a_market_added_while_running_has_a_gap_until_it_is_live(bench: Bench) -> None:
    await bench.begin(BTC)
    await bench.clock.advance(30)
    await bench.recorder.expect([BTC, ETH])
    await bench.clock.advance(1.6)
    bench.go_live(ETH)
    await bench.stored()
    assert bench.gaps()[1:] == [("KRW-ETH", 0, 33_000, "market_added")]  # from the start of its first minute


@pytest.mark.parametrize("step_ms", [-3_600_000, 3_600_000])
async def test_a_step_of_our_clock_while_the_disk_takes_no_writes_moves_no_beginning(
    bench: Bench, step_ms: int
) -> None:
    await bench.begin(BTC)
    bench.go_live(BTC)
    bench.hear()
    await bench.clock.advance(30)
    added = asyncio.ensure_future(bench.recorder.expect([ETH]))
    await asyncio.sleep(0)
    bench.clock.step_wall(step_ms)
    bench.recorder.flush()
    assert not added.done()
    await added
    await bench.stored()
    assert bench.gaps()[-1] == ("KRW-ETH", 0, None, "market_added")


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


@pytest.mark.parametrize("lost_before", [True, False])
async def test_what_left_the_list_behind_a_crash_is_missed_from_the_crash_on(
    tmp_path: Path, clock: FakeClock, lost_before: bool
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
            if lost_before:
                first.recorder.lost([ETH], clock.now_ms(), GapCause.DISCONNECT)
        await first.stored()
    await clock.advance(600)
    second = Bench(tmp_path, clock)
    with second.writer:
        await second.recorder.start()
        second.recorder.listed("upbit", {BTC})
        await second.recorder.expect([BTC])
        await second.stored()
        missed = [each for each in second.gaps() if each[0] == "KRW-ETH"][1:]
        assert second.recorder.reading("upbit").open_gaps == 1, "nobody waits for it"
    if lost_before:
        assert missed == [("KRW-ETH", 19_000, None, "disconnect"), ("KRW-ETH", 11_000, 19_000, "start")]
    else:
        assert missed == [("KRW-ETH", 11_000, None, "start")]


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
