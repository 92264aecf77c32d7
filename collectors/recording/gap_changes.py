"""Gaps that opened and closed and are not stored yet, joined to fewer where too many wait. Pure.

Joining only ever makes a gap wider: what was missed stays marked, and what was heard between two gaps is marked too.
"""

from collections.abc import Iterable

from msgspec import Struct

from collectors.events import Exchange, GapCause

Key = tuple[Exchange, int | None]  # a market's id, or None for every market of the exchange
Opened = tuple[Exchange, int, int, GapCause]  # from_ms
Closed = tuple[Exchange, int, int]  # to_ms
Added = tuple[Exchange, int | None, int, int, GapCause]  # from_ms, to_ms


class GapChanges(Struct, frozen=True):
    """What happened, in this order: gaps opened, gaps without an end got one, and gaps that were over when found."""

    opened: tuple[Opened, ...] = ()
    closed: tuple[Closed, ...] = ()
    added: tuple[Added, ...] = ()

    @property
    def rows(self) -> int:
        return len(self.opened) + len(self.closed) + len(self.added)


class _Market:
    """One market's gaps: when the stored one ended, those since then joined to one, and the one that stands."""

    def __init__(self) -> None:
        self.stored_to_ms: int | None = None
        self.first: Opened | None = None
        self.first_to_ms: int | None = None
        self.standing: Opened | None = None
        self.from_ms = 0  # the earliest start of them

    def open(self, opened: Opened) -> None:
        if self.first is None:
            self.first = opened
            self.from_ms = opened[2]
        elif self.first_to_ms is not None and self.standing is None:
            self.standing = opened

    def close(self, to_ms: int) -> None:
        if self.first is None:
            self.stored_to_ms = max(to_ms, self.stored_to_ms or to_ms)
            return
        if self.standing is not None:
            self.from_ms = min(self.from_ms, self.standing[2])
        self.first_to_ms, self.standing = max(to_ms, self.first_to_ms or to_ms), None

    def before_first(self) -> Added | None:
        """What a later gap marks before the first begins: silence is found late."""
        if self.first is None or self.first_to_ms is None or self.from_ms >= self.first[2]:
            return None
        exchange, market_id, to_ms, cause = self.first
        return exchange, market_id, self.from_ms, to_ms, cause


def joined(changes: Iterable[GapChanges]) -> tuple[GapChanges, ...]:
    """The same in at most four rows a market, and one for each cause of those that were over.

    A market's gaps become one, from the first start to the last end, with the first cause; the one that stands stays.
    """
    markets: dict[tuple[Exchange, int], _Market] = {}
    over: dict[tuple[Key, GapCause], tuple[int, int]] = {}
    for change in changes:
        for opened in change.opened:
            markets.setdefault(opened[:2], _Market()).open(opened)
        for exchange, market_id, to_ms in change.closed:
            markets.setdefault((exchange, market_id), _Market()).close(to_ms)
        for gap in change.added:
            _widen(over, gap)
    for each in markets.values():
        if (early := each.before_first()) is not None:
            _widen(over, early)
    ends = tuple((*key, each.stored_to_ms) for key, each in markets.items() if each.stored_to_ms is not None)
    begun = tuple(each.first for each in markets.values() if each.first is not None)
    closed = tuple((*key, each.first_to_ms) for key, each in markets.items() if each.first_to_ms is not None)
    standing = tuple(each.standing for each in markets.values() if each.standing is not None)
    added = tuple((*key, *span, cause) for (key, cause), span in over.items())
    return (GapChanges(closed=ends), GapChanges(begun, closed), GapChanges(standing, added=added))


def _widen(over: dict[tuple[Key, GapCause], tuple[int, int]], gap: Added) -> None:
    exchange, market, from_ms, to_ms, cause = gap
    what = (exchange, market), cause
    known = over.get(what, (from_ms, to_ms))
    over[what] = min(known[0], from_ms), max(known[1], to_ms)
