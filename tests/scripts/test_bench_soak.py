"""What a soak makes of its minutes: growth counts after settling, and each bound can be missed."""

import msgspec

from scripts.bench_soak import WATCH_TASKS, Minute, judged


def tasks(minute: int) -> float:
    """Each listing is watched to the end; one comes in minutes 3, 13, 23, …"""
    return 74.0 + WATCH_TASKS * ((minute + 7) // 10)


STEADY = [Minute(number, 70.0, 30.0, tasks(number), 4.0, 0.0) for number in range(1, 61)]


def test_an_hour_that_stays_as_it_is_misses_nothing() -> None:
    warming = [msgspec.structs.replace(each, resident_mb=50.0) for each in STEADY[:10]]
    found = judged([*warming, *STEADY[10:]], 0.9, 0, [])
    assert all(each.met for each in found.verdict())
    assert (found.most_mb, found.growth, found.files_more, found.tasks_more) == (70.0, 0.0, 0.0, 0.0)


def test_what_leaks_or_hangs_is_named() -> None:
    leaking = [
        Minute(each.minute, 70.0 + each.minute / 5, 30.0 + each.minute, each.tasks + each.minute, 4.0, 0.0)
        for each in STEADY
    ]
    verdict = judged(leaking, 5.1, 3, ["a task was left behind: x"]).verdict()
    assert [each.name for each in verdict if each.met] == []
    measured = {each.name: each.measured for each in verdict}
    assert measured["memory at most"] == "82.0 MB"
    assert (measured["stop"], measured["exit code"]) == ("5.1 s", "3")
