"""Times of day as written in notices, and publications as they come with them."""

import pytest

from collectors.notices.times import Precision, Published, iso_of, published_of, resolve, times_in

NOON = Published.at(1_786_330_800_000)  # 2026-08-10 12:00 KST

FORMS = [
    ("오후 6시 30분", "2026-08-10T18:30:00+09:00"),
    ("18:30", "2026-08-10T18:30:00+09:00"),
    ("오후 17:00", "2026-08-10T17:00:00+09:00"),
    ("3시 30분", "2026-08-10T15:30:00+09:00"),
    ("오후 5시반", "2026-08-10T17:30:00+09:00"),
    ("10월 9일 18시 30분 예정", "2026-10-09T18:30:00+09:00"),
    ("2026-08-10 14:00 KST", "2026-08-10T14:00:00+09:00"),
    ("2026.08.10(월) 14:00", "2026-08-10T14:00:00+09:00"),
    ("2026. 08. 10 (월) 15시 예정", "2026-08-10T15:00:00+09:00"),
    ("8/10 14:00", "2026-08-10T14:00:00+09:00"),
    ("08.10 14:00", "2026-08-10T14:00:00+09:00"),
    ("August 10, 2026, 14:00 KST", "2026-08-10T14:00:00+09:00"),
    ("14:00 KST, August 10, 2026", "2026-08-10T14:00:00+09:00"),
    ("2 PM KST", "2026-08-10T14:00:00+09:00"),
    ("2:30 p.m.", "2026-08-10T14:30:00+09:00"),
    ("Aug 10, 5:00 AM (UTC)", "2026-08-10T14:00:00+09:00"),
    ("내일 오전 10시", "2026-08-11T10:00:00+09:00"),
    ("정오", "2026-08-10T12:00:00+09:00"),
    ("자정", "2026-08-11T00:00:00+09:00"),
    ("오전 12시", "2026-08-11T00:00:00+09:00"),
    ("오후 12시", "2026-08-10T12:00:00+09:00"),
    ("새벽 2시", "2026-08-11T02:00:00+09:00"),
    ("05:00 UTC", "2026-08-10T14:00:00+09:00"),
    ("20:00 UTC", "2026-08-11T05:00:00+09:00"),
    ("09:00", "2026-08-11T09:00:00+09:00"),
]


@pytest.mark.parametrize(("text", "expected"), FORMS)
def test_every_written_form_is_resolved(text: str, expected: str) -> None:
    [written] = times_in(text)
    moment = resolve(written, NOON)
    assert moment is not None
    assert iso_of(moment.at_ms) == expected


@pytest.mark.parametrize(
    "text",
    ["2시간 이내", "10/29", "8월 10일", "2026-08-10", "-10%", "33회", "v1.2", "3시점", "25:00", "12:60", "1,000", ""],
)
def test_what_is_no_time_of_day_is_none(text: str) -> None:
    assert times_in(text) == []


def test_utc_before_publication_in_korea_is_the_next_one_to_come() -> None:
    at_one = published_of("2026-08-10T01:00:00+09:00")  # in UTC it is still the 9th
    [written] = times_in("20:00 UTC")
    moment = resolve(written, at_one)
    assert moment is not None
    assert iso_of(moment.at_ms) == "2026-08-10T05:00:00+09:00"


@pytest.mark.parametrize(
    ("text", "expected", "precision"),
    [
        ("2026-08-10T12:00:00+09:00", NOON.at_ms, Precision.MOMENT),
        ("2026-08-10T03:00:00Z", NOON.at_ms, Precision.MOMENT),
        ("2026-08-10 12:00:00", NOON.at_ms, Precision.MOMENT),
        (" 2026-08-10T12:00 ", NOON.at_ms, Precision.MOMENT),
        ("2026-08-10", NOON.at_ms - 12 * 3_600_000, Precision.DAY),
        ("2026-08", NOON.at_ms - (9 * 24 + 12) * 3_600_000, Precision.MONTH),
    ],
)
def test_publication_keeps_how_exactly_it_is_known(text: str, expected: int, precision: Precision) -> None:
    assert published_of(text) == Published(expected, precision)


@pytest.mark.parametrize("text", [None, "", "2026", "yesterday", "2026-13-01", "2026-02-30T10:00:00", "9999999999999"])
def test_a_publication_that_says_nothing_is_none(text: str | None) -> None:
    assert published_of(text) is None
