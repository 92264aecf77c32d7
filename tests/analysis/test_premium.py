"""The rate in five steps, the reference price, the walks and the premiums, against tables worked by hand."""

from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.evidence import FxLegs
from analysis.gate import decide
from analysis.premium import (
    FxMember,
    FxStep,
    VenuePrice,
    buy_for,
    choose_fx,
    exact_bps,
    excess,
    global_vwap,
    premium,
    remember,
    sell,
    sound,
)
from analysis.quotes import BankRate
from analysis.verdict import Outcome
from tests.fakes.evidence import NOW, book, evidence, korean, leg, legs, settings, two_sided

HARD = 1_450.0


def at(btc: float | None, eth: float | None, usdt: float | None, **changes: object) -> FxLegs:
    """Legs that imply these rates; None: the leg is missing."""
    return legs(
        btc_krw=leg("BTC", "KRW", btc * 100_000) if btc else None,
        eth_krw=leg("ETH", "KRW", eth * 3_000) if eth else None,
        usdt_krw=leg("USDT", "KRW", usdt) if usdt else None,
        **{"bank": None, **changes},
    )


@pytest.mark.parametrize(
    ("btc", "eth", "usdt", "rate", "step", "trusted", "watch_only", "dropped"),
    [
        # Three within 1 % of the median 1,400: the first step is used.
        (1_400, 1_401, 1_399, 1_400, FxStep.BTC, True, None, []),
        # Median 1,400, 1 % is 14: 1,386 is just inside, 1,385 just outside and dropped.
        (1_386, 1_400, 1_400, 1_386, FxStep.BTC, True, None, []),
        (1_385, 1_400, 1_400, 1_400, FxStep.ETH, True, None, [FxStep.BTC]),
        (1_400, 1_400, 1_655, 1_400, FxStep.BTC, False, None, [FxStep.USDT]),  # BTC and ETH: no bank bears them out
        # Nobody agrees with anybody: no rate.
        (1_300, 1_400, 1_500, None, None, False, "fx_conflict", []),
        # Two: 1 % of the lower is 14; 1,414 agrees, 1,415 does not.
        (1_400, None, 1_414, 1_400, FxStep.BTC, True, None, []),
        (1_400, None, 1_415, None, None, False, "fx_conflict", []),
        (None, 1_400, 1_414, 1_400, FxStep.ETH, True, None, []),
        # One: used; not trusted, there is no bank here.
        (1_400, None, None, 1_400, FxStep.BTC, False, None, []),
        (None, 1_400, None, 1_400, FxStep.ETH, False, None, []),
        (None, None, 1_400, 1_400, FxStep.USDT, False, None, []),
        # None at all, and nothing remembered: shown, never acted on.
        (None, None, None, HARD, FxStep.HARD_CODED, False, "fx_hard_coded", []),
    ],
)
def test_the_first_step_that_the_others_bear_out_is_used(
    btc: float | None,
    eth: float | None,
    usdt: float | None,
    rate: float | None,
    step: FxStep | None,
    trusted: bool,
    watch_only: str | None,
    dropped: list[FxStep],
) -> None:
    fx = choose_fx(at(btc, eth, usdt), None, HARD, NOW)
    assert (fx.rate, fx.step, fx.trusted, fx.watch_only) == (rate, step, trusted, watch_only)
    assert [member.step for member in fx.dropped] == dropped


@pytest.mark.parametrize(
    ("krw_age_ms", "usdt_age_ms", "live"),
    [
        (10_000, 10_000, True),  # exactly ten seconds old
        (10_001, 10_000, False),
        (0, 2_000, True),  # exactly two seconds apart
        (0, 2_001, False),
        (-2_000, -2_000, True),  # a source's clock may run a little ahead
        (-2_001, -2_001, False),
    ],
)
def test_a_leg_is_live_for_ten_seconds_and_within_two_of_the_other(
    krw_age_ms: int, usdt_age_ms: int, live: bool
) -> None:
    only_btc = FxLegs(
        btc_krw=leg("BTC", "KRW", 1.4e8, NOW - krw_age_ms), btc_usdt=leg("BTC", "USDT", 1e5, NOW - usdt_age_ms)
    )
    assert (choose_fx(only_btc, None, HARD, NOW).step is FxStep.BTC) is live


