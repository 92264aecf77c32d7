"""Reads off the event loop, for whoever asks again and again. The writer needs neither this nor aiosqlite."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import aiosqlite

from store.database import BUSY_TIMEOUT_MS, SqlValue, StorageUnusable


class Reader:
    """A read-only connection off the event loop. Every read fetches all its rows, so that none pins the WAL."""

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Raise StorageUnusable if there is no database to read."""
        if not path.is_file():
            raise StorageUnusable(f"{path} is not there; has the daemon run with this data folder?")
        try:
            connection = await aiosqlite.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
        except sqlite3.Error as e:
            raise StorageUnusable(f"{path} cannot be read ({e}); may we read the file and its folder?") from e
        connection.row_factory = sqlite3.Row
        await connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
        return cls(connection)

    async def rows(self, sql: str, params: Sequence[SqlValue] = ()) -> list[sqlite3.Row]:
        return list(await self._connection.execute_fetchall(sql, params))

    async def close(self) -> None:
        await self._connection.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
