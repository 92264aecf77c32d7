"""How a start is told: always after a stop in order, a handful of times in a crash loop."""

import pytest

from alerts.alert import AlertLevel
from config.units import MINUTE_MS
from ops.process.lock import Run
from ops.watching.restarts import Start, headline, held_since, level, start_text
from tests.fakes.clock import START_MS

KILLED = Run(1, "boot-a")
CRASHED = Run(1, "boot-a", "crashed", START_MS, "WriterGone: the database writer died")
STOPPED = Run(1, "boot-a", "stopped", START_MS - 90_000, "SIGTERM")


def rung(*minutes_ago: float) -> list[Start]:
    return [Start(START_MS - round(minutes * MINUTE_MS), rang=True) for minutes in minutes_ago]


@pytest.mark.parametrize(
    ("before", "earlier", "loud"),
    [
        (None, [], True),
        (KILLED, [], True),
        (KILLED, rung(9.9), False),
        (KILLED, rung(10), True),
        (KILLED, rung(10, 25), False),  # the second that rings makes the quiet time 20 minutes
        (KILLED, rung(20, 35), True),
        (CRASHED, rung(1), False),
        (KILLED, rung(24 * 60 + 1), True),
        (STOPPED, rung(1), True),
        (STOPPED, rung(1, 2), True),
        (STOPPED, rung(1, 2, 3), False),  # a service manager that stops and starts us for ever
        (STOPPED, rung(11, 12, 13), True),
    ],
)
def test_which_start_rings(before: Run | None, earlier: list[Start], loud: bool) -> None:
    assert level(before, earlier, START_MS) == (AlertLevel.HIGH if loud else AlertLevel.INFO)


def test_a_night_of_crashes_is_a_handful_of_messages() -> None:
    told: list[Start] = []
    for second in range(0, 8 * 3_600, 20):
        now_ms = START_MS + second * 1000
        told.append(Start(now_ms, level(KILLED, told, now_ms) is AlertLevel.HIGH))
    assert sum(each.rang for each in told) <= 6
    assert held_since(told) > 100


def test_starts_that_were_not_told_are_counted_from_the_last_that_was() -> None:
    quiet = [Start(START_MS + n, rang=False) for n in range(3)]
    assert held_since([Start(START_MS - 1, rang=False), *rung(0), *quiet]) == 3
    assert held_since([]) == 0


@pytest.mark.parametrize(
    ("before", "boot", "says"),
    [
        (None, "boot-a", "started"),
        (STOPPED, "boot-a", "was stopped for 1 min 30 s"),
        (CRASHED, "boot-a", "after a crash: WriterGone: the database writer died"),
        (KILLED, "boot-a", "no mark of a clean stop"),
        (KILLED, "boot-b", "the machine was restarted"),
        (KILLED, "", "no mark of a clean stop"),
    ],
)
def test_a_start_says_what_came_before(before: Run | None, boot: str, says: str) -> None:
    assert says in headline(before, boot, None, START_MS, "en")


def test_the_last_sign_of_life_is_told_in_korean_time() -> None:
    assert headline(KILLED, "", START_MS, START_MS, "en").endswith("last sign of life 17:00:00 KST")


def test_a_deaf_exchange_stands_before_the_start_itself() -> None:
    deaf = [("no notice channel of Upbit works", "Set UPBIT_ACCESS_KEY"), ("no notice channel of Bithumb works", "Ask")]
    lines = start_text(deaf, "started", ["off: a"], "en").splitlines()
    assert lines == [
        "🔔 OPERATOR · no notice channel of Upbit works",
        "Set UPBIT_ACCESS_KEY",
        "no notice channel of Bithumb works. Ask",
        "started",
        "off: a",
    ]
    assert start_text([], "started", [], "en") == "🔔 OPERATOR · started"
