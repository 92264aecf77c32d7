"""Keys: used only once their exchange has said that they can only read, refused with the reason, never shown."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from analysis.fetching.everyone import Everyone
from analysis.fetching.keyring import Keyring, KeyState
from analysis.fetching.reading import NoAnswer, Reply
from analysis.quotes import Listed, Silent, Transfers
from analysis.venues import permissions
from analysis.venues.signing import ApiKey
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from tests.fakes.clock import START_MS, FakeClock
from tests.fakes.door import FakeDoor
from tests.fakes.simulator import FakeSimClock, SimulatorHandle, running_simulator
from tests.fakes.venue_pages.script import encoded

RESTRICTIONS = "/sapi/v1/account/apiRestrictions"
READ_ONLY: dict[str, object] = {
    "ipRestrict": False, "createTime": 1, "enableReading": True, "enableWithdrawals": False, "enableMargin": False,
    "enableSpotAndMarginTrading": False, "permitsUniversalTransfer": False, "enableFixReadOnly": True,
}  # fmt: skip
BINANCE = ApiKey("binance-key-7f3a", "binance-secret-91bc")


@pytest.fixture
def door(clock: FakeClock) -> FakeDoor:
    return FakeDoor(clock)


@pytest.fixture
def ring(door: FakeDoor, clock: FakeClock) -> Keyring:
    return Keyring(door, clock, {"binance": BINANCE})


def reply(body: object, status: int = 200) -> Reply:
    return Reply(status, encoded(body), START_MS, "venue /x")


def state(ring: Keyring, exchange: str = "binance") -> KeyState:
    return next(report.state for report in ring.reports() if report.exchange == exchange)


def reason(ring: Keyring) -> str:
    told = ring.held("binance")()
    assert isinstance(told, Silent)
    return told.reason


# --- what each exchange says of a key -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flags", "rights"),
    [
        ({}, ()),
        ({"enableSpotAndMarginTrading": True}, ("enableSpotAndMarginTrading",)),
        (
            {"enableWithdrawals": True, "permitsUniversalTransfer": True},
            ("enableWithdrawals", "permitsUniversalTransfer"),
        ),
        ({"enableSomethingNew": True}, ("enableSomethingNew",)),
        ({"enableWithdrawals": None}, ("enableWithdrawals",)),
        ({"enableWithdrawals": "false"}, ("enableWithdrawals",)),
        ({"enableReading": False}, ()),
    ],
)
def test_binance_tells_each_right_by_a_flag(flags: dict[str, object], rights: tuple[str, ...]) -> None:
    assert set(permissions.binance_rights(reply({**READ_ONLY, **flags}))) == set(rights)


@pytest.mark.parametrize(
    ("perm", "rights"),
    [("read_only", ()), ("read_only,trade", ("trade",)), ("withdraw, read_only", ("withdraw",)), ("new", ("new",))],
)
def test_okx_tells_rights_as_a_list(perm: str, rights: tuple[str, ...]) -> None:
    assert permissions.okx_rights(reply({"code": "0", "data": [{"perm": perm}], "msg": ""})) == rights


@pytest.mark.parametrize(
    ("read_only", "groups", "rights"),
    [
        (1, {"Spot": [], "Wallet": []}, ()),
        (1, {"Wallet": ["AccountTransfer"]}, ()),
        (0, {"Spot": ["SpotTrade"], "Wallet": ["Withdraw"]}, ("SpotTrade", "Withdraw")),
        (0, {"Spot": None}, ("write",)),
    ],
)
def test_bybit_tells_a_mode_and_rights_by_group(
    read_only: int, groups: dict[str, list[str]], rights: tuple[str, ...]
) -> None:
    page = {"retCode": 0, "result": {"readOnly": read_only, "permissions": groups}}
    assert permissions.bybit_rights(reply(page)) == rights


@pytest.mark.parametrize(
    ("parse", "page", "status"),
    [
        (permissions.binance_rights, {}, 200),
        (permissions.binance_rights, {"enableReading": True, "enableWithdrawals": False}, 200),
        (permissions.binance_rights, {"code": -2015, "msg": "Invalid API-key"}, 401),
        (permissions.binance_rights, {"code": -1021, "msg": "Timestamp"}, 400),
        (permissions.binance_rights, b"<html>", 200),
        (permissions.okx_rights, {"code": "0", "data": []}, 200),
        (permissions.okx_rights, {"code": "0", "data": [{"perm": ""}]}, 200),
        (permissions.okx_rights, {"code": "50111", "msg": "Invalid OK-ACCESS-KEY"}, 401),
        (permissions.okx_rights, {"code": "50119", "data": [{"perm": "read_only"}]}, 200),
        (permissions.bybit_rights, {"retCode": 10003, "retMsg": "API key is invalid.", "result": {}}, 200),
        (permissions.bybit_rights, {"retCode": 0, "result": {"permissions": {}}}, 200),
        (permissions.bybit_rights, {"retCode": 0, "result": {"readOnly": "yes"}}, 200),
        (permissions.bybit_rights, {"retCode": 0}, 200),
    ],
)
def test_what_is_not_told_is_not_read_only(parse: Any, page: object, status: int) -> None:
    with pytest.raises(NoAnswer):
        parse(reply(page, status))


# --- what follows from it -------------------------------------------------------------------------------------------


async def test_a_key_is_not_used_before_it_was_checked(ring: Keyring) -> None:
    assert state(ring) is KeyState.UNCHECKED
    assert reason(ring) == "the Binance key is not checked yet"


async def test_a_key_that_can_only_read_is_handed_out(ring: Keyring, door: FakeDoor, clock: FakeClock) -> None:
    door.says("binance", RESTRICTIONS, READ_ONLY)
    assert not await ring.check()
    assert state(ring) is KeyState.READ_ONLY
    assert ring.held("binance")() is BINANCE
    asked = door.asked[-1]
    assert (asked.headers["X-MBX-APIKEY"], asked.group) == (BINANCE.key, "transfer")
    assert asked.params["timestamp"] == str(clock.now_ms())


async def test_a_key_that_may_trade_is_refused_with_the_reason(
    ring: Keyring, door: FakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    door.says("binance", RESTRICTIONS, {**READ_ONLY, "enableSpotAndMarginTrading": True})
    assert not await ring.check()
    assert state(ring) is KeyState.REFUSED
    why = "it may do more than read (enableSpotAndMarginTrading); make one that can only read"
    assert reason(ring) == f"the Binance key is refused: {why}"
    assert caplog.messages == [f"off: transfer_state_binance: the Binance key is refused: {why}"]


async def test_a_key_that_cannot_be_checked_stays_unused_and_is_tried_again(
    ring: Keyring, door: FakeDoor, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    door.fails("binance", RESTRICTIONS)
    running = asyncio.ensure_future(ring.run())
    await clock.advance(4)
    assert reason(ring).startswith("the Binance key is not checked yet: cannot be checked (unreachable")
    await clock.advance(12)
    assert len(caplog.messages) == 1  # the same trouble is told once
    door.says("binance", RESTRICTIONS, READ_ONLY)
    await clock.advance(20)
    assert state(ring) is KeyState.READ_ONLY
    running.cancel()


async def test_rights_are_asked_again_after_an_hour_and_an_outage_changes_nothing(
    ring: Keyring, door: FakeDoor, clock: FakeClock
) -> None:
    door.says("binance", RESTRICTIONS, READ_ONLY)
    running = asyncio.ensure_future(ring.run())
    await clock.advance(1)
    door.fails("binance", RESTRICTIONS)
    await clock.advance(3_600)
    assert state(ring) is KeyState.READ_ONLY
    door.says("binance", RESTRICTIONS, {**READ_ONLY, "enableWithdrawals": True})
    await clock.advance(3_600)
    assert state(ring) is KeyState.REFUSED
    running.cancel()


async def test_no_part_of_a_key_comes_back_in_a_reason(
    ring: Keyring, door: FakeDoor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = {"code": -2015, "msg": f"key {BINANCE.key} with secret {BINANCE.secret}"}
    for status in (200, 400, 401, 403, 500):
        door.says("binance", RESTRICTIONS, echo, status=status)
        await ring.check()
    door.says("binance", RESTRICTIONS, {**READ_ONLY, f"enable{BINANCE.secret}": True})
    await ring.check()
    shown = f"{caplog.text} {ring.reports()} {ring.held('binance')()} {BINANCE!r}"
    assert BINANCE.key not in shown and BINANCE.secret not in shown


async def test_a_transfer_answer_that_repeats_the_key_does_not_show_it(door: FakeDoor, clock: FakeClock) -> None:
    for service, paths in (
        ("binance", ("/api/v3/ticker/24hr", "/api/v3/depth")),
        ("binance_futures", ("/fapi/v1/premiumIndex", "/fapi/v1/depth")),
    ):
        for path in paths:
            door.says(service, path, {"code": -1121, "msg": "Invalid symbol."}, status=400)
    door.says("binance", "/api/v3/ticker/24hr", {"symbol": "QRXUSDT"}, symbol="QRXUSDT")
    door.says("binance_futures", "/fapi/v1/fundingInfo", [])
    door.says("binance", RESTRICTIONS, READ_ONLY)
    echo = {"code": -2015, "msg": f"Invalid {BINANCE.key} {BINANCE.secret}"}
    door.says("binance", "/sapi/v1/capital/config/getall", echo, status=400)
    everyone = Everyone(door, clock, ["binance"], 0.8, keys={"binance": BINANCE})
    await everyone.keys.check()
    answer = await everyone.venues[0].ask("QRX")
    assert isinstance(answer, Listed) and isinstance(answer.quote.transfers, Silent)
    assert answer.quote.transfers.reason == "HTTP 400, -2015 Invalid ... ..."


def test_every_exchange_has_a_report(door: FakeDoor, clock: FakeClock) -> None:
    states = {report.exchange: report.state for report in Keyring(door, clock, {}, has_upbit=True).reports()}
    absent = KeyState.ABSENT
    assert states == {"binance": absent, "okx": absent, "bybit": absent, "upbit": KeyState.UNTOLD}


# --- against the simulator ------------------------------------------------------------------------------------------


@pytest.fixture
def sim_clock() -> FakeSimClock:
    return FakeSimClock()


@pytest.fixture
async def sim(sim_clock: FakeSimClock) -> AsyncIterator[SimulatorHandle]:
    async with running_simulator(markets=12, rate=20, clock=sim_clock) as handle:
        for venue in ("binance", "okx", "bybit"):
            handle.world.venue(venue).latency_ms = 0
        yield handle


@pytest.mark.parametrize("venue", ["binance", "okx", "bybit"])
@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("SIM-READ-KEY", KeyState.READ_ONLY),
        ("SIM-TRADE-KEY", KeyState.REFUSED),
        ("STRANGER-KEY", KeyState.UNCHECKED),
    ],
)
async def test_only_a_read_only_key_opens_the_transfer_state(
    sim: SimulatorHandle, sim_clock: FakeSimClock, venue: str, key: str, expected: KeyState
) -> None:
    names = {venue: f"/{venue}", f"{venue}_futures": f"/{venue}-futures"}
    urls = {service: sim.url + path for service, path in names.items()}
    async with open_door(HttpDoor(urls, Limits({}), sim_clock, "radar-test")) as door:
        await door.load()
        everyone = Everyone(door, sim_clock, [venue], 5.0, keys={venue: ApiKey(key, "sim-secret", "sim-phrase")})
        before = await everyone.venues[0].ask("ETH")
        await everyone.keys.check()
        after = await everyone.venues[0].ask("ETH")
    assert state(everyone.keys, venue) is expected
    assert isinstance(before, Listed) and isinstance(before.quote.transfers, Silent)
    assert isinstance(after, Listed)
    assert isinstance(after.quote.transfers, Transfers) is (expected is KeyState.READ_ONLY)
