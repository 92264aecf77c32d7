"""Proves every few seconds that we live, by a committed row of our own, and tells the service manager so.

Feeding needs three things: that the loop turns (or this would not run), that the receiving tasks live, and that commits
succeed or wait for a full or locked disk. It never depends on an exchange. See `liveness.py` for the choice.
"""

import logging
import shutil
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol, TypeVar

from collectors.events import Exchange
from config.clock import Clock
from ops.process.lifetimes import running
from ops.process.sd_notify import PATIENCE_S, Notify
from ops.watching.liveness import Signs, paused, why_not
from store.database import Connection
from store.heartbeat import beat

log = logging.getLogger(__name__)
T = TypeVar("T")
BEAT_S = 5.0
LOOK_S = 5.0


class Committing(Protocol):
    """The part of the writer that is needed. `fault` is why commits fail now, None while they don't."""

    @property
    def fault(self) -> str | None: ...

    async def run(self, work: Callable[[Connection], T], urgent: bool = False) -> T: ...


class Receiving(Protocol):
    """The part of a fleet that is needed."""

    @property
    def alive(self) -> bool: ...


class Watchdog:
    """`run` it from the start; call `composed` when every part is in its place. `why` is why it is not fed now."""

    def __init__(
        self,
        notify: Notify,
        writer: Committing,
        fleets: Mapping[Exchange, Receiving],
        data: Path,
        clock: Clock,
        doing: str,
    ) -> None:
        """`fleets` may be filled later; `doing` is the line for `systemctl status` while all is well."""
        self._notify = notify
        self._writer = writer
        self._fleets = fleets
        self._data = data
        self._clock = clock
        self._doing = doing
        self._committed_s = clock.monotonic()
        self._beaten = False
        self._composed = False
        self._ready = False
        self._stopping = False
        self.why: str | None = None

    def composed(self) -> None:
        """Every part runs: from now on only a committed row is missing for READY."""
        self._composed = True
        self._look()

    @property
    def ready(self) -> bool:
        """Whether the service manager was told READY."""
        return self._ready

    def stopping(self) -> None:
        """The end was asked for and is in order: receivers and commits that cease are no trouble any more.

        A stop that hangs is the service manager's to end (TimeoutStopSec).
        """
        self._stopping = True
        self._notify.stopping()

    def healthy(self) -> bool:
        """Whether we would feed the watchdog now, and commits succeed: the sign that a dead-man's switch waits for."""
        return self._ready and self.why is None and self._writer.fault is None

    async def run(self) -> None:
        """Beat and look, for ever."""
        async with running(self._beat()):
            while True:
                self._look()
                await self._clock.sleep(self._pause_s())

    async def _beat(self) -> None:
        while True:
            now_ms = self._clock.now_ms()
            await self._writer.run(partial(beat, now_ms=now_ms), urgent=True)
            self._committed_s = self._clock.monotonic()
            if not self._beaten:
                self._beaten = True
                self._look()
            await self._clock.sleep(BEAT_S)

    def _look(self) -> None:
        if self._stopping:
            self._notify.alive()
            return
        fault = self._writer.fault
        free_bytes = shutil.disk_usage(self._data).free if fault is not None else 0
        if not self._ready:
            if self._beaten and self._composed:
                self._ready = True
                self._notify.ready()
            elif fault is not None and paused(fault, free_bytes):
                self._notify.more_time(PATIENCE_S)
                self._notify.status(f"waiting for the disk: {fault}")
                return
            else:
                return
        ago_s = self._clock.monotonic() - self._committed_s
        receiving: dict[str, bool] = {exchange: fleet.alive for exchange, fleet in self._fleets.items()}
        why = why_not(Signs(receiving, ago_s, fault, free_bytes))
        if why is None:
            self._notify.alive()
        if why != self.why:
            log.log(
                *(
                    (logging.ERROR, "the watchdog is not fed: %s", why)
                    if why
                    else (logging.INFO, "the watchdog is fed again")
                )
            )
        self.why = why
        self._notify.status(why or self._doing)

    def _pause_s(self) -> float:
        limit_s = self._notify.watchdog_s
        return LOOK_S if limit_s is None else min(LOOK_S, limit_s / 3)
