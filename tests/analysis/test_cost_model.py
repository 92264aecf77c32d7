"""Each part of the cost, worked by hand for 10,000,000 KRW at 1,400 KRW per USDT: 7,142.857 USDT."""

from decimal import Decimal

import msgspec
import pytest

from analysis.cost_model import PARTS, CostModel, Hedge, hedge_part, total
from analysis.quotes import Perp
from analysis.verdict import CostPart
from tests.fakes.evidence import NOW, book, figure, good_perp, settings, two_sided

NOTIONAL = Decimal(10_000_000)
USDT = 10_000_000 / 1_400
MODEL = CostModel.of(settings())


def test_korean_fee_is_taken_from_what_the_sale_brings_in() -> None:
    """Upbit 0.05 %: 5 bps of the notional; with 4 % executable premium 5 x 1.04; with -4 % 5 x 0.96."""
    for executable, bps in ((None, "5"), ("0", "5"), ("400", "5.2"), ("-400", "4.8")):
        part = MODEL.korean_fee("upbit", None if executable is None else Decimal(executable))
        assert part.low_bps == part.high_bps == Decimal(bps)


@pytest.mark.parametrize(("coupon", "bps"), [(False, 25), (True, 4)])
def test_bithumbs_coupon_lowers_its_fee(coupon: bool, bps: int) -> None:
    shipped = settings()
    with_coupon = msgspec.structs.replace(shipped, fees=msgspec.structs.replace(shipped.fees, bithumb_coupon=coupon))
    part = CostModel.of(with_coupon).korean_fee("bithumb", Decimal(0))
    assert part.high_bps == bps
    assert CostModel.of(with_coupon).korean_fee("upbit", Decimal(0)).high_bps == 5


def test_foreign_fees_come_from_the_table_with_their_source() -> None:
    assert MODEL.foreign_fee("binance").high_bps == 10
    assert MODEL.foreign_fee("okx").high_bps == 15
    assert "2026" in MODEL.foreign_fee("okx").source
    assert MODEL.foreign_fee("nowhere").high_bps is None


def test_withdrawal_is_the_venues_own_fee_where_it_tells_one() -> None:
    """2 coins of 1.00 USDT on 7,142.857 USDT: 2.8 bps. Else the estimate for ETH, 10 USD: 14 bps."""
    own = MODEL.withdrawal("ETH", Decimal(2), 1.0, USDT, "binance")
    assert (own.high_bps, own.source) == (Decimal("2.8000"), "binance")
    estimate = MODEL.withdrawal("ETH", None, 1.0, USDT, "binance")
    assert estimate.high_bps == Decimal("14.0000")
    assert estimate.source.startswith("estimate")
    assert MODEL.withdrawal("ETH", Decimal(0), 1.0, USDT, "binance").high_bps == 0


@pytest.mark.parametrize(
    ("network", "fee", "price", "notional"),
    [
        ("MOONCHAIN", None, 1.0, USDT),
        ("ETH", None, 1.0, None),
        ("ETH", Decimal(2), None, USDT),
        ("ETH", Decimal(2), float("nan"), USDT),
    ],
)
def test_a_withdrawal_that_can_not_be_priced_is_unknown(
    network: str, fee: Decimal | None, price: float | None, notional: float | None
) -> None:
    assert MODEL.withdrawal(network, fee, price, notional, "binance").high_bps is None


def test_gas_is_an_estimate_per_network() -> None:
    """5 USD on ETH: 7 bps. An unlisted network has no figure."""
    assert MODEL.gas("ETH", USDT).high_bps == Decimal("7.0000")
    assert MODEL.gas("MOONCHAIN", USDT).high_bps is None


# --- slippage -------------------------------------------------------------------------------------------------------


def test_slippage_is_what_lies_between_the_mids_and_the_walks() -> None:
    """Mids 1,470 and 1.00, fx 1,400: +500 bps. The asks fill at 1.001, the bids at 1,469:
    1,469 / (1.00 x 1,400) = +492.8571, 1,469 / (1.001 x 1,400) = +482.3748; so 7.1429 in Korea, 10.4823 abroad.
    """
    trade = MODEL.trade(two_sided(1_469, 1_471), two_sided(0.999, 1.001), 1_400.0, NOTIONAL)
    assert trade.mid_excess_bps == Decimal("500.0000")
    assert trade.korean_slippage_bps == Decimal("7.1429")
    assert trade.foreign_slippage_bps == Decimal("10.4823")
    assert trade.executable_excess_bps == Decimal("482.3748")


def test_slippage_of_an_empty_or_thin_or_missing_book_is_unknown() -> None:
    good = two_sided(1_469, 1_471)
    for foreign in (None, book((), ()), book(((0.999, 1e6),), ()), two_sided(0.999, 1.001, size=7_000.0)):
        trade = MODEL.trade(good, foreign, 1_400.0, NOTIONAL)
        assert trade.foreign_slippage_bps is None and trade.executable_excess_bps is None
    for korean in (None, book((), ()), book((), ((1_471.0, 1e6),)), two_sided(1_469, 1_471, size=7_000.0)):
        trade = MODEL.trade(korean, two_sided(0.999, 1.001), 1_400.0, NOTIONAL)
        assert trade.korean_slippage_bps is None and trade.executable_excess_bps is None


