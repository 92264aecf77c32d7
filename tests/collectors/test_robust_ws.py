"""The shell around a socket, driven by scripts and a clock that stands still."""

from collections.abc import Callable, Sequence

import pytest

from collectors import upbit_ws
from collectors.events import Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.net.limits import CONNECT, Limits
from collectors.robust_ws import Pace, Shard, ShardStatus
from ops.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import (
    FakeExchange,
    Step,
    answer,
    drop,
    error_frame,
    garbage,
    hang,
    refuse,
    send,
    stall,
    trade_frame,
    wait,
)

BTC, ETH, XRP = (Market("upbit", base, "KRW") for base in ("BTC", "ETH", "XRP"))
PACE = Pace(silent_s=30.0)
URL = "ws://exchange.test/websocket/v1"


class Log:
    """A sink that remembers everything in order."""

    hurried = False

    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def trade(self, trade: Trade) -> None:
        self.told.append(("trade", trade.market.base, trade.trade_id))

    def trades(self, fills: Fills) -> None:
        for each in fills.trades():
            self.trade(each)

    def book(self, book: OrderBook) -> None:
        raise AssertionError("nobody asked for a book")

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        self.told.append(("live", tuple(market.base for market in markets), at_ms))

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        self.told.append(("lost", tuple(market.base for market in markets), from_ms, cause))

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        self.lost(markets, from_ms, GapCause.STALE)
        self.live(markets, to_ms)

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        self.told.append(("rejected", exchange, sample))

    def of(self, kind: str) -> list[tuple[object, ...]]:
        return [each[1:] for each in self.told if each[0] == kind]

    @property
    def kinds(self) -> list[object]:
        return [each[0] for each in self.told]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def exchange(clock: FakeClock) -> FakeExchange:
    return FakeExchange(clock)


@pytest.fixture
def log() -> Log:
    return Log()


def shard_of(
    markets: Sequence[Market],
    exchange: FakeExchange,
    log: Log,
    clock: FakeClock,
    pace: Pace = PACE,
    jitter: Callable[[], float] = lambda: 0.0,
    connects_per_s: float = 5.0,
) -> Shard:
    limits = Limits({"upbit": {CONNECT: connects_per_s}})
    return Shard(upbit_ws.FEED, URL, markets, exchange.connect, log, clock, limits, pace, jitter)


def frame(market: Market, trade_id: int, at_s: float = 0.0, *, st: str = "REALTIME") -> bytes:
    return trade_frame(market.code, 100.0, START_MS + round(at_s * 1000), trade_id, st=st)


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
        assert log.of("lost")[0][2] is GapCause.STALE


async def test_silence_is_healthy_where_no_bound_is_set(clock: FakeClock, exchange: FakeExchange, log: Log) -> None:
    exchange.script(send(frame(BTC, 1)))
    async with running(shard_of([BTC], exchange, log, clock, Pace(silent_s=None)).run()):
        await clock.advance(600)
        assert len(exchange.connections) == 1
        assert log.of("lost") == []


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


def refusing(*bad: str) -> Callable[[Sequence[str]], Sequence[bytes]]:
    """An exchange that refuses a request that names a bad code, else sends a snapshot of each code."""

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        if set(codes) & set(bad):
            return [error_frame("INVALID_PARAM", "codes 필드가 올바르지 않습니다.")]
        return [trade_frame(code, 1.0, START_MS, n, st="SNAPSHOT") for n, code in enumerate(codes)]

    return reply


