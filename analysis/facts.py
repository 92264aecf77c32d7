"""Every input of a verdict by name, and what was worked out from it, each with its source and time. Pure.

Stored with each decision, so that it can be recomputed: executable excess = korean_vwap / (foreign_vwap x fx) - 1, and
net = mid excess - total cost, both of the route in `route`. A number kept by hand is as old as its date in the file.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

from analysis.cost_model import dated
from analysis.evidence import Evidence, FxLegs
from analysis.gate_rules import GateInput, Plan
from analysis.premium import Fx
from analysis.quotes import Figure, Listed, NotListed, Perp, Silent, Spot, Transfers
from analysis.verdict import Fact, FactValue
from config.settings import Settings

Named = tuple[str, Fact]

FX_FACT, BANK_FACT, USDT_FACT = "fx_krw_per_usdt", "bank_krw_per_usd", "usdt_usd"


LIMITS = {  # what the rules hold the facts against, as `gate:` of radar.yaml names it
    "margin_bps": "bps",
    "transfer_p90_max_min": "min",
    "volume_min_usd": "usd",
    "gas_max_bps": "bps",
    "hysteresis_bps": "bps",
    "hysteresis_s": "s",
    "price_spread_max": "part",
    "weak_identity_max_bps": "bps",
    "book_max_age_s": "s",
    "transfer_max_age_s": "s",
    "fx_last_good_max_s": "s",
    "hedge_minutes": "min",
}


def facts_of(g: GateInput, evidence: Evidence, settings: Settings, notional_krw: Decimal) -> Iterator[Named]:
    """All facts, inputs first; unknown ones too, with the value None."""
    yield "notional_krw", Fact(float(notional_krw), "krw", "radar.yaml", None)
    yield from _limits(g)
    yield from fx_facts(g.fx, evidence.legs)
    yield from _listing(g, evidence)
    yield from _korean(g, evidence)
    yield from _rival(g, evidence)
    for venue, answer in sorted(evidence.venues.items()):
        yield f"{venue}.answer", Fact(_said(answer), "text", venue, evidence.now_ms)
        if isinstance(answer, Listed):
            yield from _spot(venue, answer.quote.spot)
            yield from _perp(venue, answer.quote.perp)
            yield from _transfers(venue, answer.quote.transfers)
    for venue, why in g.reference.excluded:
        yield f"{venue}.excluded", Fact(why, "text", "comparison of venues", evidence.now_ms)
    yield from _by_hand(g, evidence, settings)
    yield from _derived(g, evidence)


def _limits(g: GateInput) -> Iterator[Named]:
    for name, unit in LIMITS.items():
        yield f"limit.{name}", Fact(float(getattr(g.gate, name)), unit, "radar.yaml", None)
    if g.gate.waive_unknown:
        yield "limit.waive_unknown", Fact(", ".join(g.gate.waive_unknown), "text", "radar.yaml", None)


def _listing(g: GateInput, evidence: Evidence) -> Iterator[Named]:
    """What is known of the listing itself, and the verdict before this one."""
    yield "markets", Fact(", ".join(evidence.quotes), "text", "listing", evidence.now_ms)
    for name, at_ms in (
        ("trading_starts_ms", evidence.trading_starts_ms),
        ("first_trade_ms", evidence.first_trade_ms),
        ("deposit_opens_ms", evidence.deposit_opens_ms),
    ):
        source = "trades" if name == "first_trade_ms" else "notice"
        yield name, Fact(at_ms, "utc_ms", source, evidence.now_ms if at_ms is not None else None)
    before = g.previous
    if before is not None:
        yield "previous.verdict", Fact(before.outcome.value, "text", "decisions", before.made_ms)
        if before.below_since_ms is not None:
            yield "previous.below_since_ms", Fact(before.below_since_ms, "utc_ms", "decisions", before.made_ms)


def _by_hand(g: GateInput, evidence: Evidence, settings: Settings) -> Iterator[Named]:
    """What the tables kept by hand say of these venues and networks; an exchange's own word is told beside it."""
    told = settings.vasps.get(evidence.exchange, {})
    for venue in sorted({plan.way.venue for plan in g.plans} - set(evidence.korean.travel_rule)):
        name, entry = f"{evidence.exchange}.travel_rule.{venue}", told.get(venue)
        if entry is None:
            yield name, Fact(None, "text", "vasp_matrix.yaml has no row", None)
            continue
        known = entry.deposit != "unknown"
        source = f"vasp_matrix.yaml, {entry.source} ({entry.date})"
        yield name, Fact(entry.deposit if known else None, "text", source, _day_ms(entry.date) if known else None)
    for network in sorted({plan.way.network for plan in g.plans} & settings.networks.keys()):
        kept = settings.networks[network]
        for part, fee in (("p50_min", kept.p50_min), ("p90_min", kept.p90_min)):
            yield f"{part}.{network}", Fact(float(fee.value), "min", f"networks.yaml, {dated(fee)}", _day_ms(fee.date))


