"""Facts that a reader acts on and no rule asks for: the run so far, the perpetual's gap, the rival, the coin's size;
and that all which the rules do ask for is among the facts that are kept.

Each case is worked by hand in its docstring.
"""

from datetime import datetime
from decimal import Decimal

import msgspec
import pytest

from analysis.evidence import Evidence, Rival
from analysis.gate_rules import Previous
from analysis.quotes import Figure, Run
from analysis.tokenomics import MarketCap
from analysis.verdict import FactValue, Outcome, TransferState
from analysis.weigh import weigh
from tests.fakes.evidence import (
    CONTRACT,
    NOW,
    evidence,
    good_perp,
    good_spot,
    good_transfers,
    korean,
    network,
    settings,
    two_sided,
    venue,
)


def run(name: str = "binance", at: float | None = 0.8, now: float = 0.98, high: float = 1.2) -> Run:
    return Run(name, NOW - 60_000, at, now, high, 250_000.0, 60, f"{name} klines", NOW - 3_000)


def facts(given: Evidence, *names: str) -> list[FactValue]:
    found = weigh(given, settings()).facts
    return [found[name].value if name in found else "absent" for name in names]


def test_the_run_is_from_the_price_at_the_notice_to_the_book_of_the_same_venue() -> None:
    """0.80 at the notice, the mid now 1.00: 1.00 / 0.80 - 1 = 25 %. High 1.20: 50 %. The candle's 0.98 is older."""
    given = evidence(runs={"binance": run()})
    assert facts(given, "run_bps", "run_high_bps") == [pytest.approx(2_500.0), pytest.approx(5_000.0)]
    assert facts(given, "run.published_usdt", "run.now_usdt", "run.high_usdt", "run.volume_usdt") == [
        *(0.8, 1.0, 1.2, 250_000.0)
    ]


def test_a_price_above_the_last_candle_is_the_high() -> None:
    """High of the candles 0.99, mid now 1.00: the high since the notice is 1.00."""
    assert facts(evidence(runs={"binance": run(high=0.99)}), "run.high_usdt", "run_high_bps") == [1.0, 2_500.0]


def test_the_venue_with_the_most_volume_tells_the_run() -> None:
    """OKX trades 9 million a day, Binance 5: OKX's 0.90 counts. 1.00 / 0.90 - 1 = 11.11 %."""
    venues = {"binance": venue(), "okx": venue("okx", spot=good_spot(volume=9e6))}
    given = evidence(venues, runs={"binance": run(), "okx": run("okx", at=0.9)})
    assert facts(given, "run_bps") == [pytest.approx(1_111.1, abs=0.1)]


def test_a_venue_whose_price_is_an_outlier_tells_no_run() -> None:
    """Three at 1.00, one at 2.00 with the most volume: its run of + 150 % is of another coin or a broken page."""
    far = venue("gate", spot=good_spot(1.999, 2.001, volume=9e9))
    venues = {"binance": venue(), "okx": venue("okx"), "bybit": venue("bybit"), "gate": far}
    given = evidence(venues, runs={"gate": run("gate"), "okx": run("okx", at=0.5)})
    assert facts(given, "run_bps") == [pytest.approx(10_000.0)]
    assert facts(evidence(venues, runs={"gate": run("gate")}), "run_bps") == [None]


def test_a_venue_of_another_coin_tells_no_run() -> None:
    other = venue("okx", transfers=good_transfers(network("ERC20", contract="0x" + "d" * 40)))
    given = evidence({"binance": venue(), "okx": other}, runs={"okx": run("okx")})
    assert facts(given, "run_bps") == [None]


@pytest.mark.parametrize("at", [None, 0.0, -1.0, float("nan")])
def test_without_a_price_at_the_notice_there_is_no_run(at: float | None) -> None:
    assert facts(evidence(runs={"binance": run(at=at)}), "run_bps") == [None]
    assert facts(evidence(), "run_bps") == [None]


def test_while_the_reference_is_in_doubt_the_candles_tell_the_run() -> None:
    """Binance's book is 11 s old, no fresh price anywhere: the candle's close 0.98 / 0.80 - 1 = 22.5 %."""
    old_ms = NOW - 11_000
    old = good_spot(of=two_sided(0.999, 1.001, taken_ms=old_ms))
    stale = venue(spot=msgspec.structs.replace(old, bid=Figure(0.999, "x", old_ms), ask=Figure(1.001, "x", old_ms)))
    given = evidence({"binance": stale}, runs={"binance": run()})
    assert facts(given, "run_bps", "run.now_usdt") == [pytest.approx(2_250.0), 0.98]


