"""The verdict: each rule on both sides of its boundary, each level, and every known way to a wrong GO, closed.

The good case of `tests/fakes/evidence.py`, by hand, for 10,000,000 KRW: mid excess 500 bps; cost 5.2412 (Korean fee)
+ 10 (foreign fee) + 7.1429 + 10.4823 (slippage) + 2.8 (withdrawal) + 7 (gas) + 20 (hedge) = 62.6664; net 437.3336.
"""

from collections.abc import Callable
from decimal import Decimal

import msgspec
import pytest

from alerts.alert import AlertLevel
from analysis.evidence import Evidence, FxLegs, KoreanFacts
from analysis.gate import decide, follow, judge, level
from analysis.gate_rules import RULES, Previous
from analysis.premium import FxMember, FxStep
from analysis.quotes import NotListed, Silent, Spot, VenueAnswer
from analysis.verdict import Mode, Outcome, TransferState, Verdict
from analysis.weigh import weigh
from config.settings import Settings
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

OPEN, CLOSED, UNKNOWN = TransferState.OPEN, TransferState.CLOSED, TransferState.UNKNOWN


def blockers(verdict: Verdict) -> set[str]:
    return {f"{each.code}:{each.subject}" if each.code == "watch_only" else each.code for each in verdict.blockers}


def warnings(verdict: Verdict) -> set[str]:
    return {each.code for each in verdict.warnings}


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


# --- each rule, both sides ------------------------------------------------------------------------------------------

Case = tuple[str, Evidence, Settings, set[str]]


def one_route(withdrawal: TransferState = OPEN, deposit: TransferState = OPEN) -> Evidence:
    return evidence(
        {"binance": venue(transfers=good_transfers(network(withdrawal=withdrawal))), "okx": NotListed()},
        korean=korean(transfers=good_transfers(network(deposit=deposit))),
    )


def sent(withdraw_min: str | None = None, note: str = "", korean_note: str = "") -> Evidence:
    """10,000,000 KRW / 1,400 / 1.001 buy 7,135.7 coins; 2 of them are the fee: 7,133.7 arrive."""
    least = None if withdraw_min is None else Decimal(withdraw_min)
    abroad = msgspec.structs.replace(network(), withdraw_min=least, note=note)
    here = msgspec.structs.replace(network(fee=None, contract=""), note=korean_note)
    return evidence(
        {"binance": venue(transfers=good_transfers(abroad)), "okx": NotListed()},
        korean=korean(transfers=good_transfers(here)),
    )


BLOCKED: list[Case] = [
    ("deposit closed", one_route(deposit=CLOSED), settings(), {"no_open_route", "deposit_closed"}),
    ("withdrawal closed", one_route(CLOSED), settings(), {"no_open_route", "withdrawal_closed"}),
    ("deposit unknown", one_route(deposit=UNKNOWN), settings(), {"no_open_route", "watch_only:deposit"}),
    ("withdrawal unknown", one_route(UNKNOWN), settings(), {"no_open_route", "watch_only:withdrawal"}),
    (
        "deposit only scheduled",
        msgspec.structs.replace(one_route(deposit=CLOSED), deposit_opens_ms=NOW + 1),
        settings(),
        {"no_open_route", "deposit_scheduled"},
    ),
    ("slow", evidence(), settings(transfer_p90_max_min=19.9), {"no_open_route", "transfer_slow"}),
    ("travel rule says no", evidence(), settings(vasp="no"), {"no_open_route", "vasp_blocked"}),
    ("hard-coded rate", evidence(legs=FxLegs()), settings(margin_bps=Decimal(1)), {"watch_only:fx_hard_coded"}),
    (
        "rates in conflict",
        evidence(legs=legs(eth_krw=None, usdt_krw=leg("USDT", "KRW", 1_415.0))),
        settings(),
        {"watch_only:fx_conflict"},
    ),
    ("no Korean book", evidence(korean=korean(book=None)), settings(), {"watch_only:upbit price"}),
    (
        "not traded abroad",
        evidence({"binance": NotListed()}),
        settings(),
        {"no_open_route", "watch_only:foreign price"},
    ),
    ("nobody answers", evidence({"okx": Silent("x")}), settings(), {"no_open_route", "watch_only:foreign price"}),
    (
        "fewer coins than may be withdrawn",
        sent(withdraw_min="7133.8"),
        settings(),
        {"no_open_route", "below_withdraw_min"},
    ),
    ("not listed in Korea", evidence(korean=korean(listed=False)), settings(), {"not_listed_here"}),
    ("opens a moment later", evidence(trading_starts_ms=NOW + 1), settings(), {"not_open_yet"}),
    ("no profit", evidence(korean=korean(1_409.0, 1_411.0)), settings(), {"unprofitable"}),
    (
        "another coin",
        evidence({"binance": venue(transfers=good_transfers(network(contract="0xBEEF")))}),
        settings(),
        {"no_open_route", "other_coin", "watch_only:foreign price"},
    ),
    (
        "no common network",
        evidence({"binance": venue(transfers=good_transfers(network("SOL")))}),
        settings(),
        {"no_open_route", "no_common_network"},
    ),
    (
        "hedge unknown",
        evidence({"binance": venue(perp=Silent("HTTP 451"))}),
        settings(),
        {"watch_only:cost"},
    ),
    (
        "an open route only where the price is not believed",  # 0.50 beside two that say 1.00
        evidence(
            {
                "binance": venue(spot=good_spot(0.499, 0.501)),
                "okx": venue("okx", transfers=good_transfers(network("ERC20", withdrawal=CLOSED))),
                "bybit": venue("bybit", transfers=good_transfers(network(withdrawal=CLOSED))),
            }
        ),
        settings(),
        {"no_open_route", "price_excluded", "withdrawal_closed"},
    ),
    (
        "a chain that nobody lists",
        evidence(
            {"binance": venue(transfers=good_transfers(network("WEIRD")))},
            korean=korean(transfers=good_transfers(network("WEIRD", fee=None, contract=""))),
        ),
        settings(),
        {"no_open_route", "watch_only:deposit", "watch_only:transfer time"},
    ),
    (
        "a DEX does not stand in for a perpetual that is unknown",
        evidence({"binance": venue(perp=Silent("HTTP 451"))}, base="HYPE"),
        settings(),
        {"watch_only:cost"},
    ),
    (
        "a DEX that may eat up the profit",  # 437.3 - 94 more than the venue's hedge = 343.3, no more than the margin
        evidence({"binance": venue(perp=NotListed())}, base="HYPE"),
        settings(margin_bps=Decimal("343.3337")),
        {"unprofitable"},
    ),
]