def _day_ms(date: str) -> int:
    return int(datetime.fromisoformat(date).replace(tzinfo=UTC).timestamp() * 1000)


def _said(answer: Listed | NotListed | Silent) -> str:
    match answer:
        case Silent(reason=reason):
            return f"silent: {reason}"
        case NotListed():
            return "not listed"
    return "listed"


def fx_facts(fx: Fx, legs: FxLegs) -> Iterator[Named]:
    """The rate in use, what the live steps say, and every price behind them."""
    pairs = {"btc_krw": legs.btc_krw, "btc_usdt": legs.btc_usdt, "eth_krw": legs.eth_krw, "eth_usdt": legs.eth_usdt}
    for name, leg in (pairs | {"usdt_krw": legs.usdt_krw}).items():
        if leg is not None:
            yield f"leg.{name}", Fact(leg.price, leg.quote.lower(), leg.source, leg.taken_ms)
    for leg in legs.witnesses:
        named = f"leg.{leg.base.lower()}_usdt.{leg.source.partition(' ')[0]}"
        yield named, Fact(leg.price, "usdt", leg.source, leg.taken_ms)
    for member in fx.members:
        yield f"fx.{member.step.value}", Fact(member.rate, "krw_per_usdt", member.source, member.taken_ms)
    step = fx.step.value if fx.step is not None else "none"
    yield FX_FACT, Fact(fx.rate, "krw_per_usdt", f"{step}: {fx.source}", fx.taken_ms)
    bank = legs.bank
    if bank is not None:
        yield BANK_FACT, Fact(bank.krw_per_usd, "krw_per_usd", bank.source, bank.posted_ms)
    else:
        yield BANK_FACT, Fact(None, "krw_per_usd", "bank", None)
    yield USDT_FACT, _figure(legs.usdt_usd, "usd", "coinbase")


def _korean(g: GateInput, evidence: Evidence) -> Iterator[Named]:
    book = evidence.korean.book
    taken, source = (book.taken_ms, book.source) if book is not None else (None, evidence.exchange)
    yield "korean_bid_krw", Fact(book.bids[0][0] if book and book.bids else None, "krw", source, taken)
    yield "korean_ask_krw", Fact(book.asks[0][0] if book and book.asks else None, "krw", source, taken)
    known = g.premium.krw
    yield "korean_mid_krw", Fact(known, "krw", source, taken if known is not None else None)
    yield "korean_volume_24h_krw", _figure(evidence.korean.volume_24h_krw, "krw", evidence.exchange)
    listed = evidence.korean.listed
    yield "korean_listed", Fact(listed, "bool", source, evidence.now_ms if listed is not None else None)
    for network, address in sorted(evidence.korean.contracts.items()):
        yield f"{evidence.exchange}.contract.{network}", Fact(address, "text", "notice or token_registry", None)
    yield from _transfers(evidence.exchange, evidence.korean.transfers)
    for venue, rule in sorted(evidence.korean.travel_rule.items()):
        yield f"{evidence.exchange}.travel_rule.{venue}", Fact(rule.deposit, "text", rule.source, rule.taken_ms)


def _rival(g: GateInput, evidence: Evidence) -> Iterator[Named]:
    """The other Korean exchange: whether it trades the coin, at what price, and how far above the world's."""
    rival = evidence.korean.rival
    if rival is None:
        return
    book = rival.book
    said = None if rival.listed is None else rival.exchange if rival.listed else "none"
    taken_ms = book.taken_ms if book is not None else evidence.now_ms
    yield "rival", Fact(said, "text", rival.exchange, taken_ms if said is not None else None)
    if rival.listed:
        mid = book.mid if book is not None else None
        source = book.source if book is not None else rival.exchange
        yield "rival_mid_krw", Fact(mid, "krw", source, taken_ms if mid is not None else None)
        yield "rival_excess_bps", _worked(g, g.rival_bps, "bps", "computed")


