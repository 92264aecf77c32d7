"""What must hold for any listing: exact sums, worse facts never help, silence never helps, order never matters."""

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise
from typing import TypeVar, cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from alerts.alert import AlertLevel
from analysis.evidence import Evidence, TravelRule
from analysis.gate import decide, judge
from analysis.quotes import (
    Book,
    Levels,
    Listed,
    NetworkState,
    NotListed,
    Perp,
    Quote,
    Silent,
    Spot,
    Transfers,
    VenueAnswer,
)
from analysis.verdict import Mode, Outcome, TransferState, Verdict
from analysis.weigh import weigh
from tests.fakes.evidence import (
    CONTRACT,
    NOW,
    evidence,
    good_perp,
    good_spot,
    good_transfers,
    korean,
    network,
    two_sided,
    venue,
)
from tests.fakes.evidence import settings as radar

S = TypeVar("S")

QUALITY = {
    Outcome.NO_GO: 0,
    Outcome.GO: 1,
    Outcome.NOT_READY: 0,
    Outcome.UNKNOWN: 1,
    Outcome.READY: 2,
    Outcome.INFO: 0,
}
HOW = radar()
STATES = st.sampled_from([TransferState.OPEN] * 5 + list(TransferState))
RULES = st.sampled_from([TravelRule("yes", "upbit", NOW), TravelRule("no", "upbit", NOW)])
MIDS = st.sampled_from([0.93, 0.96, 0.98, 1.0, 1.0, 1.0, 1.01, 1.03])


@st.composite
def networks(draw: st.DrawFn, name: str) -> NetworkState:
    fee = draw(st.sampled_from([None, "0", "2", "2", "40", "400"]))
    return network(name, draw(STATES), draw(STATES), fee, draw(st.sampled_from(["", CONTRACT, CONTRACT])))


@st.composite
def spots(draw: st.DrawFn) -> Spot | NotListed | Silent:
    if draw(st.integers(0, 9)) == 9:
        return draw(st.just(NotListed()) | st.just(Silent("HTTP 500")))
    mid, half = draw(MIDS), draw(st.sampled_from([0.0005, 0.002, 0.01]))
    size = draw(st.sampled_from([1e6, 1e6, 1e6, 7_400.0, 50.0]))
    age_ms = draw(st.sampled_from([0, 0, 0, 0, 0, 9_000, 11_000]))
    volume = draw(st.sampled_from([5e6, 5e6, 50_000.0, None]))
    book = two_sided(mid - half, mid + half, size, NOW - age_ms)
    return good_spot(mid - half, mid + half, volume, book)


@st.composite
def perps(draw: st.DrawFn) -> Perp | NotListed | Silent:
    if draw(st.integers(0, 3)) == 3:
        return draw(st.just(NotListed()) | st.just(Silent("HTTP 451")))
    mid = draw(MIDS)
    return good_perp(mid - 0.0005, mid + 0.0005, draw(st.sampled_from([0.0001, 0.0001, -0.002, -0.02, None])))


@st.composite
def answers(draw: st.DrawFn, name: str) -> VenueAnswer:
    if draw(st.integers(0, 5)) == 5:
        return draw(st.just(NotListed()) | st.just(Silent("no answer within 0.8 s")))
    own = {"binance": "ETH", "okx": "ERC20", "bybit": "ETH"}[name]
    told = draw(st.integers(0, 4)) < 4
    states = good_transfers(draw(networks(own)), draw(networks("BSC"))) if told else Silent("no key")
    return venue(name, draw(spots()), draw(perps()), states)


