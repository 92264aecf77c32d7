"""How foreign answers are read: what is no answer, and numbers in every spelling that venues use."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.fetching.reading import (
    NoAnswer,
    Reply,
    Wire,
    amount,
    book,
    by_coin,
    candles,
    coin_and_multiplier,
    decoded,
    flag,
    number,
    positive,
    refuse,
    require_200,
    transfer_state,
    whole,
)
from analysis.quotes import Instrument
from analysis.verdict import TransferState


def reply(status: int = 200, body: bytes = b"{}") -> Reply:
    return Reply(status, body, 1_000, "here /there")


@pytest.mark.parametrize(
    ("wire", "as_number", "as_positive"),
    [
        ("1.5", 1.5, 1.5),
        (3, 3.0, 3.0),
        (0.5, 0.5, 0.5),
        ("1.4E-7", 1.4e-7, 1.4e-7),
        ("0.00000000", 0.0, None),
        (0, 0.0, None),
        ("-0.0001", -0.0001, None),
        ("", None, None),
        ("  ", None, None),
        (None, None, None),
        ("abc", None, None),
        ("NaN", None, None),
        ("Infinity", None, None),
        (float("nan"), None, None),
        (True, None, None),
        ("9" * 400, None, None),
        (10**400, None, None),
    ],
)
def test_a_price_that_is_no_price_is_none(wire: Wire, as_number: float | None, as_positive: float | None) -> None:
    assert number(wire) == as_number
    assert positive(wire) == as_positive


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        ("0", Decimal(0)),
        ("0.012", Decimal("0.012")),
        (8, Decimal(8)),
        ("", None),
        ("-1", None),
        (None, None),
        ("x", None),
    ],
)
def test_a_fee_may_be_zero_but_not_empty(wire: Wire, expected: Decimal | None) -> None:
    assert amount(wire) == expected


@pytest.mark.parametrize(
    ("wire", "expected"),
    [
        *((True, True), (1, True), ("1", True), ("true", True)),
        *((False, False), (0, False), ("0", False), ("False", False)),
        *((None, None), ("", None), ("open", None), (2, None)),
    ],
)
def test_a_flag_that_is_not_understood_is_unknown(wire: Wire, expected: bool | None) -> None:
    assert flag(wire) is expected


def test_an_unknown_flag_is_an_unknown_transfer_and_not_a_closed_one() -> None:
    assert [transfer_state(wire) for wire in ("1", 0, None, "?")] == [
        TransferState.OPEN,
        TransferState.CLOSED,
        TransferState.UNKNOWN,
        TransferState.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("wire", "expected"), [("1700000000000", 1_700_000_000_000), (0, None), ("", None), ("1e300", None)]
)
def test_a_time_is_a_positive_whole_number(wire: Wire, expected: int | None) -> None:
    assert whole(wire) == expected


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (429, b"Too Many Requests", "429"),
        (418, b"{}", "banned"),
        (451, b'{"code":0}', "451"),
        (403, b"<html>Forbidden</html>", "403, refused"),
        (403, b"access too frequent", "403, too frequent"),
        (401, b"{}", "key"),
        (502, b"<html>Bad Gateway</html>", "502"),
        (503, b"", "503"),
        (200, b"\n <!DOCTYPE html><html>", "web page"),
        (200, b"", "empty"),
    ],
)
def test_what_is_no_answer_says_why(status: int, body: bytes, reason: str) -> None:
    with pytest.raises(NoAnswer, match=reason):
        refuse(reply(status, body))


def test_a_400_with_json_is_for_the_venues_own_parser() -> None:
    refuse(reply(400, b'{"code":-1121}'))
    with pytest.raises(NoAnswer, match="400"):
        require_200(reply(400, b'{"code":-1121}'))


@pytest.mark.parametrize("body", [b'{"a":', b"\xff\xfe", b'{"a": [1,', b"[" * 100_000])
def test_broken_json_is_no_answer(body: bytes) -> None:
    with pytest.raises(NoAnswer):
        decoded(reply(200, body), dict[str, int])


def test_a_book_is_best_first_without_empty_levels_and_in_coins() -> None:
    made = book(
        [["1", "5"], ["3", "1"], ["0", "9"], ["2", "0"], ["4"]],
        [["6", "1"], ["5", ""], ["5.5", 2]],
        reply(),
        None,
        1000,
    )
    assert tuple(made.bids) == ((0.003, 1000.0), (0.001, 5000.0))
    assert tuple(made.asks) == ((0.0055, 2000.0), (0.006, 1000.0))
    assert (made.taken_ms, made.received_ms) == (1_000, 1_000)
    assert made.mid == pytest.approx(0.00425)


def test_a_one_sided_book_has_no_mid() -> None:
    assert book([["1", "1"]], [], reply(), 5).mid is None


def test_a_candle_without_a_price_is_left_out() -> None:
    rows: list[list[Wire]] = [
        ["60000", "1", "2", "0.5", "1.5", "9", "13.5"],
        ["120000", "1", "", "1", "1", "1", "1"],
        [],
    ]
    assert [candle.open_ms for candle in candles(rows, quote_volume_at=6)] == [60_000]


@pytest.mark.parametrize(
    ("name", "coin", "times"),
    [
        ("BTC", "BTC", 1),
        ("1000SHIB", "SHIB", 1_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("SHIB1000", "SHIB", 1_000),
        ("10000SATS", "SATS", 10_000),
        ("1INCH", "1INCH", 1),
        ("1000X", "1000X", 1),
        ("100", "100", 1),
        ("龙1000", "龙", 1_000),
        ("A", "A", 1),
    ],
)
def test_multiplied_names_are_the_coin_and_how_many(name: str, coin: str, times: int) -> None:
    assert coin_and_multiplier(name) == (coin, times)


def test_of_several_markets_of_a_coin_the_live_and_plain_one_is_taken() -> None:
    dead = Instrument("ABCUSDT", "ABC", live=False)
    thousand = Instrument("1000ABCUSDT", "ABC", 1_000)
    plain = Instrument("XYZUSDT", "XYZ")
    multiple = Instrument("1000XYZUSDT", "XYZ", 1_000)
    assert by_coin([dead, thousand, multiple, plain]) == {"ABC": thousand, "XYZ": plain}


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_reading_a_number_never_fails(wire: Wire) -> None:
    for read in (number, positive, amount, whole, flag):
        read(wire)


@given(st.text(max_size=30))
def test_a_multiplier_never_makes_a_coin_of_nothing(name: str) -> None:
    coin, times = coin_and_multiplier(name)
    assert (coin != "" or name == "") and times >= 1
