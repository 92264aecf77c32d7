"""What each list channel of an exchange shows, since when, and what a change in one of them means. Pure.

Several channels show the same markets, each late or broken in its own way; a change counts for what all of them say:

* a market that one list lost while another still shows it has not left the exchange;
* a coin has left with its KRW market or with the last one: losing BTC or USDT while another is shown is not leaving;
* a market new to one list that another has shown all along is not new: a row was missing here;
* a coin that joins under the name of one that leaves in the same look is that coin renamed, not a listing. Only the
  market list tells names: a ticker page that shows a coin leaving and another joining waits for it, for half a minute.
"""

from collections.abc import Collection, Iterator, Mapping, Set

from msgspec import Struct

from collectors.events import Channel, Market, exchange_of, market_of
from collectors.listings.listing_diff import diff

RECENT_MS = 40_000  # a list read within this time shows what the exchange shows; an unchanged page is whole every 30 s
ALL_ALONG_MS = 60_000
WAIT_FOR_NAMES_MS = 30_000

Items = Mapping[str, int]  # code (or coin) -> since when (ours)


class Renamed(Struct, frozen=True):
    """`old` is `new` from now on, as far as a list shows it."""

    old: str
    new: str
    quotes: tuple[str, ...]


class ListChange(Struct, frozen=True):
    """What a look changes: markets that joined (renamed ones too) and left, those that were only missing here, renames.

    `remaining` are the coins that lost a market but not KRW, and have another: they have not left the exchange.
    `lacking` are codes that this list has lost and another one still shows.
    `doubtful` asks for a second page first, `undecided` for the names that another list will tell in a moment.
    """

    joined: frozenset[Market]
    left: frozenset[Market]
    known_elsewhere: frozenset[Market]
    renamed: tuple[Renamed, ...]
    doubtful: frozenset[Market] = frozenset()
    undecided: bool = False
    remaining: frozenset[str] = frozenset()
    lacking: frozenset[str] = frozenset()


