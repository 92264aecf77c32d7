"""What rings, what is only edited, and what waits."""

import msgspec
import pytest

from analysis.gate import decide
from analysis.ringing import Quiet, Ring, Rung, ringing, rung
from analysis.verdict import Finding, Outcome, Verdict
from tests.fakes.evidence import NOW, evidence, settings

GOOD = decide(evidence(), settings())
EVERY_S = 60.0


def verdict(outcome: Outcome, *blockers: str) -> Verdict:
    return msgspec.structs.replace(GOOD, outcome=outcome, blockers=tuple(Finding(code) for code in blockers))


GO, NO_GO, READY, NOT_READY, UNKNOWN = Outcome.GO, Outcome.NO_GO, Outcome.READY, Outcome.NOT_READY, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("told", "rang_s_ago", "new", "answer"),
    [
        (None, None, GO, "first"),
        (None, None, READY, "first"),
        (None, None, NO_GO, "not_loud"),
        (None, None, UNKNOWN, "not_loud"),
        (UNKNOWN, None, NOT_READY, "not_loud"),
        (GO, 1, GO, "unchanged"),
        (UNKNOWN, None, READY, "turned"),
        (READY, 60, GO, "turned"),
        (READY, 59.999, GO, "held"),
        (READY, 60, NOT_READY, "withdrawn"),
        (READY, 59.999, NOT_READY, "held"),
        (GO, 0, NO_GO, "withdrawn"),  # whoever acts on it must know at once
        (NO_GO, 59.999, GO, "held"),
        (NO_GO, 60, GO, "turned"),
    ],
)
def test_what_rings(told: Outcome | None, rang_s_ago: float | None, new: Outcome, answer: str) -> None:
    before = Rung(told, None if rang_s_ago is None else NOW - round(rang_s_ago * 1000))
    given = ringing(before, verdict(new), NOW, EVERY_S)
    assert given.reason == answer
    assert isinstance(given, Ring) is (answer in ("first", "turned", "withdrawn"))


def test_a_held_change_rings_once_when_its_time_has_come() -> None:
    before = Rung(NO_GO, NOW - 10_000)
    held = ringing(before, verdict(GO), NOW, EVERY_S)
    assert held == Quiet("held", NOW + 50_000)
    kept = rung(before, held, verdict(GO), NOW)
    due = ringing(kept, verdict(GO), NOW + 50_000, EVERY_S)
    assert isinstance(due, Ring)
    after = rung(kept, due, verdict(GO), NOW + 50_000)
    assert ringing(after, verdict(GO), NOW + 200_000, EVERY_S) == Quiet("unchanged")


def test_a_change_that_did_not_last_is_never_told() -> None:
    before = Rung(NO_GO, NOW - 10_000)
    kept = rung(before, ringing(before, verdict(GO), NOW, EVERY_S), verdict(GO), NOW)
    assert ringing(kept, verdict(NO_GO), NOW + 2_000, EVERY_S) == Quiet("unchanged")


def test_a_ring_says_what_changed() -> None:
    answer = ringing(Rung(NO_GO), verdict(GO, "late"), NOW, EVERY_S, verdict(NO_GO, "deposit_closed", "late"))
    assert isinstance(answer, Ring)
    assert (answer.before, answer.gone, answer.new) == (NO_GO, (Finding("deposit_closed"),), ())


def test_a_flapping_verdict_rings_at_most_twice_a_minute() -> None:
    """GO, withdrawn at once, then silence until the minute is over, however often it turns."""
    state, rings = Rung(), []
    for second in range(0, 120, 2):
        new = verdict(GO if (second // 2) % 2 == 0 else NO_GO)
        answer = ringing(state, new, NOW + second * 1000, EVERY_S)
        if isinstance(answer, Ring):
            rings.append(second)
        state = rung(state, answer, new, NOW + second * 1000)
    assert rings == [0, 2, 64, 66]
