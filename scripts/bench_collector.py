"""One measurement of this collector, in a process of its own: from the socket to the stored candle.

`python -m scripts.bench_collector URL MARKETS DATABASE LIBRARY`: collects until the sender closes, stores all, and
prints one JSON line. The sockets are opened by LIBRARY and read in turns, as the daemon does. `done` is on the
monotonic clock, taken when the writer has committed all and is closed; `cpu_s` counts from the first connection on;
`stored` is what the database holds then.
"""

import asyncio
import importlib
import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from collectors.events import GapCause, Market
from collectors.exchanges import upbit_ws
from collectors.feeds.fleet import Fleet
from collectors.feeds.robust_ws import Pace, Shard
from collectors.net.limits import Limits
from collectors.net.socket import Library, connector
from collectors.net.turns import Turns
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from config.clock import SystemClock
from config.settings import Recording, Retention, Writing
from ops.process.garbage import search_seldom
from ops.process.lifetimes import running
from store.database import connect
from store.writer import SWITCH_S, DatabaseWriter

CODES_PER_CONNECTION = Recording().codes_per_connection


class Ending(Recorder):
    """A recorder that says when its connections have ended."""

    def __init__(self, writer: DatabaseWriter, clock: SystemClock) -> None:
        super().__init__(writer, clock, Recording(), ["upbit"])
        self.ended = asyncio.Event()
        self.left = 0

    def lost(self, markets: Sequence[Market], from_ms: int, cause: GapCause) -> None:
        super().lost(markets, from_ms, cause)
        self.left -= len(markets)
        if self.left <= 0:
            self.ended.set()


async def measure(url: str, markets: Sequence[Market], path: Path, library: Library) -> dict[str, float]:
    clock = SystemClock()
    importlib.import_module(f"collectors.net.{library}_socket")  # before the clock runs, as the peers are
    opened = connector(library, Turns(Recording().turn_ms / 1000))
    connections = -(-len(markets) // CODES_PER_CONNECTION)
    with DatabaseWriter.open(path, clock, Writing()) as writer:
        recorder = Ending(writer, clock)
        recorder.left = len(markets)
        await recorder.start()
        await recorder.expect(markets)
        aggregator = Aggregator(writer, recorder, clock, Retention())
        pace, limits = Pace(silent_s=30.0), Limits({})

        def shard(part: Sequence[Market]) -> Shard:
            return Shard(
                upbit_ws.FEED,
                f"{url}&connections={connections}",
                part,
                opened,
                recorder,
                clock,
                limits,
                pace,
                lambda: 0.0,
            )

        fleet = Fleet(shard, CODES_PER_CONNECTION)
        fleet.change_markets(markets)
        cpu_s = time.process_time()
        async with running(recorder.run(), aggregator.every_minute(), fleet.run()):
            await recorder.ended.wait()
        recorder.close()
    return {"done": time.monotonic(), "cpu_s": time.process_time() - cpu_s, "stored": _stored(path)}


def _stored(path: Path) -> int:
    with closing(connect(path)) as connection:
        return int(connection.execute("SELECT COALESCE(SUM(trades), 0) FROM candles_1s").fetchone()[0])


def main() -> None:
    url, count, path, name = sys.argv[1:]
    library: Library = "picows" if name == "picows" else "websockets"
    sys.setswitchinterval(SWITCH_S)  # these two as the daemon does
    search_seldom()
    markets = [Market("upbit", f"C{number}", "KRW") for number in range(int(count))]
    print(json.dumps(asyncio.run(measure(url, markets, Path(path), library))))


if __name__ == "__main__":
    main()
