"""One function per rule of the verdict: `(GateInput) -> Finding | None`. Pure.

A blocker says no, a warning says careful. Codes (`alerts/texts/words.py` has the words):

    blockers   not_listed_here, not_open_yet ·
               no_open_route and its causes withdrawal_closed, deposit_closed, deposit_scheduled, transfer_slow,
               vasp_blocked, no_common_network, other_coin, price_excluded,
               below_withdraw_min · unprofitable ·
               watch_only with the missing fact as subject: fx_conflict, fx_hard_coded, fx_off_bank, <exchange> price,
               foreign price, deposit, withdrawal, transfer time, cost, identity
    warnings   low_volume, gas_high, no_hedge, hedge_dex_only, hedge_unknown, identity_weak, fx_member_dropped,
               fx_unchecked, network_note, vasp_unknown, unknown_waived

What closes a route beside an open one stays that route's own reason. "Unknown" never passes for a yes: it is a blocker
of its own, or it keeps the level below CRITICAL.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum

from msgspec import Struct

from analysis.cost_model import Hedge, Trade
from analysis.identity import Tie
from analysis.premium import Fx, Premium, Reference
from analysis.quotes import Figure, Run
from analysis.routes import Way
from analysis.verdict import Cost, Fact, Finding, Mode, Outcome
from config.settings import Gate

LONGEST_NOTE = 120  # characters of an exchange's own words that a message has room for


class Plan(Struct, frozen=True):
    """One route with its price and cost. `net_bps` is the mid excess − total cost: the executable excess − the rest."""

    way: Way
    trade: Trade
    cost: Cost
    hedge: Hedge
    net_bps: Decimal | None
    excluded: str | None = None  # why this venue's price is not believed: stale | outlier | conflict

    @property
    def arriving(self) -> Decimal | None:
        """Coins after the withdrawal fee; None: not known."""
        return None if self.trade.coins is None else Decimal(repr(self.trade.coins)) - (self.way.fee_coins or 0)

    @property
    def too_few(self) -> bool:
        least, coins = self.way.min_coins, self.arriving
        return least is not None and coins is not None and coins < least

    @property
    def usable(self) -> bool:
        return self.way.open and self.excluded is None and not self.too_few


class Previous(Struct, frozen=True):
    """The verdict before this one, as far as it bears on it. `below_since_ms`: since when a GO earned too little."""

    outcome: Outcome
    made_ms: int
    below_since_ms: int | None = None


class GateInput(Struct, frozen=True):
    """Everything that the rules look at. `facts` has every input by name, with its source and time."""

    exchange: str
    base: str
    mode: Mode
    now_ms: int
    krw_market: bool
    gate: Gate
    fx: Fx
    premium: Premium
    reference: Reference
    plans: tuple[Plan, ...]  # best first
    hedge: Hedge
    facts: Mapping[str, Fact]
    venues_asked: tuple[str, ...]
    venues_silent: tuple[str, ...]
    previous: Previous | None = None
    listed: bool | None = None  # by the Korean exchange; None: it did not say
    opens_ms: int | None = None  # as announced; None: not announced, or a trade was seen
    run: Run | None = None
    perp_gap: Figure | None = None  # bps between a perpetual and the spot price
    rival_bps: float | None = None  # the excess premium at the other Korean exchange

    @property
    def best(self) -> Plan | None:
        """The route to act on; None while none is usable."""
        return self.plans[0] if self.plans and self.plans[0].usable else None


# --- blockers -------------------------------------------------------------------------------------------------------


def fx_not_usable(g: GateInput) -> Finding | None:
    return Finding("watch_only", g.fx.watch_only, {"krw_per_usdt": g.fx.rate}) if g.fx.watch_only else None


def korean_price_missing(g: GateInput) -> Finding | None:
    return Finding("watch_only", f"{g.exchange} price") if g.premium.krw is None else None


def not_listed_here(g: GateInput) -> Finding | None:
    """The exchange itself says that it does not trade the coin, whatever else was heard."""
    return Finding("not_listed_here", g.exchange) if g.listed is False else None


def not_open_yet(g: GateInput) -> Finding | None:
    """Trading is announced for later and no trade was seen, although the listing is held to be open."""
    if g.opens_ms is None or g.opens_ms <= g.now_ms:
        return None
    return Finding("not_open_yet", g.exchange, {"opens_ms": g.opens_ms})


def foreign_price_missing(g: GateInput) -> Finding | None:
    """No venue has a fresh price, or those that have one contradict each other."""
    if g.reference.price is not None:
        return None
    return Finding("watch_only", "foreign price", dict(g.reference.excluded))


def deposit_unknown(g: GateInput) -> Finding | None:
    return _unknown(g, "deposit_unknown", "deposit")


def withdrawal_unknown(g: GateInput) -> Finding | None:
    return _unknown(g, "withdrawal_unknown", "withdrawal")


def transfer_time_unknown(g: GateInput) -> Finding | None:
    return _unknown(g, "transfer_time_unknown", "transfer time")


def _unknown(g: GateInput, code: str, what: str) -> Finding | None:
    """Without an open route: what keeps a route that nothing known rules out from being one."""
    if g.best is not None:
        return None
    names = [plan.way.name for plan in g.plans if not _ruled_out(plan) and _has(plan, code)]
    return Finding("watch_only", what, {"routes": ", ".join(names)}) if names else None


def no_open_route(g: GateInput) -> Finding | None:
    """That nobody trades it abroad is said only where everyone was heard: a silent venue may well trade it."""
    if g.best is not None:
        return None
    untraded = not g.plans and bool(g.venues_asked) and not g.venues_silent
    return Finding("no_open_route", "not traded abroad" if untraded else "", {"routes_count": len(g.plans)})


def withdrawal_closed(g: GateInput) -> Finding | None:
    """Also a sign that the coin is scarce in Korea."""
    return _cause(g, "withdrawal_closed")


def deposit_closed(g: GateInput) -> Finding | None:
    return _cause(g, "deposit_closed")


def deposit_scheduled(g: GateInput) -> Finding | None:
    return _cause(g, "deposit_scheduled")


def transfer_slow(g: GateInput) -> Finding | None:
    return _cause(g, "transfer_slow")


def vasp_blocked(g: GateInput) -> Finding | None:
    return _cause(g, "vasp_blocked")


def no_common_network(g: GateInput) -> Finding | None:
    return _cause(g, "no_common_network")


def other_coin(g: GateInput) -> Finding | None:
    return _cause(g, "other_coin")


def price_excluded(g: GateInput) -> Finding | None:
    """Routes that stand open at a venue whose price is stale or far from the others'."""
    if g.best is not None:
        return None
    names = [f"{plan.way.name}: {plan.excluded}" for plan in g.plans if plan.way.open and plan.excluded]
    return Finding("price_excluded", ", ".join(names)) if names else None


