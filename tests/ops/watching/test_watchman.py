"""Each trouble is told once, on the right side of its line, and its end is told with how long it lasted."""

import msgspec
import pytest

from ops.commands.answer import Mark
from ops.commands.key_checks import KeyAnswer, KeyState
from ops.watching.readings import AuditReading, ChannelReading, FeedReading, Readings
from ops.watching.troubles import Trouble, deaf, name_of, settled
from ops.watching.watchman import STEADY_S, Began, Ended, Watchman
from tests.ops.watching.test_health import DOWN, FEED, NOW, UP, heard, readings, writer


def causes(news: list[Began | Ended]) -> list[str]:
    return [each.trouble.cause if isinstance(each, Began) else f"over {each.cause}" for each in news]


def at(second: float, **changes: object) -> Readings:
    """Readings `second` seconds on, in which both feeds have just spoken unless `changes` say otherwise."""
    now_ms = NOW + round(second * 1000)
    fresh = msgspec.structs.replace(FEED, last_message_ms=now_ms)
    return readings(**{"now_ms": now_ms, "feeds": {"upbit": fresh, "bithumb": fresh}, **changes})


def watched(*looks: tuple[float, Readings], open_s: dict[str, float] | None = None) -> list[str]:
    watchman = Watchman(0.0, open_s)
    return [cause for second, seen in looks for cause in causes(watchman.look(seen, second))]


def test_a_feed_is_told_after_a_minute_of_silence_and_again_when_it_speaks_steadily() -> None:
    watchman = Watchman(0.0)
    assert watchman.look(at(0), 0.0) == []
    assert causes(watchman.look(at(60, feeds={"upbit": heard(0)}), 60.0)) == []
    assert causes(watchman.look(at(60.1, feeds={"upbit": heard(0)}), 60.1)) == ["feed:upbit"]
    assert causes(watchman.look(at(70, feeds={"upbit": heard(0)}), 70.0)) == []
    assert causes(watchman.look(at(100), 100.0)) == []
    (over,) = watchman.look(at(100 + STEADY_S), 100.0 + STEADY_S)
    assert over == Ended("feed:upbit", 100_000)
    assert causes(watchman.look(at(120), 120.0)) == []


def test_a_feed_that_never_spoke_is_told_after_a_minute_and_is_not_fine_before() -> None:
    mute = {"upbit": FeedReading(False, None, None, 100, 1, 0, 0, 100)}
    looks = [(float(second), at(second, feeds=mute)) for second in range(62)]
    assert watched(*looks) == ["feed:upbit"]
    assert watched(*looks[:50], open_s={"feed:upbit": 300.0}) == []  # nothing is known yet: no recovery


def test_a_wall_clock_that_jumps_silences_no_feed() -> None:
    assert watched((0.0, at(0)), (1.0, at(3_600)), (2.0, at(3_601))) == []


def test_a_flapping_channel_is_told_once_until_it_is_steady() -> None:
    down, up = {"upbit:notices": DOWN}, {"upbit:notices": UP}
    flapping = [(float(second), at(second, channels=up if second % 5 == 4 else down)) for second in range(60)]
    steady = [(float(second), at(second, channels=up)) for second in range(60, 80)]
    assert watched(*flapping) == ["channel:upbit:notices"]
    assert watched(*flapping, *steady) == ["channel:upbit:notices", "over channel:upbit:notices"]


def test_a_channel_on_its_way_up_or_switched_off_ends_nothing() -> None:
    shaky, off = ChannelReading("degraded", None, None, 3, "HTTP 500"), ChannelReading("off", None, None, 0, "no key")
    for state in (shaky, off):
        looks = [(float(second), at(second, channels={"upbit:notices": state})) for second in range(30)]
        assert watched(*looks, open_s={"channel:upbit:notices": 100.0}) == []


def test_drops_are_told_as_they_begin_and_end_when_the_count_stands_still() -> None:
    counts = {0: 0, 10: 3, 20: 9, 79: 9, 80: 9, 90: 9}
    looks = [(float(second), at(second, writer=writer(dropped=count))) for second, count in counts.items()]
    assert watched(*looks) == ["drop", "over drop"]
    assert watched(*looks[:-1]) == ["drop"]


def feed(second: float, **changes: object) -> Readings:
    """Both have just spoken; `changes` tell the rest of Upbit."""
    fresh = msgspec.structs.replace(FEED, last_message_ms=NOW + round(second * 1000))
    return at(second, feeds={"upbit": msgspec.structs.replace(fresh, **changes), "bithumb": fresh})


def test_a_connection_is_told_at_its_twentieth_failure_in_a_row_and_over_when_it_stands() -> None:
    looks = [(float(n), feed(n, failures=n, last_error="DNS: no answer")) for n in range(1, 40)]
    fine = [(float(n), feed(n)) for n in range(40, 60)]
    assert watched(*looks[:19]) == []
    assert watched(*looks) == ["connection:upbit"]
    assert watched(*looks, *fine) == ["connection:upbit", "over connection:upbit"]


