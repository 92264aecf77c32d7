"""The demo: starts the simulator and the daemon against it, and tells in plain words what happens.

The daemon gets keys that the simulator takes for real, so that everything is on, and ports of its own, so that it
disturbs no daemon that runs here. Run it through `scripts/demo`.
"""

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scripts.demo_tellers import (
    EXCHANGES,
    Story,
    Watched,
    summary,
    tell_candles,
    tell_feeds,
    tell_listings,
    tell_messages,
    tell_start,
)

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "data" / "demo"
PLACE = DATA.relative_to(ROOT)
SECRETS = {  # of the simulator only
    "TELEGRAM_BOT_TOKEN": "100000001:" + "DEMO" * 8 + "TOK",
    "TELEGRAM_CHAT_ID": "4242",
    "UPBIT_ACCESS_KEY": "SIM-ACCESS",
    "UPBIT_SECRET_KEY": "SIM-SECRET",
    **{f"{venue}_API_KEY": "SIM-READ-ONLY" for venue in ("BINANCE", "OKX", "BYBIT")},
    **{f"{venue}_API_SECRET": "SIM-SECRET" for venue in ("BINANCE", "OKX", "BYBIT")},
    "OKX_API_PASSPHRASE": "SIM-PHRASE",
}
SCENARIO = "demo"
START_DEADLINE_S = 60.0


class DemoFailed(Exception):
    """Something that the demo promises did not happen; the text says what."""


async def started(process: asyncio.subprocess.Process) -> str:
    """The first line of the simulator: where it listens."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), START_DEADLINE_S)
    if not line:
        raise DemoFailed("the simulator did not start; run `python -m simulator` to see why")
    return str(json.loads(line)["url"])


def own_config(port: int, language: str | None) -> Path:
    """The shipped configuration with a port of its own, health told more often, and the language asked for."""
    folder = DATA / "config"
    shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    radar = folder / "radar.yaml"
    text = re.sub(r"(?m)^( +port:) \d+", rf"\1 {port}", radar.read_text(encoding="utf-8"))
    if language is not None:
        text = re.sub(r"(?m)^language: \w+", f"language: {language}", text)
    if "\nhealth:" not in text:
        text += "\nhealth: {write_every_s: 5}\n"
    radar.write_text(text, encoding="utf-8")
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def tell_pages(story: Story, port: int) -> None:
    """Where to look: the page, if it answers."""
    address = f"http://127.0.0.1:{port}"
    try:
        with urllib.request.urlopen(address, timeout=5):
            story.tell(f"open the page: {address}")
    except OSError:
        story.tell(f"health and metrics answer at {address}/readyz and /metrics")


def staged() -> str:
    """What the scenario has in store, from the simulator's own script."""
    from simulator.world.scenarios import SCENARIOS

    (order,) = SCENARIOS[SCENARIO]
    return (
        f"staged: {order.exchange.capitalize()} announces {order.base} {order.announce_in_s:.0f} s after the "
        f"simulator's start, opens deposits at {order.deposits_in_s:.0f} s and trading at {order.trading_in_s:.0f} s"
    )


def judge(watched: Watched, messages: Sequence[dict[str, Any]], duration: float) -> list[str]:
    """What the run should have shown and did not."""
    missing = []
    for table in ("candles_1s", "candles_1m"):
        stored = {name for (name,) in watched.rows(f"SELECT DISTINCT exchange FROM v_{table}")}  # noqa: S608 - ours
        missing += [f"no row of {name} in {table}" for name in EXCHANGES if name not in stored]
    if duration < 30:
        return missing  # too short for the staged listing
    if not watched.rows("SELECT 1 FROM listings"):
        missing.append("the staged listing was not detected")
    if not any("신규 상장" in message["text"] or "NEW LISTING" in message["text"] for message in messages):
        missing.append("no alert of the listing reached Telegram")
    health = watched.health()
    if health is None or health["status"] != "green":
        missing.append(f"health is not green: {health and health['reasons']}")
    return missing


