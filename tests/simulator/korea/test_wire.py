"""Numbers and times as Java services print them. Expected texts: spellings of raw captures (2021, 2026)."""

import json
import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.korea.wire import (
    BadTime,
    Shape,
    change_of,
    cut,
    error,
    fixed,
    java,
    kst_offset,
    kst_parameter,
    plain,
    time_of_day_ms,
    utc_parameter,
)

NOON = 1_800_014_400_000  # 2027-01-15T12:00:00Z, 21:00 in Korea


@pytest.mark.parametrize(
    ("value", "java_text", "plain_text", "fixed_text"),
    [
        (91_200_000.0, "91200000.0", "91200000", "91200000.00000000"),
        (126.0, "126.0", "126", "126.00000000"),
        (0.00016456, "0.00016456", "0.00016456", "0.00016456"),
        (0.00005485, "0.00005485", "0.00005485", "0.00005485"),
        (9.9e-7, "9.9E-7", "9.9E-7", "9.9E-7"),
        (6e-8, "6E-8", "6E-8", "6E-8"),
        (1.4e-7, "1.4E-7", "1.4E-7", "1.4E-7"),
        (-2.7e-7, "-2.7E-7", "-2.7E-7", "-2.7E-7"),
        (1e-6, "0.000001", "0.000001", "0.00000100"),
        (0.0, "0.0", "0", "0.00000000"),
        (-224_000.0, "-224000.0", "-224000", "-224000.00000000"),
        (2e16, "20000000000000000.0", "20000000000000000", "20000000000000000.00000000"),
    ],
)
def test_numbers_are_spelled_as_in_captures(value: float, java_text: str, plain_text: str, fixed_text: str) -> None:
    assert (java(value), plain(value), fixed(value, 8)) == (java_text, plain_text, fixed_text)


@given(st.floats(min_value=-1e15, max_value=1e15, allow_nan=False))
def test_every_number_reads_back_as_the_same_float_and_never_with_a_python_exponent(value: float) -> None:
    for text in (java(value), plain(value)):
        assert "e" not in text
        assert json.loads(text) == value
        assert float(Decimal(text)) == value


@given(st.floats(min_value=0, max_value=1e9))
def test_a_cut_size_is_never_more_than_the_size_and_less_than_a_step_below(size: float) -> None:
    assert cut(size, 4) <= size + 1e-9
    assert size - cut(size, 4) < 1e-4 + 1e-9 * max(1.0, size)


def test_dust_is_cut_to_zero_but_an_exact_size_stays() -> None:
    assert cut(0.00009999, 4) == 0.0
    assert cut(0.0003, 4) == 0.0003
    assert math.isclose(cut(1.23456, 4), 1.2345)


def test_a_change_has_its_word_and_its_sign_without_binary_dust() -> None:
    assert change_of(0.3, 0.1) == ("RISE", 0.2)
    assert change_of(5.0, 5.0) == ("EVEN", 0.0)
    assert change_of(91_361_000.0, 91_424_000.0) == ("FALL", -63_000.0)


@pytest.mark.parametrize(
    "text", ["2027-01-15T12:00:00Z", "2027-01-15T21:00:00+09:00", "2027-01-15 12:00:00", "2027-01-15T21:00:00 09:00"]
)
def test_upbit_reads_utc_unless_there_is_an_offset(text: str) -> None:
    assert utc_parameter(text) == NOON


def test_upbit_refuses_a_fraction_except_the_three_zeros_of_ccxt() -> None:
    assert utc_parameter("2027-01-15T12:00:00.000Z") == NOON
    with pytest.raises(BadTime):
        utc_parameter("2027-01-15T12:00:00.250Z")


def test_bithumb_reads_naive_korean_time_and_refuses_a_zone() -> None:
    assert kst_parameter("2027-01-15T21:00:00") == kst_parameter("2027-01-15 21:00:00") == NOON
    for text in ("2027-01-15T21:00:00Z", "2027-01-15T21:00:00+09:00", "2027-13-15T21:00:00", "yesterday"):
        with pytest.raises(BadTime):
            kst_parameter(text)


def test_a_time_of_day_comes_with_or_without_colons() -> None:
    assert time_of_day_ms("013000") == time_of_day_ms("01:30:00") == 5_400_000
    for text in ("240000", "01:60:00", "1:30", ""):
        with pytest.raises(BadTime):
            time_of_day_ms(text)


def test_a_shape_writes_the_same_values_under_long_and_short_keys() -> None:
    shape = Shape("type/ty", "market")
    assert shape.long(['"trade"', "1"]) == '{"type":"trade","market":1}'
    assert shape.short(['"trade"', "1"]) == '{"ty":"trade","market":1}'


def test_an_error_is_one_object_with_a_name_of_any_kind() -> None:
    assert json.loads(error(404, "Code not found")) == {"error": {"name": 404, "message": "Code not found"}}
    assert "엑세스" in error("invalid_access_key", "잘못된 엑세스 키입니다.")


def test_notice_times_are_korean_with_their_offset() -> None:
    assert kst_offset(NOON) == "2027-01-15T21:00:00+09:00"
