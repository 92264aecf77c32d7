"""One JSON line in, one JSON line out."""

import json

import pytest

from ops.commands.classify import classify_line

FIELDS = {"kind", "is_listing", "symbols", "markets", "trading_starts", "deposit_opens", "date_inferred", "items"}


def answer(**asked: object) -> dict[str, object]:
    line, understood = classify_line(json.dumps(asked))
    assert understood
    assert "\n" not in line
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def test_a_listing_is_answered_with_the_fields_of_the_contract() -> None:
    found = answer(
        exchange="bithumb",
        title="[마켓 추가] 별빛(STAR), 달무리(HALO) 원화 마켓 추가 (STAR 거래 오픈 오후 5시 30분 예정)",
        published="2026-08-10T14:23:17+09:00",
        body=None,
    )
    assert found.keys() >= FIELDS
    assert {name: found[name] for name in FIELDS} == {
        "kind": "listing",
        "is_listing": True,
        "symbols": ["STAR", "HALO"],
        "markets": ["KRW"],
        "trading_starts": "2026-08-10T17:30:00+09:00",
        "deposit_opens": None,
        "date_inferred": True,
        "items": [
            {
                "symbol": "STAR",
                "markets": ["KRW"],
                "trading_starts": "2026-08-10T17:30:00+09:00",
                "deposit_opens": None,
                "status": "new",
            },
            {"symbol": "HALO", "markets": ["KRW"], "trading_starts": None, "deposit_opens": None, "status": "new"},
        ],
    }


def test_korean_text_is_not_escaped() -> None:
    line, _ = classify_line('{"exchange": "upbit", "title": "별빛(STAR) 신규 거래지원 안내 (KRW 마켓)"}')
    assert "별빛" in line


@pytest.mark.parametrize(
    "published", ["2026-08-10", "2026-08-10 09:00:00", "2026-08-10T00:00:00Z", "2026-08", None, "soon"]
)
def test_published_comes_in_many_forms(published: str | None) -> None:
    found = answer(exchange="upbit", title="별빛(STAR) 원화 마켓 추가 (거래 오픈 오후 5시)", published=published)
    known = published is not None and published.startswith("2026-08-10")
    assert found["trading_starts"] == ("2026-08-10T17:00:00+09:00" if known else None)
    assert found["date_inferred"] is known


def test_categories_may_be_given() -> None:
    found = answer(exchange="upbit", title="별빛(STAR) 무언가 새로운 소식", categories=["거래"])
    assert found["unread"] is True


def test_fields_it_does_not_know_are_ignored() -> None:
    assert (
        answer(exchange="upbit", title="별빛(STAR) 거래지원 종료 안내", kind="listing", note=3)["kind"] == "delisting"
    )


@pytest.mark.parametrize(
    "line", ["", "{", "null", "[]", '"text"', "{}", '{"title": 3}', '{"title": "a", "body": {}}', "\ud800"]
)
def test_a_line_that_is_no_notice_is_answered_with_an_error(line: str) -> None:
    text, understood = classify_line(line)
    assert not understood
    assert json.loads(text)["error"].startswith("not a notice")
