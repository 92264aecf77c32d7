"""Runs named checks one after another and prints a line for each: PASS, or FAIL with the reason."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

CHECK_DEADLINE_S = 15.0


class Checks:
    """Counts what passed. `pace_s` keeps the checks below Upbit's five handshakes a second."""

    def __init__(self, pace_s: float = 0.25) -> None:
        self.passed = 0
        self.failed = 0
        self._pace_s = pace_s

    async def check(self, name: str, work: Callable[[], Awaitable[Any] | Any]) -> None:
        """`work` passes by not raising; a plain function runs in a thread."""
        started = time.monotonic()
        try:
            async with asyncio.timeout(CHECK_DEADLINE_S):
                if asyncio.iscoroutinefunction(work):
                    await work()
                else:
                    await asyncio.to_thread(work)
        except Exception as e:  # noqa: BLE001  # a foreign client may raise anything, and each is a finding
            self.failed += 1
            reason = " ".join(f"{type(e).__name__}: {e}".split())
            told(f"FAIL {name}: {reason[:300]}")
        else:
            self.passed += 1
            told(f"PASS {name} ({time.monotonic() - started:.1f} s)")
        await asyncio.sleep(self._pace_s)


def told(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def expect(truth: object, *words: object) -> None:
    """Like assert, but it also holds under -O and says what was seen."""
    if not truth:
        raise AssertionError(" ".join(map(str, words)) or "not so")
