"""Any text gives a ParsedNotice; the same text in another dress gives the same one; size costs time in proportion."""

import random
import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.notices.body import BODY_LIMIT, rows_of
from collectors.notices.notice_parser import ItemStatus, NoticeKind, ParsedNotice, Published, parse
from collectors.notices.text import TITLE_LIMIT, plain, read_title
from collectors.notices.times import resolve, times_in

PUBLISHED = Published.at(1_786_330_800_000)
LISTING = "별빛(STAR) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)"
WORDS = [
    *(
        "별빛(STAR)",
        "(KRW, BTC 마켓)",
        "(HALO)",
        "[거래]",
        "[마켓 추가]",
        "신규 거래지원",
        "원화 마켓",
        "KRW 마켓",
        "디지털 자산",
    ),
    *(
        "추가",
        "상장",
        "안내",
        "예정",
        "이벤트",
        "에어드랍",
        "기념",
        "입출금",
        "일시 중단",
        "유의 종목",
        "지정",
        "해제",
        "종료",
        "취소",
    ),
    *(
        "연기",
        "거래지원 개시 시점",
        "변경",
        "8월 10일 14시",
        "오후 5시",
        "14:00",
        "KST",
        "및",
        ",",
        "(",
        ")",
        "[",
        "]",
        "<p>",
        "</td>",
    ),
    *(
        "<td rowspan=9>",
        "|",
        "\n",
        "→",
        "~~",
        "네트워크 :",
        "0x" + "ab" * 20,
        "Market Support for",
        "&nbsp;",
        "\u200b",
        "\ud800",
    ),
]
texts = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join),
    st.lists(st.sampled_from(WORDS), max_size=40).map("".join),
)
publications = st.one_of(st.none(), st.builds(Published, st.integers(0, 4_000_000_000_000)))


@given(texts, st.one_of(st.none(), texts), publications, st.lists(texts, max_size=2))
def test_any_text_is_parsed_and_the_answer_agrees_with_itself(
    title: str, body: str | None, published: Published | None, categories: list[str]
) -> None:
    parsed = parse("upbit", title, body, published, categories)
    assert isinstance(parsed, ParsedNotice)
    listing_kinds = (NoticeKind.LISTING, NoticeKind.MARKET_ADDED, NoticeKind.POSTPONED)
    assert parsed.is_listing is (parsed.kind in listing_kinds)
    assert len(set(parsed.symbols)) == len(parsed.symbols)
    assert parsed.items == () or tuple(item.symbol for item in parsed.items) == parsed.symbols
    starts = [item.trading_starts_ms for item in parsed.items if item.trading_starts_ms is not None]
    assert not starts or parsed.trading_starts_ms == min(starts)
    if parsed.kind is NoticeKind.CANCELLED:
        assert all(item.status is ItemStatus.CANCELLED for item in parsed.items)
    for market in parsed.markets:
        assert market in ("KRW", "BTC", "USDT", "ETH", "USDC")


@given(texts, publications)
def test_any_text_tells_some_times_or_none(text: str, published: Published | None) -> None:
    for written in times_in(text):
        moment = resolve(written, published)
        assert moment is None or moment.at_ms % 60_000 == 0


@given(texts)
def test_title_is_the_same_once_it_has_one_spelling(text: str) -> None:
    once = plain(text, TITLE_LIMIT)
    assert plain(once, TITLE_LIMIT) == once
    assert read_title(once) == read_title(text)


REPEATED = [
    *(
        "(",
        ")",
        "[",
        "<",
        "<p",
        "<td",
        "</td>",
        "<!--",
        "<td rowspan=50>a</td>",
        "원화",
        "원화마켓",
        "원화,",
        "KRW, BTC ",
        "(AAA)",
    ),
    *(
        "AAA,",
        "AAA 및 ",
        "A",
        "가",
        "1",
        " ",
        "\n",
        "\u200b",
        "18:30 ",
        "12시 ",
        "8월 ",
        "jan ",
        "2026-08-10 14:00 KST ",
        "입금 ",
    ),
    *(
        "거래지원 개시 시점 ",
        "거래지원 개시 시점 8/10 14:00\n",
        "STAR 거래지원 8/10 14:00\n",
        "네트워크 ",
        "네트워크 : a,b\n",
        "0x",
        "|a",
    ),
    *(
        "| a | b |\n",
        "~~",
        "&amp;",
        "취소 및 ",
        "변경 ",
        "시점 및 가",
        "에따른",
        "신규",
        "거래",
        "[마켓 추가]",
        "\ufdfa",
        "deposits and ",
    ),
]


