"""When may we ask, and whom? Budgets, bans and circuits of every host, as one value that is asked and told. Pure.

`now` is monotonic seconds everywhere. A budget counts what was let go in the last second (or in one interval, for a
rate below one a second) and never exceeds it in *any* such span: whether an exchange counts by the clock's second or
sliding is not documented, and this is right for both. What hosts say about themselves only ever makes it stricter.

Sources: Upbit rate-limits page of 2026-10-07 (429, then 418 with growing bans; `Remaining-Req`), Bithumb 2026-10-27
(`x-ratelimit-*`), Bybit v5 "403 access too frequent" (10 minutes), checked 2026-11-20.
"""

import math
import re
from collections import deque
from collections.abc import Mapping

from msgspec import Struct

CONNECT = "connect"  # the group of new sockets
HANDSHAKE = "handshake"  # of their handshakes, which come when name and line are there; at the same rate
HEADROOM = 1.05  # requests sent a second apart arrive a little closer than that
EXHAUSTED_S = 1.0  # how long `sec=0` or `remaining: 0` is believed
TOO_MANY_FIRST_S = 1.0
TOO_MANY_CAP_S = 60.0
BAN_FIRST_S = 60.0
BAN_CAP_S = 3_600.0
TOO_FREQUENT_S = 600.0
FLOORS_S = {"upbit_site": 30.0}  # bots that went on sooner after a 429 of the site were blocked
BROKEN_AFTER = 5
BROKEN_CAP_S = 10.0
STATEMENT_BYTES = 2_000
PROBE_S = 10.0  # a probe that never reports back is given up after this

_REMAINING_SECOND = re.compile(r"\bsec\s*=\s*(\d+)")
_TOLD = re.compile(r"(?<!\d)(\d{1,9})\s{0,3}(milliseconds?|ms|seconds?|secs?|s\b|초|minutes?|mins?|분)", re.IGNORECASE)


class Paused(Struct, frozen=True):
    """Not now: nothing may be asked of this host (or group) before `until`, monotonic seconds."""

    until: float
    why: str


class Budget:
    """At most `limit` in any `window_s`, remembered one by one."""

    def __init__(self, limit: int, window_s: float) -> None:
        self.limit = limit
        self.window_s = window_s
        self.held_until = 0.0
        self._gone: deque[float] = deque(maxlen=limit)

    @classmethod
    def of_rate(cls, per_s: float) -> "Budget":
        """A budget for a published rate; below one a second it is one per interval."""
        limit = max(1, math.floor(per_s))
        return cls(limit, limit / per_s * HEADROOM)

    def wait_s(self, now: float) -> float:
        """Seconds until one more fits; 0 now."""
        wait = self.held_until - now
        if len(self._gone) == self.limit:
            wait = max(wait, self._gone[0] + self.window_s - now)
        return max(0.0, wait)

    def spend(self, now: float) -> None:
        self._gone.append(now)

    def tighten(self, limit: int) -> None:
        """Accept a smaller limit a window than was configured."""
        if 0 < limit < self.limit:
            self.limit = limit
            self._gone = deque(self._gone, maxlen=limit)


class _Pause(Struct):
    until: float = 0.0
    why: str = ""
    times: int = 0  # in a row, without an answer of another kind between


class _Service(Struct):
    budgets: dict[str, Budget] = {}
    pauses: dict[str, _Pause] = {}  # by group; "" is the whole host
    broken: int = 0  # transport failures and 5xx in a row
    open_until: float = 0.0
    probing_until: float = 0.0


class ServiceState(Struct, frozen=True):
    """How one host stands, for health."""

    paused_s: float
    why: str
    failures_in_a_row: int


