"""A thousand alerts through the real outbox to the simulator's Telegram in a storm, and three `kill -9`.

`python -m scripts.bench_alerts FOLDER ALERTS SEED` prints the counts as JSON. The sender is a process of its own
(`… sender`): writer, outbox, python-telegram-bot and the one door, as in the daemon. Between it and Telegram stands a
line that is cut now and then, before a request has passed or after it was accepted; Telegram itself answers 429, 5xx or
pages of a proxy, or accepts and says nothing. An alert counts once it is committed, since then it was decided.

`first_sight_ms_…` are from a first sight's commit to Telegram's acceptance, with nothing else waiting and with 500
older messages waiting, at the true pace.
"""

import asyncio
import json
import random
import re
import signal
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing, suppress
from itertools import pairwise
from pathlib import Path

import aiohttp

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.notifiers.telegram import Telegram
from alerts.outbox import Outbox
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from config.clock import SimulatorClock
from config.settings import Alerting, Writing
from ops.process.lifetimes import running
from simulator.server import Served, served
from simulator.world.clock import RunningClock
from simulator.world.world import World
from store.tables.deliveries import add_alert, fresh
from store.writer import DatabaseWriter

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "100000001:" + "BENC" * 8 + "TOK"
CHATS = ("telegram:4242", "telegram:4343")
SPEED = 40.0  # simulated seconds in a real one: a thousand messages at one a second in half a minute
KILLS = 3
KEYS = 100
EVERY_S = 1.2  # simulated seconds between two alerts, a little slower than a chat takes them
LEVELS = (AlertLevel.MEDIUM, AlertLevel.HIGH, AlertLevel.CRITICAL)
CUT = 0.03  # of what passes the line, each way
FAULTS: Sequence[dict[str, object]] = (
    {"kind": "http_429", "retry_after_s": 3},
    {"kind": "http_5xx", "status": 500},
    {"kind": "http_5xx", "status": 502},
    {"kind": "http_html"},
    {"kind": "timeout_after_accept"},
)
DRAIN_S = 240.0  # real
WAITING = 500
TRIALS = 8
NUMBER = re.compile(r"^alert (\d+)")


def alert_of(number: int, seed: int, now_ms: int) -> Alert:
    """The same for a number whichever process makes it: a first sight for each key, then news of all levels."""
    first = number < KEYS
    level = AlertLevel.HIGH if first else random.Random(f"{seed}:{number}").choice(LEVELS)  # noqa: S311 - a storm, no secret
    kind = AlertKind.FIRST_SIGHT if first else AlertKind.VERDICT
    return Alert(f"upbit:C{number % KEYS}:1", kind, level, f"alert {number}", now_ms)


# --- the sender, in a process that may be killed ----------------------------------------------------------------------


@asynccontextmanager
async def sending(
    url: str, folder: Path, clock: SimulatorClock, alerting: Alerting
) -> AsyncIterator[tuple[Outbox, DatabaseWriter]]:
    base = {"telegram": f"{url}/telegram"}
    async with open_door(HttpDoor(base, Limits({}), clock, "bench", {"telegram": 15.0})) as door:
        with DatabaseWriter.open(folder / "radar.db", clock, Writing(batch_ms=1)) as writer:
            telegram = {"telegram": Telegram(TOKEN, door)}
            outbox = Outbox(writer, telegram, CHATS, clock, alerting, "en", random.random)
            async with running(outbox.run()):
                yield outbox, writer


async def tell(
    outbox: Outbox, writer: DatabaseWriter, clock: SimulatorClock, alert: Alert, targets: Sequence[str] = CHATS
) -> None:
    """Commit it and see it off, as the book does."""

    def work(db: sqlite3.Connection) -> int:
        return add_alert(db, alert, targets, clock.now_ms())

    alert_id = await writer.run(work, urgent=True)
    outbox.poke(await writer.run(lambda db: fresh(db, alert_id), urgent=True))