def below_withdraw_min(g: GateInput) -> Finding | None:
    """Routes that stand open for more coins than the notional buys."""
    few = [plan for plan in g.plans if plan.way.open and plan.too_few]
    if g.best is not None or not few:
        return None
    coins, least = few[0].arriving, few[0].way.min_coins
    numbers = {"coins": float(coins or 0), "least": float(least or 0)}
    return Finding("below_withdraw_min", ", ".join(plan.way.name for plan in few), numbers)


def _cause(g: GateInput, code: str) -> Finding | None:
    """The same reason of one or more routes, as long as none is open."""
    if g.best is not None:
        return None
    found = [(plan.way.name, reason) for plan in g.plans for reason in plan.way.reasons if reason.code == code]
    if not found:
        return None
    return Finding(code, ", ".join(name for name, _ in found), found[0][1].numbers)


def unprofitable(g: GateInput) -> Finding | None:
    """Net at or below the margin. A GO is kept until net has been 50 bps below it for 10 s (`hysteresis_*`).

    It is not kept at a loss, nor on the strength of a look so long ago that nobody saw what lay between.
    """
    net = g.best.net_bps if g.best is not None else None
    if net is None:
        return None
    standing = _standing(g.gate, g.previous, g.now_ms)
    if standing is not None and net > 0:
        if not net < least_net_bps(g.gate, g.previous, g.now_ms):
            return None
        since_ms = standing.below_since_ms if standing.below_since_ms is not None else g.now_ms
        if g.now_ms - since_ms < g.gate.hysteresis_s * 1000:
            return None
    elif net > g.gate.margin_bps:
        return None
    return Finding("unprofitable", "", {"net_bps": float(net), "margin_bps": float(g.gate.margin_bps)})


