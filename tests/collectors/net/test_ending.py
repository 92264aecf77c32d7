"""Whoever holds a socket ends when told to, in whatever moment: also while the connection is being lost."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.net.limits import Limits
from collectors.repair import candle_socket
from collectors.repair.candle_socket import CandleSocket
from tests.collectors.channels.test_upbit_announcement import KEY, Ear
from tests.collectors.feeds.shards import Log, frame, shard_of
from tests.collectors.repair.test_candle_socket import Heard
from tests.fakes.clock import FakeClock
from tests.fakes.exchange import FakeExchange, send
from tests.fakes.recording import BTC

STEPS = 12  # of the loop after the loss; by then each holder waits for its next connection

Life = Coroutine[Any, Any, None]
Holder = Callable[[FakeExchange, FakeClock], Life]


def shard(exchange: FakeExchange, clock: FakeClock) -> Life:
    return shard_of([BTC], exchange, Log(clock), clock).run()


def announcement(exchange: FakeExchange, clock: FakeClock) -> Life:
    limits = Limits({"upbit": {"connect": 5}})
    how = limits, 60.0, lambda: "nonce", lambda: 0.0
    return UpbitAnnouncement("wss://upbit/private", KEY, exchange.connect, clock, *how).listen(Ear())


def candles(exchange: FakeExchange, clock: FakeClock) -> Life:
    limits, heard = Limits({"upbit": {"connect": 5}}), Heard(clock)
    how = clock, limits, heard, lambda _: 0, lambda: 0.0
    return CandleSocket("wss://upbit/websocket/v1", exchange.connect, *how).run()


@pytest.mark.parametrize("holder", [shard, announcement, candles])
@pytest.mark.parametrize("step", range(STEPS))
async def test_a_holder_ends_in_every_step_of_a_loss(
    step: int, holder: Holder, exchange: FakeExchange, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candle_socket, "CALM_S", 0.0)
    exchange.script(send(frame(BTC, 1)))
    life = asyncio.create_task(holder(exchange, clock))
    await clock.advance(4)
    exchange.connections[0].cut()
    for _ in range(step):
        await asyncio.sleep(0)
    life.cancel()
    await clock.settle()
    assert life.cancelled(), "it goes on"
    assert exchange.connections[0].closed
