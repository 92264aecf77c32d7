"""Each rule of the gate on both sides of its boundary: what blocks a GO, and what only takes its CRITICAL."""

from decimal import Decimal

import msgspec
import pytest

from alerts.alert import AlertLevel
from analysis.evidence import Evidence, FxLegs
from analysis.gate import decide
from analysis.quotes import NotListed, Silent
from analysis.verdict import Outcome
from config.settings import Settings
from tests.analysis.gate_cases import CLOSED, UNKNOWN, blockers, one_route, sent, warnings
from tests.fakes.evidence import NOW, evidence, good_spot, good_transfers, korean, leg, legs, network, settings, venue

Case = tuple[str, Evidence, Settings, set[str]]
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


def test_a_note_is_quoted_on_one_line_and_not_at_length() -> None:
    [finding] = decide(sent(note="slow\n" * 90), settings()).warnings
    assert finding.numbers == {"note": ("slow " * 90)[:120]}