async def sender(url: str, simulator: str, folder: Path, alerts: int, seed: int) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{simulator}/sim/clock") as answer:
        told = await answer.json()
    clock = SimulatorClock(told["now_ms"], told["speed"])
    async with sending(url, folder, clock, Alerting(expire_after_s=1e6)) as (outbox, writer):
        count = await writer.run(lambda db: db.execute("SELECT COUNT(*) FROM alerts").fetchone()[0])
        for number in range(count, alerts):
            await tell(outbox, writer, clock, alert_of(number, seed, clock.now_ms()))
            await clock.sleep(EVERY_S)
        await asyncio.Event().wait()


# --- the storm --------------------------------------------------------------------------------------------------------


class Line:
    """A TCP line to the simulator that is cut now and then, either way."""

    def __init__(self, port: int, dice: random.Random) -> None:
        self._port = port
        self._dice = dice
        self.calm = False
        self.cuts = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward, back = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pass(reader, back))
                ways.create_task(self._pass(onward, writer))
        except* (ConnectionError, EOFError):
            pass
        finally:
            for end in (writer, back):
                end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while chunk := await source.read(65_536):
            if not self.calm and self._dice.random() < CUT:
                self.cuts += 1
                raise ConnectionResetError
            sink.write(chunk)
            await sink.drain()
        raise EOFError


async def weather(url: str, dice: random.Random) -> None:
    """One fault after another, with fair spells between; for ever."""
    async with aiohttp.ClientSession() as session:
        while True:
            await asyncio.sleep(dice.uniform(5.0, 40.0) / SPEED)
            fault = {"target": "telegram", "for_s": dice.uniform(2.0, 20.0), **dice.choice(FAULTS)}
            async with session.post(f"{url}/sim/fault", json=fault) as answer:
                answer.raise_for_status()


