"""Whether an alert rings now, and why. For what rings only: edits never pass here."""

from enum import Enum

from msgspec import Struct

from alerts.alert import AlertKind, AlertLevel


class Decision(Enum):
    """The answer is a reason. `sends` tells whether it leaves at once."""

    SEND_FIRST_SIGHT = "a first sight is never held"
    SEND_URGENT = "critical and high go at once"
    SEND_ASKED = "asked for by a person, or a digest whose time has come"
    SEND_FIRST = "nothing was sent for this key"
    SEND_ESCALATED = "louder than the last"
    SEND_REPEAT = "the quiet period is over"
    HOLD = "the same news inside the quiet period"
    DIGEST = "low: told in the next digest"
    RECORD = "info: recorded and logged, not sent"

    @property
    def sends(self) -> bool:
        return self.name.startswith("SEND_")


class LastSent(Struct, frozen=True):
    """What rang last for a key, and when (our clock)."""

    level: AlertLevel
    sent_ms: int


def decide(kind: AlertKind, level: AlertLevel, last: LastSent | None, now_ms: int, quiet_ms: int) -> Decision:
    """Why this alert goes out, or why it is held. A clock that stepped back holds nothing beyond `quiet_ms`."""
    if kind is AlertKind.FIRST_SIGHT:
        return Decision.SEND_FIRST_SIGHT
    if kind in (AlertKind.TEST, AlertKind.DIGEST):
        return Decision.SEND_ASKED
    if level >= AlertLevel.HIGH:
        return Decision.SEND_URGENT
    if level == AlertLevel.LOW:
        return Decision.DIGEST
    if level == AlertLevel.INFO:
        return Decision.RECORD
    if last is None:
        return Decision.SEND_FIRST
    if level > last.level:
        return Decision.SEND_ESCALATED
    if abs(now_ms - last.sent_ms) >= quiet_ms:
        return Decision.SEND_REPEAT
    return Decision.HOLD
