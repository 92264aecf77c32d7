"""What is happening, pushed to every open page as server-sent events: one producer for all of them.

Nothing is produced while nobody listens. Each listener has one place for the newest state: who reads slowly misses
states, never delays another, and is dropped when a write does not end in time.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from config.clock import Clock
from store.questions import NoAnswer

log = logging.getLogger(__name__)

EVERY_S = 2.0  # of the daemon's clock
LISTENERS_MAX = 16
WRITE_S = 10.0  # of real time
HEADERS = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


class _Listener:
    """One open page; `newest` is what it has not been sent yet."""

    def __init__(self) -> None:
        self.newest: bytes | None = None
        self.over = False
        self.woken = asyncio.Event()

    def give(self, event: bytes) -> None:
        self.newest = event
        self.woken.set()

    def end(self) -> None:
        self.over = True
        self.woken.set()


class Live:
    """`produce()` gives the state as JSON on one line; `run()` is the producer, `stream` the handler of the route."""

    def __init__(
        self,
        produce: Callable[[], Awaitable[bytes]],
        clock: Clock,
        every_s: float = EVERY_S,
        listeners_max: int = LISTENERS_MAX,
        write_s: float = WRITE_S,
    ) -> None:
        self._produce = produce
        self._clock = clock
        self._every_s = every_s
        self._listeners_max = listeners_max
        self._write_s = write_s
        self._listeners: set[_Listener] = set()
        self._wanted = asyncio.Event()

    @property
    def listeners(self) -> int:
        return len(self._listeners)

    async def run(self) -> None:
        """For ever; asleep while nobody listens. When it ends, every stream ends: a stop waits for no page."""
        try:
            await self._feed()
        finally:
            for listener in self._listeners:
                listener.end()

    async def _feed(self) -> None:
        """A state that cannot be read is left out: the next may be."""
        while True:
            await self._wanted.wait()
            try:
                event = b"event: now\ndata: " + await self._produce() + b"\n\n"
            except NoAnswer as e:
                log.warning("the page has no new state: %s", e)
                event = b": no state\n\n"
            for listener in self._listeners:
                listener.give(event)
            await self._clock.sleep(self._every_s)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """One listener until it leaves; 503 where there are too many."""
        if self.listeners >= self._listeners_max:
            return web.Response(status=503, headers={"Retry-After": "30"}, text="too many pages are open\n")
        listener = _Listener()
        self._listeners.add(listener)
        self._wanted.set()
        try:
            answer = web.StreamResponse(headers=HEADERS)
            await answer.prepare(request)
            await self._pass_on(listener, answer)
        except (ConnectionError, TimeoutError):
            if request.transport is not None:
                request.transport.abort()
        finally:
            self._listeners.discard(listener)
            if not self._listeners:
                self._wanted.clear()
        return answer

    async def _pass_on(self, listener: _Listener, answer: web.StreamResponse) -> None:
        while not listener.over:
            await listener.woken.wait()
            listener.woken.clear()
            event, listener.newest = listener.newest, None
            if event is not None:
                async with asyncio.timeout(self._write_s):
                    await answer.write(event)
