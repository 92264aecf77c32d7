"""Evidence that the tests of the gate spoil in the same ways, and the codes of what it then finds."""

from decimal import Decimal

import msgspec

from analysis.evidence import Evidence
from analysis.quotes import NotListed
from analysis.verdict import TransferState, Verdict
from tests.fakes.evidence import evidence, good_transfers, korean, network, venue

OPEN, CLOSED, UNKNOWN = TransferState.OPEN, TransferState.CLOSED, TransferState.UNKNOWN


def blockers(verdict: Verdict) -> set[str]:
    return {f"{each.code}:{each.subject}" if each.code == "watch_only" else each.code for each in verdict.blockers}


def warnings(verdict: Verdict) -> set[str]:
    return {each.code for each in verdict.warnings}


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
