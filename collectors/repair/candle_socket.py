"""Hears Upbit's own seconds as they end, for all markets that we record, on a connection of its own.

So what a socket of trades never brought is found within seconds, not when the pages of candles come round to it. No
trade depends on this connection: while it is gone, the pages go on.
"""

import logging
from collections.abc import Callable, Sequence
from typing import NoReturn, Protocol

from msgspec import Struct

from collectors.events import Candle, Exchange, Market
from collectors.exchanges import upbit_candles
from collectors.exchanges.frames import BadFrame, FeedError
from collectors.net.limits import Limits
from collectors.net.reconnect import backoff_s, opened
from collectors.net.socket import Connect, ConnectRefused, Socket, SocketError
from collectors.repair.told_seconds import ToldSeconds
from config.clock import Clock
from config.units import MINUTE_MS
from ops.process.lifetimes import running

log = logging.getLogger(__name__)

EXCHANGE: Exchange = "upbit"
PATH = "/websocket/v1"
CONNECT_S = 10.0
ANSWER_S = 10.0  # how long a PING may go without any frame after it, and a candle is given to follow its trade
ROUND_S = 30.0  # between two PINGs
FOLLOW_S = 5.0  # between two looks at which markets we hear
ANEW_S = 600.0  # so long a market that we hear no more is asked for all the same
COMPARE_S = 1.0
TOLD_MS = 3_000  # Upbit looks once a second: by then the last telling of a second is there
QUIET_S = 2.0  # and no other comes after so long, where the connection is behind
OLDEST_MS, NEWEST_MS = 5 * MINUTE_MS, MINUTE_MS  # no honest second lies further from the exchange's now
CALM_S = 3.0  # so long nothing changes in what we hear before we take a handshake for ourselves …
CALM_WITHIN_S = 60.0  # … or this long, where something always does
RETRY_S = 2.0, 300.0  # the first pause, and the longest
RETRY_REFUSED_S = 300.0, 3_600.0  # each refusal holds up the handshakes of all for a while
BRIEF_S = 60.0  # a connection that ends sooner was no recovery
TOO_MANY = (418, 429)
MOST_FRAMES = 20_000  # in a second; ten of all markets may come at once after a pause of ours
LOUD_FAILURES = (1, 20)  # in a row


class Heard(Protocol):
    """What we record ourselves."""

    def live_markets(self, exchange: Exchange) -> Sequence[Market]: ...

    def settled_before(self, exchange: Exchange) -> int: ...

    def last_trade_ms(self, exchange: Exchange) -> int | None: ...

    def exchange_ms(self, exchange: Exchange) -> int: ...


class CandleSocketStatus(Struct):
    """How it fares; `told` are seconds, `short` those of them that lacked trades we have. Times are our wall clock."""

    connected: bool = False
    markets: int = 0
    told: int = 0
    short: int = 0
    unreadable: int = 0
    last_told_ms: int | None = None
    failures_in_a_row: int = 0
    last_error: str = ""

    @property
    def hears(self) -> bool:
        """Whether it is of use now: after a failure only the first candle shows that a new connection is."""
        return self.connected and not self.failures_in_a_row


class _Ended(Exception):
    """This connection is of no more use; the text says why."""


class CandleSocket:
    """`run` never ends by itself. `compare` is given seconds that are settled, and answers how many are short."""

    def __init__(
        self,
        url: str,
        connect: Connect,
        clock: Clock,
        limits: Limits,
        heard: Heard,
        compare: Callable[[Sequence[Candle]], int],
        jitter: Callable[[], float],
    ) -> None:
        self.status = CandleSocketStatus()
        self._url = url
        self._connect = connect
        self._clock = clock
        self._limits = limits
        self._heard = heard
        self._compare = compare
        self._jitter = jitter
        self._seconds = ToldSeconds()
        self._brief = 0  # connections in a row that ended soon, whether they told a candle or not

    async def run(self) -> NoReturn:
        """Hear and compare for ever; reconnect inside the limits."""
        async with running(self._compare_for_ever()):
            while True:
                await self._calm()
                began = self._clock.monotonic()
                pauses_s = await self._one_connection()
                self._brief = self._brief + 1 if self._clock.monotonic() - began < BRIEF_S else 0
                times = max(self._brief, self.status.failures_in_a_row)
                await self._clock.sleep(backoff_s(times, *pauses_s, self._jitter))

    async def _calm(self) -> None:
        """Recording goes first: while its connections come back, none of the few handshakes is taken from them."""
        began = since = self._clock.monotonic()
        heard = frozenset(self._heard.live_markets(EXCHANGE))
        while not heard or self._clock.monotonic() < min(since + CALM_S, began + CALM_WITHIN_S):
            await self._clock.sleep(COMPARE_S)
            if (live := frozenset(self._heard.live_markets(EXCHANGE))) != heard:
                since = self._clock.monotonic()
                began = began if heard else since
                heard = live

    async def _one_connection(self) -> tuple[float, float]:
        """From the handshake to the loss; how long to pause then, at first and at most."""
        try:
            socket = await opened(EXCHANGE, self._url, {}, self._connect, self._clock, self._limits, CONNECT_S)
        except (SocketError, TimeoutError) as e:
            self._failed(str(e) or f"no connection within {CONNECT_S:g} s")
            return RETRY_REFUSED_S if isinstance(e, ConnectRefused) and e.status in TOO_MANY else RETRY_S
        ended: list[str] = []
        self.status.connected = True
        try:
            await _Conversation(socket, self._clock, self._heard, self._seconds, self.status).hold()
        except* (SocketError, _Ended) as group:
            ended = [str(e) for e in group.exceptions]
        finally:
            self.status.connected, self.status.markets = False, 0
            await socket.close()
        self._failed(ended[0])
        return RETRY_S

    def _failed(self, why: str) -> None:
        """The first failure is loud, those that follow are quiet."""
        self.status.failures_in_a_row += 1
        self.status.last_error = why
        level = logging.WARNING if self.status.failures_in_a_row in LOUD_FAILURES else logging.DEBUG
        log.log(level, "Upbit's candles are not heard, %d in a row: %s", self.status.failures_in_a_row, why)

    async def _compare_for_ever(self) -> NoReturn:
        while True:
            await self._clock.sleep(COMPARE_S)
            before_ms = self._heard.settled_before(EXCHANGE) - TOLD_MS
            if told := self._seconds.take(before_ms, self._clock.monotonic() - QUIET_S):
                self.status.told += len(told)
                self.status.short += self._compare(told)


