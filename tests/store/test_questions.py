"""Questions to the database beside recording: bounded in number and time, and none pins the WAL."""

import asyncio
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from store.questions import AT_ONCE, WAITING_MAX, NoAnswer, Questions, TooBusy, TooSlow
from tests.fakes.recording import database

FOREVER = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    database(tmp_path).close()
    return tmp_path / "radar.db"


async def test_a_question_is_answered_from_a_thread_and_cannot_write(path: Path) -> None:
    questions = Questions(path)
    assert await questions.ask(lambda c: c.execute("SELECT count(*) FROM markets").fetchone()[0]) == 0
    assert await questions.ask(lambda _: threading.current_thread() is not threading.main_thread())
    with pytest.raises(NoAnswer, match="readonly"):
        await questions.ask(lambda c: c.execute("DELETE FROM markets"))


async def test_a_question_that_never_ends_is_ended(path: Path) -> None:
    with pytest.raises(TooSlow, match=r"within 0\.05 s"):
        await Questions(path, deadline_s=0.05).ask(lambda c: c.execute(FOREVER).fetchone())


async def test_a_question_that_nobody_waits_for_any_more_is_ended(path: Path) -> None:
    """A stop waits for the thread that reads."""
    begun, ended = threading.Event(), threading.Event()

    def ask(connection: sqlite3.Connection) -> None:
        begun.set()
        try:
            connection.execute(FOREVER).fetchone()
        finally:
            ended.set()

    asking = asyncio.create_task(Questions(path, deadline_s=60.0).ask(ask))
    assert await asyncio.to_thread(begun.wait, 10)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(ended.wait, 10)


async def test_few_run_at_once_and_too_many_are_refused(path: Path) -> None:
    questions, ended, running = Questions(path), threading.Event(), []

    def wait(_: sqlite3.Connection) -> None:
        running.append(1)
        assert ended.wait(20)

    async with asyncio.TaskGroup() as group:
        for _ in range(WAITING_MAX):
            group.create_task(questions.ask(wait))
        while len(running) < AT_ONCE:
            await asyncio.sleep(0.005)
        with pytest.raises(TooBusy):
            await questions.ask(wait)
        assert len(running) == AT_ONCE
        ended.set()
    assert await questions.ask(lambda _: "again") == "again"


async def test_what_was_read_holds_no_old_state(path: Path) -> None:
    """After an answer a checkpoint can move the whole WAL into the database."""
    questions = Questions(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as writing:
        writing.execute("INSERT INTO quarantine (at_ms, exchange, reason, sample) VALUES (1, 'upbit', 'x', 'y')")
        assert await questions.ask(lambda c: c.execute("SELECT count(*) FROM quarantine").fetchone()[0]) == 1
        writing.execute("INSERT INTO quarantine (at_ms, exchange, reason, sample) VALUES (2, 'upbit', 'x', 'y')")
        busy, in_wal, moved = writing.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, in_wal, moved) == (0, 0, 0)


async def test_a_missing_or_broken_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="cannot be read"):
        await Questions(tmp_path / "radar.db").ask(lambda c: c.execute("SELECT 1").fetchone())
    (tmp_path / "radar.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(NoAnswer, match="not a database"):
        await Questions(tmp_path / "radar.db").ask(lambda c: c.execute("SELECT * FROM markets").fetchone())
