"""What a quiet connection is asked, and when it is given up. Times are seconds since the connection began."""

from itertools import pairwise

from collectors.feeds.rhythm import Rhythm
from collectors.feeds.vigil import ANSWER_S, Step, Vigil

SILENT_S = 30.0


def vigil(silent_s: float | None = SILENT_S, usual_s: float | None = None) -> Vigil:
    rhythm = Rhythm(SILENT_S)
    if usual_s is not None:
        for _ in range(200):
            rhythm.note(1, usual_s)
    return Vigil(rhythm, silent_s, first_message_s=10.0, now=0.0)


def step(watched: Vigil, now: float, *, pending: bool = False, live: bool = True) -> Step:
    return watched.look(now, pending, live)[0]


def test_a_request_without_data_is_asked_after_and_given_up_at_the_deadline() -> None:
    watched = vigil()
    watched.asked(0.0)
    assert step(watched, 4.9, pending=True, live=False) is Step.WAIT
    assert step(watched, 5.0, pending=True, live=False) is Step.PROBE
    watched.probed(5.0)
    assert step(watched, 9.9, pending=True, live=False) is Step.WAIT
    assert step(watched, 10.0, pending=True, live=False) is Step.NEVER_LIVE


def test_a_request_for_codes_that_never_traded_stands_once_the_other_side_has_answered() -> None:
    watched = vigil()
    watched.asked(0.0)
    watched.heard(1.0)
    watched.probed(5.0)
    watched.heard(5.1)
    assert step(watched, 10.0, pending=True, live=False) is Step.STANDS


def test_what_was_heard_before_the_question_proves_nothing() -> None:
    watched = vigil()
    watched.asked(0.0)
    watched.heard(4.0)
    watched.probed(5.0)
    assert step(watched, 10.0, pending=True, live=False) is Step.NEVER_LIVE


def test_trades_that_prove_no_request_are_an_answer_all_the_same_and_it_is_questioned_once() -> None:
    watched = vigil()
    watched.asked(0.0)
    watched.probed(5.0)
    watched.heard(6.0)
    watched.data(6.0, snapshot=False)
    assert step(watched, 6.0, pending=True, live=False) is Step.WAIT
    assert step(watched, 10.0, pending=True, live=False) is Step.STANDS
    watched.asked(11.0)
    assert step(watched, 16.0, pending=True, live=False) is Step.PROBE


def test_a_later_request_stands_when_nothing_spoke_against_it() -> None:
    watched = vigil()
    watched.data(1.0, snapshot=False)
    watched.asked(5.0)
    assert step(watched, 15.0, pending=True) is Step.STANDS


def test_a_busy_connection_is_asked_within_seconds_and_given_up_when_deaf() -> None:
    watched = vigil(usual_s=0.1)
    watched.data(100.0, snapshot=False)
    assert step(watched, 101.3) is Step.WAIT
    assert step(watched, 101.4) is Step.PROBE
    watched.probed(101.4)
    assert step(watched, 101.4 + ANSWER_S - 0.1) is Step.WAIT
    assert step(watched, 101.4 + ANSWER_S) is Step.DEAF


def test_an_answer_buys_more_patience_each_time_until_trades_come_again() -> None:
    watched = vigil(usual_s=0.1)
    watched.data(100.0, snapshot=False)
    asked_at = []
    for tenths in range(1_000, 1_250):
        now = tenths / 10
        if step(watched, now) is Step.PROBE:
            asked_at.append(now)
            watched.probed(now)
            watched.heard(now + 0.01)
    assert [round(later - earlier, 1) for earlier, later in pairwise(asked_at)] == [
        2.8,
        5.6,
        11.1,
    ]
    watched.data(125.0, snapshot=False)
    assert step(watched, 126.4) is Step.PROBE


def test_no_data_for_the_feeds_own_limit_is_stale_whatever_it_answers() -> None:
    watched = vigil()
    watched.data(5.0, snapshot=True)
    watched.heard(34.0)
    assert step(watched, 34.9) is not Step.STALE
    assert step(watched, 35.0) is Step.STALE


def test_a_connection_that_never_had_data_is_stale_as_well_unless_the_exchange_names_its_codes() -> None:
    watched = vigil()
    assert step(watched, SILENT_S) is Step.STALE


def test_codes_that_the_exchange_names_are_asked_after_and_never_stale_while_it_answers() -> None:
    watched = vigil()
    watched.named()
    now = 0.0
    while now < 3_600.0:
        now += 1.0
        verdict = step(watched, now)
        assert verdict in (Step.WAIT, Step.PROBE)
        if verdict is Step.PROBE:
            watched.probed(now)
            watched.heard(now)


def test_where_silence_is_healthy_only_deafness_ends_it() -> None:
    watched = vigil(silent_s=None)
    watched.data(0.0, snapshot=False)
    assert step(watched, 29.0) is Step.WAIT
    assert step(watched, 31.0) is Step.PROBE
    watched.probed(31.0)
    watched.heard(31.5)
    assert step(watched, 600.0) is Step.PROBE
    watched.probed(600.0)
    assert step(watched, 600.0 + ANSWER_S) is Step.DEAF


def test_it_is_sound_until_its_last_data_and_where_silence_is_healthy_until_its_last_frame() -> None:
    recorded, calm, named = vigil(), vigil(silent_s=None), vigil()
    named.named()
    for watched in (recorded, calm, named):
        watched.heard(9.0)
    assert [each.sound_at for each in (recorded, calm, named)] == [0.0, 9.0, 9.0]
    for watched in (recorded, calm, named):
        watched.data(10.0, snapshot=False)
        watched.heard(12.0)
    assert [each.sound_at for each in (recorded, calm, named)] == [10.0, 12.0, 10.0]


def test_what_is_missed_at_an_end_begins_with_its_last_data_wherever_there_was_any() -> None:
    recorded, calm, named = vigil(), vigil(silent_s=None), vigil()
    named.named()
    for watched in (recorded, calm, named):
        watched.heard(9.0)
    assert [each.missed_since for each in (recorded, calm, named)] == [0.0, 9.0, 9.0]
    for watched in (recorded, calm, named):
        watched.data(10.0, snapshot=False)
        watched.heard(12.0)
        watched.data(14.0, snapshot=True)
    assert [each.missed_since for each in (recorded, calm, named)] == [10.0, 10.0, 10.0]