class _Conversation:
    """One open socket: ask for what we hear, stay alive, keep what comes."""

    def __init__(
        self, socket: Socket, clock: Clock, heard: Heard, seconds: ToldSeconds, status: CandleSocketStatus
    ) -> None:
        self._socket = socket
        self._clock = clock
        self._heard = heard
        self._seconds = seconds
        self._status = status
        self._asked: frozenset[Market] = frozenset()
        self._frame_at = clock.monotonic()
        self._frames, self._frames_from = 0, self._frame_at
        self._told = 0
        self._unread = ""  # what was wrong with the last frame that was of no use

    async def hold(self) -> NoReturn:
        """Until the connection is lost: raise SocketError or _Ended, alone or in a group."""
        async with running(self._follow(), self._keep_alive()):
            await self._socket.deliver(self._take, lambda: False)

    def _take(self, frames: Sequence[bytes]) -> None:
        theirs_ms = self._heard.exchange_ms(EXCHANGE)
        self._frame_at = self._clock.monotonic()
        self._bound(len(frames))
        for frame in frames:
            try:
                event = upbit_candles.decode(frame)
            except BadFrame as bad:
                self._unlikely(str(bad))
                continue
            if isinstance(event, Candle):
                self._note(event, theirs_ms)
            elif isinstance(event, FeedError):
                raise _Ended(f"Upbit refuses its candles: {event.name}: {event.message}")

    def _bound(self, frames: int) -> None:
        """A flood takes its time from recording."""
        if self._frame_at - self._frames_from >= 1.0:
            self._frames, self._frames_from = 0, self._frame_at
        self._frames += frames
        if self._frames > MOST_FRAMES:
            raise _Ended(f"more than {MOST_FRAMES:,} frames in a second")

    def _note(self, candle: Candle, theirs_ms: int) -> None:
        if candle.market not in self._asked:
            self._unlikely(f"nobody asked for {candle.market.code}")
            return
        if not self._seconds.note(candle, theirs_ms - OLDEST_MS, theirs_ms + NEWEST_MS, self._frame_at):
            self._unlikely(f"a second of another time: {candle.open_ms}")
            return
        self._told += 1
        self._status.last_told_ms = self._clock.now_ms()
        self._status.failures_in_a_row = 0

    def _unlikely(self, why: str) -> None:
        """It proves nothing about our record, so it is only counted."""
        self._status.unreadable += 1
        self._unread = why
        log.debug("Upbit's candles: %s", why)

    async def _follow(self) -> NoReturn:
        """Ask for the markets that we hear; those whose own connection is gone for a while stay in the request."""
        anew_at = 0.0
        while True:
            now, live = self._clock.monotonic(), frozenset(self._heard.live_markets(EXCHANGE))
            wanted = live if now >= anew_at and live else self._asked | live
            if now >= anew_at:
                anew_at = now + ANEW_S
            if wanted != self._asked:
                self._asked, self._status.markets = wanted, len(wanted)
                await self._socket.send(upbit_candles.subscribe(sorted(wanted), "candles"))
            await self._clock.sleep(FOLLOW_S)

    async def _keep_alive(self) -> NoReturn:
        """Ask for a sign of life each round, and for a candle where there was a trade."""
        while True:
            asked, asked_ms, told = self._clock.monotonic(), self._clock.now_ms(), self._told
            await self._socket.send("PING")
            await self._clock.sleep(ANSWER_S)
            if self._frame_at < asked:
                raise _Ended(f"no answer to PING within {ANSWER_S:g} s")
            traded = (self._heard.last_trade_ms(EXCHANGE) or 0) > asked_ms
            await self._clock.sleep(ROUND_S - ANSWER_S)
            if traded and self._told == told:
                unread = f"; what came is of no use: {self._unread}" if self._unread else ""
                raise _Ended(f"no candle in {ROUND_S:g} s, though there were trades{unread}")
