from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.texts.figures import krw, kst, kst_time, minutes, percent, plain, span, usd, valued
from alerts.texts.words import Language


@pytest.mark.parametrize(
    ("bps", "text"),
    [(312.5, "+3.13 %"), (Decimal("-12.25"), "-0.12 %"), (-0.2, "+0.00 %"), (0, "+0.00 %"), (1e6, "+10,000.00 %")],
)
def test_basis_points_read_as_percent_and_zero_has_no_minus(bps: float | Decimal, text: str) -> None:
    assert percent(bps, "en") == text


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), float("-inf"), 1e300])
def test_what_is_no_number_reads_unknown_everywhere(nothing: float | None) -> None:
    for shown in (percent, krw, usd, plain, minutes):
        assert shown(nothing, "en") == "unknown"
        assert shown(nothing, "ko") == "알 수 없음"


def test_money_is_rounded_and_named() -> None:
    assert krw(Decimal("1234567.5"), "ko") == "₩1,234,568"
    assert krw(-1500.2, "en") == "-₩1,500"
    assert [usd(each, "en") for each in (12.5, 749.706, 1_234.0, 99_999_999.0, 2.5e9, -1_000)] == [
        *("$12.5", "$749.71", "$1.23k", "$100.00M", "$2.50B", "-$1.00k")
    ]


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0.000012345678, "0.0000123457"), (1391.5, "1,391.5"), (12345678.9, "12,345,679"), (0, "0"), (5, "5")],
)
def test_a_plain_number_keeps_six_digits_and_never_an_exponent(amount: float, text: str) -> None:
    assert plain(amount, "en") == text


@pytest.mark.parametrize(
    ("ms", "ko", "en"),
    [
        (-5, "0.0초", "0.0 s"),
        (1_249, "1.2초", "1.2 s"),
        (59_999, "59초", "59 s"),
        (60_000, "1분", "1 min"),
        (3_723_000, "1시간 2분", "1 h 2 min"),
        (90_061_000, "1일 1시간", "1 d 1 h"),
    ],
)
def test_a_span_names_its_two_largest_units(ms: int, ko: str, en: str) -> None:
    assert (span(ms, "ko"), span(ms, "en")) == (ko, en)


def test_times_are_korean_with_the_offset_said() -> None:
    assert kst(1_800_000_000_000, "en") == "2027-01-15 17:00 KST (UTC+9)"
    assert kst_time(1_800_000_001_999, "ko") == "17:00:01"


@given(st.integers(), st.sampled_from(["ko", "en"]))
def test_no_moment_however_absurd_raises(at_ms: int, language: Language) -> None:
    assert kst(at_ms, language)
    assert kst_time(at_ms, language)
    assert span(at_ms, language)


@given(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.decimals(),
    st.sampled_from(["krw", "usd", "usdt", "bps", "min", "ms", "s", "text", "count", "furlong", ""]),
)
def test_any_value_in_any_unit_has_a_text(value: float | int | str | bool | None, unit: str) -> None:
    assert isinstance(valued(value, unit, "ko"), str)


def test_values_carry_their_unit() -> None:
    assert valued(12, "min", "ko") == "12분"
    assert (valued(4.05e7, "coins", "ko"), valued(4.05e7, "coins", "en")) == ("40,500,000개", "40,500,000 coins")
    assert valued(True, "bool", "en") == "yes"
    assert valued(3, "blocks", "en") == "3 blocks"
    assert valued(2_500, "ms", "en") == "2.5 s"