@st.composite
def listings(draw: st.DrawFn) -> Evidence:
    bid = draw(st.sampled_from([1_469.0, 1_600.0, 1_440.0, 1_428.0, 1_420.0, 1_380.0]))
    size = draw(st.sampled_from([1e6, 1e6, 1e6, 7_400.0, 100.0]))
    ours = korean(
        book=two_sided(bid, bid + 2, size),
        transfers=good_transfers(draw(networks("ETH")), draw(networks("BSC"))),
        travel_rule=draw(st.dictionaries(st.sampled_from(["binance", "okx"]), RULES, max_size=2)),
    )
    told = {name: draw(answers(name)) for name in ("binance", "okx", "bybit")}
    spot_only = draw(st.sampled_from([(), (), ("bybit",)]))
    return evidence(
        {name: _without_perp(answer) if name in spot_only else answer for name, answer in told.items()},
        base=draw(st.sampled_from(["NOVA", "NOVA", "HYPE"])),  # HYPE has a perpetual on a decentralised exchange
        spot_only=frozenset(spot_only),
        korean=ours,
        opened=draw(st.booleans()),
        deposit_opens_ms=draw(st.sampled_from([None, NOW + 60_000])),
    )


def _without_perp(answer: VenueAnswer) -> VenueAnswer:
    return Listed(msgspec.structs.replace(answer.quote, perp=NotListed())) if isinstance(answer, Listed) else answer


def better_or_equal(before: Verdict, after: Verdict) -> bool:
    """Whether `after` promises more than `before`."""
    if before.outcome is not after.outcome:
        return QUALITY[after.outcome] > QUALITY[before.outcome]
    return after.level > before.level and after.outcome in (Outcome.GO, Outcome.READY)


@given(listings())
def test_the_sums_are_right_to_the_digit_and_a_go_is_whole(given_: Evidence) -> None:
    weighed = weigh(given_, HOW)
    for plan in weighed.plans:
        parts = [part.high_bps for part in plan.cost.parts]
        known = [bps for bps in parts if bps is not None]
        lows = [part.low_bps for part in plan.cost.parts if part.low_bps is not None]
        assert plan.cost.low_bps == sum(lows, Decimal(0)) <= sum(known, Decimal(0))
        assert (plan.cost.total_bps is None) is (len(known) < len(parts))
        if plan.net_bps is not None:
            assert plan.trade.mid_excess_bps is not None
            assert plan.net_bps == plan.trade.mid_excess_bps - sum(known, Decimal(0))
    verdict = judge(weighed)
    if verdict.outcome is Outcome.GO:
        best = verdict.routes[0]
        assert verdict.net_bps is not None and verdict.net_bps > HOW.radar.gate.margin_bps
        assert (best.withdrawal, best.deposit) == (TransferState.OPEN, TransferState.OPEN)
        assert best.reasons == () and verdict.blockers == ()
        assert best.p90_min is not None and best.p90_min <= 30
    if verdict.outcome in (Outcome.NO_GO, Outcome.NOT_READY):
        assert verdict.blockers and verdict.level is AlertLevel.MEDIUM
    if verdict.level is AlertLevel.CRITICAL:
        assert verdict.warnings == ()


@given(listings(), st.permutations(["binance", "okx", "bybit"]), st.booleans())
def test_order_of_arrival_does_not_matter(given_: Evidence, order: list[str], flip: bool) -> None:
    shuffled = {name: _flipped(given_.venues[name]) if flip else given_.venues[name] for name in order}
    other = msgspec.structs.replace(given_, venues=shuffled)
    one, two = decide(given_, HOW), decide(other, HOW)
    assert list(one.facts) == list(two.facts) or flip
    assert msgspec.structs.replace(one, facts={}) == msgspec.structs.replace(two, facts={})
    assert dict(one.facts) == dict(two.facts)


def _flipped(answer: VenueAnswer) -> VenueAnswer:
    """The same answer with its networks in the opposite order."""
    if not isinstance(answer, Listed) or not isinstance(answer.quote.transfers, Transfers):
        return answer
    transfers = answer.quote.transfers
    states = msgspec.structs.replace(transfers, networks=transfers.networks[::-1])
    return Listed(msgspec.structs.replace(answer.quote, transfers=states))


# --- silence --------------------------------------------------------------------------------------------------------

HUSH = Silent("hushed")


