"""The shell around a socket, driven by scripts and a clock that stands still: how a connection begins, ends, returns.

Beside this: `test_robust_ws_silence.py` (a connection that stands and says too little) and
`test_robust_ws_codes.py` (which markets are asked for, and which the exchange refuses or forgets).
"""

from itertools import pairwise

import pytest

from collectors.events import GapCause, Market, Trade
from collectors.exchanges import upbit_ws
from collectors.feeds.robust_ws import Shard, ShardStatus
from collectors.net.limits import CONNECT, Limits
from ops.process.lifetimes import running
from tests.collectors.feeds.shards import BTC, ETH, PACE, URL, Log, frame, shard_of
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, drop, garbage, hang, refuse, send, stall, wait


async def test_the_first_data_proves_the_subscription_and_every_trade_is_handed_on(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(frame(BTC, 1, st="SNAPSHOT"), frame(BTC, 2), frame(ETH, 3)))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(1)
        assert shard.status.connected
    assert log.told[:4] == [
        ("live", ("BTC", "ETH"), START_MS),
        ("trade", "BTC", 1),
        ("trade", "BTC", 2),
        ("trade", "ETH", 3),
    ]
    assert exchange.connections[0].requests == [["KRW-BTC", "KRW-ETH"]]
    assert "origin" not in {name.lower() for name in exchange.connections[0].headers}