async def stop(process: asyncio.subprocess.Process) -> int:
    """End a process that we started, as its service manager would, and answer its exit code."""
    if process.returncode is None:
        process.terminate()
    return await asyncio.wait_for(process.wait(), 20)


async def tell(duration: float | None, language: str | None) -> int:
    story = Story()
    story.tell("the exchange simulator starts")
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir(parents=True)
    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    words = [sys.executable, "-m", "simulator", "--port", "0", "--scenario", SCENARIO]
    simulator = await asyncio.create_subprocess_exec(
        *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE, start_new_session=True
    )
    try:
        return await with_simulator(story, simulator, duration, language, interrupted)
    finally:
        await stop(simulator)


async def with_simulator(
    story: Story,
    simulator: asyncio.subprocess.Process,
    duration: float | None,
    language: str | None,
    interrupted: asyncio.Event,
) -> int:
    url = await started(simulator)
    story.tell(f"it plays Upbit, Bithumb, ten venues abroad and Telegram at {url}\n{staged()}")
    port = free_port()
    places = ["--simulator", url, "--data", str(DATA), "--config", str(own_config(port, language))]
    with (DATA / "daemon.log").open("wb") as log:
        daemon = await asyncio.create_subprocess_exec(
            *(sys.executable, "collector_daemon.py", *places),
            cwd=ROOT,
            env=os.environ | SECRETS,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    story.tell(f"the daemon starts; its log, database and health.json are in {PLACE}/")
    watched = Watched(DATA, url)
    try:
        await watch(story, watched, daemon, port, duration, interrupted)
        messages = watched.messages()
    finally:
        if daemon.returncode is None:
            story.tell("stopping: sockets, last seconds, last minute, alerts, writer")
        code = await stop(daemon)
    missing = judge(watched, messages, duration or 60) if duration else []
    story.tell(summary(watched, code, PLACE))
    for each in missing:
        story.tell(f"MISSING: {each}")
    return 1 if missing or code else 0


async def watch(
    story: Story,
    watched: Watched,
    daemon: asyncio.subprocess.Process,
    port: int,
    duration: float | None,
    interrupted: asyncio.Event,
) -> None:
    """Tell what happens until the time is over, Ctrl-C, or the daemon ends by itself."""

    def alive() -> bool:
        return daemon.returncode is None and not interrupted.is_set()

    ends = [asyncio.create_task(daemon.wait()), asyncio.create_task(interrupted.wait())]
    tellers = [tell_messages(story, watched), tell_listings(story, watched)]
    telling = [asyncio.create_task(teller) for teller in tellers]
    recorded = await tell_start(story, watched, alive, START_DEADLINE_S)
    left_s: float | None = 0.0
    if recorded:
        left_s = duration
        telling.append(asyncio.create_task(tell_candles(story, watched)))
        telling.append(asyncio.create_task(tell_feeds(story, watched)))
        await asyncio.to_thread(tell_pages, story, port)
    done, _ = await asyncio.wait([*ends, *telling], timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
    for task in (*ends, *telling):
        if task not in done:
            task.cancel()
    await asyncio.gather(*ends, *telling, return_exceptions=True)
    for task in done & set(telling):
        task.result()  # a teller only ends by failing: let it say why
    if not recorded and not interrupted.is_set():
        raise DemoFailed(f"nothing was recorded within {START_DEADLINE_S:.0f} s; see {PLACE}/daemon.log")
    if ends[0] in done:
        raise DemoFailed(f"the daemon ended by itself (exit code {daemon.returncode}); see {PLACE}/daemon.log")


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/demo", description="Simulator and daemon together, told in words.")
    parser.add_argument("--duration", type=float, metavar="S", help="stop S seconds after the first stored second")
    parser.add_argument("--language", choices=("ko", "en"), help="of the alerts; as configured (ko) unless told")
    asked = parser.parse_args()
    try:
        return asyncio.run(tell(asked.duration, asked.language))
    except DemoFailed as e:
        print(f"The demo failed: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
