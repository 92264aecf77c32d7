"""What became of a listing, told by its own seconds: how high the premium went, how long, and what to call it. Pure.

Held against the verdicts of the time, this is how the gate is measured.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import pairwise

from msgspec import Struct

from analysis.evidence import positive
from analysis.premium import excess
from analysis.price_row import ListingPrice

HIT_BPS = 800.0
BIG_HIT_BPS = 3_000.0
NORMAL_BPS = 300.0
HIT_FOR_S = 300.0
LONGEST_STEP_MS = 10_000  # two prices further apart than this leave the time between them unknown
PARITY_KEEPS_MS = (
    90_000  # how long a foreign price and a rate are held against our seconds; later looks are a minute apart
)
AT_MIN = (1, 5, 30)


class Label(Enum):
    """By excess premium, best first. UNKNOWN: no price was seen."""

    BIG_HIT = "big_hit"  # ≥ 30 %
    HIT = "hit"  # ≥ 8 % for 5 min
    LIGHTNING_ROD = "lightning_rod"  # ≥ 8 %, but for less than 5 min
    NORMAL = "normal"  # 3 to 8 %
    DUD = "dud"  # < 3 %
    UNKNOWN = "unknown"


class Sample(Struct, frozen=True):
    """One moment of `listing_prices`; None where an input was unknown. `at_ms` is our clock."""

    at_ms: int
    premium_bps: float | None
    excess_bps: float | None


class Second(Struct, frozen=True):
    """One of our one-second candles of the KRW market; `open_ms` is the exchange's time."""

    open_ms: int
    close: float
    quote_volume: float


class ListingOutcome(Struct, frozen=True):
    """Premiums against the bank rate unless called excess; `first_minute_krw` is quote volume. None: not seen."""

    label: Label
    max_premium_bps: float | None
    max_excess_bps: float | None
    above_hit_s: float
    at_1_min_bps: float | None
    at_5_min_bps: float | None
    at_30_min_bps: float | None
    first_minute_krw: float | None


def samples_of(prices: Sequence[ListingPrice], seconds: Sequence[Second]) -> list[Sample]:
    """What a look saw, and between two looks the close of each second against the latest look's world price and rate.

    Both are given in order of time; the answer holds the looks first, then the seconds. The two clocks differ by some
    tenths of a second. A second before the first look is held against that; one whose latest look is too old has no
    premium.
    """
    looks = [look for look in prices if _parities(look) != (None, None)]
    found = [Sample(price.at_ms, price.premium_bps, price.excess_bps) for price in prices]
    at = 0
    for second in seconds:
        while at + 1 < len(looks) and looks[at + 1].at_ms < second.open_ms + 1_000:
            at += 1
        if not looks or abs(looks[at].at_ms - second.open_ms) > PARITY_KEEPS_MS:
            continue
        coin, market = (_bps(second.close, parity) for parity in _parities(looks[at]))
        found.append(Sample(second.open_ms, coin, market))
    return found


def _parities(look: ListingPrice) -> tuple[float | None, float | None]:
    """The KRW prices at which the coin premium and the excess premium would be nil."""
    mid, coin = positive(look.krw_mid), look.premium_bps
    by_bank = mid / (1 + coin / 10_000) if mid is not None and coin is not None and coin > -10_000 else None
    ref, fx = positive(look.ref_usdt), positive(look.fx)
    return by_bank, ref * fx if ref is not None and fx is not None else None


def _bps(krw: float, parity: float | None) -> float | None:
    exact = excess(krw, parity, 1.0)
    return None if exact is None else float(exact)


def outcome(samples: Iterable[Sample], opened_ms: int, seconds: Sequence[tuple[int, float]]) -> ListingOutcome:
    """The outcome from samples in any order and the (open_ms, quote_volume) of our own one-second candles.

    Time above 8 % counts from a sample to the next one, if that is near; what was not seen is not counted.
    """
    after = sorted((sample for sample in samples if sample.at_ms >= opened_ms), key=lambda sample: sample.at_ms)
    excess = [sample.excess_bps for sample in after if sample.excess_bps is not None]
    premiums = [sample.premium_bps for sample in after if sample.premium_bps is not None]
    above_s = _seconds_above(after)
    first = [volume for open_ms, volume in seconds if opened_ms <= open_ms < opened_ms + 60_000]
    at_1, at_5, at_30 = (_at(after, opened_ms + minutes * 60_000) for minutes in AT_MIN)
    return ListingOutcome(
        label=_label(max(excess, default=None), above_s),
        max_premium_bps=max(premiums, default=None),
        max_excess_bps=max(excess, default=None),
        above_hit_s=above_s,
        at_1_min_bps=at_1,
        at_5_min_bps=at_5,
        at_30_min_bps=at_30,
        first_minute_krw=sum(first) if first else None,
    )


def _label(highest_bps: float | None, above_s: float) -> Label:
    if highest_bps is None:
        return Label.UNKNOWN
    if highest_bps >= BIG_HIT_BPS:
        return Label.BIG_HIT
    if highest_bps >= HIT_BPS:
        return Label.HIT if above_s >= HIT_FOR_S else Label.LIGHTNING_ROD
    return Label.NORMAL if highest_bps >= NORMAL_BPS else Label.DUD


def _seconds_above(samples: Sequence[Sample]) -> float:
    total_ms = 0
    for sample, following in pairwise(samples):
        step_ms = following.at_ms - sample.at_ms
        if sample.excess_bps is not None and sample.excess_bps >= HIT_BPS and step_ms <= LONGEST_STEP_MS:
            total_ms += step_ms
    return total_ms / 1000


def _at(samples: Sequence[Sample], at_ms: int) -> float | None:
    """The premium of the last sample at or before a moment, if it is near."""
    before = [sample for sample in samples if sample.at_ms <= at_ms]
    if not before or at_ms - before[-1].at_ms > LONGEST_STEP_MS:
        return None
    return before[-1].premium_bps
