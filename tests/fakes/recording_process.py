"""A steady recording side in a process of its own, to be killed: arguments DB FROM_S RETENTION_S.

What is done is told line by line: `alert N` once it is committed, `rolled N` before the purge that follows, `second N`.
"""

import asyncio
import sys
from pathlib import Path

from tests.fakes.steady import Steady


async def record(path: Path, from_s: int, retention_s: int) -> None:
    steady = Steady(path, from_s, retention_s)
    with steady.writer:
        await steady.begin()
        while True:
            second = steady.second
            await steady.tick()
            if second % 3 == 0:
                await steady.tell(second)
                say("alert", second)
            if await steady.aggregator.roll():
                await steady.aggregator.keep()
                say("rolled", second)
                await steady.aggregator.purge()
            say("second", second)


def say(what: str, second: int) -> None:
    sys.stdout.write(f"{what} {second}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
