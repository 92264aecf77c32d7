"""An edit is told apart from a repeat, from a body that follows, and from an old page."""

from msgspec.structs import replace

from collectors.events import Notice
from collectors.notices.notice_versions import NoticeVersions

FIRST = Notice("upbit", "7", "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)", ("거래",), 1_000, 1_000)
EDITED = replace(FIRST, title=FIRST.title + " (거래지원 개시 시점 연기 안내)", edited_ms=2_000)


def holding(*notices: Notice) -> NoticeVersions:
    known = NoticeVersions()
    for notice in notices:
        version = known.next(notice)
        assert version is not None
        known.keep({(notice.exchange, notice.notice_id): version})
    return known


def test_the_first_version_is_new_and_its_repeat_is_not() -> None:
    assert holding(FIRST).next(FIRST) is None


def test_a_body_that_follows_belongs_to_the_same_version_and_another_body_makes_the_next() -> None:
    known = holding(FIRST, replace(FIRST, body="a"))
    version = known.known(FIRST)
    assert version is not None
    assert version.number == 1
    assert known.next(replace(FIRST, body="a")) is None
    assert known.next(FIRST) is None
    changed = known.next(replace(FIRST, body="b"))
    assert changed is not None
    assert changed.number == 2


def test_an_edit_is_the_next_version_and_the_old_text_on_a_cached_page_is_nothing() -> None:
    known = holding(FIRST, EDITED)
    assert known.next(FIRST) is None
    version = known.known(FIRST)
    assert version is not None
    assert (version.number, version.title) == (2, EDITED.title)


def test_without_times_any_other_title_is_an_edit() -> None:
    timeless = replace(FIRST, edited_ms=None)
    changed = holding(timeless).next(replace(timeless, title="other"))
    assert changed is not None
    assert changed.number == 2
