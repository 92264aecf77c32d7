"""Starts of coverage that may still move, as the clock of an exchange becomes known. Pure.

A market counts from the first whole second after its subscription was proven; which second that is depends on how far
the exchange's stamps run ahead of our clock, and that shows only with the first trades. So does how far before the gap
or after it what was published in it may be stamped, where their clock was set meanwhile.
"""

from collections.abc import Container, Sequence

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Market, Trade
from collectors.recording.exchange_clock import DISORDER_MS, SKEW_MOST_MS
from collectors.recording.second_bucket import SecondBucket
from config.units import SECOND_MS, whole_second

PROOF_MS = 10_000  # how long a start of coverage may still move
STEP_MS = 500  # a skew is stored in steps of this

Span = tuple[Market, int, int]  # a market, and [from_ms, to_ms) of the exchange's time


class _Proof(Struct, frozen=True):
    """Markets that went live together at `at_ms` of our clock, were missed from `from_ms` of the exchange's, and count
    from `covered_ms`. `ahead_ms`: what was stamped so far ahead of its time meanwhile is marked, too. Of `earlier`,
    which counted before, what was stamped up to `away.slack_ms` behind its time lies in the gap; what was further
    behind, as others show, is marked from `marked_ms` on.
    """

    markets: tuple[Market, ...]
    at_ms: int
    from_ms: int
    covered_ms: int
    earlier: frozenset[Market]
    marked_ms: int
    away: "_Away"
    ahead_ms: int = 0


class _Away(Struct):
    """What others have told since some markets were lost: how far behind and ahead of their time stamps lay at most."""

    slack_ms: int
    low_ms: int = 0
    ahead_ms: int = 0


class _Ahead(Struct, frozen=True):
    """At `at_ms` of an exchange's time its stamps were ahead by up to `by_ms`, in whole seconds."""

    at_ms: int
    by_ms: int