def test_a_connection_that_never_lasts_is_told_at_its_fifteenth_end_and_over_when_one_stands() -> None:
    looks = [
        (float(n), feed(n, failures=n % 2, brief=n, last_error="closed with 1006" * (n % 2))) for n in range(1, 40)
    ]
    fine = [(float(n), feed(n)) for n in range(40, 60)]
    assert watched(*looks[:14]) == []
    assert watched(*looks) == ["connection:upbit"]
    assert watched(*looks, *fine) == ["connection:upbit", "over connection:upbit"]


def test_refused_codes_are_told() -> None:
    assert watched((0.0, feed(0, refused_codes=("KRW-X",)))) == ["codes:upbit"]


def test_frames_that_break_the_contract_in_one_way_are_told_once_and_stray_ones_never() -> None:
    stray = [(float(n), feed(n, unreadable={"not JSON": 1, "`$.tp`": min(n, 2)})) for n in range(30)]
    assert watched(*stray) == []
    changed = [(float(n), feed(n, unreadable={"`$.tp`": n})) for n in range(100)]
    assert watched(*changed) == ["frames:upbit"]
    after = [(float(n), feed(n, unreadable={"`$.tp`": 99})) for n in range(100, 180)]
    assert watched(*changed, *after) == ["frames:upbit", "over frames:upbit"]


def test_rows_refused_at_the_first_look_count() -> None:
    assert watched((0.0, at(0, writer=writer(failed=1)))) == ["unstorable"]


def test_a_writer_that_fails_for_a_moment_is_not_told() -> None:
    fault = {"writer_fault": "SQLITE_FULL: database or disk is full"}
    assert watched((0.0, at(0, **fault)), (1.9, at(1.9, **fault)), (2.5, at(2.5))) == []
    assert watched((0.0, at(0, **fault)), (2.0, at(2, **fault)), (3.0, at(3)), (13.0, at(13))) == [
        "writer",
        "over writer",
    ]


@pytest.mark.parametrize(
    ("free", "days", "told"),
    [
        (0.10, None, []),
        (0.099, None, ["disk"]),
        (0.5, 14.0, []),
        (0.5, 13.9, ["disk"]),
        (None, None, []),
    ],
)
def test_the_disk_is_told_below_ten_percent_or_a_fortnight(
    free: float | None, days: float | None, told: list[str]
) -> None:
    assert watched((0.0, at(0, disk_free_part=free, disk_days_left=days))) == told


def test_a_disk_that_hovers_at_its_line_is_told_once() -> None:
    looks = [(float(s), at(s, disk_free_part=0.099 if s % 30 < 15 else 0.105)) for s in range(120)]
    assert watched(*looks) == ["disk"]


@pytest.mark.parametrize(
    ("offset", "told"),
    [
        (None, []),
        ((-1_000, 5_000), []),
        ((1_000, 1_400), []),
        ((1_001, 1_400), ["clock"]),
        ((-5_000, -1_000), []),
        ((-5_000, -1_001), ["clock"]),
    ],
)
def test_the_clock_is_told_only_when_the_truth_cannot_lie_within_a_second(
    offset: tuple[int, int] | None, told: list[str]
) -> None:
    assert watched((0.0, at(0, clock_offset_ms=offset))) == told


def test_a_trouble_told_before_a_restart_is_not_told_again_and_its_end_counts_from_then() -> None:
    watchman = Watchman(5.0, {"disk": 120.0})
    assert causes(watchman.look(at(0, disk_free_part=0.05), 5.0)) == []
    assert causes(watchman.look(at(1, disk_free_part=0.5), 6.0)) == []
    assert watchman.look(at(20, disk_free_part=0.5), 25.0) == [Ended("disk", 121_000)]


KEY_FINE = KeyAnswer("key of okx", Mark.OK, "may read only", state=KeyState.FINE)
KEY_ENDS = KeyAnswer("key of okx", Mark.WARN, "ends in 6 days", "x", state=KeyState.ENDING)
KEY_REFUSED = KeyAnswer("key of okx", Mark.FAIL, "refused: 50111", "x", state=KeyState.REFUSED)


def test_a_key_that_ends_is_told_and_told_again_when_it_is_refused() -> None:
    seen = {0: KEY_FINE, 10: KEY_ENDS, 20: KEY_ENDS, 30: KEY_REFUSED, 40: KEY_REFUSED, 50: KEY_FINE, 60: KEY_FINE}
    looks = [(float(second), at(second, keys={"okx": key})) for second, key in seen.items()]
    assert watched(*looks) == ["key_ends:okx", "key:okx", "over key:okx", "over key_ends:okx"]


def test_a_key_that_only_its_owner_can_mend_comes_with_the_remedy() -> None:
    for name, helps in (("no_authorization_ip", "this machine's address"), ("expired_access_key", "has expired")):
        refused = KeyAnswer("key of upbit", Mark.FAIL, f"refused: {name}", "x", state=KeyState.REFUSED)
        (began,) = Watchman(0.0).look(at(0, keys={"upbit": refused}), 0.0)
        assert isinstance(began, Began)
        assert helps in began.trouble.remedy[1]


