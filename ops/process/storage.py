"""Opens the database of a start: a damaged one goes aside and a new one begins, a full or locked disk is waited for."""

import asyncio
import logging
from pathlib import Path

from msgspec import Struct

from config.clock import Clock
from config.settings import Writing
from ops.process.lock import Run
from ops.watching.operator_desk import Finding
from store.damage import damage_of, is_damage, move_aside
from store.database import StorageUnusable
from store.waiting import open_when_possible
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)
LAST_WORDS = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "image is malformed", "not a database")  # of a run that damage ended


class Opened(Struct, frozen=True):
    """The writer, to be entered; `aside` is where a damaged database went, `damage` what was wrong with it."""

    writer: DatabaseWriter
    aside: Path | None = None
    damage: str = ""

    @property
    def aside_name(self) -> str | None:
        return None if self.aside is None else self.aside.name

    def silent_until_ms(self, heartbeat_ms: int | None) -> int | None:
        """Up to when notices are no news: a database that was replaced forgot them, but its last heartbeat is known."""
        return None if self.aside is None else heartbeat_ms

    def findings(self) -> tuple[Finding, ...]:
        """What the owner must be told of it."""
        if self.aside is None:
            return ()
        what = (
            f"데이터베이스가 손상되어({self.damage}) {self.aside.name}(으)로 옮기고 새로 시작함",
            f"the database was damaged ({self.damage}) and is now {self.aside.name}; a new one was begun",
        )
        remedy = (
            f"남은 데이터는 `salvage {self.aside}`로 읽을 수 있습니다. 디스크 상태를 확인하세요.",
            f"`salvage {self.aside}` reads what is left of it. Is the disk failing?",
        )
        return (Finding("damage", what, remedy),)


async def opened(path: Path, clock: Clock, settings: Writing, before: Run | None) -> Opened:
    """Open the database, however long the disk takes; raise StorageUnusable for what neither time nor we can mend."""
    doubted = before is not None and any(word in before.why for word in LAST_WORDS)
    damage = await asyncio.to_thread(damage_of, path, doubted)
    if damage is None:
        try:
            return Opened(await open_when_possible(path, clock, settings))
        except StorageUnusable as trouble:
            if trouble.__cause__ is None or not is_damage(trouble.__cause__):
                raise
            damage = str(trouble.__cause__)
    aside = move_aside(path, clock.now_ms())
    log.error("%s is damaged (%s): moved to %s, a new one is begun; `salvage` reads what is left", path, damage, aside)
    return Opened(await open_when_possible(path, clock, settings), aside, damage)
