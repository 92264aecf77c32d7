"""A connection that stands: when its silence is a loss, a hole in what it brings a gap, and when neither."""

from collections.abc import Sequence

import pytest
from msgspec import structs

from collectors.events import GapCause, Market
from collectors.exchanges import bithumb_ws, upbit_ws
from collectors.feeds.robust_ws import Pace
from ops.process.lifetimes import running
from tests.collectors.feeds.shards import BTC, ETH, Log, frame, refusing, shard_of
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import UP, FakeExchange, Step, answer, drop, send, stall, wait


def steady(market: Market, from_s: float, times: int, every_s: float = 0.1) -> list[Step]:
    """Trades at a steady pace, each stamped with the time at which it is sent."""
    steps: list[Step] = []
    for n in range(times):
        at_s = from_s + n * every_s
        steps += [send(frame(market, round(at_s * 10) + 1, at_s)), wait(every_s)]
    return steps


async def test_a_silent_socket_is_replaced_and_the_loss_is_told(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(wait(2), send(frame(BTC, 1, 1.9)), stall())
    exchange.script(send(frame(BTC, 2, 33)), stall())
    async with running(shard_of([BTC], exchange, log, clock).run()):
        await clock.advance(2 + 30 + 0.5)
        assert log.kinds == ["live", "trade", "lost", "live", "trade"]
    [(markets, from_ms, cause), *_] = log.of("lost")
    assert (markets, cause) == (("BTC",), GapCause.STALE)
    assert from_ms == START_MS + 900, "a second before the exchange's time of the last trade"
    assert exchange.connections[0].closed


async def test_a_quiet_feed_that_answers_ping_counts_as_stale_all_the_same(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(frame(BTC, 1)))
    async with running(shard_of([BTC], exchange, log, clock, Pace(silent_s=120.0)).run()):
        await clock.advance(119)
        assert exchange.connections[0].sent.count("PING") == 3
        assert log.of("lost") == []
        await clock.advance(2)
        assert log.of("lost") == [
            (("BTC",), START_MS - 1_000, GapCause.STALE)
        ]  # from its last trade, not its last word


@pytest.mark.parametrize("silent_s", [120.0, None])
@pytest.mark.parametrize("end", ["hangs up", "is left", "loses a market"])
async def test_what_was_not_sent_before_an_end_is_lost_since_the_last_data_though_pings_were_answered(
    clock: FakeClock, exchange: FakeExchange, log: Log, end: str, silent_s: float | None
) -> None:
    """An exchange whose stream stands still answers PING until it hangs up."""
    exchange.script(send(frame(BTC, 1)), wait(1), send(frame(ETH, 2, 1)))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=silent_s))
    async with running(shard.run()):
        await clock.advance(70)
        assert exchange.connections[0].sent.count("PING") >= 2
        if end == "hangs up":
            exchange.connections[0].cut()
            await clock.settle()
        elif end == "loses a market":
            shard.change_markets([BTC])
    assert log.of("lost")[0][1] == START_MS, "a second before the last trade"