@pytest.mark.parametrize(("age_ms", "step"), [(300_000, FxStep.LAST_GOOD), (300_001, FxStep.HARD_CODED)])
def test_the_last_good_rate_serves_for_300_seconds_and_keeps_its_source(age_ms: int, step: FxStep) -> None:
    good = FxMember(FxStep.BTC, 1_400.0, "KRW-BTC / BTCUSDT", NOW - age_ms)
    fx = choose_fx(FxLegs(), good, HARD, NOW)
    assert fx.step is step and not fx.trusted
    if step is FxStep.LAST_GOOD:
        assert (fx.rate, fx.taken_ms, fx.watch_only) == (1_400.0, NOW - age_ms, None)
        assert "KRW-BTC / BTCUSDT" in fx.source


def test_a_remembered_rate_does_not_grow_young_again() -> None:
    good = remember(None, choose_fx(at(1_400, None, None), None, HARD, NOW))
    assert good is not None
    later = choose_fx(FxLegs(), good, HARD, NOW + 200_000)
    assert remember(good, later) == good
    assert choose_fx(FxLegs(), remember(good, later), HARD, NOW + 300_001).step is FxStep.HARD_CODED


def test_neither_a_conflict_nor_the_hard_coded_rate_is_remembered() -> None:
    assert remember(None, choose_fx(at(1_300, 1_400, 1_500), None, HARD, NOW)) is None
    assert remember(None, choose_fx(FxLegs(), None, HARD, NOW)) is None


@pytest.mark.parametrize(("rate", "why"), [(1_311.0, None), (1_310.0, "fx_off_bank"), (1_588.0, "fx_off_bank")])
def test_a_lone_rate_far_from_the_banks_may_not_be_acted_on(rate: float, why: str | None) -> None:
    """The bank says 1,380: 5 % below is 1,311, 15 % above 1,587. On 2025-10-11 a USDT printed 5,755 KRW for minutes."""
    fx = choose_fx(at(None, None, rate, bank=BankRate(1_380.0, NOW, NOW, "bank")), None, HARD, NOW)
    assert fx.watch_only == why


FOUR_DAYS_MS = 4 * 86_400_000


@pytest.mark.parametrize(
    ("members", "posted_ms", "trusted", "unchecked"),
    [
        ((1_400, None, None), NOW, True, False),
        ((None, 1_400, None), NOW, True, False),
        ((None, None, 1_400), NOW, False, False),  # KRW-USDT is never trusted by itself
        ((1_400, None, None), NOW - FOUR_DAYS_MS, True, False),
        ((1_400, None, None), NOW - FOUR_DAYS_MS - 1, False, True),
        ((1_400, 1_400, None), NOW - FOUR_DAYS_MS - 1, False, True),
        ((1_400, None, None), None, False, True),
        ((1_400, 1_400, None), None, False, True),
        ((1_400, None, 1_400), None, True, False),  # KRW-USDT is another source
    ],
)
def test_what_one_pair_of_sources_says_is_trusted_only_beside_a_bank_rate_of_four_days(
    members: tuple[float | None, float | None, float | None], posted_ms: int | None, trusted: bool, unchecked: bool
) -> None:
    bank = None if posted_ms is None else BankRate(1_380.0, posted_ms, NOW, "bank")
    fx = choose_fx(at(*members, bank=bank), None, HARD, NOW)
    assert (fx.rate, fx.trusted, fx.unchecked, fx.watch_only) == (1_400.0, trusted, unchecked, None)


@pytest.mark.parametrize("usdt", [None, 1_400.0])
@pytest.mark.parametrize(
    ("rate", "why"), [(1_311.0, None), (1_310.0, "fx_off_bank"), (1_587.0, None), (1_588.0, "fx_off_bank")]
)
def test_btc_and_eth_share_their_sources_and_can_not_outvote_the_bank(
    rate: float, why: str | None, usdt: float | None
) -> None:
    """KRW-USDT at 1,400 lies more than 1 % from each of these: where it is there, it is the one dropped."""
    fx = choose_fx(at(rate, rate, usdt, bank=BankRate(1_380.0, NOW, NOW, "bank")), None, HARD, NOW)
    assert (fx.rate, fx.watch_only, fx.trusted) == (rate, why, why is None)
    assert remember(None, fx) is None or why is None


def test_a_foreign_side_that_is_wrong_for_btc_and_eth_alike_makes_no_go() -> None:
    wrong = {"btc_usdt": leg("BTC", "USDT", 140_000.0), "eth_usdt": leg("ETH", "USDT", 4_200.0)}
    for told in (legs(**wrong), legs(**wrong, usdt_krw=None)):
        verdict = decide(evidence(korean=korean(bid=1_399.0, ask=1_401.0), legs=told), settings())
        assert verdict.outcome is Outcome.NO_GO
        assert "fx_off_bank" in [finding.subject for finding in verdict.blockers]


