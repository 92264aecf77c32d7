"""The proof of recording: simulator and daemon under a script of faults, then every stored second against the truth.

A second of a market is *equal* (stored as the trades of `/sim/truth` make it, or rightly empty), a *gap* (touched by a
row of `gaps` that is not healed), or *wrong*. Nothing may be wrong. Run it through `scripts/prove`.
"""

import argparse
import asyncio
import json
import math
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from scripts.pace import busy, paced

ROOT = Path(__file__).resolve().parents[1]
EXCHANGES = ("upbit", "bithumb")
SECOND_MS = 1_000
SLICE_MS = 60_000
START_DEADLINE_S = 60.0
STOP_DEADLINE_S = 30.0
AUDIT_S = 5.0
CONFIG = {"retention": {"seconds_s": 3600}}


class Act(NamedTuple):
    """One fault: `at_s` simulated seconds after the recording began."""

    at_s: float
    target: str
    kind: str
    for_s: float
    more: Mapping[str, float] = {}


SCRIPT: tuple[Act, ...] = (
    Act(20, "upbit:public", "drop", 1),
    Act(35, "bithumb:public", "drop", 1),
    Act(50, "upbit:public", "stall", 4),
    Act(65, "bithumb:public", "stall", 4),
    Act(80, "upbit:public", "stall", 20),
    Act(95, "bithumb:public", "stall", 20),
    Act(130, "upbit:public", "refuse", 30),
    Act(131, "upbit:public", "drop", 1),
    Act(170, "bithumb:public", "refuse", 30),
    Act(171, "bithumb:public", "drop", 1),
    Act(215, "upbit:public", "garbage", 3, {"every": 40}),
    Act(225, "bithumb:public", "garbage", 3, {"every": 40}),
    Act(240, "upbit:public", "truncate", 3, {"every": 40}),
    Act(250, "bithumb:public", "truncate", 3, {"every": 40}),
    Act(265, "upbit:public", "duplicate", 15),
    Act(270, "bithumb:public", "duplicate", 15),
    Act(295, "upbit:public", "reorder", 15),
    Act(300, "bithumb:public", "reorder", 15),
    Act(325, "upbit", "http_429", 10, {"retry_after_s": 5}),
    Act(330, "bithumb", "http_429", 10, {"retry_after_s": 5}),
    Act(350, "upbit:public", "skew_clock", 12, {"by_ms": 1_500}),
    Act(375, "bithumb:public", "skew_clock", 12, {"by_ms": -1_500}),
    Act(400, "upbit:public", "skew_clock", 4, {"by_ms": 20_000}),
    Act(430, "upbit:public", "slow", 10, {"by_ms": 1_500}),
    Act(450, "upbit:public", "missing_field", 2, {"every": 40}),
    Act(465, "bithumb:public", "stall", 2),
    Act(475, "upbit:public", "stall", 2),
    Act(490, "upbit", "http_5xx", 10),
    Act(491, "upbit:public", "drop", 1),
    Act(510, "bithumb:public", "drop", 1),
    Act(511, "upbit:public", "subscribe_error", 5),
    Act(512, "upbit:public", "drop", 1),
)
QUICK: tuple[Act, ...] = (
    Act(8, "upbit:public", "drop", 1),
    Act(12, "bithumb:public", "stall", 3),
    Act(20, "upbit:public", "stall", 5),
    Act(30, "upbit:public", "garbage", 1, {"every": 40}),
    Act(34, "bithumb:public", "duplicate", 5),
    Act(36, "upbit:public", "reorder", 5),
    Act(44, "bithumb", "http_429", 4, {"retry_after_s": 2}),
    Act(50, "upbit:public", "refuse", 8),
    Act(51, "upbit:public", "drop", 1),
    Act(64, "upbit:public", "skew_clock", 5, {"by_ms": 1_500}),
    Act(74, "bithumb:public", "truncate", 1, {"every": 40}),
)


class Opening(NamedTuple):
    """A coin listed on one exchange: announced `at_s` after the recording began, traded `in_s` later."""

    at_s: float
    exchange: str
    base: str
    in_s: float = 45.0


