"""Upbit's own word on which venues coins may come from: direction, names, age, and what its silence leaves."""

import json

import pytest

from analysis.fetching.reading import NoAnswer, Reply
from analysis.fetching.travel_rule import AGAIN_AFTER_S, EVERY_S, GOOD_FOR_S, PATH, TravelRules, parse_vasps
from analysis.verdict import Mode
from analysis.weigh import weigh
from ops.process.lifetimes import running
from tests.fakes.clock import FakeClock
from tests.fakes.door import FakeDoor
from tests.fakes.evidence import evidence, korean, settings


def vasp(name: str, depositable: object = True, withdrawable: object = True) -> dict[str, object]:
    return {"vasp_name": name, "vasp_uuid": "u", "depositable": depositable, "withdrawable": withdrawable}


def told(*rows: dict[str, object]) -> dict[str, str]:
    reply = Reply(200, json.dumps(rows).encode(), 1_000, "upbit /x")
    return {venue: rule.deposit for venue, rule in parse_vasps(reply).items()}


def test_the_direction_is_from_abroad_to_korea() -> None:
    assert told(vasp("바이낸스", True, False), vasp("OKX", False, True)) == {"binance": "yes", "okx": "no"}


@pytest.mark.parametrize(
    ("name", "venue"),
    [("Binance", "binance"), ("Gate.io", "gate"), ("게이트", "gate"), ("HUOBI Global", "htx"), ("비트겟", "bitget")],
)
def test_a_venue_is_known_under_several_names(name: str, venue: str) -> None:
    assert told(vasp(name)) == {venue: "yes"}


@pytest.mark.parametrize("name", ["바이낸스 US", "Binance.US", "업비트", "빗썸", "Gateway", ""])
def test_another_name_is_nobody_we_know(name: str) -> None:
    assert told(vasp(name)) == {}


def test_two_answers_for_one_venue_and_a_flag_that_is_none_say_nothing() -> None:
    assert told(vasp("OKX"), vasp("okx", False), vasp("Bybit", None)) == {}


@pytest.mark.parametrize(("body", "status"), [(b"[]", 200), (b"<html>", 200), (b'{"error":{}}', 401), (b"{}", 200)])
def test_what_is_no_list_is_no_answer(body: bytes, status: int) -> None:
    with pytest.raises(NoAnswer):
        parse_vasps(Reply(status, body, 1_000, "upbit /x"))


async def test_it_is_asked_once_a_day_and_sooner_after_a_silence() -> None:
    clock = FakeClock()
    door = FakeDoor(clock)
    door.says("upbit", PATH, {"error": {"name": "x", "message": "y"}}, status=401)
    rules = TravelRules(door, clock, lambda: "Bearer t")
    async with running(rules.run()):
        await clock.advance(0)
        assert rules.of("upbit") == {}
        door.says("upbit", PATH, [vasp("OKX")])
        await clock.advance(AGAIN_AFTER_S)
        assert {venue: rule.deposit for venue, rule in rules.of("upbit").items()} == {"okx": "yes"}
        assert rules.of("bithumb") == {}
        assert len(door.asked) == 2 and door.asked[0].headers == {"Authorization": "Bearer t"}
        door.says("upbit", PATH, [vasp("OKX", False)])
        await clock.advance(EVERY_S)
        assert rules.of("upbit")["okx"].deposit == "no"


async def test_an_old_list_allows_nothing_any_more_and_still_forbids() -> None:
    clock = FakeClock()
    door = FakeDoor(clock)
    door.says("upbit", PATH, [vasp("OKX"), vasp("Bybit", False)])
    rules = TravelRules(door, clock, lambda: "Bearer t")
    assert await rules.renew()
    await clock.advance(GOOD_FOR_S)
    assert set(rules.of("upbit")) == {"okx", "bybit"}
    await clock.advance(1)
    assert set(rules.of("upbit")) == {"bybit"}


async def test_without_a_key_nobody_is_asked() -> None:
    clock = FakeClock()
    door = FakeDoor(clock)
    rules = TravelRules(door, clock, None)
    await rules.run()
    assert not await rules.renew()
    assert (door.asked, dict(rules.of("upbit"))) == ([], {})


@pytest.mark.parametrize(
    ("by_hand", "told_now", "vasp_of_route", "codes"),
    [
        ("unknown", "yes", "yes", []),
        ("no", "yes", "yes", []),
        ("yes", "no", "no", ["vasp_blocked"]),
        ("yes", None, "yes", []),
        ("unknown", None, "unknown", []),
    ],
)
def test_the_exchanges_own_word_stands_above_the_table(
    by_hand: str, told_now: str | None, vasp_of_route: str, codes: list[str]
) -> None:
    reply = Reply(200, json.dumps([vasp("binance", told_now == "yes")]).encode(), 1_000, "upbit /x")
    rules = {} if told_now is None else parse_vasps(reply)
    found = weigh(evidence(korean=korean(travel_rule=rules)), settings(vasp=by_hand))
    [plan] = found.plans
    assert found.mode is Mode.OPEN
    assert (plan.way.vasp, [reason.code for reason in plan.way.reasons]) == (vasp_of_route, codes)
    fact = found.facts["upbit.travel_rule.binance"]
    assert fact.value == (told_now or (None if by_hand == "unknown" else by_hand))
    assert fact.source.startswith("upbit /x" if told_now else "vasp_matrix.yaml, ")
