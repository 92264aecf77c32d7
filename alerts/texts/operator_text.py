"""What the owner of the daemon reads about the daemon itself: troubles, recoveries, digests, the test alert."""

from collections.abc import Sequence

from msgspec import Struct

from alerts.alert import AlertLevel
from alerts.texts.figures import kst_time, span
from alerts.texts.words import PREFIX, Language, say

DIGEST_LINES = 40
DIGEST_LINE_CHARACTERS = 160


class DigestItem(Struct, frozen=True):
    """One alert that is told in a digest instead of by itself."""

    level: AlertLevel
    created_ms: int
    text: str


def operator(what: str, remedy: str, language: Language, level: AlertLevel = AlertLevel.HIGH) -> str:
    """Something is wrong with the daemon; `what` and `remedy` are sentences that the part concerned wrote."""
    lines = [f"{PREFIX[level]} {say(('운영 알림', 'OPERATOR'), language)} · {what}"]
    return "\n".join([*lines, remedy] if remedy else lines)


def recovered(what: str, lasted_ms: int, language: Language) -> str:
    """It is over, and how long it lasted."""
    lasted = span(lasted_ms, language)
    words = (f"✅ 복구됨 · {what} ({lasted} 만에)", f"✅ RECOVERED · {what} (after {lasted})")
    return say(words, language)


def trial(language: Language, now_ms: int) -> str:
    """A message that proves the whole way from here to the reader."""
    at = kst_time(now_ms, language)
    return say((f"✅ 시험 알림 · {at} KST", f"✅ TEST ALERT · {at} KST"), language)


def digest(items: Sequence[DigestItem], language: Language) -> str:
    """Many alerts as one message, the loudest first; each by its first line, with its time."""
    loudest = max((item.level for item in items), default=AlertLevel.LOW)
    words = (f"모아 보기 {len(items)}건", f"DIGEST of {len(items)}")
    lines = [f"{PREFIX[loudest]} {say(words, language)}"]
    ranked = sorted(items, key=lambda item: (-item.level, item.created_ms))
    for item in ranked[:DIGEST_LINES]:
        first = item.text.strip().partition("\n")[0][:DIGEST_LINE_CHARACTERS]
        lines.append(f"{kst_time(item.created_ms, language)} {first}")
    if len(ranked) > DIGEST_LINES:
        more = len(ranked) - DIGEST_LINES
        lines.append(say((f"외 {more}건", f"and {more} more"), language))
    return "\n".join(lines)


def marks(language: Language, repeat: bool, late_ms: int) -> list[str]:
    """What is said beside the id of an alert: that it may be a repeat, that it waited to be sent."""
    found = []
    if repeat:
        found.append(say(("중복일 수 있음", "possible repeat"), language))
    if late_ms >= 60_000:
        waited = span(late_ms, language)
        found.append(say((f"{waited} 늦게 전송", f"sent {waited} late"), language))
    return found
