"""Pictures of the page over a daemon that lives through two listings and a lost connection at a simulator.

Nothing is painted: what the pictures show, this run recorded. Run it through `scripts/screenshots`.
"""

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct
from PIL import Image

from scripts.bench_soak import own_config
from scripts.browser import Browser, BrowserError, browser
from scripts.demo_show import SECRETS, started, stop

ROOT = Path(__file__).resolve().parents[1]
DESK, PHONE = (1280, 960), (390, 844)
TRAVEL_RULE = ("binance", "bitget")  # from where coins may come, in this run: the shipped table says unknown
COLORS = 128  # of a picture: text on plain ground needs no more
START_S = 60.0
PATIENCE_S = 45.0
OPENS_S, RIVAL_OPENS_S = 60.0, 150.0  # of simulated time, from the first stored second
LOST_AFTER_S, LOST_FOR_S = 30.0, 8.0  # after the opening, the exchange's sockets are gone for a moment


class Shot(Struct, frozen=True):
    """One picture: `view` of the page, once `ready` holds; for `best` we are patient, and do without if need be."""

    name: str
    view: str
    ready: str
    size: tuple[int, int]
    dark: bool
    language: str = "ko"
    best: str = "true"


CHARTS = "document.querySelectorAll('.chart canvas').length >= 2"
CARDS = "document.querySelectorAll('.hero .card').length === 3"
OPEN_TRADE = "document.querySelector('.hero .good .figures') && !document.querySelector('.hero .unknown')"
SHOTS = (
    Shot("page-now", "now", CARDS, DESK, False, "en", OPEN_TRADE),
    Shot("page-listing-dark", "listing/1", CHARTS, DESK, True),
    Shot("page-premium", "premium/BTC", CHARTS, DESK, False),
    Shot("page-dominance-dark", "dominance", "document.querySelector('.bar')", DESK, True, "en"),
    Shot("page-phone-now-dark", "now", CARDS, PHONE, True, "ko", OPEN_TRADE),
    Shot("page-phone-listing", "listing/1", CHARTS, PHONE, False),
)


def listing(exchange: str, base: str, name: str, price: float, opens_s: float, premium_pct: float) -> Mapping[str, Any]:
    """A listing that is announced at once and trades `opens_s` later; coins can come from Binance and Bitget."""
    apart_bps = {"binance": 0, "okx": 4, "bybit": -3, "bitget": 2, "gate": 5}
    return {
        "exchange": exchange,
        "base": base,
        "name": name,
        "announce_in_s": 2.0,
        "deposits_in_s": opens_s / 2,
        "trading_in_s": opens_s,
        "premium_pct": premium_pct,
        "networks": ["SOL"],
        "venues": {venue: {"price": price * (1 + bps / 10_000)} for venue, bps in apart_bps.items()},
    }


async def pictures(minutes: float, speed: float, out: Path) -> None:
    words = ["--port", "0", "--markets", "60", "--rate", "60", "--speed", str(speed)]
    with tempfile.TemporaryDirectory(prefix="radar-screenshots-") as folder:
        simulator = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "simulator", *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        try:
            await over_daemon(await started(simulator), Path(folder), minutes * 60 / speed, speed, out)
        finally:
            await stop(simulator)


async def over_daemon(simulator: str, data: Path, lives_s: float, speed: float, out: Path) -> None:
    config = own_config(data / "config", port=0)
    matrix = config / "vasp_matrix.yaml"
    known = re.sub(rf"(?m)^(  (?:{'|'.join(TRAVEL_RULE)}): {{deposit:) unknown", r'\1 "yes"', matrix.read_text("utf-8"))
    matrix.write_text(known, "utf-8")
    words = ["collector_daemon.py", "--simulator", simulator, "--data", str(data), "--config", str(config)]
    with (data / "daemon.log").open("wb") as log:
        daemon = await asyncio.create_subprocess_exec(
            sys.executable, *words, cwd=ROOT, env=os.environ | SECRETS, stdout=log, stderr=log
        )
    try:
        page = await address(data / "health.json")
        print(f"the page is at {page}; {lives_s:.0f} s until its pictures", flush=True)
        await live_through(simulator, speed, lives_s)
        out.mkdir(exist_ok=True)
        async with browser() as chromium:
            for shot in SHOTS:
                await take(chromium, page, shot, out / f"{shot.name}.png")
    finally:
        await stop(daemon)


async def address(health: Path) -> str:
    """Where the page is, once the daemon records."""
    ends_s = time.monotonic() + START_S
    while time.monotonic() < ends_s:
        with suppress(FileNotFoundError, json.JSONDecodeError):
            told = json.loads(health.read_text(encoding="utf-8"))
            if told.get("page") and all(feed["last_trade_ms"] for feed in told["feeds"].values()):
                return str(told["page"])
        await asyncio.sleep(0.2)
    raise BrowserError(f"the daemon did not record within {START_S:.0f} s; see {health.parent / 'daemon.log'}")


async def live_through(simulator: str, speed: float, lives_s: float) -> None:
    """Two listings, and Upbit's sockets lost for a moment in the first minutes of the first."""
    began_s = time.monotonic()
    async with aiohttp.ClientSession(simulator) as session:
        orders = (
            listing("upbit", "HALLA", "한라", 1.27, OPENS_S, 41.0),
            listing("bithumb", "BORA7", "보라세븐", 0.318, RIVAL_OPENS_S, 17.0),
        )
        for order in orders:
            async with session.post("/sim/listing", json=order) as answer:
                answer.raise_for_status()
        await asyncio.sleep((OPENS_S + LOST_AFTER_S) / speed)
        fault = {"target": "upbit:public", "kind": "refuse", "for_s": LOST_FOR_S}
        for kind in ("refuse", "drop"):
            async with session.post("/sim/fault", json=fault | {"kind": kind}) as answer:
                answer.raise_for_status()
    await asyncio.sleep(max(0.0, lives_s - (time.monotonic() - began_s)))


async def take(chromium: Browser, page: str, shot: Shot, path: Path) -> None:
    tab = await chromium.tab()
    await tab.window(*shot.size, dark=shot.dark, phone=shot.size == PHONE)
    await tab.go(f"{page}/")
    await tab.run(f"localStorage.setItem('language', {shot.language!r})")
    await tab.go(f"{page}/?#/{shot.view}")
    await tab.until(shot.ready)
    with suppress(BrowserError):
        await tab.until(shot.best, PATIENCE_S)
    await asyncio.sleep(1.0)  # the charts are drawn in the next frames
    await tab.picture(path)
    if tab.complaints:
        raise BrowserError(f"{shot.view}: {tab.complaints}")
    Image.open(path).convert("RGB").quantize(COLORS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size // 1000} kB", flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description="Pictures of the page, made from a run.")
    parser.add_argument("--minutes", type=float, default=6.0, help="of simulated time before the pictures")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds in a real one")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    asked = parser.parse_args()
    try:
        asyncio.run(pictures(asked.minutes, asked.speed, asked.out))
    except BrowserError as e:
        print(f"The pictures failed: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
