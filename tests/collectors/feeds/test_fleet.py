"""A fleet of shards in memory, and one shard over a real socket."""

import asyncio
from collections.abc import Sequence
from typing import get_args

import pytest

from collectors.events import Exchange, Fills, GapCause, Market, OrderBook, Trade
from collectors.exchanges import upbit_ws
from collectors.feeds.fleet import Fleet
from collectors.feeds.robust_ws import Pace, Shard, ShardStatus, collect
from collectors.net.limits import CONNECT, Limits
from collectors.net.socket import Library, connector
from config.clock import SystemClock
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, answer, drop, garbage, refuse, send, trade_frame

MARKETS = [Market("upbit", f"C{n}", "KRW") for n in range(7)]


class Tally:
    """A sink that counts, and says when it has enough."""

    hurried = False

    def __init__(self, enough: int = 0) -> None:
        self.ids: list[int] = []
        self.live_now: set[Market] = set()
        self.causes: list[GapCause] = []
        self.rejections = 0
        self.full = asyncio.Event()
        self._enough = enough

    def exchange_ms(self, exchange: Exchange) -> int:
        return START_MS

    def trade(self, trade: Trade) -> None:
        self.ids.append(trade.trade_id)
        if len(self.ids) == self._enough:
            self.full.set()

    def trades(self, fills: Fills) -> None:
        for each in fills.trades():
            self.trade(each)

    def book(self, book: OrderBook) -> None:
        raise AssertionError("nobody asked for a book")

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        self.live_now |= set(markets)

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        self.live_now -= set(markets)
        self.causes.append(cause)

    def missed(self, markets: Sequence[Market], from_ms: int, to_ms: int) -> None:
        self.lost(markets, from_ms, GapCause.STALE)
        self.live(markets, to_ms)

    def sound(self, exchange: Exchange, until_ms: int) -> None:
        pass

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        self.rejections += 1


def snapshots(codes: Sequence[str]) -> Sequence[bytes]:
    return [trade_frame(code, 1.0, START_MS, n, st="SNAPSHOT") for n, code in enumerate(codes)]


async def test_a_connection_that_ends_though_nobody_ended_it_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    async def end(shard: Shard) -> None:
        raise asyncio.CancelledError  # of a future that somebody else cancelled

    clock, tally = FakeClock(), Tally()
    limits, how = Limits({"upbit": {CONNECT: 5.0}}), (Pace(silent_s=30.0), lambda: 0.0)
    connect = FakeExchange(clock).connect
    fleet = Fleet(lambda some: Shard(upbit_ws.FEED, "ws://upbit", some, connect, tally, clock, limits, *how), 200)
    async with running(fleet.run()):
        fleet.change_markets(MARKETS)
        await clock.settle()
        assert fleet.alive
    assert fleet.alive, "it was told to end"
    monkeypatch.setattr(Shard, "run", end)
    fleet = Fleet(lambda some: Shard(upbit_ws.FEED, "ws://upbit", some, connect, tally, clock, limits, *how), 200)
    async with running(fleet.run()):
        fleet.change_markets(MARKETS)
        await clock.settle()
        assert not fleet.alive


async def test_markets_that_come_and_go_find_their_connection_while_the_others_stay() -> None:
    clock = FakeClock()
    exchange, tally = FakeExchange(clock), Tally()
    for _ in range(4):
        exchange.script(answer(snapshots))
    limits = Limits({"upbit": {CONNECT: 5.0}})

    def make(markets: Sequence[Market]) -> Shard:
        return Shard(
            upbit_ws.FEED, "ws://x", markets, exchange.connect, tally, clock, limits, Pace(silent_s=None), lambda: 0.0
        )

    fleet = Fleet(make, codes_per_connection=2)
    fleet.change_markets(MARKETS[:4])
    async with running(fleet.run()):
        await clock.advance(3)
        assert tally.live_now == set(MARKETS[:4])
        assert len(exchange.connections) == 2
        fleet.change_markets([*MARKETS[1:4], *MARKETS[5:7]])
        await clock.advance(5)
        assert tally.live_now == {*MARKETS[1:4], *MARKETS[5:7]}
        assert len(exchange.connections) == 3
        assert tally.causes == [GapCause.STOP]
        assert [status.live_markets for status in fleet.statuses] == [2, 2, 1]


@pytest.mark.parametrize("library", get_args(Library))
async def test_a_real_client_survives_refusal_garbage_and_a_cut_line_on_a_real_socket(library: Library) -> None:
    clock = SystemClock()
    exchange, tally, status = FakeExchange(clock), Tally(enough=4), ShardStatus()
    now_ms = clock.now_ms()
    one, two, three, four = (trade_frame("KRW-C0", 1.0, now_ms, n).decode() for n in range(1, 5))
    exchange.script(refuse(503))
    exchange.script(send(one), garbage(), send(two.encode()), drop())
    exchange.script(send(three, four))
    limits = Limits({"upbit": {CONNECT: 100.0}})
    pace = Pace(silent_s=30.0, reconnect_first_s=0.01)
    async with exchange.served() as url:
        recording = collect(
            upbit_ws.FEED,
            url,
            MARKETS[:1],
            connector(library),
            tally,
            clock,
            status,
            limits=limits,
            pace=pace,
            jitter=lambda: 0.5,
        )
        async with running(recording):
            async with asyncio.timeout(20):
                await tally.full.wait()
            assert status.connected
    assert tally.ids == [1, 2, 3, 4]
    assert tally.rejections == 1
    assert tally.causes == [GapCause.DISCONNECT, GapCause.STOP]
    assert status.connections == 2


@pytest.mark.parametrize("library", get_args(Library))
async def test_fault_11_a_frame_of_ten_megabytes_replaces_the_connection(library: Library) -> None:
    clock = SystemClock()
    exchange, tally, status = FakeExchange(clock), Tally(enough=2), ShardStatus()
    now_ms = clock.now_ms()
    exchange.script(send(trade_frame("KRW-C0", 1.0, now_ms, 1), b"x" * 10_000_000))
    exchange.script(send(trade_frame("KRW-C0", 1.0, now_ms, 2)))
    limits = Limits({"upbit": {CONNECT: 100.0}})
    pace = Pace(silent_s=30.0, reconnect_first_s=0.01)
    async with exchange.served() as url:
        recording = collect(
            upbit_ws.FEED,
            url,
            MARKETS[:1],
            connector(library),
            tally,
            clock,
            status,
            limits=limits,
            pace=pace,
            jitter=lambda: 0.5,
        )
        async with running(recording):
            async with asyncio.timeout(20):
                await tally.full.wait()
    assert "1009" in status.last_error