async def test_a_connection_that_says_it_is_up_each_ten_seconds_and_answers_nothing_else_is_not_given_up(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    """That is all that the exchanges promise of PING; one has no list, and a coin before its start no trades."""
    exchange.script(stall())
    new = Market("bithumb", "NEW", "KRW")
    shard = shard_of([new], exchange, log, clock, Pace(silent_s=None, first_message_s=4.0), feed=bithumb_ws.FEED)
    async with running(shard.run()):
        await clock.advance(2)
        for _ in range(6):
            exchange.connections[0].say(UP)
            await clock.advance(0.01)
            for _ in range(10):
                shard.ask_again()
                await clock.advance(1)
            await clock.advance(0.02)
        assert log.kinds == ["live"]
        assert len(exchange.connections) == 1


async def test_silence_is_healthy_where_no_bound_is_set(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    exchange.script(send(frame(BTC, 1)))
    async with running(shard_of([BTC], exchange, log, clock, Pace(silent_s=None)).run()):
        await clock.advance(600)
        assert len(exchange.connections) == 1
        assert log.of("lost") == []


async def test_a_request_that_was_not_heard_is_said_again_where_no_list_can_tell(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    """Else it stands after its deadline, for nothing spoke against it, and no trade of it ever comes."""
    no_list = structs.replace(upbit_ws.FEED, list_subscriptions=None)
    said: list[Sequence[str]] = []

    def deaf_at_first(codes: Sequence[str]) -> Sequence[bytes]:
        said.append(codes)
        return [] if len(said) == 1 else refusing()(codes)

    exchange.script(answer(deaf_at_first), wait(6), send(frame(ETH, 7, 5.9)))
    async with running(shard_of([BTC, ETH], exchange, log, clock, feed=no_list).run()):
        await clock.advance(4.9)
        assert log.kinds == []
        await clock.advance(0.2)
        assert log.kinds == ["live", "trade", "trade"]
        await clock.advance(1.0)
        assert log.kinds == ["live", "trade", "trade", "trade"]
        assert said == [["KRW-BTC", "KRW-ETH"]] * 2


async def test_a_busy_connection_that_falls_silent_is_replaced_within_seconds(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 60), stall())
    exchange.script(send(frame(BTC, 1_000, 12)))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(6 + 1.5 + 5 + 1)
        assert len(exchange.connections) == 2
        assert [(markets, cause) for markets, _, cause in log.of("lost")] == [(("BTC",), GapCause.STALE)]


async def test_a_hole_in_the_stamps_too_long_to_be_chance_becomes_a_gap_on_the_same_connection(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 60), wait(2.4), *steady(BTC, 8.4, 5))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(9)
        assert len(exchange.connections) == 1
        assert shard.status.holes == 1
    first, hole_end = log.of("live")
    assert first[0] == hole_end[0] == ("BTC", "ETH")
    assert log.of("lost")[0] == (("BTC", "ETH"), START_MS + 5_900, GapCause.STALE)
    assert hole_end[1] == START_MS + 8_400


@pytest.mark.parametrize("before", [0, 5])
async def test_a_hole_at_the_start_becomes_a_gap_once_enough_was_heard_to_tell(
    clock: FakeClock, exchange: FakeExchange, log: Log, before: int
) -> None:
    starts_s = before / 10 + 2.5
    exchange.script(answer(refusing()), *steady(BTC, 0, before), wait(2.5), *steady(BTC, starts_s, 60))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(starts_s + 2)
        assert shard.status.holes == 0
        await clock.advance(3)
        assert shard.status.holes == 1
    (markets, from_ms, cause), hole_end = log.of("lost")[0], log.of("live")[1]
    assert (markets, cause) == (("BTC", "ETH"), GapCause.STALE)
    assert from_ms == START_MS + max(0, before - 1) * 100
    assert hole_end[1] == START_MS + round(starts_s * 1000)


async def test_a_hole_before_the_first_trade_of_a_new_connection_becomes_a_gap_at_once(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 60), drop())
    exchange.script(answer(refusing()), wait(2.4), *steady(BTC, 8.9, 5))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(9)
        assert (len(exchange.connections), shard.status.holes) == (2, 1)
    back_ms = START_MS + 6_500
    assert [each[1] for each in log.of("live")] == [START_MS, back_ms, START_MS + 8_900]
    assert log.of("lost")[1] == (("BTC", "ETH"), back_ms, GapCause.STALE)


@pytest.mark.parametrize("behind_s", [0.0, 3.0])
async def test_no_hole_is_seen_before_a_first_trade_by_a_clock_of_ours_that_is_behind_or_where_silence_is_healthy(
    clock: FakeClock, exchange: FakeExchange, log: Log, behind_s: float
) -> None:
    silent_s = 30.0 if behind_s else None
    wait_s = 0.3 if behind_s else 9.0
    exchange.script(answer(refusing()), wait(wait_s), *steady(BTC, wait_s + behind_s, 60))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=silent_s))
    async with running(shard.run()):
        await clock.advance(wait_s + 5)
        assert shard.status.holes == 0


async def test_a_trade_that_is_very_late_makes_no_hole_but_a_clock_that_was_set_back_is_followed(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    very_late = [send(frame(BTC, 1_000, -60)), wait(0.1)]
    set_back = [step for n in range(40) for step in (send(frame(BTC, 2_000 + n, -3_600 + n / 10)), wait(0.1))]
    hole = [wait(5), send(frame(BTC, 3_000, -3_600 + 9.1))]
    exchange.script(*steady(BTC, 0, 60), *very_late, *steady(BTC, 6.1, 10), *set_back, *hole)
    shard = shard_of([BTC], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(6.1 + 1 + 4)
        assert shard.status.holes == 0
        await clock.advance(6)
        assert shard.status.holes == 1


async def test_trades_that_were_only_delayed_leave_no_gap(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    late = [frame(BTC, 60 + n, 6 + n / 10) for n in range(25)]
    exchange.script(*steady(BTC, 0, 60), wait(2.5), send(*late))
    async with running(shard_of([BTC], exchange, log, clock).run()):
        await clock.advance(9)
        assert log.of("lost") == []


async def test_what_never_came_is_missed_since_the_last_trade_also_where_snapshots_of_other_markets_came_first(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 10))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=120.0))
    async with running(shard.run()):
        await clock.advance(20)
        shard.doubt()
        await clock.settle()
        for snapshot in (frame(BTC, 10, 0.9, st="SNAPSHOT"), frame(ETH, 99, 6, st="SNAPSHOT")):
            exchange.connections[0].say(snapshot)
            await clock.settle()
    assert log.of("lost") == [(("BTC", "ETH"), START_MS - 100, GapCause.STALE)]


