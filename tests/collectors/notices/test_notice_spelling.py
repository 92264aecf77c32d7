"""Whether a text speaks of a coin, by ticker or name."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.notices.spelling import Spelling, spellings


def by_pattern(spelling: Spelling) -> re.Pattern[str]:
    """The same rule, said as a pattern."""
    symbol = re.escape(spelling.symbol)
    ways = [rf"(?<![A-Za-z0-9]){symbol}(?![A-Za-z0-9])"]
    if spelling.quote:
        ways = [rf"\({symbol}\)", rf"(?<![A-Za-z0-9]){symbol}/", rf"-{symbol}(?![A-Za-z0-9])"]
    return re.compile("|".join([*ways, *map(re.escape, spelling.names)]))


@pytest.mark.parametrize(
    ("symbol", "text", "speaks"),
    [
        ("AAA", "에이(AAA) 거래지원", True),
        ("AAA", "AAAB와 BAAA", False),
        ("AAA", "BAAA, AAA", True),
        ("AAA", "별빛 입금", True),
        ("USDT", "KRW, USDT 마켓", False),
        ("USDT", "테더(USDT) 원화 마켓", True),
        ("USDT", "KRW-USDT", True),
        ("S", "소닉(S) 안내", True),
        ("S", "S 마켓", False),
    ],
)
def test_a_ticker_counts_as_a_word_and_a_quote_only_where_it_is_meant(symbol: str, text: str, speaks: bool) -> None:
    assert spellings([(symbol, ("별빛", "가"))])[symbol].is_in(text) is speaks


@given(st.sampled_from(["AA", "BTC", "S"]), st.text("ABTCS()/- 가0", max_size=14))
def test_the_search_finds_what_its_pattern_would(symbol: str, text: str) -> None:
    spelling = spellings([(symbol, ("가0",))])[symbol]
    assert spelling.is_in(text) is (by_pattern(spelling).search(text) is not None)
