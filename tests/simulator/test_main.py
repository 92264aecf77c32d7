"""The command line, as another process starts it."""

import json
import signal
import sys
from asyncio import create_subprocess_exec, subprocess

import aiohttp
import pytest

from simulator.__main__ import arguments


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_names_its_address_first_and_stops_when_asked(number: signal.Signals) -> None:
    process = await create_subprocess_exec(
        sys.executable, "-m", "simulator", "--markets", "4", "--rate", "5", "--speed", "2", "--scenario", "listing",
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        served = json.loads(await process.stdout.readline())
        assert served["url"] == f"http://127.0.0.1:{served['port']}"
        async with aiohttp.ClientSession() as session, session.get(served["url"] + "/sim/clock") as answer:
            assert (await answer.json())["speed"] == 2.0
    finally:
        process.send_signal(number)
        _, errors = await process.communicate()
    assert (process.returncode, errors) == (0, b"")


@pytest.mark.parametrize("words", [["--speed", "0"], ["--rate", "-1"], ["--markets", "1"], ["--scenario", "none"]])
def test_a_senseless_argument_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        arguments(words)
    assert refused.value.code == 2
    assert words[0] in capsys.readouterr().err
