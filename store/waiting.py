"""Opens the writer however long it takes: a full disk or a lock at the start is waited for, never a reason to exit."""

import asyncio
import logging
from pathlib import Path

from config.clock import Clock
from config.settings import Writing
from store.database import StorageNotNow
from store.writer import DatabaseWriter

log = logging.getLogger(__name__)

AGAIN_S = 2.0
SAID_EVERY_S = 300.0


async def open_when_possible(path: Path, clock: Clock, settings: Writing) -> DatabaseWriter:
    """The writer, to be entered. Raises StorageUnusable where waiting can't help; cancel it to give up."""
    said_at: float | None = None
    while True:
        try:
            writer = await asyncio.to_thread(DatabaseWriter.open, path, clock, settings)
        except StorageNotNow as trouble:
            now = clock.monotonic()
            if said_at is None or now - said_at >= SAID_EVERY_S:
                log.error("nothing can be recorded yet, trying again every %g s: %s", AGAIN_S, trouble)  # noqa: TRY400 - it says it all
                said_at = now
        else:
            if said_at is not None:
                log.warning("the database takes writes now")
            return writer
        await clock.sleep(AGAIN_S)
