"""A verdict's details as lines of text: reasons, premiums, routes, costs, facts and where they come from."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from alerts.texts.figures import krw, kst, minutes, percent, span, valued
from alerts.texts.words import (
    BY_HAND,
    COST_PARTS,
    DERIVED,
    FACTS,
    FINDINGS,
    NUMBERS,
    SUBJECTS,
    TRANSFERS,
    VASP,
    Language,
    say,
    unknown,
    word,
)
from analysis.verdict import Cost, CostPart, Finding, Mode, Route, Verdict
from collectors.events import Listing

ROUTES_SHOWN = 6
BULLET = "· "
BY_SYMBOL, LAGS = " by symbol", "may lag by minutes"  # how the sources of such facts end
# Reasons that a route's own line says already: which of its gates is closed or unknown.
TOLD_BY_GATES = (
    *("withdrawal_unknown", "deposit_unknown", "deposit_closed", "vasp_unknown", "vasp_blocked"),
    "transfer_time_unknown",
)
UNSURE = ("withdrawal_unknown", "deposit_unknown", "transfer_time_unknown")  # reasons that no known fact stands behind
_UNITS = ("krw", "usdt", "usd", "bps", "min", "ms", "s")


def finding(reason: Finding, language: Language) -> str:
    """One reason in words, with what it is about and the numbers it saw."""
    text = word(FINDINGS, reason.code, language)
    if reason.subject:
        text += f" · {word(SUBJECTS, reason.subject, language)}"
    numbers = ", ".join(_numbers(reason, language))
    return f"{text} ({numbers})" if numbers else text


def run(listing: Listing, verdict: Verdict, language: Language) -> list[str]:
    """How far the foreign price has run since the notice, else since the first sight; the high and the volume since."""
    run = percent(verdict.run_bps, language)
    since = (
        ("공지 이후", "since the notice") if listing.published_ms is not None else ("첫 감지 이후", "since first seen")
    )
    text = say((f"{since[0]} {run}", f"{run} {since[1]}"), language)
    high, volume = verdict.facts.get("run_high_bps"), verdict.facts.get("run.volume_usdt")
    if verdict.run_bps is None or high is None or volume is None:
        return [text]
    most, traded = valued(high.value, "bps", language), valued(volume.value, "usdt", language)
    more = say((f"최고 {most}, 거래대금 {traded}", f"high {most}, {traded} traded"), language)
    return [f"{text} ({more})"]


def venue_of(verdict: Verdict) -> str | None:
    """The venue to look at first: that of the best open route, else of the best one."""
    passable = [route for route in verdict.routes if not route.reasons]
    return (passable or list(verdict.routes))[0].venue if verdict.routes else None


def best_route(verdict: Verdict, language: Language) -> str:
    label = say(("경로", "Route"), language)
    passable = [route for route in verdict.routes if not route.reasons]
    if passable:
        return f"{label} {_journey(passable[0], language)}"
    if not verdict.routes:
        return f"{label} {unknown(language)}"
    unsure = any(all(reason.code in UNSURE for reason in route.reasons) for route in verdict.routes)
    none = ("열린 것으로 확인된 경로 없음", "none known to be open") if unsure else ("열린 경로 없음", "none open")
    return f"{label} {say(none, language)}"


def _journey(route: Route, language: Language) -> str:
    """`binance → SOL, p50 3 min / p90 12 min, cost ₩4,200`; without what is not known."""
    parts = [f"{route.venue} → {route.network}"]
    if route.p50_min is not None or route.p90_min is not None:
        parts.append(f"p50 {minutes(route.p50_min, language)} / p90 {minutes(route.p90_min, language)}")
    else:
        parts.append(say(("시간 알 수 없음", "time unknown"), language))
    if route.cost_krw is not None:
        parts.append(f"{say(('비용', 'cost'), language)} {krw(route.cost_krw, language)}")
    return ", ".join(parts)


def net(verdict: Verdict, language: Language) -> str:
    """Net after the opening; before it there is no Korean price, so what the premium must exceed."""
    cost = verdict.cost
    if verdict.mode is Mode.PRE_OPEN:
        label = say(("손익분기 프리미엄", "Break-even premium"), language)
        if cost is not None and cost.total_bps is None:
            return f"{label} ≥ {percent(cost.low_bps, language)}{_partly(cost, language)}"
        return f"{label} {percent(cost.total_bps if cost else None, language)}"
    label = say(("순이익", "Net"), language)
    if verdict.net_bps is None or cost is None:
        return f"{label} {percent(verdict.net_bps, language)}"
    amount = krw(verdict.net_bps * cost.notional_krw / Decimal(10_000), language)
    return f"{label} {percent(verdict.net_bps, language)} ({amount} / {krw(cost.notional_krw, language)})"


def _partly(cost: Cost, language: Language) -> str:
    missing = ", ".join(word(COST_PARTS, part.name, language) for part in cost.parts if part.low_bps is None)
    return f" ({missing}: {unknown(language)})" if missing else ""


def section(title: tuple[str, str], lines: Iterable[str], language: Language) -> list[str]:
    body = [f"{BULLET}{line}" for line in lines]
    return [say(title, language), *body] if body else []


def premiums(verdict: Verdict, language: Language) -> Iterator[str]:
    if verdict.mode is Mode.PRE_OPEN and verdict.premium_bps is None and verdict.excess_bps is None:
        return
    coin_premium = percent(verdict.premium_bps, language)
    excess = percent(verdict.excess_bps, language)
    yield f"{say(('코인 프리미엄 (은행 환율 대비)', 'coin premium, against the bank rate:'), language)} {coin_premium}"
    yield f"{say(('초과 프리미엄 (시장 프리미엄 대비)', 'excess over the market premium:'), language)} {excess}"


def routes(routes: tuple[Route, ...], language: Language) -> Iterator[str]:
    """One line a route: what is open or not, then the reasons that say more than that."""
    for route in routes[:ROUTES_SHOWN]:
        text = f"{_journey(route, language)}: {_gates(route, language)}"
        reasons = [finding(reason, language) for reason in route.reasons if reason.code not in TOLD_BY_GATES]
        yield f"{text}\n  ✕ {'; '.join(reasons)}" if reasons else text
    if len(routes) > ROUTES_SHOWN:
        more = len(routes) - ROUTES_SHOWN
        yield say((f"외 {more}개", f"and {more} more"), language)


def _gates(route: Route, language: Language) -> str:
    """Withdrawal, deposit and travel rule; what is unknown is named together, once."""
    states = [
        (say(("출금", "withdrawal"), language), say(TRANSFERS[route.withdrawal], language)),
        (say(("입금", "deposit"), language), say(TRANSFERS[route.deposit], language)),
    ]
    if route.vasp == "unknown":
        states.append((say(("트래블룰", "travel rule"), language), unknown(language)))
    missing = [name for name, state in states if state == unknown(language)]
    told = [f"{name} {state}" for name, state in states if state != unknown(language)]
    told += [word(VASP, route.vasp, language)] if route.vasp != "unknown" else []
    told += [f"{'·'.join(missing)} {unknown(language)}"] if missing else []
    return ", ".join(told)


def costs(cost: Cost | None, language: Language) -> Iterator[str]:
    if cost is None:
        return
    total = f"≥ {percent(cost.low_bps, language, signed=False)}"
    if cost.total_bps is not None:
        total = _between(cost.low_bps, cost.total_bps, language)
    label = say((f"합계 ({krw(cost.notional_krw, 'ko')} 기준)", f"total for {krw(cost.notional_krw, 'en')}"), language)
    yield f"{label} {total}"
    for part in cost.parts:
        yield f"{word(COST_PARTS, part.name, language)} {_range(part, language)}"


def _range(part: CostPart, language: Language) -> str:
    if part.low_bps is None or part.high_bps is None:
        known = part.low_bps if part.low_bps is not None else part.high_bps
        return percent(known, language, signed=False)
    return _between(part.low_bps, part.high_bps, language)


def _between(low_bps: Decimal, high_bps: Decimal, language: Language) -> str:
    low, high = percent(low_bps, language, signed=False), percent(high_bps, language, signed=False)
    return low if low == high else f"{low} – {high}"


def facts(verdict: Verdict, language: Language) -> Iterator[str]:
    """The facts that have a name in the vocabulary, in its order; a perpetual's gap where no basis says the same."""
    for name, words in FACTS.items():
        fact = verdict.facts.get(name)
        if fact is None or (name == "perp_gap_bps" and _known(verdict, "basis_bps")):
            continue
        value = word(SUBJECTS, fact.value, language) if isinstance(fact.value, str) else fact.value
        if name == "funding_bps" and isinstance(value, float):
            text = percent(value, language, places=4)
        else:
            text = valued(value, fact.unit, language)
        by_symbol = say((" (티커로만 찾음)", " (by ticker only)"), language) if fact.source.endswith(BY_SYMBOL) else ""
        yield f"{say(words, language)} {text}{by_symbol if value is not None else ''}"


