"""A daemon that starts where nothing can be reached: it keeps trying, says so, tells nobody anything, and recovers."""

from collections.abc import Callable

from tests.end_to_end.pair import Pair, json_lines, small_world
from tests.end_to_end.truth import EXCHANGES, compare

SERVICES = (
    "upbit", "upbit-site", "bithumb", "binance", "binance-futures", "okx", "bybit", "coinbase", "coingecko", "fx",
    "telegram",
)  # fmt: skip
CHANNELS = ("upbit:notices", "upbit:market_list", "bithumb:notices", "bithumb:market_list")
FOR_EVER_S = 100_000.0


def break_everything(pair: Pair, kind: str) -> None:
    pair.simulator.delete("/sim/fault")
    for service in SERVICES:
        pair.simulator.post("/sim/fault", target=service, kind=kind, for_s=FOR_EVER_S)


def status(pair: Pair) -> tuple[str, str]:
    """The status and its reasons as health.json has them; empty before its first writing."""
    health = pair.health()
    return ("", "") if health is None else (health["status"], "\n".join(health["reasons"]))


def errors(pair: Pair) -> int:
    """Failed looks of the listing channels so far."""
    health = pair.health()
    return 0 if health is None else sum(health["channels"][name]["errors"] for name in CHANNELS)


def test_without_network_it_waits_says_so_and_recovers_without_a_false_alert(
    new_pair: Callable[..., Pair],
) -> None:
    pair = new_pair(*small_world(12.0, rate=60.0))
    break_everything(pair, "refuse")
    pair.start()
    pair.until(lambda: all(f"no notice channel of {each}" in status(pair)[1] for each in EXCHANGES), "it is blind")
    assert status(pair)[0] == "yellow"
    asked = pair.ask("status", "--json")
    assert (asked.returncode, json_lines(asked)[0]["status"]) == (1, "yellow")
    assert "upbit has been silent" in status(pair)[1]
    for kind in ("http_5xx", "http_html"):
        break_everything(pair, kind)
        so_far = errors(pair)
        pair.until(lambda: errors(pair) > so_far, f"it has looked again, at {kind}")  # noqa: B023
        assert status(pair)[0] == "yellow"
    assert pair.rows("SELECT * FROM candles_1s") == []

    pair.simulator.delete("/sim/fault")
    pair.until_recording()
    pair.until(lambda: status(pair)[0] == "green", "it is well again")
    assert pair.stop() == 0
    assert pair.rows("SELECT * FROM listings") == []
    assert {row["kind"] for row in pair.rows("SELECT kind FROM alerts")} <= {"operator"}
    assert "Traceback" not in pair.log.read_text()
    assert compare(pair).wrong == []