@pytest.mark.parametrize("unit", REPEATED)
def test_a_hundred_thousand_letters_are_read_in_bounded_work(unit: str) -> None:
    """A pattern that backtracks without bound would not come back from here in anybody's lifetime."""
    long = (unit * (100_000 // len(unit) + 1))[:100_000]
    assert isinstance(parse("upbit", long, None, PUBLISHED), ParsedNotice)
    assert parse("upbit", LISTING, long, PUBLISHED).symbols == ("STAR",)


def test_what_lies_beyond_the_limits_is_not_read() -> None:
    assert parse("upbit", " " * TITLE_LIMIT + LISTING).kind is NoticeKind.OTHER
    assert rows_of("가" * (BODY_LIMIT + 10)) == [("가" * BODY_LIMIT,)]


PREFIXES = [
    *("[거래] ", "[거래]", "【거래】", "［마켓 추가］ ", "[Trade] ", "<거래> ", "『거래』", "📢 ", "🚨[거래] "),
    *("[공지] ", "[업비트] ", "(빗썸) ", "[속보] ", "업비트 공지: ", "빗썸 공지 - ", "거래 | ", "[업비트] [거래] "),
]


def dressed(title: str, rng: random.Random) -> str:
    """The same title as an app, a mirror or a messenger might spell it."""
    blanks = ["", " ", "  ", "\u00a0", "\u3000", "\t"]
    spaced = rng.random()
    if spaced < 0.4:
        title = re.sub(" ", lambda _: rng.choice(blanks[1:]), title)
    elif spaced < 0.6:
        title = title.replace(" ", "")
    brackets = rng.choice(["()", "（）", "［］", "【】", "[]", "{}", "<>", "〈〉", "《》", "「」"])
    if rng.random() < 0.6:
        title = title.replace("(", brackets[0]).replace(")", brackets[1])
    won = rng.choice(["원화마켓", "원화 마켓", "KRW마켓", "KRW 마켓", "KRW Market"])
    title = re.sub("원화 ?마켓|KRW ?마켓", won, title)
    if rng.random() < 0.6:
        title = rng.choice(PREFIXES) + title
    at = rng.randrange(len(title) + 1)
    title = title[:at] + rng.choice(["", "\u200b", "\ufeff", "\u2060"]) + title[at:]
    return rng.choice(blanks) + title + rng.choice(blanks)


STURDY = [
    "별빛(STAR) 신규 거래지원 안내 (KRW, BTC, USDT 마켓)",
    "별빛(STAR), 달무리(HALO) 신규 거래지원 안내 (BTC, USDT 마켓) (HALO 거래지원 개시 시점 변경 안내)",
    "별빛(STAR) KRW, USDT 마켓 디지털 자산 추가",
    "KRW, BTC 마켓 디지털 자산 추가 (STAR, HALO)",
    "원화 마켓 신규 상장 (별빛 STAR, 달무리 HALO)",
    "별빛(STAR) 원화 마켓 추가 (거래 오픈 오후 6시 예정)",
    "별빛(STAR) 원화 마켓 추가 기념 에어드랍 이벤트",
    "별빛(STAR) 거래지원 종료 안내 (9/14 15:00)",
    "별빛(STAR) 거래 유의 종목 지정 해제 안내",
    "별빛(STAR) 입출금 일시 중단 안내 (완료)",
    "임직원 사칭 및 거래지원 접수 내역을 이용한 가상자산 투자사기 주의 안내",
    "가상자산 월별실사를 위한 가상자산 입출금 일시 중지 안내 (완료)",
]


@pytest.mark.parametrize("title", STURDY)
def test_a_title_in_another_dress_means_the_same(title: str) -> None:
    rng = random.Random(title)
    plainly = parse("upbit", title)
    for _ in range(200):
        other = dressed(title, rng)
        parsed = parse("upbit", other)
        assert (parsed.is_listing, parsed.symbols, parsed.markets) == (
            plainly.is_listing,
            plainly.symbols,
            plainly.markets,
        ), other
        merged = {NoticeKind.MARKET_ADDED: NoticeKind.LISTING}
        assert merged.get(parsed.kind, parsed.kind) is merged.get(plainly.kind, plainly.kind), other


@given(st.text(string.ascii_uppercase + string.digits, min_size=2, max_size=10).filter(lambda s: not s.isdigit()))
def test_a_ticker_never_heard_of_is_read_like_any_other(ticker: str) -> None:
    if ticker in ("KRW", "KST", "UTC", "ERC", "SPL", "UPDATE", "UPDATED", "COMPLETED") or ticker.endswith(("20", "P2")):
        return  # words that never name a coin
    parsed = parse("bithumb", f"새별({ticker}) 원화 마켓 추가")
    assert (parsed.is_listing, parsed.symbols, parsed.markets) == (True, (ticker,), ("KRW",))
