"""The loudest alert without any key: on Bithumb, whose deposits are public, from a venue whose withdrawals are.

The travel-rule table of the test says yes for Gate and Bitget; the shipped one says "unknown", which never rings as
CRITICAL. Bithumb's notices are titles only, so the contract that ties the coin comes from Upbit's notice of the same
coin, which was out a little earlier.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.pair import Pair, small_world

CONTRACT = "0x5a1e0000000000000000000000000000000c0de5"
BODY = "\n".join(
    (
        "샛별(SAET) 디지털 자산의 신규 거래지원을 안내드립니다.\n",
        "네트워크: BASE",
        f"컨트랙트 주소: {CONTRACT}",
    )
)
VENUE = {"price": 0.52, "contract": CONTRACT, "perp": True, "withdrawal": True, "latency_ms": 20}


@pytest.fixture
def pair(new_pair: Callable[..., Pair], tmp_path: Path) -> Pair:
    made = new_pair(*small_world(2.0, markets=20))
    matrix = tmp_path / "config" / "vasp_matrix.yaml"
    upbit, bithumb = matrix.read_text(encoding="utf-8").split("\nbithumb:\n")
    for venue in ("gate", "bitget"):
        assert f"  {venue}: {{deposit: unknown" in bithumb
        bithumb = bithumb.replace(f"  {venue}: {{deposit: unknown", f'  {venue}: {{deposit: "yes"')
    matrix.write_text(f"{upbit}\nbithumb:\n{bithumb}", encoding="utf-8")
    return made


def decisions(pair: Pair, verdict: str) -> list[dict[str, Any]]:
    return pair.rows(
        "SELECT d.* FROM decisions AS d JOIN listings AS l ON l.id = d.listing_id"
        " WHERE l.base = 'SAET' AND l.exchange = 'bithumb' AND d.verdict = ? ORDER BY d.made_ms",
        verdict,
    )


def loudest(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
    return next((row for row in rows if row["level"] == 50), None)


def test_ready_and_go_ring_as_critical_on_bithumb_without_any_key(pair: Pair) -> None:
    pair.start()  # with a Telegram token, and no key of any exchange
    pair.until_recording()
    coin = {"base": "SAET", "quotes": ["KRW"], "networks": ["BASE"], "venues": {"gate": VENUE, "bitget": VENUE}}
    pair.simulator.post("/sim/listing", **coin, exchange="upbit", body=BODY, announce_in_s=0.5, trading_in_s=3_600.0)
    told = "SELECT contract_address FROM token_registry WHERE symbol = 'SAET' AND told_by = 'notice'"
    pair.until(lambda: pair.rows(told), "the contract of Upbit's notice is registered")
    pair.simulator.post(
        "/sim/listing", **coin, exchange="bithumb", announce_in_s=0.5, deposits_in_s=3.0, trading_in_s=24.0,
        premium_path=[[0, 9.0]],
    )  # fmt: skip
    ready = pair.until(lambda: loudest(decisions(pair, "READY")), "READY at CRITICAL before the opening")
    assert (ready["mode"], json.loads(ready["warnings"])) == ("pre_open", [])
    go = pair.until(lambda: loudest(decisions(pair, "GO")), "GO at CRITICAL after the opening", within_s=40.0)
    assert (go["mode"], json.loads(go["blockers"]), json.loads(go["warnings"])) == ("open", [], [])
    assert go["net_bps"] > 100
    facts = json.loads(go["facts"])
    route = facts["route"]["value"]
    assert route.split("/")[1] == "BASE" and route.split("/")[0] in ("gate", "bitget")
    venue = route.split("/")[0]
    states = {name: fact["value"] for name, fact in facts.items() if name.startswith(f"{venue}.withdrawal.")}
    assert "open" in states.values()
    assert facts["binance.answer"]["value"] == "not listed"
    rung = pair.rows("SELECT text FROM alerts WHERE kind = 'verdict' AND level = 50")
    assert rung
    assert any("SAET" in message["text"] for message in pair.simulator.messages())
    assert pair.stop() == 0