OPENINGS = (Opening(190, "upbit", "HANEUL"), Opening(205, "bithumb", "NAMU"))


class ProofFailed(Exception):
    """The run itself did not work; the text says what."""


class Candle(NamedTuple):
    """What one second must hold."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float
    trades: int


class Verdict(NamedTuple):
    """Counts of market-seconds. `healed` are those of `equal` that a healed gap touches; `wrong` names each.

    `open_gaps` are the closed ones that began in the judged span and are not healed; none of them may be Upbit's and
    still wait. `mended` were wrong until the audit had been there. `firsts` says of each staged listing whether its
    first trade was stored as it was.
    """

    compared: int
    equal: int
    gap: int
    healed: int
    wrong: tuple[str, ...]
    open_gaps: tuple[str, ...]
    firsts: tuple[tuple[str, bool], ...] = ()
    mended: int = 0

    @property
    def holds(self) -> bool:
        waiting = any(each.startswith("upbit ") and each.endswith(": open ") for each in self.open_gaps)
        return not self.wrong and self.equal > 0 and not waiting and all(told for _, told in self.firsts)


# --- running the pair -----------------------------------------------------------------------------------------------


class Pair:
    """The simulator and the daemon as two processes; the daemon can be killed and begun again."""

    def __init__(self, url: str, data: Path, config: Path, speed: float, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.data = data
        self.speed = speed
        self._config = config
        self._http = http
        self._daemon: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        with (self.data / "daemon.log").open("ab") as log:
            self._daemon = await asyncio.create_subprocess_exec(
                *(sys.executable, str(ROOT / "collector_daemon.py"), "--simulator", self.url),
                *("--data", str(self.data), "--config", str(self._config)),
                stdout=log,
                stderr=log,
                cwd=ROOT,
                env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)},
            )

    async def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the daemon; answer its exit code."""
        assert self._daemon is not None
        daemon, self._daemon = self._daemon, None
        with suppress(ProcessLookupError):
            daemon.send_signal(how)
        try:
            return await asyncio.wait_for(daemon.wait(), STOP_DEADLINE_S)
        except TimeoutError:
            daemon.kill()
            raise ProofFailed("the daemon did not stop") from None

    @property
    def running(self) -> bool:
        return self._daemon is not None and self._daemon.returncode is None

    async def now_ms(self) -> int:
        return int((await self.get("/sim/clock"))["now_ms"])

    async def get(self, path: str, **query: Any) -> Any:  # JSON of any shape
        async with self._http.get(self.url + path, params=query) as answer:
            answer.raise_for_status()
            return await answer.json(content_type=None)

    async def post(self, path: str, **body: Any) -> Any:
        async with self._http.post(self.url + path, json=body) as answer:
            if answer.status != 200:
                raise ProofFailed(f"{path}: {await answer.text()}")
            return await answer.json(content_type=None)

    def rows(self, sql: str, *params: object) -> list[tuple[Any, ...]]:
        """What another process reads; nothing while the daemon has not made its tables."""
        path = self.data / "radar.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
            try:
                return connection.execute(sql, params).fetchall()
            except sqlite3.OperationalError as e:
                if "no such table" in str(e) or "unable to open" in str(e):
                    return []
                raise

    async def until(self, sql: str, deadline_s: float) -> bool:
        """Wait until a query finds something."""
        deadline = time.monotonic() + deadline_s
        while not self.rows(sql):
            if time.monotonic() > deadline:
                return False
            if not self.running:
                raise ProofFailed(f"the daemon ended by itself; see {self.data / 'daemon.log'}")
            await asyncio.sleep(0.1)
        return True


@asynccontextmanager
async def pair(data: Path, seed: int, speed: float, markets: int, rate: float) -> AsyncIterator[Pair]:
    """Both processes, ended when the block ends."""
    config = data / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    (config / "radar.yaml").write_text(_with_retention((config / "radar.yaml").read_text()))
    simulator = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulator", "--port", "0", "--seed", str(seed), "--speed", str(speed)),
        *("--markets", str(markets), "--rate", str(rate)),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert simulator.stdout is not None
        line = await asyncio.wait_for(simulator.stdout.readline(), START_DEADLINE_S)
        if not line:
            raise ProofFailed("the simulator did not start; run `python -m simulator` to see why")
        async with aiohttp.ClientSession() as http:
            both = Pair(json.loads(line)["url"], data, config, speed, http)
            try:
                yield both
            finally:
                if both.running:
                    await both.end(signal.SIGKILL)
    finally:
        with suppress(ProcessLookupError):
            simulator.terminate()
        await simulator.wait()