class Proofs:
    """Those of one exchange, whose trades are in `bucket`."""

    def __init__(self, bucket: SecondBucket) -> None:
        self._bucket = bucket
        self._proofs: list[_Proof] = []
        self._ahead: _Ahead | None = None
        self._ahead_before: _Ahead | None = None  # as an earlier run left it
        self._fresh_ahead: _Ahead | None = None  # not told yet to those that are away
        self._away: dict[Market, _Away] = {}  # that counted before

    def take_up(self, at_ms: int, ahead_ms: int) -> None:
        """An earlier run ended about `at_ms` of the exchange's time; stamps ran so far ahead of our clock then."""
        if ahead_ms:
            self._ahead_before = _Ahead(at_ms, min(ahead_ms, SKEW_MOST_MS))

    def skew_ms(self, now_ms: int) -> tuple[int, int]:
        """How far behind the exchange's time and ahead of it stamps lay of late; not above and not below 0.

        In steps, so that it seldom changes; ahead by no more than usual counts as 0.
        """
        clock, ahead = self._bucket.clock, self._ahead
        if ahead is not None and abs(now_ms + clock.offset_ms - ahead.at_ms) > 2 * PROOF_MS:
            ahead = None
        lag_ms = 0 if clock.lag_ms is None else clock.lag_ms - clock.offset_ms
        most_ms = max(lag_ms, 0 if ahead is None else ahead.by_ms)
        ahead_ms = whole_second(most_ms + SECOND_MS - 1) if most_ms > DISORDER_MS else 0
        return min(0, clock.low_ms // STEP_MS * STEP_MS), ahead_ms

    def lose(self, markets: Sequence[Market], slack_ms: int) -> None:
        """These counted until now; their gap begins `slack_ms` before their last message."""
        self._away |= dict.fromkeys(markets, _Away(slack_ms))

    def add(self, markets: Sequence[Market], at_ms: int, from_ms: int) -> int:
        """These went live at `at_ms` of our clock, and were missed from `from_ms` on; from when on they count."""
        covered_ms = self._bucket.clock.covered_after(at_ms)
        earlier = frozenset(market for market in markets if market in self._away)
        away = [self._away.pop(market) for market in earlier] or [_Away(0)]
        told = _Away(
            min(each.slack_ms for each in away), min(each.low_ms for each in away), max(each.ahead_ms for each in away)
        )
        proof = _Proof(tuple(markets), at_ms, from_ms, covered_ms, earlier, from_ms, told)
        self._cover(proof, markets)
        self._proofs.append(proof)
        return covered_ms

    def _cover(self, proof: _Proof, markets: Sequence[Market]) -> None:
        for market in markets:
            self._bucket.cover(market, proof.covered_ms, proof.from_ms if market in proof.earlier else 0)

    def host_stepped(self, by_ms: int) -> None:
        """Our wall clock jumped."""
        self._ahead = self._ahead_before = None
        self._proofs = [replace(proof, at_ms=proof.at_ms + by_ms) for proof in self._proofs]

    def note_ahead(self, trade: Trade) -> None:
        """This one was stamped in the future."""
        at_ms = trade.received_ms + self._bucket.clock.offset_ms
        by_ms = whole_second(trade.traded_ms - at_ms + SECOND_MS - 1)
        if by_ms <= SKEW_MOST_MS:
            before = self._ahead
            recent = before is not None and at_ms - before.at_ms < PROOF_MS
            self._ahead = self._fresh_ahead = _Ahead(at_ms, max(by_ms, before.by_ms) if before and recent else by_ms)

    def reconsider(self, missing: Container[Market], now_ms: int) -> list[Span]:
        """Move starts on, where the first trades show that their clock runs further ahead than we knew.

        What counted and does so no longer is told, but for markets that are `missing` again.
        """
        kept, spans = [], list[Span]()
        self._note_away()
        for proof in self._proofs:
            covered_ms = self._bucket.clock.covered_after(proof.at_ms)
            live = tuple(market for market in proof.markets if market not in missing)
            if covered_ms > proof.covered_ms and live:
                spans += ((market, proof.covered_ms, covered_ms) for market in live)
                proof = replace(proof, markets=live, covered_ms=covered_ms)
                self._cover(proof, live)
            meanwhile = _Ahead(proof.from_ms, proof.away.ahead_ms)
            for ahead in (self._ahead_before, meanwhile, self._ahead):
                proof = self._missed_ahead(proof, ahead, spans)
            proof = self._missed_behind(proof, spans)
            if abs(now_ms - proof.at_ms) < PROOF_MS:
                kept.append(proof)
        self._proofs = kept
        return spans

    def _note_away(self) -> None:
        """What is heard now tells of those, too, that are not."""
        if self._away:
            low_ms, ahead = self._bucket.clock.low_ms, self._fresh_ahead
            self._fresh_ahead = None
            for each in self._away.values():
                each.low_ms = min(each.low_ms, low_ms)
                each.ahead_ms = max(each.ahead_ms, 0 if ahead is None else ahead.by_ms)

    def _missed_ahead(self, proof: _Proof, ahead: _Ahead | None, spans: list[Span]) -> _Proof:
        """Mark what was published in a gap with stamps after it, where others show that their clock was ahead then."""
        if ahead is None or ahead.by_ms <= proof.ahead_ms:
            return proof
        if not proof.from_ms - PROOF_MS <= ahead.at_ms <= proof.covered_ms + PROOF_MS:
            return proof
        from_ms = max(proof.covered_ms, proof.from_ms + ahead.by_ms - SECOND_MS)
        to_ms = proof.covered_ms + ahead.by_ms
        spans += ((market, from_ms, to_ms) for market in proof.markets)
        return replace(proof, ahead_ms=ahead.by_ms)

    def _missed_behind(self, proof: _Proof, spans: list[Span]) -> _Proof:
        """Mark what was published in a gap with stamps before it, where others show that their clock was set back."""
        low_ms = min(proof.away.low_ms, self._bucket.clock.low_ms)
        from_ms = whole_second(proof.from_ms + proof.away.slack_ms + low_ms)
        if from_ms >= proof.marked_ms:
            return proof
        spans += ((market, from_ms, proof.marked_ms) for market in proof.earlier)
        return replace(proof, marked_ms=from_ms)