def hushes(given_: Evidence) -> list[Evidence]:
    """The same evidence with one thing less known, in every way but the legs of the exchange rate.

    (There the stated rule itself prefers one live rate to two that differ, so one less may well help.)
    """
    quieter: list[Evidence] = []
    for name, answer in given_.venues.items():
        quieter.append(_with(given_, name, HUSH))
        if isinstance(answer, Listed):
            quote = answer.quote
            for change in _hushed_parts(quote):
                quieter.append(_with(given_, name, Listed(change)))
    ours = given_.korean
    for facts in (
        msgspec.structs.replace(ours, book=None),
        msgspec.structs.replace(ours, transfers=HUSH),
        msgspec.structs.replace(ours, contracts={}),
        msgspec.structs.replace(ours, travel_rule={v: r for v, r in ours.travel_rule.items() if r.deposit == "no"}),
    ):
        quieter.append(msgspec.structs.replace(given_, korean=facts))
    return quieter


def _hushed_parts(quote: Quote) -> list[Quote]:
    parts = [msgspec.structs.replace(quote, **{name: HUSH}) for name in ("spot", "perp", "transfers")]
    if isinstance(quote.spot, Spot):
        parts.append(msgspec.structs.replace(quote, spot=msgspec.structs.replace(quote.spot, book=None)))
        parts.append(msgspec.structs.replace(quote, spot=msgspec.structs.replace(quote.spot, quote_volume_24h=None)))
    if isinstance(quote.perp, Perp):
        parts.append(msgspec.structs.replace(quote, perp=msgspec.structs.replace(quote.perp, funding_rate=None)))
    if isinstance(quote.transfers, Transfers):
        for index, state in enumerate(quote.transfers.networks):
            for name in ("withdrawal", "deposit"):
                unsure = msgspec.structs.replace(state, **{name: TransferState.UNKNOWN})
                states = (*quote.transfers.networks[:index], unsure, *quote.transfers.networks[index + 1 :])
                changed = msgspec.structs.replace(quote.transfers, networks=states)
                parts.append(msgspec.structs.replace(quote, transfers=changed))
    return parts


def _with(given_: Evidence, name: str, answer: VenueAnswer) -> Evidence:
    changed: Mapping[str, VenueAnswer] = {**given_.venues, name: answer}
    return msgspec.structs.replace(given_, venues=changed)


@given(listings())
def test_knowing_less_never_turns_no_into_yes(given_: Evidence) -> None:
    before = decide(given_, HOW)
    if before.outcome in (Outcome.GO, Outcome.READY):
        return
    for quieter in hushes(given_):
        after = decide(quieter, HOW)
        assert after.outcome not in (Outcome.GO, Outcome.READY), (before.blockers, after)


# --- worse facts ----------------------------------------------------------------------------------------------------


def worsened(given_: Evidence) -> list[Evidence]:
    """The same evidence with one thing worse: for every venue and the Korean side."""
    worse: list[Evidence] = []
    for name, answer in given_.venues.items():
        if not isinstance(answer, Listed):
            continue
        quote = answer.quote
        changes: list[Quote] = []
        if isinstance(quote.perp, Perp):
            perp = quote.perp
            if perp.funding_rate is not None:
                lower = msgspec.structs.replace(perp.funding_rate, value=perp.funding_rate.value - 0.01)
                changes.append(msgspec.structs.replace(quote, perp=msgspec.structs.replace(perp, funding_rate=lower)))
        if isinstance(quote.transfers, Transfers):
            for state in (TransferState.CLOSED, TransferState.UNKNOWN):
                rows = tuple(
                    row if row.withdrawal is TransferState.CLOSED else msgspec.structs.replace(row, withdrawal=state)
                    for row in quote.transfers.networks
                )
                shut = msgspec.structs.replace(quote.transfers, networks=rows)
                changes.append(msgspec.structs.replace(quote, transfers=shut))
            rows = tuple(
                msgspec.structs.replace(row, withdraw_fee=None if row.withdraw_fee is None else row.withdraw_fee + 100)
                for row in quote.transfers.networks
            )
            dearer = msgspec.structs.replace(quote.transfers, networks=rows)
            changes.append(msgspec.structs.replace(quote, transfers=dearer))
        worse += [_with(given_, name, Listed(change)) for change in changes]
    book = given_.korean.book
    if book is not None:
        for change in _worse_bids(book):
            worse.append(msgspec.structs.replace(given_, korean=msgspec.structs.replace(given_.korean, book=change)))
    deposits = given_.korean.transfers
    if isinstance(deposits, Transfers):
        rows = tuple(msgspec.structs.replace(row, deposit=TransferState.CLOSED) for row in deposits.networks)
        shut = msgspec.structs.replace(deposits, networks=rows)
        facts = msgspec.structs.replace(given_.korean, transfers=shut)
        worse.append(msgspec.structs.replace(given_, korean=facts, deposit_opens_ms=None))
    return worse