def _with_retention(text: str) -> str:
    return text.replace("seconds_s: 600 ", f"seconds_s: {CONFIG['retention']['seconds_s']} ")


# --- the script -----------------------------------------------------------------------------------------------------


async def play(
    both: Pair, script: Sequence[Act], length_s: float, kills: Sequence[float], openings: Sequence[Opening] = ()
) -> tuple[int, int]:
    """Run the daemon through the script; answer the first and the last moment that the recording must answer for."""
    await both.start()
    if not await both.until("SELECT 1 FROM candles_1s LIMIT 1", START_DEADLINE_S):
        raise ProofFailed("nothing was recorded")
    from_ms = int(both.rows("SELECT min(open_ms) FROM candles_1s")[0][0])
    began_ms = await both.now_ms()
    acts: list[tuple[float, Act | Opening | None]] = [(act.at_s, act) for act in script]
    acts += [(opening.at_s, opening) for opening in openings]
    acts += [(at_s, None) for at_s in kills]
    for at_s, act in sorted(acts, key=lambda each: each[0]):
        await _sleep_until(both, began_ms + at_s * 1000)
        if act is None:
            await both.end(signal.SIGKILL)
            await both.start()
        elif isinstance(act, Opening):
            listing = {"exchange": act.exchange, "base": act.base, "quotes": ["KRW"]}
            await both.post("/sim/listing", **listing, announce_in_s=0.0, trading_in_s=act.in_s)
        else:
            await both.post("/sim/fault", target=act.target, kind=act.kind, for_s=act.for_s, **act.more)
    await _sleep_until(both, began_ms + length_s * 1000)
    now_ms = await both.now_ms()
    return from_ms, now_ms - now_ms % SECOND_MS


async def _sleep_until(both: Pair, at_ms: float) -> None:
    while (left_ms := at_ms - await both.now_ms()) > 0:  # noqa: ASYNC110 - the moment is the simulator's
        await asyncio.sleep(min(1.0, left_ms / 1000 / both.speed))


# --- judging --------------------------------------------------------------------------------------------------------


async def judge(both: Pair, from_ms: int, to_ms: int, openings: Sequence[Opening] = ()) -> Verdict:
    """Every second of [from_ms, to_ms) of every recorded market, against the truth; and each opening's first trade."""
    gaps = [
        (exchange, code, begins, ends, state, source)
        for exchange, code, begins, ends, state, source in both.rows(
            "SELECT g.exchange, m.code, g.from_ms, g.to_ms, g.state, g.source"
            " FROM gaps AS g LEFT JOIN markets AS m ON m.id = g.market_id"
        )
    ]
    compared = equal = missed = healed = 0
    wrong: list[str] = []
    for exchange in EXCHANGES:
        codes = [code for (code,) in both.rows("SELECT code FROM markets WHERE exchange = ?", exchange)]
        blind, mended, roughly = _touched(gaps, exchange, codes)
        for begins in range(from_ms, to_ms, SLICE_MS):
            ends = min(to_ms, begins + SLICE_MS)
            told = await both.get("/sim/truth", exchange=exchange, from_ms=begins, to_ms=ends)
            truth = {
                (code, open_ms): candle
                for code in codes
                for open_ms, candle in seconds_of(told.get(code, ()), exchange)
            }
            stored = _stored(both, exchange, begins, ends)
            for code in codes:
                for second_ms in range(begins, ends, SECOND_MS):
                    if second_ms in blind[code]:
                        missed += 1
                        continue
                    compared += 1
                    true, ours = truth.get((code, second_ms)), stored.get((code, second_ms))
                    if same(ours, true) or (second_ms in roughly[code] and _alike(ours, true)):
                        equal += 1
                        healed += second_ms in mended[code]
                    else:
                        wrong.append(f"{exchange} {code} {second_ms}: stored {ours}, true {true}")
    left = [
        f"{exchange} {code or 'all'} {begins}–{ends}: {state} {source or ''}"
        for exchange, code, begins, ends, state, source in gaps
        if state != "healed" and ends is not None and begins < to_ms
    ]
    firsts = [(f"{each.exchange} {each.base}", await _opened_right(both, each)) for each in openings]
    return Verdict(compared, equal, missed, healed, tuple(wrong), tuple(left), tuple(firsts))


