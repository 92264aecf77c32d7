"""What a round costs for one notional, part by part, in exact basis points of that notional. Pure.

A round: buy the coin abroad for the notional, withdraw it, sell it in Korea, and hold a short perpetual meanwhile.
What is not known is None and makes the total None; `low_bps` then sums what is known. Slippage is what lies between
the excess premium at mid prices and the one at which the books would really trade, so that
`mid excess - slippage = executable excess`, to the digit, and slippage is counted once.
"""

from decimal import Decimal
from typing import Literal

from msgspec import Struct

from analysis.evidence import positive
from analysis.identity import sane_unit
from analysis.premium import TENTH_OF_MILLI_BPS, Fill, buy_for, exact_bps, excess, sell, sound
from analysis.quotes import Book, Perp
from analysis.verdict import Cost, CostPart
from config.settings import DexVenue, Fee, Fees, Gate, Network, Settings

BPS = Decimal(10_000)
ABSURD_BPS = Decimal(10) ** 10
PARTS = ("korean_fee", "foreign_fee", "korean_slippage", "foreign_slippage", "withdrawal", "gas", "hedge")
LEAST_FUNDING_INTERVAL_H = 1.0


class Hedge(Struct, frozen=True):
    """The short that a round would open. `unknown`: a venue that may have a perpetual did not answer.

    `cost_bps` is None unless `kind` names a perpetual; its parts are fees in and out, both walks, basis, funding. It is
    the most that the hedge may cost, `least_bps` the least where that is another number: a DEX is not asked.
    """

    kind: Literal["cex", "dex", "none", "unknown"]
    venue: str = ""
    symbol: str = ""
    cost_bps: Decimal | None = None
    least_bps: Decimal | None = None
    basis_bps: float | None = None
    funding_bps: float | None = None
    source: str = ""
    taken_ms: int | None = None


class Trade(Struct, frozen=True):
    """Both walks of one round at one venue. Excess premiums in exact bps: at mids, and as the books would trade."""

    coins: float | None
    foreign_vwap: float | None
    korean_vwap: float | None
    mid_excess_bps: Decimal | None
    executable_excess_bps: Decimal | None
    korean_slippage_bps: Decimal | None
    foreign_slippage_bps: Decimal | None