def test_rates_that_agree_with_each_other_are_believed_against_the_bank() -> None:
    fx = choose_fx(at(1_700, 1_700, 1_700, bank=BankRate(1_380.0, NOW, NOW, "bank")), None, HARD, NOW)
    assert (fx.rate, fx.trusted, fx.watch_only) == (1_700.0, True, None)


@given(
    st.lists(st.sampled_from([0.0, -1.0, float("nan"), float("inf"), 1e-300, 1e300, 1_400.0]), min_size=5, max_size=5)
)
def test_no_leg_however_absurd_gives_an_absurd_trusted_rate(values: list[float]) -> None:
    names = ("btc_krw", "btc_usdt", "eth_krw", "eth_usdt", "usdt_krw")
    absurd = {name: leg("X", "Y", value) for name, value in zip(names, values, strict=True)}
    odd = msgspec.structs.replace(FxLegs(), **absurd)
    fx = choose_fx(odd, None, HARD, NOW)
    assert fx.rate is None or 0 < fx.rate < float("inf")
    decide(evidence(legs=odd), settings())


# --- the global price -----------------------------------------------------------------------------------------------


def priced(venue: str, mid: float, volume: float | None = 1e6, age_ms: int = 0) -> VenuePrice:
    return VenuePrice(venue, mid, volume, NOW - age_ms)


def test_vwap_weighs_by_volume_and_drops_the_outlier() -> None:
    """(1.00 x 3M + 1.02 x 1M) / 4M = 1.005; a venue at 1.20 lies 17 % above the median 1.02 and is left out."""
    reference = global_vwap([priced("a", 1.00, 3e6), priced("b", 1.02, 1e6), priced("c", 1.20, 9e9)], NOW, 10_000, 0.05)
    assert reference.price == pytest.approx(1.005, abs=1e-12)
    assert (reference.used, reference.excluded) == (("a", "b"), (("c", "outlier"),))
    assert reference.volume_usdt == 4e6


def test_a_stale_price_is_left_out() -> None:
    reference = global_vwap([priced("a", 1.0), priced("b", 2.0, age_ms=10_001)], NOW, 10_000, 0.05)
    assert (reference.price, reference.excluded) == (1.0, (("b", "stale"),))


@pytest.mark.parametrize(("other", "known"), [(1.05, True), (1.0501, False)])
def test_two_that_contradict_each_other_give_no_price(other: float, known: bool) -> None:
    reference = global_vwap([priced("a", 1.0), priced("b", other)], NOW, 10_000, 0.05)
    assert (reference.price is not None) is known


def test_three_of_which_no_two_agree_give_no_price() -> None:
    assert global_vwap([priced("a", 1.0), priced("b", 2.0), priced("c", 4.0)], NOW, 10_000, 0.05).price is None


def test_unknown_volumes_give_the_median_and_an_unknown_volume() -> None:
    reference = global_vwap([priced("a", 1.0, None), priced("b", 1.02, None)], NOW, 10_000, 0.05)
    assert reference.price == pytest.approx(1.01)
    assert reference.volume_usdt is None


@given(st.permutations([priced("a", 1.0, 3e6), priced("b", 1.02), priced("c", 1.04, None), priced("d", 9.0)]))
def test_order_of_arrival_does_not_matter_to_the_reference(prices: list[VenuePrice]) -> None:
    assert global_vwap(prices, NOW, 10_000, 0.05) == global_vwap(sorted(prices, key=str), NOW, 10_000, 0.05)


# --- walks ----------------------------------------------------------------------------------------------------------


def test_buying_walks_up_the_asks() -> None:
    """30 USDT: 10 coins at 1.00 cost 10, 10 at 1.50 cost 15, the last 5 USDT buy 2.5 at 2.00: 30 / 22.5 = 1.3333."""
    fill = buy_for(((1.0, 10.0), (1.5, 10.0), (2.0, 100.0)), 30.0)
    assert fill is not None
    assert fill.coins == pytest.approx(22.5)
    assert fill.vwap == pytest.approx(30 / 22.5)


def test_selling_walks_down_the_bids() -> None:
    """12 coins: 10 at 100 and 2 at 90 bring 1,180: 98.333 each."""
    fill = sell(((100.0, 10.0), (90.0, 10.0)), 12.0)
    assert fill is not None and fill.vwap == pytest.approx(1_180 / 12)


def test_a_book_that_is_too_thin_or_empty_has_no_price() -> None:
    assert buy_for(((1.0, 10.0),), 10.0001) is None
    assert buy_for((), 1.0) is None
    assert sell(((1.0, 10.0),), 10.0001) is None
    assert sell((), 1.0) is None


