"""Keeps health.json true: written at the start, on a timer, and at once when the status changes."""

import asyncio
import logging
import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from config.clock import Clock
from ops.watching.health import Limits, Report, parse, report
from ops.watching.readings import Readings

log = logging.getLogger(__name__)
LOOK_EVERY_S = 1.0


class HealthFile:
    """Writes the report of `read()` to `path`, atomically; a full disk is told once and does not stop the daemon."""

    def __init__(self, path: Path, read: Callable[[], Readings], limits: Limits, clock: Clock, every_s: float) -> None:
        self._path = path
        self._read = read
        self._limits = limits
        self._clock = clock
        self._every_s = every_s
        self._status = ""
        self._failing = False

    async def run(self) -> None:
        """Look once a second; write when the status changed or `every_s` has passed."""
        written = -self._every_s
        while True:
            now = report(self._read(), self._limits)
            if now.status != self._status or self._clock.monotonic() - written >= self._every_s:
                written = self._clock.monotonic()
                await self.write(now)
            await self._clock.sleep(LOOK_EVERY_S)

    async def write(self, now: Report | None = None) -> None:
        """Replace the file by the present report; readers never see half of one."""
        now = now or report(self._read(), self._limits)
        if now.status != self._status:
            log.info("health is %s%s", now.status, "".join(f"\n  - {reason}" for reason in now.reasons))
            self._status = now.status
        text = msgspec.json.format(msgspec.json.encode(now), indent=2)
        try:
            await asyncio.to_thread(_replace, self._path, text)
        except OSError as e:
            if not self._failing:
                log.warning("health.json cannot be written (%s); trying again every %g s", e, self._every_s)
            self._failing = True
        else:
            self._failing = False


def last_heartbeat(path: Path) -> int | None:
    """When the run that wrote this file last said that it lives; None where nothing legible does."""
    try:
        return parse(path.read_bytes()).heartbeat_ms
    except (OSError, ValueError):
        return None


def _replace(path: Path, text: bytes) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(text)
    fresh.replace(path)
