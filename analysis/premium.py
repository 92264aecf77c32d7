"""KRW per USDT in five steps, the global reference price, walks through books, and the premiums. Pure.

    fx_implied(X) = mid_KRW(X) / mid_USDT(X)                      X = BTC, ETH
    coin premium   = P_krw / (P_usdt * usdt_usd * fx_bank) - 1    what the press quotes
    excess premium = P_krw / (P_usdt * fx_ref) - 1                what an arbitrage can gain
    market premium = fx_ref / (fx_bank * usdt_usd) - 1            1 + coin = (1 + market) * (1 + excess)

`fx_ref` is the rate that `choose_fx` settles on. Prices are floats, as observed; `exact_bps` makes Decimals of ratios.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from enum import Enum
from statistics import median

from msgspec import Struct

from analysis.evidence import FxLegs, positive
from analysis.quotes import Book, Leg

LIVE_AGE_MS = 10_000  # a leg older than this is not live …
SKEW_MS = 2_000  # … nor are two legs further apart than this; also how far ahead of our clock a source may be
AGREE = 0.01  # members of the reference rate agree within 1 %
BANK_BAND = (0.95, 1.15)  # a lone rate further from the bank's than this is not believed
PLAUSIBLE_KRW = (300.0, 10_000.0)  # per USDT; outside is a broken price (the wildest print was 5,755, 2025-10-11)
BANK_AGE_MS = 4 * 86_400_000  # the bank rate stands still over a long weekend
TENTH_OF_MILLI_BPS = Decimal("0.0001")
ABSURD = 1e6


def exact_bps(ratio: float) -> Decimal | None:
    """A ratio (0.0123) as basis points (123.0000): the one place where an observed float becomes a Decimal.

    None for what is no sensible ratio (NaN, infinite, a million-fold): such a number is not an observation.
    """
    if not abs(ratio) < ABSURD:
        return None
    return (Decimal(repr(ratio)) * 10_000).quantize(TENTH_OF_MILLI_BPS)


def near(one: float, middle: float, part: float) -> bool:
    """Whether `one` lies within `part` (0.01: 1 %) of `middle`; the bound itself counts, whatever its last bit."""
    return abs(one - middle) <= part * middle * (1 + 1e-9)


def agreed_leg(told: Iterable[Leg], now_ms: int) -> Leg | None:
    """Of several sources of one price the first that the live ones bear out; None: none, or two that differ.

    In the order given. One that stands alone is taken: what the rate then lacks is said by the other members.
    """
    live = [leg for leg in told if _live(leg, now_ms)]
    if not live:
        return None
    middle = min(leg.price for leg in live) if len(live) == 2 else median(leg.price for leg in live)
    close = [leg for leg in live if near(leg.price, middle, AGREE)]
    return close[0] if len(close) > 1 or len(live) == 1 else None


class FxStep(Enum):
    """The five steps, best first."""

    BTC = "btc_implied"
    ETH = "eth_implied"
    USDT = "krw_usdt"
    LAST_GOOD = "last_good"
    HARD_CODED = "hard_coded"


class FxMember(Struct, frozen=True):
    """One live opinion of KRW per USDT; `taken_ms` is that of its older leg."""

    step: FxStep
    rate: float
    source: str
    taken_ms: int


class Fx(Struct, frozen=True):
    """The rate in use, or why there is none. `watch_only` names what forbids acting on it: then no GO can follow."""

    rate: float | None
    step: FxStep | None
    source: str
    taken_ms: int | None
    trusted: bool
    watch_only: str | None = None  # fx_conflict | fx_hard_coded | fx_off_bank
    members: tuple[FxMember, ...] = ()
    dropped: tuple[FxMember, ...] = ()
    unchecked: bool = False  # one pair of sources says it, and there is no recent bank rate to compare it with

    @property
    def believed(self) -> float | None:
        """The rate where it may be acted on. The hard-coded one only gives costs their size; no premium comes of it."""
        return None if self.watch_only else self.rate


def choose_fx(
    legs: FxLegs, last_good: FxMember | None, hard_coded: float, now_ms: int, last_good_max_s: float = 300.0
) -> Fx:
    """The first live step that the live members bear out; else the last good one; else the hard-coded, for show only.

    One of three members more than 1 % off their median is dropped. Where no two agree there is no rate at all: two that
    differ can't say which of them is wrong. A lone rate is used, unless the bank's rate makes it absurd; so are BTC and
    ETH by themselves, which come from the same two places: what is wrong with one is wrong with the other.
    """
    members = tuple(_live_members(legs, now_ms))
    if len(members) >= 2:
        return _agreed(members, legs, now_ms)
    if members:
        lone = members[0]
    elif last_good is not None and -SKEW_MS <= now_ms - last_good.taken_ms <= last_good_max_s * 1000:
        lone = FxMember(FxStep.LAST_GOOD, last_good.rate, f"last good: {last_good.source}", last_good.taken_ms)
    else:
        return Fx(hard_coded, FxStep.HARD_CODED, "radar.yaml", None, False, "fx_hard_coded")
    return _by_the_bank(lone, legs, now_ms, members)


def remember(last_good: FxMember | None, fx: Fx) -> FxMember | None:
    """The last good rate after `fx`: a live one that may be acted on. A remembered one keeps its time."""
    if fx.watch_only or fx.rate is None or fx.taken_ms is None or fx.step in (FxStep.LAST_GOOD, None):
        return last_good
    return FxMember(fx.step, fx.rate, fx.source, fx.taken_ms)


def _live_members(legs: FxLegs, now_ms: int) -> Iterator[FxMember]:
    for step, krw, usdt in ((FxStep.BTC, legs.btc_krw, legs.btc_usdt), (FxStep.ETH, legs.eth_krw, legs.eth_usdt)):
        if krw is None or usdt is None or not (_live(krw, now_ms) and _live(usdt, now_ms)):
            continue
        rate = krw.price / usdt.price
        if _plausible(rate) and abs(krw.taken_ms - usdt.taken_ms) <= SKEW_MS:
            taken_ms = min(krw.taken_ms, usdt.taken_ms)
            yield FxMember(step, rate, f"{krw.source} / {usdt.source}", taken_ms)
    lone = legs.usdt_krw
    if lone is not None and _live(lone, now_ms) and _plausible(lone.price):
        yield FxMember(FxStep.USDT, lone.price, lone.source, lone.taken_ms)


def _plausible(rate: float) -> bool:
    return PLAUSIBLE_KRW[0] < rate < PLAUSIBLE_KRW[1]


def _live(leg: Leg, now_ms: int) -> bool:
    return positive(leg.price) is not None and -SKEW_MS <= now_ms - leg.taken_ms <= LIVE_AGE_MS


def _agreed(members: tuple[FxMember, ...], legs: FxLegs, now_ms: int) -> Fx:
    rates = [member.rate for member in members]
    middle = min(rates) if len(rates) == 2 else median(rates)
    within = tuple(member for member in members if near(member.rate, middle, AGREE))
    if len(within) < 2:
        return Fx(None, None, "no two sources agree", None, False, "fx_conflict", members)
    used = within[0]
    dropped = tuple(member for member in members if member not in within)
    if all(member.step is not FxStep.USDT for member in within):
        return _by_the_bank(used, legs, now_ms, members, dropped)
    trusted = used.step in (FxStep.BTC, FxStep.ETH)
    return Fx(used.rate, used.step, used.source, used.taken_ms, trusted, None, members, dropped)


def _by_the_bank(
    used: FxMember, legs: FxLegs, now_ms: int, members: tuple[FxMember, ...], dropped: tuple[FxMember, ...] = ()
) -> Fx:
    """A rate that only the bank's can bear out; without a recent one it is used, and not trusted."""
    bank = legs.bank
    known = bank is not None and positive(bank.krw_per_usd) is not None and now_ms - bank.posted_ms <= BANK_AGE_MS
    within = bank is not None and known and BANK_BAND[0] <= used.rate / bank.krw_per_usd <= BANK_BAND[1]
    trusted = within and used.step in (FxStep.BTC, FxStep.ETH)
    off_bank = "fx_off_bank" if known and not within else None
    return Fx(used.rate, used.step, used.source, used.taken_ms, trusted, off_bank, members, dropped, not known)