async def test_offending_codes_are_bisected_out_and_the_others_kept(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    markets = [Market("upbit", f"C{n}", "KRW") for n in range(20)]
    exchange.script(answer(refusing("KRW-C3", "KRW-C17")))
    shard = shard_of(markets, exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(60)
        assert len(exchange.connections) == 1
        assert shard.status.refused_codes == ("KRW-C17", "KRW-C3")
        assert set(exchange.connections[0].requests[-1]) == {m.code for m in markets} - {"KRW-C3", "KRW-C17"}
        assert shard.status.live_markets == 18


async def test_an_exchange_that_refuses_every_request_is_tried_again_later(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(lambda codes: [error_frame("WRONG_FORMAT")]))
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH, XRP], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(20)
        assert shard.status.live_markets == 3


async def test_codes_refused_in_a_bad_minute_of_the_exchange_are_won_back(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    def bad_until_5_s(codes: Sequence[str]) -> Sequence[bytes]:
        return refusing("KRW-ETH" if clock.monotonic() < 5 else "none")(codes)

    exchange.script(answer(bad_until_5_s))
    shard = shard_of([BTC, ETH, XRP], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(4)
        assert list(shard.status.refused_codes) == ["KRW-ETH"]
        await clock.advance(10)
        assert list(shard.status.refused_codes) == []
        assert shard.status.live_markets == 3
        assert len(exchange.connections) == 1


async def test_a_code_that_stays_refused_disturbs_the_others_less_and_less_often(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing("KRW-ETH")))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(2 * 3600)
        assert shard.status.live_markets == 1
        assert len(log.of("lost")) < 14


async def test_an_error_no_code_is_to_blame_for_ends_the_connection(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(send(error_frame("NO_TICKET")))
    exchange.script(answer(refusing()))
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(1)
        assert shard.status.live_markets == 1
        assert shard.status.refused_codes == ()


async def test_a_market_added_while_connected_costs_the_others_nothing(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(5)
        shard.change_markets([BTC, ETH, XRP])
        await clock.advance(5)
        assert exchange.connections[0].requests == [["KRW-BTC", "KRW-ETH"], ["KRW-BTC", "KRW-ETH", "KRW-XRP"]]
        assert [markets for markets, _ in log.of("live")] == [("BTC", "ETH"), ("XRP",)]
        assert log.of("lost") == []


async def test_a_market_taken_away_is_told_and_asked_for_no_more(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(5)
        shard.change_markets([BTC])
        await clock.advance(5)
        assert exchange.connections[0].requests[-1] == ["KRW-BTC"]
        assert [(markets, cause) for markets, _, cause in log.of("lost")] == [(("ETH",), GapCause.STOP)]


async def test_a_shard_without_markets_does_not_connect_until_it_has_some(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(60)
        assert exchange.attempts_at == []
        shard.change_markets([BTC])
        await clock.advance(1)
        assert shard.status.live_markets == 1


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
        async with running(shard_of([BTC], exchange, Broken(), clock).run()):
            await clock.advance(5)


async def test_messages_stay_within_five_a_second_and_a_hundred_a_minute(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    said: list[float] = []

    def reply(codes: Sequence[str]) -> Sequence[bytes]:
        said.append(clock.monotonic())
        return refusing(*(f"KRW-C{n}" for n in range(0, 60, 12)))(codes)

    exchange.script(answer(reply))
    markets = [Market("upbit", f"C{n}", "KRW") for n in range(60)]
    shard = shard_of(markets, exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(120)
        assert shard.status.live_markets == 55
    assert all(b - a > 1.0 for a, b in zip(said, said[5:], strict=False))
    assert all(b - a > 60.0 for a, b in zip(said, said[100:], strict=False))


def test_the_status_counts_reconnects_from_the_second_connection() -> None:
    assert ShardStatus(connections=0).reconnects == 0
    assert ShardStatus(connections=1).reconnects == 0
    assert ShardStatus(connections=3).reconnects == 2


def steady(market: Market, from_s: float, times: int, every_s: float = 0.1) -> list[Step]:
    """Trades at a steady pace, each stamped with the time at which it is sent."""
    steps: list[Step] = []
    for n in range(times):
        at_s = from_s + n * every_s
        steps += [send(frame(market, round(at_s * 10) + 1, at_s)), wait(every_s)]
    return steps


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


async def test_codes_that_the_exchange_has_forgotten_are_a_gap_and_asked_for_again(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(100)
        assert log.of("lost") == []
        exchange.connections[0].forgotten.add("KRW-ETH")
        await clock.advance(21)
        exchange.connections[0].forgotten.clear()
        [(markets, from_ms, cause)] = log.of("lost")
        assert (markets, cause) == (("ETH",), GapCause.STALE)
        assert isinstance(from_ms, int)
        assert START_MS + 88_000 <= from_ms <= START_MS + 90_000, "when the list was right for the last time"
        await clock.advance(2)
        assert [each[0] for each in log.of("live")] == [("BTC", "ETH"), ("ETH",)]
        assert len(exchange.connections) == 1


async def test_codes_that_never_traded_are_live_once_the_exchange_lists_them(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    shard = shard_of([BTC], exchange, log, clock)
    async with running(shard.run()):
        await clock.advance(600)
        assert len(exchange.connections) == 1
        assert [each[0] for each in log.of("live")] == [("BTC",)]
        assert log.of("lost") == []


async def test_a_doubted_shard_asks_for_its_list_and_for_all_of_it_once_more(
    clock: FakeClock, exchange: FakeExchange, log: Log
) -> None:
    exchange.script(answer(refusing()))
    shard = shard_of([BTC, ETH], exchange, log, clock, Pace(silent_s=None))
    async with running(shard.run()):
        await clock.advance(5)
        for _ in range(5):
            shard.doubt()
            await clock.advance(1)
        said = exchange.connections[0].sent
        assert sum("LIST_SUBSCRIPTIONS" in text for text in said) == 1
        assert exchange.connections[0].requests == [["KRW-BTC", "KRW-ETH"]] * 2
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