Levels = st.lists(st.tuples(st.floats(0.5, 2.0), st.floats(0.1, 10.0)), min_size=1, max_size=8)


@given(Levels, st.floats(0.01, 5.0), st.floats(1.0, 5.0))
def test_a_larger_order_never_fills_at_a_better_price(
    levels: list[tuple[float, float]], size: float, factor: float
) -> None:
    bids = tuple(sorted(levels, reverse=True))
    small, large = sell(bids, size), sell(bids, size * factor)
    assert large is None or (small is not None and large.vwap <= small.vwap * (1 + 1e-9))


@pytest.mark.parametrize(
    ("bids", "asks", "age_ms"),
    [
        (((1.0, 1.0),), ((1.1, 1.0),), 10_001),  # stale
        (((1.0, 1.0),), ((1.1, 1.0),), -2_001),  # from the future
        (((1.1, 1.0),), ((1.1, 1.0),), 0),  # locked
        (((1.2, 1.0),), ((1.1, 1.0),), 0),  # crossed
        (((1.0, 1.0), (1.05, 1.0)), ((1.1, 1.0),), 0),  # bids not best first
        (((0.0, 1.0),), ((1.1, 1.0),), 0),
        (((1.0, -1.0),), ((1.1, 1.0),), 0),
        (((float("nan"), 1.0),), ((1.1, 1.0),), 0),
    ],
)
def test_a_book_that_can_not_be_right_is_no_book(
    bids: tuple[tuple[float, float], ...], asks: tuple[tuple[float, float], ...], age_ms: int
) -> None:
    assert sound(book(bids, asks, NOW - age_ms), NOW, 10_000) is None


def test_a_fresh_book_with_one_side_is_kept_and_has_no_mid() -> None:
    kept = sound(book(((1.0, 1.0),), ()), NOW, 10_000)
    assert kept is not None and kept.mid is None
    assert sound(two_sided(1.0, 1.1, taken_ms=NOW - 10_000), NOW, 10_000) is not None


# --- premiums -------------------------------------------------------------------------------------------------------


def test_both_premiums_by_hand() -> None:
    """1,470 KRW against 1.00 USDT, fx 1,400, bank 1,380, USDT 0.999 USD (real: 1,378.62 KRW per USDT):
    excess 1,470/1,400 - 1 = 500 bps, coin 1,470/1,378.62 - 1 = 662.83 bps, market 1,400/1,378.62 - 1 = 155.08 bps.
    """
    fx = choose_fx(legs(), None, HARD, NOW)
    result = premium(1_470.0, 1.0, fx, 1_380.0, 0.999)
    assert result.excess_bps == pytest.approx(500.0, abs=1e-3)
    assert result.coin_bps == pytest.approx(662.8367, abs=1e-3)
    assert result.market_bps == pytest.approx(155.0826, abs=1e-3)
    assert result.fx is fx


@given(st.floats(1.0, 1e4), st.floats(0.1, 1e2), st.floats(1_000, 2_000), st.floats(1_000, 2_000), st.floats(0.9, 1.1))
def test_coin_premium_is_market_premium_times_excess(
    krw: float, usdt: float, rate: float, bank: float, dollar: float
) -> None:
    fx = msgspec.structs.replace(choose_fx(legs(), None, HARD, NOW), rate=rate)
    result = premium(krw, usdt, fx, bank, dollar)
    assert result.coin_bps is not None and result.excess_bps is not None and result.market_bps is not None
    product = (1 + result.market_bps / 1e4) * (1 + result.excess_bps / 1e4)
    assert 1 + result.coin_bps / 1e4 == pytest.approx(product, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("missing", ["krw", "usdt", "bank", "usdt_usd"])
def test_what_is_unknown_leaves_its_premium_unknown(missing: str) -> None:
    fx = choose_fx(legs(), None, HARD, NOW)
    inputs: dict[str, float | None] = {"krw": 1_470.0, "usdt": 1.0, "bank": 1_380.0, "usdt_usd": 1.0}
    for nothing in (None, 0.0, float("nan"), -1.0):
        result = premium(**{**inputs, missing: nothing}, fx=fx)
        assert result.coin_bps is None
        assert (result.excess_bps is None) is (missing in ("krw", "usdt"))


def test_a_ratio_becomes_exact_basis_points_or_nothing() -> None:
    assert exact_bps(0.0123) == Decimal("123.0000")
    assert exact_bps(float("nan")) is None
    assert exact_bps(float("inf")) is None
    assert exact_bps(1e7) is None
    assert excess(1.0, 1e-320, 1e-10) is None
