"""Keeps connections to an exchange's socket alive for ever, and says truthfully when it was listening.

One `Shard` is one connection and its successors: connect inside the limits, subscribe, prove the subscription by its
first data, hand every trade to the sink at once, notice silence, reconnect with backoff. Nothing here knows an exchange
by name, and no state of the network ends it; a bug does. All shards of an exchange: `collectors/fleet.py`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn, Protocol

from msgspec import Struct

from collectors.events import Exchange, GapCause, Market, Trade
from collectors.exchange_time import ExchangeTime
from collectors.feed import Feed
from collectors.frames import BadFrame, Event, FeedError, StatusUp
from collectors.net.deadline import within
from collectors.net.limits import CONNECT, Budget, Limits, Paused
from collectors.net.socket import Connect, ConnectRefused, Socket, SocketError
from collectors.subscription import Subscription
from config.clock import Clock
from ops.lifetimes import running

log = logging.getLogger(__name__)

IN_FLIGHT_MS = 1_000  # what was on its way when a connection broke; Bithumb publishes 0.3 s after the match
WATCH_S = 1.0
RETRY_FIRST_S = 10.0
RETRY_CAP_S = 3_600.0
SETTLE_S = 1.0  # between a proof and the next request, so that late snapshots of one can't prove the other


class Sink(Protocol):
    """Where the trades go. Every call returns at once and must not raise."""

    def trade(self, trade: Trade) -> None:
        """One trade as it came; `trade.snapshot` marks one from before the subscription."""
        ...

    def live(self, markets: Sequence[Market], at_ms: int) -> None:
        """From `at_ms` (exchange time, as well as we know it) every trade of `markets` reaches us."""
        ...

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        """From `from_ms` (exchange time, rather too early than too late) trades of `markets` may be missing."""
        ...

    def rejected(self, exchange: Exchange, reason: str, sample: bytes, at_ms: int) -> None:
        """A frame that could not be read; which market it was is not known."""
        ...


class Pace(Struct, frozen=True):
    """How patient a shard is, in seconds. `silent_s` None: silence is healthy here."""

    silent_s: float | None
    connect_s: float = 10.0
    first_message_s: float = 10.0
    reconnect_first_s: float = 0.5
    reconnect_cap_s: float = 30.0


class ShardStatus(Struct):
    """How one connection fares; read by health. Times are our wall clock."""

    connected: bool = False
    live_markets: int = 0
    connections: int = 0
    failures_in_a_row: int = 0
    last_message_ms: int | None = None
    last_trade_ms: int | None = None
    rejected_frames: int = 0
    refused_codes: tuple[str, ...] = ()
    last_error: str = ""

    @property
    def reconnects(self) -> int:
        return max(0, self.connections - 1)


class _Lost(Exception):
    """This connection is of no more use."""

    def __init__(self, cause: GapCause, text: str) -> None:
        self.cause = cause
        super().__init__(text)


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
        self._pace = pace
        self._jitter = jitter
        self._headers = headers or {}
        self._wanted = tuple(markets)
        self._changed = asyncio.Event()
        self._time = ExchangeTime()
        self._connection: _Connection | None = None
        self.status = status or ShardStatus()

    @property
    def markets(self) -> tuple[Market, ...]:
        return self._wanted

    def change_markets(self, markets: Sequence[Market]) -> None:
        """Want these markets from now on; a live connection is asked without being given up."""
        if tuple(markets) == self._wanted:
            return
        self._wanted = tuple(markets)
        if self._connection is not None:
            self._connection.change_markets(self._wanted)
        self._changed.set()

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
            self._failed(str(e) or f"no connection within {self._pace.connect_s:g} s")
            return
        connection = _Connection(
            self._feed, socket, self._wanted, self._sink, self._clock, self._pace, self._time, self.status
        )
        self._connection = connection
        self.status.connected = True
        self.status.connections += 1
        cause = GapCause.STOP
        try:
            await connection.collect()
        except* (SocketError, _Lost) as ended:
            first = ended.exceptions[0]
            cause = first.cause if isinstance(first, _Lost) else GapCause.DISCONNECT
            self._failed(str(first))
        finally:
            self._connection = None
            self.status.connected = False
            self.status.live_markets = 0
            connection.tell_lost(cause)
            await socket.close()

    async def _open(self) -> Socket:
        """A new socket, when the limits of the host allow one; what the host answers is told to the limits."""
        service, clock = self._feed.service, self._clock
        while (wait := self._limits.ask(service, CONNECT, clock.monotonic())) != 0.0:
            await clock.sleep(wait.until - clock.monotonic() if isinstance(wait, Paused) else wait)
        try:
            socket = await within(clock, self._pace.connect_s, self._connect(self._url, self._headers))
        except ConnectRefused as e:
            told = {} if e.retry_after_s is None else {"retry-after": str(e.retry_after_s)}
            self._limits.learn(service, CONNECT, e.status, told, clock.monotonic())
            raise
        self._limits.learn(service, CONNECT, 101, {}, clock.monotonic())
        return socket

    def _failed(self, text: str) -> None:
        """The first failure is loud, those that follow are quiet."""
        self.status.failures_in_a_row += 1
        self.status.last_error = text
        level = logging.WARNING if self.status.failures_in_a_row == 1 else logging.DEBUG
        log.log(level, "%s: connection lost: %s", self._feed.exchange, text)

    def _backoff_s(self) -> float:
        """Doubles from the first pause to the cap, less up to half by jitter; none of it before the first failure."""
        times = min(self.status.failures_in_a_row, 30)
        longest = min(self._pace.reconnect_cap_s, self._pace.reconnect_first_s * 2.0 ** max(0, times - 1))
        return longest * (1.0 - 0.5 * self._jitter())


class _Connection:
    """The life of one socket of a shard: four coroutines around one `Subscription`."""

    def __init__(
        self,
        feed: Feed,
        socket: Socket,
        markets: Sequence[Market],
        sink: Sink,
        clock: Clock,
        pace: Pace,
        time: ExchangeTime,
        status: ShardStatus,
    ) -> None:
        self._feed = feed
        self._socket = socket
        self._wanted = tuple(markets)
        self._sink = sink
        self._clock = clock
        self._pace = pace
        self._time = time
        self._status = status
        self._subscription = Subscription(markets)
        self._ask_again = asyncio.Event()
        self._budgets = (Budget(self._feed.messages_per_s, 1.05), Budget(self._feed.messages_per_min, 61.0))
        self._tickets = 0
        now = clock.monotonic()
        self._asked = now
        self._proven = now - SETTLE_S
        self._last_data = now
        self._last_frame = now

    async def collect(self) -> None:
        """Until the connection is lost: raise SocketError or _Lost, alone or in a group."""
        async with running(self._ask(), self._retry_refused(), self._keep_alive(), self._watch()):
            await self._receive()

    def change_markets(self, wanted: Sequence[Market]) -> None:
        self._wanted = tuple(wanted)
        dropped = self._subscription.change(wanted)
        if dropped:
            self._sink.lost(dropped, self._safe_ms(self._clock.monotonic()), GapCause.STOP)
        self._ask_again.set()

    def tell_lost(self, cause: GapCause) -> None:
        """All that was live is lost since the last frame; where silence is the reason, since the last data."""
        if self._subscription.live:
            since = self._last_data if cause is GapCause.STALE else self._last_frame
            self._sink.lost(self._subscription.live, self._safe_ms(since), cause)

    async def _receive(self) -> NoReturn:
        decode, trade_to = self._feed.decode, self._sink.trade
        while True:
            frames = await self._socket.receive()
            now_ms = self._clock.now_ms()
            newest: Trade | None = None
            for frame in frames:
                try:
                    event = decode(frame, now_ms)
                except BadFrame as bad:
                    self._status.rejected_frames += 1
                    self._sink.rejected(bad.exchange, str(bad), bad.frame, now_ms)
                    continue
                if isinstance(event, Trade):
                    if self._subscription.pending and self._subscription.proven_by(event):
                        self._accepted(now_ms)
                    trade_to(event)
                    newest = event
                elif event is not None:
                    self._heard(event)
            self._last_frame = self._clock.monotonic()
            self._status.last_message_ms = now_ms
            if newest is not None:
                self._note_data(newest, now_ms)

    def _note_data(self, newest: Trade, now_ms: int) -> None:
        self._last_data = self._last_frame
        self._status.last_trade_ms = now_ms
        self._time.note(newest, self._last_frame)

    def _accepted(self, now_ms: int) -> None:
        """The request stands."""
        if fresh := self._subscription.accept():
            self._sink.live(fresh, max(now_ms, self._time.at_ms(self._clock.monotonic()) or 0))
        self._proven = self._clock.monotonic()
        self._note_subscription()
        if self._status.failures_in_a_row:
            log.info("%s: connected again, %d markets", self._feed.exchange, self._status.live_markets)
            self._status.failures_in_a_row = 0
        self._ask_again.set()

    def _note_subscription(self) -> None:
        self._status.live_markets = len(self._subscription.live)
        self._status.refused_codes = tuple(sorted(market.code for market in self._subscription.refused))

    def _heard(self, event: Event) -> None:
        if isinstance(event, StatusUp) or not isinstance(event, FeedError):
            return
        text = f"{event.name}: {event.message}"
        if event.name in self._feed.fatal_errors:
            raise _Lost(GapCause.DISCONNECT, text)
        first = not self._subscription.refusals
        log.log(logging.WARNING if first else logging.DEBUG, "%s refuses a request: %s", self._feed.exchange, text)
        if not self._subscription.pending:
            return
        if lost := self._subscription.refuse():
            self._sink.lost(lost, self._safe_ms(self._asked), GapCause.DISCONNECT)
        self._note_subscription()
        if self._subscription.hopeless:
            raise _Lost(GapCause.NEVER_LIVE, text)
        self._ask_again.set()

    async def _ask(self) -> NoReturn:
        """Send each request that the subscription wants, one at a time."""
        while True:
            self._ask_again.clear()
            if not self._wanted:
                raise _Lost(GapCause.STOP, "no market is left to collect here")
            await self._clock.sleep(self._proven + SETTLE_S - self._clock.monotonic())
            await self._may_send()
            markets = self._subscription.next_request()
            if markets is None:
                await self._ask_again.wait()
                continue
            self._tickets += 1
            self._asked = self._clock.monotonic()
            await self._send(self._feed.subscribe(markets, f"{self._feed.exchange}-{self._tickets}"))

    async def _retry_refused(self) -> NoReturn:
        """Refused codes are tried again, less and less often: each time may cost the others a moment of coverage."""
        pause_s = RETRY_FIRST_S
        while True:
            await self._clock.sleep(pause_s)
            if self._subscription.refused:
                self._subscription.retry_refused()
                self._ask_again.set()
                pause_s = min(RETRY_CAP_S, pause_s * 2)
            else:
                pause_s = RETRY_FIRST_S

    async def _keep_alive(self) -> NoReturn:
        while True:
            await self._clock.sleep(self._feed.ping_every_s)
            await self._may_send()
            await self._send(self._feed.ping)

    async def _may_send(self) -> None:
        """Wait until the exchange's bounds on messages of one connection allow another."""
        while wait_s := max(budget.wait_s(self._clock.monotonic()) for budget in self._budgets):
            await self._clock.sleep(wait_s)

    async def _send(self, text: str) -> None:
        for budget in self._budgets:
            budget.spend(self._clock.monotonic())
        await self._socket.send(text)

    async def _watch(self) -> NoReturn:
        """Raise _Lost when the first data, or any data, is overdue."""
        while True:
            now = self._clock.monotonic()
            due = [now + WATCH_S]
            if self._subscription.pending:
                due.append(self._asked + self._pace.first_message_s)
                if due[-1] <= now:
                    self._overdue()
                    continue
            if self._pace.silent_s is not None and self._subscription.live:
                due.append(self._last_data + self._pace.silent_s)
                if due[-1] <= now:
                    raise _Lost(GapCause.STALE, f"no data for {self._pace.silent_s:g} s")
            await self._clock.sleep(min(due) - now)

    def _overdue(self) -> None:
        """Nothing answered a request: fatal for the first; a later one stands when no error came in all that time."""
        if not self._subscription.live:
            self._sink.lost(self._wanted, self._safe_ms(self._asked), GapCause.NEVER_LIVE)
            raise _Lost(GapCause.NEVER_LIVE, f"no data within {self._pace.first_message_s:g} s of subscribing")
        self._accepted(self._clock.now_ms())

    def _safe_ms(self, moment: float) -> int:
        """The exchange's time up to which nothing is missing, if all was well at `moment` of our monotonic clock."""
        now = self._clock.monotonic()
        at_ms = self._time.at_ms(moment)
        if at_ms is None:
            at_ms = self._clock.now_ms() - round((now - moment) * 1000)
        return at_ms - IN_FLIGHT_MS


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