async def test_a_status_frame_proves_nothing(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    exchange.script(send(b'{"status":"UP"}'), wait(3), send(frame(BTC, 1)))
    async with running(shard_of([BTC], exchange, log, clock).run()):
        await clock.advance(2.9)
        assert log.told == []
        await clock.advance(0.2)
    assert log.of("live") == [(("BTC",), START_MS + 3000)]


async def test_garbage_is_reported_with_a_sample_and_the_connection_lives(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(frame(BTC, 1)), garbage(), send(frame(BTC, 2)))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(1)
        assert log.kinds == ["live", "trade", "rejected", "trade"]
        assert sum(shard.status.unreadable.values()) == 1
        assert len(exchange.connections) == 1


async def test_books_that_nobody_asked_for_are_left_out_and_nothing_else_is(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    book = b'{"ty":"orderbook","cd":"KRW-BTC"}'
    batches = [
        (frame(BTC, 1),),
        (book, frame(BTC, 2), book, book),
        (book, book),
        (frame(BTC, 3), frame(ETH, 4)),
        (b"{", frame(BTC, 5)),
        (b"}",),
        (frame(ETH, 6), book),
    ]
    exchange.script(*(step for batch in batches for step in (send(*batch), wait(0.1))))
    async with running(shard_of([BTC, ETH], exchange, log, clock).run()):
        await clock.advance(2)
    assert [trade_id for _, trade_id in log.of("trade")] == [1, 2, 3, 4, 5, 6]
    assert len(log.of("rejected")) == 2


async def test_a_cut_line_is_a_disconnect_from_the_last_frame_and_reconnects_within_two_seconds(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(frame(BTC, 1, -0.1)), wait(5), drop())
    exchange.script(send(frame(BTC, 2, 6)))
    async with running(shard_of([BTC], exchange, log, clock).run()):
        await clock.advance(5)
        assert log.of("lost") == [(("BTC",), START_MS - 1100, GapCause.DISCONNECT)]
        await clock.advance(2)
        assert log.of("trade") == [("BTC", 1), ("BTC", 2)]


async def test_a_wrong_host_clock_does_not_move_the_edges_of_what_was_heard(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(frame(BTC, 1, 0)), wait(5), send(frame(BTC, 2, 5)), drop())
    exchange.script(send(frame(BTC, 3, 6)))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(4)
        clock.step_wall(-3_600_000)
        await clock.advance(1)
        assert log.of("lost") == [(("BTC",), START_MS + 4_000, GapCause.DISCONNECT)]
        await clock.advance(1)
        assert log.of("live")[1] == (("BTC",), START_MS + 5_500)


async def test_a_server_that_never_sends_is_left_at_the_deadline(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(stall())
    exchange.script(send(frame(BTC, 1)))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(10 + 0.5)
        assert [cause for _, _, cause in log.of("lost")] == [GapCause.NEVER_LIVE]
        assert log.of("trade") == [("BTC", 1)]
        assert shard.status.reconnects == 1


async def test_a_handshake_that_hangs_is_abandoned(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    exchange.script(hang())
    exchange.script(send(frame(BTC, 1)))
    async with running(shard_of([BTC], exchange, log, clock).run()):
        await clock.advance(11)
        assert log.of("trade") == [("BTC", 1)]


async def test_retries_go_on_for_ever_with_growing_pauses_up_to_the_cap(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    for _ in range(200):
        exchange.script(refuse(503))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(1800)
        gaps = [round(b - a, 3) for a, b in zip(exchange.attempts_at, exchange.attempts_at[1:], strict=False)]
        assert gaps[:7] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
        assert set(gaps[6:]) == {30.0}
        assert shard.status.failures_in_a_row == len(exchange.attempts_at)


async def test_the_first_good_data_resets_the_pause(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    for _ in range(5):
        exchange.script(refuse(503))
    exchange.script(send(frame(BTC, 1)), drop())
    exchange.script(send(frame(BTC, 2)))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(20)
        assert round(exchange.attempts_at[6] - exchange.attempts_at[5], 3) == 0.5
        assert shard.status.failures_in_a_row == 0


async def test_a_connection_that_breaks_again_and_again_right_after_its_first_data_comes_back_ever_more_slowly(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    for trade_id in range(15):
        exchange.script(send(frame(BTC, trade_id)), wait(0.5), drop())
    exchange.script(send(frame(BTC, 15)), wait(15), drop())
    exchange.script(send(frame(BTC, 16)))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(200)
        assert shard.status.unsteady(clock.monotonic()) == 15
        await clock.advance(10)
        assert shard.status.unsteady(clock.monotonic()) == 0
    pauses = [round(b - a - 0.5, 3) for a, b in pairwise(exchange.attempts_at[:16])]
    assert pauses == [0.5] * 5 + [1.0, 2.0, 4.0, 8.0, 16.0] + [30.0] * 5
    last, after = exchange.attempts_at[15:]
    assert after - last == pytest.approx(15.5), "one that stood for a while is replaced at once"


async def test_too_many_handshakes_pause_all_shards_of_the_host_for_the_stated_time(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(refuse(429, retry_after_s=60))
    limits = Limits({"upbit": {CONNECT: 5.0}})
    shards = [
        Shard(upbit_ws.FEED, URL, [market], exchange.connect, log, clock, limits, PACE, lambda: 0.0)
        for market in (BTC, ETH)
    ]
    async with running(shards[0].run()):
        await clock.advance(1)
        async with running(shards[1].run()):
            await clock.advance(58)
            assert len(exchange.attempts_at) == 1
            await clock.advance(3)
            assert len(exchange.attempts_at) == 3


async def test_a_storm_of_shards_keeps_to_the_published_handshakes_a_second(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    markets = [Market("upbit", f"C{n}", "KRW") for n in range(30)]
    limits = Limits({"upbit": {CONNECT: 5.0}})
    shards = [
        Shard(upbit_ws.FEED, URL, [market], exchange.connect, log, clock, limits, PACE, lambda: 0.0)
        for market in markets
    ]
    async with running(*(shard.run() for shard in shards)):
        await clock.advance(10)
    at = exchange.attempts_at
    assert len(at) >= 30
    assert all(later - earlier > 1.0 for earlier, later in zip(at, at[5:], strict=False))


async def test_a_graceful_stop_is_told_as_one(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    exchange.script(send(frame(BTC, 1)))
    async with running(shard_of([BTC], exchange, log, clock).run()):
        await clock.advance(5)
    assert log.of("lost")[0][2] is GapCause.STOP
    assert exchange.connections[0].closed


async def test_a_bug_behind_the_sink_ends_the_recording_with_its_own_traceback(
    clock: FakeClock, exchange: FakeExchange
) -> None:
    class Broken(Log):
        def trade(self, trade: Trade) -> None:
            raise ZeroDivisionError

    exchange.script(send(frame(BTC, 1)))
    with pytest.raises(ZeroDivisionError):
        async with running(shard_of([BTC], exchange, Broken(clock), clock).run()):
            await clock.advance(5)


def test_the_status_counts_reconnects_from_the_second_connection() -> None:
    assert ShardStatus(connections=0).reconnects == 0
    assert ShardStatus(connections=1).reconnects == 0
    assert ShardStatus(connections=3).reconnects == 2