async def storm(folder: Path, alerts: int, seed: int) -> dict[str, float]:
    dice = random.Random(seed)  # noqa: S311 - a storm, no secret
    async with served(World(RunningClock(speed=SPEED), seed, 2, 1.0)) as simulator:
        line = Line(simulator.port, dice)
        server = await asyncio.start_server(line.carry, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        began = time.monotonic()
        trouble = asyncio.create_task(weather(simulator.url, dice))
        kills = sorted(dice.sample(range(alerts // 10, alerts), KILLS))
        for kill_at in [*kills, None]:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "scripts.bench_alerts", "sender", url, simulator.url),
                *(str(folder), str(alerts), str(seed)),
                cwd=ROOT,
            )
            if kill_at is not None:
                await until_stored(folder, kill_at, process)
                process.send_signal(signal.SIGKILL)
                await process.wait()
        await until_stored(folder, alerts, process)
        trouble.cancel()
        await asyncio.gather(trouble, return_exceptions=True)
        simulator.world.faults.clear()
        line.calm = True
        drained = await until_drained(folder, process)
        process.terminate()
        await process.wait()
        server.close()
        counts = await judged(simulator, folder, alerts, seed)
        return counts | {
            "cuts": line.cuts,
            "kills": KILLS,
            "drained": float(drained),
            "took_s": time.monotonic() - began,
        }


async def until_stored(folder: Path, count: int, process: asyncio.subprocess.Process) -> None:
    while stored(folder) < count:
        if process.returncode is not None:
            raise SystemExit(f"the sender ended by itself with {process.returncode}")
        await asyncio.sleep(0.02)


async def until_drained(folder: Path, process: asyncio.subprocess.Process) -> bool:
    """Whether nothing waits any more that will be sent."""
    waiting = (
        "SELECT COUNT(*) FROM deliveries AS d JOIN alerts AS a ON a.id = d.alert_id WHERE d.state = 'pending'"
        " OR (d.state = 'uncertain' AND (a.kind = 'first_sight' OR a.level >= 40))"
    )
    until = time.monotonic() + DRAIN_S
    while ask(folder, waiting) != 0:
        if process.returncode is not None or time.monotonic() > until:
            return False
        await asyncio.sleep(0.1)
    return True


def stored(folder: Path) -> int:
    with suppress(sqlite3.OperationalError):  # not there yet
        return ask(folder, "SELECT COUNT(*) FROM alerts")
    return 0


def ask(folder: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"{(folder / 'radar.db').as_uri()}?mode=ro", uri=True)) as connection:
        return int(connection.execute(sql).fetchone()[0])


async def judged(simulator: Served, folder: Path, alerts: int, seed: int) -> dict[str, float]:
    """What Telegram accepted, held against what was promised."""
    async with aiohttp.ClientSession() as session, session.get(f"{simulator.url}/sim/telegram") as answer:
        accepted = await answer.json()
    urgent = {number for number in range(alerts) if alert_of(number, seed, 0).level >= AlertLevel.HIGH}
    missing = unmarked = copies = marked = disorder = low_twice = arrived_low = 0
    for target in CHATS:
        chat = int(target.partition(":")[2])
        here = [
            (int(found[1]), "possible repeat" in each["text"])
            for each in accepted
            if each["chat_id"] == chat and (found := NUMBER.match(each["text"]))
        ]
        times = Counter(number for number, _ in here)
        missing += len(urgent - times.keys())
        unmarked += sum(count - 1 for count in Counter(n for n, repeat in here if not repeat).values())
        low_twice += sum(count > 1 for number, count in times.items() if number not in urgent)
        arrived_low += sum(number not in urgent for number in times)
        copies += len(here)
        marked += sum(repeat for _, repeat in here)
        for key in range(KEYS):
            order = [number for number, _ in here if number % KEYS == key]
            disorder += sum(later < earlier for earlier, later in pairwise(order))
    return {
        "alerts": alerts,
        "chats": len(CHATS),
        "urgent": len(urgent) * len(CHATS),
        "urgent_missing": missing,
        "lower": (alerts - len(urgent)) * len(CHATS),
        "lower_arrived": arrived_low,
        "lower_twice": low_twice,
        "copies": copies,
        "marked": marked,
        "unmarked_repeats": unmarked,
        "out_of_order": disorder,
        "uncertain_in_table": ask(folder, "SELECT COUNT(*) FROM deliveries WHERE state = 'uncertain'"),
    }


# --- a first sight among many -----------------------------------------------------------------------------------------


async def first_sights(folder: Path, waiting: int) -> list[float]:
    """Milliseconds from commit to acceptance of `TRIALS` first sights while `waiting` older messages wait."""
    took = []
    async with served(World(RunningClock(), 1, 2, 1.0)) as simulator:
        clock = SimulatorClock(simulator.world.clock.now_ms(), 1.0)
        async with sending(simulator.url, folder, clock, Alerting()) as (outbox, writer):
            for number in range(waiting):
                old = Alert(f"upbit:OLD{number}:1", AlertKind.VERDICT, AlertLevel.HIGH, "old", clock.now_ms())
                await tell(outbox, writer, clock, old, CHATS[:1])
            await clock.sleep(2.5)
            async with aiohttp.ClientSession() as session:
                for trial in range(TRIALS):
                    text = f"alert {trial}"
                    alert = Alert(f"upbit:NEW{trial}:1", AlertKind.FIRST_SIGHT, AlertLevel.HIGH, text, clock.now_ms())
                    began_ms = clock.now_ms()
                    await tell(outbox, writer, clock, alert, CHATS[:1])
                    took.append(await accepted_after(session, simulator.url, text) - began_ms)
                    await clock.sleep(1.6)
    return took


async def accepted_after(session: aiohttp.ClientSession, url: str, text: str) -> float:
    while True:
        async with session.get(f"{url}/sim/telegram") as answer:
            for each in await answer.json():
                if each["text"].startswith(text):
                    return float(each["received_ms"])
        await asyncio.sleep(0.02)


async def main() -> None:
    if sys.argv[1] == "sender":
        url, simulator = sys.argv[2:4]
        await sender(url, simulator, Path(sys.argv[4]), int(sys.argv[5]), int(sys.argv[6]))
        return
    folder, alerts, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    found: dict[str, float] = {}
    for name in ("storm", "alone", "among"):
        (folder / f"alerts-{name}").mkdir()
    found |= await storm(folder / "alerts-storm", alerts, seed)
    for name, waiting in (("alone", 0), ("among", WAITING)):
        took = sorted(await first_sights(folder / f"alerts-{name}", waiting))
        found |= {f"first_sight_ms_{name}_p50": took[len(took) // 2], f"first_sight_ms_{name}_max": took[-1]}
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main())
