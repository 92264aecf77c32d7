"""Upbit's announcement socket kept open for ever: the fastest official news of a listing, for who has any API key.

Silence is healthy here; only an unanswered PING is not. Nothing is repeated after a reconnect, so whoever hears
`connected` reads the site's list once. The key never leaves the handshake's header: no text made here holds it.
"""

import logging
from collections.abc import Callable
from typing import NoReturn

from collectors.events import Channel, Notice
from collectors.exchanges import upbit_announcement
from collectors.exchanges.frames import BadFrame, FeedError
from collectors.exchanges.upbit_announcement import LISTINGS, PING_EVERY_S, WANTED
from collectors.exchanges.upbit_key import UpbitKey, bearer
from collectors.listings.market_monitor import Ear
from collectors.net.limits import Limits
from collectors.net.reconnect import backoff_s, opened
from collectors.net.socket import Connect, ConnectRefused, Socket, SocketError
from config.clock import Clock
from ops.process.lifetimes import running

log = logging.getLogger(__name__)

SERVICE = "upbit"
CONNECT_S = 10.0
ANSWER_S = 10.0  # how long a PING may go without any frame after it
RETRY_FIRST_S, RETRY_CAP_S = 0.5, 30.0
KEY_RETRY_S = 60.0  # a refused key is tried again this often: its owner may be mending it


class _Ended(Exception):
    """This connection is of no more use; the text says why and what helps."""


class UpbitAnnouncement:
    """`listen` never ends by itself. `nonce()` must give another text each time, `jitter()` a number in [0, 1)."""

    channel = Channel.UPBIT_ANNOUNCEMENT
    replays = Channel.UPBIT_NOTICES

    def __init__(
        self,
        url: str,
        key: UpbitKey,
        connect: Connect,
        clock: Clock,
        limits: Limits,
        replay_every_s: float,
        nonce: Callable[[], str],
        jitter: Callable[[], float],
    ) -> None:
        """`replay_every_s`: how often the site's list still needs to be read while we listen."""
        self.replay_every_s = replay_every_s
        self._url = url
        self._key = key
        self._connect = connect
        self._clock = clock
        self._limits = limits
        self._nonce = nonce
        self._jitter = jitter
        self._failures = 0

    async def listen(self, ear: Ear) -> NoReturn:
        """Tell `ear` of each notice, of each connection and of its loss; reconnect for ever, inside the limits."""
        while True:
            why = await self._one_connection(ear)
            self._failures += 1
            ear.lost(why)
            await self._clock.sleep(self._pause_s(why))

    async def _one_connection(self, ear: Ear) -> str:
        """From the handshake to the loss, and why it was lost."""
        try:
            socket = await self._open()
        except ConnectRefused as e:
            return upbit_announcement.refusal(e.status, e.body)
        except (SocketError, TimeoutError) as e:
            return str(e) or f"no connection within {CONNECT_S:g} s"
        ended: list[str] = []
        try:
            await _Conversation(socket, ear, self._clock, self._proven).hold()
        except* (SocketError, _Ended) as group:
            ended = [str(e) for e in group.exceptions]
        finally:
            await socket.close()
        return ended[0]

    async def _open(self) -> Socket:
        headers = {"Authorization": bearer(self._key, self._nonce())}
        return await opened(SERVICE, self._url, headers, self._connect, self._clock, self._limits, CONNECT_S)

    def _proven(self) -> None:
        self._failures = 0

    def _pause_s(self, why: str) -> float:
        """Grows with each failure; longer where only the owner can help."""
        if upbit_announcement.is_about_key(why):
            return backoff_s(1, KEY_RETRY_S, KEY_RETRY_S, self._jitter)
        return backoff_s(self._failures, RETRY_FIRST_S, RETRY_CAP_S, self._jitter)


class _Conversation:
    """One open socket: subscribe, prove it, stay alive, hand on what comes."""

    def __init__(self, socket: Socket, ear: Ear, clock: Clock, on_proven: Callable[[], None]) -> None:
        self._socket = socket
        self._ear = ear
        self._clock = clock
        self._on_proven = on_proven
        self._categories: tuple[str, ...] = WANTED
        self._heard_at = clock.monotonic()
        self._proven = False

    async def hold(self) -> None:
        """Until the connection is lost: raise SocketError or _Ended, alone or in a group."""
        await self._subscribe()
        async with running(self._keep_alive()):
            while True:
                frames = await self._socket.receive()
                self._heard_at = self._clock.monotonic()
                self._ear.alive()
                for frame in frames:
                    await self._take(frame)

    async def _subscribe(self) -> None:
        await self._socket.send(upbit_announcement.subscribe(self._categories, "radar"))

    async def _take(self, frame: bytes) -> None:
        try:
            event = upbit_announcement.decode(frame)
        except BadFrame as bad:
            self._ear.missed(f"{bad}: {bad.frame!r}")
            return
        if isinstance(event, FeedError):
            await self._refused(event)
            return
        if not self._proven:
            # Nothing acknowledges a subscription; an answer to what was sent after it, without an error, must do.
            self._proven = True
            self._on_proven()
            await self._ear.connected()
        if isinstance(event, Notice):
            await self._ear.noticed(event)

    async def _refused(self, error: FeedError) -> None:
        """A category that Upbit does not know (any more) must not cost the listings."""
        if error.name != "INVALID_PARAM" or self._categories == LISTINGS:
            raise _Ended(upbit_announcement.explained(error))
        log.warning("announcements of %s are refused: %s", ", ".join(self._categories), error.message)
        self._categories = LISTINGS
        await self._subscribe()

    async def _keep_alive(self) -> NoReturn:
        while True:
            asked = self._clock.monotonic()
            await self._socket.send("PING")
            await self._clock.sleep(ANSWER_S)
            if self._heard_at < asked:
                raise _Ended(f"no answer to PING within {ANSWER_S:g} s")
            await self._clock.sleep(PING_EVERY_S - ANSWER_S)
