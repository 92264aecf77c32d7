"""The verdict: its outcome and level, after the opening and before it; the figures of the good case by hand.

The good case of `tests/fakes/evidence.py` for 10,000,000 KRW: mid excess 500 bps; cost 5.2412 (Korean fee)
+ 10 (foreign fee) + 7.1429 + 10.4823 (slippage) + 2.8 (withdrawal) + 7 (gas) + 20 (hedge) = 62.6664; net 437.3336.

Beside this: `test_gate_rules.py` (each rule), `test_gate_standing.py` (a GO that stands), `test_gate_traps.py` (what
must never lead to a GO), `test_gate_properties.py` (what holds for any evidence).
"""

from decimal import Decimal

import pytest

from alerts.alert import AlertLevel
from analysis.evidence import Evidence, FxLegs, KoreanFacts
from analysis.gate import decide, level
from analysis.premium import FxMember, FxStep
from analysis.quotes import NotListed, Silent, VenueAnswer
from analysis.verdict import Mode, Outcome
from analysis.weigh import weigh
from config.settings import Settings
from tests.analysis.gate_cases import CLOSED, UNKNOWN, blockers
from tests.fakes.evidence import NOW, evidence, good_transfers, korean, legs, network, settings, venue


def test_all_conditions_met_is_go_and_critical() -> None:
    verdict = decide(evidence(), settings())
    assert (verdict.outcome, verdict.level) == (Outcome.GO, AlertLevel.CRITICAL)
    assert (verdict.blockers, verdict.warnings) == ((), ())
    assert verdict.net_bps is not None
    assert verdict.net_bps.quantize(Decimal("0.0001")) == Decimal("437.3336")


def test_net_is_the_executable_excess_less_all_cost_but_slippage() -> None:
    weighed = weigh(evidence(), settings())
    plan = weighed.plans[0]
    parts = {part.name: part.high_bps or Decimal(0) for part in plan.cost.parts}
    slippage = parts["korean_slippage"] + parts["foreign_slippage"]
    executable = plan.trade.executable_excess_bps
    assert plan.net_bps is not None and plan.cost.total_bps is not None and executable is not None
    assert plan.net_bps == executable - (plan.cost.total_bps - slippage)
    assert sum(parts.values()) == plan.cost.total_bps


LEVELS = [
    (Outcome.GO, True, True, False, AlertLevel.CRITICAL),
    (Outcome.GO, False, True, False, AlertLevel.HIGH),
    (Outcome.GO, True, False, False, AlertLevel.HIGH),
    (Outcome.GO, True, True, True, AlertLevel.HIGH),
    (Outcome.READY, False, True, False, AlertLevel.CRITICAL),
    (Outcome.READY, True, False, False, AlertLevel.HIGH),
    (Outcome.READY, True, True, True, AlertLevel.HIGH),
    (Outcome.UNKNOWN, True, True, False, AlertLevel.HIGH),
    (Outcome.NO_GO, True, True, False, AlertLevel.MEDIUM),
    (Outcome.NOT_READY, True, True, True, AlertLevel.MEDIUM),
    (Outcome.INFO, True, True, True, AlertLevel.LOW),
    (Outcome.INFO, True, True, False, AlertLevel.INFO),
]


@pytest.mark.parametrize(("outcome", "trusted", "hedged", "warned", "loud"), LEVELS)
def test_levels(outcome: Outcome, trusted: bool, hedged: bool, warned: bool, loud: AlertLevel) -> None:
    assert level(outcome, trusted, hedged, warned) is loud


@pytest.mark.parametrize(
    ("given", "trusted"),
    [
        (legs(eth_krw=None, usdt_krw=None), True),
        (legs(btc_krw=None, usdt_krw=None), True),
        (legs(btc_krw=None, eth_krw=None), False),
    ],
)
def test_a_go_on_an_untrusted_rate_is_high(given: FxLegs, trusted: bool) -> None:
    verdict = decide(evidence(legs=given), settings())
    assert verdict.outcome is Outcome.GO
    assert verdict.level is (AlertLevel.CRITICAL if trusted else AlertLevel.HIGH)


def test_a_go_on_the_last_good_rate_is_high() -> None:
    remembered = FxMember(FxStep.BTC, 1_400.0, "KRW-BTC / BTCUSDT", NOW - 60_000)
    verdict = decide(evidence(legs=FxLegs()), settings(), remembered)
    assert (verdict.outcome, verdict.level) == (Outcome.GO, AlertLevel.HIGH)


def test_a_closed_route_beside_an_open_one_is_its_own_reason_only() -> None:
    theirs = good_transfers(network("ETH", withdrawal=CLOSED), network("BSC"))
    given = evidence(
        {"binance": venue(transfers=theirs)},
        korean=korean(transfers=good_transfers(network("ETH"), network("BSC"))),
    )
    verdict = decide(given, settings())
    assert (verdict.outcome, verdict.blockers) == (Outcome.GO, ())
    assert [route.network for route in verdict.routes] == ["BSC", "ETH"]
    assert [reason.code for reason in verdict.routes[1].reasons] == ["withdrawal_closed"]


