"""Trades for a scripted exchange in memory, one a second for whatever is subscribed."""

import itertools
from collections.abc import Sequence
from typing import NoReturn

from config.clock import Clock
from tests.fakes.exchange import FakeExchange, trade_frame


class Tape:
    """Every market that a connection asks for trades each second, unless it is `quiet`; ids go up by one.

    `answer(tape.snapshots)` is the script of a connection that shows the last trade of each code first.
    """

    def __init__(self, clock: Clock, exchange: FakeExchange) -> None:
        self._clock = clock
        self._exchange = exchange
        self._ids = itertools.count(1)
        self.quiet: set[str] = set()

    def frame(self, code: str, snapshot: bool = False) -> bytes:
        now_ms = self._clock.now_ms()
        return trade_frame(code, 100.0, now_ms - 50, next(self._ids), st="SNAPSHOT" if snapshot else "REALTIME")

    def snapshots(self, codes: Sequence[str]) -> Sequence[bytes]:
        return [self.frame(code, snapshot=True) for code in codes]

    async def run(self) -> NoReturn:
        while True:
            await self._clock.sleep(1)
            for connection in self._exchange.connections:
                if connection.requests and not connection.closed:
                    wanted = [code for code in connection.requests[-1] if code not in self.quiet]
                    connection.say(*(self.frame(code) for code in wanted))
