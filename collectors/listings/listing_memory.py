"""What is known of listings: where each stands, which notices and lists were read, who is to be renamed. Pure.

Taken up from what an earlier run stored, and kept by each look. It follows the commit, but for what a look learns
without a row of its own: that a list was whole, and that a notice named a coin's next name.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from collectors.events import EXCHANGES, Channel, Exchange, Listing, ListingState, Notice
from collectors.listings.listing_life import Change, tick
from collectors.listings.market_lists import Items, MarketLists
from collectors.listings.sightings import understand
from collectors.notices.notice_parser import NoticeKind, ParsedNotice
from collectors.notices.notice_reading import rename_in
from collectors.notices.notice_versions import NoticeVersions
from store.tables.notices import NoticeRow

SOON_MS = 600_000
RENAME_KEEPS_MS = 60 * 86_400_000  # from the notice of a rename or swap to the market under the new name
OVER = (ListingState.SETTLED, ListingState.CANCELLED)


class ListingMemory:
    """The newest row of each coin; `versions` are those of notices, `lists` the baselines of list channels.

    `sighted`: listings on their way, by key, and the channels that have shown them in this run.
    """

    def __init__(self) -> None:
        self.versions = NoticeVersions()
        self.lists = MarketLists({})
        self.sighted: set[tuple[str, Channel]] = set()
        self._listings: dict[tuple[Exchange, str], Listing] = {}
        self._active: list[Listing] = []  # of `_listings`, and the openings to come: asked for at every look
        self._openings: dict[Exchange, list[int]] = {exchange: [] for exchange in EXCHANGES}
        self._renames: dict[tuple[Exchange, str], tuple[str, int]] = {}  # new name -> old, and when that was told

    def take_up(
        self, known: Iterable[Listing], newest: Sequence[NoticeRow], baselines: Mapping[Channel, Items]
    ) -> None:
        """Go on from where an earlier run stopped."""
        self.remember(known)
        self.versions = NoticeVersions(newest)
        self.lists = MarketLists(baselines)
        for row in newest:
            if row.kind == NoticeKind.RENAME.value and row.published_ms is not None:
                notice = Notice(row.exchange, row.notice_id, row.title, (), row.published_ms, None)
                self.note_rename(notice, understand(notice))

    # --- listings ----------------------------------------------------------------------------------------------------

    def listing(self, exchange: Exchange, base: str) -> Listing | None:
        """The coin's newest row, over or not."""
        return self._listings.get((exchange, base))

    def bases(self, exchange: Exchange) -> list[str]:
        """The coins of an exchange that have a row."""
        return [base for at, base in self._listings if at == exchange]

    def active(self) -> list[Listing]:
        """Listings that are still news: neither settled nor cancelled."""
        return list(self._active)

    def opens_soon(self, exchange: Exchange, now_ms: int) -> bool:
        """Whether a coin of the exchange is to open within ten minutes, or should have and has not traded yet."""
        return any(abs(opens_ms - now_ms) <= SOON_MS for opens_ms in self._openings[exchange])

    def moved_by(self, now_ms: int) -> list[Listing]:
        """Those that time alone changes, as they are after it."""
        steps = (tick(known, now_ms) for known in self._listings.values())
        return [step.listing for step in steps if step.change is not Change.NONE]

    def remember(self, saved: Iterable[Listing]) -> None:
        self._listings |= {(each.exchange, each.base): each for each in saved}
        self._active = [each for each in self._listings.values() if each.state not in OVER]
        self._openings = {exchange: [] for exchange in EXCHANGES}
        for each in self._active:
            if each.trading_starts_ms is not None and each.first_trade_ms is None:
                self._openings[each.exchange].append(each.trading_starts_ms)

    def number(self, saved: Iterable[Listing]) -> None:
        """What went on here while the disk took no writes gets the ids that it has there."""
        for each in saved:
            known = self.listing(each.exchange, each.base)
            if known is not None and known.key == each.key:
                self.remember([replace(known, listing_id=each.listing_id)])

    def forget_sights(self) -> None:
        """Who has shown a listing that is over is no longer asked."""
        on_their_way = {each.key for each in self._active}
        self.sighted = {sight for sight in self.sighted if sight[0] in on_their_way}

    # --- renames -----------------------------------------------------------------------------------------------------

    def note_rename(self, notice: Notice, meaning: ParsedNotice) -> None:
        """What a notice says of a coin's next name, if anything."""
        if (names := rename_in(notice, meaning, self.lists)) and notice.published_ms is not None:
            old, new = names
            self.renamed(notice.exchange, old, new, notice.published_ms)

    def renamed(self, exchange: Exchange, old: str, new: str, told_ms: int) -> None:
        self._renames[exchange, new] = old, told_ms

    def old_name(self, exchange: Exchange, new: str, now_ms: int) -> str | None:
        """What the coin was called, if that was told lately."""
        old, told_ms = self._renames.get((exchange, new), ("", 0))
        return old if old and now_ms - told_ms < RENAME_KEEPS_MS else None
