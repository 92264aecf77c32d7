"""What every part stands on: settings, secrets, addresses, time, the one door out, and the wall between the zones."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from collectors.events import Exchange
from collectors.exchanges import bithumb_ws, upbit_ws
from collectors.feeds.feed import Feed
from collectors.net.http import HttpDoor
from collectors.net.limits import Limits
from collectors.net.socket import connector
from collectors.net.turns import Turns
from config.clock import Clock, LoopClock, SystemClock
from config.load import Secrets
from config.settings import Settings
from ops.process.endpoints import Endpoints, endpoints
from ops.process.head_start import HeadStart
from ops.process.lifetimes import restarting, running
from ops.process.simulated_time import follow, simulator_clock
from ops.watching import vitals
from store.writer import WriterGone

log = logging.getLogger("radar")

FEEDS: Mapping[Exchange, Feed] = {"upbit": upbit_ws.FEED, "bithumb": bithumb_ws.FEED}
USER_AGENT = f"korean-listing-radar/{vitals.VERSION}"


class Base:
    """Settings, secrets, addresses, time and the doors out; which exchanges are recorded.

    `connect` opens sockets that are read at once, `connect_in_turns` those that can wait for each other.
    """

    def __init__(self, data: Path, settings: Settings, secrets: Secrets, addresses: Endpoints, clock: Clock) -> None:
        self.data = data
        self.settings = settings
        self.secrets = secrets
        self.redact = secrets.redactor()
        self.addresses = addresses
        self.clock = clock
        self.limits = Limits(addresses.rates)
        self.door = HttpDoor(addresses.http, self.limits, clock, USER_AGENT, addresses.deadlines_s)
        library, turn_s = settings.radar.recording.socket_library, settings.radar.recording.turn_ms / 1000
        self.connect = connector(library)
        self.connect_in_turns = connector(library, Turns(turn_s / speed_of(clock)))
        self.telegram = bool(settings.features.telegram and secrets.complete("telegram_bot_token", "telegram_chat_ids"))
        self.exchanges = tuple(exchange for exchange in FEEDS if getattr(settings.features, f"record_{exchange}"))

    @property
    def database(self) -> Path:
        return self.data / "radar.db"


def speed_of(clock: Clock) -> float:
    """Seconds of this clock in a real one."""
    return clock.speed if isinstance(clock, LoopClock) else 1.0


@asynccontextmanager
async def base(data: Path, simulator: str | None, settings: Settings, secrets: Secrets) -> AsyncIterator[Base]:
    """The ground of a daemon or of a single question; follows the simulator's clock where one is named."""
    addresses = endpoints(settings, simulator, secrets.alert_webhook_url, secrets.deadman_url)
    async with AsyncExitStack() as stack:
        if simulator is None:
            ground = Base(data, settings, secrets, addresses, SystemClock())
        else:
            clock = await simulator_clock(simulator, USER_AGENT)
            ground = Base(data, settings, secrets, addresses, clock)
            await stack.enter_async_context(running(follow(simulator, clock, USER_AGENT)))
        stack.push_async_callback(ground.door.close)
        yield ground


class Bulkhead:
    """Keeps the judging zone from ending the recording one: crashes are logged, kept for health, and begun again.

    What is `after` begins once recording has had its head start, what is only `behind` at once.
    """

    def __init__(self, clock: Clock, head_start: HeadStart) -> None:
        self._clock = clock
        self._head_start = head_start
        self.crashes: dict[str, str] = {}

    def behind(self, name: str, make: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
        return restarting(name, make, self._clock, self._crashed)

    def after(self, name: str, make: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
        async def later() -> None:
            await self._head_start.over()
            await make()

        return self.behind(name, later)

    def every(self, seconds: float, name: str, do: Callable[[], Awaitable[None]]) -> Coroutine[Any, Any, None]:
        """`do` again and again, first after `seconds`."""

        async def repeat() -> None:
            while True:
                await self._clock.sleep(seconds)
                await do()

        return self.after(name, repeat)

    def _crashed(self, name: str, error: Exception) -> None:
        if isinstance(error, WriterGone):
            raise error  # storage is gone, and with it everything that recording promises
        log.error("%s crashed and starts again", name, exc_info=error)
        self.crashes[name] = f"{type(error).__name__}: {error}"