def test_a_key_of_which_nothing_is_known_is_neither_wrong_nor_fine_again() -> None:
    looks = [(float(second), at(second)) for second in range(30)]
    assert watched(*looks, open_s={"key:okx": 100.0}) == []


def test_every_trouble_has_words_and_a_remedy_in_both_languages() -> None:
    watchman = Watchman(0.0)
    watchman.look(at(0), 0.0)
    worst = at(
        70,
        feeds=feed(0, failures=20, last_error="x", refused_codes=("KRW-X",), unreadable={"`$.tp`": 3}).feeds,
        channels={"upbit:notices": DOWN},
        writer=writer(dropped=1, failed=1),
        writer_fault="SQLITE_FULL",
        disk_free_part=0.01,
        disk_days_left=1.0,
        clock_offset_ms=(-9_000, -8_000),
        keys={"okx": KEY_ENDS, "upbit": KEY_REFUSED},
    )
    watchman.look(worst, 70.0)
    told: list[Trouble] = [each.trouble for each in Watchman(0.0, {}).look(worst, 70.0) if isinstance(each, Began)]
    named = {each.cause for each in told}
    assert named >= {"channel:upbit:notices", "drop", "unstorable", "disk", "clock"}
    assert named >= {"key_ends:okx", "key:upbit", "connection:upbit", "codes:upbit", "frames:upbit"}
    for each in told:
        assert all(each.what), each.cause
        assert all(each.remedy), each.cause
        assert name_of(each.cause)[0] != each.cause


def test_an_exchange_without_a_working_notice_channel_is_named_with_the_remedy() -> None:
    off = ChannelReading("off", None, None, 0, "no key")
    channels = {"upbit:announcement": off, "upbit:notices": DOWN, "bithumb:notices": UP}
    (upbit,) = deaf(readings(channels=channels))
    assert "Upbit" in upbit.what[1]
    assert "UPBIT_ACCESS_KEY" in upbit.remedy[1]
    assert list(deaf(readings(channels=channels | {"upbit:announcement": UP}))) == []


def test_channels_have_settled_once_each_has_answered_or_failed() -> None:
    unasked = ChannelReading("degraded", None, None, 0, "not asked yet")
    unlucky = ChannelReading("degraded", None, None, 2, "no answer within 5 s")
    failing = ChannelReading("degraded", None, None, 3, "HTTP 403")
    assert not settled(readings(channels={"a": UP, "b": unasked}))
    assert not settled(readings(channels={"a": UP, "b": unlucky}))
    assert settled(readings(channels={"a": UP, "b": failing, "c": DOWN}))


def test_a_channel_that_we_leave_alone_because_it_refused_us_is_told() -> None:
    refused = ChannelReading("off", NOW, None, 3, "the site refused 3 times")
    (began,) = Watchman(0.0).look(at(0, channels={"upbit:notices": refused, "bithumb:notices": UP}), 0.0)
    assert isinstance(began, Began)
    assert began.trouble.cause == "channel:upbit:notices"
    assert "no notice channel of this exchange works now" in began.trouble.what[1]
    assert "UPBIT_ACCESS_KEY" in began.trouble.remedy[1]


def test_a_notice_channel_that_stumbles_does_not_make_its_exchange_deaf() -> None:
    shaky = ChannelReading("degraded", NOW - 5_000, None, 1, "HTTP 500")
    assert list(deaf(readings(channels={"bithumb:notices": shaky}))) == []
    never = ChannelReading("degraded", None, None, 4, "HTTP 500")
    assert [each.cause for each in deaf(readings(channels={"bithumb:notices": never}))] == ["notices:bithumb"]


def test_what_the_audit_cannot_explain_is_told_once_and_is_over_after_an_hour_without_another() -> None:
    audit = AuditReading(compared=500, equal=499, unexplained=1)
    looks = [(float(s), at(s, audit=audit, audit_odd_ms=NOW + 1_000)) for s in (2, 3, 3_600, 3_601, 3_612)]
    assert watched((0.0, at(0)), *looks) == ["audit", "over audit"]
    [told] = Watchman(0.0).look(looks[0][1], 2.0)
    assert isinstance(told, Began)
    assert "1 of 500 stored candles" in told.trouble.what[1]
    assert "differed" in told.trouble.remedy[0]


def test_a_group_with_a_new_id_is_told_once_until_a_start_that_knows_it() -> None:
    looks = [(float(s), at(s, moved_chats={"-42": -100_42})) for s in (1, 2, 3_600)]
    assert watched((0.0, at(0)), *looks) == ["chats"]
    again = [(float(s), at(s)) for s in range(2)]  # the first message of the next run finds it out once more
    assert watched(*again, (2.0, at(2, moved_chats={"-42": -100_42})), open_s={"chats": 500.0}) == []
    mended = [(float(s), at(s)) for s in range(20)]
    assert watched(*mended, open_s={"chats": 500.0}) == ["over chats"]
