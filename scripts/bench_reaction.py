"""From a listing's byte to the request at Telegram, in a process of its own, with 700 markets streaming beside it.

`python -m scripts.bench_reaction ours|control LOAD_URL ANNOUNCER_URL TELEGRAM_URL FOLDER` runs until it is ended. Ours
is the daemon's own path, put together as it does: announcement socket, parser, book, writer, outbox, Telegram,
beside the recorder with its sockets, buckets and commits. The control is the least that could do the same: the same
sockets read and thrown away, one SQLite commit that survives a power cut, one POST.
"""

import asyncio
import json
import random
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

import aiohttp

from alerts.lifeline import Lifeline
from alerts.notifiers.telegram import Telegram
from alerts.outbox import Outbox
from collectors.channels.upbit_announcement import UpbitAnnouncement
from collectors.channels.upbit_notices import UpbitNotices
from collectors.events import Market
from collectors.exchanges import upbit_ws
from collectors.exchanges.upbit_key import UpbitKey
from collectors.feeds.fleet import Fleet
from collectors.feeds.robust_ws import Pace, Shard
from collectors.listings.listing_book import ListingBook
from collectors.listings.market_monitor import MarketMonitor
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from collectors.net.socket import connector
from collectors.net.turns import Turns
from collectors.recording.aggregator import Aggregator
from collectors.recording.recorder import Recorder
from config.clock import SystemClock
from config.settings import Alerting, Recording, Retention, Writing
from ops.assembly.channels import nonce
from ops.process.lifetimes import running
from store.writer import SWITCH_S, DatabaseWriter

MARKETS = 700
TOKEN = "100000001:" + "BENC" * 8 + "TOK"
CHAT = "4242"
CODES_PER_CONNECTION = Recording().codes_per_connection
CONNECTIONS = -(-MARKETS // CODES_PER_CONNECTION)
FAST = Alerting(chat_per_s=1_000.0, overall_per_s=1_000.0)  # the pace that Telegram wants is not what is measured


class Accepting:
    def offer(self, listing: object) -> bool:  # noqa: ARG002 - nobody judges here
        return True


def markets() -> list[Market]:
    return [Market("upbit", f"C{number}", "KRW") for number in range(MARKETS)]


async def ours(load: str, announcer: str, telegram: str, folder: Path) -> None:
    clock, limits = SystemClock(), Limits({})
    bases = {"telegram": telegram, "upbit_site": telegram}
    async with open_door(HttpDoor(bases, limits, clock, "radar/bench")) as door:
        with DatabaseWriter.open(folder / "ours.db", clock, Writing()) as writer:
            targets = [f"telegram:{CHAT}"]
            outbox = Outbox(writer, {"telegram": Telegram(TOKEN, door)}, targets, clock, FAST, "ko", random.random)
            recorder = Recorder(writer, clock, Recording(), ["upbit"])
            await recorder.start()
            await recorder.expect(markets())
            aggregator = Aggregator(writer, recorder, clock, Retention())
            connect = connector("picows", Turns(Recording().turn_ms / 1_000))

            def shard(part: Sequence[Market]) -> Shard:
                pace = Pace(silent_s=30.0)
                return Shard(upbit_ws.FEED, load, part, connect, recorder, clock, limits, pace, random.random)

            fleet = Fleet(shard, CODES_PER_CONNECTION)
            fleet.change_markets(markets())
            book = ListingBook(
                Lifeline(writer, lambda: False, {}, (), clock, "ko"), clock, "ko", targets, 24.0, 10, outbox.poke
            )
            await book.load()
            push = UpbitAnnouncement(
                announcer, UpbitKey("a", "s"), connector("websockets"), clock, limits, 60.0, nonce, random.random
            )
            site = UpbitNotices(door, clock, 5.0)
            monitor = MarketMonitor([site], [], book, Accepting(), clock, lambda _: None, pushes=[push])
            async with running(recorder.run(), aggregator.every_minute(), fleet.run(), outbox.run(), monitor.run()):
                await asyncio.Event().wait()


async def control(load: str, announcer: str, telegram: str, folder: Path) -> None:
    connect = connector("picows")
    database = sqlite3.connect(folder / "control.db", isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE IF NOT EXISTS news (at REAL, text TEXT)")

    async def stream() -> None:
        socket = await connect(load, {})
        codes = [market.code for market in markets()]
        await socket.send(json.dumps([{"ticket": "x"}, {"type": "trade", "codes": codes}, {"format": "SIMPLE"}]))
        while True:
            await socket.receive()

    async def listen(session: aiohttp.ClientSession) -> None:
        socket = await connect(announcer, {})
        await socket.send('[{"ticket":"x"},{"type":"announcement"}]')
        await socket.send("PING")
        while True:
            for frame in await socket.receive():
                if b'"title"' not in frame:
                    continue
                title = json.loads(frame)["title"]
                database.execute("INSERT INTO news VALUES (1.0, ?)", (title,))
                form = urlencode({"chat_id": CHAT, "text": title}).encode()
                async with session.post(f"{telegram}/bot{TOKEN}/sendMessage", data=form) as answer:
                    await answer.read()

    async with aiohttp.ClientSession() as session, running(listen(session), *(stream() for _ in range(CONNECTIONS))):
        await asyncio.Event().wait()


def main() -> None:
    subject, load, announcer, telegram, folder = sys.argv[1:]
    run = {"ours": ours, "control": control}[subject]
    sys.setswitchinterval(SWITCH_S)  # as the daemon does
    asyncio.run(run(load, announcer, telegram, Path(folder)))


if __name__ == "__main__":
    main()