class CostModel(Struct, frozen=True):
    """The numbers of fees.yaml and networks.yaml, ready to be applied."""

    fees: Fees
    networks: dict[str, Network]
    gate: Gate
    dexes: dict[str, DexVenue]

    @classmethod
    def of(cls, settings: Settings) -> "CostModel":
        return cls(settings.fees, dict(settings.networks), settings.radar.gate, dict(settings.hedges))

    def korean_fee(self, exchange: str, executable_bps: Decimal | None) -> CostPart:
        """Taker fee on what the sale brings in: the notional and its executable premium (unknown: the notional)."""
        fee = self.fees.bithumb_coupon_fee if self._with_coupon(exchange) else self.fees.spot_taker.get(exchange)
        if fee is None:
            return CostPart("korean_fee", None, None, "fees.yaml has no row")
        proceeds = 1 + executable_bps / BPS if executable_bps is not None else Decimal(1)
        bps = fee.value * 100 * max(proceeds, Decimal(0))
        return CostPart("korean_fee", bps, bps, dated(fee))

    def _with_coupon(self, exchange: str) -> bool:
        return exchange == "bithumb" and self.fees.bithumb_coupon

    def foreign_fee(self, venue: str) -> CostPart:
        fee = self.fees.spot_taker.get(venue)
        if fee is None:
            return CostPart("foreign_fee", None, None, "fees.yaml has no row")
        return CostPart("foreign_fee", fee.value * 100, fee.value * 100, dated(fee))

    def withdrawal(
        self, network: str, fee_coins: Decimal | None, price_usdt: float | None, notional_usdt: float | None, venue: str
    ) -> CostPart:
        """The venue's own fee where it tells one, else the estimate for the network."""
        if fee_coins is not None:
            price, notional = positive(price_usdt), positive(notional_usdt)
            if price is None or notional is None:
                return CostPart("withdrawal", None, None, f"{venue}, price unknown")
            bps = self._share(fee_coins * Decimal(repr(price)), notional)
            return CostPart("withdrawal", bps, bps, venue)
        return self._estimate("withdrawal", network, notional_usdt)

    def gas(self, network: str, notional_usdt: float | None) -> CostPart:
        return self._estimate("gas", network, notional_usdt)

    def _estimate(self, part: Literal["withdrawal", "gas"], network: str, notional_usdt: float | None) -> CostPart:
        entry, notional = self.networks.get(network), positive(notional_usdt)
        if entry is None or notional is None:
            return CostPart(part, None, None, "network not in networks.yaml" if entry is None else "FX unknown")
        fee = entry.gas_usd if part == "gas" else entry.withdrawal_usd
        bps = self._share(fee.value, notional)
        return CostPart(part, bps, bps, f"estimate, {dated(fee)}")

    @staticmethod
    def _share(usd: Decimal, notional_usdt: float) -> Decimal | None:
        """Bps of the notional, rounded up; None for a fee a million times the notional, which is no fee."""
        share = usd * BPS / Decimal(repr(notional_usdt))
        return share.quantize(Decimal("0.0001"), rounding="ROUND_UP") if share < ABSURD_BPS else None

    def hedge(self, venue: str, perp: Perp, spot_mid: float | None, notional_usdt: float | None, now_ms: int) -> Hedge:
        """What shorting `perp` for the notional costs: in and out, entry basis, funding.

        Only what costs is counted: a perpetual above spot and a funding that shorts receive may be gone in a minute.
        A pre-market perpetual is no hedge. A figure that is missing, a book that is too thin and a price that can't be
        the same coin in the same unit make it unknown, never free.
        """
        unknown = Hedge("unknown", venue, perp.symbol)
        if perp.pre_market:
            return Hedge("none", venue, perp.symbol)
        book = sound(perp.book, now_ms, round(self.gate.book_max_age_s * 1000))
        fee, spot, notional = self.fees.perp_taker.get(venue), positive(spot_mid), positive(notional_usdt)
        price, funding = book.mid if book is not None else None, self.funding_bps(perp)
        crossing = self._crossing(book, notional)
        if fee is None or spot is None or price is None or funding is None or crossing is None or book is None:
            return unknown
        basis = exact_bps(price / spot - 1)
        if basis is None or not sane_unit(price, spot):
            return unknown
        cost = 2 * fee.value * 100 + crossing + max(Decimal(0), -basis) + max(Decimal(0), -funding)
        return Hedge(
            *("cex", venue, perp.symbol, cost),
            basis_bps=float(basis),
            funding_bps=float(funding),
            source=book.source,
            taken_ms=book.taken_ms,
        )

    def dex_hedge(self, base: str) -> Hedge | None:
        """The cheapest perpetual on a decentralised exchange, as hedges.yaml has it; a rule warns of it.

        Its book is not asked for, so it costs between its fees alone and fees, crossing, basis and funding at the most.
        """
        found = [self._dex(venue, dex, dex.coins[base]) for venue, dex in self.dexes.items() if base in dex.coins]
        return min(found, key=lambda hedge: (hedge.cost_bps or Decimal(0), hedge.venue), default=None)

    def _dex(self, venue: str, dex: DexVenue, symbol: str) -> Hedge:
        fees = 2 * dex.taker_fee.value * 100
        funding = dex.funding_hour.value * 100 * Decimal(str(self.gate.hedge_minutes)) / 60
        most = fees + dex.crossing.value * 100 + funding
        checked = f"hedges.yaml, {dex.coins_checked.source} ({dex.coins_checked.date})"
        return Hedge("dex", venue, symbol, most.quantize(TENTH_OF_MILLI_BPS, rounding="ROUND_UP"), fees, source=checked)

    def funding_bps(self, perp: Perp) -> Decimal | None:
        """Funding over the expected holding time; > 0 means that the short receives it."""
        if perp.funding_rate is None or perp.funding_interval_h is None:
            return None
        interval_h = max(perp.funding_interval_h.value, LEAST_FUNDING_INTERVAL_H)
        return exact_bps(perp.funding_rate.value * self.gate.hedge_minutes / 60 / interval_h)

    @staticmethod
    def _crossing(book: Book | None, notional: float | None) -> Decimal | None:
        """What selling into the bids now and buying it back later from as deep asks loses against mid."""
        mid = book.mid if book is not None else None
        if book is None or mid is None or notional is None:
            return None
        bought = buy_for(book.asks, notional)
        sold = sell(book.bids, notional / mid)
        if bought is None or sold is None:
            return None
        return exact_bps(bought.vwap / mid - sold.vwap / mid)

    def trade(self, korean: Book | None, foreign: Book | None, rate: float | None, notional_krw: Decimal) -> Trade:
        """Walk both books for the notional: spend it on the foreign asks, sell the coins into the Korean bids."""
        korean_mid = korean.mid if korean is not None else None
        foreign_mid = foreign.mid if foreign is not None else None
        rate = positive(rate)
        bought: Fill | None = None
        if foreign is not None and rate is not None:
            bought = buy_for(foreign.asks, float(notional_krw) / rate)
        sold = sell(korean.bids, bought.coins) if korean is not None and bought is not None else None
        at_mid = excess(korean_mid, foreign_mid, rate)
        half = excess(sold.vwap if sold else None, foreign_mid, rate)
        executable = excess(sold.vwap if sold else None, bought.vwap if bought else None, rate)
        if korean_mid is None and bought is not None and foreign_mid is not None:
            foreign_slippage = exact_bps(bought.vwap / foreign_mid - 1)  # before the opening: against the foreign mid
        else:
            foreign_slippage = half - executable if half is not None and executable is not None else None
        return Trade(
            coins=bought.coins if bought else None,
            foreign_vwap=bought.vwap if bought else None,
            korean_vwap=sold.vwap if sold else None,
            mid_excess_bps=at_mid,
            executable_excess_bps=executable,
            korean_slippage_bps=at_mid - half if at_mid is not None and half is not None else None,
            foreign_slippage_bps=foreign_slippage,
        )