def _known(verdict: Verdict, name: str) -> bool:
    fact = verdict.facts.get(name)
    return fact is not None and fact.value is not None


def sources(verdict: Verdict, language: Language, now_ms: int) -> Iterator[str]:
    """Who said so and how old the oldest word of each is; who was asked and did not answer. Paths are in `analyze`."""
    oldest: dict[str, int] = {}
    lagging = {fact.source.partition(" ")[0] for fact in verdict.facts.values() if fact.source.endswith(LAGS)}
    for name, fact in verdict.facts.items():
        age_ms = fact.age_ms(now_ms)
        if age_ms is None or name.startswith(DERIVED) or BY_HAND in fact.source.partition(" ")[0]:
            continue
        service = (fact.source.partition(": ")[2] or fact.source).partition(" ")[0]
        oldest[service] = max(age_ms, oldest.get(service, 0))
    if oldest:
        lag = say((" (입출금 상태는 몇 분 늦을 수 있음)", " (its transfer state may lag by minutes)"), language)
        yield ", ".join(
            f"{service} {span(age_ms, language)}{lag if service in lagging else ''}"
            for service, age_ms in sorted(oldest.items())
        )
    if verdict.venues_silent:
        yield f"{say(('응답 없음', 'no answer from'), language)}: {', '.join(verdict.venues_silent)}"


def _numbers(reason: Finding, language: Language) -> Iterator[str]:
    """A reason's numbers; the unit rides at the end of each name, as everywhere in the code."""
    for name, value in reason.numbers.items():
        label, _, unit = name.rpartition("_")
        if name in NUMBERS or not label or unit not in _UNITS:
            label, unit = name, ""
        if name.endswith("s_ms") and isinstance(value, int):  # `opens_ms`: a moment, not a length
            text = kst(value, language)
        else:
            text = valued(value, unit, language)
        yield f"{word(NUMBERS, label, language).replace('_', ' ')} {text}"
