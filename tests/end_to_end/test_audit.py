"""A trade that the exchange never sent: the audit finds it in official candles, and the record becomes the truth."""

from collections.abc import Callable, Sequence

from tests.end_to_end.pair import Pair, json_lines, small_world
from tests.end_to_end.truth import EXCHANGES, MINUTE_MS, SECOND_MS, compare, fold, in_order

SPEED = 10.0
WITHIN_S = 60.0  # of real time; 10 to 20 s on an idle machine: minutes must close, and tours come round
WITHHELD_S = 8
TOLD_MS = (
    130_000  # after the minute in which it ends: a candle is final, each market had its turn, what differed is healed
)


def test_a_withheld_trade_is_found_by_the_audit_and_healed(new_pair: Callable[..., Pair]) -> None:
    pair = new_pair(*small_world(SPEED, markets=4, rate=20.0))
    pair.start()
    pair.until_recording()
    unhealed = "SELECT 1 FROM gaps WHERE state = 'open'"
    pair.until(lambda: not pair.rows(unhealed), "the gap of the start is healed", WITHIN_S)
    for exchange in EXCHANGES:
        pair.simulator.post("/sim/fault", target=f"{exchange}:public", kind="withhold", for_s=WITHHELD_S, every=2)
    over_ms = pair.simulator.now_ms() + WITHHELD_S * 1000
    looked_at_ms = over_ms - over_ms % MINUTE_MS + MINUTE_MS + TOLD_MS

    pair.until(lambda: pair.simulator.now_ms() > looked_at_ms, "the minutes of it are looked at", WITHIN_S)
    pair.until(lambda: len(_differed(pair)) == 4, "the candles of all four markets told what was missing", WITHIN_S)
    pair.until(lambda: not pair.rows(unhealed), "all that differed is healed", WITHIN_S)
    pair.until(lambda: (pair.health() or {"audit": {"equal": 0}})["audit"]["equal"] > 50, "the rest agrees", WITHIN_S)
    assert pair.stop() == 0
    assert compare(pair).wrong == []
    health = pair.health()
    assert health is not None
    audit = health["audit"]
    assert audit["repaired"] >= 4
    assert audit["unexplained"] == 0
    assert audit["compared"] == audit["equal"] + audit["repaired"]
    assert f"{audit['repaired']:,} repaired, 0 unexplained" in pair.ask("status").stdout
    told = [row for row in json_lines(pair.ask("gaps", "--json", "--last", "1000")) if row["cause"] == "differed"]
    assert {row["state"] for row in told} == {"healed"}
    for row in told:
        _is_the_truth(pair, row)


def _differed(pair: Pair) -> Sequence[object]:
    """Markets whose record was mended from what the candles told."""
    return pair.rows("SELECT DISTINCT market_id FROM gaps WHERE cause = 'differed' AND state = 'healed'")


def _is_the_truth(pair: Pair, gap: dict[str, object]) -> None:
    """The healed second is what was traded, the withheld trades included."""
    at_ms = int(str(gap["from_ms"]))
    query = {"exchange": gap["exchange"], "market": gap["market"], "from_ms": at_ms, "to_ms": at_ms + SECOND_MS}
    expected = fold(in_order(str(gap["exchange"]), pair.simulator.get("/sim/truth", **query)))
    sql = "SELECT trades, volume FROM candles_1s WHERE market_id = ? AND open_ms = ?"
    [stored] = pair.rows(sql, gap["market_id"], at_ms)
    assert stored["trades"] == expected["trades"]
    assert abs(stored["volume"] - expected["volume"]) <= 1e-9 * expected["volume"]