def test_a_route_ruled_out_beside_an_unknown_one_leaves_it_unknown() -> None:
    theirs = good_transfers(network("ETH", withdrawal=CLOSED), network("BSC", withdrawal=UNKNOWN))
    given = evidence(
        {"binance": venue(transfers=theirs)},
        korean=korean(transfers=good_transfers(network("ETH"), network("BSC"))),
    )
    assert blockers(decide(given, settings())) == {
        "no_open_route",
        "withdrawal_closed",
        "watch_only:withdrawal",
    }


def test_the_best_route_is_the_one_with_fewest_doubts_then_most_profit() -> None:
    dear = good_transfers(network("ETH", fee="2"), network("BSC", fee="50", contract=""))
    given = evidence(
        {"binance": venue(transfers=dear)},
        korean=korean(transfers=good_transfers(network("ETH"), network("BSC"))),
    )
    assert decide(given, settings()).routes[0].network == "ETH"


def before(
    venues: dict[str, VenueAnswer], ours: KoreanFacts | None = None, opens_ms: int | None = NOW + 60_000
) -> Evidence:
    facts = ours or korean(book=None, transfers=good_transfers(network(deposit=CLOSED)))
    return evidence(venues, korean=facts, opened=False, deposit_opens_ms=opens_ms, trading_starts_ms=NOW + 120_000)


NO_KEY = Silent("no key")
READINESS = [
    ("scheduled", before({"binance": venue()}), settings(), Outcome.READY, AlertLevel.CRITICAL),
    ("no hedge", before({"binance": venue(perp=NotListed())}), settings(), Outcome.READY, AlertLevel.HIGH),
    ("vasp unknown", before({"binance": venue()}), settings(vasp="unknown"), Outcome.READY, AlertLevel.HIGH),
    ("deposit closed", before({"binance": venue()}, opens_ms=None), settings(), Outcome.NOT_READY, AlertLevel.MEDIUM),
    ("vasp blocked", before({"binance": venue()}), settings(vasp="no"), Outcome.NOT_READY, AlertLevel.MEDIUM),
    (
        "too slow",
        before({"binance": venue()}),
        settings(transfer_p90_max_min=5.0),
        Outcome.NOT_READY,
        AlertLevel.MEDIUM,
    ),
    ("nowhere traded", before({"binance": NotListed()}), settings(), Outcome.NOT_READY, AlertLevel.MEDIUM),
    ("withdrawal untold", before({"binance": venue(transfers=NO_KEY)}), settings(), Outcome.UNKNOWN, AlertLevel.HIGH),
    (
        "a venue is silent",
        before({"binance": NotListed(), "okx": NO_KEY}),
        settings(),
        Outcome.UNKNOWN,
        AlertLevel.HIGH,
    ),
    ("nobody asked", before({}), settings(), Outcome.UNKNOWN, AlertLevel.HIGH),
]


@pytest.mark.parametrize(
    ("given", "how", "outcome", "loud"), [case[1:] for case in READINESS], ids=[case[0] for case in READINESS]
)
def test_readiness_before_the_opening(given: Evidence, how: Settings, outcome: Outcome, loud: AlertLevel) -> None:
    verdict = decide(given, how)
    assert (verdict.mode, verdict.outcome, verdict.level) == (Mode.PRE_OPEN, outcome, loud)
    assert not {"unprofitable", "watch_only:upbit price"} & blockers(verdict)


def test_the_missing_korean_price_is_no_reason_before_the_opening() -> None:
    verdict = decide(before({"binance": venue()}), settings())
    assert verdict.blockers == ()
    assert verdict.cost is not None and verdict.cost.total_bps is None
    assert verdict.cost.low_bps > 0


def test_a_listing_outside_krw_is_told_and_never_judged() -> None:
    quiet = decide(evidence(quotes=("BTC", "USDT")), settings())
    assert (quiet.outcome, quiet.level, quiet.blockers) == (Outcome.INFO, AlertLevel.INFO, ())
    warned = decide(evidence(quotes=("BTC",)), settings(vasp="unknown"))
    assert (warned.outcome, warned.level) == (Outcome.INFO, AlertLevel.LOW)
    assert decide(evidence(quotes=("BTC", "KRW")), settings()).outcome is Outcome.GO


def test_absolutely_nothing_known_is_still_a_verdict() -> None:
    nothing = Evidence("bithumb", "NOVA", NOW, KoreanFacts(), {}, FxLegs())
    verdict = decide(nothing, settings())
    assert (verdict.outcome, verdict.net_bps, verdict.routes) == (Outcome.NO_GO, None, ())
