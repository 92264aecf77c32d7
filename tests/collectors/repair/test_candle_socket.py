"""The socket of Upbit's own seconds: asked for what is heard, compared once settled, replaced when it is of no use."""

import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from itertools import pairwise

import pytest

from collectors.events import Candle, Exchange, Market
from collectors.net.limits import Limits
from collectors.repair import candle_socket
from collectors.repair.candle_socket import CandleSocket
from ops.process.lifetimes import running
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.exchange import FakeExchange, drop, error_frame, garbage, refuse, send, stall, wait
from tests.fakes.recording import BTC, ETH


class Heard:
    """What the recorder would say."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.markets: list[Market] = [BTC]
        self.trading = False
        self.ahead_ms = 0

    def live_markets(self, exchange: Exchange) -> Sequence[Market]:
        assert exchange == "upbit"
        return self.markets

    def settled_before(self, exchange: Exchange) -> int:
        assert exchange == "upbit"
        return self.exchange_ms(exchange) - 2_000

    def last_trade_ms(self, exchange: Exchange) -> int | None:
        assert exchange == "upbit"
        return self._clock.now_ms() if self.trading else None

    def exchange_ms(self, exchange: Exchange) -> int:
        assert exchange == "upbit"
        return self._clock.now_ms() + self.ahead_ms


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock)
        self.heard = Heard(self.clock)
        self.compared: list[Candle] = []
        self.socket = CandleSocket(
            "wss://upbit/websocket/v1",
            self.exchange.connect,
            self.clock,
            Limits({"upbit": {"connect": 5}}),
            self.heard,
            self.compare,
            lambda: 0.0,
        )
        self.status = self.socket.status

    def compare(self, seconds: Sequence[Candle]) -> int:
        self.compared += seconds
        return 1

    @property
    def state(self) -> tuple[bool, int]:
        return self.status.connected, self.status.failures_in_a_row

    def listening(self) -> AbstractAsyncContextManager[None]:
        return running(self.socket.run())


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setattr(candle_socket, "CALM_S", 0.0)
    return Scene()


def told(at_s: int, price: float = 100.0, code: str = "KRW-BTC") -> bytes:
    """A frame of the second that starts so long after START_MS (2027-01-15T08:00:00Z)."""
    prices = {"op": price, "hp": price, "lp": price, "tp": price, "catv": 1.5, "catp": 1.5 * price}
    at = f"2027-01-15T08:{at_s // 60:02}:{at_s % 60:02}"
    return json.dumps({"ty": "candle.1s", "cd": code, "cdttmu": at} | prices | {"st": "REALTIME"}).encode()


async def test_seconds_are_compared_once_settled_as_they_were_told_last(scene: Scene) -> None:
    scene.exchange.script(wait(1), send(told(0)), wait(1), send(told(0, 101.0), told(1)))
    async with scene.listening():
        await scene.clock.advance(5)
        assert scene.compared == [], "its last trades may still be told"
        await scene.clock.advance(1)
        assert [(each.open_ms - START_MS, each.close) for each in scene.compared] == [(0, 101.0)]
        await scene.clock.advance(2)
    assert [(each.open_ms - START_MS, each.close) for each in scene.compared] == [(0, 101.0), (1_000, 100.0)]
    assert (scene.status.told, scene.status.short) == (2, 2)
    assert scene.status.last_told_ms == START_MS + 2_000


async def test_a_connection_that_is_far_behind_tells_each_second_once_and_whole(scene: Scene) -> None:
    steps = [[wait(1), send(told(at_s, 101.0), told(at_s + 1))] for at_s in range(5)]
    scene.exchange.script(wait(12), *(step for pair in steps for step in pair))
    async with scene.listening():
        await scene.clock.advance(25)
    assert [(each.open_ms - START_MS, each.close) for each in scene.compared] == [
        *((at_s * 1_000, 101.0) for at_s in range(5)),
        (5_000, 100.0),
    ]


async def test_it_waits_for_markets_and_asks_anew_as_they_come(scene: Scene) -> None:
    scene.heard.markets = []
    async with scene.listening():
        await scene.clock.advance(30)
        assert scene.exchange.connections == [], "an empty request would be refused"
        scene.heard.markets = [BTC]
        await scene.clock.advance(2)
        scene.heard.markets = [ETH, BTC]
        await scene.clock.advance(6)
        scene.heard.markets = [ETH]
        await scene.clock.advance(6)
        assert scene.status.markets == 2, "a lost connection comes back; its markets stay in the request"
        await scene.clock.advance(600)
        assert scene.status.markets == 1
    [connection] = scene.exchange.connections
    assert connection.requests == [["KRW-BTC"], ["KRW-BTC", "KRW-ETH"], ["KRW-ETH"]]


async def test_what_cannot_be_read_is_counted_and_costs_nothing_else(scene: Scene) -> None:
    scene.exchange.script(garbage(), send(b'{"ty":"ticker","cd":"KRW-BTC"}', told(600), told(0)))
    async with scene.listening():
        await scene.clock.advance(10)
    assert [each.open_ms for each in scene.compared] == [START_MS]
    assert scene.status.unreadable == 3
    assert len(scene.exchange.connections) == 1


async def test_it_reconnects_for_ever_and_a_candle_makes_it_whole(scene: Scene) -> None:
    scene.exchange.script(send(told(0)), wait(3), drop())
    scene.exchange.script(refuse(503))
    scene.exchange.script(send(error_frame("INVALID_PARAM", "no such type")))
    scene.exchange.script(send(told(20)))
    async with scene.listening():
        await scene.clock.advance(4)
        assert scene.state == (False, 1)
        await scene.clock.advance(20)
        assert scene.state == (True, 0)
    assert "INVALID_PARAM" in scene.status.last_error
    pauses = [b - a for a, b in pairwise(scene.exchange.attempts_at)]
    assert pauses == [3 + 2, 4, 8], "each longer than the one before"
    assert len(scene.exchange.connections) == 3


async def test_a_host_that_refuses_for_hours_is_asked_every_five_minutes(scene: Scene) -> None:
    for _ in range(100):
        scene.exchange.script(send(error_frame("INVALID_PARAM")))
    async with scene.listening():
        await scene.clock.advance(3_600)
        before = len(scene.exchange.attempts_at)
        await scene.clock.advance(3_600)
    assert 10 <= len(scene.exchange.attempts_at) - before <= 13


async def test_a_socket_without_a_word_is_replaced(scene: Scene) -> None:
    scene.exchange.script(wait(5), stall())
    async with scene.listening():
        await scene.clock.advance(45)
    assert len(scene.exchange.connections) == 2
    assert scene.status.last_error == "no answer to PING within 10 s"


async def test_silence_is_healthy_without_trades_and_not_with_them(scene: Scene) -> None:
    async with scene.listening():
        await scene.clock.advance(300)
        assert len(scene.exchange.connections) == 1
        scene.heard.trading = True
        await scene.clock.advance(60)
    assert len(scene.exchange.connections) == 2
    assert "no candle in 30 s" in scene.status.last_error


async def test_what_was_told_before_a_loss_is_compared_all_the_same(scene: Scene) -> None:
    scene.exchange.script(send(told(0)), wait(1), drop())
    async with scene.listening():
        await scene.clock.advance(10)
    assert [each.open_ms for each in scene.compared] == [START_MS]


async def test_seconds_are_the_exchange_s_where_our_clock_is_minutes_off(scene: Scene) -> None:
    scene.heard.ahead_ms = 600_000
    scene.exchange.script(send(told(600), told(0)))
    async with scene.listening():
        await scene.clock.advance(10)
    assert [each.open_ms - START_MS for each in scene.compared] == [600_000]
    assert scene.status.unreadable == 1
    assert scene.status.last_told_ms == START_MS, "by our own clock"


async def test_a_market_that_nobody_asked_for_is_not_compared(scene: Scene) -> None:
    scene.exchange.script(send(told(0, code="KRW-NOBODY"), told(0)))
    async with scene.listening():
        await scene.clock.advance(10)
    assert [each.market for each in scene.compared] == [BTC]
    assert scene.status.unreadable == 1


async def test_recording_takes_its_handshakes_first() -> None:
    scene = Scene()
    scene.heard.markets = []
    async with scene.listening():
        for n in range(4):  # an outage is over: one connection after the other comes back
            await scene.clock.advance(2)
            scene.heard.markets = [Market("upbit", f"COIN{each}", "KRW") for each in range(n + 1)]
        await scene.clock.advance(2)
        assert scene.exchange.attempts_at == []
        await scene.clock.advance(2)
    assert len(scene.exchange.connections) == 1


async def test_a_market_that_comes_and_goes_does_not_keep_it_waiting_for_ever() -> None:
    scene = Scene()
    async with scene.listening():
        for n in range(45):
            scene.heard.markets = [BTC, ETH] if n % 2 else [BTC]
            await scene.clock.advance(2)
    assert 55 <= scene.exchange.attempts_at[0] <= 65
    assert len(scene.exchange.connections) == 1


async def test_a_host_that_takes_no_more_connections_is_left_alone_for_minutes(scene: Scene) -> None:
    scene.exchange.script(refuse(429))
    scene.exchange.script(refuse(418))
    async with scene.listening():
        await scene.clock.advance(1_000)
    assert len(scene.exchange.connections) == 1
    first, second, third = scene.exchange.attempts_at
    assert (second - first, third - second) == (300, 600), "each pauses the handshakes of those that record as well"


async def test_after_a_failure_it_hears_nothing_before_the_first_candle(scene: Scene) -> None:
    scene.exchange.script(drop())
    scene.exchange.script(wait(5), send(told(0)))
    async with scene.listening():
        await scene.clock.advance(4)
        assert scene.status.connected
        assert not scene.status.hears, "it may be refused again"
        await scene.clock.advance(5)
        assert scene.status.hears


async def test_frames_that_say_nothing_are_told_from_silence(scene: Scene) -> None:
    scene.heard.trading = True
    scene.exchange.script(send(b'{"ty":"candle.1s","cd":"KRW-BTC"}'))
    async with scene.listening():
        await scene.clock.advance(31)
    assert "of no use: upbit: " in scene.status.last_error


async def test_a_flood_ends_the_connection(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candle_socket, "MOST_FRAMES", 5)
    scene.exchange.script(send(*[told(0)] * 5), wait(1), send(*[told(1)] * 5), wait(1), send(*[told(2)] * 6))
    async with scene.listening():
        await scene.clock.advance(2.5)
    assert "more than 5 frames" in scene.status.last_error


async def test_a_connection_that_ends_soon_each_time_is_made_less_and_less_often(scene: Scene) -> None:
    """Though each told a candle, and was no failure by that."""
    for n in range(6):
        scene.exchange.script(send(told(n)), wait(1), drop())
    async with scene.listening():
        await scene.clock.advance(200)
    pauses = [b - a for a, b in pairwise(scene.exchange.attempts_at)]
    assert pauses == [1 + 2, 1 + 4, 1 + 8, 1 + 16, 1 + 32, 1 + 64]
