"""How fast messages may leave: per chat, per group, over all, and never before a pause that the service asked for.

Pure bookkeeping in seconds of a monotonic clock that the caller reads. Telegram's published figures (core.telegram.org/
bots/faq, checked 2026-11-20): about 1 message/s a chat, 20/min a group, 30/s over all; the true ones vary, so
`retry_after` outranks them. Each limit keeps a small reserve that only first sights may use: a steady stream stays at
the published rate, and a listing that comes in the middle of it still leaves at once. An answer to a command takes
what no alert needs: in a chat of one person the alert right after it leaves as if nothing had been answered, in a group
answers may take a fourth of the minute and edits, which come every few seconds, half of it.
"""

from collections import deque
from enum import Enum

from msgspec import Struct

from alerts.delivery import TELEGRAM, address_of, scheme_of

CHAT_RESERVE = 2  # Telegram lets short bursts of about three through
GROUP_RESERVE = 3
OVERALL_RESERVE = 3
MINUTE_S = 60.0


class Rank(Enum):
    """Who goes before whom where the pace allows only some."""

    URGENT = "a first sight"
    ALERT = "any other alert"
    EDIT = "facts for a message that is there"
    ANSWER = "what a person asked for by a command"


class Rates(Struct, frozen=True):
    chat_per_s: float = 1.0
    group_per_min: float = 20.0
    overall_per_s: float = 30.0


class _Window:
    """At most `limit` events in any span of `length_s`; alerts leave `reserve` free, edits half, answers most."""

    def __init__(self, limit: int, length_s: float, reserve: int) -> None:
        self._limit = limit
        self._length_s = length_s
        alerts = max(1, limit - reserve)
        self._limits = {
            Rank.URGENT: limit,
            Rank.ALERT: alerts,
            Rank.EDIT: max(1, alerts // 2),
            Rank.ANSWER: max(1, alerts // 4),
        }
        self._times: deque[float] = deque()

    def wait_s(self, now_s: float, rank: Rank) -> float:
        limit = self._limits[rank]
        self._forget(now_s)
        if len(self._times) < limit:
            return 0.0
        return self._times[-limit] + self._length_s - now_s

    def room(self, now_s: float) -> int:
        self._forget(now_s)
        return max(0, self._limit - len(self._times))

    def took(self, now_s: float) -> None:
        self._times.append(now_s)

    def _forget(self, now_s: float) -> None:
        while self._times and self._times[0] <= now_s - self._length_s:
            self._times.popleft()


class _Bucket:
    """Tokens that refill at `per_s`; a first sight needs one, all else a full bucket, but for what an answer took."""

    def __init__(self, per_s: float, reserve: int) -> None:
        self._per_s = per_s
        self._size = 1.0 + reserve
        self._tokens = self._size
        self._at_s = 0.0
        self._lent = 0.0  # what an answer took and no pause has given back yet

    def _level(self, now_s: float) -> float:
        return min(self._size, self._tokens + max(0.0, now_s - self._at_s) * self._per_s)

    def wait_s(self, now_s: float, rank: Rank) -> float:
        needed = 1.0 if rank is Rank.URGENT else self._size if rank is Rank.ANSWER else self._size - self._lent
        missing = needed - self._level(now_s)
        return missing / self._per_s if missing > 1e-9 else 0.0

    def took(self, now_s: float, rank: Rank) -> None:
        level = self._level(now_s)
        if rank is Rank.ANSWER:
            self._lent = 1.0
        elif level >= self._size:
            self._lent = 0.0
        self._tokens = level - 1.0
        self._at_s = now_s


class Pacer:
    """Asked before each request, told of each request. Targets other than Telegram chats are not paced."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._overall = _Window(max(1, int(rates.overall_per_s)), 1.0, OVERALL_RESERVE)
        self._chats: dict[str, _Bucket] = {}
        self._groups: dict[str, _Window] = {}
        self._paused_until_s: dict[str, float] = {}

    def wait_s(self, target: str, now_s: float, rank: Rank = Rank.ALERT) -> float:
        """Seconds until a message to `target` may leave; 0: now."""
        pause_s = self._paused_until_s.get(target, now_s) - now_s
        if scheme_of(target) != TELEGRAM:
            return max(0.0, pause_s)
        waits = [0.0, pause_s, self._overall.wait_s(now_s, rank)]
        if target in self._chats:
            waits.append(self._chats[target].wait_s(now_s, rank))
        if target in self._groups:
            waits.append(self._groups[target].wait_s(now_s, rank))
        return max(waits)

    def room(self, now_s: float) -> int:
        """How many requests fit in this second, the reserve included."""
        return self._overall.room(now_s)

    def took(self, target: str, now_s: float, rank: Rank = Rank.ALERT) -> None:
        """A request to `target` leaves now."""
        if scheme_of(target) != TELEGRAM:
            return
        self._overall.took(now_s)
        self._chats.setdefault(target, _Bucket(self._rates.chat_per_s, CHAT_RESERVE)).took(now_s, rank)
        if is_group(target):
            limit = max(1, int(self._rates.group_per_min))
            self._groups.setdefault(target, _Window(limit, MINUTE_S, GROUP_RESERVE)).took(now_s)

    def pause(self, target: str, until_s: float) -> None:
        """The service said: nothing to `target` before `until_s`. A shorter later word does not shorten it."""
        self._paused_until_s[target] = max(until_s, self._paused_until_s.get(target, until_s))


def is_group(target: str) -> bool:
    """Groups and channels have negative ids or names, and the limit of groups (as python-telegram-bot counts)."""
    chat = address_of(target)
    return not chat.isdecimal()