@pytest.mark.parametrize(
    ("given", "how", "expected"), [case[1:] for case in BLOCKED], ids=[case[0] for case in BLOCKED]
)
def test_a_blocker_is_no_go_and_medium_with_its_reason(given: Evidence, how: Settings, expected: set[str]) -> None:
    verdict = decide(given, how)
    assert (verdict.outcome, verdict.level) == (Outcome.NO_GO, AlertLevel.MEDIUM)
    assert blockers(verdict) == expected


@pytest.mark.parametrize(
    ("venues", "subject"),
    [
        ({"binance": NotListed(), "okx": NotListed()}, "not traded abroad"),
        ({"binance": NotListed(), "okx": Silent("no answer within 0.8 s")}, ""),
        ({"binance": Silent("HTTP 451"), "okx": Silent("HTTP 451")}, ""),
        ({}, ""),
    ],
)
def test_a_coin_is_not_traded_abroad_only_where_everyone_says_so(
    venues: dict[str, NotListed | Silent], subject: str
) -> None:
    told = [each.subject for each in decide(evidence(venues), settings()).blockers if each.code == "no_open_route"]
    assert told == [subject]


@pytest.mark.parametrize(("above", "outcome"), [(Decimal(0), Outcome.NO_GO), (Decimal("0.0001"), Outcome.GO)])
def test_net_must_be_above_the_margin(above: Decimal, outcome: Outcome) -> None:
    net = decide(evidence(), settings()).net_bps
    assert net is not None
    assert decide(evidence(), settings(margin_bps=net - above)).outcome is outcome