def test_candles_of_long_ago_tell_no_run() -> None:
    """Without a fresh price the last close would stand for the price of now, however old; a book of now replaces it."""
    old_ms, runs = NOW - 11_000, {"binance": msgspec.structs.replace(run(), taken_ms=NOW - 120_001)}
    spot = good_spot(of=two_sided(0.999, 1.001, taken_ms=old_ms))
    quiet = msgspec.structs.replace(spot, bid=Figure(0.999, "x", old_ms), ask=Figure(1.001, "x", old_ms))
    assert facts(evidence({"binance": venue(spot=quiet)}, runs=runs), "run_bps", "run.now_usdt") == [None, "absent"]
    assert facts(evidence(runs=runs), "run_bps") == [pytest.approx(2_500.0)]


def test_the_perpetuals_gap_is_its_mid_against_the_reference() -> None:
    """Perpetual 1.0195 / 1.0205, mid 1.02, spot 1.00: + 2 %. A pre-market one counts only where there is no other."""
    pre_market = msgspec.structs.replace(good_perp(1.4995, 1.5005), pre_market=True)
    ordinary = venue("okx", perp=good_perp(1.0195, 1.0205))
    given = evidence({"binance": venue(perp=pre_market), "okx": ordinary})
    assert facts(given, "perp_gap_bps") == [pytest.approx(200.0)]
    alone = weigh(evidence({"binance": venue(perp=pre_market)}), settings())
    assert alone.facts["binance.perp_pre_market"].value is True
    assert alone.perp_gap is not None and alone.perp_gap.value == pytest.approx(5_000.0)
    assert alone.perp_gap.source == "binance NOVAUSDT (pre-market)"


def test_a_perpetual_without_a_book_tells_its_gap_by_its_mark() -> None:
    bare = msgspec.structs.replace(good_perp(), book=None, mark=Figure(1.01, "mark", NOW - 500))
    [gap] = [weigh(evidence({"binance": venue(perp=bare)}), settings()).perp_gap]
    assert gap is not None and gap.value == pytest.approx(100.0) and gap.taken_ms == NOW - 500


def test_the_rival_market_is_told_with_its_price_and_premium() -> None:
    """Bithumb's mid 1,540 KRW, abroad 1.00 USDT at 1,400 KRW: 1540 / 1400 - 1 = 10 %."""
    rival = Rival("bithumb", True, two_sided(1_539.0, 1_541.0))
    given = evidence(korean=korean(rival=rival))
    assert facts(given, "rival", "rival_mid_krw", "rival_excess_bps") == ["bithumb", 1_540.0, pytest.approx(1_000.0)]
    before = msgspec.structs.replace(given, opened=False)
    assert facts(before, "rival_excess_bps") == [pytest.approx(1_000.0)]


@pytest.mark.parametrize(
    ("rival", "told"),
    [
        (Rival("bithumb", False), ["none", "absent", "absent"]),
        (Rival("bithumb", None), [None, "absent", "absent"]),
        (Rival("bithumb", True, two_sided(1_539.0, 1_541.0, taken_ms=NOW - 11_000)), ["bithumb", 1_540.0, None]),
        (None, ["absent", "absent", "absent"]),
    ],
)
def test_a_rival_that_is_not_there_or_silent_or_old(rival: Rival | None, told: list[FactValue]) -> None:
    given = evidence(korean=korean(rival=rival))
    assert facts(given, "rival", "rival_mid_krw", "rival_excess_bps") == told


def test_the_size_of_the_coin_is_told_with_its_age_and_how_sure_it_is() -> None:
    size = MarketCap(
        "nova", "NOVA", "Nova", 99, 1.0, 5e7, None, None, 5e7, 1e8, None, NOW - 30_000, "coingecko /x", "symbol"
    )
    found = weigh(evidence(size=size), settings()).facts
    assert (found["market_cap_usd"].value, found["fdv_usd"].value, found["circulating_supply"].value) == (
        5e7,
        None,
        5e7,
    )
    assert (found["market_cap_usd"].age_ms(NOW), found["fdv_usd"].age_ms(NOW)) == (30_000, None)
    assert found["market_cap_usd"].source == "coingecko /x, nova by symbol"
    assert facts(evidence(), "market_cap_usd", "fdv_usd") == [None, "absent"]


def test_both_directions_of_both_sides_are_kept_with_age_and_admitted_lag() -> None:
    state = msgspec.structs.replace(network(fee=None, contract=""), block_age_ms=180_000)
    ours = msgspec.structs.replace(good_transfers(state, taken_ms=NOW - 4_000), lag="may lag by minutes")
    closed = venue(transfers=good_transfers(network(withdrawal=TransferState.CLOSED)))
    found = weigh(evidence({"binance": closed}, korean=korean(transfers=ours)), settings()).facts
    for way in ("deposit", "withdrawal"):
        told = found[f"upbit.{way}.ETH"]
        assert (told.value, told.source, told.age_ms(NOW)) == ("open", "test transfers, may lag by minutes", 4_000)
    assert found["upbit.block_age.ETH"].value == 180_000
    assert [found[f"binance.{way}.ETH"].value for way in ("deposit", "withdrawal")] == ["open", "closed"]


