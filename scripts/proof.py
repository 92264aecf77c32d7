"""The proof of recording: simulator and daemon under a script of faults, then every stored second against the truth.

Nothing may be wrong. Run it through `scripts/prove`. The processes: `proof_pair.py`; the judgement: `proof_judge.py`.
"""

import argparse
import asyncio
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from scripts.pace import busy, paced
from scripts.proof_judge import SECOND_MS, Opening, Verdict, judge
from scripts.proof_pair import START_DEADLINE_S, Begin, Both, ProofFailed, pair

AUDIT_S = 5.0
TOLD = 20  # lines of each kind of finding
SPEED = 5.0  # of life; both processes keep up with it on two cores, also while a staged coin is judged


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
OPENINGS = (Opening(190, "upbit", "HANEUL"), Opening(205, "bithumb", "NAMU"))


async def play(
    both: Both, script: Sequence[Act], length_s: float, kills: Sequence[float], openings: Sequence[Opening] = ()
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


async def _sleep_until(both: Both, at_ms: float) -> None:
    while (left_ms := at_ms - await both.now_ms()) > 0:  # noqa: ASYNC110 - the moment is the simulator's
        await asyncio.sleep(min(1.0, left_ms / 1000 / both.speed))


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
    begin: Begin = pair,
) -> Verdict:
    """One whole run; `heal_s` seconds of the loop are given to healing, and to the audit where a second is wrong.

    What was traded in the future, by its stamp, while nobody listened is known to nobody but the exchange's candles.
    """
    async with begin(data, seed, speed, markets, rate) as both:
        from_ms, to_ms = await play(both, script, length_s, kills, openings)
        heal_s *= busy()
        loop = asyncio.get_running_loop()
        until = loop.time() + heal_s
        behind = f"SELECT 1 FROM rollup_state WHERE name LIKE 'recorded:%' AND at_ms < {to_ms}"  # noqa: S608 - a number
        await both.until(f"SELECT 1 WHERE NOT EXISTS ({behind})", heal_s)
        waiting = f"SELECT 1 FROM gaps WHERE state = 'open' AND from_ms < {to_ms}"  # noqa: S608 - a number
        await both.until(f"SELECT 1 WHERE NOT EXISTS ({waiting})", heal_s)
        first = await judge(both, from_ms, to_ms, openings)
        last = first
        while not last.holds and loop.time() < until:
            await asyncio.sleep(AUDIT_S)
            last = await judge(both, from_ms, to_ms, openings)
        code = await both.end()
        if code != 0:
            raise ProofFailed(f"the daemon ended with {code}; see {data / 'daemon.log'}")
        return (await judge(both, from_ms, to_ms, openings))._replace(mended=first.wrong)


def arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/prove", description="Record under faults, then compare.")
    parser.add_argument("--minutes", type=float, default=10.0, help="simulated minutes")
    parser.add_argument(
        "--speed",
        type=float,
        default=paced(SPEED),
        help=f"simulated seconds in a real one; default: {SPEED:g} on an idle machine",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--markets", type=int, default=40, help="KRW markets over both exchanges")
    parser.add_argument("--rate", type=float, default=60.0, help="trades a second over all markets")
    parser.add_argument("--kills", type=int, default=0, help="kill -9 the daemon this many times, at random moments")
    parser.add_argument("--library", choices=("picows", "websockets"), default="picows", help="opens the sockets")
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
                begin=partial(pair, library=chosen.library),
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
    print(f"wrong {len(verdict.wrong):,} (before the audit had been there: {len(verdict.mended):,})")
    for name, right in verdict.firsts:
        print(f"first trade of {name}: {'stored as it was' if right else 'NOT as it was'}")
    told = (
        verdict.wrong,
        (f"until the audit: {each}" for each in verdict.mended),
        (f"gap {each}" for each in verdict.open_gaps),
    )
    for lines in told:
        for line in islice(lines, TOLD):
            print(f"  {line}")
    return 0 if verdict.holds else 1


if __name__ == "__main__":
    sys.exit(main())