def _transfers(exchange: str, transfers: Transfers | NotListed | Silent) -> Iterator[Named]:
    """Both directions of one exchange by network, with the lag that it admits; unknown where it does not tell."""
    if not isinstance(transfers, Transfers):
        why = f"{exchange}: {transfers.reason}" if isinstance(transfers, Silent) else exchange
        yield f"{exchange}.deposit", Fact(None, "text", why, None)
        yield f"{exchange}.withdrawal", Fact(None, "text", why, None)
        return
    source = f"{transfers.source}, {transfers.lag}" if transfers.lag else transfers.source
    for state in transfers.networks:
        for way, told in (("deposit", state.deposit), ("withdrawal", state.withdrawal)):
            yield f"{exchange}.{way}.{state.network}", Fact(told.value, "text", source, transfers.taken_ms)
        if state.withdraw_fee is not None:
            fee = Fact(float(state.withdraw_fee), "coins", source, transfers.taken_ms)
            yield f"{exchange}.withdrawal.{state.network}.fee", fee
        if state.withdraw_min is not None:
            least = Fact(float(state.withdraw_min), "coins", source, transfers.taken_ms)
            yield f"{exchange}.withdrawal.{state.network}.min", least
        if state.contract:
            yield f"{exchange}.contract.{state.network}", Fact(state.contract, "text", source, transfers.taken_ms)
        if state.block_age_ms is not None:
            age = Fact(state.block_age_ms, "ms", source, transfers.taken_ms)
            yield f"{exchange}.block_age.{state.network}", age


def _spot(venue: str, spot: Spot | NotListed | Silent) -> Iterator[Named]:
    if not isinstance(spot, Spot):
        yield f"{venue}.spot", Fact(_said(spot), "text", venue, None)
        return
    yield f"{venue}.last_usdt", _figure(spot.last, "usdt", venue)
    yield f"{venue}.bid_usdt", _figure(spot.bid, "usdt", venue)
    yield f"{venue}.ask_usdt", _figure(spot.ask, "usdt", venue)
    yield f"{venue}.volume_24h_usdt", _figure(spot.quote_volume_24h, "usdt", venue)
    book = spot.book
    yield f"{venue}.mid_usdt", Fact(book.mid if book else None, "usdt", book.source if book else venue, _taken(book))


def _perp(venue: str, perp: Perp | NotListed | Silent) -> Iterator[Named]:
    if not isinstance(perp, Perp):
        yield f"{venue}.perp", Fact(_said(perp), "text", venue, None)
        return
    yield f"{venue}.perp_mark_usdt", _figure(perp.mark, "usdt", venue)
    yield f"{venue}.funding_rate", _figure(perp.funding_rate, "part", venue)
    yield f"{venue}.funding_interval_h", _figure(perp.funding_interval_h, "h", venue)
    book = perp.book
    mid = book.mid if book else None
    yield f"{venue}.perp_mid_usdt", Fact(mid, "usdt", book.source if book else venue, _taken(book))
    if perp.pre_market:
        yield f"{venue}.perp_pre_market", Fact(True, "bool", venue, None)


def _taken(book: object) -> int | None:
    taken: int | None = getattr(book, "taken_ms", None)
    return taken


def _figure(figure: Figure | None, unit: str, source: str) -> Fact:
    if figure is None:
        return Fact(None, unit, source, None)
    return Fact(figure.value, unit, figure.source, figure.taken_ms)


