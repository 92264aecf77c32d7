"""The loudest alert without any key: on Bithumb, whose deposits are public, from a venue whose withdrawals are.

The travel-rule table of the test says yes for Gate and Bitget; the shipped one says "unknown", which never rings as
CRITICAL. Bithumb's notices are titles only, so the contract that ties the coin comes from Upbit's notice of the same
coin, which was out a little earlier.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.daemon import Daemon, beside_a_simulator

CONTRACT = "0x5a1e0000000000000000000000000000000c0de5"
BODY = "\n".join(
    (
        "샛별(SAET) 디지털 자산의 신규 거래지원을 안내드립니다.\n",
        "네트워크: BASE",
        f"컨트랙트 주소: {CONTRACT}",
    )
)
VENUE = {"price": 0.52, "contract": CONTRACT, "perp": True, "withdrawal": True, "latency_ms": 20}


def trust_two_venues(daemon: Daemon) -> None:
    matrix = daemon.config / "vasp_matrix.yaml"
    upbit, bithumb = matrix.read_text(encoding="utf-8").split("\nbithumb:\n")
    for venue in ("gate", "bitget"):
        assert f"  {venue}: {{deposit: unknown" in bithumb
        bithumb = bithumb.replace(f"  {venue}: {{deposit: unknown", f'  {venue}: {{deposit: "yes"')
    matrix.write_text(f"{upbit}\nbithumb:\n{bithumb}", encoding="utf-8")


def decisions(daemon: Daemon, verdict: str) -> list[dict[str, Any]]:
    return daemon.rows(
        "SELECT d.* FROM decisions AS d JOIN listings AS l ON l.id = d.listing_id"
        " WHERE l.base = 'SAET' AND l.exchange = 'bithumb' AND d.verdict = ? ORDER BY d.made_ms",
        verdict,
    )


def loudest(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((row for row in rows if row["level"] == 50), None)


@pytest.mark.leaping
async def test_ready_and_go_ring_as_critical_on_bithumb_without_any_key(tmp_path: Path) -> None:
    async with beside_a_simulator(tmp_path, markets=20) as daemon:
        trust_two_venues(daemon)
        daemon.start()  # with a Telegram token, and no key of any exchange
        await daemon.until_recording()
        coin = {"base": "SAET", "quotes": ["KRW"], "networks": ["BASE"], "venues": {"gate": VENUE, "bitget": VENUE}}
        await daemon.simulator.post(
            "/sim/listing", **coin, exchange="upbit", body=BODY, announce_in_s=0.5, trading_in_s=3_600.0
        )
        told = "SELECT contract_address FROM token_registry WHERE symbol = 'SAET' AND told_by = 'notice'"
        await daemon.until(lambda: daemon.rows(told), "the contract of Upbit's notice is registered")
        await daemon.simulator.post(
            "/sim/listing", **coin, exchange="bithumb", announce_in_s=0.5, deposits_in_s=3.0, trading_in_s=24.0,
            premium_path=[[0, 9.0]],
        )  # fmt: skip
        ready = await daemon.until(lambda: loudest(decisions(daemon, "READY")), "READY at CRITICAL before the opening")
        go = await daemon.until(lambda: loudest(decisions(daemon, "GO")), "GO at CRITICAL after the opening")
        rung = "SELECT text FROM alerts WHERE kind = 'verdict' AND level = 50"
        await daemon.until(lambda: daemon.rows(rung), "it rings")
        await daemon.until_told("🚨 GO · SAET")
        assert await daemon.stop() == 0
    assert (ready["mode"], json.loads(ready["warnings"])) == ("pre_open", [])
    assert (go["mode"], json.loads(go["blockers"]), json.loads(go["warnings"])) == ("open", [], [])
    assert go["net_bps"] > 100
    facts = json.loads(go["facts"])
    route = facts["route"]["value"]
    assert route.split("/")[1] == "BASE" and route.split("/")[0] in ("gate", "bitget")
    venue = route.split("/")[0]
    states = {name: fact["value"] for name, fact in facts.items() if name.startswith(f"{venue}.withdrawal.")}
    assert "open" in states.values()
    assert facts["binance.answer"]["value"] == "not listed"