def hedge_part(hedge: Hedge) -> CostPart:
    """The hedge as a line of the cost table: nothing where there is none to be had, unknown where it is not known."""
    if hedge.kind == "none":
        return CostPart("hedge", Decimal(0), Decimal(0), "no hedge")
    if hedge.kind == "unknown" or hedge.cost_bps is None:
        return CostPart("hedge", None, None, "not known")
    least = hedge.cost_bps if hedge.least_bps is None else hedge.least_bps
    return CostPart("hedge", least, hedge.cost_bps, f"{hedge.venue} {hedge.symbol}")


def slippage_part(name: Literal["korean_slippage", "foreign_slippage"], bps: Decimal | None, source: str) -> CostPart:
    return CostPart(name, bps, bps, source if bps is not None else f"{source}: no book, or too thin for the notional")


def total(notional_krw: Decimal, parts: tuple[CostPart, ...]) -> Cost:
    """The table with its total; None as soon as one part is not known."""
    low = sum((part.low_bps for part in parts if part.low_bps is not None), Decimal(0))
    known = [part.high_bps for part in parts if part.high_bps is not None]
    return Cost(notional_krw, parts, sum(known, Decimal(0)) if len(known) == len(parts) else None, low)


def dated(fee: Fee) -> str:
    return f"{fee.source} ({fee.date})"
