"""OK, WARN and FAIL on both sides of each line, and always with a remedy; then the whole examination for real."""

from pathlib import Path

import pytest

from analysis.fetching.everyone import VENUES
from collectors.net.http import HttpDoor, open_door
from collectors.net.limits import Limits
from config.clock import SystemClock
from config.load import load_settings
from config.secrets import Secrets
from ops.commands import doctor
from ops.commands.cli import ROOT
from ops.commands.doctor import Answer, Mark
from ops.commands.examination import Examination
from ops.process.endpoints import endpoints
from ops.watching.clock_offset import ClockOffset
from tests.fakes.simulator import SimulatorHandle, running_simulator

TOKEN = "100000001:" + "DEMO" * 8 + "TOK"


@pytest.mark.parametrize(
    ("answer", "mark"),
    [
        (doctor.clock(None), Mark.WARN),
        (doctor.clock((-1_000, 4_000)), Mark.OK),
        (doctor.clock((1_001, 4_000)), Mark.FAIL),
        (doctor.clock((-4_000, -1_001)), Mark.FAIL),
        (doctor.disk(0.5, 10**10, None), Mark.OK),
        (doctor.disk(0.099, 10**10, None), Mark.WARN),
        (doctor.disk(0.5, 10**10, 13.0), Mark.WARN),
        (doctor.disk(0.019, 10**8, None), Mark.FAIL),
        (doctor.sqlite("3.6.23"), Mark.OK),
        (doctor.sqlite("3.7.0"), Mark.WARN),
        (doctor.sqlite("3.40.1"), Mark.WARN),
        (doctor.sqlite("3.51.2"), Mark.WARN),
        (doctor.sqlite("3.51.3"), Mark.OK),
        (doctor.service("upbit", True, 200, 5, ""), Mark.OK),
        (doctor.service("upbit", True, 503, 5, ""), Mark.FAIL),
        (doctor.service("okx", False, 451, 5, ""), Mark.WARN),
        (doctor.service("okx", False, 429, 5, ""), Mark.WARN),
        (doctor.service("upbit", True, None, 0, "upbit: no answer within 5 s"), Mark.FAIL),
        (doctor.telegram(200, "bot", ""), Mark.OK),
        (doctor.telegram(401, "", ""), Mark.FAIL),
        (doctor.telegram(None, "", "unreachable"), Mark.FAIL),
    ],
)
def test_every_answer_has_its_mark_and_what_is_wrong_its_remedy(answer: Answer, mark: Mark) -> None:
    assert answer.mark is mark
    assert answer.found
    assert bool(answer.remedy) is (mark is not Mark.OK)


def test_the_exit_code_is_one_only_for_a_failure() -> None:
    fine, doubtful, failed = (Answer("x", mark, "y") for mark in Mark)
    assert doctor.exit_code([fine, doubtful]) == 0
    assert doctor.exit_code([fine, failed]) == 1


async def examined(
    simulator: SimulatorHandle, folder: Path, secrets: Secrets, offset: ClockOffset | None = None
) -> dict[str, Answer]:
    settings = load_settings(ROOT / "config")
    addresses = endpoints(settings, simulator.url, None)
    clock = SystemClock()
    door = HttpDoor(addresses.http, Limits(addresses.rates), clock, "tests", addresses.deadlines_s)
    async with open_door(door):
        found = await Examination(door, clock, secrets, folder, tuple(VENUES), offset or ClockOffset(), 20.0).answers()
    return {each.question: each for each in found}


async def test_a_healthy_world_passes(tmp_path: Path) -> None:
    secrets = Secrets(
        telegram_bot_token=TOKEN,
        telegram_chat_ids=("4242",),
        upbit_access_key="SIM-ACCESS",
        upbit_secret_key="SIM-SECRET",
    )
    async with running_simulator() as simulator:
        found = await examined(simulator, tmp_path, secrets)
    assert not [each for each in found.values() if each.mark is Mark.FAIL]
    asked = (
        "upbit",
        "bithumb",
        "binance",
        "binance_futures",
        "htx_futures",
        "coingecko",
        "dunamu",
        "telegram",
        *VENUES,
    )
    for name in asked:
        assert found[name].mark is Mark.OK, found[name]
    assert "does not say" in found["key of upbit"].found
    assert found["key of okx"].remedy == "set OKX_API_KEY and OKX_API_SECRET and OKX_API_PASSPHRASE"


async def test_what_is_broken_is_named_and_nothing_else(tmp_path: Path) -> None:
    secrets = Secrets(
        telegram_bot_token=TOKEN.replace("DEMO", "REVK"),
        telegram_chat_ids=("4242",),
        upbit_access_key="EXPIRED-1",
        upbit_secret_key="x",
    )
    async with running_simulator() as simulator:
        await simulator.post("/sim/fault", target="bithumb", kind="http_5xx", for_s=600)
        await simulator.post("/sim/fault", target="okx", kind="http_451", for_s=600)
        await simulator.post("/sim/fault", target="bybit", kind="refuse", for_s=600)
        found = await examined(simulator, tmp_path, secrets)
    assert found["bithumb"].mark is Mark.FAIL
    assert found["okx"].mark is Mark.WARN
    assert "another country" in found["okx"].remedy
    assert found["bybit"].mark is Mark.WARN
    assert "expired_access_key" in found["key of upbit"].found
    assert found["upbit"].mark is Mark.OK
    told = "".join(each.found + each.remedy for each in found.values())
    assert "REVK" not in told


async def test_without_telegram_it_is_a_warning_that_says_what_to_set(tmp_path: Path) -> None:
    async with running_simulator() as simulator:
        found = await examined(simulator, tmp_path, Secrets())
    assert found["telegram"].mark is Mark.WARN
    assert "TELEGRAM_BOT_TOKEN" in found["telegram"].remedy
