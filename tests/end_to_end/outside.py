"""What can be seen of a daemon from the outside: its log, its tables, health.json, the answers of its commands.

And what stands before its start: a configuration of its own, an environment without anybody's secrets.
"""

import contextlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest.mock import patch

import collector_daemon
from config.secrets import ENVIRONMENT

Answer = subprocess.CompletedProcess[str]

ROOT = Path(__file__).resolve().parents[2]
CHAT = 777_001
TELEGRAM = {"TELEGRAM_BOT_TOKEN": "200000002:" + "Pair" * 8 + "abc", "TELEGRAM_CHAT_ID": str(CHAT)}
REPEAT = "중복일 수 있음"  # stands on a message that may be the second copy
NOT_MADE_YET = ("no such table", "unable to open", "attempt to write a readonly database")  # the last: a hot journal


class NeverHappened(AssertionError):
    """A condition did not come true in time; the text says which, and how the daemon's log ends."""


def environment(secrets: Mapping[str, str]) -> dict[str, str]:
    """Ours without any secret of whoever runs the tests, with `secrets` instead."""
    theirs = {*ENVIRONMENT.values(), "CREDENTIALS_DIRECTORY"}
    return {name: value for name, value in os.environ.items() if name not in theirs} | dict(secrets)


def own_config(folder: Path) -> Path:
    """A copy of the configuration that takes a free port and writes health.json more often."""
    shutil.copytree(ROOT / "config", folder, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    radar = folder / "radar.yaml"
    text = radar.read_text(encoding="utf-8")
    assert "port: 8714" in text
    assert "\nhealth:" not in text
    radar.write_text(
        text.replace("port: 8714", "port: 0") + "\nhealth: {write_every_s: 5}\nwriting: {batch_ms: 1}\n",
        encoding="utf-8",
    )
    return folder


def command(*words: str | Path, text: bytes = b"") -> Answer:
    """A command that only reads, through the same `main` in this process: a second sooner. `text` is its input."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(errors))
        stack.enter_context(patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(text))))
        stack.enter_context(patch.dict(os.environ, environment({}), clear=True))
        try:
            code = collector_daemon.main([str(word) for word in words])
        except SystemExit as refused:  # how argparse refuses words
            code = int(refused.code or 0)
    return Answer([*words], code, out.getvalue(), errors.getvalue())


def json_lines(answer: Answer) -> list[dict[str, Any]]:
    """What a command with `--json` printed: one object a line."""
    return [json.loads(line) for line in answer.stdout.splitlines()]


class Outside:
    """The data folder, the log and the configuration of a daemon below `folder`, whoever runs it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.log = folder / "daemon.log"
        self.config = own_config(folder / "config")

    def configure(self, file: str, before: str, after: str) -> None:
        """Change the configuration of the next life."""
        text = (self.config / file).read_text(encoding="utf-8")
        assert before in text
        (self.config / file).write_text(text.replace(before, after), encoding="utf-8")

    def ask_three_venues(self) -> None:
        """Most of what a listing costs is asking those abroad."""
        self.configure(
            "radar.yaml", "venues: [binance, okx, bybit, gate, bitget, htx, coinbase]", "venues: [binance, okx, bybit]"
        )

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """Rows of a query; none while the daemon has not made its tables."""
        path = self.data / "radar.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.row_factory = sqlite3.Row
            try:
                return [dict(row) for row in connection.execute(sql, values)]
            except sqlite3.OperationalError as e:
                if any(early in str(e) for early in NOT_MADE_YET):
                    return []
                raise

    def health(self) -> dict[str, Any] | None:
        """health.json, or None before its first writing."""
        try:
            told: dict[str, Any] = json.loads((self.data / "health.json").read_bytes())
        except FileNotFoundError:
            return None
        return told

    def ask(self, name: str, *words: str) -> Answer:
        """One command on this pair's data folder."""
        return command(name, *words, "--data", self.data)

    def first_sights(self) -> list[dict[str, Any]]:
        return self.rows("SELECT * FROM alerts WHERE kind = 'first_sight' ORDER BY id")

    def end_of_log(self, lines: int = 30) -> str:
        """For the words of a failure."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return "\n--- the daemon's log ends ---\n" + "\n".join(text.splitlines()[-lines:])
