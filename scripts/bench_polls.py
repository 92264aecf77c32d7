"""What it costs to look at pages that have not changed, in a process of its own.

`python -m scripts.bench_polls URL LOOKS`: through the daemon's own door and channels, ten looks a second over the four
kinds of small pages, then at the two pages of all tickers; prints one JSON line: CPU of a look in ms by kind of answer.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Sequence

from collectors.channels.bithumb_assets import BithumbAssets
from collectors.channels.bithumb_market_list import BithumbMarketList
from collectors.channels.bithumb_notices import BithumbNotices
from collectors.channels.bithumb_ticker_all import BithumbTickerAll
from collectors.channels.upbit_market_list import UpbitMarketList
from collectors.channels.upbit_notices import UpbitNotices
from collectors.channels.upbit_ticker_all import UpbitTickerAll
from collectors.net.http import HttpDoor
from collectors.net.limits import Limits
from config.clock import SystemClock

EVERY_S = 0.1

Look = Callable[[], Awaitable[object]]


async def cpu_ms(looks: Sequence[Look], times: int) -> float:
    """CPU of one look, one every `EVERY_S`, each page in turn; the first look at each is not counted."""
    for look in looks:
        await look()
    cpu_s = time.process_time()
    for n in range(times):
        await looks[n % len(looks)]()
        await asyncio.sleep(EVERY_S)
    return (time.process_time() - cpu_s) / times * 1e3


async def idle_ms(times: int) -> float:
    """CPU of the same loop without any look."""
    cpu_s = time.process_time()
    for _ in range(times):
        await asyncio.sleep(EVERY_S)
    return (time.process_time() - cpu_s) / times * 1e3


async def measure(url: str, times: int) -> dict[str, float]:
    clock = SystemClock()
    found = {"idle": await idle_ms(times)}
    for name, base in (("equal", url), ("etag", f"{url}/etag")):
        door = HttpDoor(dict.fromkeys(("upbit", "upbit_site", "bithumb"), base), Limits({}), clock, "radar/bench")
        small: list[Look] = [
            UpbitMarketList(door, clock, 1.0).look,
            BithumbMarketList(door, clock, 1.0).look,
            BithumbNotices(door, clock, 1.0).look,
            UpbitNotices(door, clock, 1.0).look,
            BithumbAssets(door, clock, 1.0).look,
        ]
        found[name] = await cpu_ms(small, times)
        if name == "equal":
            tickers: list[Look] = [UpbitTickerAll(door, clock, 1.0).look, BithumbTickerAll(door, clock, 1.0).look]
            found["tickers"] = await cpu_ms(tickers, times // 2)
        await door.close()
    return found


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(sys.argv[1], int(sys.argv[2])))))
