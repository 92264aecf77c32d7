"""What a start says about the run before it, and how loudly. Pure.

A start after a stop in order is news each time. In a crash loop the first restart rings, the next ones only when the
quiet time since the last that rang is over; that time doubles with each, so that a night of crashes is a handful of
messages that carry the count. Starts that are held are recorded all the same, and the end of the loop is told.
"""

from collections.abc import Sequence

from msgspec import Struct

from alerts.alert import AlertLevel
from alerts.texts.figures import kst_time, span
from alerts.texts.operator_text import operator
from alerts.texts.words import Language, say
from ops.process.lock import Run

QUIET_FIRST_MS = 10 * 60_000
QUIET_CAP_MS = 6 * 3_600_000
REMEMBER_MS = 24 * 3_600_000  # how far back starts count
ORDERLY_STARTS = (
    3  # so many deliberate starts within `QUIET_FIRST_MS` ring; a service manager's loop is held from there
)
STEADY_MS = 10 * 60_000  # a run that lasts this long has ended a crash loop


class Start(Struct, frozen=True):
    """An earlier start, as the alerts remember it."""

    at_ms: int
    rang: bool


def crashed(before: Run | None) -> bool:
    """Whether the run before did not end as it was asked to."""
    return before is not None and before.ended != "stopped"


def level(before: Run | None, earlier: Sequence[Start], now_ms: int) -> AlertLevel:
    """HIGH rings; INFO is recorded and not sent. `earlier` starts of the same kind, in any order."""
    rang = sorted(each.at_ms for each in earlier if each.rang and abs(now_ms - each.at_ms) <= REMEMBER_MS)
    if not rang:
        return AlertLevel.HIGH
    since_ms = abs(now_ms - rang[-1])
    if not crashed(before):
        lately = sum(abs(now_ms - at_ms) < QUIET_FIRST_MS for at_ms in rang)
        return AlertLevel.HIGH if lately < ORDERLY_STARTS else AlertLevel.INFO
    quiet_ms = min(QUIET_CAP_MS, QUIET_FIRST_MS * 2 ** (min(len(rang), 10) - 1))
    return AlertLevel.HIGH if since_ms >= quiet_ms else AlertLevel.INFO


def held_since(earlier: Sequence[Start]) -> int:
    """How many starts were not told since the last that was."""
    last_ms = max((each.at_ms for each in earlier if each.rang), default=0)
    return sum(not each.rang and each.at_ms >= last_ms for each in earlier)


def headline(before: Run | None, boot: str, heartbeat_ms: int | None, now_ms: int, language: Language) -> str:
    """Started, or restarted after what; `heartbeat_ms` is the last sign of life in health.json."""
    if before is None:
        return say(("시작함", "started"), language)
    if before.ended == "stopped":
        down_ms = now_ms - before.at_ms if before.at_ms is not None else 0
        away = span(max(0, down_ms), language)
        return say((f"다시 시작함 ({away} 동안 멈춰 있었음)", f"started again (was stopped for {away})"), language)
    reason = _reason(before, boot, language)
    return say((f"비정상 종료 후 다시 시작함: {reason}", f"restarted after a crash: {reason}"), language) + _last_sign(
        heartbeat_ms, language
    )


def _reason(before: Run, boot: str, language: Language) -> str:
    if before.ended == "crashed":
        return before.why
    if before.boot and boot and before.boot != boot:
        return say(("컴퓨터가 재부팅됨", "the machine was restarted"), language)
    return say(
        (
            "정상 종료 표시 없음 (강제 종료, 메모리 부족 또는 워치독)",
            "no mark of a clean stop (killed, out of memory, or the watchdog)",
        ),
        language,
    )


def _last_sign(heartbeat_ms: int | None, language: Language) -> str:
    if heartbeat_ms is None:
        return ""
    at = kst_time(heartbeat_ms, language)
    return say((f", 마지막 신호 {at} KST", f", last sign of life {at} KST"), language)


def loop_line(held: int, language: Language) -> str:
    """That earlier restarts were not told one by one."""
    words = (f"그 사이 다시 시작 {held}회는 따로 알리지 않음", f"{held} restarts before this one were not told")
    return say(words, language)


def steady(held: int, language: Language) -> str:
    """The end of a crash loop."""
    words = (
        f"10분째 안정적으로 동작 중 (알리지 않은 재시작 {held}회)",
        f"running steadily for 10 min (after {held} restarts that were not told)",
    )
    return say(words, language)


def stopping(signal: str, language: Language) -> str:
    """The last word of a run that was asked to end."""
    words = (
        f"{signal} 신호로 멈춤; 다시 시작할 때까지 기록하지 않음",
        f"stopped by {signal}; nothing is seen until the next start",
    )
    return say(words, language)


def start_text(first: Sequence[tuple[str, str]], headline: str, rest: Sequence[str], language: Language) -> str:
    """The message of a start. `first`: (what, remedy) of what must not be missed; it stands before everything else."""
    lines = [*rest]
    if not first:
        return operator(headline, "\n".join(lines), language)
    (what, remedy), *others = first
    below = [remedy, *(f"{also}. {do}" for also, do in others), headline, *lines]
    return operator(what, "\n".join(below), language)
