"""Evidence -> GateInput: the rate, the reference price, the premiums, and every route priced, best first. Pure.

Nothing is decided here. The order in which answers arrived leaves no trace: all that is plural is sorted by name.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal

import msgspec

from analysis.cost_model import CostModel, Hedge, hedge_part, slippage_part, total
from analysis.evidence import Evidence, positive
from analysis.facts import facts_of
from analysis.gate_rules import GateInput, Plan, Previous, dear_parts, least_net_bps
from analysis.identity import Tie
from analysis.premium import (
    Fx,
    FxMember,
    Reference,
    VenuePrice,
    choose_fx,
    excess,
    global_vwap,
    premium,
    sound,
)
from analysis.quotes import Book, Figure, Listed, NotListed, Run, Spot
from analysis.routes import Way, ways
from analysis.verdict import CostPart, Mode
from config.settings import Settings

RUN_KEEPS_MS = 120_000  # candles are asked for with every look, which may be a minute apart; one failure is bridged
WITNESS_SPREAD = 0.2  # perpetuals further than this from the only spot price contradict it


def weigh(
    evidence: Evidence,
    settings: Settings,
    last_good: FxMember | None = None,
    previous: Previous | None = None,
    notional_krw: Decimal | None = None,
) -> GateInput:
    """What the rules need to know, worked out from `evidence`; the same evidence always gives the same input."""
    gate, notional = settings.radar.gate, notional_krw or settings.radar.gate.notional_krw
    mode = Mode.OPEN if evidence.opened else Mode.PRE_OPEN
    max_age_ms = round(gate.book_max_age_s * 1000)
    fx = choose_fx(evidence.legs, last_good, float(gate.fx_hard_coded_krw), evidence.now_ms, gate.fx_last_good_max_s)
    # Before the opening a book may already be shown; what stands in it is no price yet.
    korean = sound(evidence.korean.book, evidence.now_ms, max_age_ms) if mode is Mode.OPEN else None
    found_ways = ways(evidence, settings, mode)
    others = {way.venue for way in found_ways if way.identity.tie is Tie.DIFFERENT}
    spots = {venue: spot for venue, spot in evidence.spots().items() if venue not in others}
    reference = _reference(spots, evidence, settings, max_age_ms)
    if mode is Mode.OPEN:
        reference = _confirmed(reference, spots, evidence, max_age_ms)
    model = CostModel.of(settings)
    notional_usdt = float(notional) / fx.rate if fx.rate else None
    excluded = dict(reference.excluded) if mode is Mode.OPEN else {}

    hedges: dict[float | None, Hedge] = {}  # routes of one venue share its price

    def hedge_for(price: float | None) -> Hedge:
        at = reference.price if price is None else price
        if at not in hedges:
            hedges[at] = _hedge(evidence, model, others, at, notional_usdt)
        return hedges[at]

    plans = [
        _plan(way, evidence, model, hedge_for, fx, korean, notional, notional_usdt, excluded) for way in found_ways
    ]
    least = least_net_bps(gate, previous, evidence.now_ms)
    legs = evidence.legs
    run = _run_so_far(evidence, reference, spots, max_age_ms)
    prices = premium(
        korean.mid if korean else None,
        reference.price,
        fx,
        legs.bank.krw_per_usd if legs.bank else None,
        legs.usdt_usd.value if legs.usdt_usd else None,
    )
    ranked = tuple(sorted(plans, key=lambda plan: _rank(plan, model, least)))
    base = GateInput(
        exchange=evidence.exchange,
        base=evidence.base,
        mode=mode,
        now_ms=evidence.now_ms,
        krw_market="KRW" in evidence.quotes,
        gate=gate,
        fx=fx,
        premium=prices,
        reference=reference,
        plans=ranked,
        hedge=ranked[0].hedge if ranked else hedge_for(None),
        facts={},
        venues_asked=tuple(sorted(evidence.venues)),
        venues_silent=evidence.silent(),
        previous=previous,
        listed=evidence.korean.listed,
        opens_ms=None if evidence.first_trade_ms is not None else evidence.trading_starts_ms,
        run=run,
        perp_gap=_perp_gap(evidence, others, reference),
        rival_bps=_rival_bps(evidence, reference, fx, max_age_ms),
    )
    return msgspec.structs.replace(base, facts=dict(facts_of(base, evidence, settings, notional)))


def _reference(spots: Mapping[str, Spot], evidence: Evidence, settings: Settings, max_age_ms: int) -> Reference:
    """The global price. A lone venue needs its price borne out by a perpetual, where there is one to compare."""
    gate = settings.radar.gate
    now_ms = evidence.now_ms
    prices = [_venue_price(venue, spot, now_ms, max_age_ms) for venue, spot in spots.items()]
    known = [price for price in prices if price is not None]
    reference = global_vwap(known, now_ms, max_age_ms, gate.price_spread_max)
    if reference.price is None or len(reference.used) != 1:
        return reference
    books = (sound(perp.book, now_ms, max_age_ms) for perp in evidence.perps().values() if not perp.pre_market)
    mids = [book.mid for book in books if book is not None and book.mid is not None]
    if mids and not any(abs(mid - reference.price) <= WITNESS_SPREAD * reference.price for mid in mids):
        lone = reference.used[0]
        return Reference(None, None, (), (*reference.excluded, (lone, "conflict")))
    return reference


def _confirmed(reference: Reference, spots: Mapping[str, Spot], evidence: Evidence, max_age_ms: int) -> Reference:
    """The same price only if those who could not be heard are fewer than those who agree.

    A silent venue might contradict, and so might one that lists the coin without a price of it. Were silence taken for
    assent, losing two right answers would leave one wrong one.
    """
    unheard = [venue for venue, answer in evidence.venues.items() if not isinstance(answer, Listed | NotListed)]
    unheard += [
        venue
        for venue, answer in evidence.venues.items()
        if isinstance(answer, Listed) and not isinstance(answer.quote.spot, Spot | NotListed)
    ]
    unheard += [venue for venue, why in reference.excluded if why == "stale"]
    unheard += [
        venue for venue, spot in spots.items() if _venue_price(venue, spot, evidence.now_ms, max_age_ms) is None
    ]
    if reference.price is None or not unheard or len(reference.used) > len(unheard):
        return reference
    unconfirmed = ((venue, "unconfirmed") for venue in reference.used)
    return Reference(None, None, (), (*reference.excluded, *unconfirmed))


def _venue_price(venue: str, spot: Spot, now_ms: int, max_age_ms: int) -> VenuePrice | None:
    """The mid of its book, else of its best quotes; the last trade may be minutes old and is no price.

    Where neither is fresh the book's stale mid is given, so that the venue is counted as one that could not be heard.
    """
    volume = spot.quote_volume_24h.value if spot.quote_volume_24h else None
    book = sound(spot.book, now_ms, max_age_ms)
    if book is not None and book.mid is not None:
        return VenuePrice(venue, book.mid, volume, book.taken_ms)
    if spot.bid is not None and spot.ask is not None and 0 < spot.bid.value <= spot.ask.value:
        taken_ms = min(spot.bid.taken_ms, spot.ask.taken_ms)
        return VenuePrice(venue, (spot.bid.value + spot.ask.value) / 2, volume, taken_ms)
    stale = spot.book is not None and book is None and positive(spot.book.mid) is not None
    return VenuePrice(venue, spot.book.mid or 0.0, volume, spot.book.taken_ms) if stale and spot.book else None


def _hedge(
    evidence: Evidence, model: CostModel, others: set[str], price: float | None, notional_usdt: float | None
) -> Hedge:
    """The cheapest perpetual that a venue is known to have; unknown if there may be another; else a DEX's, or none.

    A DEX's does not stand in for one that is merely unknown: it might look cheaper than what is really there.
    """
    perps = {venue: perp for venue, perp in evidence.perps().items() if venue not in others}
    hedges = [model.hedge(venue, perp, price, notional_usdt, evidence.now_ms) for venue, perp in sorted(perps.items())]
    known = [hedge for hedge in hedges if hedge.cost_bps is not None]
    if known:
        return min(known, key=lambda hedge: (hedge.cost_bps or Decimal(0), hedge.venue))
    if evidence.perp_unknown() or any(hedge.kind == "unknown" for hedge in hedges):
        return Hedge("unknown")
    return model.dex_hedge(evidence.base) or Hedge("none")


def _plan(
    way: Way,
    evidence: Evidence,
    model: CostModel,
    hedge_for: Callable[[float | None], Hedge],
    fx: Fx,
    korean: Book | None,
    notional: Decimal,
    notional_usdt: float | None,
    excluded: Mapping[str, str],
) -> Plan:
    spot = evidence.spots()[way.venue]
    book = sound(spot.book, evidence.now_ms, round(model.gate.book_max_age_s * 1000))
    trade = model.trade(korean, book, fx.rate, notional)
    if fx.believed is None:
        trade = msgspec.structs.replace(trade, mid_excess_bps=None, executable_excess_bps=None)
    price = book.mid if book is not None else None
    hedge = hedge_for(price)  # its basis counts from the price that is paid
    cost = total(
        notional,
        (
            model.korean_fee(evidence.exchange, trade.executable_excess_bps),
            model.foreign_fee(way.venue),
            slippage_part("korean_slippage", trade.korean_slippage_bps, f"{evidence.exchange} book"),
            slippage_part("foreign_slippage", trade.foreign_slippage_bps, f"{way.venue} book"),
            model.withdrawal(way.network, way.fee_coins, price, notional_usdt, way.venue),
            model.gas(way.network, notional_usdt),
            _hedge_line(hedge, model),
        ),
    )
    net = None
    if trade.mid_excess_bps is not None and cost.total_bps is not None:
        net = trade.mid_excess_bps - cost.total_bps
    return Plan(way, trade, cost, hedge, net, excluded.get(way.venue))


def _hedge_line(hedge: Hedge, model: CostModel) -> CostPart:
    if hedge.kind == "unknown" and "hedge" in model.gate.waive_unknown:
        return CostPart("hedge", Decimal(0), Decimal(0), "waived")
    return hedge_part(hedge)


def _rank(plan: Plan, model: CostModel, least: Decimal) -> tuple[bool, bool, bool, bool, int, Decimal, float, str]:
    """Best first: usable, priced, profitable, fewest reasons for care, highest net, fastest; the name breaks ties."""
    net = plan.net_bps
    care = (plan.way.vasp != "yes") + (plan.way.identity.tie is not Tie.CONTRACT) + bool(plan.way.waived)
    care += bool(dear_parts(plan.cost, model.gate)) + (plan.hedge.kind != "cex")
    return (
        not plan.usable,
        plan.way.ruled_out,
        net is None,
        net is not None and net <= least,
        care,
        -net if net is not None else plan.cost.low_bps,
        plan.way.p90_min if plan.way.p90_min is not None else float("inf"),
        plan.way.name,
    )


def _run_so_far(evidence: Evidence, reference: Reference, spots: Mapping[str, Spot], max_age_ms: int) -> Run | None:
    """The run at one venue, from its price at the notice to its price now: the one that weighs most in the reference.

    A venue whose price is disputed, or that trades another coin of this name, tells no run; nor do candles of long ago
    tell a price of now.
    """
    disputed = {venue for venue, why in reference.excluded if why in ("outlier", "conflict")}
    told = [
        run
        for venue, run in evidence.runs.items()
        if venue in spots and venue not in disputed and positive(run.at_publication) and positive(run.now)
        if venue in reference.used or evidence.now_ms - run.taken_ms <= RUN_KEEPS_MS
    ]
    if not told:
        return None

    def weight(run: Run) -> tuple[bool, float, str]:
        volume = spots[run.venue].quote_volume_24h
        return run.venue not in reference.used, -(volume.value if volume is not None else 0.0), run.venue

    best = min(told, key=weight)
    price = _venue_price(best.venue, spots[best.venue], evidence.now_ms, max_age_ms)
    if price is None or best.venue not in reference.used:
        return best
    newest_ms = max(best.taken_ms, price.taken_ms)
    return msgspec.structs.replace(best, now=price.mid, high=max(best.high, price.mid), taken_ms=newest_ms)


def _perp_gap(evidence: Evidence, others: set[str], reference: Reference) -> Figure | None:
    """How far the first perpetual by name lies from the spot price, in bps; an ordinary one before a pre-market one."""
    perps = sorted(evidence.perps().items(), key=lambda each: (each[1].pre_market, each[0]))
    for venue, perp in perps:
        price = perp.book.mid if perp.book is not None else perp.mark.value if perp.mark is not None else None
        taken_ms = perp.book.taken_ms if perp.book is not None else perp.mark.taken_ms if perp.mark is not None else 0
        gap = None if venue in others else excess(price, reference.price, 1.0)
        if gap is not None:
            return Figure(float(gap), f"{venue} {perp.symbol}{' (pre-market)' if perp.pre_market else ''}", taken_ms)
    return None


def _rival_bps(evidence: Evidence, reference: Reference, fx: Fx, max_age_ms: int) -> float | None:
    """The excess premium at the other Korean exchange, at its mid price."""
    rival = evidence.korean.rival
    book = sound(rival.book, evidence.now_ms, max_age_ms) if rival is not None else None
    gap = excess(book.mid if book is not None else None, reference.price, fx.believed)
    return None if gap is None else float(gap)
