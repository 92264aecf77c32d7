"""A look after the opening as one row: the verdict's own numbers, and null for what nobody vouches for."""

import msgspec
import pytest

from analysis.evidence import FxLegs
from analysis.gate import decide
from analysis.price_row import ListingPrice, price_row
from tests.fakes.evidence import NOW, evidence, korean, legs, settings


def test_the_row_of_the_good_case_has_the_numbers_of_its_verdict() -> None:
    verdict = decide(evidence(), settings())
    row = price_row(verdict)
    assert row is not None
    assert (row.at_ms, row.krw_mid, row.fx) == (NOW, 1_470.0, 1_400.0)
    assert row.ref_usdt == pytest.approx(1.0)
    assert row.excess_bps == verdict.excess_bps == pytest.approx(500.0)
    assert row.premium_bps == verdict.premium_bps


def test_before_the_opening_and_outside_krw_there_is_no_row() -> None:
    assert price_row(decide(evidence(opened=False), settings())) is None
    assert price_row(decide(evidence(quotes=("BTC",)), settings())) is None


def test_a_hard_coded_rate_is_not_kept_and_makes_no_premium() -> None:
    blind = FxLegs(bank=legs().bank, usdt_usd=legs().usdt_usd)
    verdict = decide(evidence(legs=blind), settings())
    row = price_row(verdict)
    assert verdict.facts["fx_krw_per_usdt"].value == 1_450.0
    assert (verdict.excess_bps, verdict.net_bps) == (None, None)
    assert row is not None
    assert (row.fx, row.excess_bps) == (None, None)
    assert row.premium_bps == verdict.premium_bps


def test_what_nobody_said_is_null() -> None:
    row = price_row(decide(evidence(venues={}, korean=msgspec.structs.replace(korean(), book=None)), settings()))
    assert row == ListingPrice(NOW, None, None, 1_400.0, None, None)
