"""Runs the rules and says the verdict: GO or NO_GO after the opening, READY, NOT_READY or UNKNOWN before it. Pure."""

from decimal import Decimal

from alerts.alert import AlertLevel
from analysis.evidence import Evidence
from analysis.gate_rules import RULES, GateInput, Plan, Previous, Severity
from analysis.premium import FxMember
from analysis.verdict import Finding, Mode, Outcome, Route, Verdict
from analysis.weigh import weigh
from config.settings import Gate, Settings


def decide(
    evidence: Evidence,
    settings: Settings,
    last_good: FxMember | None = None,
    previous: Previous | None = None,
    notional_krw: Decimal | None = None,
) -> Verdict:
    """Evidence to verdict in one step."""
    return judge(weigh(evidence, settings, last_good, previous, notional_krw))


def judge(g: GateInput) -> Verdict:
    """All rules that apply, in their order; then outcome and level. The same input always gives the same verdict."""
    applying = [rule for rule in RULES if g.krw_market and (g.mode is Mode.OPEN or rule.pre_open)]
    if not g.krw_market:
        applying = [rule for rule in RULES if rule.severity is Severity.WARNING and rule.pre_open]
    found = [(rule.severity, finding) for rule in applying if (finding := rule.check(g)) is not None]
    blockers = tuple(finding for severity, finding in found if severity is Severity.BLOCKER)
    warnings = tuple(finding for severity, finding in found if severity is Severity.WARNING)
    outcome = _outcome(g, blockers)
    best = g.plans[0] if g.plans else None
    return Verdict(
        mode=g.mode,
        outcome=outcome,
        level=level(outcome, g.fx.trusted, g.hedge.kind == "cex", bool(warnings)),
        made_ms=g.now_ms,
        facts=g.facts,
        blockers=blockers if outcome not in (Outcome.READY, Outcome.INFO) else (),
        warnings=warnings,
        routes=tuple(_route(plan) for plan in g.plans),
        cost=best.cost if best is not None else None,
        premium_bps=g.premium.coin_bps,
        excess_bps=g.premium.excess_bps,
        net_bps=best.net_bps if best is not None else None,
        run_bps=g.run.run_bps if g.run is not None else None,
        venues_asked=g.venues_asked,
        venues_silent=g.venues_silent,
    )


def _outcome(g: GateInput, blockers: tuple[Finding, ...]) -> Outcome:
    if not g.krw_market:
        return Outcome.INFO
    if g.mode is Mode.OPEN:
        priced = g.best is not None and g.best.net_bps is not None  # no rule may forget this one
        return Outcome.GO if priced and not blockers else Outcome.NO_GO
    if any(plan.way.open for plan in g.plans):
        return Outcome.READY
    known_all = bool(g.venues_asked) and not g.venues_silent
    return Outcome.NOT_READY if known_all and all(plan.way.ruled_out for plan in g.plans) else Outcome.UNKNOWN


def level(outcome: Outcome, trusted_fx: bool, cex_hedge: bool, warned: bool) -> AlertLevel:
    """How loud. CRITICAL only for a GO or READY with a hedge and without any warning; a GO needs trusted FX as well."""
    clean = cex_hedge and not warned
    match outcome:
        case Outcome.GO:
            return AlertLevel.CRITICAL if clean and trusted_fx else AlertLevel.HIGH
        case Outcome.READY:
            return AlertLevel.CRITICAL if clean else AlertLevel.HIGH
        case Outcome.UNKNOWN:
            return AlertLevel.HIGH
        case Outcome.NO_GO | Outcome.NOT_READY:
            return AlertLevel.MEDIUM
        case Outcome.INFO:
            return AlertLevel.LOW if warned else AlertLevel.INFO


def follow(previous: Previous | None, verdict: Verdict, gate: Gate) -> Previous:
    """What the next judgement must remember of this one: the outcome, and since when a GO has earned too little."""
    floor = gate.margin_bps - gate.hysteresis_bps
    if verdict.outcome is not Outcome.GO or verdict.net_bps is None or not verdict.net_bps < floor:
        return Previous(verdict.outcome, verdict.made_ms)
    since_ms = previous.below_since_ms if previous is not None else None
    return Previous(verdict.outcome, verdict.made_ms, verdict.made_ms if since_ms is None else since_ms)


def _route(plan: Plan) -> Route:
    total = plan.cost.total_bps
    reasons = plan.way.reasons
    if plan.excluded is not None:
        reasons = (*reasons, Finding("price_excluded", plan.excluded))
    if plan.too_few:
        reasons = (*reasons, Finding("below_withdraw_min"))
    return Route(
        venue=plan.way.venue,
        network=plan.way.network,
        withdrawal=plan.way.withdrawal,
        deposit=plan.way.deposit,
        vasp=plan.way.vasp,
        p50_min=plan.way.p50_min,
        p90_min=plan.way.p90_min,
        cost_krw=None if total is None else total * plan.cost.notional_krw / 10_000,
        reasons=reasons,
    )
