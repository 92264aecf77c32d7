"""Real clients against the simulator, unchanged but for the base address. Runs in an environment of its own.

`SIMULATOR_PYTHON` names the interpreter that runs the simulator (default: the repository's .venv).
"""

import asyncio
import json
import os
import sys
from pathlib import Path

import ccxt_checks
import pyupbit_checks
import sdk_checks
import telegram_checks
from harness import Checks, told

ROOT = Path(__file__).resolve().parents[2]
START_DEADLINE_S = 30.0
TOTAL_DEADLINE_S = 120.0


async def start_simulator() -> tuple[asyncio.subprocess.Process, str]:
    """The simulator on a free port, and its address."""
    python = os.environ.get("SIMULATOR_PYTHON", str(ROOT / ".venv/bin/python"))
    words = ("-m", "simulator", "--port", "0", "--seed", "7", "--markets", "60", "--rate", "120")
    simulator = await asyncio.create_subprocess_exec(python, *words, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    assert simulator.stdout is not None
    try:
        first_line = await asyncio.wait_for(simulator.stdout.readline(), START_DEADLINE_S)
        return simulator, json.loads(first_line)["url"]
    except BaseException:
        simulator.kill()
        raise


async def main() -> int:
    checks = Checks()
    simulator, url = await start_simulator()
    try:
        async with asyncio.timeout(TOTAL_DEADLINE_S):
            for module in (sdk_checks, ccxt_checks, pyupbit_checks, telegram_checks):
                await module.run(checks, url)
    except TimeoutError:
        checks.failed += 1
        told(f"FAIL not everything ran within {TOTAL_DEADLINE_S:.0f} s")
    finally:
        if simulator.returncode is None:
            simulator.terminate()
        await simulator.wait()
    told(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed or not checks.passed else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