class Limits:
    """The governor that every request and every handshake passes. One per process; not shared between threads."""

    def __init__(self, rates: Mapping[str, Mapping[str, float]]) -> None:
        """`rates`: requests per second, by service and group. A group that is not there shares `default`, if given."""
        self._services = {name: _Service(budgets=_budgets(groups)) for name, groups in rates.items()}

    def ask(self, service: str, group: str, now: float) -> float | Paused:
        """0.0: go, and it is counted. A positive number: ask again in that many seconds. Paused: do not wait for it."""
        known = self._services.get(service) or self._new(service)
        of_socket = group in (CONNECT, HANDSHAKE)
        if known.pauses:
            for scope in ("", CONNECT if of_socket else group):
                pause = known.pauses.get(scope)
                if pause is not None and pause.until > now:
                    return Paused(pause.until, pause.why)
        if not of_socket:  # they have a pause of their own: they neither wait for REST nor try in its place
            if known.open_until > now:
                return Paused(known.open_until, f"{known.broken} failures in a row")
            if known.broken >= BROKEN_AFTER:
                if known.probing_until > now:
                    return Paused(known.probing_until, "one request is trying whether it answers again")
                known.probing_until = now + PROBE_S
        budget = known.budgets.get(group) or (None if of_socket else known.budgets.get("default"))
        if budget is not None:
            if wait := budget.wait_s(now):
                if not of_socket:
                    known.probing_until = 0.0
                return wait
            budget.spend(now)
        return 0.0

    def learn(
        self, service: str, group: str, status: int, headers: Mapping[str, str], now: float, body: bytes = b""
    ) -> None:
        """Take note of an answer; `headers` with lower-case names, `body` only read where it may state a ban's length.

        A status of 429, 418 (or Bybit's 403) to a request pauses the whole host; to a handshake, only handshakes.
        """
        known = self._services.get(service) or self._new(service)
        scope = CONNECT if group == CONNECT else ""
        budget = known.budgets.get(group) or known.budgets.get("default")
        if budget is not None:
            _learn_budget(budget, headers, now)
        stated_s = retry_after_s(headers.get("retry-after")) if status in (418, 429) else None
        if status == 429:
            floor_s = FLOORS_S.get(service, 0.0)
            grown_s = _grown_s(known, scope, now, max(TOO_MANY_FIRST_S, floor_s), max(TOO_MANY_CAP_S, floor_s))
            wait_s = grown_s if stated_s is None else max(stated_s, floor_s)
            _pause(known, scope, now, wait_s, "HTTP 429, too many requests")
        elif status == 418:
            told_s = stated_s if stated_s is not None else _told_s(body)
            wait_s = _grown_s(known, scope, now, BAN_FIRST_S, BAN_CAP_S) if told_s is None else told_s
            _pause(known, scope, now, wait_s, "HTTP 418, banned for a while")
        elif status == 403 and b"too frequent" in body[:STATEMENT_BYTES]:
            _pause(known, scope, now, TOO_FREQUENT_S, "HTTP 403, access too frequent")
        elif status >= 500:
            if group != CONNECT:
                self.failed(service, now)
            return
        elif status < 400 and scope in known.pauses and known.pauses[scope].until <= now:
            del known.pauses[scope]  # and its growth; an answer to a request from before the pause ends nothing
        if group != CONNECT:
            known.broken = 0
            known.open_until = known.probing_until = 0.0

    def failed(self, service: str, now: float) -> None:
        """A request that got no answer, or a 5xx. From the fifth in a row the host is left alone, then tried by one.

        Requests that were already on their way when it was left alone fail with it, and don't make the rest longer.
        """
        known = self._services.get(service) or self._new(service)
        if known.open_until > now:
            return
        known.broken += 1
        known.probing_until = 0.0
        if known.broken >= BROKEN_AFTER:
            known.open_until = now + min(BROKEN_CAP_S, 2.0 ** (known.broken - BROKEN_AFTER))

    def state(self, now: float) -> dict[str, ServiceState]:
        """Every host that was asked or configured, for health."""
        return {name: self._state_of(known, now) for name, known in self._services.items()}

    @staticmethod
    def _state_of(known: _Service, now: float) -> ServiceState:
        until, why = known.open_until, "no answer"
        for pause in known.pauses.values():
            if pause.until > until:
                until, why = pause.until, pause.why
        paused_s = max(0.0, until - now)
        return ServiceState(paused_s, why if paused_s else "", known.broken)

    def _new(self, service: str) -> _Service:
        known = self._services[service] = _Service()
        return known


def _budgets(rates: Mapping[str, float]) -> dict[str, Budget]:
    budgets = {group: Budget.of_rate(rate) for group, rate in rates.items()}
    if CONNECT in rates:
        budgets[HANDSHAKE] = Budget.of_rate(rates[CONNECT])
    return budgets


def _learn_budget(budget: Budget, headers: Mapping[str, str], now: float) -> None:
    told = headers.get("remaining-req")
    remaining = _REMAINING_SECOND.search(told) if told else None
    left = remaining[1] if remaining else headers.get("x-ratelimit-remaining", "").strip()
    if left.isdecimal() and int(left) == 0:
        budget.held_until = max(budget.held_until, now + EXHAUSTED_S)
    for name in ("x-ratelimit-replenish-rate", "x-ratelimit-burst-capacity"):
        told = headers.get(name, "").strip()
        if told.isdecimal():
            budget.tighten(int(told))


def _grown_s(known: _Service, scope: str, now: float, first_s: float, cap_s: float) -> float:
    """Twice as long each time in a row, counted from the pauses that are over."""
    pause = known.pauses.get(scope)
    times = 0 if pause is None else pause.times - (pause.until > now)
    return min(cap_s, first_s * 2.0**times)


def _pause(known: _Service, scope: str, now: float, wait_s: float, why: str) -> None:
    """Answers to requests that were already on their way belong to the pause that stands; they don't make it grow."""
    pause = known.pauses.setdefault(scope, _Pause())
    if pause.until <= now:
        pause.times = min(pause.times + 1, 30)
    if now + wait_s > pause.until:
        pause.until = now + wait_s
        pause.why = why


def retry_after_s(header: str | None) -> float | None:
    """Seconds of a `Retry-After` header; None where it is absent, a date, or nonsense. At most an hour is believed."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        return None
    return min(seconds, BAN_CAP_S) if seconds >= 0 else None


def _told_s(body: bytes) -> float | None:
    """The length of a ban that the text of an answer tells, as in `… in 57 seconds`; the exact wording is not known."""
    told = _TOLD.search(body[:STATEMENT_BYTES].decode("utf-8", "replace"))
    if told is None:
        return None
    unit = told[2].lower()
    factor = 0.001 if unit.startswith("mil") or unit == "ms" else 60.0 if unit[0] in "m분" else 1.0
    return min(int(told[1]) * factor, BAN_CAP_S)
