"""No secret leaves, whatever goes wrong: a live configuration against services that fail and repeat what they are sent.

Every file, log, table, page, answer and message of the run is searched for every secret, also for its parts and for the
forms in which a URL, a signature's header or JSON would carry it.
"""

import asyncio
import base64
import re
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp

from config.secrets import ENVIRONMENT
from tests.end_to_end.outside import ROOT, environment, own_config
from tests.end_to_end.pair import DAEMON
from tests.fakes.echo import echoing
from tests.fakes.simulator import SimulatorHandle, running_simulator

MARK = "5ecret7Mark"
CHATS = "777001,-100200300"
DEADLINE_S = 60.0
RECORDED = ("upbit", "bithumb")  # these answer; everybody else repeats
PAGES = (
    *("/healthz", "/readyz", "/metrics", "/", "/nonsense", "/api/now", "/api/listings?last=50", "/api/listings/1"),
    *("/api/coins", "/api/dominance", "/api/latency?last=9", "/api/premium?hours=1&coin=%3Cb%3E", "/login"),
)
QUESTIONS = ("doctor", "analyze?symbol=NUNAL&exchange=upbit", "analyze?symbol=%3Cb%3E&exchange=krx")
COMMANDS = (("check-config",),)
ASKED = {"telegram": 3, "binance": 2, "okx": 2, "bybit": 2}  # at the least, of each that is sent a secret


def secrets(echo: str) -> dict[str, str]:
    """Every secret that there is, each with a part that is found nowhere else."""
    values = {name: f"{name.lower()}+/{MARK}=A{n}x" for n, name in enumerate(ENVIRONMENT.values())}
    values["TELEGRAM_BOT_TOKEN"] = f"100000001:{MARK}TelegramTokenOfThirtyFiveLetters"
    values["TELEGRAM_CHAT_ID"] = CHATS  # addresses, no secrets: they stand in `deliveries.target`
    values["ALERT_WEBHOOK_URL"] = f"{echo}/hook/{MARK}Webhook?key={MARK}Query"
    values["DEADMAN_URL"] = f"{echo}/ping/{MARK}Deadman"
    return values


def traces() -> list[bytes]:
    """What must be found nowhere: the mark that every secret holds, plain, and inside base64 at any of its offsets."""
    raw = MARK.encode()
    return [raw, *(base64.b64encode(raw[skip : skip + 9]) for skip in range(3))]


def leaks(where: str, content: bytes) -> list[str]:
    """Where a trace was found, with what stands around it."""
    found = []
    for trace in traces():
        at = content.find(trace)
        if at >= 0:
            found.append(f"{where}: …{content[max(0, at - 120) : at + 60]!r}")
    return found


def live_config(folder: Path, simulator: str, echo: str) -> Path:
    """The shipped addresses, moved here: the live way through the code, without `--simulator`."""
    own_config(folder)
    text = (folder / "exchanges.yaml").read_text(encoding="utf-8")
    services = re.split(r"(?m)^(?=[a-z_]+:$)", text)
    moved = []
    for service in services:
        name = service.partition(":")[0]
        path = re.search(r"(?m)^  simulator_path: (\S+)$", service)
        if path is None:
            moved.append(service)
            continue
        root = simulator if name in RECORDED else echo
        service = re.sub(r"(?m)^  base_url: .*$", f"  base_url: {root}{path[1]}", service)
        moved.append(re.sub(r"(?m)^  socket_url: .*$", f"  socket_url: ws{root[4:]}{path[1]}", service))
    (folder / "exchanges.yaml").write_text("".join(moved), encoding="utf-8")
    radar = folder / "radar.yaml"
    radar.write_text(radar.read_text(encoding="utf-8").replace("log_level: info", "log_level: debug"), encoding="utf-8")
    return folder


@asynccontextmanager
async def daemon(
    data: Path, config: Path, log: Path, secret: Mapping[str, str]
) -> AsyncIterator[asyncio.subprocess.Process]:
    with log.open("wb") as out:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, DAEMON, "--data", data, "--config", config),
            cwd=ROOT, env=environment(secret), stdout=out, stderr=out,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def until(true: Callable[[], bool], process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            assert process.returncode is None
            await asyncio.sleep(0.1)


def rows(sql: str, data: Path) -> list[object]:
    try:
        with closing(sqlite3.connect(f"file:{data}/radar.db?mode=ro", uri=True)) as connection:
            return connection.execute(sql).fetchall()
    except sqlite3.OperationalError:  # not made yet
        return []


async def pages(data: Path, log: Path, token: str) -> dict[str, bytes]:
    """What the daemon says over TCP, with the token and without, and over its own socket."""
    found: dict[str, bytes] = {}
    told = re.search(r"metrics and health at (\S+)", log.read_text())
    assert told is not None
    async with aiohttp.ClientSession() as session:
        for page in PAGES:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Bearer {token}"}):
                async with session.get(told[1] + page, headers=headers) as answer:
                    found[f"{page} {answer.status}"] = await answer.read() + repr(answer.headers).encode()
    async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(str(data / "radar.sock"))) as session:
        for question in QUESTIONS:
            async with session.get(f"http://radar/{question}") as answer:
                found[f"{question} {answer.status}"] = await answer.read()
    return found


async def output(words: Sequence[str], data: Path, config: Path, secret: Mapping[str, str]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, DAEMON), *words, *("--data", data, "--config", config),
        cwd=ROOT, env=environment(secret), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return said


async def test_no_secret_leaves_a_run_in_which_everything_fails_and_repeats_it(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "log"
    async with running_simulator() as simulator, echoing() as echo:
        secret = secrets(echo.url)
        config = live_config(tmp_path / "config", simulator.url, echo.url)
        async with daemon(data, config, log, secret) as process:
            await until(lambda: bool(rows("SELECT 1 FROM candles_1s", data)), process)
            await list_coin(simulator)
            await until(lambda: all(echo.requests[name] >= n for name, n in ASKED.items()), process)
            await until(lambda: bool(rows("SELECT 1 FROM decisions", data)), process)
            seen = await pages(data, log, secret["WEB_TOKEN"])
            process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(process.wait(), DEADLINE_S) == 0
        outputs = await asyncio.gather(*(output(words, data, config, secret) for words in COMMANDS))
    seen |= {" ".join(words): said for words, said in zip(COMMANDS, outputs, strict=True)}
    seen |= {str(path.relative_to(tmp_path)): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "data/health.json" in seen
    assert [leak for where, content in seen.items() for leak in leaks(where, content)] == []


async def list_coin(simulator: SimulatorHandle) -> None:
    """A listing to judge and to tell, and an announcement socket that is gone."""
    await simulator.post("/sim/fault", target="upbit:announcement", kind="refuse", for_s=60)
    await simulator.post("/sim/listing", exchange="upbit", base="NUNAL", announce_in_s=0.5, trading_in_s=3_600)
