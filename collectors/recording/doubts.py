"""What was received and not believed: how often, samples for the quarantine, and the seconds that lack it. Pure."""

from collections.abc import Iterable, Sequence

from collectors.events import Exchange, Market
from store.tables.quarantine import Refused

SAMPLES_A_FLUSH = 20  # rows of quarantine kept from one second; more of the same teach nothing

Span = tuple[Exchange, Market | None, int, int]  # of one market or (None) of all; [from_ms, to_ms) of exchange time


class Doubts:
    """Collected between two flushes; `take` empties it. `counts` goes on."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self.counts: dict[Exchange, int] = dict.fromkeys(exchanges, 0)
        self._samples: list[Refused] = []
        self._spans: set[Span] = set()

    def refuse(self, refused: Refused) -> None:
        """A trade or frame was not taken."""
        self.counts[refused.exchange] += 1
        if len(self._samples) < SAMPLES_A_FLUSH:
            self._samples.append(refused)

    def spoil(self, exchange: Exchange, market: Market | None, from_ms: int, to_ms: int) -> None:
        """Something is missing between these, or may be wrong."""
        self._spans.add((exchange, market, from_ms, to_ms))

    def take(self) -> tuple[Sequence[Refused], Sequence[Span]]:
        """The samples, and what is spoiled in order of time."""
        samples, self._samples = self._samples, []
        spans, self._spans = self._spans, set()
        return samples, sorted(spans, key=lambda span: span[2])
