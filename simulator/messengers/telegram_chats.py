"""What Telegram remembers: chats, their messages, the updates that wait for the bot, and how much it may send.

The true limits are not published: these are the numbers of core.telegram.org/bots/faq, with the short burst that
practice allows. Times are milliseconds of the simulated clock.
"""

import itertools
import math
from collections import deque

from msgspec import Struct, field

PRIVATE_BURST = 3
PRIVATE_PER_S = 1.0
GROUP_LIMIT = 20
GROUP_SPAN_MS = 60_000
OVERALL_LIMIT = 30
OVERALL_SPAN_MS = 1_000
UPDATES_KEPT_MS = 24 * 3_600_000


class Edit(Struct, frozen=True):
    received_ms: int
    text: str


class Message(Struct):
    """One accepted message, without its markup. `text` is the first version, the later ones are in `edits`."""

    message_id: int
    chat_id: int
    received_ms: int
    text: str
    reply_to: int | None = None
    photo: dict[str, int] | None = None
    edits: list[Edit] = field(default_factory=list)
    markup: object = None
    silent: bool = False
    pinned: bool = False
    deleted: bool = False

    @property
    def shown(self) -> str:
        return self.edits[-1].text if self.edits else self.text


class Pace:
    """Asks before each message: may this chat get one now?"""

    def __init__(self) -> None:
        self._private: dict[int, tuple[float, int]] = {}
        self._groups: dict[int, deque[int]] = {}
        self._all: deque[int] = deque()

    def wait_s(self, chat_id: int, now_ms: int) -> int:
        """0: it may, and it is counted. Else the whole seconds to wait."""
        if wait_ms := _window_wait(self._all, OVERALL_LIMIT, OVERALL_SPAN_MS, now_ms):
            return -(-wait_ms // 1000)
        if chat_id > 0:
            tokens, since_ms = self._private.get(chat_id, (float(PRIVATE_BURST), now_ms))
            tokens = min(float(PRIVATE_BURST), tokens + (now_ms - since_ms) / 1000 * PRIVATE_PER_S)
            if tokens < 1.0:
                return math.ceil((1.0 - tokens) / PRIVATE_PER_S)
            self._private[chat_id] = tokens - 1.0, now_ms
        else:
            group = self._groups.setdefault(chat_id, deque())
            if wait_ms := _window_wait(group, GROUP_LIMIT, GROUP_SPAN_MS, now_ms):
                return -(-wait_ms // 1000)
            group.append(now_ms)
        self._all.append(now_ms)
        return 0


def _window_wait(taken: deque[int], limit: int, span_ms: int, now_ms: int) -> int:
    while taken and taken[0] <= now_ms - span_ms:
        taken.popleft()
    return taken[0] + span_ms - now_ms if len(taken) >= limit else 0


class Chats:
    """Every message of every chat, in the order of acceptance, and the queue of updates."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.pace = Pace()
        self._next_message: dict[int, itertools.count[int]] = {}
        self._updates: deque[tuple[int, int, dict[str, object]]] = deque()  # update_id, received_ms, update
        self._next_update = itertools.count(880_001)

    def next_message_id(self, chat_id: int) -> int:
        """Message ids rise within a chat; users' and the bot's share the row."""
        return next(self._next_message.setdefault(chat_id, itertools.count(1)))

    def add(self, message: Message) -> None:
        self.messages.append(message)

    def find(self, chat_id: int, message_id: int) -> Message | None:
        return next(
            (
                m
                for m in reversed(self.messages)
                if (m.chat_id, m.message_id) == (chat_id, message_id) and not m.deleted
            ),
            None,
        )

    def put_update(self, now_ms: int, update: dict[str, object]) -> int:
        update_id = next(self._next_update)
        self._updates.append((update_id, now_ms, {"update_id": update_id, **update}))
        return update_id

    def updates(self, offset: int, limit: int, allowed: list[str], now_ms: int) -> list[dict[str, object]]:
        """Those that wait, from `offset` on; what is before it is confirmed and forgotten. Negative: the last ones."""
        if offset < 0:
            while len(self._updates) > -offset:
                self._updates.popleft()
        while self._updates and (self._updates[0][0] < offset or self._updates[0][1] < now_ms - UPDATES_KEPT_MS):
            self._updates.popleft()
        wanted = (u for _, _, u in self._updates if not allowed or any(kind in u for kind in allowed))
        return list(itertools.islice(wanted, limit))

    def drop_updates(self) -> None:
        self._updates.clear()
