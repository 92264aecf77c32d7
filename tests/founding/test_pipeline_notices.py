"""Founding checks 15 to 19: a notice is understood."""

from collectors.notices.notice_parser import parse, published_of

LISTING = "별빛(STAR) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)"


def test_15_a_listing_title_is_a_listing() -> None:
    assert parse("upbit", LISTING).is_listing
    assert parse("bithumb", "[마켓 추가] 별빛(STAR) 원화 마켓 추가").is_listing


def test_16_the_symbol_comes_out() -> None:
    assert parse("upbit", LISTING).symbols == ("STAR",)
    assert parse("bithumb", "별빛(STAR), 달무리(HALO) 원화 마켓 추가").symbols == ("STAR", "HALO")


def test_17_a_notice_that_is_no_listing_is_none() -> None:
    for title in (
        "별빛(STAR) 입출금 일시 중단 안내",
        "별빛(STAR) 거래지원 종료 안내 (9/14 15:00)",
        "별빛(STAR) 거래 유의 종목 지정 안내",
        "별빛(STAR) 원화 마켓 추가 기념 에어드랍 이벤트",
        "업비트 거래지원 사칭 및 투자 권유 사기에 대한 주의 안내",
    ):
        assert not parse("upbit", title).is_listing, title


def test_18_the_word_added_alone_is_no_listing() -> None:
    for title in (
        "추가 안내",
        "보조지표 추가 안내",
        "트래블룰 솔루션 연동 VASP 추가 안내",
        "별빛(STAR) 네트워크 추가 안내",
    ):
        assert not parse("bithumb", title).is_listing, title


def test_19_the_trading_start_time_comes_out() -> None:
    published = published_of("2026-08-10T11:30:00+09:00")
    expected = published_of("2026-08-10T18:30:00+09:00")
    assert expected is not None
    from_body = parse("upbit", LISTING, "<p>거래지원 개시 시점 : 8월 10일 18시 30분 예정</p>", published)
    from_title = parse("bithumb", "별빛(STAR) 원화 마켓 추가 (거래 오픈 오후 6시 30분)", None, published)
    assert from_body.trading_starts_ms == from_title.trading_starts_ms == expected.at_ms
