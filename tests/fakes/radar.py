"""The listing side of the daemon, in this process, against a simulator: real channels, real sockets, a real database.

Time is the simulator's, which is the loop's: let the test be marked `leaping`. Waiting always ends, on its condition or
at a deadline.
"""

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from pathlib import Path

from collectors.channels.bithumb_assets import BithumbAssets
from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.bithumb_notices import BithumbNotices
from collectors.channels.bithumb_ticker_all import BithumbTickerAll
from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.channels.upbit_notices import UpbitNotices
from collectors.channels.upbit_ticker_all import UpbitTickerAll
from collectors.events import Listing
from collectors.exchanges import upbit_announcement
from collectors.exchanges.upbit_key import UpbitKey
from collectors.listings.byte_budget import ByteBudget
from collectors.listings.listing_book import ListingBook
from collectors.listings.market_monitor import MarketMonitor
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from collectors.net.socket import connector
from config.clock import Clock, SimulatorClock
from config.settings import Writing
from ops.process.lifetimes import running
from ops.watching.readings import ChannelReading
from store.writer import DatabaseWriter
from tests.fakes.blank import blank
from tests.fakes.outbox import lifeline
from tests.fakes.simulator import SimulatorHandle

DEADLINE_S = 600.0
LOOK_S = 0.2
RATES: Mapping[str, Mapping[str, float]] = {
    "upbit": {"market": 8, "ticker": 8, "connect": 5},
    "upbit_site": {"default": 0.33},
    "bithumb": {"market": 20, "ticker": 20, "assets": 2, "notices": 1},
}
KEY = UpbitKey("SIM-ACCESS", "SIM-SECRET")


class Accepting:
    """A gate that takes every listing and judges none."""

    def offer(self, listing: Listing) -> bool:
        return True


class Radar:
    """`monitor` runs; `rows` reads its database; `until` waits."""

    def __init__(self, path: Path, clock: Clock, limits: Limits, monitor: MarketMonitor, book: ListingBook) -> None:
        self.path = path
        self.clock = clock
        self.limits = limits
        self.monitor = monitor
        self.book = book

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(sql).fetchall()

    def first_sights(self) -> list[str]:
        return [str(key) for (key,) in self.rows("SELECT key FROM alerts WHERE kind = 'first_sight' ORDER BY id")]

    def channel(self, name: str) -> ChannelReading:
        return self.monitor.readings()[name]

    async def until(self, what: str, condition: Callable[[], bool]) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + DEADLINE_S
        while not condition():
            assert loop.time() < deadline, f"it never happened: {what}"
            await asyncio.sleep(LOOK_S)

    async def all_up(self) -> None:
        await self.until(
            "every channel is up", lambda: all(each.state == "up" for each in self.monitor.readings().values())
        )

    async def quiet(self, seconds: float) -> None:
        """Let simulated time pass."""
        await self.clock.sleep(seconds)


@asynccontextmanager
async def watching(simulator: SimulatorHandle, folder: Path, key: bool = True) -> AsyncIterator[Radar]:
    """A radar that begins now; its baseline is taken when `all_up` answers."""
    clock = SimulatorClock(simulator.world.clock.now_ms(), 1.0, asyncio.get_running_loop().time)
    limits = Limits(RATES)
    bases = {"upbit": "/upbit", "upbit_site": "/upbit-site", "bithumb": "/bithumb"}
    urls = {service: simulator.url + prefix for service, prefix in bases.items()}
    path = folder / "radar.db"
    nonces = (f"nonce-{n}" for n in itertools.count())
    async with open_door(HttpDoor(urls, limits, clock, "radar/test", dict.fromkeys(urls, 2.0))) as door:
        with DatabaseWriter.open(blank(path), clock, Writing(batch_ms=1)) as writer:
            book = ListingBook(lifeline(writer, clock), clock, "en", ["telegram:1"], 24.0, 10, lambda fresh: None)
            await book.load()
            socket = "ws" + simulator.url.removeprefix("http") + "/upbit" + upbit_announcement.PATH
            pushes = (
                [
                    UpbitAnnouncement(
                        socket, KEY, connector("websockets"), clock, limits, 60.0, lambda: next(nonces), lambda: 0.5
                    )
                ]
                if key
                else []
            )
            budgets = [ByteBudget(800e6) for _ in range(4)]
            monitor = MarketMonitor(
                [UpbitNotices(door, clock, 5.0), BithumbNotices(door, clock, 1.0)],
                [
                    UpbitMarketList(door, clock, 1.0, budgets[0]),
                    UpbitTickerAll(door, clock, 1.0, budgets[1]),
                    BithumbMarketList(door, clock, 1.0, budgets[2]),
                    BithumbTickerAll(door, clock, 1.0, budgets[3]),
                ],
                book,
                Accepting(),
                clock,
                lambda markets: None,
                pushes=pushes,
                assets=[BithumbAssets(door, clock, 5.0)],
            )
            async with running(monitor.run()):
                yield Radar(path, clock, limits, monitor, book)