class VenuePrice(Struct, frozen=True):
    """One venue's mid for one coin, with what weighs it."""

    venue: str
    mid: float
    volume_usdt: float | None
    taken_ms: int


class Reference(Struct, frozen=True):
    """The global price: 24 h volume decides the weight. None where nothing is fresh or venues contradict each other."""

    price: float | None
    volume_usdt: float | None  # of the venues used; None: none of them says
    used: tuple[str, ...]
    excluded: tuple[tuple[str, str], ...]  # (venue, stale | outlier | conflict)


def global_vwap(prices: Iterable[VenuePrice], now_ms: int, max_age_ms: int, spread_max: float) -> Reference:
    """VWAP over venues that are fresh and within `spread_max` of their median; no two that agree: no price."""
    ordered = sorted(prices, key=lambda price: price.venue)
    fresh = [price for price in ordered if -SKEW_MS <= now_ms - price.taken_ms <= max_age_ms and positive(price.mid)]
    excluded = [(price.venue, "stale") for price in ordered if price not in fresh]
    if not fresh:
        return Reference(None, None, (), tuple(excluded))
    middle = min(price.mid for price in fresh) if len(fresh) == 2 else median(price.mid for price in fresh)
    close = [price for price in fresh if near(price.mid, middle, spread_max)]
    if len(fresh) > 1 and len(close) < 2:
        return Reference(None, None, (), (*excluded, *((price.venue, "conflict") for price in fresh)))
    excluded += [(price.venue, "outlier") for price in fresh if price not in close]
    weights = [positive(price.volume_usdt) or 0.0 for price in close]
    total = sum(weights)
    if total > 0:
        vwap = sum(price.mid * weight for price, weight in zip(close, weights, strict=True)) / total
    else:
        vwap = median(price.mid for price in close)
    known = [price.volume_usdt for price in close if price.volume_usdt is not None and price.volume_usdt >= 0]
    return Reference(vwap, sum(known) if known else None, tuple(price.venue for price in close), tuple(excluded))


