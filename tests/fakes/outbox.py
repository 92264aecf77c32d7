"""Around the outbox: a writer that really commits, on this thread, and chats that answer from a script."""

import asyncio
import sqlite3
from collections import defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from alerts.alert import Alert, AlertKind, AlertLevel
from alerts.delivery import Answer, Message, Sent
from alerts.lifeline import Lifeline, Writer
from config.clock import Clock
from tests.fakes.blank import open_blank
from tests.fakes.clock import START_MS, FakeClock

T = TypeVar("T")

CHAT, GROUP = "telegram:111", "telegram:-222"


def open_database(folder: Path) -> sqlite3.Connection:
    return open_blank(folder / "radar.db")


def an_alert(
    key: str = "upbit:NOVA:1",
    kind: AlertKind = AlertKind.VERDICT,
    level: AlertLevel = AlertLevel.HIGH,
    text: str = "news",
    created_ms: int = START_MS,
    reply_to: int | None = None,
) -> Alert:
    return Alert(key, kind, level, text, created_ms, reply_to=reply_to)


def a_first_sight(key: str = "upbit:NOVA:1", text: str = "first", created_ms: int = START_MS) -> Alert:
    return an_alert(key, AlertKind.FIRST_SIGHT, AlertLevel.HIGH, text, created_ms)


class DirectWriter:
    """Runs work at once in a transaction of its own. While `fault` is set, nothing can be written.

    While `turn` is an event that is not set, work that was handed in waits for it, as behind a long transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.fault: Exception | None = None
        self.turn: asyncio.Event | None = None

    async def run(self, work: Callable[[sqlite3.Connection], T], urgent: bool = False) -> T:
        await asyncio.sleep(0)
        if self.turn is not None:
            await self.turn.wait()
        if self.fault is not None:
            raise self.fault
        return self.do(work)

    def do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.connection)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return result


class Request(Struct, frozen=True):
    """One request as a chat saw it, `at_s` after the start of the clock."""

    at_s: float
    message: Message

    @property
    def text(self) -> str:
        return self.message.text


HANG = "hang"  # an answer that never comes
BUG = "bug"  # the notifier itself fails


class ScriptedChats:
    """A notifier for every target. Without a script a message is accepted; `script` queues other answers a target."""

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self._scripts: dict[str, deque[Answer | str]] = defaultdict(deque)
        self._ids = 100
        self.always: dict[str, Answer] = {}  # what a target answers once its script is at its end
        self.requests: list[Request] = []

    def script(self, target: str, *answers: Answer | str) -> None:
        self._scripts[target].extend(answers)

    async def send(self, message: Message) -> Answer:
        self.requests.append(Request(self._clock.monotonic(), message))
        script = self._scripts[message.target]
        answer = script.popleft() if script else self.always.get(message.target)
        if answer == BUG:
            raise RuntimeError("a bug in the notifier")
        if answer == HANG:
            await asyncio.get_running_loop().create_future()
        if answer is None:
            self._ids += 1
            return Sent(str(self._ids))
        assert not isinstance(answer, str)
        return answer

    def to(self, target: str) -> list[Request]:
        return [request for request in self.requests if request.message.target == target]

    def texts(self, target: str) -> list[str]:
        return [request.text for request in self.to(target)]


def lifeline(writer: Writer, clock: Clock | None = None) -> Lifeline:
    """Commits through `writer`; nothing ever leaves from memory."""
    return Lifeline(writer, lambda: False, {}, (), clock or FakeClock(), "en")
