"""The bank's rate: two sources, their units and times, and what stays when both fail."""

import json
from typing import Any

import pytest

from analysis.fetching.bank import Bank, parse_dunamu, parse_er_api
from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import BankRate, Silent
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor

NOW = START_MS
POSTED = {
    "code": "FRX.KRWUSD",
    "basePrice": 1421.5,
    "currencyUnit": 1,
    "timestamp": NOW - 90_000,
    "provider": "하나은행",
}
DAILY = {
    "result": "success",
    "base_code": "USD",
    "time_last_update_unix": NOW // 1000 - 40_000,
    "rates": {"KRW": 1418.25},
}


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode(), NOW, "dunamu /x")


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    door = FakeDoor(clock)
    door.says("dunamu", "/v1/forex/recent", [POSTED], codes="FRX.KRWUSD")
    door.says("er_api", "/v6/latest/USD", DAILY)
    return door


def test_a_posted_rate_is_krw_per_one_dollar_with_its_own_time() -> None:
    assert parse_dunamu(reply([POSTED])) == BankRate(1421.5, NOW - 90_000, NOW, "dunamu /x")
    per_hundred = {**POSTED, "basePrice": "142150", "currencyUnit": 100}
    assert parse_dunamu(reply([{"code": "FRX.KRWJPY", "basePrice": 9}, per_hundred])).krw_per_usd == 1421.5


NO_RATES: list[Any] = [
    *([], {}, "x"),
    *([{**POSTED, "basePrice": price}] for price in (None, 0, "", 1.4)),
    *([{**POSTED, "timestamp": None}], [{**POSTED, "code": "FRX.KRWJPY"}]),
]


@pytest.mark.parametrize("body", NO_RATES)
def test_what_is_no_rate_is_no_answer(body: Any) -> None:
    with pytest.raises(NoAnswer):
        parse_dunamu(reply(body))


@pytest.mark.parametrize(
    "body",
    [{"result": "error", "error-type": "unsupported-code"}, {**DAILY, "rates": {}}, {**DAILY, "base_code": "EUR"}],
)
def test_a_daily_page_without_the_rate_is_no_answer(body: Any) -> None:
    with pytest.raises(NoAnswer):
        parse_er_api(reply(body))


async def test_the_posted_rate_is_asked_for_once_in_half_a_minute(clock: FakeClock, door: FakeDoor) -> None:
    bank = Bank(door, clock)
    for _ in range(3):
        rate = await bank.rate()
        assert isinstance(rate, BankRate) and rate.krw_per_usd == 1421.5
    assert len(door.asked) == 1
    await clock.advance(30)
    await bank.rate()
    assert [asked.service for asked in door.asked] == ["dunamu", "dunamu"]


async def test_the_daily_rate_stands_in_and_is_asked_for_once_an_hour(clock: FakeClock, door: FakeDoor) -> None:
    door.says("dunamu", "/v1/forex/recent", b"<html>", status=403)
    bank = Bank(door, clock)
    for _ in range(3):
        rate = await bank.rate()
        assert isinstance(rate, BankRate)
        assert (rate.krw_per_usd, rate.posted_ms) == (1418.25, (NOW // 1000 - 40_000) * 1000)
        await clock.advance(30)
    assert sum(asked.service == "er_api" for asked in door.asked) == 1


async def test_a_newer_posted_rate_is_not_replaced_by_the_older_daily_one(clock: FakeClock, door: FakeDoor) -> None:
    bank = Bank(door, clock)
    await bank.rate()
    door.says("dunamu", "/v1/forex/recent", b"", status=500)
    await clock.advance(30)
    rate = await bank.rate()
    assert isinstance(rate, BankRate) and rate.krw_per_usd == 1421.5


async def test_without_any_rate_the_bank_is_silent_with_both_reasons(clock: FakeClock, door: FakeDoor) -> None:
    door.fails("dunamu", "/v1/forex/recent")
    door.says("er_api", "/v6/latest/USD", b"", status=429)
    rate = await Bank(door, clock).rate()
    assert isinstance(rate, Silent)
    assert "dunamu" in rate.reason and "429" in rate.reason