class MarketLists:
    """The baselines of all list channels in memory. Look with `change`, and `keep` what was committed."""

    def __init__(self, baselines: Mapping[Channel, Items]) -> None:
        self._items: dict[Channel, dict[str, int]] = {channel: dict(items) for channel, items in baselines.items()}
        self._read_ms: dict[Channel, int] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._undecided_since_ms: dict[Channel, int] = {}
        self._lacking: dict[Channel, frozenset[str]] = {}

    def begun(self, channel: Channel) -> bool:
        return channel in self._items

    def items(self, channel: Channel) -> Items:
        return self._items.get(channel, {})

    def shows(self, exchange: str, code: str) -> bool:
        """Whether any list of the exchange shows this market."""
        return any(code in items for channel, items in self._items.items() if exchange_of(channel) == exchange)

    def showed(self, exchange: str, code: str, before_ms: int) -> bool:
        """Whether a list shows this market since before that time."""
        lists = (items for channel, items in self._items.items() if exchange_of(channel) == exchange)
        return any(items.get(code, before_ms) < before_ms for items in lists)

    def shows_coin(self, exchange: str, base: str) -> bool:
        """The same for a coin in any market."""
        ending = f"-{base}"
        lists = (items for channel, items in self._items.items() if exchange_of(channel) == exchange)
        return any(code.endswith(ending) for items in lists for code in items)

    def read(self, channel: Channel, at_ms: int, names: Mapping[Market, str]) -> None:
        """The list was whole at this moment, changed or not; what it calls its coins is remembered."""
        self._read_ms[channel] = at_ms
        self._undecided_since_ms.pop(channel, None)
        self._names |= {(market.exchange, market.base): name for market, name in names.items() if name}

    def keep(self, channel: Channel, shown: Collection[str], at_ms: int) -> None:
        """These are the baseline from now on."""
        before = self.items(channel)
        self._items[channel] = {code: before.get(code, at_ms) for code in shown}

    def lacks(self, channel: Channel, codes: frozenset[str]) -> None:
        """It has lost these while another list shows them: they have left once nobody reads that list any more."""
        self._lacking[channel] = codes

    def change(
        self,
        channel: Channel,
        markets: Set[Market],
        mass: int,
        known: Collection[str],
        confirmed: Set[Market] | None,
        names: Mapping[Market, str],
        at_ms: int,
    ) -> ListChange:
        """What `markets` changes against the baseline of `channel`; `known` are coins that have a listing of their own.

        A change too large to believe is `doubtful`, and nothing else, until `confirmed` (those of the doubtful that a
        second page shows) bears it out: what left must not be there, most of what joined must. A few may be missing
        there, no more than are believed without it: a market has no ticker before its first trade. Nothing bears out
        an empty list.
        """
        exchange = exchange_of(channel)
        codes = {market.code: market for market in markets}
        found = diff(self.items(channel).keys(), codes.keys(), mass)
        joined = frozenset(codes[code] for code in found.added)
        left = frozenset(market_of(exchange, code) for code in found.removed)
        borne_out = confirmed is not None and _agrees(joined, left, confirmed, mass) and bool(markets)
        if found.suspicious and not borne_out:
            return ListChange(frozenset(), frozenset(), frozenset(), (), doubtful=joined | left)
        unknown = frozenset(market for market in joined if market.base not in known)
        if self._waits_for_names(channel, unknown, left, names, at_ms):
            return ListChange(frozenset(), frozenset(), frozenset(), (), undecided=True)
        read_ms = self._read_ms.get(channel)
        lacking = {code for code in self._lacking.get(channel, ()) if self._held(channel, code)}
        elsewhere = frozenset(
            market
            for market in joined
            if market.code in lacking or self._known_elsewhere(channel, market, read_ms, unknown)
        )
        gone = left | {market_of(exchange, code) for code in lacking - codes.keys()}
        remains = frozenset(market for market in gone if read_ms is not None and self._recently(channel, market.code))
        gone -= remains
        renamed = tuple(self._renames(unknown - elsewhere, left, names))
        shown = set(codes)
        if read_ms is not None:
            shown.update(*(self._items[other] for other in self._others(channel) if self._is_recent(channel, other)))
        bases = {market_of(exchange, code).base for code in shown}
        bases -= {market.base for market in gone if market.quote == "KRW"}
        remaining = frozenset(market.base for market in gone if market.base in bases)
        still = frozenset(market.code for market in remains)
        return ListChange(joined - elsewhere, gone, elsewhere, renamed, remaining=remaining, lacking=still)

    def _waits_for_names(
        self, channel: Channel, unknown: Set[Market], left: Set[Market], names: Mapping[Market, str], at_ms: int
    ) -> bool:
        """Whether this may be a rename that a page without names cannot tell from a listing."""
        exchange = exchange_of(channel)
        if not (unknown and left) or names or all(named != exchange for named, _ in self._names):
            return False
        return at_ms - self._undecided_since_ms.setdefault(channel, at_ms) < WAIT_FOR_NAMES_MS

    def _renames(self, unknown: Set[Market], left: Set[Market], names: Mapping[Market, str]) -> Iterator[Renamed]:
        """Coins that join under the name of exactly one that leaves."""
        for base in sorted({market.base for market in unknown}):
            joining = sorted(market for market in unknown if market.base == base)
            name = names.get(joining[0])
            old = {market.base for market in left if name and self._names.get((market.exchange, market.base)) == name}
            if len(old) == 1:
                yield Renamed(old.pop(), base, tuple(market.quote for market in joining))

    def _known_elsewhere(self, channel: Channel, market: Market, read_ms: int | None, unknown: Set[Market]) -> bool:
        """Whether it was only missing here. At the first look of a run this takes the word of the run before.

        That one saw no coin leave that has no listing of its own.
        """
        if read_ms is None:
            shown = [other for other in self._others(channel) if market.code in self._items[other]]
            return market in unknown and any(not self._began_with(channel, other, market.code) for other in shown)
        return self._all_along(channel, market.code, read_ms)

    def _all_along(self, channel: Channel, code: str, read_ms: int) -> bool:
        """Whether another list has shown it for a minute and more before this one's last look, which did not.

        A list that nobody could read when this one lacked the market bears nothing out: the coin may have left, and
        come back.
        """
        for other in self._others(channel):
            is_old = self._items[other].get(code, read_ms) < read_ms - ALL_ALONG_MS
            if is_old and not self._began_with(channel, other, code) and self._is_recent(channel, other):
                return True
        return False

    def _began_with(self, channel: Channel, other: Channel, code: str) -> bool:
        """Whether another list showed it at its own first look, and that came later than this one's.

        Such a market may have joined while nobody read that list, so it bears nothing out against a baseline that is
        older (by more than a minute: at a first start all begin together).
        """
        began_ms = min(self.items(channel).values(), default=None)
        since_ms = self._items[other][code]
        is_later = began_ms is not None and since_ms > began_ms + ALL_ALONG_MS
        return is_later and since_ms == min(self._items[other].values())

    def _held(self, channel: Channel, code: str) -> bool:
        """Whether another list shows it, however long ago that was read."""
        return any(code in self._items[other] for other in self._others(channel))

    def _recently(self, channel: Channel, code: str) -> bool:
        """Whether another list, read no later than a moment before this one's last look, still shows it."""
        return any(code in self._items[other] and self._is_recent(channel, other) for other in self._others(channel))

    def _is_recent(self, channel: Channel, other: Channel) -> bool:
        return self._read_ms.get(other, 0) >= self._read_ms[channel] - RECENT_MS

    def _others(self, channel: Channel) -> Iterator[Channel]:
        exchange = exchange_of(channel)
        return (other for other in self._items if other is not channel and exchange_of(other) == exchange)


def _agrees(joined: Set[Market], left: Set[Market], confirmed: Set[Market], mass: int) -> bool:
    missing = len(joined - confirmed)
    return not left & confirmed and missing <= mass and 2 * missing <= len(joined)
