"""How long a question inside the running daemon takes to its verdict, and whether its numbers follow from its facts.

`python -m scripts.bench_verdict FOLDER QUESTIONS`: simulator and daemon as processes of their own at speed 1, the seven
venues 20 to 200 ms away; prints one JSON line. Asked through `radar.sock`, so the answer's way back is counted as well.
"""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ops.radar_socket import ask
from scripts.bench_daemon import SECRETS

ROOT = Path(__file__).resolve().parents[1]
LATENCY_MS = {"binance": 20, "coinbase": 45, "okx": 70, "bitget": 95, "bybit": 120, "htx": 160, "gate": 200}
HANGING = "okx"
COINS = ("XRP", "SOL", "DOGE", "ADA")
PAUSE_S = 1.3  # a coin's questions stay inside what the venues allow
READY_S = 90.0
SETTLED_S = 10.0  # what follows a start, from libraries to the lists of seven venues, is no question's doing
HANGING_QUESTIONS = 6

Facts = Mapping[str, Mapping[str, Any]]


def post(url: str, path: str, body: Mapping[str, object]) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own simulator
        f"{url}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        answer.read()


async def question(socket: Path, coin: str) -> tuple[float, dict[str, Any]]:
    """Seconds until the verdict was here, and the verdict."""
    began = time.perf_counter()
    told = await ask(socket, "analyze", {"exchange": "upbit", "symbol": coin}, 30.0)
    took_s = time.perf_counter() - began
    if told is None:
        raise SystemExit("the daemon did not answer")
    verdict: dict[str, Any] = json.loads(told)
    return took_s, verdict


def silent(verdict: Mapping[str, Any]) -> list[str]:
    return [name for name in LATENCY_MS if str(verdict["facts"][f"{name}.answer"]["value"]).startswith("silent")]


async def until_ready(socket: Path) -> None:
    """Until every venue answers in time, its lists read and its connections made, and the start is over."""
    began = time.monotonic()
    while not socket.exists() or silent((await question(socket, COINS[0]))[1]):
        if time.monotonic() - began > READY_S:
            raise SystemExit("the venues did not all answer in time")
        await asyncio.sleep(PAUSE_S)
    await asyncio.sleep(SETTLED_S)


def recomputed(facts: Facts) -> Iterator[tuple[float, float]]:
    """(told, worked out here from other facts), as far as those are known; formulas of fx-and-tokens §2."""

    def of(name: str) -> float | None:
        value = facts[name]["value"] if name in facts else None
        return None if value is None else float(value)

    krw, ref, fx = of("korean_mid_krw"), of("reference_usdt"), of("fx_krw_per_usdt")
    bank, dollar = of("bank_krw_per_usd"), of("usdt_usd")
    if krw and ref and fx:
        yield of("excess_bps") or 0.0, (krw / (ref * fx) - 1) * 1e4
    if krw and ref and bank and dollar:
        yield of("premium_bps") or 0.0, (krw / (ref * dollar * bank) - 1) * 1e4
    if fx and bank and dollar:
        yield of("market_premium_bps") or 0.0, (fx / (bank * dollar) - 1) * 1e4
    sold, bought, executable = (
        *(of("route_korean_vwap_krw"), of("route_foreign_vwap_usdt"), of("route_executable_excess_bps")),
    )
    if sold and bought and fx and executable is not None:
        yield executable, (sold / (bought * fx) - 1) * 1e4
    parts = [of(name) for name in facts if name.startswith("cost.") and name != "cost.total_bps"]
    total, mid, net = of("cost.total_bps"), of("route_mid_excess_bps"), of("net_bps")
    if total is not None:
        yield total, sum(part for part in parts if part is not None)
    if net is not None and mid is not None and total is not None:
        yield net, mid - total
    used = str(facts["reference_usdt"]["source"]).removeprefix("VWAP of ").split(", ")
    weights = [(of(f"{venue}.mid_usdt"), of(f"{venue}.volume_24h_usdt")) for venue in used]
    known = [(price, volume) for price, volume in weights if price and volume]
    if ref and known and len(known) == len(used):
        yield ref, sum(price * volume for price, volume in known) / sum(volume for _, volume in known)


def worst_difference(verdicts: list[dict[str, Any]]) -> tuple[int, float]:
    """How many numbers were worked out again, and how far the worst was off; a ten-thousandth of a bp is rounding."""
    pairs = [pair for verdict in verdicts for pair in recomputed(verdict["facts"])]
    return len(pairs), max((abs(told - ours) for told, ours in pairs), default=float("inf"))


def share(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


async def measure(url: str, socket: Path, questions: int) -> dict[str, float]:
    await until_ready(socket)
    over_ms: list[float] = []
    verdicts: list[dict[str, Any]] = []
    hanging_s: list[float] = []
    named = 0
    for number in range(questions):
        took_s, verdict = await question(socket, COINS[number % len(COINS)])
        asked = [name for name in LATENCY_MS if verdict["facts"][f"{name}.answer"]["value"] != "not listed"]
        over_ms.append(took_s * 1000 - max(LATENCY_MS[name] for name in asked))
        verdicts.append(verdict)
        await asyncio.sleep(PAUSE_S)
    count, worst = worst_difference(verdicts)
    post(url, "/sim/fault", {"target": HANGING, "kind": "slow", "by_ms": 60_000, "for_s": 600})
    for number in range(HANGING_QUESTIONS):
        took_s, verdict = await question(socket, COINS[number % len(COINS)])
        hanging_s.append(took_s)
        named += silent(verdict) == [HANGING]
        await asyncio.sleep(PAUSE_S)
    return {
        "over_slowest_ms_p50": statistics.median(over_ms),
        "over_slowest_ms_p99": share(over_ms, 0.99),
        "questions": questions,
        "whole": sum(not silent(verdict) for verdict in verdicts) / questions,
        "hanging_s_max": max(hanging_s),
        "hanging_named": named / HANGING_QUESTIONS,
        "recomputed": count,
        "worst_difference_bps": worst,
    }


async def main(folder: Path, questions: int) -> None:
    simulator = subprocess.Popen(  # noqa: ASYNC220 - it lives as long as this program
        [sys.executable, "-m", "simulator", "--port", "0", "--markets", "60", "--rate", "100", "--speed", "1"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert simulator.stdout is not None
    url = json.loads(simulator.stdout.readline())["url"]
    away = {name: {"latency_ms": ms} for name, ms in LATENCY_MS.items()}
    post(url, "/sim/listing", {"exchange": "upbit", "base": "BENCHCOIN", "quotes": ["BTC"], "trading_in_s": 86_400,
                               "venues": away})  # fmt: skip
    data = folder / "verdict"
    daemon = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, ROOT / "collector_daemon.py", "--simulator", url, "--data", data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=os.environ | SECRETS,
    )
    try:
        print(json.dumps(await measure(url, data / "radar.sock", questions)))
    finally:
        for process in (daemon, simulator):
            process.terminate()
        for process in (daemon, simulator):
            process.wait(30)
        simulator.stdout.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2])))
