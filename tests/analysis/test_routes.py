"""Routes: which exist, what speaks against each, and whether that is known or merely not known."""

import msgspec
import pytest

from analysis.evidence import Evidence
from analysis.identity import Tie
from analysis.quotes import NetworkState, NotListed, Silent, Transfers
from analysis.routes import Way, canonical, ways
from analysis.verdict import Mode, TransferState
from config.settings import Settings
from tests.fakes.evidence import (
    CONTRACT,
    NOW,
    evidence,
    good_transfers,
    korean,
    network,
    settings,
    venue,
)

OPEN, CLOSED, UNKNOWN = TransferState.OPEN, TransferState.CLOSED, TransferState.UNKNOWN
LATER = NOW + 600_000


def one(given: Evidence, of: Settings | None = None, mode: Mode = Mode.OPEN) -> Way:
    found = ways(given, of or settings(), mode)
    assert len(found) == 1
    return found[0]


def between(
    foreign: NetworkState | Transfers | Silent, ours: NetworkState | Transfers | Silent, **more: object
) -> Evidence:
    theirs = good_transfers(foreign) if isinstance(foreign, NetworkState) else foreign
    mine = good_transfers(ours) if isinstance(ours, NetworkState) else ours
    return evidence({"binance": venue(transfers=theirs)}, korean=korean(transfers=mine), **more)


@pytest.mark.parametrize(
    ("withdrawal", "deposit", "codes", "ruled_out"),
    [
        (OPEN, OPEN, [], False),
        (CLOSED, OPEN, ["withdrawal_closed"], True),
        (UNKNOWN, OPEN, ["withdrawal_unknown"], False),
        (OPEN, CLOSED, ["deposit_closed"], True),
        (OPEN, UNKNOWN, ["deposit_unknown"], False),
        (CLOSED, UNKNOWN, ["withdrawal_closed", "deposit_unknown"], True),
        (TransferState.SCHEDULED, OPEN, ["withdrawal_unknown"], False),
    ],
)
def test_closed_and_unknown_are_told_apart(
    withdrawal: TransferState, deposit: TransferState, codes: list[str], ruled_out: bool
) -> None:
    way = one(between(network(withdrawal=withdrawal), network(deposit=deposit)))
    assert [reason.code for reason in way.reasons] == codes
    assert (way.open, way.ruled_out) == (not codes, ruled_out)


@pytest.mark.parametrize(
    ("state", "opens_ms", "mode", "deposit", "codes"),
    [
        (CLOSED, LATER, Mode.PRE_OPEN, TransferState.SCHEDULED, []),
        (UNKNOWN, LATER, Mode.PRE_OPEN, TransferState.SCHEDULED, []),
        (OPEN, LATER, Mode.PRE_OPEN, OPEN, []),
        (CLOSED, LATER, Mode.OPEN, TransferState.SCHEDULED, ["deposit_scheduled"]),
        (CLOSED, NOW - 119_999, Mode.PRE_OPEN, TransferState.SCHEDULED, []),  # its time has just come
        (CLOSED, NOW - 120_000, Mode.PRE_OPEN, CLOSED, ["deposit_closed"]),
        (UNKNOWN, NOW - 120_000, Mode.PRE_OPEN, UNKNOWN, ["deposit_unknown"]),
        (CLOSED, NOW, Mode.OPEN, CLOSED, ["deposit_closed"]),
        (CLOSED, None, Mode.PRE_OPEN, CLOSED, ["deposit_closed"]),
    ],
)
def test_a_deposit_announced_for_later_is_scheduled(
    state: TransferState, opens_ms: int | None, mode: Mode, deposit: TransferState, codes: list[str]
) -> None:
    way = one(between(network(), network(deposit=state), deposit_opens_ms=opens_ms), mode=mode)
    assert way.deposit is deposit
    assert [reason.code for reason in way.reasons] == codes


@pytest.mark.parametrize(("vasp", "codes"), [("yes", []), ("unknown", []), ("no", ["vasp_blocked"])])
def test_only_a_known_no_of_the_travel_rule_blocks(vasp: str, codes: list[str]) -> None:
    way = one(evidence({"binance": venue()}), settings(vasp=vasp))
    assert (way.vasp, [reason.code for reason in way.reasons]) == (vasp, codes)


def test_a_venue_without_a_row_in_the_travel_rule_table_is_unknown() -> None:
    bare = msgspec.structs.replace(settings(), vasps={})
    assert one(evidence({"binance": venue()}), bare).vasp == "unknown"


