"""What a venue trades, as its list said, and for how long that is believed. Pure: the time is an argument.

A list may be older than a listing. So a coin that is not in it is asked for directly once all the same; after that a
fresh list is enough to leave the venue alone.
"""

from collections.abc import Iterable, Mapping

from analysis.quotes import Instrument, NotListed, Silent

FRESH_S = 180.0  # lists are renewed every minute; two may fail
ASK_AGAIN_S = 3_600.0


class Shelf:
    """One list of one venue: its spot markets, or its perpetuals. Times are monotonic seconds."""

    def __init__(self) -> None:
        self._listed: dict[str, Instrument] = {}
        self._taken_s: float | None = None
        self._denied: dict[str, float] = {}

    def take(self, found: Mapping[str, Instrument] | Silent, now_s: float) -> None:
        """Believe a new list; a silence leaves the old one in place, and growing old.

        What has not changed stays the object it was: whoever took its texts shares them, minute after minute.
        """
        if not isinstance(found, Silent):
            before = self._listed
            self._listed = {base: _kept(before.get(base), one) for base, one in found.items()}
            self._taken_s = now_s

    def known(self, base: str) -> Instrument | None:
        return self._listed.get(base)

    def candidates(self, base: str, spellings: Iterable[Instrument], now_s: float) -> tuple[Instrument, ...]:
        """Under which symbols to ask: the listed one, else each spelling; none where asking would be in vain."""
        listed = self._listed.get(base)
        if listed is not None:
            return (listed,)
        return () if self.rules_out(base, now_s) else tuple(spellings)

    def rules_out(self, base: str, now_s: float) -> bool:
        """Whether a fresh list and an earlier direct answer agree that the coin is not traded here."""
        fresh = self._taken_s is not None and now_s - self._taken_s <= FRESH_S
        denied_s = self._denied.get(base)
        asked = denied_s is not None and now_s - denied_s <= ASK_AGAIN_S
        return fresh and asked and base not in self._listed

    def heard(self, base: str, market: object, now_s: float) -> None:
        """Note what a direct question brought: `NotListed`, a market, or a silence (which says nothing)."""
        if isinstance(market, NotListed):
            if not self.rules_out(base, now_s):
                self._denied[base] = now_s
        elif not isinstance(market, Silent):
            self._denied.pop(base, None)
        if len(self._denied) > 1_000:
            self._denied = {coin: at for coin, at in self._denied.items() if now_s - at <= ASK_AGAIN_S}


def _kept(before: Instrument | None, now: Instrument) -> Instrument:
    return before if before is not None and before == now else now