async def _opened_right(both: Pair, opening: Opening) -> bool:
    """Whether the second of a coin's very first trade is the first one stored of it, and as it was."""
    exchange, code = opening.exchange, f"KRW-{opening.base}"
    begins = (await both.get("/sim/truth", exchange=exchange, market=code))[0]["traded_ms"]
    begins -= begins % SECOND_MS
    trades = await both.get("/sim/truth", exchange=exchange, market=code, from_ms=begins, to_ms=begins + SECOND_MS)
    ((_, true),) = seconds_of(trades, exchange)
    stored = {
        open_ms: ours for (of, open_ms), ours in _stored(both, exchange, begins - SLICE_MS, 2**62).items() if of == code
    }
    ours = stored.get(begins)
    return min(stored, default=0) == begins and (same(ours, true) or (exchange == "bithumb" and _alike(ours, true)))


def _touched(
    gaps: Sequence[tuple[Any, ...]], exchange: str, codes: Sequence[str]
) -> tuple[dict[str, set[int]], dict[str, set[int]], dict[str, set[int]]]:
    """The seconds of each market that gaps touch: not healed, healed, and healed only roughly."""
    blind: dict[str, set[int]] = {code: set() for code in codes}
    healed: dict[str, set[int]] = {code: set() for code in codes}
    roughly: dict[str, set[int]] = {code: set() for code in codes}
    for of, code, begins, ends, state, source in gaps:
        if of != exchange:
            continue
        last_ms = (begins + 86_400_000) if ends is None else ends
        span = range(begins - begins % SECOND_MS, last_ms, SECOND_MS)
        for each in codes if code is None else [code]:
            (healed if state == "healed" else blind)[each].update(span)
            if state == "healed" and "approximate" in (source or ""):
                roughly[each].update(span)
    return blind, healed, roughly


def _stored(both: Pair, exchange: str, from_ms: int, to_ms: int) -> dict[tuple[str, int], Candle]:
    rows = both.rows(
        "SELECT m.code, c.open_ms, c.open, c.high, c.low, c.close, c.volume, c.quote_volume, c.trades"
        " FROM candles_1s AS c JOIN markets AS m ON m.id = c.market_id"
        " WHERE m.exchange = ? AND c.open_ms >= ? AND c.open_ms < ?",
        *(exchange, from_ms, to_ms),
    )
    return {(code, open_ms): Candle(*values) for code, open_ms, *values in rows}


def seconds_of(trades: Sequence[Mapping[str, Any]], exchange: str) -> Iterator[tuple[int, Candle]]:
    """The seconds that these trades make, as the contract orders them: by time, then by Upbit's id."""
    ordered = sorted(trades, key=lambda t: (t["traded_ms"], t["id"] if exchange == "upbit" else 0))
    groups: dict[int, list[Mapping[str, Any]]] = {}
    for trade in ordered:
        groups.setdefault(trade["traded_ms"] - trade["traded_ms"] % SECOND_MS, []).append(trade)
    for open_ms, group in groups.items():
        prices = [trade["price"] for trade in group]
        volume = math.fsum(trade["volume"] for trade in group)
        value = math.fsum(trade["price"] * trade["volume"] for trade in group)
        yield open_ms, Candle(prices[0], max(prices), min(prices), prices[-1], volume, value, len(group))


def same(ours: Candle | None, true: Candle | None) -> bool:
    """Prices and counts exactly, sums within 1e-9."""
    if ours is None or true is None:
        return ours is true
    exact = (*ours[:4], ours.trades) == (*true[:4], true.trades)
    return exact and _close(ours.volume, true.volume) and _close(ours.quote_volume, true.quote_volume)