def _derived(g: GateInput, evidence: Evidence) -> Iterator[Named]:
    """What was worked out; its time is that of the judgement."""
    used = ", ".join(g.reference.used) or "no venue"
    yield "reference_usdt", _worked(g, g.reference.price, "usdt", f"VWAP of {used}")
    yield "global_volume_usd", _worked(g, g.reference.volume_usdt, "usd", used)
    yield "premium_bps", _worked(g, g.premium.coin_bps, "bps", "computed")
    yield "excess_bps", _worked(g, g.premium.excess_bps, "bps", "computed")
    yield "market_premium_bps", _worked(g, g.premium.market_bps, "bps", "computed")
    hedge, source = g.hedge, g.hedge.source or "venues"
    named = {"unknown": None, "none": "none"}.get(hedge.kind, f"{hedge.venue} {hedge.symbol}")
    yield "hedge", Fact(named, "text", source, hedge.taken_ms)
    yield "basis_bps", Fact(hedge.basis_bps, "bps", source, hedge.taken_ms)
    yield "funding_bps", Fact(hedge.funding_bps, "bps", source, hedge.taken_ms)
    if g.perp_gap is not None:
        yield "perp_gap_bps", _figure(g.perp_gap, "bps", "venues")
    yield from _run(g)
    yield from _size(evidence)
    for venue, tie in sorted({(plan.way.venue, plan.way.identity.tie.value) for plan in g.plans}):
        yield f"identity.{venue}", _worked(g, tie, "text", "comparison of contracts")
    for plan in g.plans:
        yield f"route.{plan.way.name}", _worked(g, _passable(plan), "text", "computed")
    if g.plans:
        yield from _route(g, g.plans[0])


def _run(g: GateInput) -> Iterator[Named]:
    """How far it has run since the notice, all at one venue."""
    run = g.run
    if run is None:
        yield "run_bps", Fact(None, "bps", "venues", None)
        return
    yield "run.published_usdt", Fact(run.at_publication, "usdt", run.source, run.published_ms)
    for name, value in (("now", run.now), ("high", run.high), ("volume", run.quote_volume)):
        yield f"run.{name}_usdt", Fact(value, "usdt", run.source, run.taken_ms)
    yield "run_bps", _worked(g, run.run_bps, "bps", f"{run.venue}, since the notice")
    yield "run_high_bps", _worked(g, run.high_bps, "bps", f"{run.venue}, since the notice")


def _size(evidence: Evidence) -> Iterator[Named]:
    """Market cap and supply, as old as they are."""
    size = evidence.size
    if size is None:
        yield "market_cap_usd", Fact(None, "usd", "coingecko", None)
        return
    source = f"{size.source}, {size.coin_id} by {size.matched_by}"
    figures = {"market_cap_usd": size.market_cap_usd, "fdv_usd": size.fdv_usd}
    supplies = {"circulating_supply": size.circulating, "total_supply": size.total, "maximum_supply": size.maximum}
    for name, value in (figures | supplies).items():
        unit = "usd" if name in figures else "coins"
        yield name, Fact(value, unit, source, size.updated_ms if value is not None else None)


def _passable(plan: Plan) -> str:
    """`open`, with what was waived for it; else every reason against the route."""
    against = [reason.code for reason in plan.way.reasons]
    against += [f"price {plan.excluded}"] if plan.excluded is not None else []
    against += ["below_withdraw_min"] if plan.too_few else []
    waived = f" (waived: {', '.join(plan.way.waived)})" if plan.way.waived else ""
    return (", ".join(against) or "open") + waived


def _route(g: GateInput, plan: Plan) -> Iterator[Named]:
    trade, name = plan.trade, plan.way.name
    yield "route", _worked(g, name, "text", "computed")
    yield "route_coins", _worked(g, trade.coins, "coins", name)
    yield "route_foreign_vwap_usdt", _worked(g, trade.foreign_vwap, "usdt", f"walk of the asks at {plan.way.venue}")
    yield "route_korean_vwap_krw", _worked(g, trade.korean_vwap, "krw", f"walk of the bids at {g.exchange}")
    yield "route_mid_excess_bps", _worked(g, trade.mid_excess_bps, "bps", "computed")
    yield "route_executable_excess_bps", _worked(g, trade.executable_excess_bps, "bps", "computed")
    for part in plan.cost.parts:
        yield f"cost.{part.name}_bps", _worked(g, part.high_bps, "bps", part.source)
    yield "cost.total_bps", _worked(g, plan.cost.total_bps, "bps", "computed")
    yield "net_bps", _worked(g, plan.net_bps, "bps", "computed")


def _worked(g: GateInput, value: FactValue | Decimal, unit: str, source: str) -> Fact:
    plain = float(value) if isinstance(value, Decimal) else value
    return Fact(plain, unit, source, g.now_ms if plain is not None else None)
