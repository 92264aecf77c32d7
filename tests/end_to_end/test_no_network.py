"""A daemon that starts where nothing can be reached: it keeps trying, says so, tells nobody anything, and recovers."""

from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, beside_a_simulator
from tests.end_to_end.outside import json_lines
from tests.end_to_end.truth import EXCHANGES
from tests.fakes.station import compared

SERVICES = (
    "upbit", "upbit-site", "bithumb", "binance", "binance-futures", "okx", "bybit", "coinbase", "coingecko", "fx",
    "telegram",
)  # fmt: skip
CHANNELS = ("upbit:notices", "upbit:market_list", "bithumb:notices", "bithumb:market_list")
FOR_EVER_S = 100_000.0


async def break_everything(daemon: Daemon, kind: str) -> None:
    await daemon.simulator.delete("/sim/fault")
    for service in SERVICES:
        await daemon.simulator.post("/sim/fault", target=service, kind=kind, for_s=FOR_EVER_S)


def status(daemon: Daemon) -> tuple[str, str]:
    """The status and its reasons as health.json has them; empty before its first writing."""
    health = daemon.health()
    return ("", "") if health is None else (health["status"], "\n".join(health["reasons"]))


def errors(daemon: Daemon) -> int:
    """Failed looks of the listing channels so far."""
    health = daemon.health()
    return 0 if health is None else sum(health["channels"][name]["errors"] for name in CHANNELS)


@pytest.mark.leaping
async def test_without_network_it_waits_says_so_and_recovers_without_a_false_alert(tmp_path: Path) -> None:
    async with beside_a_simulator(tmp_path) as daemon:
        await break_everything(daemon, "refuse")
        daemon.start()
        await daemon.until(
            lambda: all(f"no notice channel of {each}" in status(daemon)[1] for each in EXCHANGES), "it is blind"
        )
        assert status(daemon)[0] == "yellow"
        asked = daemon.ask("status", "--json")
        assert (asked.returncode, json_lines(asked)[0]["status"]) == (1, "yellow")
        assert "upbit has been silent" in status(daemon)[1]
        for kind in ("http_5xx", "http_html"):
            await break_everything(daemon, kind)
            so_far = errors(daemon)
            await daemon.until(lambda: errors(daemon) > so_far, f"it has looked again, at {kind}")  # noqa: B023
            assert status(daemon)[0] == "yellow"
        assert daemon.rows("SELECT * FROM candles_1s") == []

        await daemon.simulator.delete("/sim/fault")
        await daemon.until_recording()
        await daemon.until(lambda: status(daemon)[0] == "green", "it is well again")
        assert await daemon.stop() == 0
        assert compared(daemon, daemon.simulator).wrong == []
    assert daemon.rows("SELECT * FROM listings") == []
    assert {row["kind"] for row in daemon.rows("SELECT kind FROM alerts")} <= {"operator"}
    assert "Traceback" not in daemon.log.read_text()