def _alike(ours: Candle | None, true: Candle | None) -> bool:
    """The same but for open and close, whose order inside a millisecond is not told."""
    return ours is not None and true is not None and same(ours._replace(open=true.open, close=true.close), true)


def _close(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-9)


# --- the command ----------------------------------------------------------------------------------------------------


async def prove(
    data: Path,
    *,
    script: Sequence[Act] = SCRIPT,
    length_s: float = 600.0,
    speed: float = 10.0,
    seed: int = 1,
    markets: int = 40,
    rate: float = 60.0,
    kills: Sequence[float] = (),
    openings: Sequence[Opening] = (),
    heal_s: float = 150.0,
) -> Verdict:
    """One whole run; `heal_s` real seconds are given to healing, and to the audit where a second is wrong.

    What was traded in the future, by its stamp, while nobody listened is known to nobody but the exchange's candles.
    """
    async with pair(data, seed, speed, markets, rate) as both:
        from_ms, to_ms = await play(both, script, length_s, kills, openings)
        heal_s *= busy()
        until = time.monotonic() + heal_s
        waiting = f"SELECT 1 FROM gaps WHERE state = 'open' AND from_ms < {to_ms}"  # noqa: S608 - a number
        await both.until(f"SELECT 1 WHERE NOT EXISTS ({waiting})", heal_s)
        first = await judge(both, from_ms, to_ms, openings)
        last = first
        while not last.holds and time.monotonic() < until:
            await asyncio.sleep(AUDIT_S)
            last = await judge(both, from_ms, to_ms, openings)
        code = await both.end()
        if code != 0:
            raise ProofFailed(f"the daemon ended with {code}; see {data / 'daemon.log'}")
        return (await judge(both, from_ms, to_ms, openings))._replace(mended=len(first.wrong))


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/prove", description="Record under faults, then compare.")
    parser.add_argument("--minutes", type=float, default=10.0, help="simulated minutes")
    parser.add_argument(
        "--speed",
        type=float,
        default=paced(10.0),
        help="simulated seconds in a real one; default: 10 on an idle machine",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markets", type=int, default=40, help="KRW markets over both exchanges")
    parser.add_argument("--rate", type=float, default=60.0, help="trades a second over all markets")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 the daemon this many times, at random moments")
    parser.add_argument("--data", type=Path, help="keep the data here; default: a folder that is removed")
    return parser.parse_args(words)


def main() -> int:
    chosen = arguments(sys.argv[1:])
    length_s = chosen.minutes * 60
    dice = random.Random(chosen.seed)  # noqa: S311 - moments, not secrets
    kills = sorted(dice.uniform(10, length_s - 10) for _ in range(chosen.kills))
    script = [act for act in SCRIPT if act.at_s < length_s - 20]
    folder = chosen.data or Path(tempfile.mkdtemp(prefix="radar-proof-"))
    folder.mkdir(parents=True, exist_ok=True)
    try:
        verdict = asyncio.run(
            prove(
                folder,
                script=script,
                length_s=length_s,
                speed=chosen.speed,
                seed=chosen.seed,
                markets=chosen.markets,
                rate=chosen.rate,
                kills=kills,
                openings=[each for each in OPENINGS if each.at_s + each.in_s < length_s - 20],
            )
        )
    except ProofFailed as e:
        print(f"failed: {e}", file=sys.stderr)
        return 2
    finally:
        if chosen.data is None:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"market-seconds compared {verdict.compared:,}: equal {verdict.equal:,} (healed {verdict.healed:,})")
    print(f"marked as missed {verdict.gap:,}, in {len(verdict.open_gaps):,} gaps that are not healed")
    print(f"wrong {len(verdict.wrong):,} (before the audit had been there: {verdict.mended:,})")
    for name, right in verdict.firsts:
        print(f"first trade of {name}: {'stored as it was' if right else 'NOT as it was'}")
    for line in (*verdict.wrong[:20], *(f"gap {each}" for each in verdict.open_gaps[:20])):
        print(f"  {line}")
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
