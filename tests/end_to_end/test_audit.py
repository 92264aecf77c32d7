"""A trade that the exchange never sent: the audit finds it in official candles, and the record becomes the truth."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.end_to_end.daemon import Daemon, beside_a_simulator
from tests.end_to_end.outside import json_lines
from tests.end_to_end.truth import EXCHANGES, MINUTE_MS, SECOND_MS, fold, in_order
from tests.fakes.station import compared

WITHHELD_S = 8
HEARD_MS = 60_000  # Upbit tells its seconds at once; its pages of trades show them a little later
TOLD_MS = (
    130_000  # after the minute in which it ends: a candle is final, each market had its turn, what differed is healed
)


@pytest.mark.leaping
async def test_a_withheld_trade_is_found_by_the_audit_and_healed(tmp_path: Path) -> None:
    async with beside_a_simulator(tmp_path, markets=4, rate=20.0, second=40) as daemon:
        daemon.start()
        await daemon.until_recording()
        unhealed = "SELECT 1 FROM gaps WHERE state = 'open'"
        await daemon.until(lambda: not daemon.rows(unhealed), "the gap of the start is healed")
        for exchange in EXCHANGES:
            await daemon.simulator.post(
                "/sim/fault", target=f"{exchange}:public", kind="withhold", for_s=WITHHELD_S, every=2
            )
        over_ms = daemon.now_ms() + WITHHELD_S * 1000
        looked_at_ms = over_ms - over_ms % MINUTE_MS + MINUTE_MS + TOLD_MS

        await daemon.until(lambda: daemon.now_ms() > looked_at_ms, "the minutes of it are looked at")
        await daemon.until(lambda: len(_differed(daemon)) == 4, "the candles of all four markets told what was missing")
        await daemon.until(lambda: not daemon.rows(unhealed), "all that differed is healed")
        await daemon.until(
            lambda: (daemon.health() or {"audit": {"equal": 0}})["audit"]["equal"] > 50, "the rest agrees"
        )
        heard = (daemon.health() or {})["candle_socket"]
        assert (heard["connected"], heard["markets"], heard["last_error"]) == (True, 2, "")
        assert heard["told"] > 100
        assert await daemon.stop() == 0
        told = [row for row in json_lines(daemon.ask("gaps", "--json", "--last", "1000")) if row["cause"] == "differed"]
        for row in told:
            await _is_the_truth(daemon, row)
        assert compared(daemon, daemon.simulator).wrong == []
    health = daemon.health()
    assert health is not None
    audit = health["audit"]
    assert audit["repaired"] >= 4
    assert audit["unexplained"] == 0
    assert audit["compared"] == audit["equal"] + audit["repaired"]
    assert f"{audit['repaired']:,} repaired, 0 unexplained" in daemon.ask("status").stdout
    assert {row["state"] for row in told} == {"healed"}
    assert max(row["healed_ms"] for row in told if row["exchange"] == "upbit") < over_ms + HEARD_MS
    assert f"upbit's own seconds: not heard, {health['candle_socket']['told']:,} told" in daemon.ask("status").stdout


def _differed(daemon: Daemon) -> Sequence[object]:
    """Markets whose record was mended from what the candles told."""
    return daemon.rows("SELECT DISTINCT market_id FROM gaps WHERE cause = 'differed' AND state = 'healed'")


async def _is_the_truth(daemon: Daemon, gap: dict[str, object]) -> None:
    """The healed second is what was traded, the withheld trades included."""
    at_ms = int(str(gap["from_ms"]))
    query = {"exchange": gap["exchange"], "market": gap["market"], "from_ms": at_ms, "to_ms": at_ms + SECOND_MS}
    expected = fold(in_order(str(gap["exchange"]), await daemon.simulator.get("/sim/truth", **query)))
    sql = "SELECT trades, volume FROM candles_1s WHERE market_id = ? AND open_ms = ?"
    [stored] = daemon.rows(sql, gap["market_id"], at_ms)
    assert stored["trades"] == expected["trades"]
    assert abs(stored["volume"] - expected["volume"]) <= 1e-9 * expected["volume"]
