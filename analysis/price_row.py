"""A verdict after the opening as one row of `listing_prices`: what the coin cost in Korea and abroad. Pure.

The rows are the ground of the outcome and of every later look back. A number that nobody vouches for is null: a rate
that only shows something (hard-coded, or far from the bank's) gives no `fx` and no `excess_bps`.
"""

from msgspec import Struct

from analysis.facts import FX_FACT
from analysis.verdict import Mode, Outcome, Verdict


class ListingPrice(Struct, frozen=True):
    """One moment of one listing, `at_ms` by our clock; None: unknown.

    `fx` is KRW per USDT, `premium_bps` the coin premium against the bank's rate, `excess_bps` that against `fx`.
    """

    at_ms: int
    krw_mid: float | None
    ref_usdt: float | None
    fx: float | None
    premium_bps: float | None
    excess_bps: float | None


def price_row(verdict: Verdict) -> ListingPrice | None:
    """The row of a verdict; None before the opening, and for what does not trade against KRW."""
    if verdict.mode is not Mode.OPEN or verdict.outcome is Outcome.INFO:
        return None
    believed = not any(each.code == "watch_only" and each.subject.startswith("fx_") for each in verdict.blockers)
    return ListingPrice(
        at_ms=verdict.made_ms,
        krw_mid=_number(verdict, "korean_mid_krw"),
        ref_usdt=_number(verdict, "reference_usdt"),
        fx=_number(verdict, FX_FACT) if believed else None,
        premium_bps=verdict.premium_bps,
        excess_bps=verdict.excess_bps if believed else None,
    )


def _number(verdict: Verdict, name: str) -> float | None:
    fact = verdict.facts.get(name)
    if fact is None or isinstance(fact.value, bool) or not isinstance(fact.value, float | int):
        return None
    return float(fact.value)
