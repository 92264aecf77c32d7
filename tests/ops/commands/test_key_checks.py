"""What a key may do, as each exchange says it: more than reading is refused, silence is a warning."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.commands import key_checks
from ops.commands.doctor import Mark

NOW = 1_795_000_000_000  # 2026-11-18


def body(told: object) -> bytes:
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("status", "told", "mark", "says"),
    [
        (200, [{"access_key": "A", "expire_at": "2027-09-01T00:00:00+09:00"}], Mark.WARN, "does not say"),
        (200, [{"access_key": "A", "expire_at": "2026-11-25T00:00:00+09:00"}], Mark.WARN, "ends in 6 days"),
        (200, [{"access_key": "A", "expire_at": "2026-12-17T00:00:00+09:00"}], Mark.WARN, "ends in 28 days"),
        (200, [{"access_key": "A", "expire_at": "2026-12-19T00:00:00+09:00"}], Mark.WARN, "does not say"),
        (401, {"error": {"name": "no_authorization_ip"}}, Mark.FAIL, "no_authorization_ip"),
        (200, [{"access_key": "B", "expire_at": "2026-11-19T00:00:00+09:00"}], Mark.WARN, "does not say"),
        (
            401,
            {"error": {"name": "invalid_access_key", "message": "잘못된 엑세스 키입니다."}},
            Mark.FAIL,
            "invalid_access_key",
        ),
        (401, "<html>", Mark.WARN, "HTTP 401"),
        (502, "<html>", Mark.WARN, "HTTP 502"),
        (200, {"surprise": 1}, Mark.WARN, "could not be read"),
    ],
)
def test_upbit(status: int, told: object, mark: Mark, says: str) -> None:
    answer = key_checks.upbit(status, body(told), "A", NOW)
    assert answer.mark is mark
    assert says in answer.found


@pytest.mark.parametrize(
    ("name", "helps"), [("no_authorization_ip", "address"), ("expired_access_key", "make a new one")]
)
def test_what_upbit_names_is_told_with_its_remedy(name: str, helps: str) -> None:
    assert helps in key_checks.upbit(401, body({"error": {"name": name}}), "A", NOW).remedy


READING = {"ipRestrict": True, "createTime": 1, "enableReading": True, "enableFixReadOnly": True}


@pytest.mark.parametrize(
    ("status", "told", "mark", "says"),
    [
        (200, READING | {"enableWithdrawals": False}, Mark.OK, "may read only"),
        (200, READING | {"enableWithdrawals": True}, Mark.FAIL, "enableWithdrawals"),
        (200, READING | {"enableSpotAndMarginTrading": True}, Mark.FAIL, "enableSpotAndMarginTrading"),
        (200, READING | {"permitsUniversalTransfer": True}, Mark.FAIL, "permitsUniversalTransfer"),
        (401, {"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}, Mark.FAIL, "Invalid API-key"),
        (429, {"code": -1003, "msg": "Too many requests."}, Mark.WARN, "Too many"),
        (400, {"code": -1021, "msg": "Timestamp for this request is outside"}, Mark.WARN, "Timestamp"),
        (404, "not here", Mark.WARN, "HTTP 404"),
        (200, {}, Mark.WARN, "could not be read"),
    ],
)
def test_binance(status: int, told: object, mark: Mark, says: str) -> None:
    answer = key_checks.binance(status, body(told))
    assert answer.mark is mark
    assert says in answer.found


@pytest.mark.parametrize(
    ("status", "told", "mark", "says"),
    [
        (200, {"code": "0", "msg": "", "data": [{"perm": "read_only"}]}, Mark.OK, "may read only"),
        (200, {"code": "0", "msg": "", "data": [{"perm": "read_only,trade"}]}, Mark.FAIL, "trade"),
        (200, {"code": "0", "msg": "", "data": [{"perm": "read_only,withdraw"}]}, Mark.FAIL, "withdraw"),
        (401, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY"}, Mark.FAIL, "50111"),
        (429, {"code": "50011", "msg": "Rate limit reached"}, Mark.WARN, "50011"),
        (401, {"code": "50102", "msg": "Timestamp request expired"}, Mark.WARN, "50102"),
        (200, {"code": "0", "msg": "", "data": [{}]}, Mark.WARN, "not known"),
        (404, "nothing", Mark.WARN, "HTTP 404"),
    ],
)
def test_okx(status: int, told: object, mark: Mark, says: str) -> None:
    answer = key_checks.okx(status, body(told))
    assert answer.mark is mark
    assert says in answer.found


def bybit_says(**key: object) -> dict[str, object]:
    return {"retCode": 0, "retMsg": "", "result": key}


@pytest.mark.parametrize(
    ("told", "mark", "says"),
    [
        (bybit_says(readOnly=1, expiredAt="2027-06-01T00:00:00Z"), Mark.OK, "may read only"),
        (bybit_says(readOnly=0, expiredAt="2027-06-01T00:00:00Z"), Mark.FAIL, "may do more"),
        (bybit_says(readOnly=1, expiredAt="2026-11-20T00:00:00Z"), Mark.WARN, "ends in 1 days"),
        (bybit_says(readOnly=1, expiredAt="1970-01-01T00:00:00Z"), Mark.OK, "may read only"),
        ({"retCode": 10003, "retMsg": "API key is invalid.", "result": {}}, Mark.FAIL, "10003"),
        ({"retCode": 10006, "retMsg": "Too many visits!", "result": {}}, Mark.WARN, "10006"),
        ({"retCode": 33004, "retMsg": "Your api key has expired.", "result": {}}, Mark.FAIL, "33004"),
        ({"retCode": 0, "result": {}}, Mark.WARN, "not known"),
        ("teapot", Mark.WARN, "not known"),
    ],
)
def test_bybit(told: object, mark: Mark, says: str) -> None:
    answer = key_checks.bybit(200, body(told), NOW)
    assert answer.mark is mark
    assert says in answer.found


@given(status=st.sampled_from([200, 401, 500]), told=st.binary(max_size=60))
def test_no_answer_raises(status: int, told: bytes) -> None:
    for answer in (
        key_checks.upbit(status, told, "A", NOW),
        key_checks.binance(status, told),
        key_checks.okx(status, told),
        key_checks.bybit(status, told, NOW),
    ):
        assert answer.mark is not Mark.OK
        assert answer.remedy
