"""How fast messages may leave: per chat, per group, over all, and never before a pause that the service asked for.

Pure bookkeeping in seconds of a monotonic clock that the caller reads. Telegram's published figures (core.telegram.org/
bots/faq, checked 2026-11-20): about 1 message/s a chat, 20/min a group, 30/s over all; the true ones vary, so
`retry_after` outranks them. Each limit keeps a small reserve that only first sights may use: a steady stream stays at
the published rate, and a listing that comes in the middle of it still leaves at once.
"""

from collections import deque

from msgspec import Struct

from alerts.delivery import TELEGRAM, address_of, scheme_of

CHAT_RESERVE = 2  # Telegram lets short bursts of about three through
GROUP_RESERVE = 3
OVERALL_RESERVE = 3
MINUTE_S = 60.0


class Rates(Struct, frozen=True):
    chat_per_s: float = 1.0
    group_per_min: float = 20.0
    overall_per_s: float = 30.0


class _Window:
    """At most `limit` events in any span of `length_s`; ordinary ones leave the last `reserve` places free."""

    def __init__(self, limit: int, length_s: float, reserve: int) -> None:
        self._limit = limit
        self._length_s = length_s
        self._reserve = min(reserve, limit - 1)
        self._times: deque[float] = deque()

    def wait_s(self, now_s: float, urgent: bool) -> float:
        limit = self._limit if urgent else self._limit - self._reserve
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
    """Tokens that refill at `per_s`; an ordinary message needs the bucket full, a first sight one token."""

    def __init__(self, per_s: float, reserve: int) -> None:
        self._per_s = per_s
        self._size = 1.0 + reserve
        self._tokens = self._size
        self._at_s = 0.0

    def _level(self, now_s: float) -> float:
        return min(self._size, self._tokens + max(0.0, now_s - self._at_s) * self._per_s)

    def wait_s(self, now_s: float, urgent: bool) -> float:
        missing = (1.0 if urgent else self._size) - self._level(now_s)
        return missing / self._per_s if missing > 1e-9 else 0.0

    def took(self, now_s: float) -> None:
        self._tokens = self._level(now_s) - 1.0
        self._at_s = now_s


class Pacer:
    """Asked before each request, told of each request. Targets other than Telegram chats are not paced."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self._overall = _Window(max(1, int(rates.overall_per_s)), 1.0, OVERALL_RESERVE)
        self._chats: dict[str, _Bucket] = {}
        self._groups: dict[str, _Window] = {}
        self._paused_until_s: dict[str, float] = {}

    def wait_s(self, target: str, now_s: float, urgent: bool = False) -> float:
        """Seconds until a message to `target` may leave; 0: now. `urgent` (a first sight) may use the reserves."""
        pause_s = self._paused_until_s.get(target, now_s) - now_s
        if scheme_of(target) != TELEGRAM:
            return max(0.0, pause_s)
        waits = [0.0, pause_s, self._overall.wait_s(now_s, urgent)]
        if target in self._chats:
            waits.append(self._chats[target].wait_s(now_s, urgent))
        if target in self._groups:
            waits.append(self._groups[target].wait_s(now_s, urgent))
        return max(waits)

    def room(self, now_s: float) -> int:
        """How many requests fit in this second, the reserve included."""
        return self._overall.room(now_s)

    def took(self, target: str, now_s: float) -> None:
        """A request to `target` leaves now."""
        if scheme_of(target) != TELEGRAM:
            return
        self._overall.took(now_s)
        self._chats.setdefault(target, _Bucket(self._rates.chat_per_s, CHAT_RESERVE)).took(now_s)
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
