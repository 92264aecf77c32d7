"""A recording side in a process of its own, to be killed: arguments DB FROM_S RETENTION_S.

Time is simulated and passes as fast as the disk allows, one second after the other from FROM_S after START_MS. Every
market trades in every second, at a price that tells the second, so that whoever looks at the file knows what it should
hold. Every third second an alert is stored. What is done is told line by line: `alert N`, once that is committed, and
`second N`.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from alerts.alert import Alert, AlertKind, AlertLevel
from collectors.aggregator import Aggregator
from collectors.events import Market
from collectors.recorder import Recorder
from config.settings import Recording, Retention, Writing
from store import deliveries
from store.database import Connection
from store.writer import DatabaseWriter
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.recording import trade

MARKETS = [
    *(Market("upbit", f"C{n}", "KRW") for n in range(10)),
    *(Market("bithumb", f"C{n}", "KRW") for n in range(10)),
]


def price_at(second: int) -> float:
    return 100.0 + second % 50


def alert_at(second: int) -> Alert:
    return Alert(f"upbit:C{second}:1", AlertKind.FIRST_SIGHT, AlertLevel.CRITICAL, "news", START_MS + second * 1_000)


async def record(path: Path, from_s: int, retention_s: int) -> None:
    clock = FakeClock(START_MS + from_s * 1_000)
    with DatabaseWriter.open(path, clock, Writing(batch_ms=1)) as writer:
        recorder = Recorder(writer, clock, Recording(), ["upbit", "bithumb"])
        await recorder.start()
        aggregator = Aggregator(writer, recorder, clock, Retention(seconds_s=retention_s))
        await aggregator.heal()
        await recorder.expect(MARKETS)
        recorder.live(MARKETS, clock.now_ms())
        second = from_s
        while True:
            await clock.advance(1)
            for number, market in enumerate(MARKETS):
                at_ms = second * 1_000 + 500
                recorder.trade(trade(at_ms, price_at(second), trade_id=second * 100 + number, market=market))
            recorder.flush()
            if second % 3 == 0:
                await writer.run(partial(tell, second=second), urgent=True)
                say("alert", second)
            if await aggregator.roll():
                await aggregator.keep()
                await aggregator.purge()
            say("second", second)
            second += 1


def say(what: str, second: int) -> None:
    sys.stdout.write(f"{what} {second}\n")
    sys.stdout.flush()


def tell(connection: Connection, second: int) -> None:
    deliveries.add_alert(connection, alert_at(second), ["telegram:1"], START_MS + second * 1_000)


if __name__ == "__main__":
    asyncio.run(record(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
