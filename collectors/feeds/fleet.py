"""All connections of one exchange: how many, and which carries what as markets come and go."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import NoReturn

from collectors.events import Market
from collectors.feeds.robust_ws import Shard, ShardStatus
from collectors.feeds.sharding import spread
from config.clock import Clock
from ops.process.lifetimes import TaskGroup

DOUBT_S = 5.0


class Fleet:
    """All shards of one exchange. `run` it; `change_markets` at any time, also before."""

    def __init__(self, make_shard: Callable[[Sequence[Market]], Shard], codes_per_connection: int) -> None:
        self._make_shard = make_shard
        self._codes = codes_per_connection
        self._shards: list[Shard] = []
        self._grown = asyncio.Event()
        self._tasks: list[asyncio.Task[NoReturn]] = []

    @property
    def statuses(self) -> list[ShardStatus]:
        """One for each connection that has markets."""
        return [shard.status for shard in self._shards if shard.markets]

    @property
    def alive(self) -> bool:
        """Whether every connection that was started still has its task; what the network does plays no part.

        A task that was told to end ends with the daemon, and is no sign of anything.
        """
        return not any(task.done() and not task.cancelling() for task in self._tasks)

    def change_markets(self, wanted: Iterable[Market]) -> None:
        """Collect these from now on: nobody moves to another connection, newcomers go where there is room."""
        planned = spread([shard.markets for shard in self._shards], wanted, self._codes)
        for shard, markets in zip(self._shards, planned, strict=False):
            shard.change_markets(markets)
        for markets in planned[len(self._shards) :]:
            self._shards.append(self._make_shard(markets))
        self._grown.set()

    def doubt(self, markets: Iterable[Market]) -> None:
        """These are far quieter than usual: have the connections that carry them ask the exchange."""
        doubted = set(markets)
        for shard in self._shards:
            if doubted.intersection(shard.markets):
                shard.doubt()

    async def question(self, doubtful: Callable[[], Iterable[Market]], clock: Clock) -> NoReturn:
        """Ask after the markets that `doubtful` names, for ever."""
        while True:
            await clock.sleep(DOUBT_S)
            self.doubt(doubtful())

    async def run(self) -> NoReturn:
        """Run every shard, also those that come later, for ever. A bug in one ends all."""
        started = 0
        async with TaskGroup() as group:
            while True:
                self._grown.clear()
                for shard in self._shards[started:]:
                    self._tasks.append(group.create_task(shard.run()))
                started = len(self._shards)
                await self._grown.wait()