def test_before_the_opening_the_foreign_slippage_is_known_without_a_korean_book() -> None:
    trade = MODEL.trade(None, two_sided(0.999, 1.001), 1_400.0, NOTIONAL)
    assert trade.foreign_slippage_bps == Decimal("10.0000")
    assert trade.korean_slippage_bps is None


# --- hedge ----------------------------------------------------------------------------------------------------------


def test_hedge_on_a_cex_perpetual() -> None:
    """Binance 0.05 %: 10 bps in and out. Book 0.9995 / 1.0005: 10 bps across. Basis 0. Funding +0.01 % a 8 h: the
    short receives 0.125 bps in 60 min, which is not counted. 20 bps.
    """
    hedge = MODEL.hedge("binance", good_perp(), 1.0, USDT, NOW)
    assert (hedge.kind, hedge.cost_bps) == ("cex", Decimal("20.0000"))
    assert hedge.funding_bps == pytest.approx(0.125)


def test_basis_below_spot_and_negative_funding_cost_money() -> None:
    """Perp mid 0.99: basis -100 bps. Book 0.9895 / 0.9905, across 0.001 / 0.99 = 10.1010 bps. Funding -0.08 % a 8 h is
    -1 bps an hour. 10 + 10.1010 + 100 + 1 = 121.1010.
    """
    hedge = MODEL.hedge("binance", good_perp(0.9895, 0.9905, funding=-0.0008), 1.0, USDT, NOW)
    assert hedge.cost_bps == Decimal("121.1010")


def test_hedge_on_a_dex_perpetual_is_a_range_from_its_fees_to_all_that_it_may_cost() -> None:
    """0.045 % twice: 9 bps. With 1 % for crossing and basis, and 0.05 % an hour for 90 min: 9 + 100 + 7.5 = 116.5."""
    hedge = CostModel.of(settings(hedge_minutes=90.0)).dex_hedge("PEPE")
    assert hedge is not None
    assert (hedge.kind, hedge.symbol, hedge.least_bps, hedge.cost_bps) == (
        *("dex", "kPEPE", Decimal("9.0"), Decimal("116.5")),
    )
    assert hedge.basis_bps is None and hedge.funding_bps is None


def test_of_two_decentralised_exchanges_the_cheaper_is_taken() -> None:
    shipped = settings()
    dex = shipped.hedges["hyperliquid"]
    cheap = msgspec.structs.replace(dex, crossing=msgspec.structs.replace(dex.crossing, value=Decimal("0.1")))
    both = msgspec.structs.replace(shipped, hedges={"hyperliquid": dex, "other": cheap})
    hedge = CostModel.of(both).dex_hedge("HYPE")
    assert hedge is not None and (hedge.venue, hedge.cost_bps) == ("other", Decimal(24))


@pytest.mark.parametrize(
    ("venue", "perp", "kind"),
    [
        ("binance", msgspec.structs.replace(good_perp(), pre_market=True), "none"),
        ("binance", good_perp(funding=None), "unknown"),
        ("binance", msgspec.structs.replace(good_perp(), funding_interval_h=None), "unknown"),
        ("binance", msgspec.structs.replace(good_perp(), book=None), "unknown"),
        ("binance", msgspec.structs.replace(good_perp(), book=book((), ())), "unknown"),
        ("binance", msgspec.structs.replace(good_perp(), book=two_sided(0.9995, 1.0005, size=10.0)), "unknown"),
        (
            "binance",
            msgspec.structs.replace(good_perp(), book=two_sided(0.9995, 1.0005, taken_ms=NOW - 10_001)),
            "unknown",
        ),
        ("binance", good_perp(999.5, 1_000.5), "unknown"),  # a thousandfold contract, not undone
        ("nowhere", good_perp(), "unknown"),  # no fee known
    ],
)
def test_a_hedge_with_a_missing_figure_is_unknown_and_never_free(venue: str, perp: Perp, kind: str) -> None:
    hedge = MODEL.hedge(venue, perp, 1.0, USDT, NOW)
    assert (hedge.kind, hedge.cost_bps) == (kind, None)
    assert (hedge_part(hedge).high_bps is None) is (kind == "unknown")


def test_funding_is_scaled_to_the_holding_time_and_the_interval() -> None:
    hourly = msgspec.structs.replace(good_perp(funding=-0.001), funding_interval_h=figure(1.0))
    assert MODEL.funding_bps(hourly) == Decimal("-10.0000")
    assert MODEL.funding_bps(good_perp(funding=-0.001)) == Decimal("-1.2500")


# --- total ----------------------------------------------------------------------------------------------------------


def test_total_is_the_sum_of_its_parts_or_unknown() -> None:
    known = tuple(CostPart(name, Decimal(3), Decimal(3), "test") for name in PARTS)
    assert total(NOTIONAL, known).total_bps == 21
    holed = (*known[:-1], CostPart("hedge", None, None, "not known"))
    assert (total(NOTIONAL, holed).total_bps, total(NOTIONAL, holed).low_bps) == (None, Decimal(18))


def test_no_hedge_costs_nothing_and_says_so() -> None:
    part = hedge_part(Hedge("none"))
    assert (part.high_bps, part.source) == (Decimal(0), "no hedge")
