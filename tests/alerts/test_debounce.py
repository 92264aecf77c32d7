import pytest

from alerts.alert import AlertKind, AlertLevel
from alerts.debounce import Decision, LastSent, decide

NOW, QUIET = 1_800_000_000_000, 300_000
V, LEVEL = AlertKind.VERDICT, AlertLevel


@pytest.mark.parametrize(
    ("kind", "level", "last", "expected"),
    [
        (V, LEVEL.MEDIUM, None, Decision.SEND_FIRST),
        (V, LEVEL.MEDIUM, LastSent(LEVEL.MEDIUM, NOW - QUIET + 1), Decision.HOLD),
        (V, LEVEL.MEDIUM, LastSent(LEVEL.MEDIUM, NOW - QUIET), Decision.SEND_REPEAT),
        (V, LEVEL.MEDIUM, LastSent(LEVEL.CRITICAL, NOW - 1), Decision.HOLD),
        (V, LEVEL.MEDIUM, LastSent(LEVEL.LOW, NOW - 1), Decision.SEND_ESCALATED),
        (V, LEVEL.MEDIUM, LastSent(LEVEL.MEDIUM, NOW + QUIET), Decision.SEND_REPEAT),  # the clock stepped back
        (V, LEVEL.HIGH, LastSent(LEVEL.CRITICAL, NOW), Decision.SEND_URGENT),
        (V, LEVEL.CRITICAL, LastSent(LEVEL.CRITICAL, NOW), Decision.SEND_URGENT),
        (V, LEVEL.LOW, None, Decision.DIGEST),
        (V, LEVEL.INFO, None, Decision.RECORD),
        (AlertKind.FIRST_SIGHT, LEVEL.INFO, LastSent(LEVEL.CRITICAL, NOW), Decision.SEND_FIRST_SIGHT),
        (AlertKind.FIRST_SIGHT, LEVEL.LOW, None, Decision.SEND_FIRST_SIGHT),
        (AlertKind.TEST, LEVEL.INFO, LastSent(LEVEL.INFO, NOW), Decision.SEND_ASKED),
        (AlertKind.DIGEST, LEVEL.LOW, None, Decision.SEND_ASKED),
    ],
)
def test_each_case_has_its_reason(
    kind: AlertKind, level: AlertLevel, last: LastSent | None, expected: Decision
) -> None:
    assert decide(kind, level, last, NOW, QUIET) is expected


def test_only_decisions_to_send_send() -> None:
    assert {each for each in Decision if not each.sends} == {Decision.HOLD, Decision.DIGEST, Decision.RECORD}
