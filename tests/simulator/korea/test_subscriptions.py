"""The grammar of the Korean sockets: what is accepted, and the error for everything else."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.korea.bithumb_socket import PUBLIC as BITHUMB
from simulator.korea.subscriptions import (
    Dialect,
    ListSubscriptions,
    RequestRefused,
    Subscribe,
    Subscription,
    parse_request,
)
from simulator.korea.upbit_socket import PRIVATE, PUBLIC

TICKET = {"ticket": "t"}


def wanted(*items: object, dialect: Dialect = PUBLIC) -> Subscribe:
    parsed = parse_request(json.dumps([TICKET, *items]), dialect)
    assert isinstance(parsed, Subscribe)
    return parsed


def refusal(text: str, dialect: Dialect = PUBLIC) -> tuple[str, str]:
    with pytest.raises(RequestRefused) as refused:
        parse_request(text, dialect)
    return refused.value.name, refused.value.message


def only(request: Subscribe) -> Subscription:
    (subscription,) = request.subscriptions
    return subscription


def test_several_types_and_the_format_come_in_one_request() -> None:
    request = wanted(
        {"type": "trade", "codes": ["KRW-ZZA", "BTC-ZZA"]},
        {"type": "candle.1s", "codes": ["KRW-ZZA"]},
        {"format": "SIMPLE_LIST"},
    )
    assert [(s.type, s.codes) for s in request.subscriptions] == [
        ("trade", ("KRW-ZZA", "BTC-ZZA")),
        ("candle.1s", ("KRW-ZZA",)),
    ]
    assert request.format == "SIMPLE_LIST"


def test_without_a_format_it_is_default() -> None:
    assert wanted({"type": "trade", "codes": ["KRW-ZZA"]}).format == "DEFAULT"


@pytest.mark.parametrize(
    ("flags", "snapshot", "realtime"),
    [
        ({}, True, True),
        ({"is_only_snapshot": True}, True, False),
        ({"isOnlySnapshot": True}, True, False),
        ({"is_only_realtime": True}, False, True),
        ({"isOnlyRealtime": True}, False, True),
        ({"is_only_snapshot": False, "is_only_realtime": False}, True, True),
    ],
)
def test_both_spellings_of_the_stream_flags(flags: dict[str, bool], snapshot: bool, realtime: bool) -> None:
    subscription = only(wanted({"type": "ticker", "codes": ["KRW-ZZA"], **flags}))
    assert (subscription.snapshot, subscription.realtime) == (snapshot, realtime)


@pytest.mark.parametrize(
    ("suffix", "units"), [("", 30), (".1", 1), (".5", 5), (".15", 15), (".30", 30), (".7", 30), (".x", 30)]
)
def test_the_suffix_of_an_order_book_code_chooses_the_levels(suffix: str, units: int) -> None:
    subscription = only(wanted({"type": "orderbook", "codes": [f"KRW-ZZA{suffix}"]}))
    assert subscription.codes == ("KRW-ZZA",)
    assert subscription.units == {"KRW-ZZA": units}


@pytest.mark.parametrize(("level", "text"), [("10000", "10000"), (10000, "10000"), (10000.0, "10000"), (None, "0")])
def test_a_level_is_a_number_or_a_numeric_text(level: object, text: str) -> None:
    assert only(wanted({"type": "orderbook", "codes": ["KRW-ZZA"], "level": level})).level == text


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("hello", "WRONG_FORMAT"),
        ("ping", "WRONG_FORMAT"),
        ('{"ticket":"t"}', "WRONG_FORMAT"),
        ("[]", "WRONG_FORMAT"),
        ("[1]", "WRONG_FORMAT"),
        ("[" * 5_000, "WRONG_FORMAT"),
        ('[{"type":"trade","codes":["KRW-ZZA"]}]', "NO_TICKET"),
        ('[{"ticket":""},{"type":"trade","codes":["KRW-ZZA"]}]', "NO_TICKET"),
        ('[{"ticket":"t"}]', "NO_TYPE"),
        ('[{"ticket":"t"},{"type":"trade"}]', "NO_CODES"),
        ('[{"ticket":"t"},{"type":"trade","codes":[]}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":"trade","codes":"KRW-ZZA"}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":"news","codes":["KRW-ZZA"]}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":["trade"],"codes":["KRW-ZZA"]}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":"trade","codes":["KRW-ZZA"]},{"format":"XML"}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":"trade","codes":["KRW-ZZA"]},{"format":{}}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":"trade","codes":["KRW-ZZA"],"isOnlyRealtime":"yes"}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"type":"orderbook","codes":["KRW-ZZA"],"level":[]}]', "INVALID_PARAM"),
        ('[{"ticket":"t"},{"method":"STOP"}]', "INVALID_PARAM"),
    ],
)
def test_what_breaks_the_grammar_is_answered_with_the_exchanges_error(text: str, name: str) -> None:
    assert refusal(text)[0] == name


def test_the_messages_are_those_of_the_documents() -> None:
    assert refusal("x")[1] == "Format 이 맞지 않습니다."
    assert refusal('[{"ticket":"t"},{"type":"trade","codes":[]}]')[1] == "codes 필드가 비어 있습니다."


def test_bithumb_has_no_list_formats_and_no_candles() -> None:
    text = '[{"ticket":"t"},{"type":"trade","codes":["KRW-ZZA"]},{"format":"JSON_LIST"}]'
    assert refusal(text, BITHUMB) == ("INVALID_PARAM", "JSON_LIST은 지원하지 않는 포맷입니다.")
    assert refusal('[{"ticket":"t"},{"type":"candle.1s","codes":["KRW-ZZA"]}]', BITHUMB)[0] == "INVALID_PARAM"


def test_bithumb_takes_a_dot_in_a_code_as_part_of_it() -> None:
    subscription = only(wanted({"type": "orderbook", "codes": ["KRW-ZZA.5"]}, dialect=BITHUMB))
    assert subscription.codes == ("KRW-ZZA.5",)


def test_the_private_types_need_no_codes() -> None:
    request = wanted({"type": "announcement"}, {"type": "myAsset"}, {"type": "myOrder", "codes": []}, dialect=PRIVATE)
    assert [s.type for s in request.subscriptions] == ["announcement", "myAsset", "myOrder"]


def test_announcements_can_be_limited_to_known_categories() -> None:
    asked = {"type": "announcement", "categories": ["trade", "wallet"], "include_body": True}
    subscription = only(wanted(asked, dialect=PRIVATE))
    assert subscription.categories == {"trade", "wallet"}
    assert subscription.include_body
    text = '[{"ticket":"t"},{"type":"announcement","categories":["weather"]}]'
    assert refusal(text, PRIVATE)[0] == "INVALID_PARAM"


def test_public_types_are_unknown_to_the_private_socket() -> None:
    assert refusal('[{"ticket":"t"},{"type":"trade","codes":["KRW-ZZA"]}]', PRIVATE)[0] == "INVALID_PARAM"


def test_the_subscriptions_can_be_asked_for_in_any_order_of_elements() -> None:
    for text in (
        '[{"method":"LIST_SUBSCRIPTIONS"},{"ticket":"u"}]',
        '[{"ticket":"u"},{"method":"LIST_SUBSCRIPTIONS"}]',
    ):
        assert parse_request(text, PUBLIC) == ListSubscriptions("u", None)
    text = '[{"ticket":"u"},{"method":"LIST_SUBSCRIPTIONS"},{"format":"SIMPLE"}]'
    assert parse_request(text, PUBLIC) == ListSubscriptions("u", "SIMPLE")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["ticket", "type", "codes", "level", "format", "method", "is_only_snapshot", "categories"]),
            inner | st.sampled_from(["trade", "orderbook", "LIST_SUBSCRIPTIONS"]),
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(st.binary(max_size=60) | JSON.map(lambda value: json.dumps([TICKET, value]).encode()))
def test_any_bytes_are_a_request_or_refused(text: bytes) -> None:
    for dialect in (PUBLIC, PRIVATE, BITHUMB):
        try:
            parse_request(text, dialect)
        except RequestRefused as refused:
            assert refused.name and refused.message