class Fill(Struct, frozen=True):
    """What a walk through one side of a book would trade, on average."""

    vwap: float
    coins: float


def buy_for(asks: Iterable[tuple[float, float]], notional: float) -> Fill | None:
    """Spend `notional` quote units on the asks; None when the book does not hold that much."""
    left, coins = notional, 0.0
    for price, size in asks:
        spent = min(left, price * size)
        coins += spent / price
        left -= spent
        if left <= notional * 1e-12:
            return Fill(notional / coins, coins)
    return None


def sell(bids: Iterable[tuple[float, float]], coins: float) -> Fill | None:
    """Sell `coins` into the bids; None when the book does not take that many."""
    left, earned = coins, 0.0
    for price, size in bids:
        sold = min(left, size)
        earned += sold * price
        left -= sold
        if left <= coins * 1e-12:
            return Fill(earned / coins, coins)
    return None


def sound(book: Book | None, now_ms: int, max_age_ms: int) -> Book | None:
    """`book` if it may be believed: fresh, no absurd level, best first, not crossed. A side may still be empty."""
    if book is None or not -SKEW_MS <= now_ms - book.taken_ms <= max_age_ms:
        return None
    bids, asks = list(book.bids.prices), list(book.asks.prices)
    if not all(_all_positive(numbers) for numbers in (bids, asks, book.bids.sizes, book.asks.sizes)):
        return None
    if bids != sorted(bids, reverse=True) or asks != sorted(asks):
        return None
    return None if bids and asks and bids[0] >= asks[0] else book


def _all_positive(numbers: Sequence[float]) -> bool:
    """Whether all are finite and above zero; one that is not makes the sum so. Books are long and looked at often."""
    return not numbers or (math.isfinite(sum(numbers)) and min(numbers) > 0)


class Premium(Struct, frozen=True):
    """Both premiums with the parts they come from; None where a part is unknown."""

    krw: float | None
    usdt: float | None
    fx: Fx
    bank_krw_per_usd: float | None
    usdt_usd: float | None
    coin_bps: float | None
    excess_bps: float | None
    market_bps: float | None


def premium(krw: float | None, usdt: float | None, fx: Fx, bank: float | None, usdt_usd: float | None) -> Premium:
    """The premiums of a coin at `krw` in Korea and `usdt` abroad. A rate that may not be acted on gives none."""
    bank, usdt_usd = positive(bank), positive(usdt_usd)
    real = bank * usdt_usd if bank and usdt_usd else None
    return Premium(
        *(krw, usdt, fx, bank, usdt_usd),
        coin_bps=_over(krw, usdt, real),
        excess_bps=_over(krw, usdt, fx.believed),
        market_bps=_over(fx.believed, 1.0, real),
    )


def _over(krw: float | None, usdt: float | None, rate: float | None) -> float | None:
    exact = excess(krw, usdt, rate)
    return None if exact is None else float(exact)


def excess(krw: float | None, usdt: float | None, rate: float | None) -> Decimal | None:
    """The excess premium of one pair of prices, in exact basis points; None where a price or the rate is unknown."""
    krw, usdt, rate = positive(krw), positive(usdt), positive(rate)
    cost = positive(usdt * rate) if usdt and rate else None
    return None if krw is None or cost is None else exact_bps(krw / cost - 1)
