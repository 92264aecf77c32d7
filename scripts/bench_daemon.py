"""What the whole daemon takes with 700 markets: CPU from import to its first subscription, memory, time to stop.

`python -m scripts.bench_daemon FOLDER SECONDS`: simulator and daemon as processes of their own, every feature on that
needs no account at a real exchange; prints one JSON line. Linux only: it reads /proc.
"""

import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARKETS = 700
RATE = 700  # trades a second over all markets
LOOK_S = 0.02
DEADLINE_S = 60.0
STARTS = 5
OURS = ("collector_daemon.py", "alerts", "analysis", "collectors", "config", "ops", "store", "web")
LOADED = (
    "collector_daemon",
    "collectors.net.session",
    "collectors.net.picows_socket",
    "alerts.notifiers.telegram",
    "ops.assembly.serving",
    "web.views",
)
PAGES = ("/upbit/v1/ticker/all?quote_currencies=KRW", "/bithumb/public/ticker/ALL_KRW")  # of every market
SECRETS = {"TELEGRAM_BOT_TOKEN": "100000001:" + "BENC" * 8 + "TOK", "TELEGRAM_CHAT_ID": "4242"}


def ask(url: str) -> dict[str, dict[str, dict[str, int]]] | None:
    """The simulator's state; None where it is too busy to say."""
    try:
        with urllib.request.urlopen(f"{url}/sim/state", timeout=1) as answer:  # noqa: S310 - our own simulator
            state: dict[str, dict[str, dict[str, int]]] = json.load(answer)
            return state
    except OSError:  # a time-out, of the connection or of the answer
        return None


def warm_up(url: str) -> None:
    """Have the simulator make up the past of every market, which an exchange has: it takes seconds, and holds up the
    first answers of everything."""
    for page in PAGES:
        urllib.request.urlopen(url + page, timeout=60).close()  # noqa: S310 - our own simulator


def hang_an_alert(url: str) -> None:
    """Leave the daemon with a first sight on its way to a Telegram that takes messages and never says so."""
    listing = {"exchange": "upbit", "base": "BENCHA", "quotes": ["KRW"], "announce_in_s": 0}
    for path, order in (
        ("/sim/fault", {"target": "telegram", "kind": "timeout_after_accept", "for_s": 60}),
        ("/sim/listing", listing | {"deposits_in_s": 600, "trading_in_s": 900, "premium_pct": 10, "networks": ["ETH"]}),
    ):
        request = urllib.request.Request(url + path, json.dumps(order).encode(), method="POST")  # noqa: S310
        urllib.request.urlopen(request, timeout=10).close()  # noqa: S310 - our own simulator
    began = time.monotonic()
    while not telegram_has(url, "BENCHA"):
        if time.monotonic() - began > DEADLINE_S:
            raise SystemExit("no alert is on its way")
        time.sleep(LOOK_S)


def telegram_has(url: str, word: str) -> bool:
    """Whether a message with this word was accepted, whatever the daemon was told of it."""
    with urllib.request.urlopen(f"{url}/sim/telegram", timeout=10) as answer:  # noqa: S310 - our own simulator
        return any(word in message["text"] for message in json.load(answer))


def stopped(daemon: subprocess.Popen[bytes]) -> float:
    """How long it takes to stop once SIGTERM asks for it."""
    began = time.monotonic()
    daemon.terminate()
    if (code := daemon.wait(60)) != 0:
        raise SystemExit(f"the daemon ended with {code}")
    return time.monotonic() - began


def frames_sent(url: str) -> int:
    services = (ask(url) or {}).get("services", {})
    return sum(services.get(name, {}).get("frames_sent", 0) for name in ("upbit", "bithumb"))


def cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def measure(folder: Path, seconds: float) -> dict[str, float]:
    """Five starts, of which the last one runs on. Bytecode is there, as after any first start."""
    environment = with_bytecode(folder)
    starts = []
    for number in range(STARTS):
        numbers = start(folder / f"daemon-{number}", seconds if number == STARTS - 1 else 0.0, environment)
        starts.append(numbers["start_cpu_s"])
    return numbers | {"start_cpu_s": statistics.median(starts)}


def with_bytecode(folder: Path) -> dict[str, str]:
    """The environment of a daemon that has started here before: compiling costs CPU, and memory that is not given back.

    Libraries are compiled as a first start leaves them, our own code whole.
    """
    environment = os.environ | SECRETS | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    whole = [sys.executable, "-m", "compileall", "-q", *OURS]
    for command in (whole, [sys.executable, "-c", f"import {', '.join(LOADED)}"]):
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return environment


def start(data: Path, seconds: float, environment: Mapping[str, str]) -> dict[str, float]:
    simulator = subprocess.Popen(
        [sys.executable, "-m", "simulator", "--port", "0", "--markets", str(MARKETS), "--rate", str(RATE)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert simulator.stdout is not None
    url = json.loads(simulator.stdout.readline())["url"]
    warm_up(url)
    daemon = subprocess.Popen(
        [sys.executable, ROOT / "collector_daemon.py", "--simulator", url, "--data", data],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=ROOT,
        env=environment,
    )
    try:
        began = time.monotonic()
        while frames_sent(url) == 0:
            if daemon.poll() is not None or time.monotonic() - began > DEADLINE_S:
                raise SystemExit(f"the daemon did not subscribe (exit code {daemon.poll()})")
            time.sleep(LOOK_S)
        start_cpu_s, started_mb = cpu_s(daemon.pid), resident_mb(daemon.pid)
        time.sleep(seconds)
        running_s, used_s, resident = time.monotonic() - began, cpu_s(daemon.pid), resident_mb(daemon.pid)
        if seconds:
            hang_an_alert(url)
        return {
            "stop_s": stopped(daemon),
            "start_cpu_s": start_cpu_s,
            "started_mb": started_mb,
            "daemon_mb": resident,
            "daemon_cpu_part": (used_s - start_cpu_s) / running_s,
        }
    finally:
        for process in (daemon, simulator):
            process.terminate()
        for process in (daemon, simulator):
            process.wait(60)
        simulator.stdout.close()


if __name__ == "__main__":
    print(json.dumps(measure(Path(sys.argv[1]), float(sys.argv[2]))))
