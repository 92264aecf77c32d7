"""A GO that stands: how far and for how long its profit may fall before it is taken back."""

from decimal import Decimal

import msgspec
import pytest

from analysis.evidence import FxLegs
from analysis.gate import decide, follow, judge
from analysis.gate_rules import Previous
from analysis.verdict import Outcome
from analysis.weigh import weigh
from tests.analysis.gate_cases import CLOSED, one_route
from tests.fakes.evidence import NOW, evidence, settings

GO_BEFORE = Previous(Outcome.GO, NOW - 2_000)


def with_net(margin_less_net: str, previous: Previous | None) -> Outcome:
    """The verdict on a net that lies so many bps below the margin."""
    net = decide(evidence(), settings()).net_bps
    assert net is not None
    return decide(evidence(), settings(margin_bps=net + Decimal(margin_less_net)), previous=previous).outcome


@pytest.mark.parametrize(
    ("below", "previous", "outcome"),
    [
        ("0.0001", None, Outcome.NO_GO),
        ("0.0001", Previous(Outcome.NO_GO, NOW - 2_000), Outcome.NO_GO),
        ("0.0001", GO_BEFORE, Outcome.GO),
        ("50", GO_BEFORE, Outcome.GO),
        ("50.0001", GO_BEFORE, Outcome.GO),  # for ten seconds yet
        ("50.0001", Previous(Outcome.GO, NOW - 2_000, NOW - 9_999), Outcome.GO),
        ("50.0001", Previous(Outcome.GO, NOW - 2_000, NOW - 10_000), Outcome.NO_GO),
        ("50", Previous(Outcome.GO, NOW - 2_000, NOW - 10_000), Outcome.GO),
    ],
)
def test_a_go_falls_on_profit_alone_only_after_ten_seconds(
    below: str, previous: Previous | None, outcome: Outcome
) -> None:
    assert with_net(below, previous) is outcome


@pytest.mark.parametrize(
    ("made_ms", "outcome"), [(NOW - 10_000, Outcome.GO), (NOW - 10_001, Outcome.NO_GO), (NOW - 600_000, Outcome.NO_GO)]
)
def test_only_a_go_of_the_last_ten_seconds_is_kept(made_ms: int, outcome: Outcome) -> None:
    assert with_net("1", Previous(Outcome.GO, made_ms)) is outcome


@pytest.mark.parametrize(("loss", "outcome"), [("0", Outcome.NO_GO), ("-0.0001", Outcome.GO)])
def test_a_go_that_earns_nothing_falls_at_once(loss: str, outcome: Outcome) -> None:
    """The margin is 10 bps and a GO may fall 500 below it: that is no leave to lose money."""
    good = weigh(evidence(), settings(margin_bps=Decimal(10), hysteresis_bps=Decimal(500)), previous=GO_BEFORE)
    plan = msgspec.structs.replace(good.plans[0], net_bps=-Decimal(loss))
    given = msgspec.structs.replace(good, plans=(plan, *good.plans[1:]))
    assert judge(given).outcome is outcome


def test_any_other_blocker_ends_a_go_at_once() -> None:
    assert decide(one_route(CLOSED), settings(), previous=GO_BEFORE).outcome is Outcome.NO_GO
    assert decide(evidence(legs=FxLegs()), settings(), previous=GO_BEFORE).outcome is Outcome.NO_GO


def test_the_ten_seconds_count_from_the_first_verdict_below() -> None:
    gate = settings().radar.gate
    low = msgspec.structs.replace(decide(evidence(), settings()), net_bps=Decimal(49))
    first = follow(None, low, gate)
    assert first.below_since_ms == NOW
    second = follow(first, msgspec.structs.replace(low, made_ms=NOW + 4_000), gate)
    assert second.below_since_ms == NOW
    risen = follow(second, msgspec.structs.replace(low, net_bps=Decimal(50)), gate)
    assert risen.below_since_ms is None
