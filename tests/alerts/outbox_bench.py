"""One outbox over a real database file, chats that play a script, and a clock that a test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alerts.alert import Alert
from alerts.outbox import Outbox
from config.settings import Alerting
from store.tables.deliveries import add_alert, edit_alert
from tests.fakes.clock import FakeClock
from tests.fakes.outbox import (
    CHAT,
    DirectWriter,
    ScriptedChats,
    open_database,
)


class Bench:
    """One outbox over a real database file."""

    def __init__(self, folder: Path, targets: tuple[str, ...] = (CHAT,)) -> None:
        self.folder = folder
        self.targets = targets
        self.clock = FakeClock()
        self.chats = ScriptedChats(self.clock)
        self.writer = DirectWriter(open_database(folder))
        self.outbox = self._outbox()

    def _outbox(self) -> Outbox:
        notifiers = {"telegram": self.chats, "webhook": self.chats, "log": self.chats}
        return Outbox(self.writer, notifiers, self.targets, self.clock, Alerting(), "en", jitter=lambda: 0.5)

    async def kill(self) -> None:
        """End it as kill -9 would: nothing more is written. Then start anew on the same file."""
        self.writer.connection.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        self.chats.requests.clear()
        await self.clock.advance(1)
        self.writer = DirectWriter(open_database(self.folder))
        self.outbox = self._outbox()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.outbox.run())
        await self.clock.settle()
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await self.outbox.flush(0.0)
            await self.outbox.flush(0.001)

    def add(self, alert: Alert) -> int:
        alert_id = self.writer.do(lambda db: add_alert(db, alert, self.targets, self.clock.now_ms()))
        self.outbox.poke()
        return alert_id

    def edit(self, alert_id: int, text: str) -> None:
        self.writer.do(lambda db: edit_alert(db, alert_id, text, self.clock.now_ms()))
        self.outbox.poke()

    def rows(self, sql: str = "SELECT op, state FROM deliveries ORDER BY id") -> list[tuple[object, ...]]:
        return self.writer.connection.execute(sql).fetchall()

    def states(self) -> list[object]:
        return [row[1] for row in self.rows()]
