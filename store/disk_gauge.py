"""How the disk fares under the writer: how long it takes, and which reader keeps the WAL from being used again.

Written by the writer's thread, read from any.
"""

import logging
import threading
import time
from collections import deque
from pathlib import Path

from store.blame import readers_of

log = logging.getLogger(__name__)

WAL_ALARM_BYTES = 64 * 1024 * 1024  # about ten minutes of both exchanges; normally it stays under 2 MB
SLOW_S = 1.0  # a commit or checkpoint that takes longer is told …
SLOW_TOLD_S = 60.0  # … for so long after
NAMES_EVERY_S = 30.0
REMEMBERED = 500


class Durations:
    """The last 500 of one kind, in ms."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ms: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, ms: float) -> None:
        with self._lock:
            self._ms.append(ms)

    @property
    def p99_ms(self) -> float:
        with self._lock:
            ordered = sorted(self._ms)
        return ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))] if ordered else 0.0


class DiskGauge:
    """`begin` and `end` stand around each commit and each checkpoint; `warnings` are sentences with their remedy."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self.commits = Durations()
        self.checkpoints = Durations()
        self._busy_since: float | None = None
        self._slow: tuple[float, float] | None = None  # when, and how long it took
        self._kept: tuple[float, str] | None = None  # since when a reader has kept the WAL, and who that is
        self._named_at = -NAMES_EVERY_S
        self._stuck: str | None = None  # why checkpoints fail

    def begin(self) -> None:
        self._busy_since = time.monotonic()

    def end(self, durations: Durations | None) -> None:
        """Note how long it took; None: it came to nothing, and that is told elsewhere."""
        now, began = time.monotonic(), self._busy_since
        self._busy_since = None
        if durations is None or began is None:
            return
        took_s = now - began
        durations.add(took_s * 1000)
        if took_s > SLOW_S:
            if self._slow is None or now - self._slow[0] > SLOW_TOLD_S:
                log.warning("the disk took %.1f s for one write; rows wait meanwhile", took_s)
            self._slow = now, took_s

    def checkpoint_failed(self, why: str) -> None:
        """The database file takes nothing; the WAL still does, and grows."""
        if self._stuck is None:
            log.warning("a checkpoint had to wait: %s", why)
        self._stuck = why

    def checkpointed(self, whole: bool) -> None:
        """Whether a checkpoint could move all of the WAL. Where not, and once it has grown, find out who reads."""
        now = time.monotonic()
        self._stuck = None
        if whole:
            if self._kept is not None and self._kept[1]:
                log.warning("the WAL is free again after %.0f s", now - self._kept[0])
            self._kept = None
            return
        since, who = self._kept or (now, "")
        if self.wal_bytes > WAL_ALARM_BYTES and now - self._named_at >= NAMES_EVERY_S:
            self._named_at = now
            who = readers_of(self._database) or "read by another program"
            log.warning("the WAL has %d MB: an old state of the database is %s", self.wal_bytes // 1_000_000, who)
        self._kept = since, who

    @property
    def wal_bytes(self) -> int:
        try:
            return self._database.with_name(self._database.name + "-wal").stat().st_size
        except FileNotFoundError:
            return 0

    @property
    def warnings(self) -> tuple[str, ...]:
        now, busy, slow, kept = time.monotonic(), self._busy_since, self._slow, self._kept
        found = []
        if busy is not None and now - busy > SLOW_S:
            found.append(f"the disk has not answered for {now - busy:.0f} s; is it failing, or kept busy by others?")
        elif slow is not None and now - slow[0] < SLOW_TOLD_S:
            found.append(f"the disk took {slow[1]:.1f} s for one write; is it failing, or kept busy by others?")
        if (stuck := self._stuck) is not None:
            found.append(f"rows only reach the WAL ({stuck}); is the disk full or failing?")
        if kept is not None and kept[1]:
            found.append(
                f"the WAL has {self.wal_bytes // 1_000_000} MB: an old state of the database is {kept[1]} for"
                f" {now - kept[0]:.0f} s; end that reader, or the WAL grows until the disk is full"
            )
        return tuple(found)