WARNED: list[tuple[str, Evidence, Settings, set[str]]] = [
    ("as many coins as may be withdrawn", sent(withdraw_min="7133.7"), settings(), set()),
    ("the venue warns", sent(note="network congested"), settings(), {"network_note"}),
    ("Korea warns", sent(korean_note="blocks delayed"), settings(), {"network_note"}),
    ("its time has come", evidence(trading_starts_ms=NOW), settings(), set()),
    ("a trade before its time", evidence(trading_starts_ms=NOW + 1, first_trade_ms=NOW), settings(), set()),
    ("listed in Korea", evidence(korean=korean(listed=True)), settings(), set()),
    (
        "a lone rate and no bank",
        evidence(legs=legs(eth_krw=None, usdt_krw=None, bank=None)),
        settings(),
        {"fx_unchecked"},
    ),
    ("no bank, but three that agree", evidence(legs=legs(bank=None)), settings(), set()),
    ("volume", evidence({"binance": venue(spot=good_spot(volume=99_999.0))}), settings(), {"low_volume"}),
    ("volume enough", evidence({"binance": venue(spot=good_spot(volume=100_000.0))}), settings(), set()),
    ("volume unknown", evidence({"binance": venue(spot=good_spot(volume=None))}), settings(), {"low_volume"}),
    ("gas", evidence(), settings(gas_max_bps=Decimal("6.9999")), {"gas_high"}),
    ("gas at its limit", evidence(), settings(gas_max_bps=Decimal(7)), set()),
    ("no hedge", evidence({"binance": venue(perp=NotListed())}), settings(), {"no_hedge"}),
    ("only a DEX", evidence({"binance": venue(perp=NotListed())}, base="HYPE"), settings(), {"hedge_dex_only"}),
    ("a DEX beside a venue's", evidence(base="HYPE"), settings(), set()),
    (
        "a silent venue that never has perpetuals",
        evidence(
            {"binance": venue(perp=NotListed()), "okx": venue("okx", perp=NotListed()), "coinbase": Silent("HTTP 403")},
            spot_only=frozenset({"coinbase"}),
        ),
        settings(),
        {"no_hedge"},
    ),
    ("travel rule unknown", evidence(), settings(vasp="unknown"), {"vasp_unknown"}),
    (
        "ticker only",
        evidence({"binance": venue(transfers=good_transfers(network(contract="")))}),
        settings(),
        {"identity_weak"},
    ),
    (
        "a rate dropped",
        evidence(legs=legs(usdt_krw=leg("USDT", "KRW", 1_655.0))),
        settings(),
        {"fx_member_dropped"},
    ),
    ("deposit waived", one_route(deposit=UNKNOWN), settings(waive_unknown=("deposit",)), {"unknown_waived"}),
    (
        "hedge waived",
        evidence({"binance": venue(perp=Silent("HTTP 451"))}),
        settings(waive_unknown=("hedge",)),
        {"unknown_waived", "hedge_unknown"},
    ),
]


@pytest.mark.parametrize(("given", "how", "expected"), [case[1:] for case in WARNED], ids=[case[0] for case in WARNED])
def test_a_warning_keeps_a_go_below_critical(given: Evidence, how: Settings, expected: set[str]) -> None:
    verdict = decide(given, how)
    assert (verdict.outcome, warnings(verdict)) == (Outcome.GO, expected)
    assert verdict.level is (AlertLevel.HIGH if expected else AlertLevel.CRITICAL)


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


# --- routes beside each other ---------------------------------------------------------------------------------------


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


# --- before the opening ---------------------------------------------------------------------------------------------


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


# --- hysteresis -----------------------------------------------------------------------------------------------------

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


def test_a_note_is_quoted_on_one_line_and_not_at_length() -> None:
    [finding] = decide(sent(note="slow\n" * 90), settings()).warnings
    assert finding.numbers == {"note": ("slow " * 90)[:120]}


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


# --- ways to a wrong GO, closed -------------------------------------------------------------------------------------

STALE = NOW - 10_001
Spoil = Callable[[], Evidence]
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


def stale_spot() -> Spot:
    """A market whose book and ticker were both taken too long ago."""
    old = {"bid": figure(0.999, STALE), "ask": figure(1.001, STALE), "book": two_sided(0.999, 1.001, taken_ms=STALE)}
    return msgspec.structs.replace(good_spot(), **old)


@pytest.mark.parametrize(("perp_mid", "price"), [(0.8, 1.0), (1.2, 1.0), (0.79, None), (1.21, None)])
def test_a_lone_spot_price_needs_a_perpetual_within_a_fifth(perp_mid: float, price: float | None) -> None:
    lone = evidence({"binance": venue(perp=good_perp(perp_mid - 0.0005, perp_mid + 0.0005))})
    weighed = weigh(lone, settings())
    assert weighed.reference.price == (None if price is None else pytest.approx(price))
    assert weighed.reference.excluded == (() if price else (("binance", "conflict"),))


def only(spot_of: object) -> Evidence:
    return evidence({"binance": venue(spot=msgspec.structs.replace(good_spot(), book=spot_of))})


@pytest.mark.parametrize("spoil", [trap[1] for trap in TRAPS], ids=[trap[0] for trap in TRAPS])
def test_what_can_not_be_trusted_never_leads_to_go(spoil: Spoil) -> None:
    verdict = decide(spoil(), settings())
    assert verdict.outcome is Outcome.NO_GO
    assert verdict.blockers


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


def test_every_rule_is_named_and_runs_on_everything() -> None:
    names = [rule.check.__name__ for rule in RULES]
    assert len(names) == len(set(names))
    for trap in TRAPS:
        judge(weigh(trap[1](), settings()))


def test_absolutely_nothing_known_is_still_a_verdict() -> None:
    nothing = Evidence("bithumb", "NOVA", NOW, KoreanFacts(), {}, FxLegs())
    verdict = decide(nothing, settings())
    assert (verdict.outcome, verdict.net_bps, verdict.routes) == (Outcome.NO_GO, None, ())
