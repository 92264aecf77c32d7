"""Every known way to a wrong GO, closed: stale, crossed, thin, absurd, contradicted or untold."""

from collections.abc import Callable

import msgspec
import pytest

from analysis.evidence import Evidence
from analysis.gate import decide, judge
from analysis.gate_rules import RULES
from analysis.quotes import NotListed, Silent, Spot
from analysis.verdict import Outcome
from analysis.weigh import weigh
from tests.analysis.gate_cases import blockers
from tests.fakes.evidence import (
    NOW,
    book,
    evidence,
    figure,
    good_perp,
    good_spot,
    good_transfers,
    korean,
    leg,
    legs,
    network,
    settings,
    two_sided,
    venue,
)

STALE = NOW - 10_001
Spoil = Callable[[], Evidence]


def only(spot_of: object) -> Evidence:
    return evidence({"binance": venue(spot=msgspec.structs.replace(good_spot(), book=spot_of))})


def stale_spot() -> Spot:
    """A market whose book and ticker were both taken too long ago."""
    old = {"bid": figure(0.999, STALE), "ask": figure(1.001, STALE), "book": two_sided(0.999, 1.001, taken_ms=STALE)}
    return msgspec.structs.replace(good_spot(), **old)


TRAPS: list[tuple[str, Spoil]] = [
    ("stale Korean book", lambda: evidence(korean=korean(book=two_sided(1_469, 1_471, taken_ms=STALE)))),
    (
        "Korean book from the future",
        lambda: evidence(korean=korean(book=two_sided(1_469, 1_471, taken_ms=NOW + 60_000))),
    ),
    ("Korean book with bids only", lambda: evidence(korean=korean(book=book(((1_469.0, 1e6),), ())))),
    ("Korean book with asks only", lambda: evidence(korean=korean(book=book((), ((1_471.0, 1e6),))))),
    ("crossed Korean book", lambda: evidence(korean=korean(1_480.0, 1_471.0))),
    ("Korean price zero", lambda: evidence(korean=korean(0.0, 1_471.0))),
    ("Korean price NaN", lambda: evidence(korean=korean(float("nan"), 1_471.0))),
    ("Korean book too thin", lambda: evidence(korean=korean(book=two_sided(1_469, 1_471, size=100.0)))),
    ("stale foreign book", lambda: only(spot_of=two_sided(0.999, 1.001, taken_ms=STALE))),
    ("foreign book without asks", lambda: only(spot_of=book(((0.999, 1e6),), ()))),
    ("empty foreign book", lambda: only(spot_of=book((), ()))),
    ("crossed foreign book", lambda: only(spot_of=two_sided(1.2, 1.001))),
    ("foreign book too thin", lambda: only(spot_of=two_sided(0.999, 1.001, size=100.0))),
    (
        "no foreign book, only a ticker",
        lambda: evidence({"binance": venue(spot=msgspec.structs.replace(good_spot(), book=None))}),
    ),
    ("foreign price a thousandth", lambda: evidence({"binance": venue(spot=good_spot(0.000999, 0.001001))})),
    (
        "foreign price a third, the perpetual knows better",
        lambda: evidence({"binance": venue(spot=good_spot(0.333, 0.334))}),
    ),
    (
        "two venues contradict each other",
        lambda: evidence({"binance": venue(), "okx": venue("okx", spot=good_spot(1.1, 1.101))}),
    ),
    ("the only other venue hangs", lambda: evidence({"binance": venue(), "okx": Silent("no answer within 0.8 s")})),
    (
        "the other venue's price is stale",
        lambda: evidence({"binance": venue(), "okx": venue("okx", spot=stale_spot())}),
    ),
    (
        "withdrawal told too long ago",
        lambda: evidence({"binance": venue(transfers=good_transfers(taken_ms=NOW - 900_001))}),
    ),
    ("withdrawal untold", lambda: evidence({"binance": venue(transfers=Silent("no key"))})),
    ("withdrawal page empty", lambda: evidence({"binance": venue(transfers=NotListed())})),
    ("deposits untold", lambda: evidence(korean=korean(transfers=Silent("no key")))),
    (
        "a thousandfold perpetual as the only hedge",
        lambda: evidence({"binance": venue(perp=good_perp(999.5, 1_000.5))}),
    ),
    (
        "absurd premium on a ticker alone",
        lambda: evidence(
            {"binance": venue(transfers=good_transfers(network(contract="")))}, korean=korean(2_200.0, 2_202.0)
        ),
    ),
    (
        "legs of the rate ten seconds old",
        lambda: evidence(legs=legs(btc_krw=leg("BTC", "KRW", 1.4e8, STALE), eth_krw=None, usdt_krw=None)),
    ),
    (
        "a lone USDT price gone mad",
        lambda: evidence(legs=legs(btc_krw=None, eth_krw=None, usdt_krw=leg("USDT", "KRW", 700.0))),
    ),
]


@pytest.mark.parametrize("spoil", [trap[1] for trap in TRAPS], ids=[trap[0] for trap in TRAPS])
def test_what_can_not_be_trusted_never_leads_to_go(spoil: Spoil) -> None:
    verdict = decide(spoil(), settings())
    assert verdict.outcome is Outcome.NO_GO
    assert verdict.blockers


def test_every_rule_is_named_and_runs_on_everything() -> None:
    names = [rule.check.__name__ for rule in RULES]
    assert len(names) == len(set(names))
    for trap in TRAPS:
        judge(weigh(trap[1](), settings()))


@pytest.mark.parametrize(("perp_mid", "price"), [(0.8, 1.0), (1.2, 1.0), (0.79, None), (1.21, None)])
def test_a_lone_spot_price_needs_a_perpetual_within_a_fifth(perp_mid: float, price: float | None) -> None:
    lone = evidence({"binance": venue(perp=good_perp(perp_mid - 0.0005, perp_mid + 0.0005))})
    weighed = weigh(lone, settings())
    assert weighed.reference.price == (None if price is None else pytest.approx(price))
    assert weighed.reference.excluded == (() if price else (("binance", "conflict"),))


def test_a_venue_that_is_far_too_cheap_is_left_out_though_its_route_is_open() -> None:
    erc20 = good_transfers(network("ERC20"))
    given = evidence(
        {"binance": venue(spot=good_spot(0.5, 0.501)), "okx": venue("okx", transfers=erc20), "bybit": venue("bybit")},
        korean=korean(1_404.0, 1_406.0),
    )
    verdict = decide(given, settings())
    assert blockers(verdict) == {"unprofitable"}
    assert verdict.routes[-1].venue == "binance"
    assert verdict.facts["binance.excluded"].value == "outlier"
