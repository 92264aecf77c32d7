"""Upbit's announcement socket."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.events import Notice
from collectors.exchanges import upbit_announcement
from collectors.exchanges.frames import BadFrame, FeedError, StatusUp

LONG = {
    "type": "announcement",
    "uuid": "555000111",
    "event_type": "UPDATED",
    "category": "trade",
    "title": "오르카(ORCA) 신규 거래지원 안내 (KRW 마켓)",
    "url": "https://upbit.com/service_center/notice?id=555000111",
    "body": "거래지원 개시 시점",
    "first_listed_at": "2026-11-18T17:19:25+09:00",
    "listed_at": "2026-11-18T19:50:05+09:00",
    "timestamp": 1794999005123,
    "stream_type": "REALTIME",
}
SHORT = {"type": "ty", "uuid": "uid", "category": "cat", "title": "tt", "body": "bd", "event_type": "et"} | {
    "first_listed_at": "flat",
    "listed_at": "lat",
}
NOTICE = Notice(
    "upbit",
    "555000111",
    "오르카(ORCA) 신규 거래지원 안내 (KRW 마켓)",
    ("거래",),
    1794989965000,
    1794999005000,
    "https://upbit.com/service_center/notice?id=555000111",
    "거래지원 개시 시점",
)


def encoded(frame: object) -> bytes:
    return json.dumps(frame, ensure_ascii=False).encode()


def test_a_notice_reads_the_same_in_long_and_short_keys_and_in_an_array() -> None:
    assert upbit_announcement.decode(encoded(LONG)) == NOTICE
    assert upbit_announcement.decode(encoded({SHORT.get(key, key): value for key, value in LONG.items()})) == NOTICE
    assert upbit_announcement.decode(encoded([LONG])) == NOTICE


def test_a_name_and_a_title_are_enough_and_without_them_it_is_a_bad_frame() -> None:
    bare = upbit_announcement.decode(encoded({"type": "announcement", "uuid": "1", "title": "t", "listed_at": "곧"}))
    assert bare == Notice("upbit", "1", "t", (), None, None)
    with pytest.raises(BadFrame, match="title"):
        upbit_announcement.decode(encoded({"type": "announcement", "uuid": "1"}))


@pytest.mark.parametrize("value", [None, 5, True, [], {}])
def test_what_else_a_notice_holds_cannot_hide_it(value: object) -> None:
    for field in ("category", "url", "body", "first_listed_at", "listed_at"):
        notice = upbit_announcement.decode(encoded(LONG | {field: value}))
        assert isinstance(notice, Notice)
        assert (notice.notice_id, notice.title) == ("555000111", LONG["title"])


def test_an_unknown_category_keeps_its_word() -> None:
    notice = upbit_announcement.decode(encoded(LONG | {"category": "airdrop"}))
    assert isinstance(notice, Notice)
    assert notice.categories == ("airdrop",)


def test_control_frames_have_their_own_types() -> None:
    assert upbit_announcement.decode(b'{"status":"UP"}') == StatusUp()
    assert upbit_announcement.decode(b'{"error":{"name":"INVALID_AUTH","message":"x"}}') == FeedError(
        "INVALID_AUTH", "x"
    )


def test_a_request_names_categories() -> None:
    assert json.loads(upbit_announcement.subscribe(["trade", "wallet"], "t")) == [
        {"ticket": "t"},
        {"type": "announcement", "categories": ["trade", "wallet"], "include_body": True},
        {"format": "DEFAULT"},
    ]


@given(st.binary(max_size=200))
def test_any_bytes_give_an_event_or_a_bad_frame(frame: bytes) -> None:
    try:
        upbit_announcement.decode(frame)
    except BadFrame as bad:
        assert frame.startswith(bad.frame)