def least_net_bps(gate: Gate, previous: Previous | None, now_ms: int) -> Decimal:
    """What net must exceed; for a GO that stands, what it may fall to."""
    kept = _standing(gate, previous, now_ms) is not None
    return max(Decimal(0), gate.margin_bps - gate.hysteresis_bps) if kept else gate.margin_bps


def _standing(gate: Gate, previous: Previous | None, now_ms: int) -> Previous | None:
    """The verdict before this one if it was a GO, and no longer ago than a GO outlives its profit."""
    if previous is None or previous.outcome is not Outcome.GO:
        return None
    return previous if now_ms - previous.made_ms <= gate.hysteresis_s * 1000 else None


def cost_unknown(g: GateInput) -> Finding | None:
    """Some part of the cost is not known: the book is too thin or missing, the fee or the hedge not told."""
    if g.best is None or g.best.net_bps is not None:
        return None
    if g.fx.believed is None or g.premium.krw is None:  # said by their own rules, and the cause of this
        return None
    missing = [part.name for part in g.best.cost.parts if part.high_bps is None]
    return Finding("watch_only", "cost", {"missing": ", ".join(missing) or "premium"})


def premium_unproven(g: GateInput) -> Finding | None:
    """So high a premium on the strength of a ticker alone is more likely another coin of the same name."""
    if g.best is None or g.best.way.identity.tie is Tie.CONTRACT:
        return None
    excess = g.best.trade.mid_excess_bps
    if excess is None or excess <= g.gate.weak_identity_max_bps:
        return None
    return Finding("watch_only", "identity", {"excess_bps": float(excess), "tie": g.best.way.identity.tie.value})


# --- warnings -------------------------------------------------------------------------------------------------------


def low_volume(g: GateInput) -> Finding | None:
    """Global 24 h volume under the limit, or told by no venue."""
    volume = g.reference.volume_usdt
    if volume is not None and volume >= g.gate.volume_min_usd:
        return None
    return Finding("low_volume", "", {"volume_usd": volume, "limit_usd": g.gate.volume_min_usd})


def gas_high(g: GateInput) -> Finding | None:
    """Gas or withdrawal above its part of the notional, on the route that would be taken."""
    plan = _spoken_of(g)
    if plan is None:
        return None
    over = {f"{name}_bps": float(bps) for name, bps in dear_parts(plan.cost, g.gate).items()}
    return Finding("gas_high", plan.way.name, over) if over else None


def dear_parts(cost: Cost, gate: Gate) -> dict[str, Decimal]:
    return {
        part.name: part.high_bps
        for part in cost.parts
        if part.name in ("gas", "withdrawal") and part.high_bps is not None and part.high_bps > gate.gas_max_bps
    }


def no_hedge(g: GateInput) -> Finding | None:
    return Finding("no_hedge") if g.hedge.kind == "none" else None


def hedge_dex_only(g: GateInput) -> Finding | None:
    return Finding("hedge_dex_only", g.hedge.venue) if g.hedge.kind == "dex" else None


def hedge_unknown(g: GateInput) -> Finding | None:
    return Finding("hedge_unknown", ", ".join(g.venues_silent)) if g.hedge.kind == "unknown" else None


def identity_weak(g: GateInput) -> Finding | None:
    plan = _spoken_of(g)
    if plan is None or plan.way.identity.tie is not Tie.TICKER:
        return None
    return Finding("identity_weak", plan.way.venue, {"by": plan.way.identity.tie.value})


