"""What another notice means for the coins under watch."""

import pytest

from collectors.notices.notice_parser import parse
from collectors.notices.other_news import What, other_news


@pytest.mark.parametrize(
    ("title", "what"),
    [
        ("노바(NOVA) 거래지원 종료 안내 (9/14 15:00)", What.DELISTING),
        ("노바(NOVA) 거래 유의 종목 지정 안내", What.CAUTION),
        ("노바(NOVA) 거래 유의 종목 지정 기간 연장 안내", What.CAUTION),
        ("노바(NOVA) 거래 유의 종목 지정 해제 안내", What.CAUTION_LIFTED),
        ("노바(NOVA) 입출금 일시 중단 안내 (08/25 09:00 ~)", What.HALTED),
        ("노바(NOVA) 입출금 일시 중단 안내 (완료)", What.RESUMED),
        ("노바(NOVA) 입출금 재개 안내", What.RESUMED),
        ("노바(NOVA) 입출금 일시 중지 안내 (재개 지연)", What.HALTED),
    ],
)
def test_a_notice_has_a_sense_for_a_coin_under_watch(title: str, what: What) -> None:
    found = other_news(parse("upbit", title), title, {"NOVA", "BTC"})
    assert found is not None
    assert (found.what, found.coins) == (what, ("NOVA",))


@pytest.mark.parametrize(
    "title",
    [
        "별빛(STAR) 거래 유의 종목 지정 안내",
        "노바(NOVA) 신규 거래지원 안내 (KRW 마켓)",
        "노바(NOVA) 거래왕 대회 이벤트",
        "서비스 점검 안내",
    ],
)
def test_other_coins_and_other_kinds_have_none(title: str) -> None:
    assert other_news(parse("upbit", title), title, {"NOVA"}) is None
