"""Keeps connections to an exchange's socket alive for ever, and says truthfully when it was listening.

One `Shard` is one connection and its successors: connect inside the limits, subscribe, prove the subscription by its
first data, hand every trade to the sink at once, notice silence, reconnect with backoff. Nothing here knows an exchange
by name, and no state of the network ends it; a bug does. All shards of an exchange: `collectors/feeds/fleet.py`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from collectors.events import GapCause, Market
from collectors.feeds.connection import Connection
from collectors.feeds.exchange_time import ExchangeTime
from collectors.feeds.feed import Feed
from collectors.feeds.rhythm import Rhythm
from collectors.feeds.sink import BRIEF_S, Lost, Pace, ShardStatus, Sink
from collectors.net.limits import Limits
from collectors.net.reconnect import backoff_s, opened
from collectors.net.socket import Connect, Socket, SocketError
from config.clock import Clock

__all__ = ["Pace", "Shard", "ShardStatus", "Sink", "collect"]

log = logging.getLogger(__name__)

LOUD_FAILURES = (1, 20)  # in a row; the second of them is one for the owner
FLEETING_S = 2.0  # a connection that ends sooner has brought no whole second, only gaps …
FLEETING_FREE = 4  # … and after so many of these in a row the pauses grow
NO_LIMIT_S = 30.0  # the longest pause that goes without a question where silence is healthy


class Shard:
    """One connection's worth of markets, for ever. `run` it; `change_markets` at any time."""

    def __init__(
        self,
        feed: Feed,
        url: str,
        markets: Sequence[Market],
        connect: Connect,
        sink: Sink,
        clock: Clock,
        limits: Limits,
        pace: Pace,
        jitter: Callable[[], float],
        headers: Mapping[str, str] | None = None,
        status: ShardStatus | None = None,
    ) -> None:
        """`jitter` gives numbers in [0, 1) that spread reconnects; `headers` go with the handshake, never an Origin."""
        self._feed = feed
        self._url = url
        self._connect = connect
        self._sink = sink
        self._clock = clock
        self._limits = limits
        self.pace = pace  # may be set anew at any time; the next connection keeps to it
        self._jitter = jitter
        self._headers = headers or {}
        self._wanted = tuple(markets)
        self._books: tuple[Market, ...] = ()
        self._changed = asyncio.Event()
        self._time = ExchangeTime()
        self._rhythm = Rhythm(NO_LIMIT_S if pace.silent_s is None else pace.silent_s)
        self._connection: Connection | None = None
        self._fleeting = 0  # connections in a row that brought data and ended within `FLEETING_S`
        self.status = status or ShardStatus()

    @property
    def markets(self) -> tuple[Market, ...]:
        return self._wanted

    def change_markets(self, markets: Sequence[Market], books: Sequence[Market] = ()) -> None:
        """Want the trades of `markets` and the order books of those of them that are in `books` from now on.

        A live connection is asked without being given up.
        """
        if (tuple(markets), tuple(books)) == (self._wanted, self._books):
            return
        self._wanted, self._books = tuple(markets), tuple(books)
        if self._connection is not None:
            self._connection.change(self._wanted, self._books)
        self._changed.set()

    def doubt(self) -> None:
        """Something on this connection is quieter than it should be: have the exchange asked."""
        if self._connection is not None:
            self._connection.doubt()

    def ask_again(self) -> None:
        """Say the request that is out, or stands, once more: it may name a code that came to life meanwhile."""
        if self._connection is not None:
            self._connection.ask_again()

    async def run(self) -> NoReturn:
        """Collect for ever. Ends only by cancellation, which is told to the sink as a STOP, or by a bug."""
        while True:
            while not self._wanted:
                self._changed.clear()
                await self._changed.wait()
            await self._connect_and_collect()
            await self._clock.sleep(self._backoff_s())

    async def _connect_and_collect(self) -> None:
        """One connection from handshake to loss; its end is told to the sink and the status, never raised."""
        try:
            socket = await self._open()
        except (SocketError, TimeoutError) as e:
            self._failed(str(e) or f"no connection within {self.pace.connect_s:g} s")
            return
        connection = Connection(
            *(self._feed, socket, self._wanted, self._books, self._sink, self._clock),
            *(self.pace, self._time, self._rhythm, self.status),
        )
        self._connection = connection
        self.status.connected, self.status.connected_s = True, self._clock.monotonic()
        self.status.connections += 1
        cause = GapCause.STOP
        try:
            await connection.collect()
        except* (SocketError, Lost) as ended:
            first = ended.exceptions[0]
            cause = first.cause if isinstance(first, Lost) else GapCause.DISCONNECT
            self._note_life()
            self._failed(str(first))
        finally:
            self._connection = None
            self.status.connected = False
            self.status.live_markets = 0
            connection.tell_lost(cause)
            await socket.close()

    async def _open(self) -> Socket:
        return await opened(
            *(self._feed.service, self._url, self._headers, self._connect),
            *(self._clock, self._limits, self.pace.connect_s),
        )

    def _note_life(self) -> None:
        """A connection ends; one that never brought data was no recovery, and no relapse either."""
        if not self.status.failures_in_a_row:
            lived_s = self._clock.monotonic() - self.status.connected_s
            self.status.brief_in_a_row = self.status.brief_in_a_row + 1 if lived_s < BRIEF_S else 0
            self._fleeting = self._fleeting + 1 if lived_s < FLEETING_S else 0

    def _failed(self, text: str) -> None:
        """The first failure is loud, those that follow are quiet."""
        self.status.failures_in_a_row += 1
        self.status.last_error = text
        times = self.status.failures_in_a_row
        level = logging.WARNING if times in LOUD_FAILURES else logging.DEBUG
        log.log(level, "%s: connection lost, %d in a row: %s", self._feed.exchange, times, text)

    def _backoff_s(self) -> float:
        pace = self.pace
        times = max(self.status.failures_in_a_row, self._fleeting - FLEETING_FREE)
        return backoff_s(times, pace.reconnect_first_s, pace.reconnect_cap_s, self._jitter)


async def collect(
    feed: Feed,
    url: str,
    markets: Sequence[Market],
    connect: Connect,
    sink: Sink,
    clock: Clock,
    status: ShardStatus,
    *,
    limits: Limits,
    pace: Pace,
    jitter: Callable[[], float],
) -> NoReturn:
    """One shard whose markets never change, for ever."""
    await Shard(feed, url, markets, connect, sink, clock, limits, pace, jitter, status=status).run()