@pytest.mark.parametrize("before", [10, 0])
async def test_a_stream_is_broken_also_where_each_snapshot_shows_what_was_published_just_now(
    clock: FakeClock, exchange: FakeExchange, log: Log, before: int
) -> None:
    """A coin that trades all the time: what one snapshot shows is never two seconds old in the next."""
    asked: list[float] = []

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        asked.append(clock.monotonic())
        return [frame(BTC, round(asked[-1] * 10), asked[-1], st="SNAPSHOT")]

    exchange.script(answer(reply), *steady(BTC, 0, before))
    shard = shard_of([BTC], exchange, log, clock, Pace(silent_s=120.0))
    async with running(shard.run()):
        await clock.advance(5)
        shard.doubt()
        await clock.settle()
        assert log.of("lost") == []
        assert log.sound_ms <= START_MS, "until it is known why only a snapshot shows it"
        await clock.advance(15)
        shard.doubt()
        await clock.settle()
        assert len(asked) == 3
    assert log.of("lost") == [(("BTC",), START_MS + (max(before, 1) - 1) * 100 - 1_000, GapCause.STALE)]


async def test_what_a_snapshot_showed_first_is_no_loss_where_the_stream_brings_it(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 10))
    shard = shard_of([BTC], exchange, log, clock, Pace(silent_s=120.0))
    async with running(shard.run()):
        for at_s in (5.0, 20.0, 35.0):
            await clock.advance(at_s - clock.monotonic())
            trade_id = round(at_s * 10)
            shard.doubt()
            await clock.settle()
            exchange.connections[0].say(frame(BTC, trade_id, at_s, st="SNAPSHOT"), frame(BTC, trade_id, at_s))
            await clock.settle()
            assert log.sound_ms == START_MS + (at_s - 1) * 1_000
        assert log.of("lost") == []


async def test_what_a_snapshot_showed_is_no_loss_where_it_lies_right_behind_it_and_both_were_read_late(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 50))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(5)
        shard.doubt()
        await clock.settle()
        clock.sleep_through(2.5)  # the loop stands still, or the network does
        later = [frame(BTC, 100 + n, 5.2 + n / 5) for n in range(12)]
        exchange.connections[0].say(frame(ETH, 99, 5.1, st="SNAPSHOT"), frame(ETH, 99, 5.1), *later)
        await clock.advance(1)
        assert (log.of("lost"), shard.status.failures_in_a_row) == ([], 0)


async def test_a_stream_that_is_seconds_behind_its_snapshots_is_not_broken(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(*steady(BTC, 0, 10))
    shard = shard_of([BTC], exchange, log, clock, Pace(silent_s=120.0))
    async with running(shard.run()):
        await clock.advance(1)
        for tenth in range(10, 80):
            await clock.advance(0.1)
            exchange.connections[0].say(frame(BTC, tenth, tenth / 20 + 0.5))
            if tenth % 10 == 0:
                shard.ask_again()
                await clock.settle()
                exchange.connections[0].say(frame(BTC, 1_000 + tenth, clock.monotonic() - 0.1, st="SNAPSHOT"))
            await clock.settle()
        assert len(exchange.connections) == 1
        assert log.of("lost") == []


async def test_a_snapshot_of_what_never_came_ends_the_connection(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        return [frame(BTC, 999, clock.monotonic() - 5, st="SNAPSHOT")] if clock.monotonic() > 5 else [frame(BTC, 1, 0)]

    exchange.script(answer(reply))
    exchange.script(answer(refusing()))
    shard = shard_of([BTC], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(12)
        shard.doubt()
        await clock.advance(2)
        assert len(exchange.connections) == 2
        assert log.of("lost")[0][2] is GapCause.STALE