def test_what_the_rules_held_the_facts_against_is_kept_with_them() -> None:
    """Limits, times, the verdict before: without them a stored verdict could not be judged again."""
    before = Previous(Outcome.GO, NOW - 2_000, NOW - 1_500)
    given = evidence(trading_starts_ms=NOW - 9_000, first_trade_ms=NOW - 8_000, quotes=("KRW", "BTC"))
    found = weigh(given, settings(margin_bps=Decimal(120), waive_unknown=("deposit",)), previous=before).facts
    assert {
        name: found[f"limit.{name}"].value for name in ("margin_bps", "transfer_p90_max_min", "volume_min_usd")
    } == {"margin_bps": 120.0, "transfer_p90_max_min": 30.0, "volume_min_usd": 100_000.0}
    assert (found["limit.waive_unknown"].value, found["limit.margin_bps"].source) == ("deposit", "radar.yaml")
    assert (found["previous.verdict"].value, found["previous.verdict"].age_ms(NOW)) == ("GO", 2_000)
    assert found["previous.below_since_ms"].value == NOW - 1_500
    times = [found[name].value for name in ("trading_starts_ms", "first_trade_ms", "deposit_opens_ms")]
    assert times == [NOW - 9_000, NOW - 8_000, None]
    assert (found["markets"].value, found["korean_listed"].value) == ("KRW, BTC", None)
    assert facts(evidence(), "previous.verdict", "limit.waive_unknown") == ["absent", "absent"]


def test_every_route_is_kept_with_what_speaks_for_and_against_it() -> None:
    """Binance is open on ETH, OKX closed there; both take as long as networks.yaml has it, dated as in the file."""
    okx = venue("okx", transfers=good_transfers(network("ERC20", withdrawal=TransferState.CLOSED, contract="")))
    found = weigh(evidence({"binance": venue(), "okx": okx}), settings()).facts
    assert [found[f"route.{name}/ETH"].value for name in ("binance", "okx")] == ["open", "withdrawal_closed"]
    assert [found[f"identity.{name}"].value for name in ("binance", "okx")] == ["contract", "ticker"]
    assert (found["binance.contract.ETH"].value, found["upbit.contract.ETH"].value) == (CONTRACT, CONTRACT)
    assert [found[f"{part}.ETH"].value for part in ("p50_min", "p90_min")] == [8.0, 20.0]
    kept = settings().networks["ETH"].p90_min
    assert found["p90_min.ETH"].source == f"networks.yaml, {kept.source} ({kept.date})"
    dated_ms = int(datetime.fromisoformat(f"{kept.date}T00:00+00:00").timestamp() * 1000)
    assert found["p90_min.ETH"].age_ms(NOW) == NOW - dated_ms
    by_hand = found["upbit.travel_rule.okx"]
    assert (by_hand.value, by_hand.source) == ("yes", "vasp_matrix.yaml, test (2026-11-01)")
    nobody = msgspec.structs.replace(settings(), vasps={})
    assert weigh(evidence(), nobody).facts["upbit.travel_rule.binance"].source == "vasp_matrix.yaml has no row"


def test_a_route_keeps_what_was_waived_for_it_and_why_its_price_or_size_is_no_good() -> None:
    """The notional buys 7,136 coins; who sends no fewer than 8,000 is of no use. Gate's price is twice the others'.

    10,000,000 KRW / 1,400 = 7,142.86 USDT; / 1.001 = 7,135.7 coins.
    """
    least = msgspec.structs.replace(network("ERC20"), withdraw_min=Decimal(8_000))
    far = venue("gate", spot=good_spot(1.999, 2.001), transfers=good_transfers(network()))
    venues = {"binance": venue(), "gate": far, "okx": venue("okx", transfers=good_transfers(least))}
    ours = good_transfers(network(fee=None, contract="", deposit=TransferState.UNKNOWN))
    found = weigh(evidence(venues, korean=korean(transfers=ours)), settings(waive_unknown=("deposit",))).facts
    assert found["route.binance/ETH"].value == "open (waived: deposit)"
    assert found["route.gate/ETH"].value == "price outlier (waived: deposit)"
    assert found["route.okx/ETH"].value == "below_withdraw_min (waived: deposit)"
    assert found["okx.withdrawal.ERC20.min"].value == 8_000.0


def test_nothing_of_this_ever_changes_the_verdict() -> None:
    """These facts are for the reader; with and without them plans, net and reference are the same."""
    bare = weigh(evidence(), settings())
    size = MarketCap("nova", "NOVA", "Nova", 99, 1.0, 5e7, None, None, 5e7, 1e8, None, NOW, "coingecko /x")
    rich = evidence(
        runs={"binance": run()}, size=size, korean=korean(rival=Rival("bithumb", True, two_sided(1e9, 1.1e9)))
    )
    assert weigh(rich, settings()).plans == bare.plans