def fx_member_dropped(g: GateInput) -> Finding | None:
    if not g.fx.dropped:
        return None
    return Finding("fx_member_dropped", "", {f"{member.step.value}_krw": member.rate for member in g.fx.dropped})


def network_note(g: GateInput) -> Finding | None:
    """An exchange says something of the network in its own words: congestion, delays."""
    plan = _spoken_of(g)
    return (
        Finding("network_note", plan.way.name, {"note": " ".join(plan.way.note.split())[:LONGEST_NOTE]})
        if plan is not None and plan.way.note
        else None
    )


def fx_unchecked(g: GateInput) -> Finding | None:
    """A rate from one pair of sources, and no bank rate of the last days to compare it with."""
    return Finding("fx_unchecked", "", {"krw_per_usdt": g.fx.rate}) if g.fx.unchecked else None


def vasp_unknown(g: GateInput) -> Finding | None:
    plan = _spoken_of(g)
    return Finding("vasp_unknown", plan.way.venue) if plan is not None and plan.way.vasp == "unknown" else None


def unknown_waived(g: GateInput) -> Finding | None:
    """The configuration waives facts that are not known here; such a verdict never rings as CRITICAL."""
    plan = _spoken_of(g)
    waived = list(plan.way.waived) if plan is not None else []
    if g.hedge.kind == "unknown" and "hedge" in g.gate.waive_unknown:
        waived.append("hedge")
    return Finding("unknown_waived", ", ".join(waived)) if waived else None


def _spoken_of(g: GateInput) -> Plan | None:
    return g.plans[0] if g.plans else None


def _has(plan: Plan, code: str) -> bool:
    return any(reason.code == code for reason in plan.way.reasons)


def _ruled_out(plan: Plan) -> bool:
    return plan.way.ruled_out or plan.excluded is not None


# --- the list -------------------------------------------------------------------------------------------------------


class Severity(Enum):
    BLOCKER = "blocker"
    WARNING = "warning"


class Rule(Struct, frozen=True):
    """A rule, how it weighs, and when it applies; before the opening there is no Korean price, and that is normal."""

    check: Callable[[GateInput], Finding | None]
    severity: Severity
    pre_open: bool = True


def _blocker(check: Callable[[GateInput], Finding | None], pre_open: bool = True) -> Rule:
    return Rule(check, Severity.BLOCKER, pre_open)


def _warning(check: Callable[[GateInput], Finding | None], pre_open: bool = True) -> Rule:
    return Rule(check, Severity.WARNING, pre_open)


RULES: tuple[Rule, ...] = (
    _blocker(fx_not_usable, pre_open=False),
    _blocker(korean_price_missing, pre_open=False),
    _blocker(not_listed_here, pre_open=False),
    _blocker(not_open_yet, pre_open=False),
    _blocker(foreign_price_missing, pre_open=False),
    _blocker(no_open_route),
    _blocker(withdrawal_closed),
    _blocker(deposit_closed),
    _blocker(deposit_scheduled, pre_open=False),
    _blocker(transfer_slow),
    _blocker(vasp_blocked),
    _blocker(no_common_network),
    _blocker(other_coin),
    _blocker(price_excluded, pre_open=False),
    _blocker(below_withdraw_min, pre_open=False),
    _blocker(deposit_unknown),
    _blocker(withdrawal_unknown),
    _blocker(transfer_time_unknown),
    _blocker(cost_unknown, pre_open=False),
    _blocker(premium_unproven, pre_open=False),
    _blocker(unprofitable, pre_open=False),
    _warning(low_volume),
    _warning(gas_high),
    _warning(no_hedge),
    _warning(hedge_dex_only),
    _warning(hedge_unknown),
    _warning(identity_weak),
    _warning(fx_member_dropped, pre_open=False),
    _warning(fx_unchecked, pre_open=False),
    _warning(network_note),
    _warning(vasp_unknown),
    _warning(unknown_waived),
)