@pytest.mark.parametrize(("limit", "codes"), [(20.0, []), (19.9, ["transfer_slow"])])
def test_a_transfer_may_take_as_long_as_the_limit(limit: float, codes: list[str]) -> None:
    """ETH: nine of ten within 20 minutes."""
    way = one(evidence({"binance": venue()}), settings(transfer_p90_max_min=limit))
    assert [reason.code for reason in way.reasons] == codes


def test_only_networks_that_both_sides_know_make_a_route() -> None:
    theirs = good_transfers(network("ETH"), network("BSC"), network("TRX"))
    found = ways(between(theirs, good_transfers(network("TRX"), network("SOL"))), settings(), Mode.OPEN)
    assert [way.name for way in found] == ["binance/TRX"]


def test_no_common_network_is_a_known_reason() -> None:
    way = one(between(network("BSC"), network("SOL")))
    assert ([reason.code for reason in way.reasons], way.ruled_out) == (["no_common_network"], True)


def test_a_spelling_that_nobody_lists_is_shown_and_matches_nothing() -> None:
    way = one(between(network("MOON"), network("MOON")))
    assert way.name == "binance/MOON (binance)"
    assert not way.open and not way.ruled_out
    assert "transfer_time_unknown" in [reason.code for reason in way.reasons]


def test_spellings_are_each_venues_own() -> None:
    networks = settings().networks
    assert canonical(networks, "okx", "arbitrum one") == "ARBITRUM"
    assert canonical(networks, "bybit", "ARBI") == "ARBITRUM"
    assert canonical(networks, "binance", "ARBI") is None
    assert canonical(networks, "upbit", "Ethereum") == "ETH"


@pytest.mark.parametrize(
    ("foreign", "ours", "names"),
    [
        (Silent("no key"), network("ETH"), ["binance/ETH"]),
        (network("ETH"), Silent("no key"), ["binance/ETH"]),
        (Silent("no key"), Silent("no key"), ["binance/?"]),
        (Transfers((), "test", NOW), network("ETH"), ["binance/-"]),
        (good_transfers(taken_ms=NOW - 900_001), network("ETH"), ["binance/ETH"]),
        (good_transfers(taken_ms=NOW + 60_001), network("ETH"), ["binance/ETH"]),
    ],
)
def test_a_side_that_does_not_tell_leaves_its_state_unknown(
    foreign: NetworkState | Transfers | Silent, ours: NetworkState | Silent, names: list[str]
) -> None:
    found = ways(between(foreign, ours), settings(), Mode.OPEN)
    assert [way.name for way in found] == names
    assert not any(way.open for way in found)


def test_networks_of_the_notice_stand_in_while_the_exchange_is_silent() -> None:
    given = evidence({"binance": venue()}, korean=korean(transfers=Silent("no key"), announced_networks=("Ethereum",)))
    way = one(given)
    assert (way.network, way.deposit) == ("ETH", UNKNOWN)


def test_a_venue_without_a_spot_market_is_no_route() -> None:
    assert ways(evidence({"binance": venue(spot=NotListed()), "okx": Silent("x")}), settings(), Mode.OPEN) == ()


def test_another_contract_on_the_same_chain_is_another_coin() -> None:
    other = network(contract="0xB0B0000000000000000000000000000000000002")
    way = one(between(other, network(contract="")))
    assert way.identity.tie is Tie.DIFFERENT
    assert [reason.code for reason in way.reasons] == ["other_coin"]


def test_one_wrong_chain_beside_a_right_one_closes_only_itself() -> None:
    theirs = good_transfers(network("ETH"), network("BSC", contract="0xBAD0000000000000000000000000000000000000"))
    given = evidence(
        {"binance": venue(transfers=theirs)},
        korean=korean(
            transfers=good_transfers(network("ETH"), network("BSC")), contracts={"ETH": CONTRACT, "BSC": CONTRACT}
        ),
    )
    assert {way.network: way.open for way in ways(given, settings(), Mode.OPEN)} == {"ETH": True, "BSC": False}


def test_two_rows_for_one_chain_promise_no_more_than_the_worse() -> None:
    theirs = good_transfers(network("MATIC"), network("POL", withdrawal=CLOSED))
    way = one(between(theirs, network("POL")))
    assert (way.network, way.withdrawal, way.fee_coins) == ("MATIC", CLOSED, network().withdraw_fee)


def test_a_waived_unknown_opens_the_route_and_is_remembered() -> None:
    given = between(network(), network(deposit=UNKNOWN))
    assert not one(given).open
    way = one(given, settings(waive_unknown=("deposit",)))
    assert (way.open, way.waived) == (True, ("deposit",))
    closed = between(network(), network(deposit=CLOSED))
    assert not one(closed, settings(waive_unknown=("deposit",))).open
