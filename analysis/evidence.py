"""All answers to one question, as they stood at one moment: what is judged. Pure values.

A venue is data here: no rule knows one by name. What a source did not say is None or a `Silent`, never a number.
"""

import math
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from analysis.quotes import BankRate, Book, Figure, Leg, Listed, Perp, Run, Silent, Spot, Transfers, VenueAnswer
from analysis.tokenomics import MarketCap


def positive(number: float | None) -> float | None:
    """`number` if it is a finite number above zero, else None: a price of zero often means "none"."""
    return number if number is not None and math.isfinite(number) and number > 0 else None


class Rival(Struct, frozen=True):
    """The other Korean exchange's market in the same coin. `listed` None: it did not say."""

    exchange: str
    listed: bool | None = None
    book: Book | None = None


class TravelRule(Struct, frozen=True):
    """What the Korean exchange itself says of coins that come from one venue; newer than the table kept by hand."""

    deposit: Literal["yes", "no"]
    source: str
    taken_ms: int


class KoreanFacts(Struct, frozen=True):
    """The Korean side: the KRW book, and the networks it takes deposits from (Silent: it does not tell).

    `listed`: whether it trades the coin at all (None: it did not say). `announced_networks` are those that
    the notice names; `contracts` maps a network to the address that the notice or the token registry names, under the
    exchange's own name for the network. `travel_rule` is by venue.
    """

    book: Book | None = None
    listed: bool | None = None
    transfers: Transfers | Silent = Silent("not asked")
    announced_networks: tuple[str, ...] = ()
    contracts: Mapping[str, str] = {}
    volume_24h_krw: Figure | None = None
    rival: Rival | None = None
    travel_rule: Mapping[str, TravelRule] = {}


class FxLegs(Struct, frozen=True):
    """Mid prices from which KRW per USDT follows, the bank's rate and the price of a USDT in USD; None: not known.

    `witnesses` are all that was told of BTC and ETH in USDT; the legs against USDT were chosen among them.
    """

    btc_krw: Leg | None = None
    btc_usdt: Leg | None = None
    eth_krw: Leg | None = None
    eth_usdt: Leg | None = None
    usdt_krw: Leg | None = None
    bank: BankRate | None = None
    usdt_usd: Figure | None = None
    witnesses: tuple[Leg, ...] = ()


class Evidence(Struct, frozen=True):
    """What everyone answered. The same evidence always gives the same verdict; the order of `venues` does not matter.

    `opened`: KRW trading has begun, as far as anyone knows; `first_trade_ms`: when it was seen to.
    `spot_only`: venues that trade no perpetuals at all, so that their silence leaves none unknown.
    `runs`: how the price went at each venue since the notice; `size`: what CoinGecko knows of the coin.
    """

    exchange: str
    base: str
    now_ms: int
    korean: KoreanFacts
    venues: Mapping[str, VenueAnswer]
    legs: FxLegs
    quotes: tuple[str, ...] = ("KRW",)
    trading_starts_ms: int | None = None
    first_trade_ms: int | None = None
    deposit_opens_ms: int | None = None
    opened: bool = True
    spot_only: frozenset[str] = frozenset()
    runs: Mapping[str, Run] = {}
    size: MarketCap | None = None

    def spots(self) -> dict[str, Spot]:
        """Venues that trade the coin against USDT, in order of name."""
        found = {name: answer.quote.spot for name, answer in sorted(self.venues.items()) if isinstance(answer, Listed)}
        return {name: spot for name, spot in found.items() if isinstance(spot, Spot)}

    def perps(self) -> dict[str, Perp]:
        found = {name: answer.quote.perp for name, answer in sorted(self.venues.items()) if isinstance(answer, Listed)}
        return {name: perp for name, perp in found.items() if isinstance(perp, Perp)}

    def silent(self) -> tuple[str, ...]:
        """Venues that did not answer, wholly or for one of their two markets."""
        return tuple(name for name, answer in sorted(self.venues.items()) if _silent(answer))

    def perp_unknown(self) -> bool:
        """Whether some venue may have a perpetual that we could not see."""
        return not self.venues or any(
            isinstance(answer, Silent) or (isinstance(answer, Listed) and isinstance(answer.quote.perp, Silent))
            for venue, answer in self.venues.items()
            if venue not in self.spot_only
        )


def _silent(answer: VenueAnswer) -> bool:
    if isinstance(answer, Listed):
        return isinstance(answer.quote.spot, Silent) or isinstance(answer.quote.perp, Silent)
    return isinstance(answer, Silent)