def _worse_bids(book: Book) -> list[Book]:
    lower = Levels((price * 0.97, size) for price, size in book.bids)
    thinner = Levels((price, size * 0.3) for price, size in book.bids)
    return [msgspec.structs.replace(book, bids=bids) for bids in (lower, thinner, Levels())]


@given(listings())
def test_a_worse_fact_never_improves_the_verdict(given_: Evidence) -> None:
    """Except a premium that was too good to be true (`premium_unproven`), which these prices never reach."""
    before = decide(given_, HOW)
    for worse in worsened(given_):
        after = decide(worse, HOW)
        assert not better_or_equal(before, after), (before.blockers, before.warnings, after)


@given(listings(), st.sampled_from(["yes", "unknown", "no"]))
def test_a_worse_travel_rule_never_improves_the_verdict(given_: Evidence, vasp: str) -> None:
    order = ["yes", "unknown", "no"]
    verdicts = [decide(given_, radar(vasp=word)) for word in order[order.index(vasp) :]]
    for before, after in pairwise(verdicts):
        assert not better_or_equal(before, after)


@given(listings(), st.sampled_from([0, 40, 400]), st.sampled_from([0, 100]))
def test_a_higher_margin_never_improves_the_verdict(given_: Evidence, margin: int, more: int) -> None:
    before = decide(given_, radar(margin_bps=Decimal(margin)))
    after = decide(given_, radar(margin_bps=Decimal(margin + more)))
    assert not better_or_equal(before, after)
    assert before.mode in (Mode.OPEN, Mode.PRE_OPEN)


# --- nonsense -------------------------------------------------------------------------------------------------------

ABSURD = (0.0, -1.0, 1e-320, 1e-12, 1e12, 1e308, float("inf"), float("-inf"), float("nan"))


def floats_in(value: object) -> int:
    if isinstance(value, float):
        return 1
    if isinstance(value, msgspec.Struct):
        return sum(floats_in(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, Mapping):
        return sum(map(floats_in, value.values()))
    return sum(map(floats_in, value)) if isinstance(value, tuple) else 0


def with_float(value: S, index: int, odd: float) -> S:
    """The same value with its `index`-th float replaced."""
    left = [index]

    def walk(inner: object) -> object:
        if isinstance(inner, float):
            left[0] -= 1
            return odd if left[0] == -1 else inner
        if isinstance(inner, msgspec.Struct):
            return msgspec.structs.replace(
                inner, **{name: walk(getattr(inner, name)) for name in inner.__struct_fields__}
            )
        if isinstance(inner, Mapping):
            return {name: walk(each) for name, each in inner.items()}
        return tuple(map(walk, inner)) if isinstance(inner, tuple) else inner

    return cast(S, walk(value))


def test_one_absurd_number_anywhere_never_makes_a_better_verdict_or_a_crash() -> None:
    """Every number of a case that just misses its margin, replaced by every absurd one.

    Bigger than life is let through where it only says "more of it is there" (sizes, volumes) or "later than thought".
    """
    dull = evidence({"binance": venue(), "okx": venue("okx", transfers=good_transfers(network("ERC20")))})
    dull = msgspec.structs.replace(dull, korean=korean(1_415.0, 1_417.0))
    assert decide(dull, HOW).outcome is Outcome.NO_GO
    for case in (dull, evidence(), msgspec.structs.replace(dull, opened=False)):
        before = decide(case, HOW)
        for index in range(floats_in(case)):
            for odd in ABSURD:
                after = decide(with_float(case, index, odd), HOW)
                assert not (before.outcome is Outcome.NO_GO and after.outcome is Outcome.GO), (index, odd)
