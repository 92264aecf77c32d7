"""Starts of coverage that may still move, as the clock of an exchange becomes known. Pure.

A market counts from the first whole second after its subscription was proven; which second that is depends on how far
the exchange's stamps run ahead of our clock, and that shows only with the first trades.
"""

from collections.abc import Container, Sequence

from msgspec import Struct
from msgspec.structs import replace

from collectors.events import Market, Trade
from collectors.recording.second_bucket import SecondBucket
from collectors.recording.second_part import whole_second
from collectors.repair.gaps import SECOND_MS

PROOF_MS = 10_000  # how long a start of coverage may still move
AHEAD_MOST_MS = 60_000  # stamps further ahead tell of a misprint, not of the exchange's clock

Span = tuple[Market, int, int]  # a market, and [from_ms, to_ms) of the exchange's time


class _Proof(Struct, frozen=True):
    """Markets that went live together at `at_ms` of our clock, were missed from `from_ms` of the exchange's, and count
    from `covered_ms`. `ahead_ms`: what was stamped so far ahead of its time meanwhile is marked, too.
    """

    markets: tuple[Market, ...]
    at_ms: int
    from_ms: int
    covered_ms: int
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

    def add(self, markets: Sequence[Market], at_ms: int, from_ms: int) -> int:
        """These went live at `at_ms` of our clock, and were missed from `from_ms` on; from when on they count."""
        covered_ms = self._bucket.clock.covered_after(at_ms)
        for market in markets:
            self._bucket.cover(market, covered_ms)
        self._proofs.append(_Proof(tuple(markets), at_ms, from_ms, covered_ms))
        return covered_ms

    def host_stepped(self, by_ms: int) -> None:
        """Our wall clock jumped."""
        self._ahead = None
        self._proofs = [replace(proof, at_ms=proof.at_ms + by_ms) for proof in self._proofs]

    def note_ahead(self, trade: Trade) -> None:
        """This one was stamped in the future."""
        at_ms = trade.received_ms + self._bucket.clock.offset_ms
        by_ms = whole_second(trade.traded_ms - at_ms + SECOND_MS - 1)
        if by_ms <= AHEAD_MOST_MS:
            before = self._ahead
            recent = before is not None and at_ms - before.at_ms < PROOF_MS
            self._ahead = _Ahead(at_ms, max(by_ms, before.by_ms) if before and recent else by_ms)

    def reconsider(self, missing: Container[Market], now_ms: int) -> list[Span]:
        """Move starts on, where the first trades show that their clock runs further ahead than we knew.

        What counted and does so no longer is told, but for markets that are `missing` again.
        """
        kept, spans = [], list[Span]()
        for proof in self._proofs:
            covered_ms = self._bucket.clock.covered_after(proof.at_ms)
            live = tuple(market for market in proof.markets if market not in missing)
            if covered_ms > proof.covered_ms and live:
                for market in live:
                    self._bucket.cover(market, covered_ms)
                    spans.append((market, proof.covered_ms, covered_ms))
                proof = replace(proof, markets=live, covered_ms=covered_ms)
            proof = self._missed_ahead(proof, spans)
            if abs(now_ms - proof.at_ms) < PROOF_MS:
                kept.append(proof)
        self._proofs = kept
        return spans

    def _missed_ahead(self, proof: _Proof, spans: list[Span]) -> _Proof:
        """Mark what was published in a gap with stamps after it, where others show that their clock was ahead then."""
        ahead = self._ahead
        if ahead is None or ahead.by_ms <= proof.ahead_ms:
            return proof
        if not proof.from_ms - PROOF_MS <= ahead.at_ms <= proof.covered_ms + PROOF_MS:
            return proof
        from_ms = max(proof.covered_ms, proof.from_ms + ahead.by_ms - SECOND_MS)
        to_ms = proof.covered_ms + ahead.by_ms
        spans += ((market, from_ms, to_ms) for market in proof.markets)
        return replace(proof, ahead_ms=ahead.by_ms)
